"""K-space that is stored otherwise comes into the convention, and what is right is left alone without a word."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import complex_normal, direct_fft2c, direct_ifft2c, seeds
from scans.phantoms import ellipse, images, kspace, random_mask, sizes

from recon_lib.core.errors import ReconError
from recon_lib.scans.kspace_order import check_kspace
from recon_lib.scans.options import ReadOptions

PATH = Path("k.npy")


def check(array, limits=None, **options):
    return check_kspace(array.astype(np.complex64), PATH, ReadOptions(**options), limits)


def magnitude(checked):
    return np.abs(direct_ifft2c(checked.array))


@given(size=sizes, seed=seeds, sampled=st.booleans())
def test_the_convention_is_left_alone_without_a_word(size, seed, sampled):
    full = kspace(size, seed=seed, phase=0.5) * (random_mask(size, seed=seed) if sampled else 1)
    checked = check(full)
    assert checked.notes == {}
    np.testing.assert_array_equal(checked.array, full.astype(np.complex64))
    assert checked.limits.all()


@given(size=sizes, seed=seeds, rows=st.integers(-9, 9), columns=st.integers(-7, 7), sampled=st.booleans())
def test_a_late_echo_is_centred_and_magnitudes_stay(size, seed, rows, columns, sampled):
    full = kspace(size, seed=seed, phase=0) * (random_mask(size, seed=seed) if sampled else 1)
    checked = check(np.roll(full, (rows, columns), (1, 2)))
    np.testing.assert_array_equal(checked.array, full.astype(np.complex64))
    assert ("k-space centred" in checked.notes) == bool(rows or columns)


@given(size=sizes, seed=seeds, rows=st.floats(-5, 5), columns=st.floats(-5, 5))
def test_a_part_of_a_sample_stays_as_a_phase_and_magnitudes_stay(size, seed, rows, columns):
    image = images(size, seed=seed, phase=0)
    y, x = np.meshgrid(*((np.arange(n) - n // 2) / n for n in size), indexing="ij")
    checked = check(direct_fft2c(image * np.exp(2j * np.pi * (rows * y + columns * x))))
    np.testing.assert_allclose(magnitude(checked), np.abs(image), atol=1e-3 * np.abs(image).max())
    peak = np.unravel_index(np.abs(checked.array).sum(axis=0).argmax(), size)
    assert max(abs(p - n // 2) for p, n in zip(peak, size, strict=True)) == 0


def test_the_note_says_what_was_moved():
    note = check(np.roll(kspace(phase=0), (3, -2), (1, 2))).notes["k-space centred"]
    assert "its energy peaks at (27, 18), not at (24, 20): k-space was moved by -3 rows and +2 columns" in note


@given(size=sizes, seed=seeds, sampled=st.booleans(), vouched=st.booleans())
def test_what_fft2_gives_becomes_centred_with_the_object_in_the_middle(size, seed, sampled, vouched):
    image = images(size, seed=seed, phase=0.5)
    plain = np.fft.fft2(image)
    if sampled:
        plain = plain * np.fft.ifftshift(random_mask(size, seed=seed))
    checked = check(plain, kspace_order="corner" if vouched else None)
    np.testing.assert_allclose(magnitude(checked), np.abs(np.fft.ifft2(plain, norm="ortho")), atol=0.1)
    np.testing.assert_array_equal(checked.array == 0, np.fft.fftshift(plain, axes=(1, 2)) == 0)
    assert "corner" in checked.notes["k-space centred"]
    assert "rolled back by half" in checked.notes["origin moved"]


@given(size=sizes, seed=seeds)
def test_a_corner_order_whose_origin_is_centred_is_not_rolled(size, seed):
    image = images(size, seed=seed, phase=0.5)
    checked = check(np.fft.fft2(np.fft.ifftshift(image, axes=(1, 2)), norm="ortho"))
    np.testing.assert_allclose(checked.array, direct_fft2c(image), atol=0.1)
    assert list(checked.notes) == ["k-space centred"]


@given(size=sizes, seed=seeds, axis=st.sampled_from([1, 2]))
def test_one_axis_alone_may_start_in_its_corner(size, seed, axis):
    full = kspace(size, seed=seed, phase=0.5)
    checked = check(np.fft.ifftshift(full, axes=axis))
    np.testing.assert_array_equal(checked.array, full.astype(np.complex64))
    assert f"at the start of {('rows', 'columns')[axis - 1]}" in checked.notes["k-space centred"]


@given(size=sizes, seed=seeds, rows=st.integers(-4, 4))
def test_a_late_echo_in_the_corner_order(size, seed, rows):
    image = images(size, seed=seed, phase=0)
    checked = check(np.roll(np.fft.fft2(image), rows, 1))
    np.testing.assert_allclose(magnitude(checked), np.abs(image) * np.sqrt(np.prod(size)), rtol=1e-3, atol=1)


@given(size=sizes, seed=seeds, axes=st.sampled_from([(1,), (2,), (1, 2)]))
def test_an_object_across_the_border_is_said_and_comes_back_so(size, seed, axes):
    image = images(size, seed=seed, phase=0.5)
    rolled = direct_fft2c(np.fft.fftshift(image, axes=axes))
    checked = check(rolled)
    np.testing.assert_array_equal(checked.array, rolled.astype(np.complex64))
    names = " and ".join(("rows", "columns")[axis - 1] for axis in axes)
    assert f"across the border along {names}, as fftshift" in checked.notes["object across the border"]


def test_an_image_is_refused_and_taken_for_who_means_it():
    with pytest.raises(ReconError, match=r"looks like a complex image.*Add --image if it is one, --kspace-order"):
        check(images())
    checked = check(images(), as_image=True)
    np.testing.assert_allclose(checked.array, kspace(), atol=0.1)
    assert "a simulation" in checked.notes["complex image"]
    np.testing.assert_array_equal(check(images(), kspace_order="centred").array, images().astype(np.complex64))


def test_an_order_that_the_user_vouches_for_is_not_looked_for():
    late = np.roll(kspace(), 3, 1)
    assert check(late, kspace_order="centred").notes == {}
    np.testing.assert_array_equal(check(late, kspace_order="centred").array, late.astype(np.complex64))


def test_noise_and_three_dimensional_k_space_are_refused():
    with pytest.raises(ReconError, match="neither k-space nor an image"):
        check(complex_normal(0, (2, 40, 48)))
    volume = np.fft.fftshift(np.fft.fft(kspace((32, 28), slices=16), axis=0), axes=0)
    with pytest.raises(ReconError, match="looks like three-dimensional k-space"):
        check(volume)


def test_the_limits_are_said_and_stay_with_what_was_moved():
    inside = ellipse((48, 40))
    checked = check(np.roll(kspace(phase=0), (3, 0), (1, 2)) * inside)
    np.testing.assert_array_equal(checked.limits, np.roll(inside | np.roll(np.flip(inside), (1, 1), (0, 1)), -3, 0))
    assert "as its zeros tell" in checked.notes["acquired limits"]


def test_a_header_is_believed_unless_there_are_samples_outside_its_limits():
    stated = np.zeros((48, 40), bool)
    stated[:, 4:37] = True
    scattered = kspace() * random_mask((48, 40)) * stated
    checked = check(scattered, stated)
    np.testing.assert_array_equal(checked.limits, stated)
    assert "as its header states" in checked.notes["acquired limits"]
    checked = check(kspace(), stated)
    assert checked.limits.all()
    assert "the header was not believed" in checked.notes["stated limits"]
