"""What k-space tells of itself: on phantoms of every size, and on real slices where there is a mirror of them."""

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import complex_normal, direct_fft2c, direct_ifft2c, seeds
from scans.phantoms import images, kspace, random_mask, sizes

from recon_lib.core import paths
from recon_lib.scans.kspace_checks import (
    PLANES,
    crosses_border,
    effective_share,
    find_peak,
    is_volume_kspace,
    kind_of,
    low_pass,
)


def test_the_effective_share_counts_the_samples_that_hold_the_energy():
    for count in (1, 3, 12):
        array = np.zeros(12, complex)
        array[:count] = 2j
        assert effective_share(array) == pytest.approx(count / 12)
    assert effective_share(complex_normal(0, (200, 200))) == pytest.approx(0.5, abs=0.02)
    assert effective_share(1e30 * complex_normal(0, (20, 20)).astype(np.complex64)) > 0.3  # its fourth power overflows


@given(size=sizes, seed=seeds, phase=st.floats(0, 2), sampled=st.booleans())
def test_k_space_and_its_image_are_told_apart(size, seed, phase, sampled):
    image = images(size, seed=seed, phase=phase)
    full = direct_fft2c(image) * (random_mask(size, seed=seed) if sampled else 1)
    assert kind_of(full) == "kspace"
    assert kind_of(image) == "image"
    assert kind_of(np.roll(full, (7, -5), (1, 2))) == "kspace"
    assert kind_of(1e-9 * full) == "kspace"


@given(seed=seeds)
def test_noise_is_neither(seed):
    assert kind_of(complex_normal(seed, (2, 40, 48))) == "neither"


@given(size=sizes, seed=seeds, rows=st.integers(0, 63), columns=st.integers(0, 63), sampled=st.booleans())
def test_the_peak_is_found_wherever_it_is(size, seed, rows, columns, sampled):
    """Of magnitude images the zero frequency is the strongest by the triangle inequality."""
    full = kspace(size, seed=seed, phase=0) * (random_mask(size, seed=seed) if sampled else 1)
    peak = find_peak(np.roll(full, (rows, columns), (1, 2)))
    assert peak == ((size[0] // 2 + rows) % size[0], (size[1] // 2 + columns) % size[1])


def test_a_wrong_sample_is_not_the_peak():
    full = kspace()
    full[0, 3, 5] = 2 * np.abs(full).max()
    assert find_peak(full) == (24, 20)


@given(size=sizes, seed=seeds, axis=st.sampled_from([0, 1]), share=st.floats(0.35, 0.65), sampled=st.booleans())
def test_an_object_across_the_border_is_found_along_its_axis(size, seed, axis, share, sampled):
    image = images(size, seed=seed)
    mask = random_mask(size, seed=seed) if sampled else 1
    assert crosses_border(direct_fft2c(image) * mask) == (False, False)
    rolled = np.roll(image, round(share * size[axis]), axis + 1)
    assert crosses_border(direct_fft2c(rolled) * mask) == (axis == 0, axis == 1)


def test_an_object_off_the_centre_does_not_cross_the_border():
    image = np.zeros((1, 64, 64), complex)
    image[0, 4:20, 30:50] = 1
    assert crosses_border(direct_fft2c(image)) == (False, False)
    assert crosses_border(direct_fft2c(np.ones_like(image))) == (False, False)


def test_a_window_is_one_in_the_centre_and_zero_beyond_its_half_width():
    window = low_pass((40, 21), 0.5)
    assert window[20, 10] == 1
    assert window[20 + 5, 10] == pytest.approx(0.5)  # half of the half width of 10 samples
    assert not window[:11].any()
    assert window[11, 10] > 0
    assert low_pass((40, 21), 0.01, least=4)[23, 10] > 0
    assert low_pass((40, 21), 0.01)[21, 10] == 0


def test_three_dimensional_k_space_is_not_taken_for_slices():
    slices = kspace((32, 28), slices=16)
    volume = np.fft.fftshift(np.fft.fft(slices, axis=0), axes=0)
    assert not is_volume_kspace(slices)
    assert is_volume_kspace(volume)
    assert not is_volume_kspace(volume[: PLANES - 1])
    volume[3] = 0  # an empty slice: so these are slices
    assert not is_volume_kspace(volume)


REAL = [("T1w", (0, 1, 2)), ("inplaneT2", (2,))]


@pytest.mark.mirror
@pytest.mark.parametrize(("contrast", "planes"), REAL)
def test_real_slices_are_never_refused_and_wrong_ones_are_recognised(contrast, planes):
    """Two people's slices here; what all 14 gave stands in the module."""
    for path in sorted((paths.mirror() / "openfmri_ds000011").rglob(f"sub-0[19]*_{contrast}.nii.gz")):
        volume = np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj, np.float32)
        for plane in planes:
            slices = np.moveaxis(volume, plane, 0)
            bright = slices[(slices > 0.1 * slices.max()).mean(axis=(1, 2)) > 0.1][::12]
            for image in bright[:, None]:
                full = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(image, axes=(1, 2))), axes=(1, 2))
                centre = tuple(n // 2 for n in full.shape[1:])
                assert (kind_of(full), kind_of(image.astype(complex))) == ("kspace", "image")
                assert find_peak(full) == centre
                assert crosses_border(full) == (False, False)
                assert crosses_border(np.fft.fftshift(np.fft.fft2(image), axes=(1, 2))) == (True, True)
                assert find_peak(np.fft.fft2(image)) == (0, 0)
            assert not is_volume_kspace(direct_fft2c(bright))


def test_the_phantoms_are_what_they_say():
    np.testing.assert_allclose(direct_ifft2c(kspace()), images(), atol=1e-9)
