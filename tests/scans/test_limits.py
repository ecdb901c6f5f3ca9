"""The acquired limits: what is full inside them, whatever their shape, and what is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scans.phantoms import SIZES, ellipse, random_mask, sizes

from recon_lib.imaging.masks import MaskSpec, poisson_disc_mask
from recon_lib.scans.limits import FULL, acquired_limits, is_full, mirror


def block(size, rows, columns):
    mask = np.zeros(size, bool)
    mask[rows, columns] = True
    return mask


@given(size=st.tuples(st.integers(1, 12), st.integers(1, 12)), seed=st.integers(0, 99))
def test_a_mirror_takes_each_frequency_to_its_negative(size, seed):
    mask = np.random.default_rng(seed).random(size) < 0.4
    turned = mirror(mask)
    for row, column in np.ndindex(size):
        opposite = [(2 * (n // 2) - k) % n for k, n in zip((row, column), size, strict=True)]
        assert turned[tuple(opposite)] == mask[row, column]


@pytest.mark.parametrize("size", SIZES)
def test_a_rectangle_and_an_ellipse_are_full_within_their_limits(size):
    half = [n // 2 for n in size]
    for sampled in (
        block(size, slice(6, 2 * half[0] - 5), slice(None)),
        block(size, slice(None), slice(5, 2 * half[1] - 4)),
        block(size, slice(4, 2 * half[0] - 3), slice(7, 2 * half[1] - 6)),
        ellipse(size),
    ):
        limits = acquired_limits(sampled)
        assert not limits.all()
        assert is_full(sampled[None], limits)
        assert (limits & ~sampled).mean() < 0.03


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axis", [0, 1])
def test_partial_fourier_sampling_is_not_full(size, axis):
    sampled = np.ones(size, bool)
    np.moveaxis(sampled, axis, 0)[: round(0.3 * size[axis])] = False
    limits = acquired_limits(sampled)
    assert limits.all()
    assert not is_full(sampled[None], limits)
    assert is_full(np.ones((1, *size), bool), limits)


@given(size=sizes, seed=st.integers(0, 99), inside=st.booleans())
def test_scattered_samples_are_not_full_and_fill_their_limits(size, seed, inside):
    shape = ellipse(size) if inside else np.ones(size, bool)
    sampled = random_mask(size, seed=seed) & shape
    limits = acquired_limits(sampled)
    assert not is_full(sampled[None], limits)
    assert (limits != (shape | mirror(shape))).mean() < 0.12


@pytest.mark.parametrize("acceleration", [2, 4, 8])
def test_masks_over_the_whole_matrix_have_the_whole_matrix_as_limits(acceleration):
    assert acquired_limits(poisson_disc_mask((96, 80), 0, "test", MaskSpec(acceleration))).all()


def test_lines_are_not_full():
    sampled = np.zeros((48, 40), bool)
    sampled[:, ::4] = sampled[:, 16:25] = True
    assert acquired_limits(sampled).all()
    assert not is_full(sampled[None], acquired_limits(sampled))


def test_full_is_a_share_of_all_slices():
    sampled = np.ones((10, 4, 5), bool)
    limits = np.ones((4, 5), bool)
    sampled[: round(10 * (1 - FULL))] = False
    assert is_full(sampled, limits)
    sampled[-1, 0, 0] = False
    assert not is_full(sampled, limits)


@pytest.mark.parametrize("axis", [0, 1])
def test_lines_within_limits_leave_more_than_a_gap_outside(axis):
    sampled = np.zeros((48, 40), bool)
    np.moveaxis(sampled, axis, 0)[7:-6:3] = True
    limits = acquired_limits(sampled)
    np.testing.assert_array_equal(limits.any(axis=axis), True)
    outside = np.flatnonzero(~limits.any(axis=1 - axis))
    assert set(range(6)) <= set(outside)
    assert not is_full(sampled[None], limits)
