"""K-space of several coils: the same array from every kind of file, and every bad input named."""

import h5py
import numpy as np
import pytest
from laws import complex_normal
from scans.phantoms import coil_kspace, coil_mask, coil_scan
from scans.test_bart import save_cfl

from recon_lib.core.errors import ReconError
from recon_lib.scans.coil_kspace import count_coils, read_coils
from recon_lib.scans.options import ReadOptions

FULL = coil_kspace(coils=3)[0]
KSPACE = FULL * coil_mask()


def save_fastmri(path, array=KSPACE, **datasets):
    with h5py.File(path, "w") as file:
        file["kspace"] = array
        for name, value in datasets.items():
            file[name] = value
    return path


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1])
def test_an_array_may_have_its_coils_along_any_axis(axis, tmp_path):
    np.save(tmp_path / "raw.npy", np.moveaxis(KSPACE, 1, axis))
    scan = read_coils(tmp_path / "raw.npy", axis)
    assert np.array_equal(scan.array, KSPACE)
    assert np.array_equal(scan.mask, KSPACE.any(axis=1))
    assert (scan.coils, scan.is_undersampled) == (3, True)
    assert count_coils(tmp_path / "raw.npy", axis) > 1
    assert count_coils(tmp_path / "raw.npy") == 1


def test_a_single_slice_is_a_stack_of_one(tmp_path):
    np.save(tmp_path / "raw.npy", np.moveaxis(KSPACE[0], 0, 2))
    assert np.array_equal(read_coils(tmp_path / "raw.npy", 2).array, KSPACE[:1])


def test_fastmri_and_bart_give_the_same(tmp_path):
    mask = np.arange(40) % 2 == 0
    paths = [
        save_fastmri(tmp_path / "raw.h5", mask=mask),
        save_cfl(tmp_path / "raw.cfl", KSPACE.transpose(2, 3, 1, 0), (48, 40, 1, 3, *([1] * 9), 2)),
    ]
    for path in paths:
        assert count_coils(path) == 3
        assert np.array_equal(read_coils(path).array, KSPACE)
    assert np.array_equal(read_coils(paths[0]).stored.mask, mask)
    assert count_coils(save_fastmri(tmp_path / "single.h5", KSPACE[:, 0])) == 1
    assert count_coils(tmp_path) == 1


def test_fastmri_s_padding_is_no_undersampling(tmp_path):
    padded = FULL.copy()
    padded[..., :4], padded[..., -3:] = 0, 0
    path = save_fastmri(tmp_path / "raw.h5", padded)
    with h5py.File(path, "a") as file:
        file.attrs["padding_left"], file.attrs["padding_right"] = 4, 37
    scan = read_coils(path)
    assert list(np.flatnonzero(~scan.limits.any(axis=0))) == [0, 1, 2, 3, 37, 38, 39]
    assert not scan.is_undersampled
    assert not coil_scan(FULL).is_undersampled


def test_the_corner_order_is_turned_and_a_late_echo_keeps_its_phase():
    late = np.roll(FULL, 2, axis=-1)
    scan = coil_scan(late)
    assert np.array_equal(scan.array, late)
    assert scan.notes == {}
    scan = coil_scan(np.fft.ifftshift(late, axes=(-2, -1)))
    assert np.array_equal(scan.array, late)
    assert "the corner" in scan.notes["k-space centred"]
    vouched = coil_scan(np.fft.ifftshift(late, axes=(-2, -1)), options=ReadOptions(kspace_order="centred"))
    assert not np.array_equal(vouched.array, late)


def test_uneven_coils_are_taken_for_centred():
    """Their k-space and their images are spread alike, so that nothing tells one from the other."""
    array = complex_normal(0, (1, 2, 12, 10)).astype(np.complex64)
    scan = coil_scan(array)
    assert np.array_equal(scan.array, array)
    assert "k-space centred" not in scan.notes


def test_many_coils_of_one_slice_are_no_volume():
    """Two of sixteen coils hold nearly all of the energy, as a few planes of three-dimensional k-space would."""
    strengths = np.where(np.arange(16) < 2, 1, 0.01)[:, None, None]
    scan = coil_scan((FULL[:1, :1] * strengths).astype(np.complex64))
    assert scan.coils == 16


def test_an_empty_slice_is_left_out_of_what_is_reconstructed():
    array = KSPACE.copy()
    array[0] = 0
    assert coil_scan(array).filled.tolist() == [1]


def spoilt(change, array=KSPACE):
    array = array.copy()
    change(array)
    return array


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (KSPACE.real, "holds real numbers"),
        (KSPACE[:, :1], "has one coil along that axis"),
        (spoilt(lambda a: a.__setitem__((0, 0, 0, slice(3)), np.nan)), "holds 3 NaN or infinite values"),
        (spoilt(lambda a: a.__setitem__((slice(None), 1), 0)), "Coil 2 of 3 in raw.h5 is zero everywhere"),
        (0 * KSPACE, "raw.h5 is zero everywhere"),
        (
            spoilt(lambda a: a.__setitem__((slice(None), 2, slice(0, 9)), 0)),
            "Coil 3 of raw.h5 was sampled at",
        ),
        (np.fft.ifft2(FULL).astype(np.complex64), "looks like a complex image"),
    ],
)
def test_what_no_scan_of_several_coils_can_be_is_named(array, message):
    with pytest.raises(ReconError, match=message):
        coil_scan(array)


def test_nan_may_be_set_to_zero_by_the_user():
    array = spoilt(lambda a: a.__setitem__((0, slice(None), 0, 0), np.nan), FULL)
    scan = coil_scan(array, options=ReadOptions(nan_to_zero=True))
    assert not scan.mask[0, 0, 0]
    assert "3 NaN" in scan.notes["nan to zero"]


def test_files_that_are_not_understood_are_named(tmp_path):
    np.save(tmp_path / "raw.npy", KSPACE)
    np.save(tmp_path / "flat.npy", KSPACE[0, 0])
    save_fastmri(tmp_path / "single.h5", KSPACE[:, 0])
    (tmp_path / "broken.h5").write_bytes(b"no HDF5")
    (tmp_path / "deep.hdr").write_text("# Dimensions\n8 10 4 3\n")
    for name, axis, message in (
        ("raw.npy", None, "such as --coils 0"),
        ("raw.npy", 4, "no axis 4"),
        ("flat.npy", 0, "coils, rows, columns"),
        ("single.h5", None, r"of several coils it has four axes"),
        ("single.h5", 1, "leave out --coils"),
        ("broken.h5", None, "Cannot read"),
        ("deep.cfl", None, "8x10x4x3"),
        ("raw.nii", None, "no file of several coils"),
        ("raw.nii", 1, "no file of several coils"),
    ):
        with pytest.raises(ReconError, match=message):
            read_coils(tmp_path / name, axis)
    with pytest.raises(ReconError, match="Cannot read"):
        count_coils(tmp_path / "broken.h5")
    (tmp_path / "raw.json").write_text('{"reconstructed by": "x", "output": "raw.npy"}')
    with pytest.raises(ReconError, match="is a reconstruction that this library wrote"):
        read_coils(tmp_path / "raw.npy", 1)
