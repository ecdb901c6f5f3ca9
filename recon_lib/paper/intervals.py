"""Differences between reconstructions of the same slices: an estimate, a bootstrap interval over subjects, a verdict.

Slices of one person are alike, so the interval resamples people, not slices: with few test subjects it is coarse,
and no narrower than they allow. Every network sees the same slices through the same masks, so differences are
taken slice by slice before they are averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

_RESAMPLES, _SEED, _LEVEL = 2000, 1710, 0.95


class Outcome(StrEnum):
    """What became of a claim; the value is the word that a page shows."""

    HOLDS = "holds"
    NOISE = "within noise"
    DIFFERS = "differs"
    UNTESTED = "not testable here"


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
    LEAD_OVER_BEST_CS_SSIM = "the same in SSIM"
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
    """

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: Unit = Unit.DECIBEL
    digits: int = 2
    quantity: Quantity | None = None


@dataclass(frozen=True)
class Verdict:
    """The outcome for one contrast.

    Attributes:
        test_domain: The contrast that was tested.
        outcome: Whether the claim holds there.
        estimate: The number the claim is about; NaN if it was not testable.
        low: Lower end of its 95 % interval over subjects; NaN for a number that is not about subjects.
        high: Upper end.
        note: What the number is, or why there is none.
        unit: The number's.
        quantity: Which number it is; ``None`` if it was not testable.
        others: Numbers that belong to it and that the page shows too.
    """

    test_domain: str
    outcome: Outcome
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""
    unit: Unit = Unit.DECIBEL
    quantity: Quantity | None = None
    others: tuple[Estimate, ...] = ()

    @property
    def tested(self) -> bool:
        """Whether there was something to test the claim on."""
        return self.outcome is not Outcome.UNTESTED


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
    grouped = values.groupby(level="subject", sort=True)
    sums, counts = grouped.sum().to_numpy(), grouped.size().to_numpy()
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(len(counts), size=(_RESAMPLES, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1, keepdims=True)
    resampled = np.asarray(statistic(means.T))
    if resampled.shape != (_RESAMPLES,):
        raise ValueError("A statistic of means works along the first axis: say axis=0.")
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(statistic(values.mean().to_numpy())), float(low), float(high)


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


def above(low: float, high: float, threshold: float) -> Outcome:
    """Judge whether an interval lies above a threshold.

    Args:
        low: Lower end of the interval.
        high: Upper end.
        threshold: In the interval's unit. An interval that ends on it is not beyond it.

    Returns:
        Holds if all of it lies above, differs if all of it lies below, and within noise otherwise.
    """
    if low > threshold:
        return Outcome.HOLDS
    return Outcome.DIFFERS if high < threshold else Outcome.NOISE


def below(low: float, high: float, threshold: float) -> Outcome:
    """Judge whether an interval lies at or below a threshold.

    Args:
        low: Lower end of the interval.
        high: Upper end.
        threshold: In the interval's unit. An interval whose upper end is on it still holds.

    Returns:
        Holds if nothing of it lies above, differs if all of it lies above, and within noise otherwise.
    """
    if high <= threshold:
        return Outcome.HOLDS
    return Outcome.DIFFERS if low > threshold else Outcome.NOISE


def combine(*outcomes: Outcome) -> Outcome:
    """Judge a claim of several parts: it holds if all hold, and differs if one does."""
    if Outcome.DIFFERS in outcomes:
        return Outcome.DIFFERS
    return Outcome.HOLDS if set(outcomes) == {Outcome.HOLDS} else Outcome.NOISE
