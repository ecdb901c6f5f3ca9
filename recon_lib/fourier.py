"""The one Fourier convention: centred, orthonormal, over the last two axes, any size.

With ``S`` the shift that moves the zero frequency (and the image's origin) to index ``n // 2`` and
``F`` the unitary discrete Fourier transform, ``fft2c = S F S^-1``. ``S`` is ``fftshift`` and its
inverse is ``ifftshift``; they differ for odd sizes.
"""

from __future__ import annotations

import numpy as np

from recon_lib.errors import ReconError

_AXES = (-2, -1)


def fft2c(image: np.ndarray) -> np.ndarray:
    """Transform an image to k-space.

    Args:
        image: Real or complex array of shape ``(..., height, width)``.

    Returns:
        Complex k-space of the same shape, zero frequency at ``(height // 2, width // 2)``. Single
        precision stays single precision.
    """
    shifted = np.fft.ifftshift(image, axes=_AXES)
    return np.fft.fftshift(np.fft.fft2(shifted, axes=_AXES, norm="ortho"), axes=_AXES)


def ifft2c(kspace: np.ndarray) -> np.ndarray:
    """Transform k-space to an image: the inverse, and the adjoint, of :func:`fft2c`.

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero frequency in the centre.

    Returns:
        Complex image of the same shape.
    """
    shifted = np.fft.ifftshift(kspace, axes=_AXES)
    return np.fft.fftshift(np.fft.ifft2(shifted, axes=_AXES, norm="ortho"), axes=_AXES)


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
        raise ReconError(f"The mask is {_size(mask)} but the image is {_size(image)}: make a mask of the image's size.")
    return fft2c(image) * np.asarray(mask, dtype=bool)


def zero_filled(kspace: np.ndarray) -> np.ndarray:
    """Reconstruct by filling what was not sampled with zeros: ``x_u = F^-1 y_u`` (eq. 2-3).

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero where nothing was sampled.

    Returns:
        Complex image of the same shape.
    """
    return ifft2c(kspace)


def fill_by_symmetry(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill what was not sampled with the conjugate of its mirror image: ``y(-k)* = y(k)`` for a real image.

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero frequency in the centre.
        mask: Boolean array that broadcasts to it, true where it was sampled.

    Returns:
        K-space of the same shape and precision: what was sampled as it is; elsewhere the conjugate of the
        sample at ``-k``, where that was sampled, and zero where neither was.
    """
    mask = np.broadcast_to(np.asarray(mask, dtype=bool), np.shape(kspace))
    return np.where(mask, kspace, np.where(_mirror(mask), np.conj(_mirror(kspace)), 0)).astype(kspace.dtype)


def _mirror(kspace: np.ndarray) -> np.ndarray:
    """Take ``k`` to ``-k`` about the zero frequency, modulo the size."""
    height, width = np.shape(kspace)[-2:]
    rows, columns = ((2 * (n // 2) - np.arange(n)) % n for n in (height, width))
    return kspace[..., rows[:, None], columns]


def resize_by_kspace(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Change the matrix size at a fixed field of view by cropping k-space: no interpolation.

    Args:
        image: Real, non-negative magnitude images of shape ``(..., height, width)``.
        size: The new ``(height, width)``, each at most the old one.

    Returns:
        Magnitude images of shape ``(..., *size)`` with the mean intensity kept, in the input's
        precision.

    Raises:
        ReconError: There are not two sides, or a new one is larger than the old one or not positive.
    """
    old = np.shape(image)[-2:]
    if len(size) != 2 or len(old) != 2:
        raise ReconError(f"Images of shape {np.shape(image)} cannot be brought to {tuple(size)}: both need two sides.")
    if any(n < 1 or n > o for n, o in zip(size, old, strict=True)):
        raise ReconError(f"Cannot crop k-space of {old[0]}x{old[1]} to {size[0]}x{size[1]}: it must not grow.")
    if tuple(size) == tuple(old):
        return np.array(image)
    starts = [o // 2 - n // 2 for n, o in zip(size, old, strict=True)]
    window = tuple(slice(s, s + n) for s, n in zip(starts, size, strict=True))
    kspace = fft2c(image)[(..., *window)]
    return np.abs(ifft2c(kspace)) * float(np.sqrt(size[0] * size[1] / (old[0] * old[1])))


def _size(array: np.ndarray) -> str:
    return "x".join(str(n) for n in np.shape(array))
