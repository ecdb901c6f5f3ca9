"""Collecting: the same bytes twice, what stays, and runs that disagree."""

import json
from dataclasses import replace

import filelock
import numpy as np
import pytest
from fabricated import keyed, make_panels, row

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.results import merge, provenance, store
from recon_lib.results.keys import RunKey
from recon_lib.results.panels import read_panels, write_panels
from recon_lib.results.provenance import write_provenance
from recon_lib.results.released import NetworkCard, PrecisionCost
from recon_lib.results.rows import HISTORY_COLUMNS, read_rows, write_rows

DETAILS = {"parameters": {"seed": 1}, "commit": "abc"}


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_collect_gives_the_same_bytes_whatever_the_order_and_the_clock(runs, tmp_path, monkeypatch):
    merge.collect(runs, tmp_path / "one", DETAILS)
    monkeypatch.setattr("time.time", lambda: 2e9)
    merge.collect(runs[::-1], tmp_path / "two", DETAILS)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_collect_keeps_a_shared_row_once(folder):
    slices = read_rows(folder / "slices.csv.gz")
    counts = slices.groupby(["test_domain", "method", "training_domain", "n_finetune"], dropna=False).size()
    assert set(counts) == {20}
    assert len(slices) == (6 + 1) * 20 * 2
    history = read_rows(folder / "history.csv.gz", HISTORY_COLUMNS)
    assert len(history) == 3 * 20 + 6 * 4


def test_collect_replaces_everything_but_the_weights(runs, folder):
    (folder / "weights").mkdir()
    (folder / "weights" / "t1.safetensors").write_bytes(b"weights")
    (folder / "stray").write_text("old")
    merge.collect(runs[:1], folder, DETAILS)
    assert set(contents(folder)) == {
        "slices.csv.gz",
        "history.csv.gz",
        "panels.npz",
        "provenance.json",
        "records.json",
        "weights/t1.safetensors",
    }
    assert "weights/t1.safetensors" in provenance.verify(folder)["files"]
    assert [p.name for p in folder.parent.iterdir()] == ["smoke"]


def test_images_stay_with_the_runs_that_stay_and_a_mask_with_its_variation(tmp_path):
    run, out = tmp_path / "run", tmp_path / "desk"
    plain, start = make_panels("t1", "natural", 0), "t1/sub-11/41"
    content = {**plain, **{f"{key}@r{n}": image for n in (2, 8) for key, image in plain.items() if "ref" not in key}}
    rows = [row("t1", "sub-11", 41, run="base"), row("t1", "sub-11", 41, run="varied", variation="r8", psnr=20.0)]
    write_rows(run / "slices.csv", rows)
    write_panels(run / "panels.npz", keyed(content))
    merge.collect([run], out, {})
    results = store.Results("desk", out, provenance.verify(out))
    assert set(results.panels) == set(keyed(plain))
    assert set(results.varied_panels) == set(keyed(content)) - set(keyed(plain))
    network, key = "network-natural-4000-0", RunKey("network", "natural", 4000, "t1", 0)
    merge.collect([], out, {}, {"base": key, "varied": replace(key, variation="r8")})
    kept = read_panels(out / "panels.npz")
    assert {panel.to_json() for panel in kept} == {
        f"{start}/{name}" for name in ("reference", "mask", network, "mask@r8", f"{network}@r8")
    }
    assert all(np.array_equal(image, content[panel.to_json()]) for panel, image in kept.items())
    merge.collect([], out, {}, {"base": key})
    left = {f"{start}/{name}" for name in ("reference", "mask", network)}
    assert {panel.to_json() for panel in read_panels(out / "panels.npz")} == left


def test_images_of_another_contrast_do_not_stay_with_a_run(tmp_path):
    run, out = tmp_path / "run", tmp_path / "desk"
    write_rows(run / "slices.csv", [row(d, "sub-11", 41, run=f"base-{d}") for d in ("t1", "t2")])
    content = make_panels("t1", "natural", 0) | make_panels("t2", "natural", 0)
    write_panels(run / "panels.npz", keyed(content))
    merge.collect([run], out, {})
    merge.collect([], out, {}, {"base-t2": RunKey("network", "natural", 4000, "t2", 0), "a training": None})
    kept = {f"t2/sub-11/41/{name}" for name in ("reference", "mask", "network-natural-4000-0")}
    assert {panel.to_json() for panel in read_panels(out / "panels.npz")} == kept


def test_a_failed_collect_leaves_the_old_results(runs, folder, tmp_path):
    original = contents(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReconError, match="empty holds no slices"):
        merge.collect([*runs, tmp_path / "empty"], folder, DETAILS)
    assert contents(folder) == original
    assert [p.name for p in folder.parent.iterdir()] == ["smoke"]


def test_runs_that_disagree_are_refused(runs, tmp_path):
    folder_of_other = tmp_path / "other"
    frame = read_rows(runs[0] / "slices.csv").assign(run="other")
    frame.loc[0, "psnr"] *= 1 + 1e-6
    write_rows(folder_of_other / "slices.csv", frame.to_dict("records"))
    merge.collect([*runs, folder_of_other], tmp_path / "out", DETAILS)
    assert len(read_rows(tmp_path / "out" / "slices.csv.gz")) == 280
    frame.loc[0, "psnr"] += 1
    write_rows(folder_of_other / "slices.csv", frame.to_dict("records"))
    with pytest.raises(ReconError, match=r"contradicts another one's slices\.csv"):
        merge.collect([*runs, folder_of_other], tmp_path / "out", DETAILS)
    panels = {key: np.zeros_like(image) for key, image in make_panels("t1", "natural", 0).items()}
    write_panels(folder_of_other / "panels.npz", keyed(panels))
    with pytest.raises(ReconError, match="unlike an earlier run's"):
        merge.collect([*runs, folder_of_other], tmp_path / "out", DETAILS)


def test_no_runs_and_a_missing_run_are_named(tmp_path):
    with pytest.raises(ReconError, match="no runs"):
        merge.collect([], tmp_path / "out", DETAILS)
    with pytest.raises(ReconError, match="nowhere"):
        merge.collect([tmp_path / "nowhere"], tmp_path / "out", DETAILS)


def test_a_collection_that_was_killed_between_two_renames_is_put_right(folder):
    whole = contents(folder)
    old, part = (folder.with_name(f".{folder.name}.{role}") for role in ("old", "part"))
    folder.rename(old)  # as the kill left it
    part.mkdir()
    merge.recover(folder)
    assert contents(folder) == whole
    assert not old.exists()
    assert not part.exists()


def test_old_results_that_a_kill_left_aside_do_not_replace_new_ones(folder):
    whole = contents(folder)
    old = folder.with_name(f".{folder.name}.old")
    old.mkdir()
    (old / "slices.csv.gz").write_bytes(b"old")
    merge.recover(folder)
    assert contents(folder) == whole
    assert not old.exists()


def test_results_come_back_if_the_new_ones_cannot_take_their_place(runs, folder, monkeypatch):
    whole, replace_ = contents(folder), merge.os.replace

    def refuse(source, target):
        if target == folder and source.name == f".{folder.name}.part":
            raise OSError("no room")
        replace_(source, target)

    monkeypatch.setattr(merge.os, "replace", refuse)
    with pytest.raises(OSError, match="no room"):
        merge.collect(runs[:1], folder, DETAILS)
    assert contents(folder) == whole


def test_what_a_killed_collection_left_is_cleared_away(folder):
    whole = contents(folder)
    for role in ("old", "part", "copy"):
        (folder.with_name(f".smoke.{role}") / "deep").mkdir(parents=True)
    staged = folder.with_name(".smoke.weights")
    staged.mkdir()
    merge.recover(folder)
    assert {path.name for path in folder.parent.iterdir()} == {"smoke", ".smoke.weights"}  # released networks stay
    assert contents(folder) == whole


def test_networks_are_staged_in_a_copy_that_outlives_a_kill_and_joins_the_results(runs, folder):
    (folder / "weights").mkdir()
    (folder / "weights" / "t1.safetensors").write_bytes(b"t1")
    (folder / "weights" / ".t2.safetensors.1.part").write_bytes(b"half")
    staged = merge.stage_networks(folder)
    assert contents(staged) == {"t1.safetensors": b"t1"}
    (staged / "t2.safetensors").write_bytes(b"t2")
    assert not (folder / "weights" / "t2.safetensors").exists()
    assert contents(merge.stage_networks(folder)) == {"t1.safetensors": b"t1", "t2.safetensors": b"t2"}
    merge.collect(runs, folder, DETAILS)
    assert contents(folder / "weights") == {"t1.safetensors": b"t1", "t2.safetensors": b"t2"}
    assert [path.name for path in folder.parent.iterdir()] == ["smoke"]


def test_networks_of_the_first_release_are_staged_in_an_empty_folder(tmp_path):
    staged = merge.stage_networks(tmp_path / "deep" / "desk")
    assert staged.is_dir()
    assert contents(staged) == {}


def test_one_collection_at_a_time_holds_the_lock(tmp_path):
    out = tmp_path / "deep" / "desk"
    with merge.lock(out), pytest.raises(filelock.Timeout):
        merge.lock(out).acquire(timeout=0)
    with merge.lock(out).acquire(timeout=0):
        assert not out.exists()


def test_a_notebook_is_named_without_the_colon_of_a_run(tmp_path):
    assert merge.notebook_file(tmp_path, "evaluate-cs:literal-t1").name == "evaluate-cs-literal-t1.ipynb"
    assert merge.notebook_file(tmp_path, "train-1").parent == tmp_path / "notebooks"


def test_published_notebooks_lie_beside_the_results_of_their_runs(runs, tmp_path):
    out = tmp_path / "smoke"
    merge.collect(runs, out, DETAILS, notebooks={"evaluate-cs:literal-t1": b"{}", "train-1": b"[]"})
    assert {path.name: path.read_bytes() for path in (out / "notebooks").iterdir()} == {
        "evaluate-cs-literal-t1.ipynb": b"{}",
        "train-1.ipynb": b"[]",
    }
    assert "notebooks/train-1.ipynb" in provenance.verify(out)["files"]


def test_a_card_is_replaced_with_its_provenance_and_nothing_else(tmp_path):
    out = tmp_path / "results" / "desk"
    for name in ("a", "b"):
        write_json(out / "weights" / f"{name}.json", {"file": f"{name}.safetensors"})
        (out / "weights" / f"{name}.safetensors").write_bytes(name.encode())
    write_provenance(out, {"runs": {"x": "0"}, "backend": "tensorflow"})
    before = provenance.verify(out)
    card = NetworkCard(file="b.safetensors", bfloat16_cost={"t1": PrecisionCost(0.001, 0.01, 3)})
    merge.replace_card(out, card)
    after = provenance.verify(out)
    changed = [name for name in after["files"] if after["files"][name] != before["files"][name]]
    assert changed == ["weights/b.json"]
    assert {**after, "files": 0, "digest": 0} == {**before, "files": 0, "digest": 0}
    assert json.loads((out / "weights" / "b.json").read_text(encoding="utf-8")) == card.to_json()
    assert sorted(path.name for path in out.parent.iterdir()) == [".desk.lock", "desk"]


def test_results_that_were_edited_are_not_written_anew(tmp_path):
    out = tmp_path / "results" / "desk"
    write_json(out / "weights" / "a.json", {"file": "a.safetensors"})
    write_provenance(out, {})
    (out / "weights" / "a.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ReconError, match=r"a\.json is not what was written"):
        merge.replace_card(out, NetworkCard(file="a.safetensors"))
    assert (out / "weights" / "a.json").read_text(encoding="utf-8") == "{}"
