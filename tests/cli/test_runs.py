"""The commands of runs: what remains is listed with its cost, what is named is carried out, bad input is one line."""

import pytest

from recon_lib.cli import main
from recon_lib.core.files import write_json
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import load_profile
from recon_lib.runs import claims, costs, queue, state


@pytest.fixture
def planned():
    return state.plan_profile(load_profile("smoke"))


def test_what_remains_is_listed_with_its_cost_parents_first(planned, capsys, monkeypatch):
    training = find(planned, "train", training_domain="t1")
    measured = {costs._likeness(training): 300.0 / costs._effort(training)}
    monkeypatch.setattr(costs, "rates", lambda *_: measured)
    tuning = find(planned, "finetune", training_domain="natural", test_domain="t1")
    folder = state.folder(tuning)
    folder.mkdir(parents=True)
    (folder / "checkpoint.safetensors").touch()
    with claims.claim(state.folder(training), wait=False):
        assert main.main(["runs", "list", "smoke"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines[2:-1]}
    assert list(rows) == [run.id for run in planned]
    assert rows[training.id] == ["24", "24", "5.0", "under", "way"]  # 2 sub-networks, 24 images in eights, 4 epochs
    assert rows[tuning.id] == ["12", "4", "-", "stopped,", "goes", "on"]
    assert rows[find(planned, "evaluate", method="zero_filled", test_domain="t1").id] == ["-", "12", "-"]
    assert lines[-1] == (
        f"{len(planned)} of {len(planned)} runs remain, about 5 min of one worker's time on this machine; "
        f"none like {len(planned) - 1} of them has been timed here."
    )


def test_what_is_finished_is_counted_and_not_listed(planned, capsys):
    for run in planned[:2]:
        write_json(state.folder(run) / "run.json", {"id": run.id, "kind": run.kind, "choice": {}, "parameters": {}})
    assert main.main(["runs", "list", "smoke"]) == 0
    out = capsys.readouterr().out
    assert planned[0].id not in out
    assert out.endswith("2 more are finished: `recon results collect smoke` collects them.\n")
    assert main.main(["runs", "execute", "smoke", planned[0].id]) == 0
    assert capsys.readouterr().out.startswith("Nothing of that remains to be done")


@pytest.fixture
def asked(monkeypatch):
    """What the queue is asked for; nothing is carried out."""
    calls = []

    def execute_runs(runs, workers, seconds, progress, announce):
        calls.append(([run.id for run in runs], workers))
        return queue.Outcome([run.id for run in runs[1:]], [], {runs[0].id: "out of luck."} if len(runs) > 1 else {})

    monkeypatch.setattr(queue, "execute_runs", execute_runs)
    return calls


def test_the_named_runs_or_the_next_are_carried_out_by_so_many_workers(planned, asked, capsys):
    trainings = [run.id for run in planned if run.kind == "train"]
    main.main(["runs", "execute", "smoke", "train-*", "--workers", "3"])
    main.main(["runs", "execute", "smoke", "--next", "1"])
    main.main(["runs", "execute", "smoke"])
    assert asked == [(trainings, 3), (trainings[:1], 1), ([run.id for run in planned], 1)]


def test_a_failure_is_named_and_status_2(planned, asked, capsys):
    assert main.main(["runs", "execute", "smoke", "train-*"]) == 2
    out, error = capsys.readouterr()
    assert "2 of 3 runs finished. `recon results collect smoke`" in out
    assert error.splitlines()[-1] == f"error: 1 of 3 runs failed. {planned[0].id}: out of luck."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["list", "smok"], "error: Unknown profile 'smok': did you mean 'smoke'?"),
        (["execute", "smok"], "error: Unknown profile 'smok': did you mean 'smoke'?"),
        (["execute", "smoke", "train-x"], "error: Profile 'smoke' has no run 'train-x': `recon runs list` shows what"),
        (["execute", "smoke", "--next", "0"], "error: --next is 1 or more, not 0."),
        (["execute", "smoke", "--workers", "-1"], "error: --workers is 1 or more, not -1."),
    ],
)
def test_bad_input_is_one_line_and_status_2(asked, capsys, words, sentence):
    assert main.main(["runs", *words]) == 2
    out, error = capsys.readouterr()
    assert error.startswith(sentence)
    assert error.count("\n") == 1
    assert (out, asked) == ("", [])
