"""Images of several coils on disk: each format read back by an independent reader, and nothing half-written."""

import json
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
from laws import complex_normal
from scans.phantoms import coil_kspace

from recon_lib.core.errors import ReconError
from recon_lib.scans import coil_write
from recon_lib.scans.coil_kspace import check_coil_kspace
from recon_lib.scans.options import ReadOptions

IMAGES = complex_normal(0, (2, 5, 4)).astype(np.complex64)
SCAN = check_coil_kspace(Path("raw.h5"), coil_kspace()[0], ReadOptions())


@pytest.mark.parametrize("images", [IMAGES, np.abs(IMAGES)], ids=["complex", "magnitude"])
def test_arrays_keep_their_type_and_have_a_record(tmp_path, images):
    for name in ("a.npy", "b.h5"):
        coil_write.write_coil_images(SCAN, images, tmp_path / name, {"coils": 4})
        record = json.loads((tmp_path / name).with_suffix(".json").read_text())
        assert record == {"coils": 4, "output": name, "stored as": str(images.dtype)}
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), images)
    assert np.load(tmp_path / "a.npy").dtype == images.dtype
    with h5py.File(tmp_path / "b.h5") as file:
        np.testing.assert_array_equal(file["reconstruction"], images)
        assert json.loads(file.attrs["record"])["coils"] == 4
        assert file.attrs["max"] == pytest.approx(np.abs(images).max())


@pytest.mark.skipif(not shutil.which("bart"), reason="BART is not installed")
def test_bart_reads_the_same_images(tmp_path):
    coil_write.write_coil_images(SCAN, IMAGES, tmp_path / "c.cfl", {})
    text = subprocess.run(["bart", "show", "-m", "c"], cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    assert [int(word) for word in text.split("AoD:")[1].split()] == [5, 4, *[1] * 11, 2, 1, 1]
    command = ["bart", "slice", "13", "1", "c", "s"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    shown = subprocess.run(["bart", "show", "s"], cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    values = np.array([complex(word.replace("i", "j")) for word in shown.split()]).reshape(4, 5).T
    np.testing.assert_allclose(values, IMAGES[1], atol=1e-5)


def test_an_ending_that_cannot_hold_them_is_refused(tmp_path):
    assert coil_write.coil_ending(SCAN, tmp_path / "A.NPY") == ".npy"
    with pytest.raises(ReconError, match=r"x\.png does not suit raw\.h5: the output ends with \.npy"):
        coil_write.write_coil_images(SCAN, IMAGES, tmp_path / "x.png", {})
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_what_could_not_be_written(tmp_path, monkeypatch):
    write = coil_write.write_bytes

    def fail(path, content):
        if path.suffix == ".cfl":
            raise OSError(28, "No space left")
        write(path, content)

    monkeypatch.setattr(coil_write, "write_bytes", fail)
    with pytest.raises(OSError, match="No space"):
        coil_write.write_coil_images(SCAN, IMAGES, tmp_path / "c.cfl", {})
    assert list(tmp_path.iterdir()) == []
