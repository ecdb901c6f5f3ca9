"""Runs are done once, in order, resumed after a stop, and leave a record and a network behind."""

import json
import shutil
import sys
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from tiny_runs import TINY, named, own, varied

from recon_lib.core import files, paths
from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import load_profile
from recon_lib.network import accelerator, precision
from recon_lib.network.files import load_network
from recon_lib.network.sharing import take_share
from recon_lib.runs import evaluate, execute, state
from recon_lib.runs.claims import ClaimedError, claim


def test_every_run_leaves_a_record_that_says_all(tiny):
    _, plan = tiny
    for run in plan:
        assert state.finished(run)
        record = json.loads((state.folder(run) / "run.json").read_text(encoding="utf-8"))
        assert record["id"] == run.id
        assert record["parameters"] == json.loads(json.dumps(run.spec.to_json()))
        assert record["inputs"]
        assert set(record["versions"]) == {"recon_lib", "keras", "backend", "numpy", "python"}
        assert record["versions"]["backend"] == keras.backend.backend()
        assert set(record["machine"]) == {"processor", "cores", "system"}
        assert record["executor"] == "library"
        for name, digest in record["files"].items():
            assert files.sha256(state.folder(run) / name) == digest


@pytest.mark.parametrize(
    ("kind", "choice", "result"),
    [
        ("train", {"training_domain": "t1"}, "network.safetensors"),
        ("evaluate", {"method": "cs:literal"}, "slices.csv"),
        ("evaluate", {"method": "zero_filled", "variation": "acceleration-2"}, "panels.npz"),
    ],
)
def test_a_profile_edited_while_a_run_is_under_way_changes_nothing_in_it(
    kind, choice, result, tiny, monkeypatch, tmp_path
):
    _, plan = tiny
    run = named(plan, kind, **choice)
    wanted = files.sha256(state.folder(run) / result)
    edited = TINY.replace("{train: 4, test: 4}", "{train: 3, test: 2, power: 1.0}").replace("[30, 33]", "[36, 34]")
    (tmp_path / "tiny.yaml").write_text(edited.replace("acceleration: 2.0", "acceleration: 3.0"))
    monkeypatch.setattr(paths, "PROFILES", tmp_path)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    replanned = state.plan_profile(load_profile("tiny"))
    assert run.id not in {other.id for other in replanned}  # the edited file plans other runs
    assert files.sha256(execute.execute(run) / result) == wanted


def test_fine_tuning_changes_the_network_it_starts_from(tiny):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="natural", test_domain="t1")
    tuned, card = load_network(state.folder(run) / "network.safetensors")
    raw, _ = load_network(state.folder(run.parent) / "network.safetensors")
    assert card.key == run.key
    assert (card.key.test_domain, card.key.n_finetune) == ("t1", 3)
    changed = [not np.array_equal(a, b) for a, b in zip(tuned.get_weights(), raw.get_weights(), strict=True)]
    assert all(changed)


def test_images_that_measure_a_tuning_are_none_of_those_it_draws(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run, calls = named(plan, "finetune", training_domain="natural", test_domain="t1"), []

    def stop(cascade, images, masks, *, held, **_):
        calls.append((images, held))
        raise KeyboardInterrupt

    monkeypatch.setattr(execute, "fine_tune", stop)
    for count in (1, 3, 8):
        spec = replace(run.spec, n_finetune=count)
        with pytest.raises(KeyboardInterrupt):
            execute._fine_tune(replace(run, spec=spec), tmp_path, None)
    drawn, held = zip(*calls, strict=True)
    assert [len(images) for images in drawn] == [1, 3, 8]
    assert held[2] is None  # the whole pool is drawn
    np.testing.assert_array_equal(held[0], held[1])
    assert len(held[1]) == 5
    assert not {image.tobytes() for image in drawn[1]} & {image.tobytes() for image in held[1]}


def test_a_network_of_several_accelerations_sees_masks_of_each_equally_often(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run, calls = named(plan, "train", training_domain="t1"), []

    def stop(images, masks, **_):
        calls.append(masks)
        raise KeyboardInterrupt

    monkeypatch.setattr(execute, "train_sequential", stop)
    for spec in (run.spec, replace(run.spec, accelerations=(8.0,))):
        with pytest.raises(KeyboardInterrupt):
            execute._train(replace(run, spec=spec), tmp_path, None)
    shares = [sorted(round(mask.size / mask.sum()) for mask in masks) for masks in calls]
    assert shares == [[4] * 8, [4] * 4 + [8] * 4]


def test_a_finished_run_is_not_done_again(tiny, monkeypatch):
    _, plan = tiny
    monkeypatch.setattr(execute, "_train", None)
    before = (state.folder(plan[0]) / "run.json").stat().st_mtime_ns
    execute.execute(plan[0])
    assert (state.folder(plan[0]) / "run.json").stat().st_mtime_ns == before


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "train", training_domain="t1")
    wanted = files.sha256(state.folder(run) / "network.safetensors")
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))

    def stop(done, total, row):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute.execute(run, stop)
    assert not state.finished(run)
    assert (state.folder(run) / "checkpoint.safetensors").is_file()
    first = []
    execute.execute(run, lambda done, total, row: first.append(done))
    assert first[0] == 5
    assert files.sha256(state.folder(run) / "network.safetensors") == wanted
    assert not (state.folder(run) / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("choice", [{"training_domain": "t1"}, {"method": "cs:literal"}], ids=["training", "cs"])
def test_a_stop_before_the_record_loses_no_work(choice, tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "evaluate" if "method" in choice else "train", **choice)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(execute, "_record", None)
        with pytest.raises(TypeError):
            execute.execute(run)
    monkeypatch.setattr(evaluate, "reconstruct_cs", None)
    epochs = []
    execute.execute(run, lambda done, total, row: epochs.append(done) if "loss" in row else None)
    assert epochs == []
    assert state.finished(run)


def test_what_a_kill_after_the_record_left_is_cleared_away(tiny):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="natural", test_domain="t1")
    left = [state.folder(run) / name for name in ("checkpoint.safetensors", "part-000.safetensors")]
    for path in left:
        path.write_bytes(b"")
    execute.execute(run)
    assert not any(path.exists() for path in left)
    assert (state.folder(run) / "network.safetensors").is_file()


def test_too_few_pool_images_are_named(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="t1", test_domain="t1")
    run = replace(run, spec=replace(run.spec, n_finetune=1000))
    with pytest.raises(ReconError, match=r"asks for 1000 images, but the pool of 't1' has \d+"):
        execute.execute(run)


def test_the_record_says_that_a_notebook_carried_it_out(monkeypatch):
    shell = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert execute._executor() == "notebook"
    del shell.kernel  # IPython in a terminal
    assert execute._executor() == "library"


def test_the_record_describes_the_card(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    card = {"kind": "card", "memory_mib": 1, "driver": "2", "tf32": True}
    monkeypatch.setattr(accelerator, "accelerator", lambda: card)
    run = named(plan, "evaluate", method="zero_filled")
    record = json.loads((execute.execute(run) / "run.json").read_text(encoding="utf-8"))
    assert record["machine"]["accelerator"] == card


def test_a_run_under_way_elsewhere_is_waited_for_or_refused(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    run = named(plan, "evaluate", method="zero_filled")
    with claim(state.folder(run), wait=False), pytest.raises(ClaimedError, match="is under way"):
        execute.execute(run, wait=False)
    assert not state.finished(run)
    execute.execute(run, wait=False)
    assert state.finished(run)


def test_a_process_takes_its_share_of_the_card_before_anything(tiny, monkeypatch):
    _, plan = tiny
    monkeypatch.setenv("RECON_CARD_SHARE", "2")
    take_share.cache_clear()
    with pytest.raises(ReconError, match="RECON_CARD_SHARE"):
        execute.execute(plan[0])
    take_share.cache_clear()


def test_a_residual_network_is_read_back_as_one(tiny):
    _, plan = tiny
    (run,) = varied(plan, "residual")
    assert run.parent.key.variation == "residual"
    cascade, _ = load_network(state.network_file(run.parent))
    made = cascade.architecture
    assert (made.residual, made.initial_weights, made.phase) == (True, "he_normal", "kept")


def test_the_papers_evaluations_stay_in_float32_and_records_say_what_ran(tiny, monkeypatch, tmp_path):
    """Whatever the machine has or the user asks of the commands, runs compute in what their names say."""
    _, plan = tiny
    run = named(own(plan), "evaluate", method="network", training_domain="natural", n_finetune=3)
    before = (state.folder(run) / "slices.csv").read_bytes()
    monkeypatch.setenv("RECON_PRECISION", "bfloat16")
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    shutil.copytree(state.folder(run.parent), tmp_path / "runs" / "tiny" / run.parent.id)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path / "runs"))
    again = execute.execute(run)
    assert (again / "slices.csv").read_bytes() == before
    records = {r.kind: json.loads((state.folder(r) / "run.json").read_text()) for r in (run, run.parent)}
    assert {kind: record["precision"] for kind, record in records.items()} == {
        "evaluate": "float32",
        "finetune": "float32",
    }
    rounded = replace(run.parent.spec, recipe=replace(run.parent.spec.recipe, precision="mixed_bfloat16"))
    assert execute._precision(replace(run.parent, spec=rounded)) == "mixed_bfloat16"
    assert execute._precision(named(own(plan), "evaluate", method="zero_filled")) is None
