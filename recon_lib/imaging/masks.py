r"""Variable-density Poisson-disc sampling masks with a fully sampled calibration block.

With normalised frequency ``rho`` (1 at the middle of an edge, sqrt(2) in the corners, which are
sampled unless ``corners`` is false) and the calibration block's edge at ``rho_c``, points repel each other within

.. math:: r(\rho) = 1 + s \, \max(0, \rho - \rho_c)^{p}

k-space samples; on the grid ``r^2`` is rounded to an integer at random, dart by dart (``dither``). The strength
``s`` is found once for each size by bisection, so that darts thrown until nothing more fits sample a
little more than asked; the excess is then taken away at random, so each mask has the asked number of
samples, calibration included, and any two of its samples outside the block keep a squared distance of
at least ``floor(min(r_1, r_2)^2)``. Darts that sample too little are thrown again with ``s`` lowered by a
hundredth. In the spirit of the SPIRiT toolbox's vdPoisMex (M. Lustig).
"""

from __future__ import annotations

import functools
import math
from dataclasses import asdict, dataclass

import numpy as np

from recon_lib.core.errors import ReconError, choose
from recon_lib.core.strict_yaml import without_defaults

MASK_SETS = ("train", "test")
REFERENCE_MATRIX = 256
"""The calibration block is stated on this matrix and scaled with the image's."""
KINDS = ("power", "calibration", "corners", "dither")  # These fields name the kind of masks, whichever is drawn.
_VOLLEY = 1024  # Darts of one volley that land at blocked points are left out together.
_EXCESS = 1.01  # Darts go beyond the target: a random trim is faster than a bisection for each mask.


@dataclass(frozen=True)
class MaskSpec:
    """What decides a mask, apart from its size, set and index.

    Source: SPIRiT's ``vdPoisMex`` (M. Lustig, J. Pauly, Magn Reson Med 64:457-71, 2010), whose distances grow so.

    Attributes:
        acceleration: Grid points over sampled points, calibration included.
        power: The power ``p`` with which the minimum distance grows.
        calibration: Side of the fully sampled block on a 256 grid, scaled with the matrix.
        seed: Chooses another family of masks.
        corners: Sample the whole grid; if false, only the ellipse ``rho <= 1`` that touches its edges, at the
            same acceleration: grid points outside it count as not sampled.
        dither: Round squared distances to integers at random, so that the density falls smoothly; if false, every
            distance holds to the last digit, and the density falls in steps.

    Raises:
        ReconError: The acceleration is below 1, or a value is negative, infinite or not a number.
    """

    acceleration: float = 4.0
    power: float = 2.0
    calibration: int = 24
    seed: int = 0
    corners: bool = True
    dither: bool = True

    def as_dict(self) -> dict:
        """Return the fields by name; the later two only where they are not the default.

        A run is known by this mapping, so a field that came later must not rename the runs before it.
        """
        return without_defaults(MaskSpec, asdict(self), ("corners", "dither"))

    def __post_init__(self) -> None:
        """Check the values that no mask can have."""
        if not 1 <= self.acceleration < np.inf:
            raise ReconError(f"An acceleration of {self.acceleration} is impossible: make it 1 or more, and finite.")
        if not 0 <= self.power < np.inf or self.calibration < 0 or self.seed < 0:
            raise ReconError(
                "A mask's power, calibration and seed are 0 or more, and finite: "
                f"power {self.power}, calibration {self.calibration}, seed {self.seed}."
            )


def poisson_disc_mask(
    size: tuple[int, int], index: int, mask_set: str = "train", spec: MaskSpec | None = None
) -> np.ndarray:
    """Draw one mask: the points ``k`` in Omega of eq. 6-8.

    Source: dart throwing with a minimum distance (R. Cook, ACM Trans. Graph. 5:51-72, 1986) that varies as in the
    module's formula.

    Args:
        size: ``(height, width)`` of k-space.
        index: Which mask of the set; every index gives another mask.
        mask_set: ``"train"`` or ``"test"``, two families that share no mask.
        spec: Acceleration, power, calibration and seed; the paper's by default.

    Returns:
        Boolean array of shape ``size``, zero frequency at ``(height // 2, width // 2)``, with
        ``round(height * width / acceleration)`` true points.

    Raises:
        ReconError: The size, index or set is not valid, or no mask reaches the acceleration (below
            1, or more than the calibration block alone allows).
    """
    spec = spec or MaskSpec()
    choose("mask set", mask_set, MASK_SETS)
    if len(size) != 2 or min(size) < 4:
        raise ReconError(f"A mask needs two sides of at least 4 points, not {size}.")
    if index < 0:
        raise ReconError(f"The index of a mask cannot be negative, not {index}.")
    size = (int(size[0]), int(size[1]))
    target = _target(size, spec)
    block = calibration_block(size, spec)
    strength = _strength(size, spec)
    entropy = [spec.seed, MASK_SETS.index(mask_set), size[0], size[1], index]
    rng = np.random.default_rng(entropy)
    for _ in range(50):
        mask = _throw_darts(size, spec, strength, rng)
        excess = int(mask.sum()) - target
        if excess >= 0:
            removable = np.flatnonzero(mask & ~block)
            mask.flat[rng.choice(removable, excess, replace=False)] = False
            return mask
        strength *= 0.99
    raise ReconError(f"No mask of {size[0]}x{size[1]} reaches an acceleration of {spec.acceleration}.")


def mask_stack(size: tuple[int, int], count: int, mask_set: str = "train", spec: MaskSpec | None = None) -> np.ndarray:
    """Draw the masks ``0 .. count - 1`` of a set.

    Args:
        size: ``(height, width)`` of k-space.
        count: How many masks.
        mask_set: ``"train"`` or ``"test"``.
        spec: Acceleration, power, calibration and seed.

    Returns:
        Boolean array of shape ``(count, height, width)``.

    Raises:
        ReconError: ``count`` is below 1, or as for :func:`poisson_disc_mask`.
    """
    if count < 1:
        raise ReconError(f"{count} masks were asked for: ask for at least 1.")
    return np.stack([poisson_disc_mask(size, index, mask_set, spec) for index in range(count)])


def assign_masks(n_images: int, n_masks: int, seed: int) -> np.ndarray:
    """Map images to masks: shuffled, and every mask used equally often to within one.

    Args:
        n_images: Number of images.
        n_masks: Number of masks in the set.
        seed: Chooses the shuffle.

    Returns:
        Integer array of shape ``(n_images,)`` with values in ``0 .. n_masks - 1``.
    """
    rng = np.random.default_rng([seed, n_images, n_masks])
    rounds = [rng.permutation(n_masks) for _ in range(-(-n_images // n_masks))]
    return np.concatenate(rounds)[:n_images] if rounds else np.zeros(0, dtype=int)


def minimum_distance(size: tuple[int, int], spec: MaskSpec | None = None, strength: float | None = None) -> np.ndarray:
    """Return the distance ``r`` that a sample keeps to others, at every k-space point (the module's formula).

    Args:
        size: ``(height, width)``.
        spec: Acceleration, power, calibration and seed.
        strength: ``s``; the one found for this size and specification by default.

    Returns:
        Array of shape ``size``, in k-space samples; 1 inside the calibration block's radius, where
        a distance of 1 excludes nothing but the point itself.
    """
    spec = spec or MaskSpec()
    strength = _strength(size, spec) if strength is None else strength
    return 1.0 + strength * np.maximum(0.0, _radius(size) - spec.calibration / REFERENCE_MATRIX) ** spec.power


def calibration_block(size: tuple[int, int], spec: MaskSpec | None = None) -> np.ndarray:
    """Return the fully sampled centre.

    Args:
        size: ``(height, width)``.
        spec: Its ``calibration`` is the block's side on a 256 grid.

    Returns:
        Boolean array of shape ``size``.
    """
    spec = spec or MaskSpec()
    block = np.zeros(size, dtype=bool)
    sides = [min(n, max(0, round(spec.calibration * n / REFERENCE_MATRIX))) for n in size]
    starts = [n // 2 - side // 2 for n, side in zip(size, sides, strict=True)]
    block[starts[0] : starts[0] + sides[0], starts[1] : starts[1] + sides[1]] = True
    return block


def _radius(size: tuple[int, int]) -> np.ndarray:
    ky, kx = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in size)
    return np.hypot(ky[:, None], kx[None, :])


def _support(size: tuple[int, int], spec: MaskSpec) -> np.ndarray:
    """Return where darts may land, the calibration block included."""
    return np.full(size, True) if spec.corners else (_radius(size) <= 1) | calibration_block(size, spec)


def _target(size: tuple[int, int], spec: MaskSpec) -> int:
    grid = size[0] * size[1]
    target = round(grid / spec.acceleration)
    least, most = int(calibration_block(size, spec).sum()), int(_support(size, spec).sum())
    if target > most:
        raise ReconError(
            f"An acceleration of {spec.acceleration} needs {target} of {grid} samples, but there are {most} without "
            "the corners: raise the acceleration or sample the corners."
        )
    if target < max(least, 1):
        raise ReconError(
            f"An acceleration of {spec.acceleration} leaves {target} of {grid} samples, fewer than the "
            f"calibration block's {least}: lower the acceleration or the calibration."
        )
    return target


@functools.lru_cache(maxsize=64)
def _strength(size: tuple[int, int], spec: MaskSpec) -> float:
    """Bisect for the ``s`` at which darts fill to just above the target."""
    target = _target(size, spec)
    samples = min(_EXCESS * target, _support(size, spec).sum())

    def filled(strength: float) -> float:
        rng = np.random.default_rng([spec.seed, 2, *size])
        return float(np.mean([_throw_darts(size, spec, strength, rng).sum() for _ in range(2)]))

    low, high = 0.0, 1.0
    if filled(low) <= samples:
        return low
    while filled(high) > samples:
        low, high = high, 2 * high
        if high > 4 * max(size):
            raise ReconError(
                f"No Poisson-disc mask of {size[0]}x{size[1]} reaches an acceleration of {spec.acceleration}: lower it."
            )
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if filled(middle) > samples else (low, middle)
    return low


def _throw_darts(size: tuple[int, int], spec: MaskSpec, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Throw a dart at every point in random order; a dart that lands blocks the disc around it."""
    distance = _squared_distance(size, spec, strength)
    margin = int(np.ceil(np.sqrt(distance.max()))) + 1
    width = size[1] + 2 * margin
    points = (np.arange(size[0])[:, None] + margin) * width + np.arange(size[1])[None, :] + margin
    # Squared distances on a grid are integers, so r^2 is rounded to one: at random, or the density would
    # fall in steps (half of the samples lost as soon as r exceeds 1) and the power would hardly matter.
    squared = (np.floor(distance + rng.random(size)) if spec.dither else np.ceil(distance)).astype(int)
    discs = _discs(int(squared.max()), width)
    block = calibration_block(size, spec)
    order = rng.permutation(np.flatnonzero(~block & _support(size, spec)))
    places, classes = points.reshape(-1)[order], squared.reshape(-1)[order]
    # A bytearray is faster than an array where single bytes are read and rows of them are written.
    blocked = bytearray((size[0] + 2 * margin) * width)
    blocked_array = np.frombuffer(blocked, np.uint8)
    hits = []
    for start in range(0, len(places), _VOLLEY):
        volley = slice(start, start + _VOLLEY)
        free = blocked_array[places[volley]] == 0  # Most of a later volley is blocked, and left out in one go.
        for place, cls in zip(places[volley][free].tolist(), classes[volley][free].tolist(), strict=True):
            if not blocked[place]:
                hits.append(place)
                for begin, end, row in discs[cls]:
                    blocked[place + begin : place + end] = row
    sampled = np.zeros((size[0] + 2 * margin, width), dtype=bool)
    sampled.reshape(-1)[hits] = True
    return block | sampled[margin : margin + size[0], margin : margin + size[1]]


@functools.lru_cache(maxsize=4)
def _squared_distance(size: tuple[int, int], spec: MaskSpec, strength: float) -> np.ndarray:
    return minimum_distance(size, spec, strength) ** 2


@functools.lru_cache(maxsize=16)
def _discs(largest: int, width: int) -> list[list[tuple[int, int, bytes]]]:
    """List, for each integer ``c``, the rows of the points whose squared length is below ``c``.

    A row is its first and last offset in a flat array, the last one excluded, and as many ones; a disc of the
    point alone has none, because no dart is thrown there again.
    """
    discs: list[list[tuple[int, int, bytes]]] = [[], []]
    for c in range(2, largest + 1):
        reach = math.isqrt(c - 1)
        sides = [(dy, math.isqrt(c - 1 - dy * dy)) for dy in range(-reach, reach + 1)]
        discs.append([(dy * width - dx, dy * width + dx + 1, b"\1" * (2 * dx + 1)) for dy, dx in sides])
    return discs
