"""Intervals resample people, verdicts follow them, and an interval that ends on its threshold is not beyond it."""

import numpy as np
import pandas as pd
import pytest

from recon_lib.paper import intervals
from recon_lib.paper.intervals import Outcome, Unit


def by_slice(values):
    index = pd.MultiIndex.from_tuples([(s, i) for s, i, _ in values], names=["subject", "slice"])
    return pd.DataFrame({0: [v for *_, v in values]}, index=index)


def test_the_interval_resamples_people_and_not_slices():
    # Within a subject all slices agree; two subjects at 0 and 1. Resampled means are 0, 1/2 and 1 only.
    values = by_slice([(s, i, v) for s, v in (("a", 0.0), ("b", 1.0)) for i in range(100)])
    estimate, low, high = intervals.bootstrap(values, lambda mean: mean[0])
    assert (estimate, low, high) == (0.5, 0.0, 1.0)


def test_a_subject_counts_by_its_slices():
    values = by_slice([("a", i, 1.0) for i in range(3)] + [("b", 0, 0.0)])
    assert intervals.bootstrap(values, lambda mean: mean[0]) == (0.75, 0.0, 1.0)


def test_the_interval_is_the_same_every_time_and_agrees_with_theory():
    rng = np.random.default_rng(3)
    values = by_slice([(f"{s:03d}", 0, v) for s, v in enumerate(rng.standard_normal(200))])
    first = intervals.bootstrap(values, lambda mean: mean[0])
    assert first == intervals.bootstrap(values, lambda mean: mean[0])
    assert first[2] - first[1] == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.15)


def test_a_statistic_that_mixes_resamples_is_refused():
    with pytest.raises(ValueError, match="axis=0"):
        intervals.bootstrap(by_slice([("a", 0, 1.0), ("b", 0, 2.0)]), lambda mean: mean.max())


@pytest.mark.parametrize(
    ("low", "high", "over", "under"),
    [(0.1, 0.2, "holds", "differs"), (-0.2, -0.1, "differs", "holds"), (-0.1, 0.1, "within noise", "within noise")],
)
def test_verdicts_follow_the_interval(low, high, over, under):
    assert intervals.above(low, high, 0.0) == over
    assert intervals.below(low, high, 0.0) == under


def test_parts_decide_together():
    assert intervals.combine("holds", "holds") == "holds"
    assert intervals.combine("holds", "within noise") == "within noise"
    assert intervals.combine("within noise", "differs") == "differs"


@pytest.mark.parametrize(
    ("low", "high", "over", "under"),
    [
        (0.5, 0.8, "within noise", "within noise"),  # begins on the threshold: not beyond it on either side
        (0.2, 0.5, "within noise", "holds"),  # ends on it: at the threshold is still within a tolerance
        (0.5, 0.5, "within noise", "holds"),
        (np.nextafter(0.5, 1), 0.8, "holds", "differs"),
        (0.2, np.nextafter(0.5, 0), "differs", "holds"),
        (0.2, np.nextafter(0.5, 1), "within noise", "within noise"),
    ],
)
def test_an_interval_that_ends_on_its_threshold_is_not_beyond_it(low, high, over, under):
    assert intervals.above(low, high, 0.5) == over
    assert intervals.below(low, high, 0.5) == under


def test_what_is_shown_is_the_value_of_the_enum():
    assert [f"{outcome}" for outcome in Outcome] == ["holds", "within noise", "differs", "not testable here"]
    assert [unit for unit in Unit if unit.is_difference] == ["dB", ""]


def test_columns_are_joined_on_the_slices_that_all_have():
    left = by_slice([("a", 0, 1.0), ("a", 1, 2.0), ("b", 0, 3.0)])[0]
    right = by_slice([("a", 1, 20.0), ("b", 0, 30.0), ("c", 0, 40.0)])[0]
    assert intervals.side_by_side(left, right).to_numpy().tolist() == [[2.0, 20.0], [3.0, 30.0]]
    assert intervals.side_by_side(left, None) is None
    assert intervals.side_by_side(left.iloc[:1], right) is None
    assert intervals.side_by_side() is None
