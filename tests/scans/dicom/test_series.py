"""The series of a study: listed with what each is, and one of them chosen."""

from pathlib import Path

import pytest
from dicom_files import dataset

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.series import choose_series, list_series


def heads(*series):
    """One header for each image: ``(number, description, images, tags)``."""
    members = {}
    for k, (number, description, images, tags) in enumerate(series):
        names = {"SeriesInstanceUID": f"1.2.{k}", "SeriesNumber": number, "SeriesDescription": description}
        for image in range(images):
            members[Path(f"{k}-{image}")] = dataset(**names, **tags)
    return members


STUDY = heads(
    (1, "localizer", 9, {}),
    (3, "t1", 4, {}),
    (2, "t2", 5, {}),
    (7, "t2 phase", 6, {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}),
)


def test_series_are_listed_by_number_with_what_they_are():
    assert list(map(str, list_series(STUDY))) == [
        "1 'localizer' (9 images, a localizer)",
        "2 't2' (5 images)",
        "3 't1' (4 images)",
        "7 't2 phase' (6 images, one part of complex images (P))",
    ]


def test_the_largest_that_may_be_a_scan_is_chosen():
    assert choose_series(Path("x"), list_series(STUDY)).description == "t2"
    only = list_series(heads((1, "localizer", 3, {}), (2, "phase", 6, {"ComplexImageComponent": "PHASE"})))
    assert choose_series(Path("x"), only).description == "phase"
    (bare,) = list_series(heads((1, "shot", 1, {"PixelSpacing": None})))
    assert bare.fault == ""
    shot = heads((1, "shot", 9, {}), (2, "t1", 1, {}))
    for path, head in shot.items():
        if path.name.startswith("0-"):
            del head.PixelSpacing
    assert choose_series(Path("x"), list_series(shot)).description == "t1"


def test_frames_count_as_images():
    enhanced = heads((1, "a", 3, {}), (2, "b", 1, {"NumberOfFrames": 4}))
    assert choose_series(Path("x"), list_series(enhanced)).description == "b"


@pytest.mark.parametrize("name", ["3", "t1", " T1 ", "1.2.1"])
def test_a_series_is_chosen_by_number_description_or_identifier(name):
    assert choose_series(Path("x"), list_series(STUDY), name).uid == "1.2.1"


def test_a_name_that_no_series_or_several_have_is_refused():
    with pytest.raises(ReconError, match=r"x has no series 't3': choose by number or description from 1 'localizer'"):
        choose_series(Path("x"), list_series(STUDY), "t3")
    same = list_series(heads((3, "t1", 1, {}), (3, "t2", 1, {})))
    with pytest.raises(ReconError, match=r"x has several series '3': name one by --series 't1' or 't2'"):
        choose_series(Path("x"), same, "3")
    alike = list_series(heads((3, "t1", 1, {}), (4, "t1", 1, {})))
    with pytest.raises(ReconError, match=r"several series 't1': name one by --series 1\.2\.0 or 1\.2\.1"):
        choose_series(Path("x"), alike, "t1")
