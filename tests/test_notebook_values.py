"""The check of the notebooks' numbers fails when one of them is off."""

import json

import pytest
from fabricated import make_runs
from notebook_values import EXPECTED, TOLERANCES, compare, headlines

from recon_lib.core.errors import ReconError
from recon_lib.results.rows import read_rows, write_rows


@pytest.fixture
def folder(tmp_path):
    """Fabricated runs with records, as finished ones have."""
    for number, run in enumerate(make_runs(tmp_path / "made", slices=2)):
        run.rename(tmp_path / f"{run.name}-{number:010d}")
        (tmp_path / f"{run.name}-{number:010d}" / "run.json").write_text("{}")
    return tmp_path


def as_expected(found):
    return {key: {"value": value, "tolerance": TOLERANCES[key.rpartition(" ")[2]]} for key, value in found.items()}


def test_the_same_numbers_pass(folder):
    found = headlines(folder)
    assert compare(found, as_expected(found)) == []
    assert {key.rpartition(" ")[2] for key in found} == set(TOLERANCES)


def test_a_planted_change_is_found(folder):
    expected = as_expected(headlines(folder))
    path = next(folder.glob("evaluate-natural-20-t1-*/slices.csv"))
    rows = read_rows(path)
    rows.loc[0, "psnr"] += 2.1 * TOLERANCES["psnr"] * len(rows)
    write_rows(path, rows.to_dict("records"))
    (off,) = compare(headlines(folder), expected)
    assert off.startswith("evaluate-natural-20-t1: psnr is ")


def test_a_missing_and_an_unknown_value_and_one_that_is_no_number_are_found():
    expected = as_expected({"a: psnr": 30.0, "b: psnr": 31.0})
    assert compare({"a: psnr": 30.0}, expected) == ["b: psnr is not computed"]
    assert compare({"a: psnr": 30.0, "b: psnr": 31.0, "c: psnr": 1.0}, expected) == ["c: psnr is not expected: 1"]
    assert compare({"a: psnr": float("nan"), "b: psnr": 31.0}, expected) == ["a: psnr is nan, not 30 +- 0.1"]


def test_nothing_computed_is_no_success(tmp_path):
    with pytest.raises(ReconError, match="holds no finished run"):
        headlines(tmp_path)


def test_the_expected_values_are_those_of_all_three_notebooks():
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))
    kinds = {key.split("-")[0] for key in expected}
    assert kinds == {"train", "finetune", "evaluate"}
    assert all(0 < one["tolerance"] <= 0.1 for one in expected.values())
