"""Changes of images keep the laws of acquisition: a changed image is one that could have been scanned."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from laws import SIZES, direct_fft2c, seeds

from recon_lib.experiment.augmentation import Augmentation
from recon_lib.imaging.acquisition import acquire, to_complex
from recon_lib.imaging.masks import MaskSpec, mask_stack
from recon_lib.network.augmentation import add_noise, augment, training_masks

EVERYTHING = Augmentation(mirrors=True, shift=2, intensity=0.5)


def images_of(size, count=3, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 1, (count, *size)).astype(np.float32)


def reversed_mask(mask, axis):
    """Swap the frequencies k and -k of an axis, by the indices of the centred transform."""
    count = mask.shape[axis]
    return np.take(mask, [(2 * (count // 2) - index) % count for index in range(count)], axis)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axis", [1, 2])
def test_a_mirror_image_is_acquired_as_the_mirror_image_of_the_acquisition(size, axis):
    images, masks = images_of(size), np.random.default_rng(1).random((3, *size)) < 0.5
    mirrored = acquire(np.flip(images, axis), reversed_mask(masks, axis)).zero_filled
    np.testing.assert_allclose(mirrored, np.flip(acquire(images, masks).zero_filled, axis), atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_a_shift_is_acquired_as_the_shifted_acquisition_under_the_same_mask(size):
    images, masks = images_of(size), np.random.default_rng(1).random((3, *size)) < 0.5
    moved = acquire(np.roll(images, (2, -1), (1, 2)), masks).zero_filled
    np.testing.assert_allclose(moved, np.roll(acquire(images, masks).zero_filled, (2, -1), (1, 2)), atol=1e-6)


def test_mirrors_are_the_four_of_the_two_axes_equally_often():
    images = images_of((5, 4), count=400, seed=3)[:1].repeat(400, 0)
    changed = augment(images, Augmentation(mirrors=True), np.random.default_rng(0))
    four = [images[0][rows, columns] for rows in (np.s_[:], np.s_[::-1]) for columns in (np.s_[:], np.s_[::-1])]
    counts = [sum(np.array_equal(image, mirror) for image in changed) for mirror in four]
    assert sum(counts) == 400
    assert min(counts) > 60  # 100 are expected, with a standard deviation of 9


def test_shifts_reach_every_distance_and_no_farther():
    images = np.zeros((500, 9, 8), np.float32)
    images[:, 4, 4] = 1
    changed = augment(images, Augmentation(shift=2), np.random.default_rng(0))
    places = {tuple(np.argwhere(image)[0] - 4) for image in changed}
    assert places == {(row, column) for row in range(-2, 3) for column in range(-2, 3)}


@given(seeds)
def test_intensities_keep_zero_the_maximum_and_the_order(seed):
    images = images_of((4, 5), seed=seed)
    images[:, 0, 0] = 0
    changed = augment(images * 3, Augmentation(intensity=0.5), np.random.default_rng(seed))
    assert (changed[:, 0, 0] == 0).all()
    np.testing.assert_allclose(changed.max(axis=(1, 2)), 3 * images.max(axis=(1, 2)), rtol=1e-6)
    for image, original in zip(changed, images, strict=True):
        order = np.argsort(original, axis=None)
        assert (np.diff(image.ravel()[order]) >= 0).all()
        inner = (original > 0) & (original < original.max())
        powers = np.log(image[inner] / image.max()) / np.log(original[inner] / original.max())
        assert np.ptp(powers) < 1e-3
        assert 1 / 1.5 - 1e-3 <= powers.mean() <= 1.5 + 1e-3


def test_powers_lie_as_often_below_one_as_above():
    images = np.full((400, 1, 2), (0.5, 1), np.float32)
    changed = augment(images, Augmentation(intensity=0.5), np.random.default_rng(0))
    logarithms = np.log(np.log(changed[:, 0, 0]) / np.log(0.5)) / np.log(1.5)
    assert logarithms.min() < -0.95
    assert logarithms.max() > 0.95
    assert abs(logarithms.mean()) < 0.1


def test_each_image_has_a_draw_of_its_own_and_stays_as_it_was():
    images = images_of((6, 7), count=1).repeat(8, 0)
    before = images.copy()
    changed = augment(images, EVERYTHING, np.random.default_rng(0))
    assert len({image.tobytes() for image in changed}) == 8
    np.testing.assert_array_equal(images, before)
    again = augment(images, EVERYTHING, np.random.default_rng(0))
    np.testing.assert_array_equal(again, changed)
    np.testing.assert_array_equal(augment(images, Augmentation(), np.random.default_rng(0)), images)


def test_noise_is_complex_normal_on_the_samples_alone():
    size, count = (24, 25), 200
    images = np.full((count, *size), 2, np.float32)
    masks = np.random.default_rng(1).random((count, *size)) < 0.5
    clean = acquire(images, masks)
    noisy = add_noise(clean, Augmentation(noise=0.1), np.random.default_rng(0))
    spectrum = direct_fft2c(to_complex(noisy.zero_filled - clean.zero_filled).astype(complex))
    assert np.abs(spectrum[~masks]).max() < 1e-5
    deviations = np.array([[k[m].real.std(), k[m].imag.std()] for k, m in zip(spectrum, masks, strict=True)])
    np.testing.assert_allclose(deviations[:, 0], deviations[:, 1], atol=0.05)
    assert deviations.max() < 2 * 0.1 * 1.2  # the maximum of the images is 2
    assert deviations.mean() == pytest.approx(2 * 0.1 / 2, rel=0.15)
    np.testing.assert_array_equal(noisy.target, clean.target)
    assert add_noise(clean, Augmentation(), np.random.default_rng(0)) is clean


def test_masks_of_other_accelerations_stand_behind_the_own():
    spec = MaskSpec(4.0, seed=3)
    masks = training_masks((32, 30), 2, spec, (2.0, 8.0))
    expected = [mask_stack((32, 30), 2, "train", replace(spec, acceleration=factor)) for factor in (4.0, 2.0, 8.0)]
    np.testing.assert_array_equal(masks, np.concatenate(expected))
    np.testing.assert_array_equal(training_masks((32, 30), 2, spec), expected[0])
