"""SSIM's map at every pixel: its formula in loops, its windows, two scales from one pass."""

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.imaging.ssim import DEFAULT_WINDOW, SSIM_SIGMA, WINDOWS, Similarity, Window


def pair(size, peak=1.0):
    rng = np.random.default_rng(4)
    reference = rng.random(size)
    return peak * reference, peak * np.abs(reference + 0.1 * rng.standard_normal(size))


def ssim_at(reference, image, place, window, data_range):
    """Write the formula out at one pixel, the images mirrored at their edges."""
    border = window.side // 2
    x, y = (np.pad(a, border, mode="symmetric")[place[0] :, place[1] :][: window.side, : window.side]
            for a in (image, reference))  # fmt: skip
    offsets = np.arange(window.side) - border
    line = np.ones(window.side) if window.sigma is None else np.exp(-(offsets**2) / (2 * window.sigma**2))
    weights = np.outer(line, line) / line.sum() ** 2
    mx, my = (weights * x).sum(), (weights * y).sum()
    unbiased = window.side**2 / (window.side**2 - 1) if window.sample else 1
    vx, vy, cov = (unbiased * (weights * a * b).sum() for a, b in (((x - mx),) * 2, ((y - my),) * 2, (x - mx, y - my)))
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("size", [(11, 11), (12, 17), (26, 49), (25, 13)])
@pytest.mark.parametrize("data_range", [1.0, 3.0])
def test_the_map_is_the_formula_at_corners_edges_and_inside(name, size, data_range):
    reference, image = pair(size)
    map_ = Similarity(reference, image, data_range=data_range, window=name).map()
    assert map_.shape == size
    for place in ((0, 0), (size[0] - 1, size[1] - 1), (0, size[1] // 2), (size[0] // 2, size[1] - 2), (5, 6)):
        expected = ssim_at(reference, image, place, WINDOWS[name], data_range)
        assert map_[place] == pytest.approx(expected, abs=1e-12), place


@pytest.mark.parametrize("name", WINDOWS)
def test_a_factor_is_another_reconstruction(name):
    reference, image = pair((15, 18))
    scaled = Similarity(reference, 1.7 * image, data_range=1.0, window=name)
    np.testing.assert_allclose(
        Similarity(reference, image, data_range=1.0, window=name).map(1.7), scaled.map(), atol=1e-12
    )


def test_images_and_data_range_in_other_units_give_the_same():
    maps = [Similarity(*pair((15, 18), peak), data_range=peak).map() for peak in (1.0, 255.0)]
    np.testing.assert_allclose(*maps, atol=1e-12)


@pytest.mark.parametrize(("name", "border"), [("gaussian", 5), ("uniform", 3)])
def test_the_mean_leaves_out_where_the_window_does_not_fit(name, border):
    similarity = Similarity(*pair((15, 18)), data_range=1.0, window=name)
    values = np.full((15, 18), 7.0)
    values[border:-border, border:-border] = 2.0
    assert similarity.mean(values) == 2.0


def test_windows_by_hand():
    assert DEFAULT_WINDOW == "gaussian"
    assert WINDOWS["gaussian"] == Window(11, SSIM_SIGMA, False)
    np.testing.assert_allclose(WINDOWS["uniform"].weights, np.full(7, 1 / 7))
    line = Window(3, sigma=0.5).weights
    np.testing.assert_allclose(line, np.array([np.exp(-2), 1, np.exp(-2)]) / (1 + 2 * np.exp(-2)))


@pytest.mark.parametrize(("name", "side"), [("gaussian", 11), ("uniform", 7)])
def test_a_side_shorter_than_the_window_is_refused(name, side):
    assert np.isfinite(Similarity(*pair((side, side)), data_range=1.0, window=name).map()).all()
    for size in ((side - 1, 20), (20, side - 1)):
        with pytest.raises(ReconError, match=f"at least {side} pixels a side"):
            Similarity(*pair(size), data_range=1.0, window=name)


def test_an_unknown_window_is_refused():
    with pytest.raises(ReconError, match="did you mean 'gaussian'"):
        Similarity(*pair((20, 20)), data_range=1.0, window="gausian")
