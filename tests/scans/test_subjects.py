"""Subjects are named by BIDS, headers, folders or names, or as the user says."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from scan_files import head, save_dicom

from recon_lib.core.errors import ReconError
from recon_lib.scans.subjects import name_subjects, read_patient


def subjects(*places, pattern=None, folder=Path("/data/study")):
    named = name_subjects([folder / place for place in places], folder, pattern)
    return [named[folder / place] for place in places]


def test_bids_names_the_subject_whatever_the_visit():
    assert subjects("sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz", "sub-01_ses-2_T1w.nii", "x/sub-ab2_T2w.mha") == [
        "sub-01", "sub-01", "sub-ab2",
    ]  # fmt: skip


def test_else_the_first_folder_that_tells_scans_apart():
    assert subjects("pat1/T1.nii.gz", "pat2/T1.nii.gz") == ["pat1", "pat2"]
    assert subjects("all/pat1/v1/T1.nii", "all/pat1/v2/T1.nii", "all/pat2/v1/T1.nii") == ["pat1", "pat1", "pat2"]


def test_else_the_name_without_words_for_visits_and_contrasts():
    assert subjects("anna_visit1_T1w.nii.gz", "anna_visit2_T1.nii", "anna_baseline.mha", "bert_run-2.h5") == [
        "anna", "anna", "anna", "bert",
    ]  # fmt: skip
    assert subjects("a_T1.nii.gz", "b_T1.nii.gz", "T1.nii") == ["a", "b", "T1"]
    assert subjects("T1/a.nii", "T1/b.nii") == ["a", "b"]


def test_a_pattern_takes_precedence_with_its_group_or_whole():
    places = ("sub-01/x-7.nii", "sub-01/x-8.nii")
    assert subjects(*places, pattern=r"x-(\d)") == ["7", "8"]
    assert subjects(*places, pattern=r"x-\d") == ["x-7", "x-8"]
    assert subjects(*places, pattern=r"^(sub-\d+)/") == ["sub-01", "sub-01"]


@pytest.mark.parametrize(
    ("pattern", "message"), [("(", "no regular expression"), ("y(.)", "not in a/x.nii"), ("(z*)", "not in")]
)
def test_a_pattern_that_gives_nothing_is_named(pattern, message):
    with pytest.raises(ReconError, match=message):
        subjects("a/x.nii", pattern=pattern)


def test_headers_name_the_patient(tmp_path):
    volume = head((12, 10, 2))
    for name, patient in (("a", "P1"), ("b", "P2")):
        save_dicom(tmp_path / name, volume, t0010_0020=patient)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file.attrs["patient_id"] = "P1"
    xml = b"<ismrmrdHeader><subjectInformation><patientID> P3 </patientID></subjectInformation></ismrmrdHeader>"
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["dataset/xml"] = np.array([xml], dtype=h5py.string_dtype())
    (tmp_path / "e.h5").write_bytes(b"no HDF5")
    places = [tmp_path / name for name in ("a", "b", "c.h5", "d.h5", "e.h5")]
    assert [read_patient(path) for path in places] == ["P1", "P2", "P1", "P3", ""]
    named = name_subjects(places, tmp_path)
    assert [named[path] for path in places] == ["P1", "P2", "P1", "P3", "e"]
