"""`recon inspect`: what is read of one coil and of several, and one sentence for whatever is wrong."""

import numpy as np
import pytest
from scan_files import head, save_dicom, save_nifti
from scans.phantoms import coil_kspace

from recon_lib.cli import main


@pytest.fixture
def scan(tmp_path):
    return save_nifti(tmp_path / "in" / "sub-03_T1w.nii", head())


def test_inspect_says_and_shows_what_was_read(scan, tmp_path, capsys):
    page = tmp_path / "look.html"
    assert main.main(["inspect", str(scan), "--output", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "array: 24 x 28 x 5" in printed
    assert "subject: sub-03" in printed
    text = page.read_text(encoding="utf-8")
    assert "24 x 28 x 5" in text
    assert text.count("<img") == 1
    assert page.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main.main(["inspect", str(scan), "--output", str(page)]) == 2
    assert "look.html exists" in capsys.readouterr().err
    page.unlink()
    assert main.main(["inspect", str(scan), "--output", str(page)]) == 2
    assert "look.png exists" in capsys.readouterr().err
    assert main.main(["inspect", str(scan), "--output", str(page), "--overwrite", "--axis", "coronal"]) == 0
    assert "28 of 24 x 5" in capsys.readouterr().out


def test_inspect_names_its_report_after_the_scan(scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.main(["inspect", str(scan)]) == 0
    assert (tmp_path / "sub-03_T1w-report.html").is_file()


@pytest.mark.parametrize("words", [["--output", "a.txt"], ["--series", "3"]], ids=str)
def test_bad_input_to_inspect_is_one_sentence(scan, tmp_path, words, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.main(["inspect", str(scan), *words]) == 2
    assert capsys.readouterr().err.count("error: ") == 1
    assert not list(tmp_path.glob("*.html"))


def test_inspect_shows_what_is_read_of_several_coils(tmp_path, run):
    np.save(tmp_path / "raw.npy", coil_kspace()[0])
    words = ("inspect", tmp_path / "raw.npy", "--coils", "1", "--output", tmp_path / "r.html")
    status, out, _ = run(*words, weights=None)
    assert status == 0
    assert "read as: k-space of 4 coils, slice by slice" in out
    assert (tmp_path / "r.html").read_text().count("<img") == 1


def test_options_that_do_not_fit_what_is_read_are_refused(tmp_path, run):
    np.save(tmp_path / "raw.npy", coil_kspace()[0])
    series = save_dicom(tmp_path / "series", head())
    for words, message in (
        ((tmp_path / "raw.npy", "--coils", "1", "--axis", "0"), "is k-space of several coils: leave out --axis"),
        ((series, "--coils", "0"), "is not of several coils: leave out --coils"),
    ):
        status, _, errors = run("inspect", *words, "--output", tmp_path / "r.html", weights=None)
        assert (status, len(errors)) == (2, 1)
        assert message in errors[0]
        assert not (tmp_path / "r.html").exists()
