"""Fabricated runs and the results collected from them."""

import pytest
from fabricated import make_runs

from recon_lib.results import merge

DETAILS = {"parameters": {"seed": 1}, "commit": "abc"}


@pytest.fixture
def runs(tmp_path):
    return make_runs(tmp_path / "runs")


@pytest.fixture
def folder(runs, tmp_path):
    merge.collect(runs, tmp_path / "results" / "smoke", DETAILS)
    return tmp_path / "results" / "smoke"
