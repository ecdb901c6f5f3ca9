"""Images of several coils on disk: each format read back by an independent reader, and nothing half-written."""

import json
import shutil
import subprocess

import h5py
import nibabel
import numpy as np
import pytest
from laws import complex_normal
from scans.phantoms import coil_kspace, coil_scan

from recon_lib.core.errors import ReconError
from recon_lib.scans import coil_write
from recon_lib.scans.geometry import Geometry, unplaced

IMAGES = complex_normal(0, (2, 5, 4)).astype(np.complex64)
SCAN = coil_scan(coil_kspace()[0])


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


AFFINE = np.array([[0, -2.0, 0, 5], [1.5, 0, 0, 6], [0, 0, 4, 7], [0, 0, 0, 1]])


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize("images", [IMAGES, np.abs(IMAGES)], ids=["complex", "magnitude"])
def test_a_nifti_has_the_geometry_of_the_header(tmp_path, name, images):
    scan = coil_scan(coil_kspace()[0], geometry=Geometry(AFFINE, True))
    coil_write.write_coil_images(scan, images, tmp_path / name, {"sampling": "as acquired", "acceleration": 2.0})
    image = nibabel.load(tmp_path / name)
    np.testing.assert_array_equal(np.asarray(image.dataobj), images.transpose(1, 2, 0))
    assert image.get_data_dtype() == images.dtype
    for affine, code in (image.get_sform(coded=True), image.get_qform(coded=True)):
        np.testing.assert_allclose(affine, AFFINE, atol=1e-5)
        assert code == 1
    assert image.header.get_xyzt_units()[0] == "mm"
    assert image.header["descrip"].item().decode().startswith("k-space as acquired, 2-fold")
    assert (tmp_path / "a.json").is_file()


def test_a_nifti_says_where_its_place_is_not_known(tmp_path):
    scan = coil_scan(coil_kspace()[0], geometry=unplaced((1.5, 2.0, 4.0)), repetitions=2)
    coil_write.write_coil_images(scan, IMAGES, tmp_path / "a.nii", {"acceleration": 1.0})
    image = nibabel.load(tmp_path / "a.nii")
    np.testing.assert_array_equal(np.asarray(image.dataobj), IMAGES.transpose(1, 2, 0)[:, :, None])
    assert image.header.get_zooms()[:3] == (1.5, 2.0, 4.0)
    assert (image.header["qform_code"], image.header["sform_code"]) == (0, 0)


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
    with pytest.raises(ReconError, match=r"since its header states no field of view: the output ends with \.npy"):
        coil_write.coil_ending(SCAN, tmp_path / "x.nii.gz")
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
