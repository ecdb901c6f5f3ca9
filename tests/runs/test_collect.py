"""Collecting merges finished runs, takes over what was collected elsewhere, and releases networks."""

import json

import numpy as np
import pytest
from tiny_runs import named, own, table, varied

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import load_profile
from recon_lib.network.files import load_network
from recon_lib.paper import panel_view
from recon_lib.results import merge, provenance, store
from recon_lib.results.panels import PanelKey
from recon_lib.results.places import median_place
from recon_lib.results.released import NetworkCard, released_name
from recon_lib.runs import collect as runs_collect
from recon_lib.runs import state


def test_collected_results_verify_and_hold_every_run(tiny):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    assert provenance.verify(out)["missing"] == []
    found = store.Results("tiny", out, provenance.verify(out))
    assert set(found.slices["run"]) == {run.id for run in own(plan)}
    assert set(found.variations["variation"]) == {
        "lower-rate", "other-masks", "acceleration-2", "scale", "training-slices", "window", "wavelet", "corners",
        "residual", "few-training-slices",
    }  # fmt: skip
    trained = {run.id for run in plan if run.kind != "evaluate" and run.key.variation is None}
    assert set(found.history["run"]) == trained
    assert set(found.records) == {run.id for run in plan}
    assert all(record.machine["cores"] > 0 for record in found.records.values())
    subjects = found.slices.groupby("test_domain")["subject"].nunique()
    labels = {key.picture for key in found.panels}
    assert labels == {
        "reference", "mask", "zero_filled", "conjugate_symmetry", "cs:literal", "cs:real",
        "network-natural-8-0", "network-natural-8-3", "network-t1-8-0", "network-t1-8-3",
    }  # fmt: skip
    places = {key.place for key in found.panels}
    assert median_place(found.slices, "t1") in places
    assert len(places - {median_place(found.slices, "t1")}) in (subjects.sum(), subjects.sum() - 1)  # the middle ones
    released = sorted(path.name for path in (out / "weights").glob("*.safetensors"))
    assert len(released) == 2 + 2
    _, card = load_network(out / "weights" / "natural-8-t1-3.safetensors")
    assert card.stored == "float16"
    assert abs(card.float16_cost_db["t1"]) < 0.05
    assert "maximum" in card.normalisation


def test_collecting_again_gives_the_same_bytes(tiny):
    profile, _ = tiny
    first = runs_collect.collect(profile)
    before = {path.name: files.sha256(path) for path in first.rglob("*") if path.is_file()}
    second = runs_collect.collect(profile)
    assert before == {path.name: files.sha256(path) for path in second.rglob("*") if path.is_file()}


def test_a_stopped_collection_releases_no_network_twice(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(merge, "collect", None)
        with pytest.raises(TypeError):
            runs_collect.collect(profile)
    assert store.collected(profile.name) == set()
    monkeypatch.setattr(runs_collect, "save_network", None)
    out = runs_collect.collect(profile)
    assert set(store.Results(profile.name, out, provenance.verify(out)).records) == {run.id for run in plan}
    assert len(list((out / "weights").glob("*.safetensors"))) == 4


def test_executed_notebooks_are_published_trimmed_and_kept(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    page = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# A run"]}], "metadata": {}}
    shown = [named(plan, "train", training_domain="t1"), named(plan, "evaluate", method="cs:real")]
    for run in [*shown, varied(plan, "scale")[0]]:
        (state.folder(run) / f"{run.kind}.ipynb").write_text(json.dumps(page))
    out = runs_collect.collect(profile)
    wanted = {f"notebooks/{run.id.replace(':', '-')}.ipynb" for run in shown}  # Windows refuses a colon
    assert {name for name in provenance.verify(out)["files"] if name.startswith("notebooks/")} == wanted
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    assert wanted < set(provenance.verify(runs_collect.collect(profile))["files"])


def test_what_was_collected_is_not_run_again_anywhere(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    before = {path.name: files.sha256(path) for path in out.rglob("*") if path.is_file()}
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))  # another machine: nothing but the results
    assert state.remaining(profile) == []
    again = runs_collect.collect(profile)
    after = {path.name: files.sha256(path) for path in again.rglob("*") if path.is_file()}
    assert after.pop("provenance.json")
    assert after == {name: digest for name, digest in before.items() if name != "provenance.json"}
    assert provenance.verify(again)["runs"].keys() == {run.id for run in plan}
    assert provenance.verify(again)["missing"] == []


def test_another_acceleration_keeps_the_slice_that_opens_first_with_its_mask(tiny):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    found = store.Results("tiny", out, provenance.verify(out))
    place = ("t1", *panel_view.median_place(found, "t1"))
    varied_to, pictures = "acceleration-2", {key: v for key, v in found.varied_panels.items() if key.place == place[1:]}
    assert set(pictures) == {
        PanelKey(*place, name, varied_to)
        for name in ("mask", "zero_filled", "network-natural-8-0", "network-natural-8-3")
    }
    assert pictures[PanelKey(*place, "mask", varied_to)].mean() == pytest.approx(1 / 2, abs=1e-3)
    assert found.panels[PanelKey(*place, "mask")].mean() == pytest.approx(1 / 4, abs=1e-3)
    reference = found.panels[PanelKey(*place, "reference")].astype(float)
    for run in varied(plan, "acceleration-2"):
        image = pictures[PanelKey(*place, run.key.picture, varied_to)].astype(float)
        row = table(run).query(f"subject == '{place[1]}' and slice == {place[2]}").iloc[0]
        assert 10 * np.log10(1 / np.mean((image - reference) ** 2)) == pytest.approx(row["psnr"], abs=0.05)


def test_collecting_nothing_says_what_to_do(tiny, monkeypatch, tmp_path):
    for name in ("RUNS", "RESULTS"):
        monkeypatch.setenv(f"RECON_{name}", str(tmp_path / name))
    with pytest.raises(ReconError, match="No run of profile 'tiny' is finished"):
        runs_collect.collect(tiny[0])


def test_of_the_recipe_the_start_and_the_first_draw_of_the_fewest_images_are_released():
    runs = state.plan_profile(load_profile("desk"))
    chosen = {released_name(run.key): run for run in runs if run.key.variation and runs_collect._released(run)}
    assert set(chosen) == {
        "natural-4000-residual-4000.safetensors",
        "natural-4000-t1-5-few-images.safetensors",
        "natural-4000-t2-5-few-images.safetensors",
    }
    card = NetworkCard(data={"network": "abc"})
    tuned = chosen["natural-4000-t1-5-few-images.safetensors"]
    assert runs_collect._start(tuned, card) == {"tuned_from": {"name": "natural-4000-residual-4000", "sha256": "abc"}}
    assert runs_collect._start(chosen["natural-4000-residual-4000.safetensors"], card) == {}
    usual = next(run for run in runs if run.kind == "finetune" and run.key.variation is None)
    assert runs_collect._start(usual, card) == {}
