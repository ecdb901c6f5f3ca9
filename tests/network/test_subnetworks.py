"""Sub-networks: how their kernels are drawn, what they put out, and which of them differ."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops
from network.test_cascade import gradient
from scipy.signal import correlate2d

from recon_lib.experiment.recipes import Architecture
from recon_lib.network.cascade import Cascade, build, named_weights
from recon_lib.network.subnetworks import Convolution, penalise, sub_network, sub_networks


def convolved(image, kernel):
    """Correlate every channel with its kernels and add, in double precision."""
    maps = np.moveaxis(image.astype(float), -1, 1)
    sums = [
        [sum(correlate2d(m, kernel[:, :, i, o], mode="same") for i, m in enumerate(channels)) for channels in maps]
        for o in range(kernel.shape[3])
    ]
    return np.moveaxis(np.array(sums), 0, -1)


@pytest.mark.parametrize("size", [(7, 10), (1, 4)])
@pytest.mark.parametrize("side", [3, (1, 5)])
@pytest.mark.parametrize("filters", [1, 2, 3])
def test_a_convolution_is_its_sum_whatever_the_number_of_its_filters(filters, side, size, rng):
    layer = Convolution(filters, side, padding="same")
    image = rng.standard_normal((2, *size, 4)).astype(np.float32)
    layer.build(image.shape)
    layer.bias.assign(rng.standard_normal(filters))
    expected = convolved(image, ops.convert_to_numpy(layer.kernel)) + ops.convert_to_numpy(layer.bias)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(image)), expected, atol=1e-5)


@pytest.mark.parametrize("filters", [1, 2])
def test_the_gradient_of_few_filters_is_the_adjoint(filters, rng):
    layer = Convolution(filters, 3, padding="same")
    image = rng.standard_normal((2, 5, 8, 4)).astype(np.float32)
    layer.build(image.shape)
    direction = rng.standard_normal((2, 5, 8, filters)).astype(np.float32)
    slope = gradient(lambda x: ops.sum(ops.multiply(layer(x), direction)), image)
    kernel = ops.convert_to_numpy(layer.kernel)[::-1, ::-1].swapaxes(2, 3)
    np.testing.assert_allclose(slope, convolved(direction, kernel), atol=1e-5)


def test_initial_kernels_are_glorot_uniform_and_biases_zero():
    network = sub_network(Architecture(filters=32), seed=3)
    for layer in network.layers:
        kernel = ops.convert_to_numpy(layer.kernel)
        limit = np.sqrt(6 / (9 * sum(kernel.shape[2:])))
        assert 0.95 * limit < np.abs(kernel).max() <= limit
        assert np.std(kernel) == pytest.approx(limit / np.sqrt(3), rel=0.1)
        assert not ops.convert_to_numpy(layer.bias).any()


def test_he_s_kernels_have_their_variance():
    network = sub_network(Architecture(filters=64, initial_weights="he_normal"), seed=3)
    for layer in network.layers[:-1]:
        kernel = ops.convert_to_numpy(layer.kernel)
        assert np.std(kernel) == pytest.approx(np.sqrt(2 / (9 * kernel.shape[2])), rel=0.1)


def test_a_relu_output_is_the_linear_one_cut_at_zero(rng):
    shape = Architecture(subnetworks=1, hidden_layers=1, filters=3)
    linear, cut = (sub_network(replace(shape, output=way), seed=1) for way in ("linear", "relu"))
    image = rng.standard_normal((2, 9, 8, 2)).astype(np.float32)
    expected = ops.convert_to_numpy(linear(image))
    assert expected.min() < -0.01
    np.testing.assert_allclose(ops.convert_to_numpy(cut(image)), np.maximum(expected, 0), atol=1e-6)


def test_a_residual_sub_network_adds_the_real_channel(rng):
    shape = Architecture(subnetworks=2, hidden_layers=1, filters=3)
    plain, residual = (sub_network(replace(shape, residual=way), seed=1) for way in (False, True))
    image = rng.standard_normal((2, 9, 8, 2)).astype(np.float32)
    outputs = [ops.convert_to_numpy(network(image)) for network in (plain, residual)]
    np.testing.assert_allclose(outputs[1], outputs[0] + image[..., :1], atol=1e-6)
    np.testing.assert_allclose(residual.predict_on_batch(image), outputs[1], atol=1e-6)
    # In the cascade, and with its loss, it is the same layers under the same names.
    cascade = build(Cascade(replace(shape, residual=True)))
    assert set(named_weights(cascade)) == set(named_weights(build(Cascade(shape))))


def test_those_of_a_cascade_have_names_and_kernels_of_their_own():
    shape = Architecture(subnetworks=3, hidden_layers=0, filters=3)
    networks = sub_networks(shape, seed=2)
    assert [network.name for network in networks] == ["subnetwork_0", "subnetwork_1", "subnetwork_2"]
    kernels = [network.get_weights()[0] for network in networks]
    assert len({kernel.tobytes() for kernel in kernels}) == 3
    for index, kernel in enumerate(kernels):  # as all networks so far were drawn
        np.testing.assert_array_equal(kernel, sub_network(shape, 2000 + index).get_weights()[0])


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_another_penalty_takes_the_place_of_the_first(weight):
    networks = sub_networks(Architecture(subnetworks=2, hidden_layers=1, filters=3), seed=1, l2=0.01)
    penalise(networks, weight)
    kernels = [ops.convert_to_numpy(layer.kernel) for network in networks for layer in network.layers]
    losses = [float(ops.convert_to_numpy(value)) for network in networks for value in network.losses]
    assert sum(losses) == pytest.approx(weight * sum(float(np.sum(np.square(k, dtype=float))) for k in kernels))
    assert len(losses) == (len(kernels) if weight else 0)
