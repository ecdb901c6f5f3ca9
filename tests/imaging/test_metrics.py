"""Metrics: hand-computed cases, an independent SSIM, laws of scale, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from recon_lib.core.errors import ReconError
from recon_lib.imaging import metrics

METRICS = (metrics.psnr, metrics.ssim, metrics.nmse)
RANGED = (metrics.psnr, metrics.ssim, metrics.slice_metrics)
SIZES = [(11, 11), (16, 23), (33, 20)]


def pair(size=(16, 23), seed=0, noise=0.1):
    rng = np.random.default_rng(seed)
    reference = rng.random(size) + 0.1
    return reference, np.abs(reference + noise * rng.standard_normal(size))


def measure(metric, reference, image, **options):
    """Measure in the book's scale, in which the reference's maximum is the data range."""
    if metric is not metrics.nmse:
        options["data_range"] = np.max(reference)
    return metric(reference, image, **options)


def slow_ssim(reference, image):
    """Wang's formula with explicit loops: nothing shared with scikit-image."""
    image, reference = image / reference.max(), reference / reference.max()
    line = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    weights = np.outer(line, line) / np.outer(line, line).sum()
    values = []
    for i in range(5, reference.shape[0] - 5):
        for j in range(5, reference.shape[1] - 5):
            x, y = (a[i - 5 : i + 6, j - 5 : j + 6] for a in (image, reference))
            mx, my = (weights * x).sum(), (weights * y).sum()
            vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
            cov = (weights * (x - mx) * (y - my)).sum()
            c1, c2 = 0.01**2, 0.03**2
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return np.mean(values)


def test_psnr_by_hand():
    # Peak 2; scaled errors 0.1, 0, 0, 0 -> mean square 0.0025 -> 26.0206 dB.
    reference = np.array([[2.0, 1.0], [0.0, 1.0]])
    image = reference + np.array([[0.2, 0.0], [0.0, 0.0]])
    assert measure(metrics.psnr, reference, image) == pytest.approx(26.0205999, abs=1e-6)


def test_nmse_by_hand():
    assert metrics.nmse(np.array([[2.0, 4.0]]), np.array([[1.0, 2.0]])) == pytest.approx(0.25)
    assert metrics.nmse(np.ones((3, 5)), np.zeros((3, 5))) == pytest.approx(1.0)


@pytest.mark.parametrize("size", SIZES)
def test_ssim_agrees_with_the_formula_written_out(size):
    reference, image = pair(size)
    assert measure(metrics.ssim, reference, image) == pytest.approx(slow_ssim(reference, image), abs=1e-9)


def their_ssim(reference, image):
    """Scikit-image's mean and map, in the scale of the reference."""
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    image, reference = (a.astype(np.float64) / reference.max() for a in (image, reference))
    return structural_similarity(reference, image, full=True, **options)


@pytest.mark.parametrize("size", [(11, 11), (11, 64), (23, 24), (25, 49), (120, 193)])
@pytest.mark.parametrize("noise", [0.0, 0.1, 3.0])
def test_ssim_is_that_of_scikit_image(size, noise):
    reference, image = pair(size, noise=noise)
    mean, map_ = their_ssim(reference, image)
    assert measure(metrics.ssim, reference, image) == pytest.approx(mean, abs=1e-12)
    # The map itself reaches the border, where the image is mirrored.
    region = metrics.brain_region(reference)
    row = measure(metrics.slice_metrics, reference, image)
    assert row["ssim"] == measure(metrics.ssim, reference, image)
    assert row["ssim_brain"] == pytest.approx(map_[region].mean(), abs=1e-12)
    own = their_ssim(reference / reference.max(), image / image.max())[0]
    assert row["ssim_own_max"] == pytest.approx(own, abs=1e-12)


@pytest.mark.parametrize("size", [(7, 7), (7, 30), (25, 49)])
def test_the_uniform_window_is_the_default_of_scikit_image(size):
    reference, image = pair(size)
    row = measure(metrics.slice_metrics, reference, image, window="uniform")
    reference, scaled = reference / reference.max(), image / reference.max()
    mean, map_ = structural_similarity(reference, scaled, data_range=1.0, full=True)
    assert row["ssim"] == pytest.approx(mean, abs=1e-12)
    assert row["ssim_brain"] == pytest.approx(map_[metrics.brain_region(reference)].mean(), abs=1e-12)
    own = structural_similarity(reference, scaled / scaled.max(), data_range=1.0)
    assert row["ssim_own_max"] == pytest.approx(own, abs=1e-12)


def test_an_unknown_window_and_a_slice_smaller_than_it_are_refused():
    with pytest.raises(ReconError, match="did you mean 'uniform'"):
        measure(metrics.slice_metrics, *pair(), window="uniforn")
    with pytest.raises(ReconError, match="at least 7 pixels a side"):
        measure(metrics.slice_metrics, *pair((6, 20)), window="uniform")


@pytest.mark.parametrize("image", [np.zeros((12, 17)), np.full((12, 17), 7.0), -pair((12, 17))[0]])
def test_ssim_of_constant_and_negative_images_is_that_of_scikit_image(image):
    reference = pair((12, 17))[0]
    assert measure(metrics.ssim, reference, image) == pytest.approx(their_ssim(reference, image)[0], abs=1e-12)
    assert metrics.ssim(np.ones((12, 17)), np.ones((12, 17)), data_range=1.0) == pytest.approx(1.0)


def test_ssim_map_near_the_border_is_that_of_scikit_image():
    # A head that is all border: only the outer rows are above the threshold.
    reference = np.zeros((30, 26))
    reference[:3] = np.linspace(0.5, 1.0, 26)
    image = np.abs(reference + 0.05 * np.random.default_rng(3).standard_normal(reference.shape))
    region = metrics.brain_region(reference)
    assert not region[8:].any()
    expected = their_ssim(reference, image)[1][region].mean()
    assert measure(metrics.slice_metrics, reference, image)["ssim_brain"] == pytest.approx(expected, abs=1e-12)


def test_ssim_of_a_stack_is_that_of_its_slices():
    pairs = [pair((30, 23), seed, noise=0.1 * (seed + 1)) for seed in range(5)]
    references, images = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    images[2] *= 3  # each slice has a scale of its own
    references[2] *= 3
    peaks = references.max(axis=(1, 2))
    expected = [measure(metrics.ssim, *slices) for slices in zip(references, images, strict=True)]
    assert metrics.ssim_stack(references, images, data_range=peaks).tolist() == expected
    expected = [metrics.ssim(*slices, data_range=2) for slices in zip(references, images, strict=True)]
    assert metrics.ssim_stack(references, images, data_range=2).tolist() == expected
    assert metrics.ssim_stack(references[:0], images[:0], data_range=1.0).shape == (0,)


def test_as_many_data_ranges_as_slices():
    stack = np.ones((2, 12, 12))
    for ranges in (np.ones(3), np.ones((2, 1))):
        with pytest.raises(ReconError, match=r"do not fit 2 slices: give one for each, or one number\."):
            metrics.ssim_stack(stack, stack, data_range=ranges)


@pytest.mark.parametrize(
    ("references", "images", "message"),
    [
        (np.ones((12, 12)), np.ones((12, 12)), "stacked along a first axis"),
        (np.ones((2, 12, 12)), np.ones((3, 12, 12)), r"\(2, 12, 12\) and \(3, 12, 12\)"),
        (np.stack([np.ones((12, 12)), np.zeros((12, 12))]), np.ones((2, 12, 12)), "zero everywhere"),
    ],
)
def test_a_bad_stack_is_named(references, images, message):
    with pytest.raises(ReconError, match=message):
        metrics.ssim_stack(references, images, data_range=1.0)


@pytest.mark.parametrize("size", SIZES)
def test_equal_images(size):
    reference = pair(size)[0]
    assert measure(metrics.psnr, reference, reference) == float("inf")
    assert measure(metrics.ssim, reference, reference) == pytest.approx(1.0)
    assert metrics.nmse(reference, reference) == 0.0


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_a_common_factor_changes_nothing(factor, seed):
    reference, image = pair(seed=seed)
    for metric in METRICS:
        scaled = measure(metric, reference * factor, image * factor)
        assert scaled == pytest.approx(measure(metric, reference, image), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-3, 1e3), data_range=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_another_data_range_changes_psnr_by_twenty_times_its_logarithm(factor, data_range, seed):
    reference, image = pair(seed=seed)
    change = metrics.psnr(reference, image, data_range=factor * data_range) - metrics.psnr(
        reference, image, data_range=data_range
    )
    assert change == pytest.approx(20 * np.log10(factor), abs=1e-9)
    row = metrics.slice_metrics(reference, image, data_range=data_range)
    assert row["psnr"] == metrics.psnr(reference, image, data_range=data_range)
    assert row["psnr_brain"] - row["psnr"] == pytest.approx(
        measure(metrics.slice_metrics, reference, image)["psnr_brain"] - measure(metrics.psnr, reference, image)
    )


@pytest.mark.parametrize("data_range", [0.7, 1.0, 255.0])
def test_ssim_in_any_data_range_is_that_of_scikit_image(data_range):
    reference, image = (3 * array for array in pair((20, 31)))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected, map_ = structural_similarity(reference, image, data_range=data_range, full=True, **options)
    assert metrics.ssim(reference, image, data_range=data_range) == pytest.approx(expected, abs=1e-12)
    row = metrics.slice_metrics(reference, image, data_range=data_range)
    assert row["ssim_brain"] == pytest.approx(map_[metrics.brain_region(reference)].mean(), abs=1e-12)
    own = image * data_range / image.max()
    expected = structural_similarity(reference, own, data_range=data_range, **options)
    assert row["ssim_own_max"] == pytest.approx(expected, abs=1e-12)
    assert row["psnr_own_max"] == pytest.approx(
        20 * np.log10(data_range) - 10 * np.log10(np.mean((own - reference) ** 2))
    )


def test_the_reference_comes_first():
    reference, image = pair()
    assert metrics.nmse(reference, image) == pytest.approx(((image - reference) ** 2).sum() / (reference**2).sum())
    assert metrics.nmse(image, reference) != pytest.approx(metrics.nmse(reference, image), rel=1e-3)
    ways = [metrics.slice_metrics(*images, data_range=1.0) for images in ((reference, image), (image, reference))]
    assert ways[0]["psnr"] == pytest.approx(ways[1]["psnr"])
    for name in ("nmse", "psnr_own_max", "ssim_own_max"):
        assert ways[0][name] != pytest.approx(ways[1][name], rel=1e-3), name


@pytest.mark.parametrize("metric", RANGED)
@pytest.mark.parametrize("data_range", [0.0, -1.0, np.inf, np.nan])
def test_a_data_range_that_is_no_scale_is_refused(metric, data_range):
    with pytest.raises(ReconError, match=rf"A data range of {data_range} is no scale"):
        metric(*pair(), data_range=data_range)


@pytest.mark.parametrize("metric", [*RANGED, metrics.ssim_stack])
def test_the_data_range_has_no_default(metric):
    with pytest.raises(TypeError, match="data_range"):
        metric(*pair())


def test_a_wrong_overall_intensity_counts_except_with_own_maximum():
    reference = pair()[0]
    row = measure(metrics.slice_metrics, reference, 0.8 * reference)
    assert row["psnr"] < 30
    assert row["ssim"] < 1
    assert row["psnr_own_max"] > 200
    assert row["ssim_own_max"] == pytest.approx(1.0)


def test_more_noise_is_worse():
    rows = [measure(metrics.slice_metrics, *pair(noise=noise)) for noise in (0.01, 0.05, 0.2)]
    for name, better in (("psnr", -1), ("ssim", -1), ("nmse", 1), ("psnr_brain", -1), ("ssim_brain", -1)):
        values = [better * row[name] for row in rows]
        assert values == sorted(values), name


def test_float32_is_accumulated_in_float64():
    # An error of 1e-4 on a peak of 1: float32 sums of 300 x 301 pixels would be wrong in the fifth digit.
    reference = np.ones((300, 301), np.float32)
    image = (reference + np.float32(1e-4)).astype(np.float32)
    exact = -20 * np.log10(float(image[0, 0]) - 1.0)
    assert measure(metrics.psnr, reference, image) == pytest.approx(exact, abs=1e-9)


def test_brain_region_fills_holes_and_leaves_the_background():
    y, x = np.mgrid[:41, :33]
    ring = (np.hypot(y - 20, x - 16) < 14) & (np.hypot(y - 20, x - 16) > 8)
    region = metrics.brain_region(np.where(ring, 1.0, 0.04))
    assert region[20, 16]
    assert not region[0, 0]
    assert region[ring].all()


def test_brain_region_keeps_a_head_that_touches_the_border():
    reference = np.zeros((20, 15))
    reference[:10] = 1
    assert metrics.brain_region(reference)[:10].all()
    assert not metrics.brain_region(reference)[10:].any()


def test_brain_metrics_ignore_the_background():
    y, x = np.mgrid[:40, :40]
    reference = np.where(np.hypot(y - 20, x - 20) < 12, 1.0, 0.0)
    outside = ~metrics.brain_region(reference)
    rng = np.random.default_rng(1)
    image = reference + 0.2 * rng.random(reference.shape) * outside
    row = measure(metrics.slice_metrics, reference, image)
    assert row["psnr_brain"] == float("inf")
    assert row["psnr"] < 40
    image = reference + 0.1 * (reference > 0)
    head = ~outside
    expected = -10 * np.log10(np.mean((image - reference)[head] ** 2))
    assert measure(metrics.slice_metrics, reference, image)["psnr_brain"] == pytest.approx(expected)


def test_slice_metrics_agrees_with_the_single_metrics_and_names_the_columns():
    reference, image = pair()
    row = measure(metrics.slice_metrics, reference, image)
    assert list(row) == ["psnr", "ssim", "nmse", "psnr_own_max", "ssim_own_max", "psnr_brain", "ssim_brain"]
    for metric in METRICS:
        assert row[metric.__name__] == pytest.approx(measure(metric, reference, image), rel=1e-14)


def test_the_numbers_of_the_published_results_are_kept():
    """Computed once by the version that made the results which lie in the book."""
    y, x = np.mgrid[:31, :27]
    reference = (1 + np.cos(0.3 * y + 0.02 * x * y)) * (x + 3)
    row = measure(metrics.slice_metrics, reference, reference * (1 + 0.05 * np.sin(0.7 * x - 0.2 * y)) + 0.3)
    expected = {
        "psnr": 36.848748086962, "ssim": 0.996852718823, "nmse": 0.001438225746246, "psnr_own_max": 34.452741656826,
        "ssim_own_max": 0.996122103496, "psnr_brain": 36.602608166731, "ssim_brain": 0.996822647357,
    }  # fmt: skip
    assert row == pytest.approx(expected, rel=1e-11)


def test_an_all_zero_reconstruction_has_metrics():
    reference = pair()[0]
    row = measure(metrics.slice_metrics, reference, np.zeros_like(reference))
    assert row["nmse"] == pytest.approx(1.0)
    assert np.isfinite(list(row.values())).all()


BAD = [
    (np.ones((12, 13)), np.ones((12, 12)), r"shape \(12, 12\) is not the reference's \(12, 13\)"),
    (np.ones((2, 12, 12)), np.ones((2, 12, 12)), "slice by slice"),
    (np.zeros((12, 12)), np.ones((12, 12)), "zero everywhere"),
    (np.ones((12, 12)), np.full((12, 12), np.nan), "reconstruction has 144 NaN"),
    (np.where(np.eye(12), np.inf, 1.0), np.ones((12, 12)), "reference has 12 NaN"),
    (np.ones((12, 12)), np.ones((12, 12), complex), "the reconstruction is complex"),
]


@pytest.mark.parametrize("metric", [*METRICS, metrics.slice_metrics])
@pytest.mark.parametrize(("reference", "image", "message"), BAD)
def test_bad_input_is_named(metric, reference, image, message):
    options = {} if metric is metrics.nmse else {"data_range": 1.0}
    with pytest.raises(ReconError, match=message):
        metric(reference, image, **options)


def test_ssim_refuses_a_slice_smaller_than_its_window():
    with pytest.raises(ReconError, match="11 pixels"):
        metrics.ssim(np.ones((10, 20)), np.ones((10, 20)), data_range=1.0)


def test_the_brains_region_does_not_depend_on_which_axis_is_which():
    from scipy.ndimage import gaussian_filter

    reference = gaussian_filter(np.random.default_rng(4).random((40, 31)), 1.5)
    reference -= np.quantile(reference, 0.6)  # islands and gaps of every width
    reference = np.maximum(reference, 0)
    region = metrics.brain_region(reference)
    assert 0 < region.mean() < 1
    np.testing.assert_array_equal(metrics.brain_region(reference.T), region.T)
    np.testing.assert_array_equal(metrics.brain_region(reference[::-1]), region[::-1])
