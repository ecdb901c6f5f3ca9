"""Kinds of folders: what of them is taken, whose it is, and what one bad file costs."""

from __future__ import annotations

from pathlib import Path

from scan_files import head, save_dicom, save_nifti

from field.kinds import Commands, Kind

_TUNE = ("--epochs", "1", "--images", "2")


def _save(folder: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        save_nifti(folder / name, head(seed=seed))


def with_masks(folder: Path, run: Commands) -> str:
    """Masks beside images are listed as left out, and neither measured nor drawn for tuning."""
    _save(folder, *(f"sub-0{k}/anat/sub-0{k}_T1w.nii.gz" for k in (1, 2)))
    for k in (1, 2):
        save_nifti(folder / f"sub-0{k}/anat/sub-0{k}_desc-brain_mask.nii.gz", head() > 300, dtype="uint8")
    measured = run("evaluate", folder)
    assert measured.status == 0
    assert measured.out.count(": 5 slices") == 2
    assert measured.err.count("a mask or label map") == 2
    tuned = run("finetune", folder, *_TUNE, "--output", folder / "n.safetensors")
    assert "tuning with 2 of 5 slices; 5 slices of 1 subject(s)" in tuned.out
    return measured.err.splitlines()[0]


def mixed(folder: Path, run: Commands) -> str:
    """One contrast is taken, or the one that the user names."""
    _save(folder, "sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz", "sub-01/func/sub-01_bold.nii.gz")
    measured = run("evaluate", folder)
    assert measured.status == 0
    assert measured.out.startswith("sub-01/anat/sub-01_T1w.nii.gz: 5 slices")
    assert measured.err.count("another contrast") == 2
    assert run("evaluate", folder, "--include", "*T2w*").out.startswith("sub-01/anat/sub-01_T2w.nii.gz: 5 slices")
    return measured.err.splitlines()[0]


def study(folder: Path, run: Commands) -> str:
    """A localizer beside a series is left out by name."""
    save_dicom(folder / "1_loc", head((24, 28, 3)), t0008_0008="ORIGINAL\\PRIMARY\\LOCALIZER", t0020_0011="1")
    save_dicom(folder / "2_t1", head())
    measured = run("evaluate", folder)
    assert measured.status == 0, measured
    assert measured.out.startswith("2_t1: 5 slices")
    assert "a localizer" in measured.err
    return measured.err.splitlines()[1]


def subjects(folder: Path, run: Commands) -> str:
    """The folder of a scan names its subject, so two files of one name are two people."""
    _save(folder / "in", "pat1/T1.nii.gz", "pat2/T1.nii.gz")
    tuned = run("finetune", folder / "in", *_TUNE, "--output", folder / "n.safetensors")
    assert tuned.status == 0
    assert "flatters" not in tuned.out
    return "no note that one subject tunes and tests"


def one_patient(folder: Path, run: Commands) -> str:
    """Two visits of one patient are one subject by their headers, and cannot tune and test."""
    for seed in (1, 2):
        save_dicom(folder / f"in/visit{seed}", head(seed=seed), t0010_0020="P1")
    refusal = run("finetune", folder / "in", *_TUNE, "--output", folder / "n.safetensors").error()
    assert "P1 would tune the network and test it" in refusal
    return refusal


def equal_pixels(folder: Path, run: Commands) -> str:
    """One image under two names, in two folders, never tunes and tests."""
    save_nifti(folder / "in/pat1.nii", head())
    save_nifti(folder / "test/pat2.nii", head())
    words = ("finetune", folder / "in", "--test", folder / "test", *_TUNE, "--output", folder / "n.safetensors")
    refusal = run(*words, "--allow-same-subject").error()
    assert "are one image" in refusal
    return refusal


def one_bad(folder: Path, run: Commands) -> str:
    """The good files' table is kept, the bad one named, the status not 0."""
    _save(folder, "a_T1.nii.gz", "c_T1.nii.gz")
    (folder / "b_T1.nii.gz").write_bytes(b"no scan")
    refusal = run("evaluate", folder, "--output", folder / "t.csv").error()
    rows = (folder / "t.csv").read_text(encoding="utf-8").splitlines()
    assert {row.split(",")[0] for row in rows[1:]} == {"a_T1.nii.gz", "c_T1.nii.gz"}
    assert refusal.startswith("1 of 3 scans could not be done:")
    assert "b_T1.nii.gz" in refusal
    return refusal


KINDS = [
    Kind(
        "bids_with_mask",
        "masks are scored and drawn for tuning",
        "what is taken is listed; masks are left out",
        with_masks,
    ),
    Kind("bids_mixed", "every contrast is scored", "one contrast, listed; --include", mixed),
    Kind("dcm_study_folder", "a stop at the localizer", "what is no scan is passed over by name", study),
    Kind("per_subject_folders", "false note that one subject does both", "the subject from the folder", subjects),
    Kind("two_visits", "the leak goes unseen", "the subject from the header; refused", one_patient),
    Kind("equal_pixels", "the same image under another name is accepted", "refused", equal_pixels),
    Kind("one_bad_file", "stops, no table of the good", "the good are kept, the bad named, status not 0", one_bad),
]
