"""A user's recipe is the one that was measured, and ingredients are added to it by name."""

import dataclasses

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment import named_recipes
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.grid import FineTuning
from recon_lib.experiment.named_recipes import (
    DEFAULT,
    FEW_IMAGES,
    INGREDIENTS,
    NETWORKS,
    PAPER,
    RECIPES,
    SOURCE,
    add_ingredients,
    is_of_recipe,
)
from recon_lib.experiment.plan import plan
from recon_lib.experiment.profile import load_profile
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.results.released import released_name


def test_the_papers_recipe_is_that_of_the_networks_profile():
    assert named_recipes.find_recipe(PAPER, "desk") == load_profile("desk").fine_tuning
    assert named_recipes.find_recipe(PAPER, "open") == load_profile("open").fine_tuning
    assert named_recipes.find_recipe(PAPER, "a user's own") == named_recipes.find_recipe(PAPER, None) == FineTuning()


def test_the_recipe_for_few_images_is_the_variation_that_is_tested():
    recipe = named_recipes.find_recipe(FEW_IMAGES, "open")
    assert recipe == load_profile("desk").varied("few-images").fine_tuning
    assert load_profile("desk").variations["few-images"].split == "test"
    assert recipe.recipe(5).augmentation.mirrors
    assert {5 * recipe.recipe(5).epochs, 50 * recipe.recipe(50).epochs} == {recipe.max_updates}


def test_the_default_is_one_of_them_and_another_is_refused():
    assert DEFAULT in RECIPES
    with pytest.raises(ReconError, match="Unknown recipe 'few-image': did you mean 'few-images'"):
        named_recipes.find_recipe("few-image", "desk")


def test_a_recipe_is_announced_with_its_reason_and_the_other():
    assert set(named_recipes.REASONS) == set(RECIPES)
    assert (
        named_recipes.announce(PAPER)
        == f"recipe paper: {named_recipes.REASONS[PAPER]}; --recipe few-images takes the other"
    )
    assert named_recipes.announce(FEW_IMAGES).endswith("; --recipe paper takes the other")


def test_each_recipe_starts_from_a_network_that_its_profile_releases():
    runs = plan(load_profile(SOURCE), dict.fromkeys(("natural", "t1", "t2"), ""))
    trained = {released_name(run.key).removesuffix(".safetensors"): run for run in runs if run.kind == "train"}
    assert set(NETWORKS) == set(RECIPES)
    assert [trained[NETWORKS[name]].spec.architecture.residual for name in (PAPER, FEW_IMAGES)] == [False, True]
    tuned = [run for run in runs if run.kind == "finetune" and run.key.variation == FEW_IMAGES]
    assert {run.parent.id for run in tuned} == {trained[NETWORKS[FEW_IMAGES]].id}
    assert all(map(is_of_recipe, (run.key for run in tuned)))
    assert is_of_recipe(trained[NETWORKS[FEW_IMAGES]].key)
    others = [run.key for run in runs if run.key.variation in ("residual-4000", "few-plain") and run.kind == "finetune"]
    assert others
    assert not any(map(is_of_recipe, [*others, trained[NETWORKS[PAPER]].key]))


TEXTS = {
    "mirrors": {"augmentation": Augmentation(mirrors=True)},
    "shift=8": {"augmentation": Augmentation(shift=8)},
    "intensity=0.3": {"augmentation": Augmentation(intensity=0.3)},
    "noise=0.02": {"augmentation": Augmentation(noise=0.02)},
    "accelerations=2,3.5": {"augmentation": Augmentation(accelerations=(2.0, 3.5))},
    "average=0.5": {"average": 0.5},
    "scale-shift": {"scale_shift": True},
    "pull=10": {"pull": 10.0},
    "held-kspace=0.05": {"held_kspace": 0.05},
}


@pytest.mark.parametrize("text", TEXTS)
def test_each_ingredient_is_added_alone(text):
    recipe = TuningRecipe(learning_rate=1e-3)
    assert add_ingredients(recipe, [text]) == dataclasses.replace(recipe, **TEXTS[text])


def test_every_ingredient_has_a_test_and_several_add_up():
    assert {text.partition("=")[0] for text in TEXTS} == set(INGREDIENTS)
    recipe = TuningRecipe(augmentation=Augmentation(mirrors=True, shift=2))
    expected = dataclasses.replace(recipe, average=0.5, augmentation=Augmentation(mirrors=True, shift=3))
    assert add_ingredients(recipe, ["shift=3", "average=0.5"]) == expected
    assert add_ingredients(recipe, []) == recipe
    assert add_ingredients(recipe, ["mirrors=false", "shift=0"]) == TuningRecipe()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["miror"], "Unknown ingredient 'miror': did you mean 'mirrors'"),
        (["shift"], "The ingredient shift needs a value: write shift=VALUE"),
        (["held-kspace"], "The ingredient held-kspace needs a value"),
        (["shift=far"], "shift is of type int, not 'far'"),
        (["shift=1,2"], "shift is of type int, not '1,2'"),
        (["shift=-1"], "shift is 0 or more, not -1"),
        (["noise=[["], "has a value that cannot be read"),
        (["average=2"], "average is a part of all updates"),
        (["average=0.5", "held-kspace=0.1"], "use one"),
    ],
)
def test_an_ingredient_that_is_unknown_or_impossible_is_one_sentence(texts, words):
    with pytest.raises(ReconError, match=words) as error:
        add_ingredients(TuningRecipe(), texts)
    assert "\n" not in str(error.value)
