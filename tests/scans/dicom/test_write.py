"""The derived series that is written: geometry, intensities, identifiers, and what it says of itself."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
import SimpleITK
from dicom_files import SAGITTAL, edit, files, item, itk, physical, save_enhanced, save_slices, without_preamble
from scan_files import head, save_dicom

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.write import stored_series, write_series
from recon_lib.scans.read import read_scan


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


RNG = np.random.default_rng(2)
STORED = RNG.integers(1, 900, (4, 12, 14)).astype(np.uint16)


def pixels(folder):
    """Values of a series by pydicom alone, ``(columns, rows, slices)``."""
    heads = sorted((pydicom.dcmread(path) for path in files(folder)), key=lambda data: data.InstanceNumber)
    return np.stack([pydicom.pixels.apply_rescale(data.pixel_array, data).T for data in heads], axis=2)


@pytest.mark.parametrize("scales", [(1, 40, 40, 40), (1, 3e-5, 3.1e-5, 3.2e-5), (0.7, 0.7, 0.7, 0.7), (1, 1, 1, 1)])
def test_values_are_within_half_a_step_whatever_the_slopes_of_the_scan(tmp_path, scales):
    own = [{"RescaleSlope": slope, "RescaleIntercept": 0} for slope in scales]
    scan = read_scan(save_slices(tmp_path / "s", np.rint(STORED / scales[-1]).astype(np.uint16) % 60000, own))
    target = scan.array * np.float32(0.613)
    (tmp_path / "out").mkdir()
    facts = write_series(scan, target, tmp_path / "out", "SIMULATION")
    error = np.abs(pixels(tmp_path / "out") - target).max()
    assert error <= facts["largest rounding error"] * 1.001
    assert error <= target.max() / 1000
    assert facts["slope"] == (scales[0] if len(set(scales)) == 1 else facts["slope"])
    assert {pydicom.dcmread(path).get("RescaleSlope", 1) for path in files(tmp_path / "out")} == {facts["slope"]}
    assert facts["type"] == "uint16"


def test_a_scan_of_8_bits_stays_one(tmp_path):
    scan = read_scan(save_slices(tmp_path / "s", (STORED[:, :11, :13] % 250).astype(np.uint8)))
    out = write(scan, scan.array * 0.5, tmp_path / "out")
    assert {pydicom.dcmread(path).BitsAllocated for path in files(out)} == {8}
    assert np.abs(pixels(out) - scan.array * 0.5).max() <= scan.array.max() * 0.5 / 255 / 2 * 1.001
    assert {len(pydicom.dcmread(path).PixelData) for path in files(out)} == {144}  # even, as DICOM demands


def test_floats_become_16_bits(tmp_path):
    scan = read_scan(save_slices(tmp_path / "s", STORED))
    assert stored_series(replace(scan, storage=None), scan.array).array.dtype == np.uint16


def test_bright_stored_as_low_is_written_as_bright(tmp_path):
    tags = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 3500, "WindowWidth": 900}
    scan = read_scan(save_slices(tmp_path / "s", 4095 - STORED, bits=12, **tags))
    out = write(scan, scan.array, tmp_path / "out")
    np.testing.assert_array_equal(pixels(out), np.moveaxis(STORED, 0, 2).transpose(1, 0, 2))
    new = pydicom.dcmread(files(out)[0])
    assert new.PhotometricInterpretation == "MONOCHROME2"
    assert "WindowCenter" not in new


def test_a_window_that_still_fits_is_kept(tmp_path):
    scan = read_scan(save_slices(tmp_path / "s", STORED, WindowCenter=400, WindowWidth=900))
    assert pydicom.dcmread(files(write(scan, scan.array, tmp_path / "out"))[0]).WindowCenter == 400


@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_another_syntax_becomes_explicit_little_endian_with_every_element(tmp_path, syntax):
    source = save_slices(tmp_path / "s", STORED, syntax=getattr(pydicom.uid, syntax), Laterality="L")
    scan = read_scan(source)
    out = write(scan, scan.array, tmp_path / "out")
    np.testing.assert_array_equal(pixels(out), scan.array)
    old, new = pydicom.dcmread(files(source)[1]), pydicom.dcmread(files(out)[1])
    assert new.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    for name in ("EchoTime", "ImagePositionPatient", "PixelSpacing", "PatientName", "Rows", "Laterality"):
        assert new[name].value == old[name].value, name
    np.testing.assert_array_equal(read_scan(out).affine, scan.affine)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), SAGITTAL, (0.96, 0.28, 0.0, -0.168, 0.576, 0.8)])
def test_an_enhanced_image_becomes_one_file_a_slice_in_its_place(tmp_path, orientation):
    own = [
        {"PixelValueTransformationSequence": item(RescaleSlope=k + 1, RescaleIntercept=0, RescaleType="US")}
        for k in range(4)
    ]
    path = save_enhanced(tmp_path / "e.dcm", STORED, own, place=[3, 1, 0, 2], orientation=orientation)
    scan = read_scan(path)
    out = write(scan, scan.array, tmp_path / "out")
    again = read_scan(out)
    np.testing.assert_allclose(again.affine, scan.affine, atol=1e-6)
    np.testing.assert_allclose(again.array, scan.array, atol=scan.array.max() / 65535)
    assert again.contrast == scan.contrast
    image = itk(out)
    for index in ((0, 0, 0), (13, 11, 3)):
        x, y, z = physical(image, index)
        np.testing.assert_allclose((scan.affine @ [*index, 1])[:3], (-x, -y, z), atol=1e-4)
    new = [pydicom.dcmread(part) for part in files(out)]
    assert {part.SOPClassUID for part in new} == {"1.2.840.10008.5.1.4.1.1.4"}
    assert {part.file_meta.MediaStorageSOPClassUID for part in new} == {"1.2.840.10008.5.1.4.1.1.4"}
    assert {part.SourceImageSequence[0].ReferencedSOPClassUID for part in new} == {"1.2.840.10008.5.1.4.1.1.4.1"}
    assert not any("PerFrameFunctionalGroupsSequence" in part or "NumberOfFrames" in part for part in new)
    assert len({part.SOPInstanceUID for part in new}) == 4


@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_files_without_preamble_give_whole_files(tmp_path, syntax):
    source = save_slices(tmp_path / "s", STORED, syntax=getattr(pydicom.uid, syntax))
    for path in files(source):
        without_preamble(path)
    scan = read_scan(source)
    out = write(scan, scan.array, tmp_path / "out")
    np.testing.assert_array_equal(pixels(out), scan.array)
    assert all(path.read_bytes()[128:132] == b"DICM" for path in files(out))


def test_a_series_without_an_identifier_gets_one(tmp_path):
    source = save_slices(tmp_path / "s", STORED)
    for path in files(source):
        edit(path, SeriesInstanceUID=None)
    scan = read_scan(source)
    out = write(scan, scan.array, tmp_path / "out")
    assert len({pydicom.dcmread(path).SeriesInstanceUID for path in files(out)}) == 1


def test_an_element_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    scan = read_scan(save_slices(tmp_path / "s", STORED))

    def wrong(*_, **__):
        raise ValueError("an odd element")

    monkeypatch.setattr(pydicom.dataset.FileDataset, "save_as", wrong)
    with pytest.raises(ReconError, match=r"derived from .*im001\.dcm \(an odd element\): write a NIfTI"):
        write(scan, scan.array, tmp_path / "out")
