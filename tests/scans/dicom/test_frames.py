"""What is read of each slice: of a file of one, and of an enhanced image with shared and own groups."""

import numpy as np
import pydicom
import pytest
from dicom_files import AXIAL, ORIGIN, SPACING, dataset, files, item, save_enhanced, save_slices, set_pixels

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import read_header
from recon_lib.scans.dicom.frames import fault_of, frames_of

STORED = np.arange(3 * 6 * 8, dtype=np.uint16).reshape(3, 6, 8)


def frames(path):
    return frames_of(path, read_header(path))


def test_a_file_of_one_slice_is_one_frame(tmp_path):
    save_slices(tmp_path / "s", STORED, RescaleSlope=0.5, RescaleIntercept=-3)
    (frame,) = frames(files(tmp_path / "s")[1])
    assert (frame.index, frame.size, frame.thickness, frame.slope, frame.intercept) == (0, (6, 8), 3.0, 0.5, -3.0)
    np.testing.assert_allclose(frame.position, ORIGIN + np.array([0, 0, 3]))
    np.testing.assert_allclose(frame.orientation, AXIAL)
    np.testing.assert_allclose(frame.spacing, SPACING)
    assert frame.times == {"EchoTime": 3.1, "RepetitionTime": 2000.0}
    assert (frame.name, frame.guessed, frame.stack) == ("im002.dcm", False, "")


def test_a_frame_s_own_group_comes_before_the_shared_one_and_that_before_the_top(tmp_path):
    own = [
        {
            "PixelValueTransformationSequence": item(RescaleSlope=k + 1.0, RescaleIntercept=-k, RescaleType="US"),
            "FrameContentSequence": item(StackID="1"),
        }
        for k in range(3)
    ]
    own[2]["PlaneOrientationSequence"] = item(ImageOrientationPatient=[0, 1, 0, 1, 0, 0])
    path = save_enhanced(tmp_path / "e.dcm", STORED, own, place=[2, 0, 1], RescaleSlope=7, InversionTime=900)
    read = frames(path)
    assert [frame.position[2] for frame in read] == [11.0, 5.0, 8.0]
    assert [(frame.slope, frame.intercept) for frame in read] == [(1, 0), (2, -1), (3, -2)]
    assert [frame.orientation.tolist() for frame in read] == [list(AXIAL), list(AXIAL), [0, 1, 0, 1, 0, 0]]
    assert read[0].times == {"EchoTime": 3.1, "RepetitionTime": 2000.0, "InversionTime": 900.0}
    assert {frame.stack for frame in read} == {"1"}
    assert [frame.name for frame in read] == ["e.dcm", "frame 2 of e.dcm", "frame 3 of e.dcm"]


def test_positions_that_a_file_lacks_are_guessed_from_its_spacing_or_thickness(tmp_path):
    data = dataset(SOPInstanceUID="1.2.3", NumberOfFrames=3, ImagePositionPatient=ORIGIN.tolist())
    set_pixels(data, STORED)
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert [frame.position[2] for frame in frames(tmp_path / "a.dcm")] == [5.0, 8.0, 11.0]
    assert all(frame.guessed for frame in frames(tmp_path / "a.dcm"))
    data.SpacingBetweenSlices = 4.0
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    assert [frame.position[2] for frame in frames(tmp_path / "a.dcm")] == [5.0, 9.0, 13.0]
    del data.SpacingBetweenSlices, data.SliceThickness
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    with pytest.raises(ReconError, match=r"a\.dcm does not say where its 3 frames are: convert it to NIfTI"):
        frames(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("tags", "fault"),
    [
        ({}, ""),
        ({"SamplesPerPixel": 3}, "in colour"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "one part of complex images (P)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "IMAGINARY"]}, "one part of complex images (IMAGINARY)"),
        ({"ComplexImageComponent": "MIXED"}, "one part of complex images (MIXED)"),
        ({"ComplexImageComponent": "MAGNITUDE"}, ""),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]}, "a mosaic of slices in one image"),
    ],
)
def test_what_is_no_slice_of_magnitudes_has_a_fault_and_a_mend(tags, fault):
    words, mend = fault_of(dataset(**tags))
    assert words == fault
    assert bool(mend) == bool(fault)


def spoil(path, **tags):
    data = pydicom.dcmread(path)
    for name, value in tags.items():
        setattr(data, name, value)
    data.save_as(path)
    return path


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"PixelSpacing": [0, 1]}, "impossible pixel spacing or orientation"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "impossible pixel spacing or orientation"),
        ({"RescaleSlope": 0}, "rescale slope of 0 and intercept of 0"),
        ({"RescaleIntercept": "nan"}, "intercept of nan"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]}, "is a mosaic of slices in one image: convert it to"),
    ],
)
def test_an_impossible_header_is_refused_in_one_sentence(tmp_path, tags, sentence):
    path = files(save_slices(tmp_path / "s", STORED))[0]
    with pydicom.config.disable_value_validation():
        spoil(path, **tags)
    with pytest.raises(ReconError, match=sentence) as error:
        frames(path)
    assert "\n" not in str(error.value)


def test_a_part_of_complex_images_among_frames_is_refused(tmp_path):
    own = [{"MRImageFrameTypeSequence": item(FrameType=["ORIGINAL", "PRIMARY", part, "NONE"])} for part in "MPM"]
    with pytest.raises(ReconError, match=r"e\.dcm is one part of complex images \(P\)"):
        frames(save_enhanced(tmp_path / "e.dcm", STORED, own))
    own = [{"MRImageFrameTypeSequence": item(ComplexImageComponent="PHASE")}] * 3
    with pytest.raises(ReconError, match=r"\(PHASE\)"):
        frames(save_enhanced(tmp_path / "e.dcm", STORED, own))


def test_groups_that_do_not_fit_the_frames_are_refused(tmp_path):
    path = spoil(save_enhanced(tmp_path / "e.dcm", STORED), NumberOfFrames=2)
    with pytest.raises(ReconError, match="describes 3 of its 2 frames"):
        frames(path)
