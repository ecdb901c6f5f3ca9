"""The numbers of images and of updates are the paper's by default, and bounded in whole epochs."""

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.recipes import SequentialRecipe, TuningRecipe


@pytest.mark.parametrize(("n_train", "updates"), [(500, 200), (1000, 400), (1500, 600), (2000, 800), (4000, 1600)])
def test_updates_are_the_papers(n_train, updates):
    assert Training().updates(n_train) == updates


def test_a_recipe_inside_training_gives_only_what_decides_updates():
    assert Training().as_dict() == SequentialRecipe().as_dict()
    assert FineTuning().as_dict() == TuningRecipe(batch=1, epochs=150, learning_rate=1e-5).as_dict()


@pytest.mark.parametrize(
    ("images", "batch", "epochs"),
    [(5, 1, 15), (20, 1, 15), (30, 1, 10), (40, 1, 7), (50, 1, 6), (50, 5, 15), (50, 0, 15), (400, 1, 1)],
)
def test_fine_tuning_is_bounded_in_whole_epochs(images, batch, epochs):
    tuning = FineTuning(epochs=15, batch=batch, max_updates=300)
    assert tuning.recipe(images).as_dict() == {**tuning.as_dict(), "epochs": epochs}
    assert FineTuning(epochs=15, batch=batch).recipe(images).epochs == 15


def test_equal_updates_leave_the_number_of_images_alone():
    assert [Training(updates_of=4000).updates(n) for n in (500, 4000)] == [1600, 1600]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"second_domain": "t1"}, "second_domain and n_second say together .* give both"),
        ({"n_second": 5}, "give both"),
        ({"second_domain": "t1", "n_second": -1}, "n_second is 0 or more, not -1"),
        ({"contrast": 1.5}, r"contrast is a share of the images, between 0 and 1: not 1\.5"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(fields, words):
    with pytest.raises(ReconError, match=words):
        Training(**fields)
