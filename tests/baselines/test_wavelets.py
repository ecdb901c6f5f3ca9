"""The sparsifying transforms against a filter bank written from the published taps, and by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_adjoint, assert_unitary, complex_normal, inner, seeds, sizes

import recon_lib.baselines.wavelets as library
from recon_lib.baselines.wavelets import (
    Wavelet,
    difference,
    difference_adjoint,
    join,
    level_matrix,
    modulus,
    norm1,
    split,
)
from recon_lib.core.errors import ReconError

# As Daubechies (1992, table 6.1) and PyWavelets print them: low-pass and high-pass of the analysis.
FILTERS = {
    "db2": (
        [-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025],
        [-0.48296291314469025, 0.836516303737469, -0.22414386804185735, -0.12940952255092145],
    ),
    "db4": (
        [-0.0105974018, 0.0328830117, 0.0308413818, -0.1870348117,
         -0.0279837694, 0.6308807679, 0.7148465706, 0.2303778133],
        [-0.2303778133, 0.7148465706, -0.6308807679, -0.0279837694,
         0.1870348117, 0.0308413818, -0.0328830117, -0.0105974018],
    ),
}  # fmt: skip
NAMES = sorted(FILTERS)
SIZES = [(32, 32), (33, 40), (40, 33), (64, 64), (17, 128), (16, 16), (11, 9)]


def filter_and_drop(signal, wavelet):
    """Convolve with each filter, keep every second sample, wrap around: one level of a filter bank."""
    n, length = len(signal), len(FILTERS[wavelet][0])
    return [
        sum(taps[j] * signal[(2 * k + length // 2 - j) % n] for j in range(length))
        for taps in FILTERS[wavelet]
        for k in range(n // 2)
    ]


def filter_bank(image, wavelet="db2"):
    """Transform a dyadic square, level by level, until the approximation is 16 x 16."""
    bands, n = np.array(image, dtype=float), len(image)
    while n > 16:
        corner = np.array(filter_and_drop(bands[:n, :n], wavelet))  # rows are the samples: down the first axis
        bands[:n, :n] = np.array(filter_and_drop(corner.T, wavelet)).T
        n //= 2
    return bands


def pad(image, side):
    """Put an image in the middle of a square of zeros; of odd rests the larger part goes before."""
    after = [(side - n) // 2 for n in image.shape]
    return np.pad(image, [(side - n - a, a) for n, a in zip(image.shape, after, strict=True)])


@pytest.mark.parametrize("size", SIZES)
def test_forward_equals_the_filter_bank_of_the_padded_image(size, rng):
    transform = Wavelet(size, np.float64)
    image = rng.standard_normal((2, *size))
    expected = [filter_bank(pad(plane, transform.side)) for plane in image]
    np.testing.assert_allclose(transform.forward(image), expected, atol=1e-12)


def test_the_wavelet_of_eight_taps_equals_its_filter_bank(rng):
    image = rng.standard_normal((33, 40))
    transform = Wavelet(image.shape, np.float64, "db4")
    # The filters above are printed to ten digits.
    np.testing.assert_allclose(transform.forward(image), filter_bank(pad(image, transform.side), "db4"), atol=1e-8)


@pytest.mark.parametrize("wavelet", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_inverse_is_adjoint_and_inverse_and_energy_is_kept(size, wavelet, rng):
    transform = Wavelet(size, np.float64, wavelet)
    x, y = rng.standard_normal((2, *size))
    bands = rng.standard_normal((transform.side, transform.side))
    untouched = bands.copy()
    assert_adjoint(transform.forward, transform.inverse, x, bands)
    np.testing.assert_array_equal(bands, untouched)
    assert_unitary(transform.forward, x, y)
    np.testing.assert_allclose(transform.inverse(transform.forward(x)), x, atol=1e-12)
    if size == (transform.side, transform.side):
        np.testing.assert_allclose(transform.forward(transform.inverse(bands)), bands, atol=1e-12)


@pytest.mark.parametrize("wavelet", NAMES)
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (128, 128)])
def test_equals_pywavelets(size, wavelet, rng):
    pywt = pytest.importorskip("pywt")
    image = rng.standard_normal(size)
    transform = Wavelet(size, np.float64, wavelet)
    coefficients = pywt.wavedec2(image, wavelet, mode="periodization", level=transform.levels)
    np.testing.assert_allclose(transform.forward(image), pywt.coeffs_to_array(coefficients)[0], atol=1e-12)


@pytest.mark.parametrize(("n", "wavelet"), [*((n, "db2") for n in (4, 6, 32, 50)), *((n, "db4") for n in (8, 10, 32))])
def test_level_is_orthonormal(n, wavelet):
    matrix = level_matrix(n, wavelet)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-11 if wavelet == "db4" else 1e-15)


def test_details_of_a_straight_line_vanish_but_at_the_seam():
    details = (level_matrix(32) @ np.arange(32.0))[16:]
    np.testing.assert_allclose(details[1:-1], 0, atol=1e-13)
    assert np.abs(details[[0, -1]]).max() > 1
    # A parabola has a second derivative, and this wavelet two vanishing moments alone.
    assert np.abs((level_matrix(32) @ np.arange(32.0) ** 2)[17:-1]).min() > 0.1


def test_eight_taps_have_four_vanishing_moments():
    for power, vanishes in ((0, True), (1, True), (2, True), (3, True), (4, False)):
        details = (level_matrix(32, "db4") @ (np.arange(32.0) / 32) ** power)[16 + 3 : -3]
        assert (np.abs(details).max() < 1e-10) == vanishes


@pytest.mark.parametrize(
    ("size", "side", "levels"),
    [
        ((256, 256), 256, 4),
        ((256, 176), 256, 4),
        ((120, 192), 256, 4),
        ((128, 128), 128, 3),
        ((129, 1), 256, 4),
        ((33, 40), 64, 2),
        ((32, 17), 32, 1),
        ((16, 16), 16, 0),
        ((3, 5), 16, 0),
    ],
)
def test_square_is_the_next_power_of_two_and_ends_in_sixteen(size, side, levels):
    transform = Wavelet(size)
    assert (transform.side, transform.levels) == (side, levels)
    assert library.padded_side(size) == side


def test_precision_is_the_one_asked_for():
    x = np.ones((1, 2, 33, 40), np.float32)
    for dtype in (np.float32, np.float64):
        transform = Wavelet((33, 40), dtype)
        bands = transform.forward(x.astype(dtype))
        assert bands.dtype == transform.inverse(bands).dtype == dtype
    np.testing.assert_allclose(transform.inverse(bands), x, atol=1e-12)


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (4,), (2, 3, 4)])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ReconError, match="two positive sides"):
        Wavelet(size)


@pytest.mark.parametrize("n", [0, 2, 7])
def test_impossible_lengths_are_refused(n):
    with pytest.raises(ReconError, match=f"even length of at least 4, not {n}"):
        level_matrix(n)


def test_an_unknown_wavelet_and_one_too_long_are_refused():
    with pytest.raises(ReconError, match="Unknown wavelet 'db3'"):
        Wavelet((32, 32), wavelet="db3")
    with pytest.raises(ReconError, match="even length of at least 8, not 6"):
        level_matrix(6, "db4")


def test_differences_of_a_hand_computed_image():
    image = np.array([[1.0, 4.0, 9.0], [2.0, 2.0, 0.0]])
    np.testing.assert_array_equal(difference(image, 0), [[1, -2, -9], [0, 0, 0]])
    np.testing.assert_array_equal(difference(image, 1), [[3, 5, 0], [0, -2, 0]])
    np.testing.assert_array_equal(difference_adjoint(image, -1), [[-1, -3, 4], [-2, 0, 2]])


@given(sizes, seeds, st.sampled_from([-2, -1]))
def test_differences_have_their_adjoint(size, seed, axis):
    x, y = complex_normal(seed, (2, *size))
    assert_adjoint(lambda a: difference(a, axis), lambda a: difference_adjoint(a, axis), x, y)


@given(sizes, seeds, st.sampled_from([1, 2]))
def test_planes_carry_complex_numbers(size, seed, planes):
    x, y = complex_normal(seed, (2, 1, *size))
    if planes == 1:
        x, y = x.real, y.real
    a, b = split(x, planes), split(y, planes)
    assert a.shape == (1, planes, *size)
    np.testing.assert_array_equal(join(a), x)
    np.testing.assert_allclose(modulus(a), np.sqrt(np.abs(x) ** 2 + 1e-15), rtol=1e-14)
    np.testing.assert_allclose(norm1(a[0]), np.abs(x).sum(), atol=4e-6)
    np.testing.assert_allclose(library.inner(a[0], b[0]), inner(x, y), atol=1e-12)


def test_one_plane_of_a_complex_image_is_its_real_part():
    x = complex_normal(0, (2, 3, 4)).astype(np.complex64)
    np.testing.assert_array_equal(join(split(x, 1)), x.real)
    assert join(split(x, 2)).dtype == np.complex64


def test_modulus_is_smooth_at_zero():
    np.testing.assert_allclose(modulus(np.zeros((2, 1, 1))), np.sqrt(1e-15))
    np.testing.assert_allclose(modulus(np.array([[[3.0]], [[4.0]]])), 5)
    np.testing.assert_allclose(norm1(np.zeros((2, 3, 5))), 15 * np.sqrt(1e-15))
