"""BART's files, written here by the format's description: the first axis runs fastest."""

import numpy as np
import pytest
from laws import direct_fft2c
from scans.phantoms import images

from recon_lib.core.errors import ReconError
from recon_lib.scans.bart import cfl_coils, encode_cfl, read_cfl
from recon_lib.scans.read import find_scans, read_scan


def save_cfl(path, array, sizes=None):
    """Write an array whose axes are BART's dimensions."""
    sizes = array.shape if sizes is None else sizes
    path.with_suffix(".hdr").write_text("# Dimensions\n" + " ".join(map(str, sizes)) + "\n# Command\nfft -u 3\n")
    array.astype("<c8").ravel(order="F").tofile(path)
    return path


@pytest.mark.parametrize("sizes", [(), (1,), (1, 1), (1,) * 14])
def test_a_slice_is_rows_and_columns_however_many_axes_the_header_has(tmp_path, sizes):
    array = np.arange(12.0).reshape(3, 4) + 1j
    np.testing.assert_array_equal(read_cfl(save_cfl(tmp_path / "k.cfl", array, (3, 4, *sizes))), array)


@pytest.mark.parametrize("place", [2, 13])
def test_slices_come_first_whichever_axis_holds_them(tmp_path, place):
    array = np.arange(24.0).reshape(3, 4, 2) * (1 + 2j)
    sizes = [3, 4] + [1] * 12
    sizes[place] = 2
    np.testing.assert_array_equal(read_cfl(save_cfl(tmp_path / "k.cfl", array, sizes)), np.moveaxis(array, 2, 0))


def test_a_readout_of_length_one_in_front_is_dropped(tmp_path):
    array = np.arange(12.0).reshape(3, 4) + 1j
    np.testing.assert_array_equal(read_cfl(save_cfl(tmp_path / "k.cfl", array, (1, 3, 4))), array)


def test_k_space_is_read_as_a_scan(tmp_path):
    full = direct_fft2c(images()).astype(np.complex64)
    path = save_cfl(tmp_path / "k.cfl", np.moveaxis(full, 0, 2), (48, 40, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2))
    np.testing.assert_array_equal(read_scan(path).array, full)
    assert find_scans(tmp_path) == [path]


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ((3, 4, 1, 2), "has k-space of 2 coils: combine them into one first"),
        ((3, 4, 1, 1, 3), "bytes where its header says"),
        ((2, 3, 2, 1, 2), "has the dimensions 2x3x2x1x2: a scan is rows and columns"),
        ((3, 5), "has 192 bytes where its header says 120: copy it again"),
        ((99999, 99999, 99), "a scan is rows and columns, and slices at most"),
        (("x", 4), "does not begin with the dimensions"),
        ((-3, 4), "does not begin with the dimensions"),
        ((0, 4), "does not begin with the dimensions"),
        ((), "does not begin with the dimensions"),
        ((1,) * 17, "does not begin with the dimensions"),
    ],
)
def test_other_files_are_refused(tmp_path, sizes, sentence):
    array = np.ones((3, 4, 2), complex)
    with pytest.raises(ReconError, match=sentence):
        read_cfl(save_cfl(tmp_path / "k.cfl", array, sizes))


def test_a_header_must_be_there(tmp_path):
    (tmp_path / "k.cfl").write_bytes(bytes(8))
    with pytest.raises(ReconError, match=r"has no readable header k\.hdr beside it: copy both"):
        read_cfl(tmp_path / "k.cfl")


def test_images_are_encoded_as_they_are_read(tmp_path):
    array = (np.arange(24.0).reshape(2, 3, 4) * (1 + 2j)).astype(np.complex64)
    content, header = encode_cfl(array)
    (tmp_path / "k.cfl").write_bytes(content)
    (tmp_path / "k.hdr").write_bytes(header)
    np.testing.assert_array_equal(read_cfl(tmp_path / "k.cfl"), array)
    assert header.decode().splitlines()[1].split() == ["3", "4", *["1"] * 11, "2"]


@pytest.mark.parametrize(("sizes", "coils"), [((3, 4), 1), ((3, 4, 1, 5), 5), ((3, 4, 1, 2, 7), 2)])
def test_coils_are_counted_by_the_header_alone(tmp_path, sizes, coils):
    assert cfl_coils(save_cfl(tmp_path / "k.cfl", np.zeros(1), sizes)) == coils
