"""What is finished, what remains, and which network a run starts from, read from the folders of runs and results."""

import subprocess
import sys
from dataclasses import replace

from tiny_runs import named

from recon_lib.results import store
from recon_lib.runs import collect as runs_collect
from recon_lib.runs import execute, state


def test_what_remains_is_told_without_keras():
    code = "import sys; from recon_lib.runs import state; print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_what_is_missing_starts_from_the_released_network(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    runs_collect.collect(profile)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    tuned = named(plan, "finetune", training_domain="natural", variation="lower-rate")
    collected = {run.id for run in plan} - {tuned.id, *(run.id for run in plan if run.parent is tuned)}
    monkeypatch.setattr(store, "collected", lambda _: collected)
    left = state.remaining(profile)
    assert [run.kind for run in left] == ["finetune", "evaluate"]
    assert state.network_file(tuned.parent).parent.name == "weights"
    assert state.network_file(tuned) is None
    execute.execute(left[1])
    assert not state.finished(tuned.parent)
    assert state.finished(tuned)


def test_a_collected_run_is_done_again_where_its_network_is_asked_for_and_not_here(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    runs_collect.collect(profile)
    tuned = named(plan, "finetune", training_domain="natural", variation="lower-rate")
    assert state.remaining(profile, [tuned.id]) == []  # it is here
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    assert state.remaining(profile) == []
    assert [run.id for run in state.remaining(profile, [tuned.id])] == [tuned.id]
    assert state.remaining(profile, [tuned.parent.id]) == []  # its network is released


def test_a_released_network_of_another_recipe_is_not_taken(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    runs_collect.collect(profile)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    run = named(plan, "train", training_domain="natural")
    assert state.network_file(run) is not None
    assert state.network_file(replace(run, spec=replace(run.spec, seed=5))) is None
