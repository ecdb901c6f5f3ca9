"""Verdicts follow an interval, and one that ends on its threshold is not beyond it."""

import math

import numpy as np
import pytest

from recon_lib.paper import verdicts
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.verdicts import Outcome, Verdict


@pytest.mark.parametrize(
    ("low", "high", "over", "under"),
    [(0.1, 0.2, "holds", "differs"), (-0.2, -0.1, "differs", "holds"), (-0.1, 0.1, "within noise", "within noise")],
)
def test_verdicts_follow_the_interval(low, high, over, under):
    assert verdicts.above(low, high, 0.0) == over
    assert verdicts.below(low, high, 0.0) == under


def test_parts_decide_together():
    assert verdicts.combine("holds", "holds") == "holds"
    assert verdicts.combine("holds", "within noise") == "within noise"
    assert verdicts.combine("within noise", "differs") == "differs"


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
    assert verdicts.above(low, high, 0.5) == over
    assert verdicts.below(low, high, 0.5) == under


def test_what_is_shown_is_the_value_of_the_enum():
    assert [f"{outcome}" for outcome in Outcome] == ["holds", "within noise", "differs", "not testable here"]


def test_an_explained_claim_holds_as_printed_and_no_other_outcome_changes_its_words():
    assert Verdict("t1", Outcome.HOLDS, explanation="by updates").words == "holds as printed"
    assert Verdict("t1", Outcome.HOLDS).words == "holds"
    assert Verdict("t1", Outcome.DIFFERS, explanation="by updates").words == "differs"


def test_a_verdict_without_a_number_says_why():
    untested = Verdict("t1", Outcome.UNTESTED, reason="nothing was run")
    assert (untested.tested, untested.note) == (False, "nothing was run")
    assert all(math.isnan(value) for value in (untested.estimate, untested.low, untested.high))
    judged = Verdict("t1", Outcome.HOLDS, Estimate("a lead", 2.0, 1.0, 3.0))
    assert (judged.tested, judged.note, judged.estimate, judged.low, judged.high) == (True, "a lead", 2.0, 1.0, 3.0)
