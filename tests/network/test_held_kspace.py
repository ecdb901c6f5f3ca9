"""What is held out of k-space is seen by nothing, and the weights that predict it best are kept."""

import keras
import numpy as np
import pytest
from keras import ops
from laws import SIZES, direct_fft2c
from network.test_training import example, start

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import acquire
from recon_lib.network.held_kspace import PATIENCE, Stopping, draw_held, held_quality, without_held
from recon_lib.network.inference import reconstruct


def masks_of(size, count=4):
    masks = np.random.default_rng(2).random((count, *size)) < 0.3
    masks[:, size[0] // 2, size[1] // 2] = True
    return masks


@pytest.mark.parametrize("size", SIZES)
def test_what_is_held_out_is_symmetric_and_not_what_every_mask_samples(size):
    masks = masks_of(size)
    held = draw_held(3, masks, 0.3, np.random.default_rng(0))
    assert held.shape == (3, *size)
    assert len({points.tobytes() for points in held}) == 3
    assert not (held & masks.all(axis=0)).any()
    for axis, count in ((1, size[0]), (2, size[1])):
        partners = [(2 * (count // 2) - index) % count for index in range(count)]
        np.testing.assert_array_equal(np.take(held, partners, axis), held)


def test_the_share_is_that_of_the_points_that_may_be_held_out():
    masks = np.zeros((2, 64, 62), bool)
    masks[:, 24:41, 23:40] = True
    held = draw_held(20, masks, 0.1, np.random.default_rng(0))
    assert held[:, ~masks.all(axis=0)].mean() == pytest.approx(0.1, abs=0.01)


def test_too_small_a_share_is_refused():
    with pytest.raises(ReconError, match=r"held_kspace 1e-06 holds no point of 8x7 out: give a larger share"):
        draw_held(2, masks_of((8, 7)), 1e-6, np.random.default_rng(0))


@pytest.mark.parametrize("size", SIZES)
def test_images_without_it_have_the_rest_of_their_kspace(size):
    images = np.random.default_rng(1).random((3, *size))
    held = draw_held(3, masks_of(size), 0.4, np.random.default_rng(0))
    spectrum = direct_fft2c(without_held(images, held).astype(float))
    assert np.abs(spectrum[held]).max() < 1e-5
    np.testing.assert_allclose(spectrum[~held], direct_fft2c(images)[~held], atol=1e-5)


def test_the_quality_is_that_of_the_held_out_points_by_hand():
    images, masks = example()
    held = draw_held(6, masks, 0.3, np.random.default_rng(0))
    after, _ = reconstruct(start(), images, masks & ~held)
    error, signal = direct_fft2c(after.astype(float) - images)[held], direct_fft2c(images.astype(float))[held]
    expected = -10 * np.log10((np.abs(error) ** 2).sum() / (np.abs(signal) ** 2).sum())
    assert held_quality(start(), acquire(images, masks & ~held), held) == pytest.approx(expected, abs=1e-3)


def follow(variable, qualities, stopping):
    for number, quality in enumerate(qualities, start=1):
        variable.assign(np.full(2, number, np.float32))
        stopping.note(quality)


@pytest.mark.parametrize(("qualities", "best"), [([4, 9, 8, 7], 2), ([1, 2, 2.5], 0), ([4, 4, 5], 3)])
def test_the_best_weights_are_kept_the_first_ones_among_them(qualities, best):
    variable = keras.Variable(np.zeros(2, np.float32))
    stopping = Stopping([variable], 3.0)
    follow(variable, qualities, stopping)
    stopping.install()
    np.testing.assert_array_equal(ops.convert_to_numpy(variable), np.full(2, best, np.float32))


def test_it_ends_after_so_many_in_a_row_that_are_no_better_also_after_a_stop():
    variable = keras.Variable(np.zeros(2, np.float32))
    stopping = Stopping([variable], 3.0)
    follow(variable, [4] + [3.5] * (PATIENCE - 1), stopping)
    assert not stopping.ends
    fresh = Stopping([variable], 3.0)
    fresh.restore(stopping.arrays())
    fresh.note(4.0)
    assert fresh.ends
    fresh.note(5.0)
    assert not fresh.ends
    stopping.install()
    np.testing.assert_array_equal(ops.convert_to_numpy(variable), np.ones(2, np.float32))
