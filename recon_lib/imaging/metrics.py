r"""How near a reconstruction is to its reference: PSNR, SSIM and NMSE of a slice.

The reference comes first and the data range is stated, as in scikit-image. The book has one rule of scale: the data
range is the reference's maximum, and both images are divided by it, so a wrong overall intensity counts as an error.
The whole frame counts. Sums are in float64 whatever the input's precision.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.ssim import DEFAULT_WINDOW, Similarity

BRAIN_THRESHOLD = 0.05  # of the reference's maximum


def psnr(reference: np.ndarray, image: np.ndarray, *, data_range: float) -> float:
    r"""Return the peak signal-to-noise ratio, as :func:`skimage.metrics.peak_signal_noise_ratio` does.

    .. math:: \mathrm{PSNR} = -10 \log_{10} \frac{1}{N} \sum_i \left(\frac{x_i - r_i}{L}\right)^2

    Args:
        reference: Reference ``r``, real, ``(height, width)``.
        image: Reconstruction ``x`` of the same shape.
        data_range: The peak ``L``, in the units of both; the book's is the reference's maximum.

    Returns:
        dB; infinite when both are equal.

    Raises:
        ReconError: Shapes differ, not 2-D, not real, NaN or infinite pixels, an all-zero reference, or a data range
            that is not positive and finite.
    """
    return _psnr(*_scaled(reference, image, data_range))


def ssim(reference: np.ndarray, image: np.ndarray, *, data_range: float) -> float:
    """Return the structural similarity index (Wang et al., IEEE Trans. Image Process. 13:600, 2004).

    Gaussian weights of sigma 1.5 pixels, covariances without the sample correction, the paper's constants 0.01 and
    0.03; the mean leaves out the outer 5 pixels, where the window does not fit, as
    :func:`skimage.metrics.structural_similarity` does.

    Args:
        reference: Reference, real, ``(height, width)``, at least 11 pixels a side.
        image: Reconstruction of the same shape.
        data_range: As for :func:`psnr`.

    Returns:
        At most 1, which is reached when both are equal.

    Raises:
        ReconError: As :func:`psnr`, or a side shorter than 11 pixels.
    """
    similarity = Similarity(*_scaled(reference, image, data_range), data_range=1.0)
    return similarity.mean(similarity.map())


def ssim_stack(references: np.ndarray, images: np.ndarray, *, data_range: np.ndarray | float) -> np.ndarray:
    """Return the structural similarity of many slices in one pass (Wang et al., as :func:`ssim`).

    Args:
        references: References, real, ``(n, height, width)``, at least 11 pixels a side.
        images: Reconstructions of the same shape.
        data_range: That of each slice, ``(n,)``, or one number for all of them.

    Returns:
        What :func:`ssim` gives slice by slice, float64 ``(n,)``.

    Raises:
        ReconError: The stacks differ in shape or are none, there is another number of data ranges, or as :func:`ssim`
            for one of the slices.
    """
    references, images = np.asarray(references), np.asarray(images)
    if references.ndim != 3 or references.shape != images.shape:
        raise ReconError(
            f"Slices are stacked along a first axis, (n, height, width), references likewise: not of shapes "
            f"{references.shape} and {images.shape}."
        )
    if np.shape(data_range) not in ((), (len(references),)):
        raise ReconError(
            f"Data ranges of shape {np.shape(data_range)} do not fit {len(references)} slices: give one for each, or "
            "one number."
        )
    ranges = np.broadcast_to(data_range, len(references))
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # The work is numpy's, which lets other threads run.
        values = pool.map(lambda *slice_: ssim(*slice_[:2], data_range=slice_[2]), references, images, ranges)
        return np.fromiter(values, np.float64, len(references))


def nmse(reference: np.ndarray, image: np.ndarray) -> float:
    r"""Return the normalised mean-squared error; no data range, because a common factor changes nothing.

    .. math:: \mathrm{NMSE} = \frac{\sum_i (x_i - r_i)^2}{\sum_i r_i^2}

    Args:
        reference: Reference ``r``, real, ``(height, width)``.
        image: Reconstruction ``x`` of the same shape.

    Returns:
        0 when both are equal, 1 for an image of zeros.

    Raises:
        ReconError: As :func:`psnr`.
    """
    return _nmse(*_checked(reference, image))


def brain_region(reference: np.ndarray) -> np.ndarray:
    """Return the pixels that show the head: a simple rule, not a segmentation.

    Above 5 % of the reference's maximum, then closed with a 3x3 square twice, then holes are filled.
    Where the skull is in the image it belongs to the region.

    Args:
        reference: Reference, real, ``(height, width)``.

    Returns:
        Boolean array of the same shape with at least one true pixel.

    Raises:
        ReconError: As :func:`psnr`.
    """
    return _brain_region(_checked(reference, reference)[0])


def slice_metrics(
    reference: np.ndarray, image: np.ndarray, *, data_range: float, window: str = DEFAULT_WINDOW
) -> dict[str, float]:
    """Return every metric of a slice under its column's name; SSIM is that of Wang et al., as for :func:`ssim`.

    Args:
        reference: Reference, real, ``(height, width)``, at least 11 pixels a side.
        image: Reconstruction of the same shape.
        data_range: As for :func:`psnr`.
        window: SSIM's, a name of :data:`~recon_lib.imaging.ssim.WINDOWS`.

    Returns:
        ``psnr``, ``ssim``, ``nmse`` in the common scale; ``psnr_own_max``, ``ssim_own_max`` with the reconstruction
        brought to a maximum of ``data_range`` first; ``psnr_brain``, ``ssim_brain`` over :func:`brain_region` alone
        (the SSIM map is computed on the full frame, then averaged there).

    Raises:
        ReconError: As :func:`ssim`, or the window is unknown.
    """
    reference, image = _scaled(reference, image, data_range)
    largest = float(image.max())
    own_factor = 1 / largest if largest > 0 else 1.0
    own_scale = image / largest if largest > 0 else image
    region = _brain_region(reference)
    similarity = Similarity(reference, image, data_range=1.0, window=window)
    map_, own_map = similarity.map(), similarity.map(own_factor)
    return {
        "psnr": _psnr(reference, image),
        "ssim": similarity.mean(map_),
        "nmse": _nmse(reference, image),
        "psnr_own_max": _psnr(reference, own_scale),
        "ssim_own_max": similarity.mean(own_map),
        "psnr_brain": _psnr(reference[region], image[region]),
        "ssim_brain": float(map_[region].mean()),
    }


def _checked(reference: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check both, and bring them to double precision."""
    reference, image = np.asarray(reference), np.asarray(image)
    for name, array in (("reference", reference), ("reconstruction", image)):
        if array.ndim != 2:
            raise ReconError(
                f"A metric needs one slice, but the {name} has shape {array.shape}: pass it slice by slice."
            )
        if np.iscomplexobj(array):
            raise ReconError(f"A metric compares magnitudes, but the {name} is complex: take its absolute value.")
    if image.shape != reference.shape:
        raise ReconError(
            f"The reconstruction's shape {image.shape} is not the reference's {reference.shape}: make them equal."
        )
    reference, image = reference.astype(np.float64), image.astype(np.float64)
    for name, array in (("reference", reference), ("reconstruction", image)):
        bad = int(np.size(array) - np.isfinite(array).sum())
        if bad:
            raise ReconError(f"The {name} has {bad} NaN or infinite pixels: mend or leave out the slice.")
    if not reference.max(initial=0.0) > 0:
        raise ReconError("The reference is zero everywhere, so no metric has a scale: leave the slice out.")
    return reference, image


def _scaled(reference: np.ndarray, image: np.ndarray, data_range: float) -> tuple[np.ndarray, np.ndarray]:
    """Check both, and divide both by the data range."""
    reference, image = _checked(reference, image)
    if not 0 < data_range < np.inf:
        raise ReconError(f"A data range of {data_range} is no scale: give the peak, such as the reference's maximum.")
    return reference / float(data_range), image / float(data_range)


def _psnr(reference: np.ndarray, image: np.ndarray) -> float:
    error = float(np.mean((image - reference) ** 2))
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


def _nmse(reference: np.ndarray, image: np.ndarray) -> float:
    return float(np.sum((image - reference) ** 2) / np.sum(reference**2))


def _brain_region(reference: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    above = reference / reference.max() > BRAIN_THRESHOLD
    # It is padded, because closing erodes with an outside of zeros and would eat a head that touches the border.
    closed = ndimage.binary_closing(np.pad(above, 3), structure=np.ones((3, 3)), iterations=2)[3:-3, 3:-3]
    return ndimage.binary_fill_holes(closed | above)
