"""Arrays of NumPy: one array comes back as it was saved, and an archive of several is refused by their names."""

import zipfile

import numpy as np
import pytest
from scan_files import head

from recon_lib.core.errors import ReconError
from recon_lib.scans.arrays import load_array
from recon_lib.scans.read import find_scans, read_scan


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_with_one_array_is_that_array(tmp_path, save):
    array = head()[..., 2].astype(np.float64)
    save(tmp_path / "x.npz", kspace=array)
    np.testing.assert_array_equal(load_array(tmp_path / "x.npz"), array)
    scan = read_scan(tmp_path / "x.npz")
    assert (scan.kind, scan.shape, scan.array.dtype) == ("npy", (24, 28), np.float32)
    assert find_scans(tmp_path) == [tmp_path / "x.npz"]


def test_an_array_is_read_as_it_is(tmp_path):
    for array in (np.arange(6).reshape(2, 3), np.asfortranarray(head()), np.ones((2, 2), complex)):
        np.save(tmp_path / "x.npy", array)
        loaded = load_array(tmp_path / "x.npy")
        np.testing.assert_array_equal(loaded, array)
        assert loaded.dtype == array.dtype


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"a": np.ones(3), "mask": np.ones(2)}, r"holds 2 arrays \(a, mask\): save the one that is the scan alone"),
        ({}, r"holds 0 arrays \(none\)"),
        ({"a": np.array(["x"])}, "does not hold one array of numbers"),
        ({"a": np.array([{}], object)}, "does not hold one array of numbers"),
    ],
)
def test_other_archives_are_refused(tmp_path, arrays, sentence):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ReconError, match=sentence):
        load_array(tmp_path / "x.npz")


def test_what_is_no_array_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"PK nothing")
    with pytest.raises(ReconError, match="is not a readable array"):
        load_array(tmp_path / "x.npz")
    np.savez(tmp_path / "y.npz", np.ones(3))
    (tmp_path / "y.npz").rename(tmp_path / "y.npy")
    with pytest.raises(ReconError, match=r"rename it to end with \.npz"):
        load_array(tmp_path / "y.npy")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    header = np.lib.format.header_data_from_array_1_0(np.zeros(1)) | {"shape": (2**40,)}
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive, archive.open("a.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(ReconError, match="no scan is so large"):
        load_array(tmp_path / "x.npz")


def test_names_of_any_length_are_quoted_shortly(tmp_path):
    np.savez(tmp_path / "x.npz", **{"a" * 5000: np.ones(3), "b": np.ones(2)})
    with pytest.raises(ReconError) as caught:
        load_array(tmp_path / "x.npz")
    assert len(str(caught.value)) < 500
