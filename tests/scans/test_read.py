"""Which files are scans, and what each format's reader refuses."""

import gzip
import json
import shutil

import nibabel
import numpy as np
import pytest
import SimpleITK
from laws import direct_fft2c
from scan_files import OBLIQUE, SHAPE, head, save_dicom, save_meta, save_mgh, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.scans.options import ReadOptions
from recon_lib.scans.read import (
    contrast_of,
    find_scans,
    is_reconstruction,
    is_series,
    read_scan,
    record_path,
    subject_of,
)


def test_a_nifti_keeps_its_axes_and_its_affine(tmp_path):
    volume = np.rint(head())
    scan = read_scan(save_nifti(tmp_path / "sub-03_T1w.nii.gz", volume))
    np.testing.assert_array_equal(scan.array, volume)
    np.testing.assert_allclose(scan.affine, OBLIQUE, atol=1e-5)
    assert (scan.kind, scan.subject, scan.contrast) == ("nifti", "sub-03", {"contrast": "t1"})


def test_a_meta_image_agrees_with_itk_s_own_points(tmp_path):
    path = save_meta(tmp_path / "a.mha", head())
    scan, image = read_scan(path), SimpleITK.ReadImage(str(path))
    np.testing.assert_array_equal(scan.array, head())
    for index in ((0, 0, 0), (3, 5, 2)):
        x, y, z = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose((scan.affine @ [*index, 1])[:3], (-x, -y, z), atol=1e-5)


@pytest.mark.parametrize("name", ["a.mgz", "a.mgh"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32])
def test_a_volume_of_freesurfer_is_read_as_nibabel_reads_it(tmp_path, name, dtype):
    path = save_mgh(tmp_path / name, head(peak=200), dtype=dtype)
    content = path.read_bytes()
    scan = read_scan(path)
    image = nibabel.MGHImage.from_bytes(gzip.decompress(content) if name.endswith("z") else content)
    np.testing.assert_array_equal(scan.array, image.get_fdata(dtype=np.float32))
    np.testing.assert_allclose(scan.affine, OBLIQUE, atol=1e-5)
    assert (scan.kind, scan.shape) == ("mgh", SHAPE)
    assert find_scans(tmp_path) == [path]


@pytest.mark.parametrize(
    ("make", "wrong", "right"),
    [
        (save_nifti, "a.nii.gz", "a.nii"),
        (save_nifti, "a.nii", "a.nii.gz"),
        (save_mgh, "a.mgz", "a.mgh"),
        (save_mgh, "a.mgh", "a.mgz"),
    ],
)
def test_a_name_that_is_wrong_about_compression_is_to_be_changed(tmp_path, make, wrong, right):
    scan = read_scan(make(tmp_path / right, head()))
    (tmp_path / right).rename(tmp_path / wrong)
    with pytest.raises(ReconError, match=rf"{wrong} is (not )?compressed by gzip.*rename it to {right}[,.]"):
        read_scan(tmp_path / wrong)
    np.testing.assert_array_equal(read_scan((tmp_path / wrong).rename(tmp_path / right)).array, scan.array)


def test_a_compressed_file_that_is_cut_short_is_damaged_and_not_misnamed(tmp_path):
    path = save_nifti(tmp_path / "a.nii.gz", head())
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:2000]))
    with pytest.raises(ReconError, match="Cannot read the volume"):
        read_scan(path)


def test_a_phase_is_refused_by_name(tmp_path):
    path = save_nifti(tmp_path / "sub-01_part-phase_GRE.nii.gz", head())
    with pytest.raises(ReconError, match=r"part-phase_GRE\.nii\.gz is one part of complex images \(phase\): give the"):
        read_scan(path)


def test_a_series_is_only_chosen_of_a_folder(tmp_path):
    with pytest.raises(ReconError, match=r"a\.nii is no folder of DICOM files: leave out --series t1"):
        read_scan(save_nifti(tmp_path / "a.nii", head()), ReadOptions(series="t1"))


def test_the_integers_of_an_array_are_kept_in_mind(tmp_path):
    for dtype, stored in ((np.uint8, np.uint8), (">i2", np.int16), (np.float32, None), (bool, None)):
        np.save(tmp_path / "a.npy", head(peak=200).astype(dtype))
        storage = read_scan(tmp_path / "a.npy").storage
        assert (storage and storage.dtype) == (stored and np.dtype(stored))


@pytest.mark.parametrize("shape", [(24, 28), (24, 28, 1), (24, 28, 5, 1)])
def test_axes_of_length_one_are_no_matter(tmp_path, shape):
    volume = head((24, 28, int(np.prod(shape)) // (24 * 28))).reshape(shape)
    nibabel.save(nibabel.Nifti1Image(volume, OBLIQUE), tmp_path / "a.nii")
    scan = read_scan(tmp_path / "a.nii")
    assert scan.array.ndim == 3
    assert scan.array.size == volume.size


def test_an_array_is_a_slice_or_slices(tmp_path):
    np.save(tmp_path / "one.npy", head()[:, :, 2])
    np.save(tmp_path / "many.npy", np.moveaxis(head(), 2, 0).astype(np.uint8))
    assert read_scan(tmp_path / "one.npy").array.shape == (1, 24, 28)
    assert read_scan(tmp_path / "many.npy").array.shape == (5, 24, 28)
    assert read_scan(tmp_path / "many.npy").affine is None


def test_complex_numbers_in_an_array_are_k_space(tmp_path):
    np.save(tmp_path / "k.npy", direct_fft2c(head()[..., 2]))
    scan = read_scan(tmp_path / "k.npy")
    assert (scan.kind, scan.array.dtype, scan.array.shape) == ("kspace", np.complex64, (1, 24, 28))


def test_scans_are_found_below_a_folder_and_nothing_else(tmp_path):
    save_nifti(tmp_path / "b" / "x.nii.gz", head())
    save_dicom(tmp_path / "a" / "series", head())
    np.save(tmp_path / "c.npy", head())
    (tmp_path / "notes.txt").write_text("no scan")
    (tmp_path / ".hidden").mkdir()
    np.save(tmp_path / ".hidden" / "d.npy", head())
    paths = [path.relative_to(tmp_path).as_posix() for path in find_scans(tmp_path)]
    assert paths == ["a/series", "b/x.nii.gz", "c.npy"]
    assert is_series(tmp_path / "a" / "series")
    assert not is_series(tmp_path)


def test_a_folder_without_scans_says_what_belongs_there(tmp_path):
    (tmp_path / "notes.txt").write_text("no scan")
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ReconError, match=r"holds no scans: put a NIfTI|There is no folder"):
            find_scans(place)
    with pytest.raises(ReconError, match="holds no scans"):
        read_scan(tmp_path)


def test_a_folder_of_files_is_not_one_scan(tmp_path):
    save_nifti(tmp_path / "x.nii", head())
    with pytest.raises(ReconError, match=r"holds no DICOM series but x\.nii: name one file of it"):
        read_scan(tmp_path)


def colour(path):
    kind = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
    nibabel.save(nibabel.Nifti1Image(np.zeros(SHAPE, kind), np.eye(4)), path)


def complex_nifti(path):
    nibabel.save(nibabel.Nifti1Image(head().astype(np.complex64), np.eye(4)), path)


def four(path):
    nibabel.save(nibabel.Nifti1Image(np.stack([head(), head()], 3), np.eye(4)), path)


def empty(path):
    save_nifti(path, np.zeros(SHAPE))


def not_a_number(path):
    volume = head()
    volume[3, 3, 3] = np.nan
    save_nifti(path, volume, dtype=np.float32)


def damaged_array(path):
    np.save(path, head())
    path.write_bytes(path.read_bytes().replace(b"(24, 28, 5)", b"(24, 28, *)"))


def cut_meta(path):
    save_meta(path, head())
    path.write_bytes(path.read_bytes()[:-500])


def no_image(path):
    path.write_bytes(b"this is no image")


@pytest.mark.parametrize(
    ("make", "name", "sentence"),
    [
        (colour, "c.nii", r"c\.nii is in colour"),
        (complex_nifti, "c.nii.gz", r"c\.nii\.gz holds complex numbers: a volume is made of magnitudes"),
        (four, "f.nii", r"f\.nii is 4-D \(24x28x5x2\), but a scan is one volume"),
        (empty, "e.nii", r"e\.nii is zero everywhere"),
        (not_a_number, "n.nii", r"n\.nii holds 1 NaN or infinite values"),
        (no_image, "x.nii", r"Cannot read the volume .*x\.nii"),
        (no_image, "x.mha", r"Cannot read the volume .*x\.mha"),
        (no_image, "x.npy", r"x\.npy is not a readable array"),
        (damaged_array, "d.npy", r"d\.npy is not a readable array"),
        (lambda path: np.save(path, head().astype(float) * 1e300), "b.npy", r"b\.npy holds \d+ NaN or infinite"),
        (cut_meta, "m.mha", r"Cannot read the volume .*m\.mha"),
        (no_image, "x.h5", r"Cannot read .*x\.h5"),
        (no_image, "x.png", r"x\.png is no scan that this library reads: name a NIfTI"),
        (lambda path: np.save(path, np.array(["a"])), "s.npy", r"s\.npy does not hold one array of numbers"),
        (lambda path: np.save(path, np.ones((2, 3, 8, 8))), "f.npy", r"shape \(2, 3, 8, 8\): a scan is one slice"),
        (lambda path: np.save(path, np.ones((2, 3, 8, 8), complex)), "k.npy", "combine the coils of k-space first"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, make, name, sentence):
    make(tmp_path / name)
    with pytest.raises(ReconError, match=sentence) as error:
        read_scan(tmp_path / name)
    assert "\n" not in str(error.value)


def test_colour_in_a_meta_image_is_refused(tmp_path):
    image = SimpleITK.GetImageFromArray(np.ones((5, 8, 8, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, str(tmp_path / "c.mha"))
    with pytest.raises(ReconError, match="not a 3-D volume of one number a voxel"):
        read_scan(tmp_path / "c.mha")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(ReconError, match=r"There is no file or folder .*gone\.nii"):
        read_scan(tmp_path / "gone.nii")


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("a.nii.gz", "a.json"),
        ("a.mgz", "a.json"),
        ("a.b.mha", "a.b.json"),
        ("k.h5", "k.json"),
        ("folder", "folder/reconstruction.json"),
    ],
)
def test_the_record_stands_beside_the_file_or_in_the_folder(tmp_path, name, record):
    assert record_path(tmp_path / name) == tmp_path / record


def test_a_reconstruction_is_not_a_scan(tmp_path):
    path = save_nifti(tmp_path / "a.nii", head())
    (tmp_path / "a.json").write_text(json.dumps({"EchoTime": 4.5}))  # what BIDS puts there
    assert not is_reconstruction(path)
    read_scan(path)
    (tmp_path / "a.json").write_text(json.dumps({"reconstructed by": "recon_lib"}))
    with pytest.raises(ReconError, match="is a reconstruction that this library wrote"):
        read_scan(path)
    (tmp_path / "a.json").write_text("not json")
    assert not is_reconstruction(path)


def test_a_record_speaks_of_the_output_that_it_names(tmp_path):
    """The record of dir.nii.gz stands beside dir.mha too."""
    source, output = save_meta(tmp_path / "dir.mha", head()), save_nifti(tmp_path / "dir.nii.gz", head())
    (tmp_path / "dir.json").write_text(json.dumps({"reconstructed by": "recon_lib", "output": "dir.nii.gz"}))
    assert not is_reconstruction(source)
    assert read_scan(source).array.shape == SHAPE
    assert is_reconstruction(output)
    (tmp_path / "dir.json").write_text("[]")
    assert not is_reconstruction(output)


@pytest.mark.parametrize(
    ("name", "contrast"),
    [
        ("sub-01_T2w.nii.gz", "t2"),
        ("IXI012-T1.nii", "t1"),
        ("flair_x.nii", "flair"),
        ("t12.nii", ""),
        ("brain.nii", ""),
    ],
)
def test_the_contrast_is_a_word_of_the_name(tmp_path, name, contrast):
    assert contrast_of(tmp_path / name) == contrast


def test_the_subject_is_named_as_in_bids_or_is_the_file(tmp_path):
    assert subject_of(tmp_path / "sub-04" / "anat" / "t1.nii") == "sub-04"
    assert subject_of(tmp_path / "sub-04_T1w.nii") == "sub-04"
    assert subject_of(tmp_path / "brain.nii") == "brain.nii"


def test_one_file_of_a_series_names_its_folder(tmp_path):
    folder = save_dicom(tmp_path / "series", head())
    shutil.copy(folder / "im001.dcm", tmp_path / "lonely.nii")
    with pytest.raises(ReconError, match=r"is one file of a DICOM series: name its folder"):
        read_scan(folder / "im001.dcm")
    with pytest.raises(ReconError, match="is one file of a DICOM series"):
        read_scan(tmp_path / "lonely.nii")
