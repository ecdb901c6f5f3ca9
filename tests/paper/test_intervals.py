"""Intervals are over people: the bootstrap resamples them, Student's t allows for how few they are."""

import numpy as np
import pandas as pd
import pytest

from recon_lib.paper import intervals
from recon_lib.paper.intervals import Unit


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


def test_differences_carry_their_sign():
    assert [unit for unit in Unit if unit.is_difference] == ["dB", ""]


def test_columns_are_joined_on_the_slices_that_all_have():
    left = by_slice([("a", 0, 1.0), ("a", 1, 2.0), ("b", 0, 3.0)])[0]
    right = by_slice([("a", 1, 20.0), ("b", 0, 30.0), ("c", 0, 40.0)])[0]
    assert intervals.side_by_side(left, right).to_numpy().tolist() == [[2.0, 20.0], [3.0, 30.0]]
    assert intervals.side_by_side(left, None) is None
    assert intervals.side_by_side(left.iloc[:1], right) is None
    assert intervals.side_by_side() is None


FOUR = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 6.0)]


def test_the_interval_over_subjects_by_hand():
    # Means 1, 2, 3, 6: mean 3, variance 14 / 3, standard error sqrt(14 / 12); t of 3 degrees of freedom is 3.18245.
    values = by_slice([(subject, i, v + e) for subject, v in FOUR for i, e in enumerate((-0.5, 0.0, 0.5))])
    low, high, by_subject = intervals.over_subjects(values, lambda mean: mean[0])
    half = 3.18245 * np.sqrt(14 / 12)
    assert (low, high) == pytest.approx((3 - half, 3 + half), abs=1e-4)
    assert by_subject == pytest.approx(dict(FOUR))


def test_four_subjects_are_given_more_room_than_the_bootstrap_gives_them():
    number = intervals.estimate(by_slice([(s, 0, v) for s, v in FOUR]), lambda mean: mean[0], "a mean")
    assert number.value == 3.0
    assert number.resampled == intervals.bootstrap(by_slice([(s, 0, v) for s, v in FOUR]), lambda mean: mean[0])[1:]
    assert number.low < number.resampled[0] < number.resampled[1] < number.high
    assert [name for name, _ in number.by_subject] == list("abcd")


def test_all_slices_decide_which_columns_a_spread_is_between():
    # Over all, the second column is best and the third worst; subject b has it the other way round, and counts as that.
    index = pd.MultiIndex.from_tuples([(s, 0) for s in "abc"], names=["subject", "slice"])
    values = pd.DataFrame([[1.5, 3.0, 0.0], [1.5, 0.0, 2.0], [1.5, 4.0, 1.0]], index=index)
    low, high, by_subject = intervals.over_subjects(values, lambda mean: np.ptp(mean, axis=0))
    assert by_subject == pytest.approx({"a": 3.0, "b": -2.0, "c": 3.0})
    assert low < 4 / 3 < high


def test_columns_of_equal_means_count_once():
    # The least of three equal columns, less a fourth: whichever column is the least, a subject's number is -1.
    index = pd.MultiIndex.from_tuples([(s, 0) for s in "ab"], names=["subject", "slice"])
    values = pd.DataFrame([[2.0, 2.0, 2.0, 3.0], [5.0, 5.0, 5.0, 6.0]], index=index)
    low, high, by_subject = intervals.over_subjects(values, lambda mean: mean[:3].min(axis=0) - mean[3])
    assert by_subject == pytest.approx({"a": -1.0, "b": -1.0}, abs=1e-5)
    assert (low, high) == pytest.approx((-1.0, -1.0), abs=1e-4)


def test_slices_of_a_subject_do_not_narrow_the_interval():
    once = intervals.over_subjects(by_slice([(s, 0, v) for s, v in FOUR]), lambda mean: mean[0])[:2]
    often = intervals.over_subjects(by_slice([(s, i, v) for s, v in FOUR for i in range(50)]), lambda mean: mean[0])[:2]
    assert often == pytest.approx(once)


def test_one_subject_allows_no_interval():
    low, high, by_subject = intervals.over_subjects(by_slice([("a", 0, 1.0), ("a", 1, 3.0)]), lambda mean: mean[0])
    assert (low, high) == (-np.inf, np.inf)
    assert by_subject == pytest.approx({"a": 2.0})
