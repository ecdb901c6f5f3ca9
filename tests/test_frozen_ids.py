"""The names of the runs of the published profiles: results that took days are found again by them."""

import pytest
from laws import ROOT

from recon_lib.experiment.profile import load_profile
from recon_lib.runs import state

FROZEN = (ROOT / "tests/frozen_ids.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize(("name", "count"), [("desk", 1137), ("open", 237)])
def test_every_planned_run_keeps_its_name(name, count):
    frozen = [line.partition("/")[2] for line in FROZEN if line.startswith(f"{name}/")]
    assert len(frozen) == count
    assert [run.id for run in state.plan_profile(load_profile(name))] == frozen
