"""The real slice of several coils: read from the verified file, coils first, and refused when it is something else."""

import numpy as np
import pytest
import scipy.io

from recon_lib.core.errors import ReconError
from recon_lib.data.raw_slice import load_raw_slice, raw_file


def test_the_coils_come_first(tmp_path):
    kspace = np.arange(24).reshape(3, 4, 2) * (1 + 2j)
    scipy.io.savemat(tmp_path / "slice.mat", {"kData": kspace, "coil_sens": np.ones((3, 4, 2))})
    array = load_raw_slice(tmp_path / "slice.mat")
    assert array.dtype == np.complex64
    assert array.flags.c_contiguous
    assert array.shape == (2, 3, 4)
    assert array[1, 2, 3] == kspace[2, 3, 1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kdata": np.ones((3, 4, 2)) * 1j}, "no array kData"),
        ({"kData": np.ones((3, 4, 2))}, "it is complex"),
        ({"kData": np.ones((3, 4)) * 1j}, r"\(height, width, coils\)"),
    ],
)
def test_another_file_is_refused(content, message, tmp_path):
    scipy.io.savemat(tmp_path / "slice.mat", content)
    with pytest.raises(ReconError, match=message):
        load_raw_slice(tmp_path / "slice.mat")
    (tmp_path / "slice.mat").write_bytes(b"no such file")
    with pytest.raises(ReconError, match="no array kData"):
        load_raw_slice(tmp_path / "slice.mat")


def test_the_manifest_names_it_by_hash_and_address():
    file = raw_file()
    assert (file.role, file.domain) == ("kspace", "")
    assert file.addresses


@pytest.mark.mirror
def test_the_real_slice_has_four_coils_and_is_full():
    kspace = load_raw_slice()
    assert kspace.shape == (4, 256, 256)
    assert kspace.all()
