"""What the book reads: the best profile first, and only what its provenance vouches for."""

import pytest
from fabricated import row, untrained, write_run

from recon_lib.core.errors import ReconError
from recon_lib.results import merge, provenance, store
from recon_lib.results.keys import RunKey
from recon_lib.results.panels import PanelKey

DETAILS = {"parameters": {"seed": 1}, "commit": "abc"}


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


def test_keys_name_what_was_evaluated(tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "results"))
    network = {"training_domain": "t1", "n_train": 500, "n_finetune": 20, "draw": 1}
    rows = [row("t1", subject, 40, **network) for subject in ("sub-11", "sub-12")]
    rows += [row("t2", "sub-11", 40, **untrained("cs:real"), variation="wavelet-db4")]
    merge.collect([write_run(tmp_path / "run", rows)], store.root() / "desk", DETAILS)
    assert store.open_results("desk").keys == {
        RunKey("network", "t1", 500, "t1", 20, 1),
        RunKey("cs:real", test_domain="t2", variation="wavelet-db4"),
    }


def test_load_opens_what_collect_wrote(folder, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(folder.parent))
    results = store.open_results("smoke")
    assert len(results.slices) == 280
    assert set(results.history["kind"]) == {"train", "finetune"}
    assert PanelKey("t1", "sub-11", 41, "reference") in results.panels
    assert results.provenance["commit"] == "abc"


def test_unchanged_results_are_read_once_and_checked_each_time(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "results"))
    folder = tmp_path / "results" / "desk"
    merge.collect(runs[:1], folder, DETAILS)
    first = store.open_results("desk")
    slices = first.slices
    assert store.open_results("desk").slices is slices
    merge.collect(runs, folder, DETAILS)
    second = store.open_results("desk")
    assert len(second.slices) > len(slices)
    content = (folder / "slices.csv.gz").read_bytes()
    (folder / "slices.csv.gz").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ReconError, match=r"slices\.csv\.gz"):
        store.open_results("desk")
    (folder / "slices.csv.gz").write_bytes(content)
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "others"))
    merge.collect(runs, tmp_path / "others" / "desk", DETAILS)
    assert store.open_results("desk") is not second


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
