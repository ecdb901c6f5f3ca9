"""A DICOM series as a volume: order, geometry, values, what is left out, and every mixture that is refused."""

import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK
from dicom_files import (
    AXIAL,
    SAGITTAL,
    dataset,
    edit,
    files,
    item,
    itk,
    physical,
    save_enhanced,
    save_slices,
    set_pixels,
    without_preamble,
)
from scan_files import head, save_dicom

from recon_lib.core.errors import ReconError
from recon_lib.scans.options import ReadOptions
from recon_lib.scans.read import read_scan


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


def mixed_sizes(folder):
    changed = save_dicom(folder.with_name("other"), head((24, 20, 1)), t0008_0018="1.2.77")
    shutil.copy(files(changed)[0], folder / "wide.dcm")


def series(index, **changes):
    return lambda folder: edit(files(folder)[index], **changes)


def every(**changes):
    return lambda folder: [edit(path, **changes) for path in files(folder)]


def twice(folder):
    shutil.copy(files(folder)[2], folder / "zagain.dcm")
    data = pydicom.dcmread(folder / "zagain.dcm")
    data.PixelData = data.PixelData[:-2] + b"\1\1"
    data.save_as(folder / "zagain.dcm")


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
        (mixed_sizes, "mixes images of 20x24 and 28x24 pixels"),
        (series(1, EchoTime=80.0), r"mixes contrasts \(EchoTime from 4\.5 to 80 ms\)"),
        (series(1, RepetitionTime=500.0), r"mixes contrasts \(RepetitionTime from 500 to 2000 ms\)"),
        (series(1, PixelSpacing=[2.0, 2.0]), "several pixel sizes"),
        (series(1, ImageOrientationPatient=[1, 0, 0, 0, 1, 0]), "several orientations"),
        (without_a_slice, r"misses a slice between im004\.dcm and im002\.dcm \(6 mm apart, 3 mm"),
        (twice, r"several images at the place of im003\.dcm \(a 4-D series\)"),
        (series(4, ImagePositionPatient=[-10, 5, 6.3]), r"slices 3 to 3\.6.* mm apart: they must be evenly so"),
        (series(0, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"]), r"one part of complex images \(P\)"),
        (every(ComplexImageComponent="MIXED"), r"one part of complex images \(MIXED\)"),
        (every(NumberOfFrames=2), "ends within its pixels"),
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


RNG = np.random.default_rng(2)
STORED = RNG.integers(1, 900, (4, 12, 14)).astype(np.uint16)
OBLIQUE = (0.96, 0.28, 0.0, -0.168, 0.576, 0.8)


def volume(stored=STORED):
    """The array that slices ``(slices, rows, columns)`` make: columns, rows, slices."""
    return np.moveaxis(stored, 0, 2).transpose(1, 0, 2).astype(np.float32)


@pytest.mark.parametrize("orientation", [AXIAL, SAGITTAL, OBLIQUE, (0, -1, 0, 0, 0, 1)])
@pytest.mark.parametrize("gap", [3.0, 4.5])
def test_geometry_agrees_with_itk_whatever_the_orientation(tmp_path, orientation, gap):
    folder = save_slices(tmp_path / "s", STORED, orientation=orientation, gap=gap)
    scan, image = read_scan(folder), itk(folder)
    np.testing.assert_array_equal(scan.array, SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0))
    for index in ((0, 0, 0), (13, 0, 0), (0, 11, 0), (5, 3, 3)):
        x, y, z = physical(image, index)
        np.testing.assert_allclose((scan.affine @ [*index, 1])[:3], (-x, -y, z), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.int16, np.uint16])
def test_each_slice_has_the_scale_of_its_own_file(tmp_path, dtype):
    """The reader of series in ITK applies the first file's to all."""
    own = [
        {"RescaleSlope": slope, "RescaleIntercept": intercept}
        for slope, intercept in ((1, 0), (40, 0), (3.1e-3, 7), (2.5, -2.5))
    ]
    scan = read_scan(save_slices(tmp_path / "s", STORED.astype(dtype), own))
    for k, path in enumerate(files(tmp_path / "s")):
        data = pydicom.dcmread(path)
        expected = pydicom.pixels.apply_rescale(data.pixel_array, data)
        np.testing.assert_allclose(scan.array[:, :, k], expected.T, rtol=1e-6)
    assert scan.notes == {"scale": "each slice has a rescale slope of its own, 0.0031 to 40: each was applied."}
    assert scan.storage.slope is None


def test_a_plain_series_has_no_notes_and_keeps_its_scale_in_mind(tmp_path):
    scan = read_scan(save_slices(tmp_path / "s", STORED, RescaleSlope=0.5, RescaleIntercept=2))
    assert scan.notes == {}
    assert (scan.storage.dtype, scan.storage.slope, scan.storage.intercept) == (np.uint16, 0.5, 2.0)


def test_padding_and_inversion_are_noted(tmp_path):
    stored = 4095 - STORED
    stored[:, 0, :3] = 4000
    tags = {"PhotometricInterpretation": "MONOCHROME1", "PixelPaddingValue": 4000}
    scan = read_scan(save_slices(tmp_path / "s", stored, bits=12, **tags))
    expected = volume()
    expected[:3, 0] = 0
    expected[expected == 95] = 0  # a pixel of this value cannot be told from padding
    np.testing.assert_array_equal(scan.array, expected)
    assert scan.notes["padding"].startswith(f"{(expected == 0).sum()} pixels of padding")
    assert "MONOCHROME1" in scan.notes["inverted"]


def test_black_is_zero_where_the_header_states_too_many_bits(tmp_path):
    scan = read_scan(save_slices(tmp_path / "s", 1000 - STORED, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(scan.array, volume(STORED - STORED.min()))
    assert scan.notes["black"] == f"its darkest pixel was worth {64535 + STORED.min()} and was set to zero."


@pytest.mark.parametrize("name", ["im003.dcm", "IM_0003"])
@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_a_slice_without_preamble_is_not_lost(tmp_path, name, syntax):
    folder = save_slices(tmp_path / "s", STORED, syntax=getattr(pydicom.uid, syntax))
    without_preamble(files(folder)[2]).rename(folder / name)
    np.testing.assert_array_equal(read_scan(folder).array, volume())


@pytest.mark.parametrize("uid", [None, "1.2.3.4.77"])
def test_a_copy_of_a_slice_is_left_out_and_named_even_under_another_identifier(tmp_path, uid):
    folder = save_slices(tmp_path / "s", STORED)
    shutil.copy(folder / "im002.dcm", folder / "im002 (1).dcm")
    if uid:
        edit(folder / "im002 (1).dcm", SOPInstanceUID=uid)
    scan = read_scan(folder)
    np.testing.assert_array_equal(scan.array, volume())
    (note,) = scan.notes.values()
    assert note == "left out im002 (1).dcm: equal pixels at the place of another slice."
    edit(folder / "im002 (1).dcm", RescaleSlope=2, RescaleIntercept=0)
    with pytest.raises(ReconError, match=r"several images at the place of im002\.dcm \(a 4-D series\)"):
        read_scan(folder)


def presentation_state(folder):
    data = dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", SOPInstanceUID="1.2.8", SeriesInstanceUID="1.2.8.1")
    data.save_as(folder / "PS_0001", enforce_file_format=True)


def test_what_is_no_image_is_passed_over_by_name(tmp_path):
    folder = save_slices(tmp_path / "s", STORED)
    presentation_state(folder)
    (folder / "notes.txt").write_text("scanned in the morning")
    (folder / ".hidden").write_text("of the system")
    scan = read_scan(folder)
    np.testing.assert_array_equal(scan.array, volume())
    assert scan.notes == {
        "files left out": "left out PS_0001 (Grayscale Softcopy Presentation State), notes.txt (no DICOM)."
    }
    for path in files(folder):
        path.unlink()
    with pytest.raises(ReconError, match=r"holds no DICOM image but PS_0001 \(Grayscale"):
        read_scan(folder)


def test_a_damaged_slice_is_named_and_not_left_out(tmp_path):
    folder = save_slices(tmp_path / "s", STORED)
    files(folder)[3].write_bytes(b"")
    with pytest.raises(ReconError, match=r"Cannot read the DICOM image .*im004\.dcm"):
        read_scan(folder)


def localizer(folder):
    """Three planes of one series, as a scanner takes them first."""
    for k, orientation in enumerate((AXIAL, SAGITTAL, (1, 0, 0, 0, 0, -1))):
        save_slices(
            folder / str(k), STORED[:1], orientation=orientation, SeriesInstanceUID="1.2.5", SeriesNumber=1,
            SeriesDescription="localizer",
        )  # fmt: skip
        (folder / str(k) / "im001.dcm").rename(folder / f"im00{k}.dcm")
        (folder / str(k)).rmdir()
    return folder


def test_of_a_study_one_series_is_chosen_and_all_are_listed(tmp_path):
    localizer(tmp_path / "1_loc")
    save_slices(tmp_path / "2_t1", STORED)
    save_slices(tmp_path / "3_t2", STORED[:3], SeriesInstanceUID="1.2.6", SeriesNumber=5, SeriesDescription="t2")
    scan = read_scan(tmp_path)
    np.testing.assert_array_equal(scan.array, volume())
    assert scan.notes["series"] == (
        "read series 3 't1 test', one of 1 'localizer' (3 images, a localizer); 3 't1 test' (4 images); "
        "5 't2' (3 images); --series chooses another."
    )
    for name in ("t2", "5", "1.2.6"):
        np.testing.assert_array_equal(read_scan(tmp_path, ReadOptions(series=name)).array, volume(STORED[:3]))
    with pytest.raises(ReconError, match="has no series 'flair': choose by number or description from 1 'localizer'"):
        read_scan(tmp_path, ReadOptions(series="flair"))
    with pytest.raises(ReconError, match="several orientations"):
        read_scan(tmp_path, ReadOptions(series="localizer"))


def test_several_series_of_one_folder_are_told_apart(tmp_path):
    folder = save_slices(tmp_path / "s", STORED)
    save_slices(tmp_path / "t", STORED[:3], SeriesInstanceUID="1.2.6", SeriesNumber=5, SeriesDescription="t2")
    for path in files(tmp_path / "t"):
        path.rename(folder / f"t2-{path.name}")
    np.testing.assert_array_equal(read_scan(folder).array, volume())
    np.testing.assert_array_equal(read_scan(folder, ReadOptions(series="t2")).array, volume(STORED[:3]))


def test_a_localizer_within_a_series_is_left_out(tmp_path):
    folder = save_slices(tmp_path / "s", STORED)
    shutil.copy(files(folder)[0], folder / "scout.dcm")
    edit(folder / "scout.dcm", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], ImageOrientationPatient=list(SAGITTAL))
    scan = read_scan(folder)
    np.testing.assert_array_equal(scan.array, volume())
    assert scan.notes == {"localizers left out": "left out scout.dcm, which only plan others."}


@pytest.mark.parametrize(
    ("tags", "gone", "spacing", "note"),
    [
        ({"SliceThickness": 6}, (), 6, "its thickness, 6 mm"),
        ({"SliceThickness": 6, "SpacingBetweenSlices": 7}, (), 6, "its thickness, 6 mm"),
        ({"SpacingBetweenSlices": 7}, ("SliceThickness",), 7, "its thickness, 7 mm"),
        ({}, ("SliceThickness",), 1, "unknown: taken as 1 mm"),
    ],
)
def test_a_single_slice_is_as_thick_as_its_header_says(tmp_path, tags, gone, spacing, note):
    folder = save_slices(tmp_path / "s", STORED[:1], **tags)
    for name in gone:
        edit(files(folder)[0], **{name: None})
    scan = read_scan(folder)
    np.testing.assert_allclose(np.linalg.norm(scan.affine[:3, :3], axis=0), (1.1, 0.9, spacing))
    assert scan.notes == {"slice spacing": f"the spacing of a single slice is {note}."}


def test_an_enhanced_image_is_read_frame_by_frame(tmp_path):
    scales = ((1, 0), (40, 0), (0.5, 3), (2, -1))
    own = [
        {"PixelValueTransformationSequence": item(RescaleSlope=s, RescaleIntercept=i, RescaleType="US")}
        for s, i in scales
    ]
    place = [2, 0, 3, 1]
    for orientation in (AXIAL, SAGITTAL, OBLIQUE):
        (tmp_path / "e").mkdir(exist_ok=True)
        path = save_enhanced(tmp_path / "e" / "im001.dcm", STORED, own, place=place, orientation=orientation)
        scan = read_scan(tmp_path / "e")
        order = np.argsort(place)
        expected = [STORED[k] * float(scales[k][0]) + scales[k][1] for k in order]
        np.testing.assert_allclose(scan.array, volume(np.array(expected)), rtol=1e-6)
        assert "order" in scan.notes
        assert "scale" in scan.notes
        plain = read_scan(save_slices(tmp_path / f"s{orientation}", STORED, orientation=orientation))
        np.testing.assert_allclose(scan.affine, plain.affine, atol=1e-6)
        assert scan.contrast == plain.contrast
        np.testing.assert_array_equal(read_scan(path).array, scan.array)  # the file alone is a scan


def test_frames_without_positions_are_taken_as_evenly_spaced_and_that_is_said(tmp_path):
    data = dataset(SOPInstanceUID="1.2.3", NumberOfFrames=4, ImagePositionPatient=[0, 0, 0])
    set_pixels(data, STORED)
    (tmp_path / "e").mkdir()
    data.save_as(tmp_path / "e" / "a.dcm", enforce_file_format=True)
    scan = read_scan(tmp_path / "e")
    np.testing.assert_array_equal(scan.array, volume())
    np.testing.assert_allclose(np.linalg.norm(scan.affine[:3, :3], axis=0), (1.1, 0.9, 3.0))
    assert scan.notes == {"positions": "the frames have no positions of their own: taken as 3 mm apart."}


@pytest.mark.parametrize(
    ("own", "place", "sentence"),
    [
        ([{"MREchoSequence": item(EffectiveEchoTime=t)} for t in (3, 3, 80, 80)], [0, 1, 0, 1], r"EchoTime from 3 to"),
        ([{"FrameContentSequence": item(StackID=s)} for s in "1122"], [0, 1, 2, 3], r"holds 2 stacks of slices \(1, 2"),
        ([{"FrameContentSequence": item(TemporalPositionIndex=t)} for t in (1, 1, 2, 2)], [0, 1, 0, 1], "a 4-D series"),
        ((), [0, 1, 3, 4], r"misses a slice between frame 2 of e\.dcm and frame 3 of e\.dcm \(6 mm apart"),
    ],
)
def test_several_volumes_in_an_enhanced_image_are_refused(tmp_path, own, place, sentence):
    with pytest.raises(ReconError, match=sentence) as error:
        read_scan(save_enhanced(tmp_path / "e.dcm", STORED, own, place=place))
    assert "\n" not in str(error.value)


def test_slices_that_are_shifted_against_one_another_are_refused_and_a_tilted_stack_is_not(tmp_path):
    folder = save_slices(tmp_path / "s", STORED)
    for k, path in enumerate(files(folder)):
        edit(path, ImagePositionPatient=[-40 + 0.5 * k, -30, 5 + 3 * k])
    np.testing.assert_allclose(read_scan(folder).affine[:3, 2], (-0.5, 0, 3), atol=1e-9)
    edit(files(folder)[1], ImagePositionPatient=[-38, -30, 8])
    with pytest.raises(ReconError, match="slices that are shifted against one another"):
        read_scan(folder)


def test_negative_values_are_refused_or_set_to_zero_where_the_user_says_so(tmp_path):
    own = [{"RescaleSlope": 1, "RescaleIntercept": -k * 200} for k in range(4)]
    folder = save_slices(tmp_path / "s", STORED, own)
    with pytest.raises(ReconError, match="a magnitude is never negative"):
        read_scan(folder)
    scan = read_scan(folder, ReadOptions(clip_negative=True))
    expected = volume() - np.arange(4) * 200
    np.testing.assert_array_equal(scan.array, np.maximum(expected, 0))
    assert scan.notes["negative to zero"].startswith(f"{(expected < 0).sum()} negative values")
