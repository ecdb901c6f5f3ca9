"""Slices of several coils as acquired: what the network sees, and what it should give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import check_images, to_channels, to_complex
from recon_lib.imaging.coil_simulation import (
    CoilSimulation,
    complex_noise,
    draw_noise,
    simulate_maps,
    simulate_phase,
    simulate_structure,
    simulate_support,
)
from recon_lib.imaging.coils import CoilAcquisition


@dataclass(frozen=True, eq=False)
class CoilAcquired:
    """Slices of several coils, stacked, each divided by the maximum of its zero-filled image (eq. 1).

    Attributes:
        zero_filled: float32 ``(n, height, width, 2)``, real and imaginary part of ``E^H y``.
        mask: float32 ``(n, height, width)``, 1 where k-space was sampled.
        maps: complex64 ``(arrays, coils, height, width)``, normalised: those of different arrays of coils.
        arrays: Integers ``(n,)``: by which of them a slice was acquired.
        scales: float64 ``(n,)``, what each slice was divided by.
        target: float32 ``(n, height, width, 2)``, the complex references; ``None`` where there are none.
    """

    zero_filled: np.ndarray
    mask: np.ndarray
    maps: np.ndarray
    arrays: np.ndarray
    scales: np.ndarray
    target: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.zero_filled)

    @property
    def references(self) -> np.ndarray:
        """Magnitudes of the references, float32 ``(n, height, width)``."""
        return np.abs(to_complex(self.target))

    def measured(self, part: slice | np.ndarray) -> tuple[np.ndarray, ...]:
        """Return what data consistency needs of some slices.

        Args:
            part: Their places.

        Returns:
            Zero-filled images ``(m, height, width, 2)``, masks ``(m, height, width)`` and maps
            ``(m, coils, height, width, 2)``, float32.
        """
        return self.zero_filled[part], self.mask[part], to_channels(self.maps[self.arrays[part]])

    def take(self, chosen: slice | np.ndarray) -> Self:
        """Return some of the slices.

        Args:
            chosen: Their places along the first axis: a slice, or integers ``(m,)``.
        """
        names = ("zero_filled", "mask", "arrays", "scales", "target")
        taken = {name: getattr(self, name) for name in names}
        return replace(self, **{name: array[chosen] for name, array in taken.items() if array is not None})


def acquired_coils(
    kspace: np.ndarray, masks: np.ndarray, maps: np.ndarray, references: np.ndarray | None = None
) -> CoilAcquired:
    """Take k-space of several coils for what was acquired (eq. 1).

    Args:
        kspace: Complex ``(n, coils, height, width)``; what lies outside the mask is ignored.
        masks: Boolean ``(n, height, width)``.
        maps: Normalised, complex ``(n, coils, height, width)``.
        references: Complex ``(n, height, width)``, in the units of the k-space.

    Returns:
        The slices, each divided by the maximum of its zero-filled image.

    Raises:
        ReconError: Shapes do not fit, or a slice has no signal.
    """
    maps = np.asarray(maps, np.complex64)
    zero_filled = CoilAcquisition(masks, maps).adjoint(kspace)
    scales = np.abs(zero_filled).max(axis=(1, 2)).astype(np.float64)
    if not scales.all():
        raise ReconError(f"Slice {int(scales.argmin())} has no signal in its samples: leave it out.")
    divisor = scales[:, None, None]
    return CoilAcquired(
        zero_filled=to_channels(zero_filled / divisor),
        mask=masks.astype(np.float32),
        maps=maps,
        arrays=np.arange(len(kspace)),
        scales=scales,
        target=None if references is None else to_channels(references / divisor),
    )


def simulate_kspace(
    image: np.ndarray, maps: np.ndarray, spec: CoilSimulation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make full k-space of several coils out of a magnitude image (eq. 1).

    Args:
        image: Magnitudes ``(height, width)``.
        maps: Normalised, complex ``(coils, height, width)``; a coil of zeros is no coil, and has no noise.
        spec: The ranges of phase and noise.
        rng: Where the random numbers come from.

    Returns:
        complex64 k-space ``(coils, height, width)`` with noise, and the complex image ``(height, width)`` without.
    """
    reference = image * simulate_phase(image.shape, spec, rng) * simulate_structure(image, spec, rng)
    level = np.float32(draw_noise(spec, rng) * image.max())
    kspace = CoilAcquisition(np.ones(image.shape, bool), maps).forward(reference)
    present = maps.any(axis=(1, 2))[:, None, None]
    return kspace + level * present * complex_noise(kspace.shape, rng), reference


def change_contrast(image: np.ndarray, spec: CoilSimulation, rng: np.random.Generator) -> np.ndarray:
    """Raise magnitudes to a random power and leave their maximum as it is; the form is our own choice.

    Args:
        image: Magnitudes ``(height, width)``.
        spec: The range of the exponent.
        rng: Where the random number comes from.

    Returns:
        float32 of the same shape.
    """
    peak = np.float32(image.max())
    return peak * (image / peak) ** np.float32(rng.uniform(*spec.contrast)) if peak else image


def simulate_slices(
    images: np.ndarray, masks: np.ndarray, spec: CoilSimulation, seed: int, arrays: int = 100
) -> CoilAcquired:
    """Give magnitude images coils, a phase and noise, and undersample them (eq. 1).

    Args:
        images: Magnitudes ``(n, height, width)``.
        masks: The mask of each, boolean ``(n, height, width)``.
        spec: What is drawn, and from what range.
        seed: Decides everything that is drawn.
        arrays: So many arrays of coils are drawn, and shared out among the images.

    Returns:
        The slices with their complex references, and true maps.

    Raises:
        ReconError: As :func:`~recon_lib.imaging.acquisition.acquire`.
    """
    images = check_images(images)
    masks = np.asarray(masks)
    if masks.shape != images.shape:
        raise ReconError(f"Masks of shape {masks.shape} do not fit images of shape {images.shape}.")
    count, *size = images.shape
    arrays = min(arrays, count)
    maps = np.stack([simulate_maps(tuple(size), spec, np.random.default_rng([seed, 1, a])) for a in range(arrays)])
    supports = [simulate_support(tuple(size), spec, np.random.default_rng([seed, 4, a])) for a in range(arrays)]
    maps *= np.stack([seen for _, seen in supports])[:, None]
    places = np.random.default_rng([seed, 2]).permutation(np.arange(count) % arrays)
    zero_filled, target = (np.empty((*images.shape, 2), np.float32) for _ in range(2))
    scales = np.empty(count)
    for n in range(count):
        rng = np.random.default_rng([seed, 3, n])
        image = supports[places[n]][0] * change_contrast(images[n], spec, np.random.default_rng([seed, 6, n]))
        kspace, reference = simulate_kspace(image, maps[places[n]], spec, rng)
        whole = acquired_coils(kspace[None], masks[n : n + 1], maps[places[n]][None], reference[None])
        zero_filled[n], target[n], scales[n] = whole.zero_filled[0], whole.target[0], whole.scales[0]
    return CoilAcquired(zero_filled, masks.astype(np.float32), maps, places, scales, target)
