"""K-space of fastMRI and ISMRMRD, written here by their published layouts, against the transform's definition."""

import h5py
import numpy as np
import pytest
from laws import direct_fft2c, direct_ifft2c
from scan_files import head
from scans.raw_files import ACQUISITION, save_fastmri, save_ismrmrd

from recon_lib.core.errors import ReconError
from recon_lib.scans.kspace import read_hdf5, read_own_mask
from recon_lib.scans.read import read_scan

IMAGES = np.moveaxis(head((16, 12, 3)), 2, 0)


def test_fastmri_s_k_space_is_centred_and_orthonormal(tmp_path):
    scan = read_scan(save_fastmri(tmp_path / "f.h5", direct_fft2c(IMAGES).astype(np.complex64)))
    assert (scan.kind, scan.array.shape) == ("kspace", (3, 16, 12))
    np.testing.assert_allclose(np.abs(direct_ifft2c(scan.array)), IMAGES, atol=1e-2)
    with_axis = read_scan(save_fastmri(tmp_path / "g.h5", direct_fft2c(IMAGES).astype(np.complex64)[:, None]))
    np.testing.assert_array_equal(with_axis.array, scan.array)


def test_ismrmrd_s_lines_make_the_same_k_space(tmp_path):
    kspace = direct_fft2c(IMAGES).astype(np.complex64)
    scan = read_scan(save_ismrmrd(tmp_path / "i.h5", kspace))
    np.testing.assert_array_equal(scan.array, kspace)


def test_ismrmrd_s_lines_find_their_places(tmp_path):
    """Lines backwards, off-centre counting, noise and calibration lines, an asymmetric echo with samples to drop."""
    kspace = direct_fft2c(IMAGES).astype(np.complex64)

    def change(header, line):
        if header["idx"]["kspace_encode_step_1"] % 2:
            header["flags"] |= 1 << 21
            line, header["center_sample"] = line[:, ::-1], 12 - 1 - 6
        header["idx"]["kspace_encode_step_1"] += 3
        return header, line

    noise = np.zeros((), ACQUISITION)
    noise["flags"], noise["number_of_samples"], noise["active_channels"] = 1 << 18, 4, 1
    echo = np.zeros((), ACQUISITION)
    echo["number_of_samples"], echo["active_channels"], echo["center_sample"], echo["discard_pre"] = 7, 1, 1, 2
    echo["idx"]["slice"], echo["idx"]["kspace_encode_step_1"] = 2, 5 + 3
    extra = [(noise, np.ones(4, np.complex64)), (echo, np.full(7, 9, np.complex64))]
    scan = read_scan(save_ismrmrd(tmp_path / "i.h5", kspace, change=change, extra=extra, centre=8 + 3))
    kspace[2, 5, 5:12] = 9  # sample 1 is the centre, 6; the first two are dropped
    kspace[2, 5, 5:7] = 0
    np.testing.assert_array_equal(scan.array, kspace)


def with_counter(name):
    def change(header, line):
        header["idx"][name] = header["idx"]["kspace_encode_step_1"] % 2
        return header, line

    return change


def coils(header, line):
    header["active_channels"] = 4
    return header, line


def far(header, line):
    header["idx"]["kspace_encode_step_1"] += 40
    return header, line


def calibration(header, line):
    header["flags"] |= 1 << 19
    return header, line


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        *(({"change": with_counter(n)}, f"several values of {n}") for n in ("average", "contrast", "repetition")),
        ({"change": coils}, "k-space of 4 coils: combine them into one first"),
        ({"change": far}, "a line outside its encoded matrix 16x12"),
        ({"change": calibration}, "holds no acquisition of an image"),
        ({"kind": "spiral"}, "is not 2-D Cartesian of one encoding"),
        ({"z": 8}, "is not 2-D Cartesian"),
        ({"y": 100000}, "states an encoded matrix of 100000x12"),
        ({"x": "many"}, "has no readable ISMRMRD header"),
    ],
)
def test_ismrmrd_that_is_not_one_image_a_slice_is_refused(tmp_path, changes, sentence):
    save_ismrmrd(tmp_path / "i.h5", direct_fft2c(IMAGES).astype(np.complex64), **changes)
    with pytest.raises(ReconError, match=sentence):
        read_scan(tmp_path / "i.h5")


def test_a_header_cannot_declare_entities(tmp_path):
    path = save_ismrmrd(tmp_path / "i.h5", direct_fft2c(IMAGES).astype(np.complex64))
    with h5py.File(path, "a") as file:
        text = file["dataset"]["xml"][0].decode().replace("<!-- header -->", '<!DOCTYPE x [<!ENTITY a "aaaa">]>')
        del file["dataset"]["xml"]
        file["dataset"].create_dataset("xml", data=[text], dtype=h5py.string_dtype())
    with pytest.raises(ReconError, match="declarations of its own"):
        read_scan(path)


@pytest.mark.parametrize(
    ("kspace", "sentence"),
    [
        (np.ones((2, 3, 8, 8), np.complex64), "has k-space of 3 coils: combine them into one first"),
        (np.ones((2, 8, 8), np.float32), "kspace of float32: k-space is complex"),
        (np.ones(8, np.complex64), r"kspace of shape \(8,\)"),
        (np.full((2, 8, 8), np.nan, np.complex64), "holds 128 NaN"),
    ],
)
def test_fastmri_files_of_another_kind_are_refused(tmp_path, kspace, sentence):
    with pytest.raises(ReconError, match=sentence):
        read_scan(save_fastmri(tmp_path / "f.h5", kspace))


def test_another_hdf5_says_what_it_holds(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["image"] = np.ones(3)
    with pytest.raises(ReconError, match=r"x\.h5 holds image: k-space is a dataset 'kspace'"):
        read_scan(tmp_path / "x.h5")


def test_a_line_whose_centre_nobody_states_has_it_in_the_middle(tmp_path):
    """As ismrmrd-python writes it: center_sample is 0 in every line."""

    def change(header, line):
        header["center_sample"] = 0
        return header, line

    kspace = direct_fft2c(IMAGES).astype(np.complex64)
    scan = read_scan(save_ismrmrd(tmp_path / "i.h5", kspace, change=change))
    np.testing.assert_array_equal(scan.array, kspace)
    assert "the middle one was taken" in scan.notes["centre assumed"]
    assert read_scan(save_ismrmrd(tmp_path / "j.h5", kspace)).notes == {}


HEADER = """<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding><encodingLimits><kspace_encoding_step_1>
<minimum>0</minimum><maximum>7</maximum><center>4</center></kspace_encoding_step_1></encodingLimits></encoding>
</ismrmrdHeader>"""


def padded():
    """K-space of 12 columns, of which 2 to 9 were acquired, every second one of the outer ones."""
    kspace = direct_fft2c(IMAGES).astype(np.complex64)
    kspace[:, :, [0, 1, 3, 8, 10, 11]] = 0
    return kspace


@pytest.mark.parametrize("header", ["attributes", "xml"])
def test_fastmri_s_header_states_the_acquired_columns(tmp_path, header):
    save_fastmri(tmp_path / "f.h5", padded())
    with h5py.File(tmp_path / "f.h5", "a") as file:
        if header == "xml":
            file["ismrmrd_header"] = HEADER
        else:
            file.attrs["padding_left"], file.attrs["padding_right"] = 2, 10
    stored = read_hdf5(tmp_path / "f.h5")
    np.testing.assert_array_equal(stored.limits.any(axis=0), [0, 0] + [1] * 9 + [0])
    assert stored.limits[:, 2:11].all()


@pytest.mark.parametrize("numbers", [(-1, 10), (4, 3), (0, 12), (2, 13), ("x", 3)])
def test_a_header_that_cannot_be_is_passed_over(tmp_path, numbers):
    save_fastmri(tmp_path / "f.h5", padded(), ismrmrd_header="<broken")
    with h5py.File(tmp_path / "f.h5", "a") as file:
        file.attrs["padding_left"], file.attrs["padding_right"] = numbers
    assert read_hdf5(tmp_path / "f.h5").limits is None
    with h5py.File(tmp_path / "f.h5", "a") as file:
        del file.attrs["padding_left"]
    assert read_hdf5(tmp_path / "f.h5").limits is None


def test_a_file_s_own_mask_is_read_and_not_applied(tmp_path):
    mask = np.arange(12) % 3 == 0
    save_fastmri(tmp_path / "f.h5", direct_fft2c(IMAGES).astype(np.complex64), mask=mask)
    scan = read_scan(tmp_path / "f.h5")
    np.testing.assert_array_equal(scan.mask, mask)
    np.testing.assert_array_equal(read_own_mask(tmp_path / "f.h5"), mask)
    assert scan.array.all()
    assert read_scan(save_fastmri(tmp_path / "g.h5", direct_fft2c(IMAGES).astype(np.complex64))).mask is None
