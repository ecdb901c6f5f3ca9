"""Differences between reconstructions of the same slices: an estimate, a bootstrap interval over subjects, a verdict.

Slices of one person are alike, so the interval resamples people, not slices: with few test subjects it is coarse,
and no narrower than they allow. Every network sees the same slices through the same masks, so differences are
taken slice by slice before they are averaged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas

HOLDS, NOISE, DIFFERS, UNTESTED = "holds", "within noise", "differs", "not testable here"
_RESAMPLES, _SEED, _LEVEL = 2000, 1710, 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes:
        what: What it is, in words.
        value: The number.
        low: Lower end of its 95 % interval over subjects; NaN if it has none.
        high: Upper end.
        unit: ``"dB"``, or another.
        digits: After the point, when it is shown.
    """

    what: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: str = "dB"
    digits: int = 2


@dataclass(frozen=True)
class Verdict:
    """The outcome for one contrast.

    Attributes:
        test_domain: Where it was tested, ``t1`` or ``t2``.
        verdict: ``holds``, ``within noise``, ``differs`` or ``not testable here``.
        estimate: The number the claim is about; NaN if it was not testable.
        low: Lower end of its 95 % interval over subjects; NaN for a number that is not about subjects.
        high: Upper end.
        note: What the number is, or why there is none.
        unit: The number's: ``"dB"``, or ``"times"``.
        others: Numbers that belong to it and that the page shows too.
    """

    test_domain: str
    verdict: str
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""
    unit: str = "dB"
    others: tuple[Estimate, ...] = ()


def bootstrap(
    values: pandas.DataFrame, statistic: Callable[[np.ndarray], float | np.ndarray]
) -> tuple[float, float, float]:
    """Estimate a statistic of slice means with an interval over subjects.

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


def above(low: float, high: float, threshold: float) -> str:
    """Judge whether an interval lies above a threshold: holds, differs (below it), or within noise (across)."""
    if low > threshold:
        return HOLDS
    return DIFFERS if high < threshold else NOISE


def below(low: float, high: float, threshold: float) -> str:
    """Judge whether an interval lies at or below a threshold."""
    if high <= threshold:
        return HOLDS
    return DIFFERS if low > threshold else NOISE


def both(*verdicts: str) -> str:
    """Judge a claim of several parts: it holds if all hold, and differs if one does."""
    if DIFFERS in verdicts:
        return DIFFERS
    return HOLDS if set(verdicts) == {HOLDS} else NOISE
