"""Retrospective undersampling of reference images, and complex images as two real channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c, ifft2c, size_text

_PART = 64  # images undersampled at once: a whole training set's complex k-space would not fit beside it


@dataclass(frozen=True)
class Batch:
    """What the network sees and should give: float32 arrays that share their first three axes.

    Attributes:
        zero_filled: ``(batch, height, width, 2)``.
        mask: ``(batch, height, width)``.
        target: ``(batch, height, width, 1)``, magnitude reference.
    """

    zero_filled: np.ndarray
    mask: np.ndarray
    target: np.ndarray


def acquire(images: np.ndarray, masks: np.ndarray) -> Batch:
    """Undersample reference images retrospectively.

    Args:
        images: Magnitude references, ``(n, height, width)``, finite, not all zero.
        masks: Boolean, ``(n, height, width)``.

    Returns:
        The zero-filled images, masks and targets, float32.

    Raises:
        ReconError: Wrong dimensions or shapes, NaN or infinite values, or an image that is all zero.
    """
    images = check_images(images)
    masks = np.asarray(masks)
    if masks.shape != images.shape:
        raise ReconError(f"Masks of shape {masks.shape} do not fit images of shape {images.shape}.")
    start = np.empty((*images.shape, 2), np.float32)
    for first in range(0, len(images), _PART):
        part = slice(first, first + _PART)
        start[part] = to_channels(zero_filled(undersample(images[part], masks[part])))
    return Batch(start, masks.astype(np.float32), images[..., None])


def check_images(images: np.ndarray) -> np.ndarray:
    """Return images as float32 if they can serve as references.

    Args:
        images: Magnitude images, ``(n, height, width)``.

    Returns:
        float32 array of the same shape; the images themselves if they are float32.

    Raises:
        ReconError: Wrong dimensions, NaN or infinite values, or an image that is all zero.
    """
    images = np.asarray(images)
    if images.ndim != 3:
        raise ReconError(f"Images are stacked along a first axis, (n, height, width), not of shape {images.shape}.")
    finite = np.isfinite(images).all(axis=(1, 2))
    if not finite.all():
        raise ReconError(f"Image {int(np.argmin(finite))} has NaN or infinite pixels: mend or leave it out.")
    empty = ~images.any(axis=(1, 2))
    if empty.any():
        raise ReconError(f"Image {int(np.argmax(empty))} is zero everywhere: leave it out.")
    return images.astype(np.float32, copy=False)


def to_channels(image: np.ndarray) -> np.ndarray:
    """Split complex images into two real channels.

    Args:
        image: Complex array of shape ``(..., height, width)``.

    Returns:
        float32 array of shape ``(..., height, width, 2)``.
    """
    return np.stack((image.real, image.imag), axis=-1).astype(np.float32)


def to_complex(channels: np.ndarray) -> np.ndarray:
    """Join two real channels: the inverse of :func:`to_channels`.

    Args:
        channels: Array of shape ``(..., height, width, 2)``.

    Returns:
        complex64 array of shape ``(..., height, width)``.
    """
    return (channels[..., 0] + 1j * channels[..., 1]).astype(np.complex64)


def undersample(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Acquire an image at the sampled points only: ``y_u = F_u x`` (eq. 1).

    Args:
        image: Real or complex array of shape ``(..., height, width)``.
        mask: Boolean array that broadcasts to it, true where k-space is sampled, zero frequency in
            the centre.

    Returns:
        Complex k-space of the image's shape, exactly zero where nothing was sampled.

    Raises:
        ReconError: The last two axes of image and mask differ.
    """
    if np.shape(image)[-2:] != np.shape(mask)[-2:]:
        raise ReconError(
            f"The mask is {size_text(mask)} but the image is {size_text(image)}: make a mask of the image's size."
        )
    return fft2c(image) * np.asarray(mask, dtype=bool)


def zero_filled(kspace: np.ndarray) -> np.ndarray:
    """Reconstruct by filling what was not sampled with zeros: ``x_u = F^-1 y_u`` (eq. 2-3).

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero where nothing was sampled.

    Returns:
        Complex image of the same shape.
    """
    return ifft2c(kspace)
