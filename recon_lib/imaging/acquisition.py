"""The forward model of a scan, and images undersampled by it: what a network sees and what it should give."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c, ifft2c, size_text

_PART = 64  # Images are undersampled in parts: the complex k-space of a training set would not fit into memory.


class Acquisition:
    r"""The forward model of one coil: ``A = M F``, mask times Fourier transform (eq. 1).

    ``F`` is the centred orthonormal transform :func:`~recon_lib.imaging.fourier.fft2c`, of any size, and ``M`` sets to
    zero what is not sampled, so that ``A^H = F^-1 M`` is zero-filling, ``A A^H = M``, and ``A`` is unitary
    where everything is sampled.

    Args:
        mask: Boolean ``(..., height, width)``, true where k-space is sampled, zero frequency in the centre. It
            broadcasts to the images: one mask for all of them, or one for each.

    Raises:
        ReconError: The mask has fewer than two axes.
    """

    def __init__(self, mask: np.ndarray) -> None:
        self.mask = np.asarray(mask, dtype=bool)
        if self.mask.ndim < 2:
            raise ReconError(f"A mask has two sides, (..., height, width), not the shape {self.mask.shape}.")

    def forward(self, image: np.ndarray) -> np.ndarray:
        """Acquire images: ``y_u = M F x`` (eq. 1).

        Args:
            image: Real or complex, ``(..., height, width)``.

        Returns:
            Complex k-space of the images' shape and precision, exactly zero where nothing is sampled.

        Raises:
            ReconError: The mask does not fit the images.
        """
        self._check("image", image)
        return np.where(self.mask, fft2c(image), 0)

    def adjoint(self, kspace: np.ndarray) -> np.ndarray:
        """Fill with zeros what was not sampled, and transform back: ``x_u = F^-1 M y_u``, the adjoint of eq. 1.

        Args:
            kspace: Complex, ``(..., height, width)``; what lies outside the mask is ignored.

        Returns:
            Complex images of the same shape and precision.

        Raises:
            ReconError: The mask does not fit the k-space.
        """
        self._check("k-space", kspace)
        return ifft2c(np.where(self.mask, kspace, 0))

    def normal(self, image: np.ndarray) -> np.ndarray:
        """Apply ``A^H A = F^-1 M F``: the zero-filled image of an image (eq. 1).

        It is a circular convolution with the mask's point-spread function, and a projection.

        Args:
            image: Real or complex, ``(..., height, width)``.

        Returns:
            Complex images of the same shape and precision.

        Raises:
            ReconError: The mask does not fit the images.
        """
        return self.adjoint(self.forward(image))

    def _check(self, name: str, array: np.ndarray) -> None:
        shape = np.shape(array)
        if shape[-2:] != self.mask.shape[-2:]:
            raise ReconError(
                f"The mask is {size_text(self.mask)} but the {name} is {size_text(array)}: make a mask of its size."
            )
        try:
            fits = np.broadcast_shapes(self.mask.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:  # A mask with more axes than the images would make many of one, and the adjoint would not fit.
            raise ReconError(
                f"The mask's shape {self.mask.shape} does not broadcast to the {name}'s {shape}: give one mask for "
                "all, or one for each."
            )


@dataclass(frozen=True, eq=False)
class Acquired:
    """Images as acquired, stacked along a first axis: what the network sees, and what it should give (eq. 1, 3).

    Attributes:
        zero_filled: float32 ``(n, height, width, 2)``, real and imaginary part of the zero-filled images.
        mask: float32 ``(n, height, width)``, 1 where k-space was sampled.
        target: float32 ``(n, height, width, 1)``, magnitude references; ``None`` where there are none.
        phase: float32 ``(n, height, width, 2)``, complex numbers of modulus 1: an estimate of the images' phase, which
            is taken out of what a sub-network sees. ``None`` for magnitudes.
    """

    zero_filled: np.ndarray
    mask: np.ndarray
    target: np.ndarray | None
    phase: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.zero_filled)

    @property
    def references(self) -> np.ndarray:
        """The targets as magnitudes, float32 ``(n, height, width)``."""
        return self.target[..., 0]

    def measured(self, part: slice | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what data consistency needs of some images (eq. 6).

        Args:
            part: Their places along the first axis.

        Returns:
            Zero-filled images ``(m, height, width, 2)`` and masks ``(m, height, width)``.
        """
        return self.zero_filled[part], self.mask[part]

    def take(self, chosen: slice | np.ndarray) -> Self:
        """Return some of the images.

        Args:
            chosen: Their places along the first axis: a slice, or integers ``(m,)``.
        """
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: a[chosen] for name, a in arrays.items() if isinstance(a, np.ndarray)})


def acquire(images: np.ndarray, masks: np.ndarray) -> Acquired:
    """Undersample reference images retrospectively (eq. 1).

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
    zero_filled = np.empty((*images.shape, 2), np.float32)
    for start in range(0, len(images), _PART):
        part = slice(start, start + _PART)
        zero_filled[part] = to_channels(Acquisition(masks[part]).normal(images[part]))
    return Acquired(zero_filled, masks.astype(np.float32), images[..., None])


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
