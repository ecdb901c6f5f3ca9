"""The oversampled readout: cut away in the image, so that the object fills its field of view."""

from __future__ import annotations

import numpy as np


def cut_centre(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut the centre out of images: what lies at ``n // 2`` lies there afterwards.

    Args:
        images: ``(..., height, width)``.
        size: ``(height, width)`` to be left, at most theirs.

    Returns:
        ``(..., *size)``.
    """
    start = [n // 2 - left // 2 for n, left in zip(images.shape[-2:], size, strict=True)]
    return images[..., start[0] : start[0] + size[0], start[1] : start[1] + size[1]]


def crop_readout(kspace: np.ndarray, axis: int, count: int) -> tuple[np.ndarray, bool]:
    """Take k-space of an image whose field of view is smaller along the readout, where that is exact.

    Lines are transformed along the readout, cut, and transformed back, which needs them whole. An asymmetric echo is
    left as it is; the image is then cut when it has been reconstructed.

    Args:
        kspace: complex64 ``(slices, coils, height, width)``, zero where nothing was sampled.
        axis: The readout, -2 or -1.
        count: Points to be left along it.

    Returns:
        complex64 k-space with ``count`` points along the axis, exactly zero in lines that were not sampled, and true;
        or the k-space as it was, and false.
    """
    length = kspace.shape[axis]
    if count >= length:
        return kspace, False
    sampled = (kspace != 0).any(axis=1)
    whole, touched = sampled.all(axis=axis), sampled.any(axis=axis)
    if not np.array_equal(whole, touched):
        return kspace, False
    size = list(kspace.shape[-2:])
    size[axis] = count
    cropped = np.empty((*kspace.shape[:2], *size), np.complex64)
    for place, coils in enumerate(kspace):  # a slice at a time, since raw data are large
        lines = np.fft.fftshift(np.fft.ifft(np.fft.ifftshift(coils, axes=axis), axis=axis, norm="ortho"), axes=axis)
        shorter = np.fft.ifftshift(cut_centre(lines, tuple(size)), axes=axis)
        cropped[place] = np.fft.fftshift(np.fft.fft(shorter, axis=axis, norm="ortho"), axes=axis)
    return cropped, True
