"""Curves pass their knots and stay between them; images keep their shapes, maxima and places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon_lib.network.contrast import random_curve, vary_contrast


def images_of(count, size=(9, 12)):
    rng = np.random.default_rng(0)
    return (rng.random((count, *size)) * rng.uniform(1, 5, (count, 1, 1))).astype(np.float32)


def test_a_curve_passes_its_knots_and_is_level_there():
    values = np.array([0.2, 0.9, 0.1, 0.6])
    np.testing.assert_allclose(random_curve(np.array([0, 1 / 3, 2 / 3, 1]), values), values)
    near = random_curve(np.array([1 / 3 - 1e-4, 1 / 3 + 1e-4]), values)
    np.testing.assert_allclose(near, values[1], atol=1e-6)  # a straight line would be off by 2e-4
    assert random_curve(np.array([1 / 6]), values)[0] == pytest.approx((0.2 + 0.9) / 2)
    quarter = 0.2 + 0.7 * (1 - np.cos(np.pi / 4)) / 2
    assert random_curve(np.array([1 / 12]), values)[0] == pytest.approx(quarter)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6), st.floats(0, 1))
def test_a_curve_stays_within_its_values(values, intensity):
    mapped = float(random_curve(np.array(intensity), np.array(values)))
    assert min(values) - 1e-12 <= mapped <= max(values) + 1e-12


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.5, 4), (1.0, 8)])
def test_a_share_of_the_images_is_remapped_and_keeps_its_maxima(share, count):
    images = images_of(8)
    before = images.copy()
    varied = vary_contrast(images, share, np.random.default_rng(1))
    changed = [not np.array_equal(one, other) for one, other in zip(images, varied, strict=True)]
    assert sum(changed) == count
    assert varied.dtype == images.dtype
    np.testing.assert_allclose(varied.max(axis=(1, 2)), images.max(axis=(1, 2)), rtol=1e-6)
    assert varied.min() >= 0
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(varied, vary_contrast(images, share, np.random.default_rng(1)))


def test_equal_intensities_stay_equal_and_their_order_may_turn_round():
    ramp = np.linspace(0, 1, 101, dtype=np.float32)
    images = np.stack([np.stack([ramp, ramp[::-1]])] * 40)
    varied = vary_contrast(images, 1.0, np.random.default_rng(2))
    np.testing.assert_allclose(varied[:, 0], varied[:, 1, ::-1], atol=1e-6)
    slopes = np.diff(varied[:, 0], axis=1)
    turning = [(rise > 1e-6).any() and (rise < -1e-6).any() for rise in slopes]
    assert 0.7 < np.mean(turning) < 1  # of three steps between four values, all go one way in one case of twelve
    assert len({curve.tobytes() for curve in varied}) == 40
