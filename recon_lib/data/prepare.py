"""From what was read to images: which slices, which geometry, which scale."""

from __future__ import annotations

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import Geometry
from recon_lib.imaging import fourier

LIGHTNESS_SCALE = 100.0
"""Photographs are L* of CIELAB divided by this."""


def check_image(image: np.ndarray, name: str) -> None:
    """Refuse an image that no reconstruction can be measured against.

    Args:
        image: The array.
        name: What it is called in the message.

    Raises:
        ReconError: It is not 2-D, holds NaN or infinite values, or is zero everywhere.
    """
    if np.ndim(image) != 2:
        raise ReconError(f"{name} is an array of shape {np.shape(image)}: an image is 2-D.")
    if not np.isfinite(image).all():
        raise ReconError(f"{name} holds NaN or infinite values: mend it or leave it out.")
    if not np.any(image):
        raise ReconError(f"{name} is zero everywhere: leave it out.")


def fit(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut or zero-pad about the centre, so that pixels keep their size.

    Index ``n // 2``, the origin of :mod:`recon_lib.imaging.fourier`, stays the origin.

    Args:
        images: Array ``(..., height, width)``.
        size: The new ``(height, width)``.

    Returns:
        Array ``(..., *size)`` of the same dtype.
    """
    for axis, new in zip((-2, -1), size, strict=True):
        old = images.shape[axis]
        if new < old:
            start = old // 2 - new // 2
            images = np.take(images, range(start, start + new), axis=axis)
        elif new > old:
            margin = new // 2 - old // 2
            width = [(0, 0)] * images.ndim
            width[axis] = (margin, new - old - margin)
            images = np.pad(images, width)
    return images


def brain_slices(volume: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Choose the slices that show enough of the head.

    A slice is kept if more than ``coverage`` of its pixels exceed ``level`` times the volume's
    ``percentile``, and if it is one of the ``below_top`` slices counted down from the highest kept.

    Args:
        volume: Array ``(x, y, z)``, z upwards.
        geometry: The constants.

    Returns:
        Increasing indices along z.
    """
    bright = np.percentile(volume, geometry.percentile) * geometry.level
    indices = np.where((volume > bright).mean(axis=(0, 1)) > geometry.coverage)[0]
    if geometry.below_top and indices.size:
        indices = indices[indices > indices.max() - geometry.below_top]
    return indices


def prepare_volume(
    volume: np.ndarray, geometry: Geometry, matrix: tuple[int, int] | None = None, name: str = "The volume"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a volume into axial images of maximum 1.

    Args:
        volume: float32 ``(x, y, z)`` in the orientation that ``geometry`` names.
        geometry: The domain's constants.
        matrix: ``(height, width)`` in k-space, in place of the geometry's.
        name: What the volume is called in messages.

    Returns:
        ``(images, slices, scales)``: float32 ``(n, height, width)``, indices along z, and the maximum
        that each image was divided by.

    Raises:
        ReconError: The volume is not 3-D, holds NaN, is zero everywhere or has no slice to keep.
    """
    if np.ndim(volume) != 3:
        raise ReconError(f"{name} is an array of shape {np.shape(volume)}: a volume is 3-D.")
    if not np.isfinite(volume).all():
        raise ReconError(f"{name} holds NaN or infinite values: mend it or leave it out.")
    if not np.any(volume):
        raise ReconError(f"{name} is zero everywhere: leave it out.")
    slices = brain_slices(volume, geometry)
    if not slices.size:
        raise ReconError(f"{name} has no slice with more than {geometry.coverage:.0%} of bright pixels: leave it out.")
    images = np.moveaxis(volume, 2, 0)[slices]
    if geometry.transpose:
        images = images.swapaxes(1, 2)
    if geometry.crop:
        images = fit(images, geometry.crop)
    matrix = matrix or geometry.matrix
    if matrix:
        images = fourier.resize_by_kspace(images, matrix)
    scales = images.max(axis=(1, 2), keepdims=True)
    images = np.ascontiguousarray(images / scales, dtype=np.float32)
    return images, slices, scales.ravel().astype(np.float64)


def prepare_photograph(
    lightness: np.ndarray, matrix: tuple[int, int] | None = None, name: str = "The photograph"
) -> np.ndarray:
    """Turn 8-bit lightness into an image.

    Args:
        lightness: uint8 ``(height, width)``, L* x 2.55.
        matrix: ``(height, width)`` in k-space, or ``None`` to keep the size.
        name: What the photograph is called in messages.

    Returns:
        float32 ``(height, width)``: L*/100.

    Raises:
        ReconError: It is not 2-D, not 8-bit, or black everywhere.
    """
    check_image(lightness, name)
    if lightness.dtype != np.uint8:
        raise ReconError(f"{name} has pixels of type {lightness.dtype}: lightness is stored in 8 bits.")
    image = lightness.astype(np.float32) / np.float32(255)
    return fourier.resize_by_kspace(image, matrix) if matrix else image


def lightness_of(rgb: np.ndarray, name: str = "The photograph") -> np.ndarray:
    """Return L* of CIELAB (D65, 2 degrees) of an 8-bit RGB photograph as 8 bits.

    Args:
        rgb: uint8 ``(height, width, 3)``, sRGB.
        name: What the photograph is called in messages.

    Returns:
        uint8 ``(height, width)``: round(L* x 2.55).

    Raises:
        ReconError: It is not 8-bit RGB.
    """
    from skimage.color import rgb2lab

    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ReconError(f"{name} is {rgb.dtype} of shape {rgb.shape}: a photograph is 8-bit RGB.")
    return np.round(rgb2lab(rgb)[..., 0] * 2.55).astype(np.uint8)
