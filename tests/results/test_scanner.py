"""Rows of the third scanner come back as they were written, and are verified before they are read."""

import pytest
from fabricated import row

from recon_lib.core.errors import ReconError
from recon_lib.results import scanner, store


def rows():
    return [row("elsewhere", "sub-1", number, run=run, psnr=psnr + number) for run, psnr in RUNS for number in (0, 1)]


RUNS = (("train-a", 30.0), ("train-b", 40.0))


def test_rows_come_back_with_their_provenance():
    assert scanner.read() == (None, {})
    folder = scanner.write(rows(), {"commit": "abc"})
    table, provenance = scanner.read()
    assert list(table["run"]) == ["train-a", "train-a", "train-b", "train-b"]
    assert provenance["commit"] == "abc"
    assert folder == store.root() / "scanner"
    assert store.profiles() == []
    assert list(store.verify_all()) == ["scanner"]


def test_edited_rows_are_refused():
    folder = scanner.write(rows(), {})
    (folder / "slices.csv.gz").write_bytes(b"")
    for call in (scanner.read, store.verify_all):
        with pytest.raises(ReconError, match=r"scanner.*slices\.csv\.gz is not what was written"):
            call()


def test_the_mean_is_of_one_network_alone():
    scanner.write([*rows(), row("elsewhere", "sub-1", 0, run="train-a", method="zero_filled", psnr=9.0)], {})
    table = scanner.read()[0]
    assert scanner.mean_psnr("train-a", table) == pytest.approx(30.5)
    assert scanner.mean_psnr("train-b", table) == pytest.approx(40.5)
    assert scanner.mean_psnr("train-c", table) is None
    assert scanner.mean_psnr("train-a", None) is None
