"""Recipes are the paper's by default, bounded, and known by what is not the default."""

import dataclasses
import json

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.profile import parse_profile
from recon_lib.experiment.recipes import Architecture, SequentialRecipe, TuningRecipe


def test_infinity_survives_json():
    assert Architecture().as_dict()["data_consistency"] == "inf"
    assert Architecture.from_dict(Architecture().as_dict()) == Architecture()
    assert Architecture.from_dict(Architecture(data_consistency=0.5).as_dict()).data_consistency == 0.5


def test_an_architecture_is_known_by_what_is_not_the_default():
    later = {"initial_weights": "he_normal", "residual": True, "phase": "kept", "output": "relu"}
    assert not set(later) & set(Architecture().as_dict())
    other = Architecture(**later)
    assert other.as_dict() == Architecture().as_dict() | later
    assert Architecture.from_dict(other.as_dict()) == other


def test_a_recipe_is_known_by_what_is_not_the_default():
    assert not {"loss_on", "absolute", "start"} & set(FineTuning().as_dict())
    assert FineTuning(loss_on="after_dc").as_dict()["loss_on"] == "after_dc"
    changed = {"absolute": 0.0, "start": "before"}
    assert Training(**changed).as_dict() == Training().as_dict() | changed
    assert FineTuning().as_dict()["crop"] is None  # as the runs that are named by it have it
    with pytest.raises(ReconError, match=r"weight absolute of a loss's term is 0 or more, and finite: not -1\.0"):
        Training(absolute=-1.0)


@pytest.mark.parametrize(
    "recipe",
    [Training(crop=32, start="before"), FineTuning(loss_on="after_dc", absolute=0.5)],
)
def test_a_recipe_comes_back_from_its_mapping(recipe):
    plain = type(recipe).__mro__[1]
    read = plain.from_dict(recipe.as_dict())
    assert type(read) is plain
    assert read.as_dict() == recipe.as_dict()


def test_each_training_has_the_fields_it_needs_and_no_others():
    names = {kind: {field.name for field in dataclasses.fields(kind)} for kind in (SequentialRecipe, TuningRecipe)}
    assert names[SequentialRecipe] - names[TuningRecipe] == {"crop", "start"}
    added = {"augmentation", "average", "scale_shift", "pull", "held_kspace"}
    assert names[TuningRecipe] - names[SequentialRecipe] == {"loss_on", *added}


ADDED = {
    "augmentation": Augmentation(mirrors=True, accelerations=(2.0,)),
    "average": 0.5,
    "scale_shift": True,
    "pull": float("inf"),
    "held_kspace": 0.1,
}


@pytest.mark.parametrize("name", ADDED)
def test_what_a_recipe_adds_is_in_its_mapping_only_where_it_is_on(name):
    assert name not in TuningRecipe().as_dict()
    recipe = TuningRecipe(**{name: ADDED[name]})
    content = json.loads(json.dumps(recipe.as_dict(), allow_nan=False))
    assert content.keys() - TuningRecipe().as_dict().keys() == {name}
    assert TuningRecipe.from_dict(content) == recipe


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"average": 1.5}, r"average is a part of all updates, between 0 and 1: not 1\.5"),
        ({"held_kspace": 1.0}, "held_kspace is a part of k-space, 0 or more and below 1: not 1"),
        ({"pull": -1.0}, "pull is 0 or more, or inf: not -1"),
        ({"held_kspace": 0.1, "average": 0.5}, "use one"),
        ({"held_kspace": 0.1, "augmentation": Augmentation(intensity=0.3)}, "intensity mixes .* use one"),
    ],
)
def test_what_a_recipe_cannot_add_is_refused(fields, words):
    with pytest.raises(ReconError, match=words):
        TuningRecipe(**fields)


def test_a_profile_adds_to_its_recipe_by_name():
    content = {"domains": {"natural": {}, "t1": {}, "t2": {}}, "fine_tuning": {"augmentation": {"shift": 3}}}
    assert parse_profile("x", content).fine_tuning.recipe(5).augmentation == Augmentation(shift=3)
    content["fine_tuning"]["augmentation"] = {"mirror": True}
    with pytest.raises(ReconError, match=r"x\.fine_tuning\.augmentation 'mirror': did you mean 'mirrors'"):
        parse_profile("x", content)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (TuningRecipe, "loss_on"),
        (SequentialRecipe, "start"),
        (SequentialRecipe, "schedule"),
        (SequentialRecipe, "precision"),
        (Architecture, "initial_weights"),
        (Architecture, "phase"),
        (Architecture, "output"),
    ],
)
def test_a_refused_word_is_named_with_its_field(record, name):
    with pytest.raises(ReconError, match=f"^Unknown {name} 'odd'"):
        record(**{name: "odd"})
