"""The one Fourier convention: centred, orthonormal, over the last two axes, any size.

With ``S`` the shift that moves the zero frequency (and the image's origin) to index ``n // 2`` and
``F`` the unitary discrete Fourier transform, ``fft2c = S F S^-1``. ``S`` is ``fftshift`` and its
inverse is ``ifftshift``; they differ for odd sizes.
"""

from __future__ import annotations

import numpy as np

from recon_lib.core.errors import ReconError

_AXES = (-2, -1)


def fft2c(image: np.ndarray) -> np.ndarray:
    """Transform an image to k-space: ``F`` of eq. 1 and 6-8.

    Args:
        image: Real or complex array of shape ``(..., height, width)``.

    Returns:
        Complex k-space of the same shape, zero frequency at ``(height // 2, width // 2)``. Single
        precision stays single precision.
    """
    shifted = np.fft.ifftshift(image, axes=_AXES)
    return np.fft.fftshift(np.fft.fft2(shifted, axes=_AXES, norm="ortho"), axes=_AXES)


def ifft2c(kspace: np.ndarray) -> np.ndarray:
    """Transform k-space to an image: the inverse, and the adjoint, of :func:`fft2c` (``F^-1`` of eq. 7).

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero frequency in the centre.

    Returns:
        Complex image of the same shape.
    """
    shifted = np.fft.ifftshift(kspace, axes=_AXES)
    return np.fft.fftshift(np.fft.ifft2(shifted, axes=_AXES, norm="ortho"), axes=_AXES)


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


def size_text(array: np.ndarray) -> str:
    """Write an array's shape for a message: ``256x176``."""
    return "x".join(str(n) for n in np.shape(array))
