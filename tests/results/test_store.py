"""What the book reads: the best profile first, and only what its provenance vouches for."""

import pytest
from fabricated import row

from recon_lib.core.errors import ReconError
from recon_lib.results import merge, provenance, store
from recon_lib.results.panels import PanelKey
from recon_lib.results.rows import write_rows

DETAILS = {"parameters": {"seed": 1}, "commit": "abc"}


def test_the_best_profile_is_the_first_in_order(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "none"))
    assert store.best() is None
    root = tmp_path / "results"
    monkeypatch.setenv("RECON_RESULTS", str(root))
    for name in ("mine", "smoke", "open", "desk", "paper"):
        merge.collect(runs[:2], root / name, DETAILS)
        assert store.best().profile == name
    (root / "benchmarks").mkdir()
    provenance.write_provenance(root / "benchmarks", {})
    assert store.profiles() == ["paper", "desk", "open", "smoke", "mine"]
    assert set(store.verify_all()) == {"smoke", "desk", "open", "paper", "mine", "benchmarks"}
    assert len(store.open_results("mine").slices)
    (root / "desk" / "slices.csv.gz").unlink()
    with pytest.raises(ReconError, match="desk"):
        store.verify_all()
    assert store.best().profile == "paper"


def test_pages_on_variations_show_the_best_profile_that_has_some(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "results"))
    assert store.best_varied() is None
    merge.collect(runs[:2], store.root() / "paper", DETAILS)
    assert store.best_varied().profile == "paper"  # without any it is the one that all pages show
    varied = tmp_path / "varied" / "slices.csv"
    rows = [row("t1", "sub-11", i, variation="residual") for i in range(3)]
    write_rows(varied, rows)
    merge.collect([*runs[:2], varied.parent], store.root() / "desk", DETAILS)
    assert store.best_varied().profile == "desk"
    assert store.best().profile == "paper"


def test_load_opens_what_collect_wrote(folder, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(folder.parent))
    results = store.open_results("smoke")
    assert len(results.slices) == 280
    assert set(results.history["kind"]) == {"train", "finetune"}
    assert PanelKey("t1", "sub-11", 41, "reference") in results.panels
    assert results.provenance["commit"] == "abc"


def test_load_checks_the_name_and_the_files(folder, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(folder.parent))
    with pytest.raises(ReconError, match="smoke"):
        store.open_results("smok")
    (folder / "panels.npz").write_bytes(b"")
    for call in (store.best, lambda: store.open_results("smoke")):
        with pytest.raises(ReconError, match=r"panels\.npz"):
            call()


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
