"""fastMRI and ISMRMRD of several coils: the same images from both, without the oversampling, in their place."""

import h5py
import numpy as np
import pytest
from laws import direct_ifft2c
from scans.phantoms import coil_kspace
from scans.raw_files import FIELD, NOISE, acquisition, save_fastmri, save_ismrmrd
from scans.test_ismrmrd_header import SPACE, header

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_simulation import complex_noise
from recon_lib.scans.coil_hdf5 import hdf5_coils, read_hdf5_coils

FULL = coil_kspace((40, 64), coils=3)[0]  # 32 of the 64 columns are the image
FIELDS = {"fields": FIELD.format(256, 200, 5), "image": SPACE.format(32, 30, FIELD.format(128, 150, 5))}
MIDDLE = direct_ifft2c(FULL)[..., 16:48]


def test_ismrmrd_s_readout_is_cut(tmp_path):
    path = save_ismrmrd(tmp_path / "i.h5", FULL, **FIELDS)
    assert hdf5_coils(path) == 3
    stored = read_hdf5_coils(path)
    np.testing.assert_allclose(direct_ifft2c(stored.array), MIDDLE, atol=0.01)
    assert stored.image == (30, 32)
    np.testing.assert_array_equal(stored.geometry.affine, np.diag([5.0, 4.0, 5.0, 1.0]))
    assert "an image of 30x32, and 40x64 was encoded" in stored.notes["oversampling cut"]
    assert "before the reconstruction" in stored.notes["oversampling cut"]


def test_an_asymmetric_echo_is_cut_afterwards(tmp_path):
    def change(head, line):
        head["number_of_samples"], head["center_sample"] = 60, 28
        return head, line[:, 4:]

    stored = read_hdf5_coils(save_ismrmrd(tmp_path / "i.h5", FULL, change=change, **FIELDS))
    np.testing.assert_array_equal(stored.array[..., 4:], FULL[..., 4:])
    assert not stored.array[..., :4].any()
    assert stored.image == (30, 32)
    assert "after the reconstruction" in stored.notes["oversampling cut"]


def test_ismrmrd_says_where_it_is_and_how_noisy(tmp_path):
    def change(head, line):
        head["position"] = [0, 0, 7 * head["idx"]["slice"]]
        head["phase_dir"], head["read_dir"], head["slice_dir"] = np.eye(3)
        return head, line

    noise = complex_noise((3, 50), np.random.default_rng(0))
    extra = [acquisition(3, noise, flags=NOISE)]
    stored = read_hdf5_coils(save_ismrmrd(tmp_path / "i.h5", FULL, change=change, extra=extra, **FIELDS))
    assert stored.geometry.is_placed
    np.testing.assert_allclose(stored.geometry.affine @ [15, 16, 1, 1], [0, 0, 7, 1], atol=1e-4)
    np.testing.assert_array_equal(stored.noise, noise)


def test_repetitions_are_counted(tmp_path):
    def change(head, line):
        head["idx"]["repetition"], head["idx"]["slice"] = head["idx"]["slice"], 0
        return head, line

    stored = read_hdf5_coils(save_ismrmrd(tmp_path / "i.h5", FULL, change=change))
    assert stored.repetitions == 2
    assert stored.notes["repetitions"].startswith("2 repetitions")
    assert stored.geometry is None


@pytest.mark.parametrize("source", ["header", "reconstruction_rss"])
def test_fastmri_s_readout_is_its_rows(tmp_path, source):
    path = save_fastmri(tmp_path / "f.h5", FULL.swapaxes(2, 3), mask=np.arange(40) % 2)
    with h5py.File(path, "a") as file:
        if source == "header":
            file["ismrmrd_header"] = header(image=SPACE.format(32, 30, FIELD.format(128, 150, 5)))
        else:
            file[source] = np.zeros((2, 32, 30), np.float32)
    stored = read_hdf5_coils(path)
    assert hdf5_coils(path) == 3
    np.testing.assert_allclose(direct_ifft2c(stored.array), MIDDLE.swapaxes(2, 3), atol=0.01)
    assert stored.image == (32, 30)
    assert (stored.geometry is None) == (source != "header")
    assert stored.mask.shape == (40,)


def test_fastmri_without_a_header_is_taken_as_it_is(tmp_path):
    path = save_fastmri(tmp_path / "f.h5", FULL)
    with h5py.File(path, "a") as file:
        file.attrs["padding_left"], file.attrs["padding_right"] = 4, 60
    stored = read_hdf5_coils(path)
    np.testing.assert_array_equal(stored.array, FULL)
    assert (stored.image, stored.notes) == ((40, 64), {})
    assert not stored.limits[:, :4].any()


def test_other_layouts_are_named(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["image"] = np.ones(3)
    assert hdf5_coils(tmp_path / "x.h5") == 1
    for array, sentence in ((FULL[0], "of several coils it has four axes"), (FULL.real, "k-space is complex")):
        with pytest.raises(ReconError, match=sentence):
            read_hdf5_coils(save_fastmri(tmp_path / "f.h5", array))
    with pytest.raises(ReconError, match="Cannot read"):
        read_hdf5_coils(tmp_path / "x.h5")
