"""The Fourier convention against the sum that defines it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import (
    SIZES,
    assert_adjoint,
    assert_unitary,
    complex_normal,
    direct_fft2c,
    direct_ifft2c,
    inner,
    seeds,
    sizes,
)

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c, ifft2c, resize_by_kspace


@given(sizes, seeds)
def test_transforms_equal_the_defining_sum(size, seed):
    x = complex_normal(seed, size)
    np.testing.assert_allclose(fft2c(x), direct_fft2c(x), atol=1e-12)
    np.testing.assert_allclose(ifft2c(x), direct_ifft2c(x), atol=1e-12)


@given(sizes, seeds)
def test_transform_is_unitary_and_its_inverse_is_its_adjoint(size, seed):
    x, y = complex_normal(seed, (2, *size))
    assert_unitary(fft2c, x, y)
    assert_adjoint(fft2c, ifft2c, x, y)
    np.testing.assert_allclose(ifft2c(fft2c(x)), x, atol=1e-12)
    np.testing.assert_allclose(fft2c(ifft2c(x)), x, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "place", "expected"),
    [
        # exp(-2 pi i k n / 4) / 2 for n = 1 and k = -2, -1, 0, 1
        ((1, 4), (0, 3), [[-0.5, 0.5j, 0.5, -0.5j]]),
        # n = -1 and k = -1, 0, 1, down the first axis
        ((3, 1), (0, 0), np.exp(2j * np.pi * np.array([[-1], [0], [1]]) / 3) / np.sqrt(3)),
        # a point in the centre has no phase at all
        ((3, 5), (1, 2), np.full((3, 5), 1 / np.sqrt(15))),
        ((4, 6), (2, 3), np.full((4, 6), 1 / np.sqrt(24))),
    ],
)
def test_point_has_the_phase_computed_by_hand(size, place, expected):
    image = np.zeros(size)
    image[place] = 1
    np.testing.assert_allclose(fft2c(image), expected, atol=1e-15)


@pytest.mark.parametrize("size", SIZES)
def test_zero_frequency_is_in_the_centre(size):
    kspace = fft2c(np.ones(size))
    expected = np.zeros(size)
    expected[size[0] // 2, size[1] // 2] = np.sqrt(size[0] * size[1])
    np.testing.assert_allclose(kspace, expected, atol=1e-12)


def test_leading_axes_are_transformed_one_by_one():
    x = complex_normal(0, (2, 3, 5, 4))
    assert fft2c(x).shape == x.shape
    np.testing.assert_allclose(fft2c(x)[1, 2], direct_fft2c(x[1, 2]), atol=1e-12)
    np.testing.assert_allclose(ifft2c(x)[0, 1], direct_ifft2c(x[0, 1]), atol=1e-12)


@pytest.mark.parametrize(("real_type", "complex_type"), [(np.float32, np.complex64), (np.complex64, np.complex64)])
def test_single_precision_stays_single(real_type, complex_type):
    x = np.ones((5, 6), real_type)
    assert fft2c(x).dtype == complex_type
    assert ifft2c(x).dtype == complex_type


def waves(size: tuple[int, int]) -> np.ndarray:
    """Sample ``3 + cos + cos cos`` over a fixed field of view, origin in the centre pixel."""
    y, x = ((np.arange(n) - n // 2) / n for n in size)
    slanted = np.cos(2 * np.pi * (2 * y[:, None] - 3 * x[None, :]) + 0.4)
    return 3 + slanted + np.cos(2 * np.pi * y + 1.1)[:, None] * np.cos(2 * np.pi * 2 * x - 0.3)[None, :]


@pytest.mark.parametrize("old", [(16, 18), (17, 16), (19, 15)])
@pytest.mark.parametrize("new", [(8, 12), (9, 8), (7, 9), (15, 15)])
def test_cropped_kspace_samples_the_same_waves_more_coarsely(old, new):
    # Each frequency is below the new Nyquist limit, so the coarse samples are known exactly.
    coarse = resize_by_kspace(waves(old), new)
    np.testing.assert_allclose(coarse, waves(new), rtol=2e-7)
    assert coarse.mean() == pytest.approx(waves(old).mean(), rel=2e-7)


@given(st.tuples(st.integers(4, 12), st.integers(4, 12)), seeds)
def test_cropped_kspace_keeps_the_mean_intensity(old, seed):
    rng = np.random.default_rng(seed)
    new = tuple(int(rng.integers(1, n + 1)) for n in old)
    image = 1000 + rng.random(old)  # far from zero: the magnitude changes no sign, so the mean is that of the sum
    # The new Nyquist row of an even size has no partner; what it leaves imaginary is second order in the magnitude.
    assert resize_by_kspace(image, new).mean() == pytest.approx(image.mean(), rel=1e-6)


def test_resize_to_the_same_size_copies():
    image = np.random.default_rng(0).random((6, 5)).astype(np.float32)
    same = resize_by_kspace(image, (6, 5))
    np.testing.assert_array_equal(same, image)
    same[:] = 0
    assert image.any()


def test_resize_keeps_precision_and_leading_axes():
    stack = np.random.default_rng(0).random((3, 8, 9)).astype(np.float32)
    small = resize_by_kspace(stack, (5, 6))
    assert small.dtype == np.float32
    assert small.shape == (3, 5, 6)
    np.testing.assert_allclose(small[2], resize_by_kspace(stack[2], (5, 6)), rtol=1e-6)


@pytest.mark.parametrize("new", [(9, 8), (8, 9), (0, 8), (8, -1)])
def test_resize_refuses_to_grow_or_vanish(new):
    with pytest.raises(ReconError, match="must not grow"):
        resize_by_kspace(np.ones((8, 8)), new)


def test_inner_product_of_the_laws_is_conjugate_linear_in_its_first_argument():
    assert inner(np.array([1j]), np.array([1.0])) == -1j


@pytest.mark.parametrize(("shape", "size"), [((8, 8), (4,)), ((8,), (4, 4)), ((8, 8), (4, 4, 4))])
def test_resizing_needs_two_sides(shape, size):
    with pytest.raises(ReconError, match="both need two sides"):
        resize_by_kspace(np.ones(shape), size)
