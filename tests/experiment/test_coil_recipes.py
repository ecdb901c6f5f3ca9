"""The shape of the network of several coils: two channels, a correction, a finite weight; and as JSON."""

import json
from dataclasses import replace

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment.coil_recipes import CoilArchitecture, JointRecipe
from recon_lib.experiment.counting import operations, weights
from recon_lib.experiment.recipes import Architecture, Recipe


def test_it_says_all_of_itself_in_json():
    shape = CoilArchitecture(subnetworks=2, iterations=3, beginning="zero_filled", data_consistency=0.0)
    content = json.loads(json.dumps(shape.as_dict()))
    assert CoilArchitecture.from_dict(content) == shape
    assert content["iterations"] == 3
    assert content["beginning"] == "zero_filled"
    assert content["residual"] is True


def test_the_paper_s_shape_keeps_its_bytes():
    assert Architecture().as_dict() == {
        "subnetworks": 5,
        "hidden_layers": 4,
        "filters": 64,
        "kernel": 3,
        "data_consistency": "inf",
    }


def test_weights_and_operations_count_two_channels_of_output():
    shape = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=5)
    kernels = 9 * (2 * 5 + 5 * 2)
    assert weights(shape) == kernels + 5 + 2
    assert operations(shape, (7, 8)) == 2 * kernels * 56
    assert weights(replace(shape, hidden_layers=0)) == 9 * 2 * 2 + 2
    assert weights(Architecture()) == 562_885


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iterations": 0}, "iterations is 1 or more"),
        ({"beginning": "zero"}, "did you mean 'zero_filled'"),
        ({"data_consistency": float("inf")}, "data_consistency is finite"),
        ({"data_consistency": -1.0}, "0 or more"),
        ({"residual": False}, "residual is true"),
        ({"phase": "kept"}, "phase zero"),
    ],
)
def test_what_no_network_of_coils_can_have_is_refused(change, message):
    with pytest.raises(ReconError, match=message):
        CoilArchitecture(**change)


def test_a_joint_recipe_says_what_is_its_own_only_where_that_is_given():
    assert JointRecipe(epochs=3).as_dict() == Recipe(epochs=3).as_dict()
    own = JointRecipe(crop=32, data_consistency=0.0).as_dict()
    assert (own["crop"], own["data_consistency"]) == (32, 0.0)
    assert JointRecipe(**own) == JointRecipe(crop=32, data_consistency=0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crop": 0}, "crop is 1 or more"),
        ({"data_consistency": -0.1}, "not -0.1"),
        ({"data_consistency": float("inf")}, "not inf"),
        ({"epochs": 0}, "epochs is 1 or more"),
    ],
)
def test_what_no_joint_training_can_have_is_refused(change, message):
    with pytest.raises(ReconError, match=message):
        JointRecipe(**change)
