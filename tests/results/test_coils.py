"""Results of several coils come back as they were written, and are verified before they are read."""

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.results import coils, store

ROW = {"run": "evaluate-a", "test": "t1", "subject": "s", "slice": 3, "method": "cg_sense", "network": "", "coils": 4}
NUMBERS = {"acceleration": 6.0, "psnr": 31.5, "ssim": 0.9, "nmse": 0.01, "seconds": 0.2, "seconds_maps": 3.0}


def write():
    history = [{"run": "train-a", "kind": "train", "label": "a", "epoch": 0, "updates": 4, "loss": 0.5, "psnr": 30.0}]
    return coils.write([{**ROW, **NUMBERS}], history, {"reference": np.eye(3, dtype=np.float32)}, {"commit": "abc"})


def test_what_was_written_comes_back():
    assert coils.read() == (None, {})
    folder = write()
    rows, provenance = coils.read()
    assert folder == store.root() / "coils"
    assert rows.iloc[0].to_dict() == {**ROW, **NUMBERS}
    assert provenance["commit"] == "abc"
    assert set(provenance["files"]) == {"slices.csv.gz", "history.csv.gz", "panels.npz"}
    assert np.array_equal(coils.read_pictures()["reference"], np.eye(3))
    assert list(store.verify_all()) == ["coils"]
    assert store.profiles() == []


def test_effects_come_back_and_leave_with_the_results_that_have_none():
    names = {"run": "effects-a", "test": "t1", "subject": "s", "slice": 3, "iterations": 6, "network": "natural"}
    row = {**names, "acceleration": 6.0, "weight": 0.1, "psnr": 31.5, "ssim": 0.9, "nmse": 0.01, "seconds": 0.2}
    coils.write([{**ROW, **NUMBERS}], [], {}, {}, [row])
    assert coils.read_effects().iloc[0].to_dict() == row
    assert "effects.csv.gz" in coils.read()[1]["files"]
    write()
    assert coils.read_effects() is None
    assert list(store.verify_all()) == ["coils"]


def test_an_edited_file_is_found():
    (write() / "slices.csv.gz").write_bytes(b"")
    with pytest.raises(ReconError, match="sha256 differs"):
        coils.read()


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(ReconError, match="Unknown column"):
        coils.write([{"domain": "t1"}], [], {}, {})
