r"""Coils, phase and noise made by code, so that magnitude images become what a scanner of several coils acquires.

Everything here is our own choice; the paper has one coil and no phase. A coil is a small loop beside the object, whose
axis points to the centre of the field of view. Its map is the field that it would make, that of a magnetic dipole
``m`` softened by the loop's radius ``a``: at the distance ``d`` in the direction ``n``

.. math:: B = \frac{3 (m \cdot n)\, n - m}{(|d|^2 + a^2)^{3/2}}, \qquad S = B_x - i B_y .

The phase is a sum of a few waves of low frequency and of a ramp, as an echo beside the middle of k-space leaves it.
That photographs need a phase to train a network for complex images, and that a synthetic one is enough, is shown by
C. Ouyang et al., "Generalising deep learning MRI reconstruction across different domains", arXiv 1902.10815, 2019.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from recon_lib.core.errors import ReconError, at_least
from recon_lib.core.strict_yaml import without_defaults
from recon_lib.imaging.coils import normalise_maps

_MARGIN = 1.15
"""So many times as wide as the object are the maps that ESPIRiT estimates, about."""


@dataclass(frozen=True)
class CoilSimulation:
    """What is drawn for every image, each number from a range.

    Lengths are in half fields of view. Source: C. Ouyang et al., arXiv 1902.10815, 2019; the numbers are ours.

    Attributes:
        coils: Fewest and most coils.
        distance: Of a coil from the centre.
        radius: Of a coil's loop.
        noise: Standard deviation of the complex noise in a coil's image, as a share of the image's maximum; drawn so
            that its logarithm is uniform.
        phase: Radians of the strongest wave.
        waves: How many waves the phase has, each of up to one and a half periods across the field of view.
        ramp: Samples by which the echo is off the middle of k-space, at most.
        support: Half axes of an ellipse outside which the image is zero, as air is around a head, and a little beyond
            which the maps are, as estimated ones; ``None`` leaves both as they are.
        contrast: An exponent of magnitudes of maximum 1. A photograph uses its whole range; most of a head is several
            times darker than its brightest spot.
        structure: Radians by which the phase follows the magnitude, at most: fat, fluid and vessels differ in phase
            from what is beside them, so that a phase has edges too.
    """

    coils: tuple[int, int] = (4, 8)
    distance: tuple[float, float] = (1.1, 1.8)
    radius: tuple[float, float] = (0.4, 0.9)
    noise: tuple[float, float] = (0.002, 0.01)
    phase: float = 1.5
    waves: int = 4
    ramp: float = 2.0
    support: tuple[float, float] | None = None
    contrast: tuple[float, float] = (1.0, 1.0)
    structure: float = 0.0

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        at_least(1, coils=self.coils)
        at_least(0, waves=self.waves)
        for name in ("coils", "distance", "radius", "noise", "contrast", "support"):
            low, high = getattr(self, name) or (1, 1)
            if not 0 < low <= high < math.inf:
                raise ReconError(f"The range {name} of simulated coils is of two positive numbers, not {low}, {high}.")
        if not all(0 <= value < math.inf for value in (self.phase, self.ramp, self.structure)):
            values = f"{self.phase}, {self.ramp} and {self.structure}"
            raise ReconError(f"A phase, a ramp and a structure are 0 or more, and finite: not {values}.")

    def as_dict(self) -> dict:
        """Return the fields by name, as identities hash them; the last three only where they are not the default."""
        content = without_defaults(CoilSimulation, asdict(self), ("support", "contrast", "structure"))
        return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}


def simulate_maps(size: tuple[int, int], spec: CoilSimulation, rng: np.random.Generator) -> np.ndarray:
    """Draw the sensitivity maps of one array of coils, by the dipole field of this module's head.

    Args:
        size: ``(height, width)``.
        spec: What is drawn, and from what range.
        rng: Where the random numbers come from.

    Returns:
        complex64 ``(most coils, height, width)``, squared moduli of sum 1 at every pixel; a smaller array has maps of
        zeros at its end, which add nothing.
    """
    count = int(rng.integers(spec.coils[0], spec.coils[1] + 1))
    y, x = _grid(size)
    turn = 2 * np.pi * (np.arange(count) + rng.uniform(-0.25, 0.25, count)) / count + rng.uniform(0, 2 * np.pi)
    maps = np.zeros((spec.coils[1], *size), np.complex64)
    for coil, angle in enumerate(turn):
        inward = np.array([-np.sin(angle), -np.cos(angle)])
        place = -rng.uniform(*spec.distance) * inward
        offset = y - place[0], x - place[1]
        squared = offset[0] ** 2 + offset[1] ** 2 + rng.uniform(*spec.radius) ** 2
        along = 3 * (offset[0] * inward[0] + offset[1] * inward[1]) / squared
        field = [(along * part - moment) / squared**1.5 for part, moment in zip(offset, inward, strict=True)]
        maps[coil] = (field[1] - 1j * field[0]) * np.exp(2j * np.pi * rng.random())
    return normalise_maps(maps)


def simulate_support(
    size: tuple[int, int], spec: CoilSimulation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw where there is an object, and where estimated maps would not be zero: an ellipse, and a larger one.

    Args:
        size: ``(height, width)``.
        spec: What is drawn, and from what range.
        rng: Where the random numbers come from.

    Returns:
        Boolean ``(height, width)`` of the object, and of the maps; true everywhere where ``spec.support`` is ``None``.
    """
    if spec.support is None:
        return np.ones(size, bool), np.ones(size, bool)
    y, x = _grid(size)
    (height, width), centre, turn = rng.uniform(*spec.support, 2), rng.uniform(-0.15, 0.15, 2), rng.uniform(0, np.pi)
    y, x = y - centre[0], x - centre[1]
    along, across = np.cos(turn) * y + np.sin(turn) * x, np.cos(turn) * x - np.sin(turn) * y
    radius = np.hypot(along / height, across / width)
    return radius <= 1, radius <= _MARGIN


def simulate_phase(size: tuple[int, int], spec: CoilSimulation, rng: np.random.Generator) -> np.ndarray:
    """Draw a smooth phase, as C. Ouyang et al., arXiv 1902.10815, 2019, give it to photographs; its form is ours.

    Args:
        size: ``(height, width)``.
        spec: What is drawn, and from what range.
        rng: Where the random numbers come from.

    Returns:
        complex64 ``(height, width)``, of modulus 1.
    """
    y, x = _grid(size)
    phase = np.full(size, rng.uniform(0, 2 * np.pi))
    for _ in range(spec.waves):
        frequency = rng.uniform(-0.75, 0.75, 2)  # periods in half a field of view
        wave = np.cos(2 * np.pi * (frequency[0] * y + frequency[1] * x + rng.random()))
        phase += rng.uniform(0, spec.phase) * wave
    ramp = np.pi * rng.uniform(-spec.ramp, spec.ramp, 2)
    return np.exp(1j * (phase + ramp[0] * y + ramp[1] * x)).astype(np.complex64)


def simulate_structure(image: np.ndarray, spec: CoilSimulation, rng: np.random.Generator) -> np.ndarray:
    """Draw a phase that is a random wave of the magnitude, so that its edges are those of the image; the form is ours.

    Args:
        image: Magnitudes ``(height, width)``.
        spec: Its ``structure`` is the largest amplitude.
        rng: Where the random numbers come from; none is drawn where ``structure`` is 0.

    Returns:
        complex64 ``(height, width)``, of modulus 1.
    """
    if not spec.structure:
        return np.ones(image.shape, np.complex64)
    share = image / max(float(image.max()), 1e-30)
    wave = np.cos(2 * np.pi * (rng.uniform(0.25, 1.5) * share + rng.random()))
    return np.exp(1j * rng.uniform(0, spec.structure) * wave).astype(np.complex64)


def draw_noise(spec: CoilSimulation, rng: np.random.Generator) -> float:
    """Draw the standard deviation of the noise of an image ``(height, width)`` of maximum 1.

    Args:
        spec: Its range.
        rng: Where the random number comes from.
    """
    return float(np.exp(rng.uniform(*np.log(spec.noise))))


def complex_noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draw complex noise of variance 1.

    Args:
        shape: Of the array, such as ``(coils, height, width)``.
        rng: Where the random numbers come from.

    Returns:
        complex64 of the shape.
    """
    parts = rng.standard_normal((*shape, 2), np.float32) / np.float32(np.sqrt(2))
    return parts.view(np.complex64)[..., 0]


def _grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of every pixel, in half fields of view from the centre."""
    y, x = ((np.arange(n) - n // 2) / (n / 2) for n in size)
    return np.broadcast_arrays(y[:, None], x[None, :])
