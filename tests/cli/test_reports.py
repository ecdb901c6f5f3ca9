"""Reports from the command line: what was read, and what came of it."""

import re

import numpy as np
import pytest
from scan_files import head, save_nifti


@pytest.fixture
def scan(tmp_path):
    return save_nifti(tmp_path / "in" / "sub-03_T1w.nii", head())


def test_reconstruct_and_evaluate_report_numbers_and_errors(scan, tmp_path, run):
    page = tmp_path / "r.html"
    status, out, _ = run("reconstruct", scan, "--output", tmp_path / "out.nii", "--report", page)
    assert status == 0
    assert f"{page}: the report" in out
    assert page.read_text(encoding="utf-8").count("<img") == 2
    page = tmp_path / "e.html"
    status, _, _ = run("evaluate", scan, "--report", page)
    assert status == 0
    text = page.read_text(encoding="utf-8")
    assert text.count("<img") == 2
    assert len(re.findall("<td>network</td>", text)) == 5
    assert run("evaluate", scan, "--report", page)[0] == 2


def test_a_folder_is_reconstructed_scan_by_scan_and_a_bad_one_loses_nothing(tmp_path, run):
    for k, name in enumerate(("pat1/T1.nii.gz", "pat2/T1.nii.gz", "pat3/T1.nii.gz")):
        save_nifti(tmp_path / "in" / name, head(seed=k))
    np.save(tmp_path / "in" / "T1.of.all.npy", head((5, 24, 28)))
    (tmp_path / "in/pat2/T1.nii.gz").write_bytes(b"no scan")
    page = tmp_path / "r.html"
    status, out, errors = run("reconstruct", tmp_path / "in", "--output", tmp_path / "out", "--report", page)
    assert status == 2
    assert re.search(r"1 of 4 scans could not be done: .*pat2/T1\.nii\.gz", errors[0])
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert sorted(names) == [
        "T1.of.all.json",
        "T1.of.all.npy",
        "pat1/T1.json",
        "pat1/T1.nii.gz",
        "pat3/T1.json",
        "pat3/T1.nii.gz",
    ]
    assert page.read_text(encoding="utf-8").count("<img") == 4
    assert "pat2/T1.nii.gz: left out" in out
    status, _, errors = run("reconstruct", tmp_path / "in", "--output", tmp_path / "out")
    assert status == 2
    assert "4 of 4 scans could not be done" in errors[0]
    assert (
        run("reconstruct", tmp_path / "in", "--output", tmp_path / "in/out")[2][0].count("name a folder elsewhere") == 1
    )


def test_a_bad_file_of_a_folder_does_not_lose_the_table_of_the_good(tmp_path, run):
    for k, name in enumerate("abc"):
        save_nifti(tmp_path / "in" / f"{name}_T1.nii", head(seed=k))
    (tmp_path / "in/b_T1.nii").write_bytes(b"no scan")
    status, out, errors = run("evaluate", tmp_path / "in", "--output", tmp_path / "t.csv")
    assert status == 2
    assert re.search(r"1 of 3 scans could not be done: .*b_T1\.nii", errors[0])
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {"a_T1.nii", "c_T1.nii"}
    assert "b_T1.nii: left out" in out
