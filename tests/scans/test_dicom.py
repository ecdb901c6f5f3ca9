"""A DICOM series: order, geometry, every mixture that is refused, and the derived series that is written."""

import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK
from scan_files import head, save_dicom

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom import write_series
from recon_lib.scans.read import read_scan


def edit(path, **changes):
    """Change tags of a file in place; ``None`` takes one away."""
    data = pydicom.dcmread(path)
    for name, value in changes.items():
        if value is None:
            del data[name]
        else:
            setattr(data, name, value)
    data.save_as(path)


def files(folder):
    return sorted(folder.glob("*.dcm"))


def physical(image, index):
    return np.array(image.TransformIndexToPhysicalPoint(index))


def itk(folder):
    """Read a series with SimpleITK alone: the oracle."""
    reader = SimpleITK.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    return reader.Execute()


@pytest.mark.parametrize("reverse", [True, False])
def test_slices_are_ordered_by_place_not_by_name(tmp_path, reverse):
    volume = np.rint(head())
    scan = read_scan(save_dicom(tmp_path / "s", volume, reverse=reverse))
    np.testing.assert_array_equal(scan.array, volume)
    assert scan.subject == "sub-07"
    assert scan.contrast == {"EchoTime": 4.5, "RepetitionTime": 2000.0}
    image = itk(tmp_path / "s")
    for index in ((0, 0, 0), (3, 5, 2)):
        x, y, z = physical(image, index)
        np.testing.assert_allclose((scan.affine @ [*index, 1])[:3], (-x, -y, z), atol=1e-4)


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    folder = save_dicom(tmp_path / "s", head())
    (folder / "notes.txt").write_text("scanned in the morning")
    shutil.copy(files(folder)[0], folder / "DICOMDIR")
    assert read_scan(folder).array.shape == (24, 28, 5)


def test_one_slice_is_a_volume(tmp_path):
    assert read_scan(save_dicom(tmp_path / "s", head((24, 28, 1)))).array.shape == (24, 28, 1)


def mixed_series(folder):
    edit(files(folder)[1], SeriesInstanceUID="1.2.9", SeriesDescription="t2 oblique")


def mixed_sizes(folder):
    changed = save_dicom(folder.with_name("other"), head((24, 20, 1)), t0008_0018="1.2.77")
    shutil.copy(files(changed)[0], folder / "wide.dcm")


def series(index, **changes):
    return lambda folder: edit(files(folder)[index], **changes)


def every(**changes):
    return lambda folder: [edit(path, **changes) for path in files(folder)]


def twice(folder):
    shutil.copy(files(folder)[2], folder / "again.dcm")


def without_a_slice(folder):
    files(folder)[2].unlink()


def cut_short(folder):
    path = files(folder)[2]
    path.write_bytes(path.read_bytes()[:-100])


def broken(folder):
    path = files(folder)[2]
    path.write_bytes(path.read_bytes()[:200])


def colour(folder):
    for path in files(folder):
        path.unlink()
    image = SimpleITK.GetImageFromArray(np.ones((8, 8, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, str(folder / "c.dcm"))


@pytest.mark.parametrize(("millimetres", "even"), [(0.12, True), (0.4, False)])
def test_gaps_may_differ_by_a_tenth_of_their_size(tmp_path, millimetres, even):
    folder = save_dicom(tmp_path / "s", head())  # 3 mm apart
    path = files(folder)[-1]
    data = pydicom.dcmread(path)
    normal = np.cross(*np.reshape(np.array(data.ImageOrientationPatient, float), (2, 3)))
    place = np.array(data.ImagePositionPatient, float) - millimetres * normal
    edit(path, ImagePositionPatient=[round(float(v), 6) for v in place])
    if even:
        assert read_scan(folder).array.shape == head().shape
        return
    with pytest.raises(ReconError, match="evenly"):
        read_scan(folder)


def test_what_the_standard_forbids_is_read_without_a_warning(tmp_path):
    folder = save_dicom(tmp_path / "s", head())
    with pydicom.config.disable_value_validation():
        for path in files(folder):
            edit(path, SeriesDescription="x" * 80)  # 64 letters are allowed; a warning would be an error here
    assert read_scan(folder).array.shape == head().shape


def test_a_series_whose_number_is_no_number_is_refused(tmp_path):
    folder = save_dicom(tmp_path / "s", head())
    with pydicom.config.disable_value_validation():
        data = pydicom.dcmread(files(folder)[2])
        data["SeriesNumber"] = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag("SeriesNumber"), "IS", 2, b"xy", 0, False, True
        )
        data.save_as(files(folder)[2])
    with pytest.raises(ReconError, match="Cannot read the DICOM image"):
        read_scan(folder)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (mixed_series, r"holds 2 series \(t1 oblique, t2 oblique\): give each a folder of its own"),
        (mixed_sizes, "mixes images of 20x24 and 28x24 pixels"),
        (series(1, EchoTime=80.0), r"mixes contrasts \(EchoTime from 4\.5 to 80 ms\)"),
        (series(1, RepetitionTime=500.0), r"mixes contrasts \(RepetitionTime from 500 to 2000 ms\)"),
        (series(1, PixelSpacing=[2.0, 2.0]), "several pixel sizes"),
        (series(1, ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), "several orientations"),
        (without_a_slice, r"misses a slice between im004\.dcm and im002\.dcm \(6 mm apart, 3 mm"),
        (twice, r"several images at the place of .*\(a 4-D series\)"),
        (series(4, ImagePositionPatient=[-10, 5, 6.3]), r"slices 3 to 3\.6.* mm apart: they must be evenly so"),
        (series(0, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"]), r"one part of complex images \(P\)"),
        (every(ComplexImageComponent="MIXED"), r"one part of complex images \(MIXED\)"),
        (every(NumberOfFrames=2), "holds 2 frames: only one slice a file is read; convert it to NIfTI"),
        (series(3, ImagePositionPatient=None), "does not say where in space it is"),
        (series(3, PixelSpacing=[float("nan"), 1.0]), "does not say where in space it is"),
        (series(3, SOPClassUID=None), r"Cannot read the DICOM image .*im004\.dcm"),
        (cut_short, r"im003\.dcm ends within its pixels"),
        (broken, r"Cannot read the DICOM image .*im003\.dcm"),
        (colour, r"c\.dcm is in colour"),
    ],
)  # fmt: skip
def test_a_spoilt_series_is_refused_in_one_sentence(tmp_path, spoil, sentence):
    folder = save_dicom(tmp_path / "s", head())
    spoil(folder)
    with pytest.raises(ReconError, match=sentence) as error:
        read_scan(folder)
    assert "\n" not in str(error.value)


def write(scan, volume, out, text="SIMULATION: 4-fold"):
    out.mkdir()
    write_series(scan, volume.astype(np.float32), out, text)
    return out


def test_a_derived_series_has_the_geometry_and_the_intensities(tmp_path):
    source = save_dicom(tmp_path / "s", head())
    scan = read_scan(source)
    out = write(scan, scan.array * 0.37, tmp_path / "out")
    old, new = itk(source), itk(out)
    for index in ((0, 0, 0), (20, 3, 4)):
        np.testing.assert_allclose(physical(new, index), physical(old, index), atol=1e-6)
    got = SimpleITK.GetArrayFromImage(new).transpose(2, 1, 0)
    assert np.abs(got - scan.array * 0.37).max() <= 0.501  # whole numbers, as the source
    again = read_scan(out)
    np.testing.assert_allclose(again.affine, scan.affine, atol=1e-6)


def test_a_derived_series_says_what_it_is(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    out = write(scan, scan.array, tmp_path / "out")
    old, new = (
        sorted((pydicom.dcmread(p) for p in files(f)), key=lambda d: d.InstanceNumber) for f in (tmp_path / "s", out)
    )
    assert len(new) == 5
    for a, b in zip(old, new, strict=True):
        elements = "PatientName PatientID StudyInstanceUID FrameOfReferenceUID SOPClassUID InstanceNumber EchoTime"
        assert [a[n].value for n in elements.split()] == [b[n].value for n in elements.split()]
        assert list(b.ImageType) == ["DERIVED", "SECONDARY", "M", "ND"]
        assert b.DerivationDescription == b.ImageComments == "SIMULATION: 4-fold"
        assert b.SourceImageSequence[0].ReferencedSOPInstanceUID == a.SOPInstanceUID
        assert b.file_meta.MediaStorageSOPInstanceUID == b.SOPInstanceUID != a.SOPInstanceUID
        assert b.SeriesDescription == "t1 oblique reconstructed"
        assert b.SeriesNumber == 1003
    assert len({b.SeriesInstanceUID for b in new}) == 1 != len({b.SOPInstanceUID for b in new})
    assert new[0].SeriesInstanceUID != old[0].SeriesInstanceUID


def test_the_same_reconstruction_has_the_same_identifiers_and_another_has_others(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    written = [write(scan, scan.array * f, tmp_path / f"out{k}") for k, f in enumerate((1, 1, 0.9))]
    series, same, changed = (pydicom.dcmread(files(folder)[0]).SeriesInstanceUID for folder in written)
    assert series == same != changed


@pytest.mark.parametrize("slope", [0.0173, 3.5])
def test_a_rescaled_series_keeps_its_scale(tmp_path, slope):
    source = save_dicom(tmp_path / "s", head())
    for path in files(source):
        edit(path, RescaleSlope=slope, RescaleIntercept=0)
    scan = read_scan(source)
    assert scan.array.max() == pytest.approx(900 * slope, rel=1e-3)
    out = write(scan, scan.array * 0.37, tmp_path / "out")
    got = SimpleITK.GetArrayFromImage(itk(out)).transpose(2, 1, 0)
    np.testing.assert_allclose(got, scan.array * 0.37, atol=scan.array.max() / 65535)


def test_intensities_beyond_16_bits_get_a_slope(tmp_path):
    scan = read_scan(save_dicom(tmp_path / "s", head()))
    out = write(scan, scan.array * 100, tmp_path / "out")
    got = SimpleITK.GetArrayFromImage(itk(out)).transpose(2, 1, 0)
    np.testing.assert_allclose(got, scan.array * 100, atol=1.4)


def test_private_tags_and_what_described_the_old_pixels_are_gone(tmp_path):
    source = save_dicom(tmp_path / "s", head())
    for path in files(source):
        data = pydicom.dcmread(path)
        data.private_block(0x2005, "Vendor", create=True).add_new(0x0E, "FL", 0.5)
        data.SmallestImagePixelValue = 1
        data.PatientName, data.SpecificCharacterSet = "Müller^Jürg", "ISO_IR 100"
        data.save_as(path)
    new = pydicom.dcmread(files(write(read_scan(source), head(), tmp_path / "out"))[0])
    assert "SmallestImagePixelValue" not in new
    assert not [element for element in new if element.tag.is_private]
    assert str(new.PatientName) == "Müller^Jürg"
