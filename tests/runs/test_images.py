"""A run takes the images that it was planned with, and no others."""

from dataclasses import replace

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.experiment.profile import load_profile
from recon_lib.runs import state
from recon_lib.runs.images import planned_images


@pytest.fixture
def run():
    return next(run for run in state.plan_profile(load_profile("smoke")) if run.kind == "evaluate")


@pytest.mark.parametrize("split", ["pool", "test"])
def test_the_images_are_those_of_the_domain_and_split(run, split):
    images = planned_images(run, "t1", split)
    assert images.sha256 == domains.load_images("t1", split, run.profile.domains["t1"]).sha256


def test_images_that_changed_after_planning_are_refused(run):
    changed = replace(run.profile.domains["t1"], images=run.profile.domains["t1"].images + 1)
    later = replace(run, profile=replace(run.profile, domains={**run.profile.domains, "t1": changed}))
    with pytest.raises(ReconError, match=rf"The data of 't1' have changed since {run.id} was planned: plan the"):
        planned_images(later, "t1", "test")
