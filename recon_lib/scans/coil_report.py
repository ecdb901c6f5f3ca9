"""What a report shows of k-space of several coils: what was read, the maps, and magnitude and phase of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import blank_figure
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.coils import root_sum_of_squares
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.metrics import psnr, ssim
from recon_lib.scans.coil_kspace import CoilKspace
from recon_lib.scans.coil_sampling import AcquiredCoils
from recon_lib.scans.oversampling import cut_centre

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = 6  # slices as read
_COMPARED = 3  # slices that were reconstructed
_MAPS = 8  # coils of an array that are drawn
_DECADES = 6  # of k-space are drawn
_NOT_ACQUIRED = "#0072b2"
_ERROR = 0.2  # an error map is brightest from this share of the reference's maximum on
_SIDE = 2.3  # inches of a picture


def coil_facts(scan: CoilKspace) -> dict[str, str]:
    """Say what was read.

    Args:
        scan: The k-space.

    Returns:
        Sentences and numbers by heading.
    """
    images, coils, height, width = scan.array.shape
    repetitions = scan.stored.repetitions
    geometry = scan.stored.geometry
    facts = {
        "input": str(scan.path),
        "read as": f"k-space of {coils} coils, slice by slice",
        "slices": f"{images // repetitions} of {height} x {width}"
        + (f", {repetitions} repetitions" if repetitions > 1 else ""),
        "empty slices": str(images - len(scan.filled)),
        "acquired": f"{scan.mask[scan.filled].mean():.1%} of the samples",
    }
    if geometry is not None:
        import nibabel

        sizes = " x ".join(f"{size:.4g}" for size in nibabel.affines.voxel_sizes(geometry.affine))
        axes = f", axes to {''.join(nibabel.aff2axcodes(geometry.affine))}" if geometry.is_placed else ", place unknown"
        facts["voxel"] = f"{sizes} mm{axes}"
    return {**facts, **scan.notes}


def coil_scan_figure(scan: CoilKspace) -> Figure:
    """Draw what was read: slices at even distances above, their k-space below.

    Args:
        scan: The k-space.

    Returns:
        A figure of two rows: the root sum of squares of the coils' zero-filled images, and the logarithm of that of
        their k-space, blue where nothing was acquired.
    """
    places = _evenly(scan.filled, _SHOWN)
    figure, grid = blank_figure((_SIDE * len(places), 2 * _SIDE), 2, len(places))
    for column, place in enumerate(places):
        image, power = (root_sum_of_squares(part) for part in (ifft2c(scan.array[place]), scan.array[place]))
        _draw(grid[0, column], image, f"slice {place}, all coils", (0, image.max()))
        level = np.log10(np.maximum(power / power.max(), 10.0**-_DECADES))
        grid[1, column].set_facecolor(_NOT_ACQUIRED)
        _draw(grid[1, column], np.ma.masked_where(power == 0, level), "k-space, logarithm", (-_DECADES, 0))
    return figure


def maps_figure(acquired: AcquiredCoils) -> Figure:
    """Draw the sensitivity maps of the middle one of the slices.

    Args:
        acquired: The slices.

    Returns:
        A figure of two rows, magnitudes above and phases below, a column a coil; of many coils the first ones.
    """
    place = len(acquired.numbers) // 2
    maps = cut_centre(acquired.data.maps[acquired.data.arrays[place]][:_MAPS], acquired.image_size)
    figure, grid = blank_figure((_SIDE * len(maps), 2 * _SIDE), 2, len(maps))
    for number, (coil, column) in enumerate(zip(maps, grid.T, strict=True), start=1):
        _draw(column[0], np.abs(coil), f"slice {acquired.numbers[place]}, coil {number}", (0, 1))
        _draw_phase(column[1], coil, "its phase")
    return figure


def coil_images_figure(acquired: AcquiredCoils, images: np.ndarray) -> Figure:
    """Draw combined images of slices at even distances, magnitude and phase.

    Args:
        acquired: The slices.
        images: The network's, complex ``(n, height, width)``, in the scale of ``acquired``.

    Returns:
        A row a slice: the coils' zero-filled images combined by the maps, the network's magnitude and its phase; where
        there is a reference, that first, and the errors of both magnitudes last, on one scale.
    """
    places = _evenly(np.arange(len(acquired.numbers)), _COMPARED)
    has_reference = acquired.data.target is not None
    columns = 6 if has_reference else 3
    figure, grid = blank_figure((_SIDE * columns, (_SIDE + 0.4) * len(places)), len(places), columns)
    for row, place in zip(grid, places, strict=True):
        zero_filled = np.abs(cut_centre(to_complex(acquired.data.zero_filled[place]), acquired.image_size))
        magnitudes = {"zero-filled, combined": zero_filled, "network, magnitude": np.abs(images[place])}
        middle = row[1:4] if has_reference else row
        reference = cut_centre(acquired.data.references[place], acquired.image_size) if has_reference else None
        peak = magnitudes["network, magnitude"].max() if reference is None else reference.max()
        for axes, (title, image) in zip(middle, magnitudes.items(), strict=False):
            _draw(axes, image, title if reference is None else _with_quality(title, reference, image), (0, peak))
        _draw_phase(middle[2], images[place], "network, phase")
        if reference is not None:
            _draw(row[0], reference, "reference", (0, peak))
            for axes, (title, image) in zip(row[4:], magnitudes.items(), strict=True):
                _draw(axes, np.abs(image - reference) / peak, f"error, {title}", (0, _ERROR))
        row[0].set_ylabel(f"slice {acquired.numbers[place]}")
    return figure


def _evenly(numbers: np.ndarray, count: int) -> np.ndarray:
    return numbers[np.unique(np.linspace(0, len(numbers) - 1, count).round().astype(int))]


def _with_quality(title: str, reference: np.ndarray, image: np.ndarray) -> str:
    peak = reference.max()
    quality = psnr(reference, image, data_range=peak), ssim(reference, image, data_range=peak)
    return "{}\n{:.1f} dB, SSIM {:.3f}".format(title, *quality)


def _draw(axes: Axes, image: np.ndarray, title: str, limits: tuple[float, float]) -> None:
    axes.imshow(image, cmap="gray", vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])


def _draw_phase(axes: Axes, image: np.ndarray, title: str) -> None:
    """Draw a phase on a scale that ends where it begins; blank where the image is zero."""
    phase = np.ma.masked_where(image == 0, np.angle(image))
    axes.imshow(phase, cmap="twilight", vmin=-np.pi, vmax=np.pi, interpolation="nearest")
    axes.set_title(title, fontsize=8)
    axes.set(xticks=[], yticks=[])
