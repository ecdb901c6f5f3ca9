"""The cascade and its data consistency against numpy, on whichever backend Keras runs."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops
from laws import ROOT, SIZES, complex_normal, data_consistency, direct_fft2c, direct_ifft2c
from scipy.signal import correlate2d

from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.acquisition import to_channels, to_complex
from recon_lib.network.cascade import Cascade, DataConsistency, build, with_precision

WEIGHTS = [0.0, 0.3, 5.0, float("inf")]
TINY = Architecture(subnetworks=2, hidden_layers=2, filters=4)


def example(size: tuple[int, int], batch: int = 2) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return complex images, another acquisition's k-space and a mask for each."""
    mask = np.random.default_rng(1).random((batch, *size)) < 0.4
    image, acquired = complex_normal(2, (2, batch, *size))
    return image, direct_fft2c(acquired) * mask, mask


def consistent(image: np.ndarray, kspace: np.ndarray, mask: np.ndarray, weight: float) -> np.ndarray:
    """Run the layer on complex arrays."""
    start = to_channels(direct_ifft2c(kspace))
    output = DataConsistency(weight)(to_channels(image), start, mask.astype(np.float32))
    return to_complex(ops.convert_to_numpy(output))


def gradient(function, x: np.ndarray) -> np.ndarray:
    """Differentiate a scalar function of one array on any backend."""
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            variable = tf.Variable(x)
            with tf.GradientTape() as tape:
                value = function(variable)
            return tape.gradient(value, variable).numpy()
        case "jax":
            import jax

            return np.asarray(jax.grad(function)(x))
        case _:
            import torch

            variable = torch.tensor(x, requires_grad=True)
            function(variable).backward()
            return variable.grad.numpy()


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("size", SIZES)
def test_data_consistency_is_equations_6_to_8(size, weight):
    image, kspace, mask = example(size)
    expected = data_consistency(image, kspace, mask, weight)
    np.testing.assert_allclose(consistent(image, kspace, mask, weight), expected, atol=3e-6)


@pytest.mark.parametrize("weight", [0.3, float("inf")])
@pytest.mark.parametrize("size", [(8, 7), (7, 10)])
def test_real_image_is_a_complex_one_without_imaginary_part(size, weight):
    image, kspace, mask = example(size)
    one_channel = to_channels(image)[..., :1]
    start, mask32 = to_channels(direct_ifft2c(kspace)), mask.astype(np.float32)
    output = to_complex(ops.convert_to_numpy(DataConsistency(weight)(one_channel, start, mask32)))
    np.testing.assert_allclose(output, data_consistency(image.real, kspace, mask, weight), atol=3e-6)


def test_hard_data_consistency_puts_the_samples_back_and_is_idempotent():
    image, kspace, mask = example((9, 12))
    once = consistent(image, kspace, mask, float("inf"))
    np.testing.assert_allclose(direct_fft2c(once)[mask], kspace[mask], atol=3e-6)
    np.testing.assert_allclose(direct_fft2c(once)[~mask], direct_fft2c(image)[~mask], atol=3e-6)
    np.testing.assert_allclose(consistent(once, kspace, mask, float("inf")), once, atol=3e-6)


def test_weight_runs_from_identity_to_replacement():
    image, kspace, mask = example((9, 12))
    np.testing.assert_allclose(consistent(image, kspace, mask, 0.0), image, atol=3e-6)
    hard = consistent(image, kspace, mask, float("inf"))
    np.testing.assert_allclose(consistent(image, kspace, mask, 1e9), hard, atol=3e-6)
    distance = [np.abs(consistent(image, kspace, mask, weight) - hard).max() for weight in (0.0, 0.3, 5.0, 1e3)]
    assert distance == sorted(distance, reverse=True)
    assert distance[1] > 2 * distance[2] > 20 * distance[3]


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("size", [(8, 8), (7, 10), (9, 7)])
def test_jacobian_is_equation_12(size, weight):
    image, kspace, mask = example(size)
    direction = complex_normal(3, image.shape)
    start, mask32 = to_channels(direct_ifft2c(kspace)), mask.astype(np.float32)
    layer, v = DataConsistency(weight), to_channels(direction)
    # d <DC(x), v> / dx = J^T v, and J = F^-1 Lambda F is self-adjoint with Lambda = 1 / (1 + lambda) where sampled.
    filtered = np.where(mask, 0.0 if np.isinf(weight) else 1 / (1 + weight), 1.0)
    expected = direct_ifft2c(filtered * direct_fft2c(direction))
    complex_gradient = gradient(lambda x: ops.sum(ops.multiply(layer(x, start, mask32), v)), to_channels(image))
    np.testing.assert_allclose(to_complex(complex_gradient), expected, atol=3e-6)
    real = gradient(lambda x: ops.sum(ops.multiply(layer(x, start, mask32), v)), to_channels(image)[..., :1])
    np.testing.assert_allclose(real[..., 0], expected.real, atol=3e-6)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_gradient_is_finite_at_zero(weight):
    zeros = np.zeros((1, 6, 5, 2), np.float32)
    layer = DataConsistency(weight)
    values = gradient(lambda x: ops.sum(ops.square(layer(x, zeros, zeros[..., 0]))), zeros)
    assert np.isfinite(values).all()


def test_gradient_through_the_network_is_finite_at_zero():
    zeros = np.zeros((1, 6, 5, 2), np.float32)
    cascade = Cascade(TINY, seed=1)
    values = gradient(lambda x: ops.sum(ops.abs(cascade((x, zeros[..., 0]))["before_dc"])), zeros)
    assert np.isfinite(values).all()


def test_each_image_has_its_own_mask():
    image, kspace, mask = example((6, 7), batch=3)
    together = consistent(image, kspace, mask, 5.0)
    for i in range(3):
        part = slice(i, i + 1)
        np.testing.assert_allclose(together[part], consistent(image[part], kspace[part], mask[part], 5.0), atol=1e-6)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("-inf")])
def test_impossible_weight_is_refused(weight):
    with pytest.raises(ReconError, match=f"cannot be {weight}"):
        DataConsistency(weight)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_layer_is_rebuilt_from_its_configuration(weight):
    layer = DataConsistency(weight, name="dc")
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(saved)
    assert isinstance(again, DataConsistency)
    assert (again.weight, again.name) == (weight, "dc")


@pytest.mark.parametrize("channels", [1, 2])
def test_shape_is_known_before_the_numbers(channels):
    image, start = keras.Input((None, None, channels)), keras.Input((None, None, 2))
    mask = keras.Input((None, None))
    assert DataConsistency()(image, start, mask).shape == (None, None, None, 2)
    layer = DataConsistency()
    shapes = (2, 6, 5, channels), (2, 6, 5, 2), (2, 6, 5)
    assert layer.compute_output_shape(*shapes) == tuple(layer(*(np.zeros(s, np.float32) for s in shapes)).shape)


def kernels(cascade: Cascade) -> list[np.ndarray]:
    """Return the kernels in order."""
    return [ops.convert_to_numpy(layer.kernel) for network in cascade.subnetworks for layer in network.layers]


def test_paper_network_has_the_papers_number_of_weights():
    cascade = Cascade(Architecture())
    # (2 * 9 + 1) * 64 + 3 * (64 * 9 + 1) * 64 + 64 * 9 + 1
    assert [network.count_params() for network in cascade.subnetworks] == [112_577] * 5
    assert sum(int(np.prod(weight.shape)) for weight in cascade.trainable_weights) == 562_885
    assert cascade.consistency.weight == float("inf")


def reference(cascade: Cascade, kspace: np.ndarray, mask: np.ndarray, weight: float) -> tuple[np.ndarray, np.ndarray]:
    """Compute the network's two outputs for one image with scipy, equation by equation."""
    image = direct_ifft2c(kspace)
    for network in cascade.subnetworks:
        maps = np.stack([image.real, image.imag])
        for layer in network.layers:
            kernel, bias = (ops.convert_to_numpy(part).astype(float) for part in (layer.kernel, layer.bias))
            maps = np.stack(
                [
                    bias[o] + sum(correlate2d(m, kernel[:, :, i, o], mode="same") for i, m in enumerate(maps))
                    for o in range(kernel.shape[3])
                ]
            )
            if layer is not network.layers[-1]:
                maps = np.maximum(maps, 0)
        output = maps[0]
        image = data_consistency(output.astype(complex), kspace, mask, weight)
    return image, output


@pytest.mark.parametrize("weight", [0.3, float("inf")])
@pytest.mark.parametrize(("size", "kernel"), [((9, 8), 3), ((8, 11), 5)])
def test_network_is_its_equations(size, kernel, weight):
    shape = Architecture(subnetworks=3, hidden_layers=2, filters=3, kernel=kernel, data_consistency=weight)
    cascade = Cascade(shape, seed=4)
    rng = np.random.default_rng(5)
    for variable in cascade.trainable_variables:  # biases too, which start at zero
        variable.assign(ops.convert_to_numpy(variable) + 0.1 * rng.standard_normal(variable.shape))
    _, kspace, mask = example(size)
    output = cascade((to_channels(direct_ifft2c(kspace)), mask.astype(np.float32)))
    for i in range(2):
        image, expected = reference(cascade, kspace[i], mask[i], weight)
        np.testing.assert_allclose(to_complex(ops.convert_to_numpy(output["image"][i])), image, atol=2e-5)
        np.testing.assert_allclose(ops.convert_to_numpy(output["before_dc"][i, ..., 0]), expected, atol=2e-5)


def test_a_kept_phase_is_that_of_what_each_sub_network_sees(rng):
    cascade = build(Cascade(Architecture(subnetworks=2, hidden_layers=1, filters=3, phase="kept"), seed=2))
    _, kspace, mask = example((9, 8))
    start = direct_ifft2c(kspace)
    expected = start
    for network in cascade.subnetworks:
        output = ops.convert_to_numpy(network(to_channels(expected)))[..., 0].astype(complex)
        turned = direct_fft2c(output * np.exp(1j * np.angle(expected)))
        expected = direct_ifft2c(np.where(mask, kspace, turned))
    whole = cascade((to_channels(start), mask.astype(np.float32)))
    np.testing.assert_allclose(to_complex(ops.convert_to_numpy(whole["image"])), expected, atol=2e-5)
    # Where nothing is seen there is no phase, and none is made up.
    ones, zeros = np.ones((1, 4, 4, 1), np.float32), np.zeros((1, 4, 4, 2), np.float32)
    black = ops.convert_to_numpy(cascade.step(lambda image: ones, zeros, zeros, zeros[..., 0])[0])
    np.testing.assert_allclose(to_complex(black), np.ones((1, 4, 4)), atol=1e-6)


@pytest.mark.parametrize("size", [(9, 8), (7, 11)])
def test_a_step_is_a_sub_network_and_data_consistency(size):
    cascade = build(Cascade(replace(TINY, data_consistency=0.7), seed=2))
    image, kspace, mask = example(size)
    for network in cascade.subnetworks:
        expected = ops.convert_to_numpy(network(to_channels(image)))
        inputs = to_channels(image), to_channels(direct_ifft2c(kspace)), mask.astype(np.float32)
        stepped, output = (ops.convert_to_numpy(part) for part in cascade.step(network, *inputs))
        np.testing.assert_allclose(output, expected, atol=1e-6)
        np.testing.assert_allclose(
            to_complex(stepped), data_consistency(expected[..., 0], kspace, mask, 0.7), atol=1e-5
        )


def test_a_known_phase_is_taken_out_for_the_sub_network_and_given_back():
    cascade = build(Cascade(TINY, seed=2))
    image, kspace, mask = example((9, 8))
    phase = np.exp(1j * np.angle(complex_normal(7, image.shape)))
    inputs = to_channels(image), to_channels(direct_ifft2c(kspace)), mask.astype(np.float32), to_channels(phase)
    network = cascade.subnetworks[1]
    stepped, output = (ops.convert_to_numpy(part) for part in cascade.step(network, *inputs))
    expected = ops.convert_to_numpy(network(to_channels(image * phase.conj())))
    np.testing.assert_allclose(output, expected, atol=1e-5)
    expected = data_consistency(expected[..., 0] * phase, kspace, mask, np.inf)
    np.testing.assert_allclose(to_complex(stepped), expected, atol=1e-5)
    # The cascade takes the phase along, and a network that keeps phases has no use for it.
    whole, without = (ops.convert_to_numpy(cascade(arrays)["image"]) for arrays in (inputs[1:], inputs[1:3]))
    assert not np.allclose(whole, without, atol=1e-3)
    stepwise = inputs[1]
    for network in cascade.subnetworks:
        stepwise, _ = cascade.step(network, stepwise, *inputs[1:])
    np.testing.assert_allclose(whole, ops.convert_to_numpy(stepwise), atol=1e-6)
    keeping = build(Cascade(replace(TINY, phase="kept"), seed=2))
    images = [ops.convert_to_numpy(keeping(arrays)["image"]) for arrays in (inputs[1:], inputs[1:3])]
    np.testing.assert_array_equal(*images)


def test_every_kernel_starts_differently_and_every_seed_too():
    cascade = Cascade(TINY, seed=0)
    assert all(np.array_equal(a, b) for a, b in zip(kernels(cascade), kernels(Cascade(TINY, seed=0)), strict=True))
    everything = [kernel.ravel()[:30] for seed in (0, 1, 2) for kernel in kernels(Cascade(TINY, seed=seed))]
    assert len({values.tobytes() for values in everything}) == 3 * 2 * 3


def test_every_field_of_the_architecture_matters():
    def parameters(**fields) -> list[tuple]:
        return [tuple(v.shape) for v in Cascade(Architecture(**{**base, **fields})).trainable_variables]

    base = {"subnetworks": 2, "hidden_layers": 2, "filters": 4}
    conv = [(3, 3, 2, 4), (4,), (3, 3, 4, 4), (4,), (3, 3, 4, 1), (1,)]
    assert parameters() == conv * 2
    assert parameters(subnetworks=3) == conv * 3
    assert parameters(hidden_layers=1) == (conv[:2] + conv[4:]) * 2
    assert parameters(filters=5)[0] == (3, 3, 2, 5)
    assert parameters(kernel=5)[0] == (5, 5, 2, 4)


def test_l2_term_is_the_sum_of_squares_of_the_kernels_alone():
    cascade = Cascade(TINY, l2=0.01)
    for layer in (layer for network in cascade.subnetworks for layer in network.layers):
        layer.bias.assign(np.ones(layer.bias.shape))
    expected = 0.01 * sum(float((kernel.astype(float) ** 2).sum()) for kernel in kernels(cascade))
    assert float(ops.convert_to_numpy(sum(cascade.losses))) == pytest.approx(expected, rel=1e-5)
    assert not Cascade(TINY, l2=0.0).losses


@pytest.mark.parametrize("weight", [0.3, float("inf")])
def test_network_is_rebuilt_from_its_configuration(weight):
    shape = Architecture(subnetworks=2, hidden_layers=1, filters=3, kernel=5, data_consistency=weight)
    config = json.loads(json.dumps(Cascade(shape, seed=7, l2=0.1).get_config()))
    again = Cascade.from_config(config)
    assert (again.architecture, again.seed, again.l2) == (shape, 7, 0.1)
    assert again.consistency.weight == weight


def test_one_training_step_changes_every_weight():
    cascade = Cascade(Architecture(subnetworks=3, hidden_layers=2, filters=8), seed=2)
    inputs = keras.Input((None, None, 2)), keras.Input((None, None))
    model = keras.Model(inputs, cascade(inputs)["before_dc"])
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    initial = [ops.convert_to_numpy(variable).copy() for variable in cascade.trainable_variables]
    image, kspace, mask = example((8, 7))
    loss = model.train_on_batch(
        (to_channels(direct_ifft2c(kspace)), mask.astype(np.float32)), np.abs(image)[..., None].astype(np.float32)
    )
    assert np.isfinite(loss)
    assert len(initial) == 3 * 3 * 2
    for old, variable in zip(initial, cascade.trainable_variables, strict=True):
        new = ops.convert_to_numpy(variable)
        assert np.isfinite(new).all()
        assert not np.array_equal(old, new), variable.path


@pytest.mark.parametrize("backend", sorted({"tensorflow", "jax", "torch"} - {keras.backend.backend()}))
@pytest.mark.slow
def test_the_same_on_another_backend(backend):
    if "RECON_OTHER_BACKEND" in os.environ:
        pytest.skip("this is the other backend")
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    # JAX compiles anew for every shape: without the optimiser that is quicker, and what is computed is the same.
    quick = {"XLA_FLAGS": "--xla_backend_optimization_level=1"} if backend == "jax" else {}
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "RECON_OTHER_BACKEND": "1", **quick},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stdout[-3000:]


def test_another_precision_has_the_same_weights_and_is_a_network_of_its_own():
    cascade = build(Cascade(Architecture(subnetworks=2, hidden_layers=2, filters=3), 4, 1e-6))
    assert with_precision(cascade, "float32") is cascade
    rounded = with_precision(cascade, "mixed_bfloat16")
    assert rounded.precision == "mixed_bfloat16"
    assert [layer.compute_dtype for layer in rounded.subnetworks[1].layers] == ["bfloat16", "bfloat16", "float32"]
    pairs = zip(cascade.get_weights(), rounded.get_weights(), strict=True)
    assert all(a.dtype == b.dtype == np.float32 and np.array_equal(a, b) for a, b in pairs)
    rounded.set_weights([0 * array for array in rounded.get_weights()])
    assert any(array.any() for array in cascade.get_weights())
    assert (rounded.architecture, rounded.l2) == (cascade.architecture, cascade.l2)
    back = with_precision(with_precision(cascade, "mixed_bfloat16"), "float32")
    inputs = np.random.default_rng(0).random((2, 9, 8, 2), np.float32), np.ones((2, 9, 8), np.float32)
    assert np.array_equal(*(ops.convert_to_numpy(net(inputs)["before_dc"]) for net in (cascade, back)))
