"""Collecting the experiment with several coils: rows, history, pictures, and only networks that beat CG-SENSE."""

from dataclasses import replace

import numpy as np
import pytest
from runs.coil_experiment import PROFILE, run_of, stage

from recon_lib.core.arrays import save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.experiment.coil_profile import REAL, Effects
from recon_lib.results import coils as results
from recon_lib.results import store
from recon_lib.runs import coils
from recon_lib.runs.coil_collect import collect
from recon_lib.runs.coil_effects import EFFECTS
from recon_lib.runs.coil_tests import PICTURES, ROWS, WEIGHTS

TESTS = (PROFILE.test_domain, REAL)


def finish(run, **files):
    """Write what a finished run leaves behind."""
    place = coils.folder(PROFILE, run)
    for name, content in files.items():
        write_json(place / f"{name}.json", content)
    if run.kind == "evaluate" and run.label.endswith(REAL):
        save_arrays(place / PICTURES, {f"{run.label}-4": np.ones((3, 4), np.float32)}, {})
    if run.kind in ("train", "joint", "tune"):
        (place / "network.safetensors").write_bytes(run.id.encode())
    write_json(place / "run.json", {"id": run.id})


def rows(test, values):
    shared = {"test": test, "subject": "s", "slice": 1, "coils": 4, "acceleration": 4.0, "ssim": 0.9, "nmse": 0.1}
    return [
        {**shared, "run": "r", "method": "network" if network else "cg_sense", "network": network, "psnr": psnr}
        for network, psnr in values.items()
    ]


@pytest.fixture
def finished(tmp_path):
    """Finish every run: one network beats CG-SENSE everywhere, another on one test alone."""
    with stage(tmp_path):
        for kind in ("train", "joint", "tune"):
            run = run_of(kind)
            finish(run, history=[{"run": run.id, "kind": kind, "label": run.label, "epoch": 0}], network={})
        finish(run_of("weights"), weights=[{"method": "cg_sense", "psnr": 1.0}])
        for test, joint in zip(TESTS, (31.0, 29.0), strict=True):
            finish(run_of("evaluate", f"baselines-{test}"), rows=rows(test, {"": 30.0}))
            finish(run_of("evaluate", f"natural-joint-{test}"), rows=rows(test, {"natural-joint": joint}))
            finish(run_of("evaluate", f"natural-tuned-{test}"), rows=rows(test, {"natural-tuned": 32.0}))
        yield


def test_rows_history_and_pictures_are_brought_together(finished):
    folder = collect(PROFILE)
    table, details = results.read()
    assert len(table) == 6
    assert set(table["network"]) == {"", "natural-joint", "natural-tuned"}
    assert details["profile"] == "smoke"
    assert details["runs"][run_of("weights").id]["weights"] == [{"method": "cg_sense", "psnr": 1.0}]
    assert set(results.read_pictures()) == {
        f"{name}-{REAL}-4" for name in ("baselines", "natural-joint", "natural-tuned")
    }
    assert list(store.verify_all()) == ["coils"]
    history = folder / "history.csv.gz"
    assert history.is_file()


def test_effects_are_collected_with_the_rest(finished):
    profile = replace(PROFILE, effects=Effects(weights=(0.5,)))
    run = next(run for run in coils.planned(profile) if run.kind == "effects")
    place = coils.folder(profile, run)
    row = {"run": run.id, "test": REAL, "network": "natural-joint", "weight": 0.5, "iterations": 2, "psnr": 30.0}
    write_json(place / EFFECTS, [row])
    collect(profile)
    assert results.read_effects() is None  # the run is not finished
    write_json(place / "run.json", {"id": run.id})
    collect(profile)
    assert results.read_effects().iloc[0]["psnr"] == 30.0


def test_a_network_that_does_not_beat_cg_sense_is_not_released(finished):
    networks = collect(PROFILE) / "networks"
    assert sorted(path.name for path in networks.iterdir()) == ["natural-tuned.json", "natural-tuned.safetensors"]
    assert (networks / "natural-tuned.safetensors").read_bytes() == run_of("tune").id.encode()
    (networks / "old.safetensors").write_bytes(b"")
    collect(PROFILE)
    assert not (networks / "old.safetensors").exists()


@pytest.mark.parametrize(
    "left",
    [[], rows(REAL, {"natural-tuned": 32.0}), rows(TESTS[0], {"natural-tuned": 32.0})],
    ids=["none", "real", "own"],
)
def test_a_network_that_was_not_tested_everywhere_is_not_released(finished, left):
    for test in TESTS:
        run = run_of("evaluate", f"natural-tuned-{test}")
        finish(run, rows=[row for row in left if row["test"] == test])
    assert not (collect(PROFILE) / "networks").exists()


def test_a_network_is_compared_on_the_slices_of_the_baseline_alone(finished):
    run = run_of("evaluate", f"natural-tuned-{REAL}")
    finish(run, rows=[{**row, "slice": 2} for row in rows(REAL, {"natural-tuned": 32.0})])
    assert not (collect(PROFILE) / "networks").exists()
    finish(run, rows=rows(REAL, {"natural-tuned": 30.0}))  # as good is not better
    assert not (collect(PROFILE) / "networks").exists()


def test_without_a_finished_test_there_is_nothing_to_collect(tmp_path):
    with stage(tmp_path), pytest.raises(ReconError, match="recon coils execute smoke"):
        collect(PROFILE)
    assert ROWS != WEIGHTS
