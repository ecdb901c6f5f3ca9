"""What is chosen, in which order, and what may go side by side."""

import pytest
import yaml
from tiny_runs import TINY

from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import parse_profile
from recon_lib.runs import schedule, state


@pytest.fixture
def profile():
    return parse_profile("tiny", yaml.safe_load(TINY))


@pytest.fixture
def planned(profile):
    return state.plan_profile(profile)


def test_all_that_remains_is_chosen_in_order(profile, planned):
    assert schedule.select(profile, planned, planned[2:], (), None) == planned[2:]


def test_named_runs_bring_along_what_they_start_from(profile, planned):
    evaluation = next(run for run in planned if run.kind == "evaluate" and run.key.n_finetune)
    chain = [evaluation.parent.parent, evaluation.parent, evaluation]
    assert schedule.select(profile, planned, planned, [evaluation.id], None) == chain
    left = [run for run in planned if run.kind != "train"]
    assert schedule.select(profile, planned, left, [evaluation.id], None) == chain[1:]


def test_patterns_name_several_and_next_takes_the_first(profile, planned):
    trainings = [run for run in planned if run.kind == "train"]
    assert schedule.select(profile, planned, planned, ["train-*"], None) == trainings
    assert schedule.select(profile, planned, planned, ["train-*"], 1) == trainings[:1]
    assert schedule.select(profile, planned, planned, (), 1) == planned[:1]
    both = schedule.select(profile, planned, planned, [planned[1].id, "train-natural-?-*"], None)
    assert planned[1] in both
    assert schedule.select(profile, planned, planned[5:], ["train-*"], None) == []  # they are finished


@pytest.mark.parametrize("name", ["train-natural", "nonsense*", ""])
def test_a_name_that_fits_no_run_is_refused(profile, planned, name):
    with pytest.raises(ReconError, match=f"Profile 'tiny' has no run '{name[:3]}.*runs list"):
        schedule.select(profile, planned, planned, [planned[0].id, name], None)


@pytest.mark.parametrize("count", [0, -3])
def test_fewer_than_one_run_is_refused(profile, planned, count):
    with pytest.raises(ReconError, match=f"1 or more, not {count}"):
        schedule.select(profile, planned, planned, (), count)


def test_a_training_takes_a_whole_card_and_a_processor_s_share(planned):
    widths = {(run.kind, card): schedule.width(run, 4, card) for run in planned for card in (False, True)}
    assert widths.pop(("train", True)) == 4
    assert set(widths.values()) == {1}


def test_the_first_that_is_ready_is_next_and_none_overtakes_it(planned):
    first, second, third = planned[:3]

    def choose(ready, fitting):
        return schedule.choose_next([first, second, third], lambda run: run in ready, lambda run: run in fitting)

    assert choose([second, third], [second, third]) is second
    assert choose([second, third], [third]) is None
    assert choose([], [first]) is None
