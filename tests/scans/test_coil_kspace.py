"""K-space of several coils: the same array from every kind of file, and every bad input named."""

import h5py
import numpy as np
import pytest
from laws import complex_normal

from recon_lib.core.errors import ReconError
from recon_lib.scans.coil_kspace import check_kspace, read_coils

SHAPE = (2, 3, 8, 10)  # slices, coils, rows, columns


def kspace(coils=3):
    array = complex_normal(0, (2, coils, 8, 10)).astype(np.complex64)
    return array * (np.random.default_rng(1).random((2, 1, 8, 10)) < 0.5)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_an_array_may_have_its_coils_along_any_axis(axis, tmp_path):
    np.save(tmp_path / "raw.npy", np.moveaxis(kspace(), 1, axis))
    scan = read_coils(tmp_path / "raw.npy", axis)
    assert np.array_equal(scan.array, kspace())
    assert np.array_equal(scan.mask, kspace().any(axis=1))
    assert scan.acceleration == pytest.approx(scan.mask.size / scan.mask.sum())


def test_a_single_slice_is_a_stack_of_one(tmp_path):
    np.save(tmp_path / "raw.npy", np.moveaxis(kspace()[0], 0, 2))
    assert np.array_equal(read_coils(tmp_path / "raw.npy", 2).array, kspace()[:1])


def test_fastmri_and_bart_give_the_same(tmp_path):
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file["kspace"] = kspace()
    assert np.array_equal(read_coils(tmp_path / "raw.h5").array, kspace())
    (tmp_path / "raw.hdr").write_text("# Dimensions\n8 10 1 3 1 1 1 1 1 1 1 1 1 2\n")
    kspace().transpose(2, 3, 1, 0).ravel(order="F").tofile(tmp_path / "raw.cfl")
    assert np.array_equal(read_coils(tmp_path / "raw.cfl").array, kspace())


def test_more_undersampling_than_coils_is_noted():
    array = np.zeros((1, 2, 8, 10), np.complex64)
    array[:, :, ::3, ::2] = 1
    assert "more than 2 coils" in check_kspace("raw", array).notes["acceleration beyond the coils"]
    assert check_kspace("raw", kspace()).notes == {}


def spoilt(change):
    array = kspace()
    change(array)
    return array


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (kspace().real, "holds real numbers"),
        (kspace(coils=1), "has one coil"),
        (spoilt(lambda a: a.__setitem__((0, 0, 0, 0), np.nan)), "NaN or infinite"),
        (spoilt(lambda a: a.__setitem__((slice(None), 1), 0)), "Coil 2 of 3 in raw is zero everywhere"),
        (spoilt(lambda a: a.__setitem__(1, 0)), "Slice 1 of raw is zero everywhere"),
        (spoilt(lambda a: a.__setitem__((slice(None), 2, slice(0, 3)), 0)), "Coil 3 of raw was sampled at"),
    ],
)
def test_what_no_scan_of_several_coils_can_be_is_named(array, message):
    with pytest.raises(ReconError, match=message):
        check_kspace("raw", array)


def test_files_that_are_not_understood_are_named(tmp_path):
    np.save(tmp_path / "raw.npy", kspace())
    np.save(tmp_path / "flat.npy", kspace()[0, 0])
    with h5py.File(tmp_path / "single.h5", "w") as file:
        file["kspace"] = kspace()[:, 0]
    (tmp_path / "broken.h5").write_bytes(b"no HDF5")
    (tmp_path / "deep.hdr").write_text("# Dimensions\n8 10 4 3\n")
    for name, axis, message in (
        ("raw.npy", None, "such as --coils 0"),
        ("raw.npy", 4, "no axis 4"),
        ("flat.npy", 0, "coils, rows, columns"),
        ("single.h5", None, r"\(slices, coils, height, width\)"),
        ("single.h5", 1, "leave out --coils"),
        ("broken.h5", None, "Cannot read"),
        ("deep.cfl", None, "8x10x4x3"),
        ("raw.nii", None, "no file of several coils"),
    ):
        with pytest.raises(ReconError, match=message):
            read_coils(tmp_path / name, axis)
