"""The baseline against its definition, an unbatched reference of the toolbox's rules, and a convex solver."""

from dataclasses import replace

import numpy as np
import pytest
from laws import complex_normal, dft_matrix, direct_ifft2c, inner, run_python

import recon_lib.baselines.compressed_sensing as library
from recon_lib.baselines import wavelets
from recon_lib.baselines.compressed_sensing import gradient, line_search, objective, reconstruct_cs
from recon_lib.baselines.variants import VARIANTS, Variant
from recon_lib.baselines.wavelets import Wavelet, join, split
from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquisition
from recon_lib.imaging.fourier import fft2c, ifft2c

SIZES = [(32, 32), (33, 40)]
NAMES = list(VARIANTS)
TAPS = [0.48296291314469025, 0.836516303737469, 0.22414386804185735, -0.12940952255092145]


def acquire(size, seed=0, slices=1, keep=0.4):
    """Return smooth complex images with an edge, masks with a full centre, and the k-space, start scaled to 1."""
    rng = np.random.default_rng(seed)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in size), indexing="ij")
    images = [
        (1 + 0.5 * np.cos(rng.uniform(2, 5) * x + y) * (y > rng.uniform(-0.5, 0.5))) * np.exp(0.3j * rng.uniform() * x)
        for _ in range(slices)
    ]
    masks = rng.random((slices, *size)) < keep
    masks[:, size[0] // 2 - 3 : size[0] // 2 + 3, size[1] // 2 - 3 : size[1] // 2 + 3] = True
    kspace = Acquisition(masks).forward(np.array(images))
    return np.array(images), masks, kspace / np.abs(ifft2c(kspace)).max(axis=(1, 2), keepdims=True)


def coefficients(size, seed, real):
    """Draw coefficients of one slice, all well away from the kink at zero."""
    side = wavelets.padded_side(size)
    w = complex_normal(seed, (1, side, side)) + 0.01
    return w.real + 0j if real else w


def to_planes(images):
    return split(images, 2)


def synthesis_matrices(side):
    """Return the levels, finest first, filled from the published taps entry by entry."""
    high, levels = [TAPS[3], -TAPS[2], TAPS[1], -TAPS[0]], []
    for n in (2**i for i in range(side.bit_length() - 1, 4, -1)):
        matrix = np.zeros((n, n))
        for k in range(n // 2):
            for m in range(4):
                matrix[(2 * k - 1 + m) % n, k] = TAPS[m]
                matrix[(2 * k - 1 + m) % n, n // 2 + k] = high[m]
        levels.append(matrix)
    return levels


def jax_objective(parts, weights, kspace, mask):
    """Evaluate the objective from its definition: synthesis by the published taps, the sum for Fourier."""
    from jax import numpy as jnp

    size, image = kspace.shape, parts[0] + 1j * parts[1]
    for matrix in reversed(synthesis_matrices(len(image))):
        n = len(matrix)
        top = jnp.concatenate((matrix @ image[:n, :n] @ matrix.T, image[:n, n:]), axis=1)
        image = jnp.concatenate((top, image[n:]), axis=0)
    top, left = (len(image) // 2 - s // 2 for s in size)
    image = image[top : top + size[0], left : left + size[1]]
    error = mask * (dft_matrix(size[0]) @ image @ dft_matrix(size[1]).T) - kspace

    def total(z):
        return jnp.sqrt(z.real**2 + z.imag**2 + 1e-15).sum()

    # At the last row and column no difference is taken, but the modulus of zero is still sqrt(mu).
    steps = total(image[1:] - image[:-1]) + total(image[:, 1:] - image[:, :-1]) + sum(size) * np.sqrt(1e-15)
    penalty = weights[0] * total(parts[0] + 1j * parts[1]) + weights[1] * steps
    return (error.real**2 + error.imag**2).sum() + penalty


def test_objective_and_gradient_equal_automatic_differentiation_of_the_definition():
    jax = pytest.importorskip("jax")
    size = (33, 40)
    _, (mask,), (kspace,) = acquire(size)
    with jax.enable_x64(True):
        differentiate = jax.jit(jax.value_and_grad(lambda parts, weights: jax_objective(parts, weights, kspace, mask)))
        for name, variant in VARIANTS.items():
            w = coefficients(size, 1, variant.real)
            weights = np.array([variant.wavelet_weight, variant.tv_weight])
            value, slope = differentiate(np.array([w[0].real, w[0].imag]), weights)
            expected = np.array(slope[0]) + (0 if variant.real else 1j * np.array(slope[1]))
            np.testing.assert_allclose(objective(w, kspace[None], mask, name), [float(value)], rtol=1e-12)
            slope = gradient(w, kspace[None], mask, name)[0]
            assert slope.dtype == np.complex128
            np.testing.assert_allclose(slope, expected, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_gradient_equals_central_differences(size, name):
    real = VARIANTS[name].real
    _, mask, kspace = acquire(size, 2)
    w = coefficients(size, 3, real)
    slope = gradient(w, kspace, mask, name)
    for seed in range(3):
        d, step = coefficients(size, 10 + seed, real), 1e-7
        up, down = (objective(w + sign * step * d, kspace, mask, name)[0] for sign in (1, -1))
        np.testing.assert_allclose((up - down) / (2 * step), inner(slope, d).real, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_objective_falls_in_every_iteration(size, name):
    _, mask, kspace = acquire(size, slices=2)
    _, history = reconstruct_cs(kspace, mask, name, 40, return_history=True)
    assert history.shape == (41, 2)
    assert (np.diff(history, axis=0) <= 0).all()
    assert (history[-1] < 0.99 * history[0]).all()
    assert (history[40] < history[20]).all()


def toolbox_loop(kspace, mask, variant, iterations):
    """Follow the published rules for one slice in double precision, each constant written out.

    Return the image and the slopes of all line searches.
    """
    transform = Wavelet(kspace.shape[-2:], np.float64)
    start = ifft2c(kspace)
    w = join(transform.forward(to_planes(start.real + 0j if variant.real else start)))
    g = gradient(w, kspace, mask, variant)
    d, t0, slopes = -g, 1.0, []
    for _ in range(iterations):
        f, t, backtracks = objective(w, kspace, mask, variant), t0, 0
        slopes.append(abs(inner(g, d)))
        while objective(w + t * d, kspace, mask, variant) > f - 0.01 * t * slopes[-1] and backtracks < 150:
            t, backtracks = 0.6 * t, backtracks + 1
        if backtracks > 2:
            t0 *= 0.6
        if backtracks == 0:
            t0 /= 0.6
        w = w + t * d
        previous, g = g, gradient(w, kspace, mask, variant)
        d = -g + inner(g, g).real / inner(previous, previous).real * d
    return join(transform.inverse(to_planes(w))), slopes


def case(name, iterations=8, size=(33, 40)):
    """Return what one slice needs, the start scaled to 1 in the variant's own mode."""
    _, mask, kspace = acquire(size, 4)
    if VARIANTS[name].real:
        kspace /= np.abs(ifft2c(kspace).real).max()
    return kspace, mask, VARIANTS[name], iterations


@pytest.mark.parametrize("name", NAMES)
def test_equals_the_toolbox_loop(name, monkeypatch):
    kspace, mask, variant, iterations = case(name)
    expected, slopes = toolbox_loop(kspace, mask, variant, iterations)
    search, measured = library.line_search, []
    monkeypatch.setattr(library, "line_search", lambda *a: measured.append(a[2]) or search(*a))
    double, _ = library._descend(library._Problem(kspace, mask, variant, np.dtype(np.float64)), iterations, None)
    np.testing.assert_allclose(join(double.image), expected, atol=1e-11)
    np.testing.assert_allclose(measured, slopes, rtol=1e-9)
    # In single precision the kink at zero turns some roundings of 1e-8 into another sign: hence the slack.
    assert np.abs(expected - ifft2c(kspace)).max() > 0.1
    np.testing.assert_allclose(reconstruct_cs(kspace, mask, variant, iterations), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("owner", "constant", "value"),
    [
        (library, "FIRST_STEP", 0.3),
        (library, "ALPHA", 0.4),
        (library, "BETA", 0.5),
        (library, "MAX_BACKTRACKS", 1),
        (library, "MANY_BACKTRACKS", 0),
        (wavelets, "MU", 1e-4),
        (wavelets, "COARSEST", 32),
        (wavelets, "TAPS", {"db2": np.array([1, 0, 0, 1]) / np.sqrt(2)}),
    ],
)
def test_every_constant_matters(owner, constant, value, monkeypatch):
    arguments = case("tv0.01", 12)
    right = reconstruct_cs(*arguments)
    monkeypatch.setattr(owner, constant, value)
    assert np.abs(reconstruct_cs(*arguments) - right).max() > 1e-3


def test_line_search_by_hand():
    steps = []

    def parabola(t):  # tried at 1, 0.6 and 0.36: 0.5, 0.06, -0.0504
        steps.append(t)
        return 7 + t * (t - 0.5)

    assert line_search(parabola, 7.0, 0.5, 1.0) == pytest.approx((0.36, 1.0))
    assert steps == pytest.approx([1, 0.6, 0.36])
    assert line_search(parabola, 7.0, 0.5, 2.0) == pytest.approx((0.432, 1.2))  # three: more than two
    assert line_search(parabola, 7.0, 0.5, 0.3) == pytest.approx((0.3, 0.5))  # none
    assert line_search(parabola, 7.0, 0.5, 0.6) == pytest.approx((0.36, 0.6))  # one


def test_line_search_asks_for_a_hundredth_of_the_slope():
    tried = []

    def value(share):
        return lambda t: tried.append(t) or -share * t

    assert line_search(value(0.0101), 0.0, 1.0, 1.0)[0] == 1
    assert len(tried) == 1
    assert line_search(value(0.0099), 0.0, 1.0, 1.0) == (0, 1)
    assert len(tried) == 1 + 151


def test_a_direction_uphill_is_left_by_a_step_too_short_to_tell():
    step, following = line_search(lambda t: 1 + t, 1.0, 1.0, 1.0)
    assert 0 < step < 1e-15
    assert following == pytest.approx(0.6)


def test_slice_whose_search_gives_up_stays_and_the_others_go_on(monkeypatch):
    _, mask, kspace = acquire((32, 32), slices=2)
    alone = reconstruct_cs(kspace[1:], mask[1:], iterations=6)
    search, calls = library.line_search, []

    def give_up_on_the_first(value, start, slope, first_step):
        calls.append(start)
        return (0.0, first_step) if len(calls) == 3 else search(value, start, slope, first_step)

    monkeypatch.setattr(library, "line_search", give_up_on_the_first)
    images, history = reconstruct_cs(kspace, mask, iterations=6, return_history=True)
    assert len(calls) == 2 + 1 + 5
    assert (history[1:, 0] == history[1, 0]).all()
    np.testing.assert_allclose(images[1], alone[0], atol=1e-5)


def proximal_objective(kspace, mask, weight, mu, iterations):
    """Minimise the wavelet-only problem by FISTA; the proximal step of the smoothed modulus by bisection."""
    transform = Wavelet(kspace.shape[-2:], np.float64)
    x = z = join(transform.forward(to_planes(ifft2c(kspace))))
    t = 1.0
    for _ in range(iterations):
        error = mask * fft2c(join(transform.inverse(to_planes(z)))) - kspace
        v = z - join(transform.forward(to_planes(ifft2c(error))))  # a step of 1/2 against a curvature of 2
        modulus = np.abs(v)
        low, high = np.zeros_like(modulus), modulus
        for _ in range(40):
            middle = (low + high) / 2
            beyond = middle + weight / 2 * middle / np.sqrt(middle**2 + mu) > modulus
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
        following = v * (middle / modulus)
        t, last = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        z, x = following + (last - 1) / t * (following - x), following
    return objective(x, kspace, mask, Variant("reference", weight))


def test_reaches_the_minimum_of_a_convex_solver(monkeypatch):
    _, mask, kspace = acquire((32, 32), 5)
    monkeypatch.setattr(wavelets, "MU", 1e-4)  # the kink smoothed, where conjugate gradients converge fast
    best = proximal_objective(kspace, mask, 0.1, 1e-4, 400)
    _, history = reconstruct_cs(kspace, mask, Variant("strong", 0.1), 600, return_history=True)
    np.testing.assert_allclose(history[-1], best, rtol=5e-5)


def test_nears_the_minimum_of_a_convex_solver_and_never_passes_it():
    _, mask, kspace = acquire((32, 32), 5)
    best = proximal_objective(kspace, mask, 0.1, 1e-15, 150)
    _, history = reconstruct_cs(kspace, mask, Variant("strong", 0.1), 600, return_history=True)
    excess = history[:, 0] / best - 1
    assert excess.min() > -1e-6
    assert excess[600] < 0.5 * excess[150] < 0.5 * excess[40]
    assert excess[600] < 5e-3


@pytest.mark.parametrize("name", NAMES)
def test_batch_equals_one_by_one(name):
    _, mask, kspace = acquire((33, 40), 6, slices=3)
    kspace *= np.array([1, 50, 0.02])[:, None, None]
    together, history = reconstruct_cs(kspace, mask, name, 15, return_history=True)
    for i in range(3):
        alone, alone_history = reconstruct_cs(kspace[i : i + 1], mask[i], name, 15, return_history=True)
        np.testing.assert_allclose(together[i], alone[0], atol=1e-5 * np.abs(alone).max())
        np.testing.assert_allclose(history[:, i], alone_history[:, 0], rtol=1e-6)


def test_slices_of_a_batch_step_apart(monkeypatch):
    _, mask, kspace = acquire((32, 32), 6, slices=2)
    mask[1], kspace[1] = True, fft2c(complex_normal(0, (32, 32)))
    search, steps = library.line_search, []
    monkeypatch.setattr(library, "line_search", lambda *a: steps.append(search(*a)) or steps[-1])
    reconstruct_cs(kspace, mask, "tv0.01", 10)
    steps = np.array(steps).reshape(10, 2, 2)
    assert (steps[:, 0, 0] != steps[:, 1, 0]).any()
    assert (steps[:, 0, 1] != steps[:, 1, 1]).any()


def test_result_has_the_data_s_units_and_single_precision():
    _, mask, kspace = acquire((33, 40), 7)
    images, history = reconstruct_cs(kspace, mask, iterations=10, return_history=True)
    many, same = reconstruct_cs(1024 * kspace, mask, iterations=10, return_history=True)
    np.testing.assert_allclose(many, 1024 * images, rtol=1e-5)
    np.testing.assert_allclose(same, history, rtol=1e-6)
    assert images.dtype == reconstruct_cs(kspace.astype(np.complex64), mask, iterations=1).dtype == np.complex64


@pytest.mark.parametrize("name", NAMES)
def test_history_is_the_objective_of_the_scaled_problem(name):
    kspace, mask, variant, _ = case(name, size=(32, 32))
    images, history = reconstruct_cs(7 * kspace, mask, name, 10, return_history=True)
    start = ifft2c(kspace).real + 0j if variant.real else ifft2c(kspace)
    for image, value in ((start, history[0]), (images / 7, history[-1])):
        w = join(Wavelet((32, 32), np.float64).forward(to_planes(image)))
        np.testing.assert_allclose(objective(w, kspace, mask, name), value, rtol=1e-4)


def test_defaults_are_literal_and_eighty_iterations():
    _, mask, kspace = acquire((32, 32))
    np.testing.assert_array_equal(reconstruct_cs(kspace, mask), reconstruct_cs(kspace, mask, "literal", 80))


def test_each_variant_does_what_it_says():
    _, mask, kspace = acquire((33, 40), 8, keep=0.3)
    images = {name: reconstruct_cs(kspace, mask, name, 60)[0] for name in NAMES}
    roughness = {n: sum(np.abs(np.diff(x, axis=a)).sum() for a in (0, 1)) for n, x in images.items()}
    assert roughness["tv0.01"] < roughness["tv0.002"] < roughness["literal"]
    assert roughness["real+tv0.002"] < roughness["real"]
    for name, image in images.items():
        assert np.any(image.imag) != VARIANTS[name].real
    bands = {}
    for weight in (0.0, 1e-3, 0.5):
        image = reconstruct_cs(kspace, mask, Variant("own", weight), 60)
        bands[weight] = np.abs(join(Wavelet((33, 40)).forward(to_planes(image)))).sum()
    assert 1.05 * bands[0.5] < bands[1e-3] < bands[0.0]


def test_without_weights_the_zero_filled_image_is_already_best():
    _, mask, kspace = acquire((33, 40), 9)
    free = replace(VARIANTS["literal"], wavelet_weight=0.0)
    np.testing.assert_allclose(reconstruct_cs(kspace, mask, free, 20), direct_ifft2c(kspace), atol=1e-6)


def test_real_image_is_completed_by_its_hermitian_k_space():
    size = (33, 40)
    image = acquire(size)[0].real
    half = np.ones(size, bool)
    half[:, :18] = False  # a row of frequencies past the middle is kept
    free = Variant("own", 0.0, 0.0, real=True)
    result = reconstruct_cs(Acquisition(half).forward(image), half, free, 60)
    odd = result[0][:, :]  # width 40: the Nyquist column was left out, and is its own mirror image
    missing = fft2c(image)[0] - fft2c(odd)
    missing[:, 0] = 0
    assert np.abs(missing).max() < 1e-3 * np.abs(fft2c(image)).max()
    assert np.abs(Acquisition(half).normal(image) - image).max() > 0.05


def test_wavelet_sparse_image_is_recovered_from_half_of_its_samples(rng):
    bands = np.zeros(32 * 32)
    places = rng.choice(32 * 32, 20, replace=False)
    bands[places] = rng.choice([-1, 1], 20) * rng.uniform(1, 2, 20)
    image = Wavelet((32, 32), np.float64).inverse(bands.reshape(1, 32, 32))
    mask = rng.permutation(32 * 32).reshape(32, 32) < 32 * 16
    kspace = Acquisition(mask).forward(image)
    result = reconstruct_cs(kspace, mask, Variant("own", 5e-3, real=True), 800)
    error = [np.linalg.norm(x - image) / np.linalg.norm(image) for x in (ifft2c(kspace), result)]
    assert error[0] > 0.5
    assert error[1] < 0.03


def test_mask_says_what_was_acquired():
    images, mask, kspace = acquire((32, 32), 10)
    expected = reconstruct_cs(kspace, mask, iterations=5)
    np.testing.assert_array_equal(reconstruct_cs(kspace, mask[0], iterations=5), expected)
    np.testing.assert_array_equal(reconstruct_cs(kspace, mask.astype(int), iterations=5), expected)
    scale = np.abs(kspace).max() / np.abs(fft2c(images) * mask).max()
    np.testing.assert_allclose(reconstruct_cs(scale * fft2c(images), mask, iterations=5), expected, atol=1e-5)
    shifted = mask.copy()
    shifted[0, :8] = False
    assert np.abs(reconstruct_cs(kspace, shifted, iterations=5) - expected).max() > 1e-3


def test_progress_is_told_after_every_iteration():
    _, mask, kspace = acquire((32, 32), slices=2)
    rows = []
    _, history = reconstruct_cs(kspace, mask, "real", 4, lambda *row: rows.append(row), return_history=True)
    assert [row[:2] for row in rows] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [row[2]["loss"] for row in rows] == pytest.approx(history[1:].mean(axis=1))


def test_arguments_are_left_as_they_are():
    _, mask, kspace = acquire((32, 32))
    copies = mask.copy(), kspace.copy()
    reconstruct_cs(kspace, mask, iterations=2)
    np.testing.assert_array_equal(copies[0], mask)
    np.testing.assert_array_equal(copies[1], kspace)


GOOD = np.ones((2, 8, 6), complex)
BROKEN = GOOD.copy()
BROKEN[1, 3, 2] = np.nan
EMPTY = GOOD.copy()
EMPTY[1] = 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((GOOD[0], GOOD[0]), r"shape \(8, 6\) is no stack of slices: make it \(slices, height, width\)"),
        ((GOOD[:0], GOOD[:0]), r"shape \(0, 8, 6\) is no stack"),
        ((GOOD, GOOD[:, :6]), r"mask of shape \(2, 6, 6\) does not fit k-space of shape \(2, 8, 6\)"),
        ((GOOD, GOOD[:1]), r"mask of shape \(1, 8, 6\)"),
        ((BROKEN, GOOD), "slice 1 is not finite everywhere"),
        ((EMPTY, GOOD), "Slice 1 has no signal inside its mask"),
        ((GOOD, 0 * GOOD), "Slice 0 has no signal inside its mask"),
        ((GOOD, GOOD, "tv0.1"), "Unknown variant of compressed sensing 'tv0.1': did you mean 'tv0.01'"),
        ((GOOD, GOOD, 3), "Unknown variant of compressed sensing 3"),
        ((GOOD, GOOD, "real", 0), "at least 1 iteration, not 0"),
    ],
)
def test_bad_input_is_told(arguments, message):
    arguments = (arguments[0], arguments[1] != 0, *arguments[2:])
    with pytest.raises(ReconError, match=message):
        reconstruct_cs(*arguments)


def test_purely_imaginary_slice_has_no_signal_for_a_real_variant():
    kspace = fft2c(1j * np.ones((1, 8, 6)))
    with pytest.raises(ReconError, match="no signal"):
        reconstruct_cs(np.round(kspace, 9), np.ones((8, 6), bool), "real")


@pytest.mark.parametrize("function", [objective, gradient])
def test_coefficients_of_another_size_are_told(function):
    with pytest.raises(ReconError, match=r"shape \(2, 8, 6\) do not fit: make them \(2, 16, 16\)"):
        function(GOOD, GOOD, GOOD != 0)


def test_needs_neither_tensorflow_nor_keras():
    heavy = "{'tensorflow', 'keras', 'jax', 'torch', 'pandas', 'matplotlib'}"
    code = f"import sys, recon_lib.baselines.compressed_sensing; print(sorted({heavy} & set(sys.modules)))"
    assert run_python(code) == "[]"
