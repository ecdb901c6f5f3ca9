r"""How near a reconstruction is to its reference: PSNR, SSIM and NMSE of a slice.

One rule of scale for everything unless a name says otherwise: the reference is divided by its maximum and the
reconstruction by the SAME factor, so the peak is 1 and a wrong overall intensity counts as an error. Full frame.
Sums are in float64 whatever the input's precision.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.ssim import DEFAULT_WINDOW, Similarity

BRAIN_THRESHOLD = 0.05  # of the reference's maximum


def psnr(image: np.ndarray, target: np.ndarray) -> float:
    r"""Return the peak signal-to-noise ratio.

    .. math:: \mathrm{PSNR} = -10 \log_{10} \frac{1}{N} \sum_i \left(\frac{x_i - r_i}{\max r}\right)^2

    Args:
        image: Reconstruction ``x``, real, ``(height, width)``.
        target: Reference ``r`` of the same shape.

    Returns:
        dB; infinite when both are equal.

    Raises:
        ReconError: Shapes differ, not 2-D, not real, NaN or infinite pixels, or an all-zero reference.
    """
    return _psnr(*_scaled(image, target))


def ssim(image: np.ndarray, target: np.ndarray) -> float:
    """Return the structural similarity index (Wang et al., IEEE Trans. Image Process. 13:600, 2004).

    Gaussian weights of sigma 1.5 pixels, covariances without the sample correction, data range 1, the paper's
    constants 0.01 and 0.03; the mean leaves out the outer 5 pixels, where the window does not fit, as
    :func:`skimage.metrics.structural_similarity` does.

    Args:
        image: Reconstruction, real, ``(height, width)``, at least 11 pixels a side.
        target: Reference of the same shape.

    Returns:
        At most 1, which is reached when both are equal.

    Raises:
        ReconError: As :func:`psnr`, or a side shorter than 11 pixels.
    """
    similarity = Similarity(*_scaled(image, target))
    return similarity.mean(similarity.map())


def ssim_stack(images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the structural similarity of many slices in one pass; each is scaled by its own reference.

    Args:
        images: Reconstructions, real, ``(n, height, width)``, at least 11 pixels a side.
        targets: References of the same shape.

    Returns:
        What :func:`ssim` gives slice by slice, float64 ``(n,)``.

    Raises:
        ReconError: The stacks differ in shape or are none, or as :func:`ssim` for one of the slices.
    """
    images, targets = np.asarray(images), np.asarray(targets)
    if targets.ndim != 3 or images.shape != targets.shape:
        raise ReconError(
            f"Slices are stacked along a first axis, (n, height, width), references likewise: not of shapes "
            f"{images.shape} and {targets.shape}."
        )
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is numpy's, which lets other threads run
        return np.fromiter(pool.map(ssim, images, targets), np.float64, len(targets))


def nmse(image: np.ndarray, target: np.ndarray) -> float:
    r"""Return the normalised mean-squared error.

    .. math:: \mathrm{NMSE} = \frac{\sum_i (x_i - r_i)^2}{\sum_i r_i^2}

    Args:
        image: Reconstruction ``x``, real, ``(height, width)``.
        target: Reference ``r`` of the same shape.

    Returns:
        0 when both are equal, 1 for an image of zeros.

    Raises:
        ReconError: As :func:`psnr`.
    """
    return _nmse(*_scaled(image, target))


def brain_region(target: np.ndarray) -> np.ndarray:
    """Return the pixels that show the head: a simple rule, not a segmentation.

    Above 5 % of the reference's maximum, then closed with a 3x3 square twice, then holes are filled.
    Where the skull is in the image it belongs to the region.

    Args:
        target: Reference, real, ``(height, width)``.

    Returns:
        Boolean array of the same shape with at least one true pixel.

    Raises:
        ReconError: As :func:`psnr`.
    """
    return _brain_region(_scaled(target, target)[1])


def slice_metrics(image: np.ndarray, target: np.ndarray, window: str = DEFAULT_WINDOW) -> dict[str, float]:
    """Return every metric of a slice under its column's name.

    Args:
        image: Reconstruction, real, ``(height, width)``, at least 11 pixels a side.
        target: Reference of the same shape.
        window: SSIM's, a name of :data:`~recon_lib.imaging.ssim.WINDOWS`.

    Returns:
        ``psnr``, ``ssim``, ``nmse`` in the common scale; ``psnr_own_max``, ``ssim_own_max`` with the
        reconstruction divided by its own maximum instead; ``psnr_brain``, ``ssim_brain`` over
        :func:`brain_region` alone (the SSIM map is computed on the full frame, then averaged there).

    Raises:
        ReconError: As :func:`ssim`, or the window is unknown.
    """
    scaled, reference = _scaled(image, target)
    largest = float(scaled.max())
    own = scaled / largest if largest > 0 else scaled
    region = _brain_region(reference)
    similarity = Similarity(scaled, reference, window)
    map_, own_map = similarity.map(), similarity.map(1 / largest if largest > 0 else 1.0)
    return {
        "psnr": _psnr(scaled, reference),
        "ssim": similarity.mean(map_),
        "nmse": _nmse(scaled, reference),
        "psnr_own_max": _psnr(own, reference),
        "ssim_own_max": similarity.mean(own_map),
        "psnr_brain": _psnr(scaled[region], reference[region]),
        "ssim_brain": float(map_[region].mean()),
    }


def _scaled(image: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Check both and divide both by the reference's maximum."""
    image, target = np.asarray(image), np.asarray(target)
    for name, array in (("reconstruction", image), ("reference", target)):
        if array.ndim != 2:
            raise ReconError(
                f"A metric needs one slice, but the {name} has shape {array.shape}: pass it slice by slice."
            )
        if np.iscomplexobj(array):
            raise ReconError(f"A metric compares magnitudes, but the {name} is complex: take its absolute value.")
    if image.shape != target.shape:
        raise ReconError(
            f"The reconstruction's shape {image.shape} is not the reference's {target.shape}: make them equal."
        )
    image, target = image.astype(np.float64), target.astype(np.float64)
    for name, array in (("reconstruction", image), ("reference", target)):
        bad = int(np.size(array) - np.isfinite(array).sum())
        if bad:
            raise ReconError(f"The {name} has {bad} NaN or infinite pixels: mend or leave out the slice.")
    peak = float(target.max(initial=0.0))
    if not peak > 0:
        raise ReconError("The reference is zero everywhere, so no metric has a scale: leave the slice out.")
    return image / peak, target / peak


def _psnr(scaled: np.ndarray, reference: np.ndarray) -> float:
    error = float(np.mean((scaled - reference) ** 2))
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


def _nmse(scaled: np.ndarray, reference: np.ndarray) -> float:
    return float(np.sum((scaled - reference) ** 2) / np.sum(reference**2))


def _brain_region(reference: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    above = reference > BRAIN_THRESHOLD
    # Padded, because closing erodes with an outside of zeros and would eat a head that touches the border.
    closed = ndimage.binary_closing(np.pad(above, 3), structure=np.ones((3, 3)), iterations=2)[3:-3, 3:-3]
    return ndimage.binary_fill_holes(closed | above)
