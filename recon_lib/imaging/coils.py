"""The forward model of several coils, and what comes before it: combination, compression, whitening."""

from __future__ import annotations

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquisition

_COILS = -3
_SINGULAR = 1e-10  # A coil whose noise is this much weaker than the strongest one's, in power, has none of its own.


class CoilAcquisition:
    r"""The forward model of several coils: ``E = M F S`` (K. Pruessmann et al., Magn Reson Med 42:952-62, 1999).

    ``S`` multiplies the image by the sensitivity map of each coil, and ``M F`` is
    :class:`~recon_lib.imaging.acquisition.Acquisition` of each of them: all coils sample the same points. With maps
    whose squared moduli sum to 1, ``E^H E`` is the identity where everything is sampled; with one coil of the map 1,
    ``E`` is ``M F``.

    Args:
        mask: Boolean ``(..., height, width)``, true where k-space is sampled, zero frequency in the centre.
        maps: Complex ``(..., coils, height, width)``, as :func:`normalise_maps` gives them.

    Raises:
        ReconError: The mask or the maps have too few axes, the maps are not finite, or the two differ in size.
    """

    def __init__(self, mask: np.ndarray, maps: np.ndarray) -> None:
        self.maps = check_maps(maps)
        mask = np.asarray(mask, dtype=bool)
        if mask.ndim >= 2 and mask.shape[-2:] != self.maps.shape[-2:]:
            raise ReconError(
                f"The coil maps are {sides_text(self.maps)} but the mask is {sides_text(mask)}: give maps of its size."
            )
        self._acquisition = Acquisition(mask if mask.ndim < 2 else mask[..., None, :, :])

    def forward(self, image: np.ndarray) -> np.ndarray:
        """Acquire images by every coil: ``y = M F S x``, eq. 1 for each coil.

        Args:
            image: Real or complex, ``(..., height, width)``.

        Returns:
            Complex k-space ``(..., coils, height, width)``, exactly zero where nothing is sampled.

        Raises:
            ReconError: The image's size is not that of mask and maps.
        """
        self._check("image", image)
        return self._acquisition.forward(self.maps * np.asarray(image)[..., None, :, :])

    def adjoint(self, kspace: np.ndarray) -> np.ndarray:
        """Combine the zero-filled images of all coils: ``E^H y``, the adjoint of :meth:`forward` (eq. 1).

        Args:
            kspace: Complex, ``(..., coils, height, width)``; what lies outside the mask is ignored.

        Returns:
            Complex images ``(..., height, width)``.

        Raises:
            ReconError: The k-space has another size or another number of coils.
        """
        self._check("k-space", kspace)
        return combine(self._acquisition.adjoint(kspace), self.maps)

    def normal(self, image: np.ndarray) -> np.ndarray:
        """Apply ``E^H E``: the combined zero-filled image of an image (eq. 1).

        Args:
            image: Real or complex, ``(..., height, width)``.

        Returns:
            Complex images of the same shape.

        Raises:
            ReconError: As :meth:`forward`.
        """
        return self.adjoint(self.forward(image))

    def _check(self, name: str, array: np.ndarray) -> None:
        if np.ndim(array) < 2 or np.shape(array)[-2:] != self.maps.shape[-2:]:
            raise ReconError(
                f"The coil maps are {sides_text(self.maps)} but the {name} has the shape {np.shape(array)}: "
                "give maps of its size."
            )


def check_maps(maps: np.ndarray) -> np.ndarray:
    """Return maps if they can be a coil array's sensitivities.

    Args:
        maps: Complex or real ``(..., coils, height, width)``.

    Returns:
        The maps as an array, complex.

    Raises:
        ReconError: There are fewer than three axes, or values that are not finite.
    """
    maps = np.asarray(maps)
    if maps.ndim < 3:
        raise ReconError(f"Coil maps are of shape (coils, height, width), not {maps.shape}.")
    if not np.isfinite(maps).all():
        raise ReconError("The coil maps have values that are not finite: estimate them again.")
    return maps if np.iscomplexobj(maps) else maps.astype(np.result_type(maps, np.complex64))


def normalise_maps(maps: np.ndarray) -> np.ndarray:
    r"""Scale maps so that :math:`\sum_c |S_c|^2 = 1` at every pixel where a coil sees anything.

    Then ``E^H`` combines coils with the weights of P. Roemer et al., Magn Reson Med 16:192-225, 1990, and the image is
    in the units of the coils' root sum of squares.

    Args:
        maps: Complex ``(..., coils, height, width)``.

    Returns:
        Maps of the same shape and precision; zero where all coils are.

    Raises:
        ReconError: As :func:`check_maps`.
    """
    maps = check_maps(maps)
    modulus = root_sum_of_squares(maps)[..., None, :, :]
    return np.divide(maps, modulus, out=np.zeros_like(maps), where=modulus > 0)


def combine(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    r"""Combine the images of coils: :math:`\sum_c S_c^* x_c` (P. Roemer et al., Magn Reson Med 16:192-225, 1990).

    Args:
        images: Complex ``(..., coils, height, width)``.
        maps: Normalised, of as many coils and of the images' size.

    Returns:
        Complex images ``(..., height, width)``.

    Raises:
        ReconError: The numbers of coils differ.
    """
    coils = [np.shape(array)[_COILS] if np.ndim(array) > 2 else 0 for array in (images, maps)]
    if coils[0] != coils[1]:
        raise ReconError(f"There are maps of {coils[1]} coils and data of {coils[0]}: give one map for each coil.")
    return (np.conj(maps) * images).sum(axis=_COILS)


def root_sum_of_squares(images: np.ndarray) -> np.ndarray:
    r"""Combine coils without maps: :math:`\sqrt{\sum_c |x_c|^2}` (P. Roemer et al., Magn Reson Med 16:192-225, 1990).

    Args:
        images: Complex ``(..., coils, height, width)``.

    Returns:
        Real, ``(..., height, width)``, in the precision of the images.
    """
    return np.sqrt((np.abs(images) ** 2).sum(axis=_COILS))


def compress_coils(kspace: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Make fewer virtual coils that hold the most energy (M. Buehrer et al., Magn Reson Med 57:1131-9, 2007).

    With the singular value decomposition :math:`Y = U \Sigma V^H` of k-space as a matrix of coils by samples, the
    virtual coils are the first rows of :math:`U^H Y`. All of them are a unitary change of the coils.

    Args:
        kspace: Complex ``(..., coils, height, width)``; stacked slices are compressed alike.
        count: Virtual coils.

    Returns:
        K-space ``(..., count, height, width)``, strongest coil first, and the matrix ``(count, coils)`` that made it.

    Raises:
        ReconError: There are fewer coils than virtual ones are asked for, or none is.
    """
    coils = kspace.shape[_COILS]
    if not 1 <= count <= coils:
        raise ReconError(f"{coils} coils cannot be compressed to {count}: ask for 1 to {coils}.")
    samples = np.moveaxis(kspace, _COILS, 0).reshape(coils, -1)
    # The coils' covariance has the left singular vectors of k-space, and is small.
    vectors = np.linalg.eigh(samples @ samples.conj().T)[1][:, ::-1]
    matrix = vectors[:, :count].conj().T
    return _mix(matrix, kspace), matrix


def whiten(kspace: np.ndarray, noise: np.ndarray) -> np.ndarray:
    r"""Make the noise of coils independent and of variance 1 (K. Pruessmann et al., Magn Reson Med 46:638-51, 2001).

    With the covariance :math:`\Psi = L L^H` of the noise, the coils become :math:`L^{-1} y`. Least squares of what
    comes out weigh every coil by what it is worth.

    Args:
        kspace: Complex ``(..., coils, height, width)``.
        noise: Samples of noise alone, complex ``(coils, samples)``, in the units of the k-space.

    Returns:
        K-space of the same shape and precision.

    Raises:
        ReconError: The noise is of another number of coils, has too few samples, or a coil has no noise of its own.
    """
    coils = kspace.shape[_COILS]
    if noise.ndim != 2 or len(noise) != coils or noise.shape[1] < 2 * coils:
        raise ReconError(
            f"Noise of shape {noise.shape} cannot whiten {coils} coils: give ({coils}, samples), at least {2 * coils} "
            "samples."
        )
    covariance = (noise @ noise.conj().T / noise.shape[1]).astype(np.complex128)
    powers = np.linalg.eigvalsh(covariance)
    if not powers[0] > _SINGULAR * powers[-1]:
        raise ReconError("A coil has no noise of its own, so it is dead or a copy of others: leave it out.")
    inverse = np.linalg.inv(np.linalg.cholesky(covariance))
    return _mix(inverse, kspace)


def sides_text(array: np.ndarray) -> str:
    """Write the last two sides of an array for a message, ``256x176``.

    Args:
        array: Of shape ``(..., height, width)``.
    """
    return "x".join(map(str, array.shape[-2:]))


def _mix(matrix: np.ndarray, kspace: np.ndarray) -> np.ndarray:
    """Multiply the coils by a matrix, in the precision of the k-space."""
    return np.einsum("vc,...chw->...vhw", matrix.astype(kspace.dtype), kspace)
