"""How numbers are stored: integer type, slope and intercept of a file, and the rounding that a volume takes there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STEPS = 500
"""A file's own steps are kept if the brightest voxel has at least so many of them: half a step is then 0.1 % of it."""
_EXACT = 2**24  # float32 holds all whole numbers up to here


@dataclass(frozen=True)
class Storage:
    """The integers of a file: ``value = slope * stored + intercept``.

    Attributes:
        dtype: Integer type in the machine's byte order.
        slope: Not zero; ``None`` if it is not the same everywhere in the file.
        intercept: In the file's intensity units.
    """

    dtype: np.dtype
    slope: float | None = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, eq=False)
class Stored:
    """A volume as it is written: integers with slope and intercept, or float32 with 1 and 0.

    Attributes:
        array: What is written.
        slope: Value of a step.
        intercept: Value of a stored zero.
    """

    array: np.ndarray
    slope: float = 1.0
    intercept: float = 0.0

    def facts(self) -> dict[str, object]:
        """Return type, slope, intercept and the largest rounding error, half a step, for the record."""
        if self.array.dtype.kind == "f":
            return {"type": str(self.array.dtype)}
        return {
            "type": str(self.array.dtype),
            "slope": self.slope,
            "intercept": self.intercept,
            "largest rounding error": abs(self.slope) / 2,
        }


def store(volume: np.ndarray, storage: Storage | None, represent: Callable[[float], float] | None) -> Stored:
    """Round a volume to the integers of its scan's file.

    The file's own slope and intercept are kept where the values fit and have :data:`STEPS`; else the slope makes the
    brightest voxel the largest integer. No voxel changes by more than half a step.

    Args:
        volume: float32 in the file's intensity units, not negative.
        storage: Of the scan's file; ``None`` for floats.
        represent: Returns a slope as the output's header can hold it; ``None`` if it has no room for one: then a
            volume whose whole numbers are too coarse stays float32.

    Returns:
        What to write.
    """
    if storage is None:
        return Stored(volume)
    limits = np.iinfo(storage.dtype)
    peak = float(volume.max())
    own = storage.slope is not None and (represent is not None or (storage.slope, storage.intercept) == (1.0, 0.0))
    if own:
        slope, intercept = float(storage.slope), storage.intercept
        ends = sorted((value - intercept) / slope for value in (float(volume.min()), peak))
        if limits.min <= ends[0] and ends[1] <= limits.max and peak >= STEPS * abs(slope):
            return _rounded(volume, storage.dtype, slope, intercept)
    if represent is None:
        return Stored(volume)
    slope = represent(peak / min(limits.max, _EXACT) * (1 + 1e-6)) if peak else 1.0
    return _rounded(volume, storage.dtype, slope, 0.0)


def _rounded(volume: np.ndarray, dtype: np.dtype, slope: float, intercept: float) -> Stored:
    limits = np.iinfo(dtype)
    stored = np.rint((volume.astype(np.float64) - intercept) / slope)
    return Stored(np.clip(stored, limits.min, limits.max).astype(dtype), slope, intercept)
