"""The committed results: verdicts of the right kind, headline values where they were, and a planted change is seen."""

import math
import shutil

import headlines
import numpy as np
import pytest

from recon_lib.core import paths
from recon_lib.experiment import design
from recon_lib.paper import claims
from recon_lib.paper.intervals import Unit
from recon_lib.paper.verdicts import Outcome
from recon_lib.results import store
from recon_lib.results.rows import read_rows, write_rows

COMMITTED = [name for name in store.PROFILES if (paths.RESULTS / name).is_dir()]


@pytest.fixture
def copy(folders, monkeypatch):
    """Return a copy of the committed results, which a test may change."""
    shutil.copytree(paths.RESULTS, folders / "committed", ignore=shutil.ignore_patterns("weights", "panels.npz"))
    monkeypatch.setenv("RECON_RESULTS", str(folders / "committed"))
    return folders / "committed"


def opened(root, profile):
    """Open results whose large files were left out, and so without verifying them."""
    return store.Results(profile, root / profile, {})


def stored(profile):
    """Return the stored headline values of one profile."""
    return {name: value for name, value in headlines.stored().items() if name.startswith(f"{profile}:")}


@pytest.mark.parametrize("profile", COMMITTED)
def test_every_claim_has_a_verdict_of_the_right_kind(copy, profile):
    for claim in claims.check(opened(copy, profile)):
        assert [verdict.test_domain for verdict in claim.verdicts] == list(design.DOMAINS)
        for verdict in claim.verdicts:
            assert verdict.note
            assert isinstance(verdict.outcome, Outcome)
            assert math.isnan(verdict.estimate) == (not verdict.tested)
            if verdict.judged is not None and verdict.judged.unit is Unit.DECIBEL:
                assert verdict.low <= verdict.estimate <= verdict.high


@pytest.mark.parametrize("profile", COMMITTED)
def test_no_profile_says_that_more_images_help_without_the_number_of_updates(copy, profile):
    verdicts = claims.check(opened(copy, profile))[4].verdicts
    assert all("number of updates" in verdict.explanation for verdict in verdicts if verdict.tested)
    assert Outcome.HOLDS not in {verdict.words for verdict in verdicts}


@pytest.mark.parametrize("profile", COMMITTED)
def test_headline_values_are_what_they_were(copy, profile):
    expected = stored(profile)
    assert expected, "python tests/headlines.py writes the file"
    assert headlines.off(headlines.measure(opened(copy, profile)), expected) == []


def test_no_headline_is_of_results_that_are_gone():
    assert {name.partition(":")[0] for name in headlines.stored()} == set(COMMITTED)


@pytest.mark.parametrize(
    ("column", "change"),
    [("psnr", 0.1), ("ssim", -0.005), ("psnr", np.nan)],
    ids=["a tenth of a decibel", "SSIM", "values lost"],
)
@pytest.mark.slow
def test_a_planted_change_is_seen(copy, column, change):
    profile = COMMITTED[0]
    path = copy / profile / "slices.csv.gz"
    slices = read_rows(path)
    planted = (slices["training_domain"] == "natural") & (slices["test_domain"] == "t1") & (slices["n_finetune"] == 0)
    slices.loc[planted, column] += change
    write_rows(path, slices.to_dict("records"))
    wrong = headlines.off(headlines.measure(opened(copy, profile)), stored(profile))
    assert any(f"t1 network natural 4000 0 {column}" in line for line in wrong)
    assert not any(" t2 " in line for line in wrong)
