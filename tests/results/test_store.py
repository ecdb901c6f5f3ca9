"""Results on disk: round trips, the same bytes twice, provenance that notices everything, and bad input."""

import json
import os

import numpy as np
import pytest
from fabricated import make_history, make_panels, make_runs, row
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.results import merge, provenance, store
from recon_lib.results.panels import read_panels, write_panels
from recon_lib.results.rows import HISTORY_COLUMNS, SLICE_COLUMNS, read_rows, write_rows

DETAILS = {"parameters": {"seed": 1}, "commit": "abc"}


@pytest.fixture
def runs(tmp_path):
    return make_runs(tmp_path / "runs")


@pytest.fixture
def folder(runs, tmp_path):
    merge.collect(runs, tmp_path / "results" / "smoke", DETAILS)
    return tmp_path / "results" / "smoke"


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_rows_come_back_with_their_types_and_empty_cells(tmp_path):
    rows = [
        row("t1", "sub-11", 3, psnr=31.25),
        row("t2", "sub-12", 4, n_train=None, training_domain="", psnr=float("inf")),
    ]
    for name in ("a.csv", "a.csv.gz"):
        write_rows(tmp_path / name, rows)
        frame = read_rows(tmp_path / name)
        assert list(frame.columns) == list(SLICE_COLUMNS)
        assert frame["psnr"].tolist() == [31.25, float("inf")]
        assert frame["n_train"].isna().tolist() == [False, True]
        assert str(frame["n_train"].dtype) == "Int64"
        assert frame["training_domain"].tolist() == ["natural", ""]
        assert frame["psnr_brain"].isna().all()


@settings(max_examples=20, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_survives_to_seven_digits(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    write_rows(path, [row("t1", "s", 0, psnr=value)])
    assert read_rows(path)["psnr"][0] == pytest.approx(value, rel=1e-6)


def test_an_empty_table_keeps_its_columns(tmp_path):
    write_rows(tmp_path / "a.csv.gz", [], HISTORY_COLUMNS)
    frame = read_rows(tmp_path / "a.csv.gz", HISTORY_COLUMNS)
    assert len(frame) == 0
    assert list(frame.columns) == list(HISTORY_COLUMNS)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    files.write_json(tmp_path / "a.json", {"a": 1})

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write_json(tmp_path / "a.json", {"a": 2})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_panels_come_back(tmp_path):
    panels = make_panels("t1", "natural", 0)
    write_panels(tmp_path / "panels.npz", panels)
    read = read_panels(tmp_path / "panels.npz")
    assert set(read) == set(panels)
    for key, image in panels.items():
        assert read[key].dtype == image.dtype
        np.testing.assert_array_equal(read[key], image)


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
    write_panels(run / "panels.npz", content)
    merge.collect([run], out, {})
    found = store.Results("desk", out, provenance.verify(out))
    assert set(found.panels) == set(plain)
    assert set(found.varied_panels) == set(content) - set(plain)
    network = "network-natural-4000-0"
    merge.collect([], out, {}, {"base": f"t1/{network}", "varied": f"t1/{network}@r8"})
    kept = read_panels(out / "panels.npz")
    assert set(kept) == {f"{start}/{name}" for name in ("reference", "mask", network, "mask@r8", f"{network}@r8")}
    assert all(np.array_equal(kept[key], content[key]) for key in kept)
    merge.collect([], out, {}, {"base": f"t1/{network}"})
    assert set(read_panels(out / "panels.npz")) == {f"{start}/{n}" for n in ("reference", "mask", network)}


def test_images_of_another_contrast_do_not_stay_with_a_run(tmp_path):
    run, out = tmp_path / "run", tmp_path / "desk"
    write_rows(run / "slices.csv", [row(d, "sub-11", 41, run=f"base-{d}") for d in ("t1", "t2")])
    content = make_panels("t1", "natural", 0) | make_panels("t2", "natural", 0)
    write_panels(run / "panels.npz", content)
    merge.collect([run], out, {})
    merge.collect([], out, {}, {"base-t2": "t2/network-natural-4000-0", "a training": None})
    kept = {f"t2/sub-11/41/{name}" for name in ("reference", "mask", "network-natural-4000-0")}
    assert set(read_panels(out / "panels.npz")) == kept


def test_a_failed_collect_leaves_the_old_results(runs, folder, tmp_path):
    before = contents(folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReconError, match="empty holds no slices"):
        merge.collect([*runs, tmp_path / "empty"], folder, DETAILS)
    assert contents(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["smoke"]


def test_runs_that_disagree_are_refused(runs, tmp_path):
    other = tmp_path / "other"
    frame = read_rows(runs[0] / "slices.csv").assign(run="other")
    frame.loc[0, "psnr"] *= 1 + 1e-6
    write_rows(other / "slices.csv", frame.to_dict("records"))
    merge.collect([*runs, other], tmp_path / "out", DETAILS)
    assert len(read_rows(tmp_path / "out" / "slices.csv.gz")) == 280
    frame.loc[0, "psnr"] += 1
    write_rows(other / "slices.csv", frame.to_dict("records"))
    with pytest.raises(ReconError, match=r"contradicts another one's slices\.csv"):
        merge.collect([*runs, other], tmp_path / "out", DETAILS)
    panels = {key: np.zeros_like(image) for key, image in make_panels("t1", "natural", 0).items()}
    write_panels(other / "panels.npz", panels)
    with pytest.raises(ReconError, match="another image"):
        merge.collect([*runs, other], tmp_path / "out", DETAILS)


def test_no_runs_and_a_missing_run_are_named(tmp_path):
    with pytest.raises(ReconError, match="no runs"):
        merge.collect([], tmp_path / "out", DETAILS)
    with pytest.raises(ReconError, match="nowhere"):
        merge.collect([tmp_path / "nowhere"], tmp_path / "out", DETAILS)


def test_verify_accepts_what_was_written(folder):
    assert provenance.verify(folder)["parameters"] == {"seed": 1}


@pytest.mark.parametrize("name", ["slices.csv.gz", "history.csv.gz", "panels.npz"])
def test_verify_names_a_missing_an_edited_and_a_half_written_file(folder, name):
    whole = (folder / name).read_bytes()
    for damaged in (whole[:-1], whole + b" ", whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
        (folder / name).write_bytes(damaged)
        with pytest.raises(ReconError, match=f"{name} is not what was written"):
            provenance.verify(folder)
    (folder / name).unlink()
    with pytest.raises(ReconError, match=f"{name} is missing"):
        provenance.verify(folder)


@pytest.mark.parametrize("name", ["notes.txt", ".slices.csv.gz.12.part", "weights/x.safetensors"])
def test_verify_names_a_file_that_is_not_listed(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    with pytest.raises(ReconError, match=rf"{name} is not listed"):
        provenance.verify(folder)


def test_verify_notices_an_edited_or_broken_provenance(folder):
    path = folder / "provenance.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace("abc", "abd"))
    with pytest.raises(ReconError, match=r"provenance\.json was edited"):
        provenance.verify(folder)
    for broken in (whole[:20], "[]", "{}", "3"):
        path.write_text(broken)
        with pytest.raises(ReconError, match=r"provenance\.json is missing or not readable"):
            provenance.verify(folder)
    path.unlink()
    with pytest.raises(ReconError, match=r"provenance\.json is missing or not readable"):
        provenance.verify(folder)


def test_the_best_profile_is_the_first_in_order(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "none"))
    assert store.best() is None
    root = tmp_path / "results"
    monkeypatch.setenv("RECON_RESULTS", str(root))
    for name in ("mine", "smoke", "desk", "open", "paper"):
        merge.collect(runs[:2], root / name, DETAILS)
        assert store.best().profile == name
    (root / "benchmarks").mkdir()
    provenance.write_provenance(root / "benchmarks", {})
    assert store.profiles() == ["paper", "open", "desk", "smoke", "mine"]
    assert set(store.verify_all()) == {"smoke", "desk", "open", "paper", "mine", "benchmarks"}
    assert len(store.open_results("mine").slices)
    (root / "desk" / "slices.csv.gz").unlink()
    with pytest.raises(ReconError, match="desk"):
        store.verify_all()
    assert store.best().profile == "paper"


def test_pages_on_variations_show_the_best_profile_that_has_some(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "results"))
    assert store.best_varied() is None
    merge.collect(runs[:2], store.root() / "open", DETAILS)
    assert store.best_varied().profile == "open"  # without any it is the one that all pages show
    varied = tmp_path / "varied" / "slices.csv"
    rows = [row("t1", "sub-11", i, variation="residual") for i in range(3)]
    write_rows(varied, rows)
    merge.collect([*runs[:2], varied.parent], store.root() / "desk", DETAILS)
    assert store.best_varied().profile == "desk"
    assert store.best().profile == "open"


def test_load_opens_what_collect_wrote(folder, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(folder.parent))
    shown = store.open_results("smoke")
    assert len(shown.slices) == 280
    assert set(shown.history["kind"]) == {"train", "finetune"}
    assert "t1/sub-11/41/reference" in shown.panels
    assert shown.provenance["commit"] == "abc"


def test_load_checks_the_name_and_the_files(folder, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(folder.parent))
    with pytest.raises(ReconError, match="smoke"):
        store.open_results("smok")
    (folder / "panels.npz").write_bytes(b"")
    for call in (store.best, lambda: store.open_results("smoke")):
        with pytest.raises(ReconError, match=r"panels\.npz"):
            call()


def test_bad_rows_and_tables_are_named(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(ReconError, match="psnr"):
        write_rows(path, [{"psrn": 1.0}])
    with pytest.raises(ReconError, match="comma"):
        write_rows(path, [row("t1", "a,b", 1)])
    with pytest.raises(ReconError, match="truth"):
        write_rows(path, [row("t1", "a", 1, psnr=True)])
    assert not path.exists()
    with pytest.raises(ReconError, match=r"no file .*a\.csv"):
        read_rows(path)
    path.write_text("run,psrn\nx,1\n")
    with pytest.raises(ReconError, match=r"columns .*psrn"):
        read_rows(path)
    path.write_text("")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path)
    path.write_text(",".join(SLICE_COLUMNS) + "\n" + "x" * 9 + ",," * 10 + "word\n")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path)
    path.with_suffix(".gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path.with_suffix(".gz"))
    (tmp_path / "p.npz").write_bytes(b"PK broken")
    with pytest.raises(ReconError, match="not a readable set of images"):
        read_panels(tmp_path / "p.npz")


def flipped(content, rng):
    place = int(rng.integers(len(content)))
    return content[:place] + bytes([content[place] ^ int(rng.integers(1, 256))]) + content[place + 1 :]


def test_a_flipped_byte_is_one_clear_error_or_changes_nothing_that_is_read(tmp_path):
    """Inside what is compressed too, where the decompressor raises errors of its own."""
    rng = np.random.default_rng(0)
    panels = {"t1/sub-1/3/reference": rng.random((9, 8)).astype(np.float16)}
    write_panels(tmp_path / "p.npz", panels)
    rows = [row("t1", "sub-1", i, psnr=30 + rng.random()) for i in range(40)]
    write_rows(tmp_path / "s.csv.gz", rows, SLICE_COLUMNS)
    for path, read in ((tmp_path / "p.npz", read_panels), (tmp_path / "s.csv.gz", read_rows)):
        sound, refused = path.read_bytes(), 0
        for _ in range(200):
            path.write_bytes(flipped(sound, rng))
            try:
                read(path)
            except ReconError:
                refused += 1
        assert refused > 100


def test_panels_with_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ReconError, match="not a readable"):
        read_panels(tmp_path / "p.npz")


def test_history_rows_round_trip(tmp_path):
    rows = make_history("r", "natural", "t1", 0)
    write_rows(tmp_path / "h.csv", rows, HISTORY_COLUMNS)
    frame = read_rows(tmp_path / "h.csv", HISTORY_COLUMNS)
    assert frame["updates"].tolist() == [r["updates"] for r in rows]
    assert frame["n_finetune"].isna().all()


def test_columns_that_a_file_lacks_are_empty_and_the_schema_is_found(tmp_path):
    (tmp_path / "h.csv").write_text("run,epoch,loss\nx,1,0.5\n")
    frame = read_rows(tmp_path / "h.csv")
    assert list(frame.columns) == list(HISTORY_COLUMNS)
    assert frame["test_domain"].tolist() == [""]
    assert frame[["n_finetune", "psnr"]].isna().all(axis=None)
    assert str(frame["n_finetune"].dtype) == "Int64"
    assert frame["loss"].tolist() == [0.5]


def test_an_empty_folder_holds_no_runs_and_a_damaged_one_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path))
    assert store.collected("smoke") == set()
    (tmp_path / "smoke").mkdir()
    assert store.collected("smoke") == set()
    assert (store.profiles(), store.best()) == ([], None)
    (tmp_path / "smoke" / "slices.csv.gz").write_bytes(b"")
    with pytest.raises(ReconError, match="missing or not readable"):
        store.collected("smoke")
    with pytest.raises(ReconError, match="missing or not readable"):
        store.best()
