"""Data consistency with coils against a dense solve and the law of one coil; the cascade around it."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops
from laws import SIZES, complex_normal, data_consistency, dft_matrix, direct_fft2c, direct_ifft2c
from network.test_cascade import gradient

from recon_lib.core.errors import ReconError
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.experiment.counting import weights
from recon_lib.imaging.acquisition import to_channels, to_complex
from recon_lib.imaging.coils import normalise_maps
from recon_lib.network.cascade import named_weights
from recon_lib.network.coil_cascade import CoilCascade, CoilConsistency, build_coils, reweigh

COILS = 3
TINY = CoilArchitecture(subnetworks=2, hidden_layers=1, filters=4, iterations=3)


def example(size, batch=2, coils=COILS):
    """Return images, zero-filled images, masks and maps, all complex or boolean."""
    mask = np.random.default_rng(1).random((batch, *size)) < 0.4
    image, acquired = complex_normal(2, (2, batch, *size))
    maps = normalise_maps(complex_normal(3, (batch, coils, *size)))
    kspace = mask[:, None] * direct_fft2c(maps * acquired[:, None])
    return image, (maps.conj() * direct_ifft2c(kspace)).sum(axis=1), mask, maps


def tensors(image, zero_filled, mask, maps):
    return to_channels(image), to_channels(zero_filled), mask.astype(np.float32), to_channels(maps)


def solve(weight, iterations, *arrays):
    return to_complex(ops.convert_to_numpy(CoilConsistency(weight, iterations)(*tensors(*arrays))))


def dense_solution(weight, image, zero_filled, mask, maps):
    """Solve the linear problem of one slice by its matrix, built from the definition of the transform."""
    size = image.shape
    transform = np.kron(dft_matrix(size[0]), dft_matrix(size[1]))
    rows = [mask.ravel()[:, None] * transform * coil.ravel()[None, :] for coil in maps]
    forward = np.concatenate(rows)
    matrix = forward.conj().T @ forward + weight * np.eye(mask.size)
    return np.linalg.solve(matrix, zero_filled.ravel() + weight * image.ravel()).reshape(size)


@pytest.mark.parametrize("size", [(5, 5), (4, 6), (5, 6)])
@pytest.mark.parametrize("weight", [0.05, 1.0])
def test_many_iterations_solve_the_problem_exactly(size, weight):
    arrays = example(size)
    solved = solve(weight, 40, *arrays)
    for n in range(2):
        expected = dense_solution(weight, *(array[n] for array in arrays))
        np.testing.assert_allclose(solved[n], expected, atol=2e-4)


def test_iterations_come_closer_and_the_weight_holds_back():
    arrays = example((7, 10))
    exact = solve(0.02, 60, *arrays)
    distances = [np.linalg.norm(solve(0.02, count, *arrays) - exact) for count in (1, 2, 4, 8, 16)]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 2 * distances[2] > 4 * distances[-1]
    moved = [np.linalg.norm(solve(weight, 60, *arrays) - arrays[0]) for weight in (0.02, 0.2, 2.0, 2e4)]
    assert moved == sorted(moved, reverse=True)
    assert moved[-1] < 1e-3 * moved[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("weight", [0.0, 0.25])
def test_one_coil_of_map_1_is_data_consistency_of_before(size, weight):
    image, _, mask, _ = example(size)
    kspace = mask * direct_fft2c(complex_normal(7, image.shape))
    arrays = image, direct_ifft2c(kspace), mask, np.ones((2, 1, *size))
    expected = data_consistency(image, kspace, mask, 1 / weight if weight else np.inf)
    for iterations in (1, 8):  # The first step is exact, and the others leave it alone.
        np.testing.assert_allclose(solve(weight, iterations, *arrays), expected, atol=1e-5)


def test_what_fits_the_samples_already_stays():
    _, _, mask, maps = example((6, 7))
    image = complex_normal(9, mask.shape)
    fits = (maps.conj() * direct_ifft2c(mask[:, None] * direct_fft2c(maps * image[:, None]))).sum(axis=1)
    np.testing.assert_allclose(solve(0.02, 8, image, fits, mask, maps), image, atol=1e-5)
    zeros = np.zeros_like(image)
    assert np.all(solve(0.02, 8, zeros, zeros, mask, maps) == 0)


def test_a_coil_of_zeros_adds_nothing_and_slices_are_solved_apart():
    image, zero_filled, mask, maps = example((6, 7))
    padded = np.concatenate([maps, np.zeros_like(maps[:, :1])], axis=1)
    expected = solve(0.02, 5, image, zero_filled, mask, maps)
    np.testing.assert_allclose(solve(0.02, 5, image, zero_filled, mask, padded), expected, atol=1e-6)
    alone = solve(0.02, 5, *(array[1:] for array in (image, zero_filled, mask, maps)))
    np.testing.assert_allclose(alone, expected[1:], atol=1e-5)


def test_the_image_is_zero_where_no_coil_sees_anything_and_the_same_elsewhere():
    image, _, mask, maps = example((6, 5))
    blind = np.zeros((6, 5), bool)
    blind[1:3, :2] = True
    maps = np.where(blind, 0, maps)
    kspace = mask[:, None] * direct_fft2c(maps * image[:, None])
    zero_filled = (maps.conj() * direct_ifft2c(kspace)).sum(axis=1)
    solved, other = (
        solve(0.1, 4, proposal, zero_filled, mask, maps) for proposal in (image, np.where(blind, 9, image))
    )
    assert not solved[:, blind].any()
    np.testing.assert_array_equal(solved, other)
    np.testing.assert_allclose(solved[:, ~blind], image[:, ~blind], atol=1e-5)  # it fits the samples, so it stays


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX computes in single precision here")
@pytest.mark.parametrize("what", [0, 1, 3], ids=["image", "zero_filled", "maps"])
def test_the_gradient_is_that_of_finite_differences(what):
    image, zero_filled, mask, maps = example((5, 6))
    arrays = [np.stack((a.real, a.imag), axis=-1) for a in (image, zero_filled, mask + 0j, maps)]
    arrays[2] = mask.astype(np.float64)
    layer = CoilConsistency(0.02, 4, dtype="float64")
    target = np.random.default_rng(5).standard_normal(arrays[0].shape)

    def loss(x):
        output = layer(*[x if n == what else a for n, a in enumerate(arrays)])
        return ops.sum(ops.square(ops.subtract(output, target)))

    slope = gradient(loss, arrays[what])
    assert slope.dtype == np.float64
    direction = np.random.default_rng(6).standard_normal(slope.shape)
    step = 1e-5 * direction
    difference = (float(loss(arrays[what] + step)) - float(loss(arrays[what] - step))) / 2e-5
    assert np.sum(slope * direction) == pytest.approx(difference, rel=1e-6)


def test_the_gradient_is_finite_where_nothing_was_acquired_or_all_fits():
    zeros = np.zeros((1, 6, 5, 2), np.float32)
    layer = CoilConsistency(0.0, 8)
    maps = np.ones((1, 1, 6, 5, 2), np.float32) * [1, 0]
    for mask in (np.zeros((1, 6, 5)), np.ones((1, 6, 5))):
        mask32 = mask.astype(np.float32)
        slope = gradient(lambda x, m=mask32: ops.sum(ops.square(layer(x, zeros, m, maps))), zeros)
        assert np.isfinite(slope).all()


def test_a_step_is_a_correction_and_data_consistency():
    arrays = tensors(*example((7, 10)))
    cascade = build_coils(CoilCascade(TINY, seed=1))
    image, output = cascade.step(cascade.subnetworks[0], *arrays)
    network = cascade.subnetworks[0]
    plain = arrays[0]
    for layer in network.layers:
        plain = layer(plain)
    np.testing.assert_allclose(ops.convert_to_numpy(output), arrays[0] + ops.convert_to_numpy(plain), atol=1e-6)
    expected = CoilConsistency(TINY.data_consistency, TINY.iterations)(output, *arrays[1:])
    np.testing.assert_allclose(ops.convert_to_numpy(image), ops.convert_to_numpy(expected), atol=1e-6)


@pytest.mark.parametrize("beginning", ["least_squares", "zero_filled"])
def test_the_cascade_is_its_steps_one_after_another(beginning):
    _, *measured = tensors(*example((7, 10)))
    cascade = build_coils(CoilCascade(replace(TINY, beginning=beginning), seed=1))
    image = measured[0]
    if beginning == "least_squares":
        image = CoilConsistency(TINY.data_consistency, TINY.iterations)(np.zeros_like(image), *measured)
    for subnetwork in cascade.subnetworks:
        image, before = cascade.step(subnetwork, image, *measured)
    output = cascade(tuple(measured))
    np.testing.assert_allclose(ops.convert_to_numpy(output["image"]), ops.convert_to_numpy(image), atol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(output["before_dc"]), ops.convert_to_numpy(before), atol=1e-6)


def test_the_seed_decides_the_weights_and_the_count_is_theirs():
    first, again, other = (build_coils(CoilCascade(TINY, seed=s)) for s in (1, 1, 2))
    values = [np.concatenate([v.ravel() for v in named_weights(c).values()]) for c in (first, again, other)]
    assert np.array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    assert values[0].size == weights(TINY) == first.count_params()


def test_it_is_rebuilt_from_its_configuration():
    cascade = CoilCascade(TINY, seed=4, l2=1e-3)
    rebuilt = CoilCascade.from_config(cascade.get_config())
    assert (rebuilt.architecture, rebuilt.seed, rebuilt.l2) == (TINY, 4, 1e-3)
    layer = CoilConsistency.from_config(CoilConsistency(0.5, 3).get_config())
    assert (layer.weight, layer.iterations) == (0.5, 3)


def test_another_weight_and_more_iterations_change_data_consistency_alone():
    _, *measured = tensors(*example((7, 10)))
    cascade = build_coils(CoilCascade(TINY, seed=4))
    other = reweigh(cascade, 0.5, 7)
    assert (other.architecture.data_consistency, other.architecture.iterations) == (0.5, 7)
    assert reweigh(cascade, 0.5).architecture.iterations == TINY.iterations
    for a, b in zip(cascade.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(a, b)
    expected = CoilCascade(replace(TINY, data_consistency=0.5, iterations=7), seed=4)(tuple(measured))
    np.testing.assert_allclose(
        *(ops.convert_to_numpy(output["image"]) for output in (other(tuple(measured)), expected)), atol=1e-6
    )
    assert cascade.architecture == TINY
    with pytest.raises(ReconError, match="0 or more"):
        reweigh(cascade, -1.0)


@pytest.mark.parametrize("change", [{"weight": -0.1}, {"weight": float("inf")}, {"weight": float("nan")}])
def test_a_weight_that_cannot_be_is_refused(change):
    with pytest.raises(ReconError, match="0 or more, finite"):
        CoilConsistency(**change)
    with pytest.raises(ReconError, match="iterations is 1 or more"):
        CoilConsistency(iterations=0)
