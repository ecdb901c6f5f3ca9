"""Which files are DICOM, with marker or without, and which of them hold an image of a scan."""

import numpy as np
import pydicom
import pytest
from dicom_files import dataset, files, save_slices, set_pixels, without_preamble

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import dicom_files, is_localizer, read_header, reason, split_images

STORED = np.arange(2 * 6 * 8, dtype=np.uint16).reshape(2, 6, 8)
SYNTAXES = (
    pydicom.uid.ImplicitVRLittleEndian,
    pydicom.uid.ExplicitVRLittleEndian,
    pydicom.uid.ExplicitVRBigEndian,
)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
def test_a_file_without_preamble_is_recognised_and_read_with_its_own_syntax(tmp_path, syntax):
    first, _ = files(save_slices(tmp_path / "s", STORED, syntax=syntax))
    nameless = without_preamble(first).rename(tmp_path / "s" / "IM_0001")
    assert dicom_files([nameless]) == [nameless]
    head = read_header(nameless)
    assert head.file_meta.TransferSyntaxUID == syntax
    assert (head.Rows, head.PatientID) == (6, "P1")


def test_what_begins_like_dicom_but_is_none_is_passed_over(tmp_path):
    for name, content in (("a", b"\x08\x00" + bytes(300)), ("b", b"\x00\x02"), ("c", b""), ("d", bytes(140))):
        (tmp_path / name).write_bytes(content)
    assert dicom_files(sorted(tmp_path.iterdir())) == []


def test_a_directory_of_a_disk_is_no_image_and_a_name_like_dicom_is_a_promise(tmp_path):
    (series,) = {path.parent for path in files(save_slices(tmp_path / "s", STORED))}
    content = files(series)[0].read_bytes()
    for name in ("DICOMDIR", "dicomdir;1", "IM1", "x.IMA"):
        (tmp_path / name).write_bytes(content if name != "x.IMA" else b"not a picture")
    chosen = dicom_files(sorted(path for path in tmp_path.iterdir() if path.is_file()))
    assert [path.name for path in chosen] == ["IM1", "x.IMA"]
    with pytest.raises(ReconError, match=r"Cannot read the DICOM image .*x\.IMA \(it has no SOPClassUID\)"):
        split_images(chosen)


def save(path, pixels=None, **tags):
    data = dataset(SOPInstanceUID="1.2.3.99", **tags)
    if pixels is not None:
        set_pixels(data, pixels)
    data.save_as(path, enforce_file_format=True)
    return path


def test_what_is_no_image_is_named(tmp_path):
    save(tmp_path / "ps", SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", Modality="PR")
    save(tmp_path / "sr", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.22", Modality="SR")
    save(tmp_path / "own", SOPClassUID="1.3.12.2.1107.5.9.1", Modality="OT")
    for name, modality in (("seg", "SEG"), ("dose", "RTDOSE")):
        save(tmp_path / name, STORED[0], Modality=modality)
    images, others = split_images(sorted(tmp_path.iterdir()))
    assert images == {}
    assert {path.name: kind for path, kind in others.items()} == {
        "ps": "Grayscale Softcopy Presentation State",
        "sr": "Enhanced SR",
        "own": "OT",
        "seg": "a segmentation",
        "dose": "a dose",
    }


def test_an_image_that_lost_its_pixels_is_refused(tmp_path):
    with pytest.raises(ReconError, match=r"lost has no pixels: copy or export it again"):
        split_images([save(tmp_path / "lost", Rows=4, Columns=4)])


@pytest.mark.parametrize(
    ("tags", "localizer"),
    [
        ({}, False),
        ({"SeriesDescription": "3-plane_LOC"}, True),
        ({"SeriesDescription": "t1 located lesion"}, False),
        ({"SeriesDescription": "3-plane_Localizer"}, True),
        ({"SeriesDescription": "SCOUT"}, True),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, True),
    ],
)
def test_a_localizer_is_recognised_by_type_or_description(tags, localizer):
    assert is_localizer(dataset(**tags)) is localizer


def test_the_reason_is_the_last_line():
    assert reason(ValueError("first\nlast. ")) == "last"
    assert reason(ValueError()) == "ValueError"
    assert reason(AttributeError("'FileDataset' object has no attribute 'Rows'")) == "it has no Rows"
