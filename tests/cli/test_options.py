"""The options that the commands on scans share: what is taken of a folder, and whose it is."""

import argparse

import pytest
from scan_files import head, save_nifti

from recon_lib.cli import options


@pytest.fixture
def command():
    groups = argparse.ArgumentParser().add_subparsers()
    parser = options.add_scan_command(groups, "measure", "measure scans", print)
    options.add_selection(parser)
    return parser


def test_what_is_taken_is_listed_on_stderr_with_subjects(tmp_path, command, capsys):
    for name in ("pat1/T1.nii", "pat2/T1.nii", "pat2/T1_mask.nii", "pat2/T2.nii"):
        save_nifti(tmp_path / name, head((12, 10, 2)))
    base = ["--weights", "x"]
    chosen = options.select(command.parse_args(base), tmp_path)
    assert chosen == {tmp_path / "pat1/T1.nii": "pat1", tmp_path / "pat2/T1.nii": "pat2"}
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines()[0] == "2 scans of 2 subject(s) are taken, 2 left out:"
    words = ["--include", "*T2*", "--include", "pat1/*", "--exclude", "pat1/T1*", "--subject-from", "pat(.)"]
    assert options.select(command.parse_args([*base, *words]), tmp_path) == {tmp_path / "pat2/T2.nii": "2"}


def test_reading_takes_what_the_user_said(command):
    words = ["--nan-to-zero", "--clip-negative", "--image", "--kspace-order", "corner"]
    names = ("nan_to_zero", "clip_negative", "as_image", "kspace_order")
    readings = [options.reading(command.parse_args(["--weights", "x", *part])) for part in (words, [])]
    assert [getattr(readings[0], name) for name in names] == [True, True, True, "corner"]
    assert [getattr(readings[1], name) for name in names] == [False, False, False, None]


def test_a_command_without_a_network_has_none_of_its_options():
    groups = argparse.ArgumentParser().add_subparsers()
    parser = options.add_scan_command(groups, "look", "look at scans", print, network=False)
    assert not hasattr(parser.parse_args([]), "weights")
    with pytest.raises(SystemExit):
        parser.parse_args(["--acceleration", "4"])
