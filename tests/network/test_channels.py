"""A network of scales and shifts is the ordinary network that it is folded into."""

import keras
import numpy as np
import pytest
from keras import ops
from network.test_training import SIZE, example

from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.acquisition import acquire
from recon_lib.network.cascade import Cascade, build, copy_cascade, named_weights
from recon_lib.network.channels import fold_channels, open_channels
from recon_lib.network.subnetworks import penalise

SHAPES = [Architecture(subnetworks=2, hidden_layers=2, filters=5), Architecture(2, 1, 4, residual=True, output="relu")]


def network(shape):
    cascade = build(Cascade(shape, seed=3))
    rng = np.random.default_rng(0)
    for variable in cascade.weights:  # biases too
        variable.assign(variable + 0.1 * rng.standard_normal(variable.shape).astype(np.float32))
    return cascade


def output(cascade):
    images, masks = example()
    data = acquire(images, masks)
    return {name: ops.convert_to_numpy(value) for name, value in cascade((data.zero_filled, data.mask)).items()}


def moved(opened):
    rng = np.random.default_rng(1)
    for variable in opened.trainable_variables:
        variable.assign(variable + 0.3 * rng.standard_normal(variable.shape).astype(np.float32))
    return opened


@pytest.mark.parametrize("shape", SHAPES)
def test_opened_it_gives_the_same_images(shape):
    cascade = network(shape)
    expected = output(cascade)
    for name, value in output(open_channels(cascade)).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6)
        assert value.shape[1:3] == SIZE


@pytest.mark.parametrize("shape", SHAPES)
def test_folded_it_gives_the_same_images_and_keeps_the_directions_of_kernels(shape):
    cascade = network(shape)
    opened = moved(open_channels(cascade))
    folded = copy_cascade(cascade)
    fold_channels(opened, folded)
    expected = output(opened)
    for name, value in output(folded).items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6, rtol=1e-5)
    assert not np.allclose(output(cascade)["image"], expected["image"], atol=1e-3)
    trained = named_weights(cascade)
    for name, kernel in named_weights(folded).items():
        if name.endswith("kernel"):
            for channel in range(kernel.shape[-1]):
                a, b = kernel[..., channel].ravel(), trained[name][..., channel].ravel()
                assert abs(a @ b) == pytest.approx(np.linalg.norm(a) * np.linalg.norm(b), rel=1e-5)
        else:
            assert not np.allclose(kernel, trained[name])


def test_two_numbers_a_channel_are_tuned_and_no_more():
    opened = open_channels(network(SHAPES[0]))
    assert [tuple(variable.shape) for variable in opened.trainable_variables] == [
        (5,),
        (5,),
        (5,),
        (5,),
        (1,),
        (1,),
    ] * 2
    assert {variable.name for variable in opened.trainable_variables} == {"scale", "shift"}


def test_the_penalty_is_that_of_the_folded_kernels():
    cascade = network(SHAPES[0])
    opened = moved(open_channels(cascade))
    penalise(opened.subnetworks, 0.5)
    folded = copy_cascade(cascade)
    fold_channels(opened, folded)
    squares = sum(float((v.astype(float) ** 2).sum()) for n, v in named_weights(folded).items() if n.endswith("kernel"))
    assert float(ops.convert_to_numpy(sum(opened.losses))) == pytest.approx(0.5 * squares, rel=1e-5)


def test_it_computes_in_the_precision_of_the_network():
    opened = open_channels(build(Cascade(SHAPES[0], precision="mixed_bfloat16")))
    assert {layer.dtype_policy.name for layer in opened.subnetworks[0].layers} == {"mixed_bfloat16", "float32"}
    assert keras.backend.standardize_dtype(opened.trainable_variables[0].dtype) == "float32"
