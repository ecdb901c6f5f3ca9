"""A tiny profile whose runs are all finished, for every test of a run."""

import pytest
import yaml
from tiny_runs import TINY, use

from recon_lib.experiment.profile import parse_profile
from recon_lib.runs import execute, state


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folders of a tiny profile, which no file holds, and whose runs are all finished."""
    folder = tmp_path_factory.mktemp("tiny")
    profile = parse_profile("tiny", yaml.safe_load(TINY))
    with pytest.MonkeyPatch.context() as patch:
        use(patch, folder)
        plan = state.plan_profile(profile)
        for run in plan:
            execute.execute(run)
    return folder, profile, plan


@pytest.fixture
def tiny(finished, monkeypatch):
    """The tiny profile and its plan, with the paths that its runs are under."""
    folder, profile, plan = finished
    use(monkeypatch, folder)
    return profile, plan
