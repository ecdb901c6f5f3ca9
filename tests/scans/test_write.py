"""Reconstructions in the place of their scans: geometry, intensities, labels; whole or not at all."""

import errno
import json
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from laws import direct_fft2c
from scan_files import OBLIQUE, SHAPE, head, save_dicom, save_meta, save_mgh, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.scans.read import is_reconstruction, read_scan
from recon_lib.scans.write import check_output, ending, write_scan, write_table

RECORD = {
    "reconstructed by": "recon_lib", "simulation": True, "acceleration": 4.0, "network": {"name": "natural-4000-t1-20"},
    "sampling": "retrospective undersampling of magnitude images",
}  # fmt: skip
SAID = "SIMULATION: 4-fold undersampled magnitudes, network natural-4000-t1-20"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("codes", [(1, 1), (1, 0), (0, 2), (0, 0)])
def test_a_nifti_keeps_both_forms_of_its_affine(tmp_path, suffix, codes):
    save_nifti(tmp_path / f"a{suffix}", head(), codes=codes, pixdim=[1, 1.5, 1.25, 4, 2.5, 0, 0, 0], xyzt_units=10)
    old = nibabel.load(tmp_path / f"a{suffix}")
    scan = read_scan(tmp_path / f"a{suffix}")
    write_scan(scan, scan.array * 0.5, tmp_path / f"b{suffix}", RECORD)
    new = nibabel.load(tmp_path / f"b{suffix}")
    for name in (
        "qform_code",
        "sform_code",
        "srow_x",
        "srow_y",
        "srow_z",
        "quatern_b",
        "qoffset_x",
        "pixdim",
        "xyzt_units",
    ):
        np.testing.assert_array_equal(new.header[name], old.header[name], name)
    np.testing.assert_array_equal(new.affine, old.affine)
    assert np.abs(new.get_fdata() - old.get_fdata() * 0.5).max() <= 450 / 32767 / 2 * 1.001
    assert new.get_data_dtype() == old.get_data_dtype() == np.int16


def test_a_scaled_nifti_comes_out_in_its_units(tmp_path):
    image = nibabel.Nifti1Image(head(), OBLIQUE)
    image.header.set_data_dtype(np.int16)
    image.header.set_slope_inter(0.031, 0)
    nibabel.save(image, tmp_path / "a.nii")
    scan = read_scan(tmp_path / "a.nii")
    write_scan(scan, scan.array, tmp_path / "b.nii", RECORD)
    np.testing.assert_array_equal(nibabel.load(tmp_path / "b.nii").get_fdata(dtype=np.float32), scan.array)
    assert scan.array.max() == pytest.approx(900 * 0.031, rel=1e-3)


@pytest.mark.parametrize("shape", [(24, 28), (24, 28, 1), (24, 28, 5, 1)])
def test_a_nifti_keeps_its_number_of_axes(tmp_path, shape):
    volume = head((24, 28, int(np.prod(shape)) // (24 * 28))).reshape(shape)
    nibabel.save(nibabel.Nifti1Image(volume, OBLIQUE), tmp_path / "a.nii")
    scan = read_scan(tmp_path / "a.nii")
    write_scan(scan, scan.array, tmp_path / "b.nii", RECORD)
    np.testing.assert_array_equal(nibabel.load(tmp_path / "b.nii").get_fdata(), volume)


def test_the_label_stands_in_the_header_and_beside_the_file(tmp_path):
    scan = read_scan(save_nifti(tmp_path / "a.nii", head()))
    write_scan(scan, scan.array, tmp_path / "b.nii.gz", RECORD)
    header = nibabel.load(tmp_path / "b.nii.gz").header
    assert header["descrip"].item().decode() == SAID
    header_record = json.loads(header.extensions[-1].get_content())
    file_record = json.loads((tmp_path / "b.json").read_text())
    stored = {"type": "int16", "slope": 1.0, "intercept": 0.0, "largest rounding error": 0.5}
    assert header_record == file_record == {**RECORD, "output": "b.nii.gz", "stored as": stored}
    assert is_reconstruction(tmp_path / "b.nii.gz")


def test_the_same_reconstruction_has_the_same_bytes(tmp_path):
    scan = read_scan(save_nifti(tmp_path / "a.nii", head()))
    written = []
    for _ in range(2):
        write_scan(scan, scan.array, tmp_path / "b.nii.gz", RECORD)
        written.append((tmp_path / "b.nii.gz").read_bytes())
    assert written[0] == written[1]


def test_a_meta_image_keeps_its_geometry(tmp_path):
    scan = read_scan(save_meta(tmp_path / "a.mha", head()))
    write_scan(scan, scan.array * 0.5, tmp_path / "b.mha", RECORD)
    old, new = (SimpleITK.ReadImage(str(tmp_path / n)) for n in ("a.mha", "b.mha"))
    for kind in ("GetSpacing", "GetOrigin", "GetDirection", "GetSize"):
        assert getattr(new, kind)() == getattr(old, kind)()
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(new), SimpleITK.GetArrayFromImage(old) * 0.5)
    assert new.GetMetaData("Reconstruction") == SAID


@pytest.mark.parametrize("save", [save_dicom, save_meta])
def test_other_formats_become_a_nifti_in_the_same_place(tmp_path, save):
    scan = read_scan(save(tmp_path / ("s" if save is save_dicom else "s.mha"), head()))
    write_scan(scan, scan.array, tmp_path / "b.nii", RECORD)
    image = nibabel.load(tmp_path / "b.nii")
    np.testing.assert_allclose(image.affine, scan.affine, atol=1e-5)
    np.testing.assert_allclose(image.get_qform(), scan.affine, atol=1e-4)
    np.testing.assert_array_equal(image.get_fdata(), scan.array)


def test_a_series_becomes_a_folder_with_its_record(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    write_scan(scan, scan.array, tmp_path / "out", RECORD)
    assert len(list((tmp_path / "out").glob("*.dcm"))) == 5
    assert json.loads((tmp_path / "out" / "reconstruction.json").read_text())["simulation"] is True
    with pytest.raises(ReconError, match="is a reconstruction that this library wrote"):
        read_scan(tmp_path / "out")
    (tmp_path / "out" / "reconstruction.json").unlink()
    assert read_scan(tmp_path / "out").array.shape == SHAPE


def test_slices_that_are_stacked_askew_are_located_by_the_matrix_alone(tmp_path):
    folder = save_dicom(tmp_path / "s", head(), tilt=0.0)
    for path in sorted(folder.glob("*.dcm")):
        data = pydicom.dcmread(path)
        x, y, z = map(float, data.ImagePositionPatient)
        data.ImagePositionPatient = [x, round(y + 0.4 * z, 6), z]
        data.save_as(path)
    scan = read_scan(folder)
    write_scan(scan, scan.array, tmp_path / "b.nii", RECORD)
    image = nibabel.load(tmp_path / "b.nii")
    np.testing.assert_allclose(image.affine, scan.affine, atol=1e-5)
    assert scan.affine[1, 2] != 0
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == (1, 0)


TYPES = [np.uint8, np.int16, np.uint16, np.int32]


@pytest.mark.parametrize("dtype", [*TYPES, np.float32])
@pytest.mark.parametrize("scale", [None, (0.031, 0), (0.5, 4)])
def test_a_nifti_keeps_its_type_and_no_voxel_changes_by_more_than_half_a_step(tmp_path, dtype, scale):
    image = nibabel.Nifti1Image(np.rint(head(peak=250)).astype(dtype), OBLIQUE)
    if scale:
        image.header.set_slope_inter(*scale)
    nibabel.save(image, tmp_path / "a.nii")
    scan = read_scan(tmp_path / "a.nii")
    target = scan.array * np.float32(0.83)
    write_scan(scan, target, tmp_path / "b.nii", RECORD)
    new, facts = nibabel.load(tmp_path / "b.nii"), json.loads((tmp_path / "b.json").read_text())["stored as"]
    assert new.get_data_dtype() == dtype
    assert facts["type"] == np.dtype(dtype).name
    assert (tmp_path / "b.nii").stat().st_size < (tmp_path / "a.nii").stat().st_size + 2000  # the record's room
    bound = facts.get("largest rounding error", 0)
    assert np.abs(new.get_fdata() - target).max() <= bound * 1.001 + 1e-6 * target.max()
    assert bound <= target.max() / 2 / min(500, np.iinfo(dtype).max if bound else 1) * 1.001
    assert bound == 0 or SimpleITK.ReadImage(str(tmp_path / "b.nii")).GetSize() == SHAPE


@pytest.mark.parametrize(("peak", "kept"), [(900, True), (90, False)])
@pytest.mark.parametrize(("save", "name"), [(save_meta, "a.mha"), (save_mgh, "a.mgz"), (save_mgh, "a.mgh")])
def test_formats_without_a_slope_keep_their_type_where_its_steps_are_fine(tmp_path, save, name, peak, kept):
    scan = read_scan(save(tmp_path / name, head(peak=peak), dtype=np.int16))
    target = scan.array * np.float32(0.83)
    write_scan(scan, target, tmp_path / f"b{name}", RECORD)
    (tmp_path / "ba.json").unlink()  # so that it may be read again
    again = read_scan(tmp_path / f"b{name}")
    assert (again.storage is not None) == kept
    assert np.abs(again.array - target).max() <= 0.5 * kept
    np.testing.assert_array_equal(again.affine, scan.affine)


def test_a_volume_of_freesurfer_keeps_its_header(tmp_path):
    path = save_mgh(tmp_path / "a.mgz", head())
    scan = read_scan(path)
    write_scan(scan, scan.array * 0.5, tmp_path / "b.mgz", RECORD)
    old, new = nibabel.load(path), nibabel.load(tmp_path / "b.mgz")
    np.testing.assert_array_equal(new.get_fdata(), old.get_fdata() * 0.5)
    for key in ("delta", "Mdc", "Pxyz_c", "goodRASFlag"):
        np.testing.assert_array_equal(new.header[key], old.header[key])
    assert is_reconstruction(tmp_path / "b.mgz")
    write_scan(scan, scan.array, tmp_path / "c.nii.gz", RECORD)
    np.testing.assert_allclose(nibabel.load(tmp_path / "c.nii.gz").affine, old.affine, atol=1e-5)


def test_integers_of_an_array_stay_integers(tmp_path):
    np.save(tmp_path / "a.npy", np.rint(head()).astype(np.uint16))
    scan = read_scan(tmp_path / "a.npy")
    write_scan(scan, scan.array * 0.83, tmp_path / "b.npy", RECORD)
    assert np.load(tmp_path / "b.npy").dtype == np.uint16
    assert np.abs(np.load(tmp_path / "b.npy") - scan.array * 0.83).max() <= 0.5


def test_a_series_of_16_bits_becomes_a_nifti_of_16_bits(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    write_scan(scan, scan.array * 0.83, tmp_path / "b.nii", RECORD)
    assert nibabel.load(tmp_path / "b.nii").get_data_dtype() == np.uint16


def test_arrays_and_k_space(tmp_path):
    np.save(tmp_path / "a.npy", head()[:, :, 2])
    scan = read_scan(tmp_path / "a.npy")
    write_scan(scan, scan.array, tmp_path / "b.npy", RECORD)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), head()[:, :, 2])
    np.save(tmp_path / "k.npy", direct_fft2c(np.ones((2, 8, 8))).astype(np.complex64))
    scan = read_scan(tmp_path / "k.npy")
    write_scan(scan, np.ones((2, 8, 8)), tmp_path / "r.h5", RECORD)
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["reconstruction"].shape == (2, 8, 8)
        assert json.loads(file.attrs["record"])["simulation"] is True
    write_scan(scan, np.ones((2, 8, 8)), tmp_path / "r.npy", RECORD)
    assert np.load(tmp_path / "r.npy").shape == (2, 8, 8)


@pytest.mark.parametrize(
    ("make", "out", "sentence"),
    [
        (lambda p: save_nifti(p / "a.nii", head()), "b.mha", r"the output ends with \.nii or \.nii\.gz"),
        (lambda p: save_nifti(p / "a.nii", head()), "b", r"the output ends with \.nii"),
        (lambda p: save_dicom(p / "s", head()), "b.npy", "a folder's name without a dot"),
        (lambda p: save_meta(p / "a.mha", head()), "b.mhd", r"the output ends with \.mha or \.nii"),
    ],
)
def test_an_output_that_cannot_hold_the_scan_is_refused(tmp_path, make, out, sentence):
    with pytest.raises(ReconError, match=sentence):
        ending(read_scan(make(tmp_path)), tmp_path / out)


def test_what_exists_is_not_written_over_unless_asked(tmp_path):
    path = save_nifti(tmp_path / "a.nii", head())
    check_output(tmp_path / "new" / "b.nii", source=path)
    (tmp_path / "b.nii").write_text("mine")
    with pytest.raises(ReconError, match=r"b\.nii exists: name another output, or add --overwrite"):
        check_output(tmp_path / "b.nii")
    check_output(tmp_path / "b.nii", overwrite=True)
    with pytest.raises(ReconError, match="is the input itself"):
        check_output(tmp_path / "." / "a.nii", overwrite=True, source=path)


def test_a_folder_of_the_user_is_never_replaced(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ReconError, match="is a folder that this library did not write"):
        check_output(tmp_path / "mine", overwrite=True, folder=True)
    write_scan(scan, scan.array, tmp_path / "out", RECORD)
    check_output(tmp_path / "out", overwrite=True, folder=True)
    with pytest.raises(ReconError, match=r"out exists: name another output, or add --overwrite"):
        check_output(tmp_path / "out", folder=True)
    write_scan(scan, scan.array * 0.5, tmp_path / "out", RECORD)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "out", "s"]
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(ReconError, match="is a folder that this library did not write"):
        check_output(tmp_path / "out", overwrite=True, folder=True)


def test_an_empty_folder_is_as_good_as_none(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    (tmp_path / "out").mkdir()
    check_output(tmp_path / "out", folder=True)
    write_scan(scan, scan.array, tmp_path / "out", RECORD)
    assert is_reconstruction(tmp_path / "out")
    (tmp_path / "t.csv").mkdir()
    for overwrite in (False, True):
        with pytest.raises(ReconError, match=r"t\.csv is a folder: name a file"):
            check_output(tmp_path / "t.csv", overwrite)
        with pytest.raises(ReconError, match=r"t\.csv is a folder: name a file"):
            check_output(tmp_path / "t.csv", overwrite, folder=True)


def test_a_sidecar_of_the_user_is_kept(tmp_path):
    sidecar = tmp_path / "rec.json"
    check_output(tmp_path / "rec.nii.gz", sidecar=sidecar)
    sidecar.write_text("mine")
    with pytest.raises(ReconError, match=r"rec\.json exists: name another output, or add --overwrite"):
        check_output(tmp_path / "rec.nii.gz", sidecar=sidecar)
    check_output(tmp_path / "rec.nii.gz", overwrite=True, sidecar=sidecar)


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def stopped(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize("trouble", [full, stopped])
@pytest.mark.parametrize(
    ("make", "out", "broken"),
    [
        (lambda p: save_nifti(p / "a.nii", head()), "b.nii", "recon_lib.scans.write.write_bytes"),
        (lambda p: save_meta(p / "a.mha", head()), "b.mha", "SimpleITK.WriteImage"),
        (lambda p: save_dicom(p / "s", head()), "out", "recon_lib.scans.write.write_json"),
    ],
)
def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch, make, out, broken, trouble):
    scan = read_scan(make(tmp_path))
    original = sorted(p.name for p in tmp_path.iterdir())
    monkeypatch.setattr(broken, trouble)
    with pytest.raises((OSError, KeyboardInterrupt)):
        write_scan(scan, scan.array, tmp_path / out, RECORD)
    assert sorted(p.name for p in tmp_path.iterdir()) == original


def test_a_failed_overwrite_keeps_the_old_one(tmp_path, monkeypatch):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    write_scan(scan, scan.array, tmp_path / "out", RECORD)
    old = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    monkeypatch.setattr("recon_lib.scans.write.write_series", full)
    with pytest.raises(OSError, match="No space"):
        write_scan(scan, scan.array * 0.5, tmp_path / "out", RECORD)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == old


def test_simpleitk_s_failure_to_write_is_one_sentence(tmp_path, monkeypatch):
    scan = read_scan(save_meta(tmp_path / "a.mha", head()))

    def wrong(*_, **__):
        raise RuntimeError("Exception thrown\nITK ERROR: disk")

    monkeypatch.setattr("SimpleITK.WriteImage", wrong)
    with pytest.raises(ReconError, match=r"Cannot write .*b\.mha: is the disk full\?"):
        write_scan(scan, scan.array, tmp_path / "b.mha", RECORD)


def test_a_table_has_a_line_a_row(tmp_path):
    write_table(
        tmp_path / "t.csv", [{"scan": "a,b.nii", "psnr": 30.123456789}, {"scan": "c.nii", "psnr": float("inf")}]
    )
    assert Path(tmp_path / "t.csv").read_text() == 'scan,psnr\n"a,b.nii",30.12346\nc.nii,inf\n'
