"""Differences between reconstructions of the same slices: estimates with intervals over subjects.

Slices of one person are alike, so people are the units, not slices. There are two intervals. The bootstrap draws
people anew: with four of them it is too narrow, since it never sees a fifth. Student's t over the means of the
subjects allows for so few, and is what a verdict is judged by. Every network sees the same slices through the same
masks, so differences are taken slice by slice before they are averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

_RESAMPLES, _SEED, _LEVEL = 2000, 1710, 0.95
_STEP = 1e-8  # of a numerical derivative; the statistics are linear but for kinks
_APART = 1e-6  # columns of equal means are moved apart by so much, so that one of them is the best


class Unit(StrEnum):
    """The unit of a number; the value is what a page shows behind it."""

    DECIBEL = "dB"
    NONE = ""
    TIMES = "times"
    MILLISECONDS = "ms"

    @property
    def is_difference(self) -> bool:
        """Whether numbers of this unit are differences (of PSNR or SSIM), which carry their sign."""
        return self in (Unit.DECIBEL, Unit.NONE)


class Measure(StrEnum):
    """The quantities that claims are about."""

    OWN_LEAD = "lead of the test contrast's own network over the next best"
    LEAD_OVER_NETWORK = "lead of the test contrast's own network over another"
    TUNED_SPREAD = "spread of the three networks, tuned"
    RAW_SPREAD = "spread of the three networks, as trained"
    FEW_IMAGES_DISTANCE = "distance of photographs and few images from the test contrast's own network"
    LEAD_OVER_BEST_CS = "lead of the worst network over the best compressed sensing"
    LEAD_OVER_CS = "lead of the worst network over one variant of compressed sensing"
    GAIN_LOST = "gain of more training images that tuning takes away"
    GAIN = "gain of more training images"
    SMALLEST_GAIN = "smallest gain from one number of training images to the next"
    TIME_RATIO = "time of compressed sensing over that of the network"
    NETWORK_TIME = "time of the network"
    CS_TIME = "time of compressed sensing"
    FASTEST_TIME_RATIO = "time of the fastest compressed sensing over that of the network"


@dataclass(frozen=True)
class Quantity:
    """Which number an estimate is: two estimates of one quantity can stand beside each other.

    Attributes:
        measure: What is measured.
        detail: Of which networks, methods and numbers of images, where there are several.
    """

    measure: Measure
    detail: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        label: What it is, in words.
        value: The number.
        low: Lower end of its 95 % interval over subjects; NaN if it has none.
        high: Upper end.
        unit: Its unit.
        digits: How many are shown after the decimal point.
        quantity: Which number it is; ``None`` for one that is compared with no other.
        resampled: Ends of the bootstrap's 95 % interval, where ``low`` and ``high`` are of another.
        by_subject: The same number of each subject alone, where it was taken.
    """

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: Unit = Unit.DECIBEL
    digits: int = 2
    quantity: Quantity | None = None
    resampled: tuple[float, float] | None = None
    by_subject: tuple[tuple[str, float], ...] = ()


def estimate(
    values: pandas.DataFrame,
    statistic: Callable[[np.ndarray], float | np.ndarray],
    label: str,
    *,
    quantity: Quantity | None = None,
    unit: Unit = Unit.DECIBEL,
    digits: int = 2,
) -> Estimate:
    """Estimate a statistic of slice means with both intervals over subjects.

    Args:
        values: As :func:`bootstrap`.
        statistic: As :func:`bootstrap`.
        label: What the number is, in words.
        quantity: Which number it is.
        unit: Its unit.
        digits: How many are shown after the decimal point.

    Returns:
        The estimate over all slices, with the interval of :func:`over_subjects` and the bootstrap's beside it.
    """
    value, *resampled = bootstrap(values, statistic)
    low, high, by_subject = over_subjects(values, statistic)
    return Estimate(label, value, low, high, unit, digits, quantity, tuple(resampled), tuple(by_subject.items()))


def over_subjects(
    values: pandas.DataFrame, statistic: Callable[[np.ndarray], float | np.ndarray]
) -> tuple[float, float, dict[str, float]]:
    """Give a statistic an interval by Student's t over the means of the subjects (Student, Biometrika 6:1, 1908).

    A statistic such as a spread chooses between columns (the best and the worst). Which ones they are is decided by all
    slices together, and each subject's number is taken of these: its own best and worst would make every spread
    look larger. For this the statistic is replaced by its slope at the means over all slices, which is exact for
    differences, smallest and largest ones.

    Args:
        values: As :func:`bootstrap`.
        statistic: As :func:`bootstrap`; piecewise linear.

    Returns:
        The ends of the 95 % interval, about the mean of the subjects' numbers, and these numbers by subject. One
        subject allows no interval: its ends are infinite.
    """
    from scipy.special import stdtrit

    subjects, sums, counts = _by_subject(values)
    centre = sums.sum(axis=0) / counts.sum() + _APART * np.arange(values.shape[1])
    steps = _STEP * np.eye(len(centre))
    slope = (statistic(centre[:, None] + steps) - statistic(centre[:, None] - steps)) / (2 * _STEP)
    numbers = sums / counts[:, None] @ slope
    by_subject = dict(zip(subjects, map(float, numbers), strict=True))
    if len(numbers) < 2:
        return float("-inf"), float("inf"), by_subject
    half = stdtrit(len(numbers) - 1, (1 + _LEVEL) / 2) * numbers.std(ddof=1) / np.sqrt(len(numbers))
    return float(numbers.mean() - half), float(numbers.mean() + half), by_subject


def bootstrap(
    values: pandas.DataFrame, statistic: Callable[[np.ndarray], float | np.ndarray]
) -> tuple[float, float, float]:
    """Estimate a statistic of slice means with an interval over subjects.

    The interval is the percentile bootstrap's (Efron and Tibshirani 1993, chapter 13), with subjects as the units.

    Args:
        values: One row a slice, indexed by ``(subject, slice)``, one column a quantity.
        statistic: From the columns' means over all slices, an array whose first axis is the columns, to a number;
            a second axis, the resamples, stays.

    Returns:
        The estimate and the ends of its 95 % percentile interval: subjects are drawn with replacement, with all
        their slices, 2000 times from a fixed seed.

    Raises:
        ValueError: The statistic does not work along the first axis alone.
    """
    _, sums, counts = _by_subject(values)
    times = _times_drawn(len(counts))
    resampled = np.asarray(statistic((times @ sums / (times @ counts)[:, None]).T))
    if resampled.shape != (_RESAMPLES,):
        raise ValueError("A statistic of means works along the first axis: say axis=0.")
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(statistic(sums.sum(axis=0) / counts.sum())), float(low), float(high)


def _by_subject(values: pandas.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the subjects in order, the sum of each quantity over the slices of each, and their numbers of slices."""
    level = values.index.names.index("subject")
    names, codes = values.index.levels[level], np.asarray(values.index.codes[level])
    present = sorted(np.unique(codes), key=lambda code: names[code])
    is_of = codes == np.array(present)[:, None]  # a row a subject, a column a slice
    return [str(names[code]) for code in present], is_of @ values.to_numpy(), is_of.sum(axis=1)


@cache
def _times_drawn(subjects: int) -> np.ndarray:
    """Count how often each subject is drawn in each resample, an array (resamples, subjects)."""
    drawn = np.random.default_rng(_SEED).integers(subjects, size=(_RESAMPLES, subjects))
    times = np.zeros((_RESAMPLES, subjects))
    np.add.at(times, (np.arange(_RESAMPLES)[:, None], drawn), 1)
    return times


def side_by_side(*columns: pandas.Series | None) -> pandas.DataFrame | None:
    """Join quantities by slice.

    Args:
        *columns: Each indexed by ``(subject, slice)``, or ``None`` for what was not run.

    Returns:
        One column each, numbered from 0, on the slices that all of them have; ``None`` if one is missing or no
        slice is common.
    """
    import pandas

    if not columns or any(column is None for column in columns):
        return None
    joined = pandas.concat(columns, axis=1, join="inner", keys=range(len(columns)))
    return joined if len(joined) else None
