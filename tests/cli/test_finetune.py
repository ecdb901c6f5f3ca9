"""Tuning on a user's scans: subjects kept apart, in the time there is."""

import re

import pytest
from scan_files import head, save_nifti

from recon_lib.cli import finetune
from recon_lib.network.files import load_network
from recon_lib.scans import duration

TUNE = ("--epochs", "2", "--learning-rate", "0.003", "--images", "4")


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(("pat1/T1.nii", "pat1/T1_second.nii", "pat2/T1.nii")):
        save_nifti(tmp_path / "in" / name, head(seed=k))
    return tmp_path / "in"


def test_the_subject_is_the_folder_so_two_visits_of_a_person_stay_together(folder, tmp_path, run):
    status, out, _ = run("finetune", folder, *TUNE, "--output", tmp_path / "n.safetensors")
    assert status == 0
    assert "tuning with 4 of 10 slices; 5 slices of 1 subject(s) are held out" in out
    assert "flatters" not in out


def test_one_subject_is_refused_unless_that_is_allowed(folder, tmp_path, run):
    words = ("finetune", folder / "pat1", *TUNE, "--subject-from", "T1", "--output", tmp_path / "n.safetensors")
    status, _, errors = run(*words)
    assert status == 2
    assert "T1 would tune the network and test it" in errors[0]
    status, out, _ = run(*words, "--allow-same-subject")
    assert status == 0
    assert "flatters" in out


def test_equal_pixels_under_another_name_are_refused(folder, tmp_path, run):
    other = save_nifti(tmp_path / "test" / "sub-9.nii", head(seed=1)).parent
    words = ("finetune", folder, *TUNE, "--test", other, "--output", tmp_path / "n.safetensors")
    for allowed in ([], ["--allow-same-subject"]):
        status, _, errors = run(*words, *allowed)
        assert status == 2
        assert "are one image, to tune with and to test on" in errors[0]


def test_a_file_of_several_slices_can_tune(folder, tmp_path, run):
    out = tmp_path / "n.safetensors"
    status, printed, _ = run("finetune", folder / "pat1/T1.nii", *TUNE, "--allow-same-subject", "--output", out)
    assert status == 0
    assert "tuning with 4 of 4 slices; 1 slices" in printed
    assert (
        "There is no file or folder"
        in run("finetune", tmp_path / "gone.nii", "--output", tmp_path / "m.safetensors")[2][0]
    )


def test_the_time_is_said_beforehand_and_bounds_the_passes(folder, tmp_path, run, monkeypatch):
    monkeypatch.setattr(duration, "measure_update", lambda *_: 1.5)
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, "--images", "4", "--output", out, "--overwrite")
    status, printed, _ = run(*words, "--minutes", "0.31")  # 18.6 s: three passes of 6 s
    assert status == 0
    assert "an update takes 1.5 s here: 3 epochs of 4 updates, 0.3 minutes" in printed
    assert len(load_network(out)[1].history) == 3
    status, printed, _ = run(*words, *TUNE, "--minutes", "0.01")
    assert "2 epochs of 4 updates, 0.2 minutes" in printed  # the user's own number stands
    assert len(load_network(out)[1].history) == 2
    for minutes in ("0", "-1", "nan"):
        status, _, errors = run(*words, "--minutes", minutes)
        assert (status, len(errors)) == (2, 1)
        assert "leaves no time" in errors[0]


def test_a_tuning_that_was_stopped_goes_on_with_its_passes(folder, tmp_path, run, monkeypatch):
    """A slower machine would bound them otherwise, and the checkpoint would not fit."""
    from recon_lib.scans import finetune as tuning

    monkeypatch.setattr(duration, "measure_update", lambda *_: 1.5)
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, "--images", "4", "--output", out, "--minutes")
    whole = tuning.fine_tune

    def stopped(*positions, progress, **options):
        def stop(done, total, row):
            if done == 2:
                raise KeyboardInterrupt

        return whole(*positions, progress=stop, **options)

    monkeypatch.setattr(tuning, "fine_tune", stopped)
    assert run(*words, "0.31")[0] == 130
    monkeypatch.setattr(tuning, "fine_tune", whole)
    monkeypatch.setattr(duration, "measure_update", lambda *_: 99.0)
    assert run(*words, "0.31")[0] == 0
    assert len(load_network(out)[1].history) == 3


def test_the_default_time_is_in_the_help(capsys, run):
    with pytest.raises(SystemExit):
        run("finetune", "--help", weights=None)
    text = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert f"one at least (default: {finetune.MINUTES:g})" in text
