"""Metrics: hand-computed cases, an independent SSIM, laws of scale, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from recon_lib.core.errors import ReconError
from recon_lib.imaging import metrics

METRICS = (metrics.psnr, metrics.ssim, metrics.nmse)
SIZES = [(11, 11), (16, 23), (33, 20)]


def pair(size=(16, 23), seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    target = rng.random(size) + 0.1
    return np.abs(target + noise * rng.standard_normal(size)), target


def slow_ssim(image, target):
    """Wang's formula with explicit loops: nothing shared with scikit-image."""
    image, target = image / target.max(), target / target.max()
    line = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights = np.outer(line, line) / np.outer(line, line).sum()
    values = []
    for i in range(5, target.shape[0] - 5):
        for j in range(5, target.shape[1] - 5):
            x, y = (a[i - 5 : i + 6, j - 5 : j + 6] for a in (image, target))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cov = (weights * (x - mx) * (y - my)).sum()
            c1, c2 = 0.01**2, 0.03**2
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.mean(values)


def test_psnr_by_hand():
    # Peak 2; scaled errors 0.1, 0, 0, 0 -> mean square 0.0025 -> 26.0206 dB.
    target = np.array([[2.0, 1.0], [0.0, 1.0]])
    image = target + np.array([[0.2, 0.0], [0.0, 0.0]])
    assert metrics.psnr(image, target) == pytest.approx(26.0205999, abs=1e-6)


def test_nmse_by_hand():
    assert metrics.nmse(np.array([[1.0, 2.0]]), np.array([[2.0, 4.0]])) == pytest.approx(0.25)
    assert metrics.nmse(np.zeros((3, 5)), np.ones((3, 5))) == pytest.approx(1.0)


@pytest.mark.parametrize("size", SIZES)
def test_ssim_agrees_with_the_formula_written_out(size):
    image, target = pair(size)
    assert metrics.ssim(image, target) == pytest.approx(slow_ssim(image, target), abs=1e-9)


def their_ssim(image, target):
    """Scikit-image's mean and map, in the scale of the reference."""
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    image, target = (a.astype(np.float64) / target.max() for a in (image, target))
    return structural_similarity(target, image, full=True, **options)


@pytest.mark.parametrize("size", [(11, 11), (11, 64), (23, 24), (25, 49), (120, 193)])
@pytest.mark.parametrize("noise", [0.0, 0.1, 3.0])
def test_ssim_is_that_of_scikit_image(size, noise):
    image, target = pair(size, noise=noise)
    mean, map_ = their_ssim(image, target)
    assert metrics.ssim(image, target) == pytest.approx(mean, abs=1e-12)
    # The map itself reaches the border, where the image is mirrored.
    region = metrics.brain_region(target)
    row = metrics.slice_metrics(image, target)
    assert row["ssim"] == metrics.ssim(image, target)
    assert row["ssim_brain"] == pytest.approx(map_[region].mean(), abs=1e-12)
    assert row["ssim_own_max"] == pytest.approx(their_ssim(image / image.max(), target / target.max())[0], abs=1e-12)


@pytest.mark.parametrize("size", [(7, 7), (7, 30), (25, 49)])
def test_the_uniform_window_is_the_default_of_scikit_image(size):
    image, target = pair(size)
    scaled, reference = image / target.max(), target / target.max()
    mean, map_ = structural_similarity(reference, scaled, data_range=1.0, full=True)
    row = metrics.slice_metrics(image, target, "uniform")
    assert row["ssim"] == pytest.approx(mean, abs=1e-12)
    assert row["ssim_brain"] == pytest.approx(map_[metrics.brain_region(target)].mean(), abs=1e-12)
    own = structural_similarity(reference, scaled / scaled.max(), data_range=1.0)
    assert row["ssim_own_max"] == pytest.approx(own, abs=1e-12)


def test_an_unknown_window_is_refused():
    with pytest.raises(ReconError, match="did you mean 'uniform'"):
        metrics.slice_metrics(*pair(), window="uniforn")
    with pytest.raises(ReconError, match="at least 7 pixels a side"):
        metrics.slice_metrics(*pair((6, 20)), window="uniform")


@pytest.mark.parametrize("image", [np.zeros((12, 17)), np.full((12, 17), 7.0), -pair((12, 17))[1]])
def test_ssim_of_constant_and_negative_images_is_that_of_scikit_image(image):
    target = pair((12, 17))[1]
    assert metrics.ssim(image, target) == pytest.approx(their_ssim(image, target)[0], abs=1e-12)
    assert metrics.ssim(np.ones((12, 17)), np.ones((12, 17))) == pytest.approx(1.0)


def test_ssim_map_near_the_border_is_that_of_scikit_image():
    # A head that is all border: only the outer rows are above the threshold.
    target = np.zeros((30, 26))
    target[:3] = np.linspace(0.5, 1.0, 26)
    image = np.abs(target + 0.05 * np.random.default_rng(3).standard_normal(target.shape))
    region = metrics.brain_region(target)
    assert not region[8:].any()
    expected = their_ssim(image, target)[1][region].mean()
    assert metrics.slice_metrics(image, target)["ssim_brain"] == pytest.approx(expected, abs=1e-12)


def test_ssim_of_a_stack_is_that_of_its_slices():
    pairs = [pair((30, 23), seed, noise=0.1 * (seed + 1)) for seed in range(5)]
    images, targets = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    images[2] *= 3  # each slice has a scale of its own
    targets[2] *= 3
    assert metrics.ssim_stack(images, targets).tolist() == [metrics.ssim(*p) for p in zip(images, targets, strict=True)]
    assert metrics.ssim_stack(images[:0], targets[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("images", "targets", "message"),
    [
        (np.ones((12, 12)), np.ones((12, 12)), "stacked along a first axis"),
        (np.ones((2, 12, 12)), np.ones((3, 12, 12)), r"\(2, 12, 12\) and \(3, 12, 12\)"),
        (np.ones((2, 12, 12)), np.stack([np.ones((12, 12)), np.zeros((12, 12))]), "zero everywhere"),
    ],
)
def test_a_bad_stack_is_named(images, targets, message):
    with pytest.raises(ReconError, match=message):
        metrics.ssim_stack(images, targets)


@pytest.mark.parametrize("size", SIZES)
def test_equal_images(size):
    target = pair(size)[1]
    assert metrics.psnr(target, target) == float("inf")
    assert metrics.ssim(target, target) == pytest.approx(1.0)
    assert metrics.nmse(target, target) == 0.0


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_a_common_factor_changes_nothing(factor, seed):
    image, target = pair(seed=seed)
    for metric in METRICS:
        assert metric(image * factor, target * factor) == pytest.approx(metric(image, target), rel=1e-9)


def test_a_wrong_overall_intensity_counts_except_with_own_maximum():
    target = pair()[1]
    row = metrics.slice_metrics(0.8 * target, target)
    assert row["psnr"] < 30
    assert row["ssim"] < 1
    assert row["psnr_own_max"] > 200
    assert row["ssim_own_max"] == pytest.approx(1.0)


def test_more_noise_is_worse():
    rows = [metrics.slice_metrics(*pair(noise=noise)) for noise in (0.01, 0.05, 0.2)]
    for name, better in (("psnr", -1), ("ssim", -1), ("nmse", 1), ("psnr_brain", -1), ("ssim_brain", -1)):
        values = [better * row[name] for row in rows]
        assert values == sorted(values), name


def test_float32_is_accumulated_in_float64():
    # An error of 1e-4 on a peak of 1: float32 sums of 300 x 301 pixels would be wrong in the fifth digit.
    target = np.ones((300, 301), np.float32)
    image = (target + np.float32(1e-4)).astype(np.float32)
    exact = -20 * np.log10(float(image[0, 0]) - 1.0)
    assert metrics.psnr(image, target) == pytest.approx(exact, abs=1e-9)


def test_brain_region_fills_holes_and_leaves_the_background():
    y, x = np.mgrid[:41, :33]
    ring = (np.hypot(y - 20, x - 16) < 14) & (np.hypot(y - 20, x - 16) > 8)
    region = metrics.brain_region(np.where(ring, 1.0, 0.04))
    assert region[20, 16]
    assert not region[0, 0]
    assert region[ring].all()


def test_brain_region_keeps_a_head_that_touches_the_border():
    target = np.zeros((20, 15))
    target[:10] = 1
    assert metrics.brain_region(target)[:10].all()
    assert not metrics.brain_region(target)[10:].any()


def test_brain_metrics_ignore_the_background():
    y, x = np.mgrid[:40, :40]
    target = np.where(np.hypot(y - 20, x - 20) < 12, 1.0, 0.0)
    outside = ~metrics.brain_region(target)
    rng = np.random.default_rng(1)
    image = target + 0.2 * rng.random(target.shape) * outside
    row = metrics.slice_metrics(image, target)
    assert row["psnr_brain"] == float("inf")
    assert row["psnr"] < 40
    image = target + 0.1 * (target > 0)
    inside = ~outside
    expected = -10 * np.log10(np.mean((image - target)[inside] ** 2))
    assert metrics.slice_metrics(image, target)["psnr_brain"] == pytest.approx(expected)


def test_slice_metrics_agrees_with_the_single_metrics_and_names_the_columns():
    image, target = pair()
    row = metrics.slice_metrics(image, target)
    assert list(row) == ["psnr", "ssim", "nmse", "psnr_own_max", "ssim_own_max", "psnr_brain", "ssim_brain"]
    for metric in METRICS:
        assert row[metric.__name__] == metric(image, target)


def test_an_all_zero_reconstruction_has_metrics():
    target = pair()[1]
    row = metrics.slice_metrics(np.zeros_like(target), target)
    assert row["nmse"] == pytest.approx(1.0)
    assert np.isfinite(list(row.values())).all()


BAD = [
    (np.ones((12, 12)), np.ones((12, 13)), "shape"),
    (np.ones((2, 12, 12)), np.ones((2, 12, 12)), "slice by slice"),
    (np.ones((12, 12)), np.zeros((12, 12)), "zero everywhere"),
    (np.full((12, 12), np.nan), np.ones((12, 12)), "reconstruction has 144 NaN"),
    (np.ones((12, 12)), np.where(np.eye(12), np.inf, 1.0), "reference has 12 NaN"),
    (np.ones((12, 12), complex), np.ones((12, 12)), "complex"),
]


@pytest.mark.parametrize("metric", [*METRICS, metrics.slice_metrics])
@pytest.mark.parametrize(("image", "target", "message"), BAD)
def test_bad_input_is_named(metric, image, target, message):
    with pytest.raises(ReconError, match=message):
        metric(image, target)


def test_ssim_refuses_a_slice_smaller_than_its_window():
    with pytest.raises(ReconError, match="11 pixels"):
        metrics.ssim(np.ones((10, 20)), np.ones((10, 20)))
