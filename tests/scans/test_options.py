"""What the user may say of a scan: values set to zero are counted, and nothing else is touched."""

import numpy as np
import pytest
from scan_files import head, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.scans.options import ReadOptions, mend_values
from recon_lib.scans.read import read_scan


def test_values_become_zero_only_where_that_was_asked_for():
    array = np.array([[np.nan, -2.0, 3.0], [np.inf, -np.inf, -0.5]], np.float32)
    same, notes = mend_values(array, ReadOptions())
    assert same is array
    assert notes == {}
    mended, notes = mend_values(array, ReadOptions(nan_to_zero=True))
    np.testing.assert_array_equal(mended, np.float32([[0, -2, 3], [0, 0, -0.5]]))
    assert notes == {"nan to zero": "3 NaN or infinite values were set to zero."}
    mended, notes = mend_values(array, ReadOptions(nan_to_zero=True, clip_negative=True))
    np.testing.assert_array_equal(mended, np.float32([[0, 0, 3], [0, 0, 0]]))
    assert notes["negative to zero"] == "2 negative values, down to -2, were set to zero."
    assert mended.dtype == np.float32


def test_complex_numbers_have_no_sign_to_clip():
    array = np.complex64([[-1 - 1j, complex(np.nan, 1)]])
    mended, notes = mend_values(array, ReadOptions(nan_to_zero=True, clip_negative=True))
    np.testing.assert_array_equal(mended, np.complex64([[-1 - 1j, 0]]))
    assert list(notes) == ["nan to zero"]
    assert mended.dtype == np.complex64


def test_an_unknown_order_is_named():
    with pytest.raises(ReconError, match="Unknown k-space order 'center': did you mean 'centred'"):
        ReadOptions(kspace_order="center")


@pytest.mark.parametrize("name", ["a.nii", "a.npy"])
def test_every_reader_of_files_mends_before_it_refuses(tmp_path, name):
    volume = head()
    volume[1, 2, 3], volume[2, 2, 2] = np.nan, -0.1 * np.nanmax(volume)
    path = tmp_path / name
    save_nifti(path, volume, dtype=np.float32) if name == "a.nii" else np.save(path, volume)
    with pytest.raises(ReconError, match="holds 1 NaN or infinite values: add --nan-to-zero"):
        read_scan(path)
    with pytest.raises(ReconError, match="or add --clip-negative"):
        read_scan(path, ReadOptions(nan_to_zero=True))
    scan = read_scan(path, ReadOptions(nan_to_zero=True, clip_negative=True))
    assert list(scan.notes) == ["nan to zero", "negative to zero"]
    volume[1, 2, 3] = volume[2, 2, 2] = 0
    np.testing.assert_array_equal(scan.array, volume)
