"""The commands of the experiment with several coils: what remains, what is carried out, and what is collected."""

import importlib

import pytest

from recon_lib.cli.main import main
from recon_lib.experiment.coil_profile import load_coil_profile


@pytest.fixture
def runs(monkeypatch):
    """Note which runs are carried out, and take them for finished then."""
    module, executed = importlib.import_module("recon_lib.runs.coils"), []
    monkeypatch.setattr(module, "execute", lambda profile, run, progress: executed.append(run.id))
    monkeypatch.setattr(module, "finished", lambda profile, run: run.id in executed)
    return executed


def test_what_remains_is_listed_and_carried_out_in_order(runs, capsys):
    from recon_lib.runs import coils

    planned = [run.id for run in coils.planned(load_coil_profile("smoke"))]
    assert main(["coils", "execute", "smoke", "train-*", "maps-*"]) == 0
    assert runs == [name for name in planned if name.startswith(("train", "maps"))]
    assert main(["coils", "list", "smoke"]) == 0
    listed = capsys.readouterr().out.split("\n")
    assert listed[: len(planned) - len(runs)] == [name for name in planned if name not in runs]
    assert f"{len(planned) - len(runs)} of {len(planned)} runs remain." in listed
    assert main(["coils", "execute", "smoke"]) == 0
    assert sorted(runs) == sorted(planned)


def test_an_unknown_profile_and_nothing_to_collect_are_told(capsys):
    assert main(["coils", "list", "smok"]) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err
    assert main(["coils", "collect", "smoke"]) == 2
    assert "recon coils execute smoke" in capsys.readouterr().err
