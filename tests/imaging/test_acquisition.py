"""The forward model against the sum that defines it: adjoint, normal operator, shapes; and what is made of images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import SIZES, assert_adjoint, assert_unitary, complex_normal, direct_fft2c, direct_ifft2c, seeds, sizes

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquired, Acquisition, acquire, check_images, to_channels, to_complex

stacks = st.lists(st.integers(1, 3), max_size=2).map(tuple)


def sampling(seed: int, shape: tuple[int, ...], share: float = 0.4) -> np.ndarray:
    """Draw a mask."""
    return np.random.default_rng(seed).random(shape) < share


@given(stacks, sizes, seeds, st.booleans())
def test_forward_and_adjoint_are_adjoint(stack, size, seed, shared):
    acquisition = Acquisition(sampling(seed, size if shared else (*stack, *size)))
    x, y = complex_normal(seed, (2, *stack, *size))
    assert_adjoint(acquisition.forward, acquisition.adjoint, x, y)


@given(sizes, seeds)
def test_forward_is_the_defining_sum_at_the_samples_and_zero_elsewhere(size, seed):
    mask = sampling(seed, size)
    x = complex_normal(seed, (3, *size))
    kspace = Acquisition(mask).forward(x)
    np.testing.assert_allclose(kspace[:, mask], direct_fft2c(x)[:, mask], atol=1e-12)
    assert not kspace[:, ~mask].any()


@given(sizes, seeds)
def test_adjoint_is_the_conjugate_sum_over_the_samples(size, seed):
    mask = sampling(seed, size)
    y = complex_normal(seed, size)
    np.testing.assert_allclose(Acquisition(mask).adjoint(y), direct_ifft2c(np.where(mask, y, 0)), atol=1e-12)


@given(sizes, seeds)
def test_the_normal_operator_is_a_self_adjoint_projection(size, seed):
    acquisition = Acquisition(sampling(seed, size))
    x, y = complex_normal(seed, (2, *size))
    expected = direct_ifft2c(acquisition.mask * direct_fft2c(x))
    np.testing.assert_allclose(acquisition.normal(x), expected, atol=1e-12)
    assert_adjoint(acquisition.normal, acquisition.normal, x, y)
    np.testing.assert_allclose(acquisition.normal(acquisition.normal(x)), acquisition.normal(x), atol=1e-12)


@given(sizes, seeds)
def test_acquiring_what_was_acquired_changes_nothing(size, seed):
    """The law ``A A^H = M``."""
    acquisition = Acquisition(sampling(seed, size))
    y = complex_normal(seed, size)
    np.testing.assert_allclose(acquisition.forward(acquisition.adjoint(y)), acquisition.mask * y, atol=1e-12)


@given(sizes, seeds)
def test_a_full_mask_makes_it_unitary(size, seed):
    acquisition = Acquisition(np.ones(size, bool))
    x, y = complex_normal(seed, (2, *size))
    assert_unitary(acquisition.forward, x, y)
    np.testing.assert_allclose(acquisition.normal(x), x, atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("kind", "complex_kind"),
    [
        (np.float32, np.complex64),
        (np.complex64, np.complex64),
        (np.float64, np.complex128),
        (np.complex128, np.complex128),
    ],
)
def test_precision_is_kept(size, kind, complex_kind):
    acquisition = Acquisition(sampling(0, size))
    image = np.ones((2, *size), kind)
    for operator in (acquisition.forward, acquisition.normal):
        assert operator(image).dtype == complex_kind
        assert operator(image).shape == image.shape
    assert acquisition.adjoint(image.astype(complex_kind)).dtype == complex_kind


def test_each_image_is_acquired_with_its_own_mask():
    masks, x = sampling(1, (3, 7, 10)), complex_normal(2, (3, 7, 10))
    together = Acquisition(masks)
    for place in range(3):
        single = Acquisition(masks[place])
        np.testing.assert_array_equal(together.forward(x)[place], single.forward(x[place]))
        np.testing.assert_array_equal(together.adjoint(x)[place], single.adjoint(x[place]))


def test_a_mask_of_numbers_is_where_it_is_not_zero():
    x, mask = complex_normal(1, (4, 5)), 3 * np.eye(4, 5)
    np.testing.assert_array_equal(Acquisition(mask).forward(x), Acquisition(mask != 0).forward(x))


def test_what_was_not_sampled_is_ignored_even_where_it_is_no_number():
    acquisition, y = Acquisition(np.eye(4, 5)), complex_normal(1, (4, 5))
    np.testing.assert_array_equal(acquisition.adjoint(np.where(acquisition.mask, y, np.nan)), acquisition.adjoint(y))


@pytest.mark.parametrize("mask_size", [(5, 4), (4, 6), (1, 5), (4, 1), (3, 5, 4)])
def test_a_mask_of_another_size_is_refused(mask_size):
    acquisition = Acquisition(np.ones(mask_size, bool))
    with pytest.raises(ReconError, match=r"but the image is 4x5: make a mask of its size"):
        acquisition.forward(np.ones((4, 5)))
    with pytest.raises(ReconError, match=r"but the k-space is 4x5"):
        acquisition.adjoint(np.ones((4, 5)))


@pytest.mark.parametrize(("masks", "images"), [((2, 4, 5), (4, 5)), ((2, 4, 5), (3, 4, 5)), ((2, 4, 5), (1, 4, 5))])
def test_masks_that_are_not_one_for_each_image_are_refused(masks, images):
    for operator in (Acquisition(np.ones(masks)).forward, Acquisition(np.ones(masks)).adjoint):
        with pytest.raises(ReconError, match="give one mask for all, or one for each"):
            operator(np.ones(images))


@pytest.mark.parametrize("shape", [(), (5,)])
def test_a_mask_has_two_sides(shape):
    with pytest.raises(ReconError, match="A mask has two sides"):
        Acquisition(np.ones(shape))


@pytest.mark.parametrize("size", SIZES)
def test_acquired_images_are_zero_filled_and_keep_their_targets(size):
    images, masks = np.random.default_rng(0).random((70, *size)) + 0.1, sampling(1, (70, *size))
    data = acquire(images, masks)
    expected = direct_ifft2c(direct_fft2c(images) * masks)
    np.testing.assert_allclose(to_complex(data.zero_filled), expected, atol=1e-5)  # more images than one part holds
    np.testing.assert_array_equal(data.mask, masks)
    np.testing.assert_array_equal(data.target[..., 0], images.astype(np.float32))
    assert {array.dtype for array in (data.zero_filled, data.mask, data.target)} == {np.dtype(np.float32)}
    assert len(data) == 70
    assert data.phase is None


@pytest.mark.parametrize("chosen", [slice(1, 3), np.array([4, 0])])
def test_some_images_are_taken_with_all_that_belongs_to_them(chosen):
    arrays = [complex_normal(seed, (5, 4, 3)) for seed in range(4)]
    whole = Acquired(*arrays)
    part = whole.take(chosen)
    for name, array in zip(("zero_filled", "mask", "target", "phase"), arrays, strict=True):
        np.testing.assert_array_equal(getattr(part, name), array[chosen])
    assert Acquired(arrays[0], arrays[1], None).take(chosen).target is None


def test_complex_numbers_cross_as_two_channels_and_back():
    x = complex_normal(0, (2, 3, 4)).astype(np.complex64)
    channels = to_channels(x)
    assert channels.shape == (2, 3, 4, 2)
    assert channels.dtype == np.float32
    np.testing.assert_array_equal(channels[..., 1], x.imag)
    np.testing.assert_array_equal(to_complex(channels), x)
    assert to_complex(channels.astype(np.float64)).dtype == np.complex64


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.ones((4, 5)), r"not of shape \(4, 5\)"),
        (np.stack([np.ones((4, 5)), np.full((4, 5), np.inf)]), "Image 1 has NaN or infinite pixels"),
        (np.stack([np.ones((4, 5)), np.zeros((4, 5))]), "Image 1 is zero everywhere"),
    ],
)
def test_images_that_cannot_be_references_are_named(images, message):
    for call in (check_images, lambda images: acquire(images, np.ones(images.shape, bool))):
        with pytest.raises(ReconError, match=message):
            call(images)


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ReconError, match=r"Masks of shape \(2, 4, 4\) do not fit images of shape \(2, 4, 5\)"):
        acquire(np.ones((2, 4, 5)), np.ones((2, 4, 4), bool))


def test_single_precision_images_are_not_copied():
    images = np.ones((2, 4, 5), np.float32)
    assert check_images(images) is images
    assert check_images(images.astype(np.float64)).dtype == np.float32


def test_parts_of_what_was_acquired_belong_together():
    images = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    data = acquire(images, np.random.default_rng(1).random(images.shape) < 0.5)
    chosen = np.array([2, 0])
    for array, expected in zip(data.measured(chosen), (data.zero_filled[chosen], data.mask[chosen]), strict=True):
        assert np.array_equal(array, expected)
    assert np.array_equal(data.references, images)
