"""A run takes the images that it was planned with, and no others."""

from dataclasses import replace

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.experiment.profile import load_profile
from recon_lib.runs import state
from recon_lib.runs.images import planned_images, training_images, training_subset


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


@pytest.fixture
def training():
    runs = state.plan_profile(load_profile("smoke"))
    return next(run for run in runs if run.kind == "train" and run.key.training_domain == "natural")


def second(training, domain="t1", count=7):
    data = domains.domain_hash(domain, training.profile.domains[domain])
    return replace(training, spec=replace(training.spec, second_domain=domain, second_data=data, n_second=count))


def test_slices_of_a_second_domain_stand_behind_the_photographs_in_the_middle_of_their_field(training):
    photographs, data = training_images(training)
    assert set(data) == {"train"}
    both, data = training_images(second(training))
    pool = domains.load_images("t1", "pool", training.profile.domains["t1"])
    assert data["second"] == pool.sha256
    np.testing.assert_array_equal(both[:-7], photographs)
    (height, width), (rows, columns) = photographs.shape[1:], pool.images.shape[1:]
    assert (rows, columns) != (height, width)
    inner = min(rows, height) // 2 - 1, min(columns, width) // 2 - 1
    for k, field in enumerate(both[-7:]):
        image = pool.images[k % len(pool.images)]
        windows = [
            picture[half[0] - inner[0] : half[0] + inner[0], half[1] - inner[1] : half[1] + inner[1]]
            for picture, half in ((field, (height // 2, width // 2)), (image, (rows // 2, columns // 2)))
        ]
        np.testing.assert_array_equal(*windows)
        assert field.sum() <= image.sum() * (1 + 1e-6)  # what lies outside is filled with zeros


def test_a_second_domain_that_changed_after_planning_is_refused(training):
    run = second(training)
    changed = replace(run.profile.domains["t1"], images=run.profile.domains["t1"].images + 1)
    later = replace(run, profile=replace(run.profile, domains={**run.profile.domains, "t1": changed}))
    with pytest.raises(ReconError, match="The data of 't1' have changed"):
        training_images(later)


def test_contrast_is_varied_by_the_seed_of_the_run(training):
    photographs, _ = training_images(training)
    varied = [training_images(replace(training, spec=replace(training.spec, contrast=0.5)))[0] for _ in range(2)]
    np.testing.assert_array_equal(*varied)
    changed = [not np.array_equal(*pair) for pair in zip(photographs, varied[0], strict=True)]
    assert sum(changed) == round(0.5 * len(photographs))


class TestTrainingSubset:
    def test_all_of_a_full_share(self):
        assert training_subset(4000, 4000, 1.0, 0).tolist() == list(range(4000))
        assert training_subset(720, 4000, 1.0, 0).tolist() == list(range(720))

    def test_a_small_domain_gives_the_same_share(self):
        assert len(training_subset(720, 500, 0.125, 0)) == 90
        assert len(training_subset(4000, 500, 0.125, 0)) == 500

    def test_a_larger_domain_gives_what_is_asked(self):
        assert len(training_subset(9000, 4000, 1.0, 0)) == 4000

    def test_smaller_sets_lie_in_larger_and_follow_the_seed(self):
        small, large = (set(training_subset(720, n, n / 4000, 0)) for n in (500, 1000))
        assert small < large
        assert small != set(training_subset(720, 500, 0.125, 1))
