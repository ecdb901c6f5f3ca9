"""Several coils: adjointness and unitarity, the dense matrix, one coil as the model of before, and bad input."""

import numpy as np
import pytest
from hypothesis import given
from laws import SIZES, assert_adjoint, complex_normal, direct_fft2c, inner, seeds, sizes

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.coils import (
    CoilAcquisition,
    check_maps,
    combine,
    compress_coils,
    normalise_maps,
    root_sum_of_squares,
    sides_text,
    whiten,
)

COILS = 3


def random_mask(size, seed=0):
    return np.random.default_rng(seed).random(size) < 0.4


def random_maps(size, seed=0, coils=COILS, leading=()):
    return normalise_maps(complex_normal(seed, (*leading, coils, *size)))


@given(sizes, seeds)
def test_the_adjoint_is_the_adjoint_on_any_size(size, seed):
    model = CoilAcquisition(random_mask(size, seed), random_maps(size, seed))
    assert_adjoint(model.forward, model.adjoint, complex_normal(seed, size), complex_normal(seed + 1, (COILS, *size)))


@pytest.mark.parametrize("size", SIZES)
def test_forward_is_the_sum_that_defines_it(size):
    mask, maps, image = random_mask(size), random_maps(size), complex_normal(1, size)
    kspace = CoilAcquisition(mask, maps).forward(image)
    for c in range(COILS):
        np.testing.assert_allclose(kspace[c], mask * direct_fft2c(maps[c] * image), atol=1e-12)
    assert np.all(kspace[:, ~mask] == 0)


@pytest.mark.parametrize("size", SIZES)
def test_the_normal_operator_is_hermitian_and_between_0_and_1(size):
    model = CoilAcquisition(random_mask(size), random_maps(size))
    x, y = complex_normal(1, size), complex_normal(2, size)
    assert inner(x, model.normal(y)) == pytest.approx(inner(model.normal(x), y))
    assert 0 <= inner(x, model.normal(x)).real <= np.linalg.norm(x) ** 2
    np.testing.assert_allclose(model.normal(x), model.adjoint(model.forward(x)))
    full = CoilAcquisition(np.ones(size, bool), model.maps)
    np.testing.assert_allclose(full.normal(x), x, atol=1e-12)  # because the maps are normalised


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_one_coil_of_map_1_is_the_model_of_one_coil_to_the_bit(dtype):
    size = (9, 12)
    mask, image = random_mask(size), complex_normal(0, size).astype(dtype)
    coil, single = CoilAcquisition(mask, np.ones((1, *size), dtype)), Acquisition(mask)
    kspace = single.forward(image)
    assert np.array_equal(coil.forward(image)[0], kspace)
    assert np.array_equal(coil.adjoint(kspace[None]), single.adjoint(kspace))
    assert np.array_equal(coil.normal(image), single.normal(image))
    assert coil.forward(image).dtype == coil.normal(image).dtype == dtype


def test_stacked_slices_have_masks_and_maps_of_their_own():
    size = (6, 7)
    masks = np.stack([random_mask(size, s) for s in range(2)])
    maps, images = random_maps(size, leading=(2,)), complex_normal(4, (2, *size))
    together = CoilAcquisition(masks, maps)
    for i in range(2):
        alone = CoilAcquisition(masks[i], maps[i])
        np.testing.assert_array_equal(together.forward(images)[i], alone.forward(images[i]))
        np.testing.assert_array_equal(together.normal(images)[i], alone.normal(images[i]))


def test_maps_are_normalised_and_zero_where_no_coil_sees():
    maps = complex_normal(0, (COILS, 5, 4)).astype(np.complex64)
    maps[:, 2, 3] = 0
    normal = normalise_maps(maps)
    assert normal.dtype == np.complex64
    expected = np.ones((5, 4))
    expected[2, 3] = 0
    np.testing.assert_allclose((np.abs(normal) ** 2).sum(axis=0), expected, atol=1e-6)
    np.testing.assert_allclose(normal[1] * maps[0], normal[0] * maps[1], atol=1e-6)  # the ratio of coils stays


def test_combination_gives_back_the_image_that_the_coils_see():
    maps, image = random_maps((5, 4)), complex_normal(3, (5, 4))
    np.testing.assert_allclose(combine(maps * image, maps), image)
    np.testing.assert_allclose(root_sum_of_squares(maps * image), np.abs(image))
    # By hand: 3 and 4i are seen by coils of the maps 0.6 and 0.8i.
    values, weights = np.array([3, 4j]).reshape(2, 1, 1), np.array([0.6, 0.8j]).reshape(2, 1, 1)
    assert combine(values, weights) == pytest.approx(5)
    assert root_sum_of_squares(values) == pytest.approx(5)


def test_compression_to_all_coils_is_unitary():
    kspace = complex_normal(0, (2, COILS, 6, 5))
    compressed, matrix = compress_coils(kspace, COILS)
    np.testing.assert_allclose(matrix @ matrix.conj().T, np.eye(COILS), atol=1e-12)
    np.testing.assert_allclose(root_sum_of_squares(compressed), root_sum_of_squares(kspace))
    np.testing.assert_allclose(np.einsum("vc,scab->svab", matrix, kspace), compressed)


def test_compression_keeps_the_most_energy_and_orders_coils_by_it():
    signal = complex_normal(0, (1, 8, 7))
    kspace = np.array([2, 1j, -1]).reshape(3, 1, 1) * signal + 1e-3 * complex_normal(1, (3, 8, 7))
    compressed, matrix = compress_coils(kspace, 2)
    energies = (np.abs(compressed) ** 2).sum(axis=(1, 2))
    singular = np.linalg.svd(kspace.reshape(3, -1), compute_uv=False)
    np.testing.assert_allclose(energies, singular[:2] ** 2)
    assert matrix.shape == (2, 3)
    assert energies[0] > 1e4 * energies[1]


def test_whitened_noise_is_independent_and_of_variance_1():
    mixing = complex_normal(5, (COILS, COILS))
    noise = mixing @ complex_normal(0, (COILS, 20_000)) / np.sqrt(2)
    white = whiten(noise[:, :200].reshape(COILS, 10, 20), noise)
    expected = np.linalg.inv(np.linalg.cholesky(mixing @ mixing.conj().T)) @ noise[:, :200]
    np.testing.assert_allclose(white.reshape(COILS, -1), expected, rtol=0.05, atol=0.1)
    whole = whiten(noise.reshape(COILS, 100, 200), noise).reshape(COILS, -1)
    np.testing.assert_allclose(whole @ whole.conj().T / whole.shape[1], np.eye(COILS), atol=1e-9)
    assert whiten(noise[:, :200].reshape(COILS, 10, 20).astype(np.complex64), noise).dtype == np.complex64


def test_real_maps_are_taken_as_complex():
    assert check_maps(np.ones((1, 2, 2), np.float32)).dtype == np.complex64
    assert sides_text(np.ones((3, 4, 5))) == "4x5"


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: CoilAcquisition(np.ones((4, 4), bool), np.ones((2, 4, 5))), r"maps are 4x5 but the mask is 4x4"),
        (lambda: CoilAcquisition(np.ones(4, bool), np.ones((2, 4, 4))), "two sides"),
        (lambda: CoilAcquisition(np.ones((4, 4), bool), np.ones((4, 4))), r"\(coils, height, width\), not \(4, 4\)"),
        (lambda: check_maps(np.full((1, 2, 2), np.nan)), "not finite"),
        (lambda: CoilAcquisition(np.ones((4, 4), bool), np.ones((2, 4, 4))).forward(np.ones((4, 5))), "maps are 4x4"),
        (
            lambda: CoilAcquisition(np.ones((4, 4), bool), np.ones((2, 4, 4))).adjoint(np.ones((3, 4, 4))),
            "maps of 2 coils and data of 3",
        ),
        (lambda: combine(np.ones((4, 4)), np.ones((2, 4, 4))), "maps of 2 coils and data of 0"),
        (lambda: compress_coils(np.ones((2, 4, 4), complex), 3), "2 coils cannot be compressed to 3: ask for 1 to 2"),
        (lambda: compress_coils(np.ones((2, 4, 4), complex), 0), "to 0"),
        (lambda: whiten(np.ones((2, 4, 4), complex), np.ones((3, 90))), r"\(3, 90\) cannot whiten 2 coils"),
        (lambda: whiten(np.ones((2, 4, 4), complex), np.ones((2, 3))), "at least 4 samples"),
        (lambda: whiten(np.ones((2, 4, 4), complex), np.ones((2, 90))), "dead or a copy"),
        (lambda: whiten(np.ones((2, 4, 4), complex), np.zeros((2, 90))), "dead or a copy"),
    ],
)
def test_bad_input_is_named(action, message):
    with pytest.raises(ReconError, match=message):
        action()
