"""The oversampled readout is cut in the image: what is left is k-space of its middle, by the transform's definition."""

import numpy as np
import pytest
from laws import complex_normal, direct_fft2c, direct_ifft2c

from recon_lib.scans.oversampling import crop_readout, cut_centre


@pytest.mark.parametrize(("length", "count"), [(12, 6), (12, 7), (13, 6), (13, 7), (9, 9)])
def test_the_centre_stays_at_its_place(length, count):
    image = np.zeros((3, length))
    image[:, length // 2] = 1
    cut = cut_centre(image, (2, count))
    assert cut.shape == (2, count)
    assert np.array_equal(np.flatnonzero(cut[0]), [count // 2])


@pytest.mark.parametrize("axis", [-2, -1])
@pytest.mark.parametrize(("length", "count"), [(12, 6), (13, 7), (12, 7)])
def test_whole_lines_become_those_of_the_image_s_middle(axis, length, count):
    size = [7, 7]
    size[axis] = length
    images = complex_normal(0, (2, 3, *size))
    kspace = direct_fft2c(images).astype(np.complex64)
    cropped, is_cropped = crop_readout(kspace, axis, count)
    size[axis] = count
    assert is_cropped
    assert cropped.dtype == np.complex64
    np.testing.assert_allclose(direct_ifft2c(cropped), cut_centre(images, tuple(size)), atol=1e-5)


def test_lines_that_were_not_sampled_stay_zero_each_slice_by_itself():
    kspace = direct_fft2c(complex_normal(0, (2, 3, 6, 8))).astype(np.complex64)
    kspace[0, :, 1], kspace[1, :, 4] = 0, 0
    cropped, _ = crop_readout(kspace, -1, 4)
    assert np.array_equal(cropped.any(axis=(1, 3)), [[1, 0, 1, 1, 1, 1], [1, 1, 1, 1, 0, 1]])
    assert (cropped != 0).any(axis=1).all(axis=2).sum() == 10


def test_an_asymmetric_echo_is_left_for_the_image():
    kspace = direct_fft2c(complex_normal(0, (1, 2, 6, 8))).astype(np.complex64)
    kspace[..., :2] = 0
    cropped, is_cropped = crop_readout(kspace, -1, 4)
    assert cropped is kspace
    assert not is_cropped
    assert not crop_readout(kspace[..., 2:], -1, 6)[1]
