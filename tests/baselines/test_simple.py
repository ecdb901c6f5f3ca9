"""Conjugate symmetry: a real image from half its k-space, and nothing made up elsewhere."""

import numpy as np
import pytest

from recon_lib.baselines.simple import fill_by_symmetry
from recon_lib.imaging.fourier import fft2c, ifft2c


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (8, 5), (1, 6)])
def test_symmetry_completes_a_real_image_from_half_its_k_space(rng, size):
    image = rng.standard_normal(size)
    kspace = fft2c(image)
    height, width = size
    rows, columns = np.indices(size)
    # One of each pair k, -k, by hand: the sum of the coordinates' mirror images is twice the centre.
    mirror = (2 * (height // 2) - rows) % height * width + (2 * (width // 2) - columns) % width
    mask = rows * width + columns <= mirror
    assert mask.sum() < image.size or image.size <= 2
    filled = fill_by_symmetry(kspace * mask, mask)
    assert np.allclose(ifft2c(filled), image)


def test_symmetry_keeps_samples_and_leaves_unknown_pairs_empty(rng):
    kspace = rng.standard_normal((2, 6, 5)) + 1j * rng.standard_normal((2, 6, 5))
    mask = rng.random((6, 5)) < 0.3
    filled = fill_by_symmetry(kspace * mask, mask)
    assert np.array_equal(filled[:, mask], kspace[:, mask])
    for y, x in np.argwhere(~mask):
        my, mx = (6 - y) % 6, (4 - x) % 5
        expected = np.conj(kspace[:, my, mx]) if mask[my, mx] else np.zeros(2)
        assert np.allclose(filled[:, y, x], expected)


def test_precision_and_leading_axes_are_kept(rng):
    mask = rng.random((7, 8)) < 0.4
    kspace = fft2c(rng.standard_normal((2, 3, 7, 8)).astype(np.float32)) * mask
    filled = fill_by_symmetry(kspace, mask)
    assert filled.dtype == np.complex64
    assert filled.shape == (2, 3, 7, 8)
    np.testing.assert_array_equal(filled[1, 2], fill_by_symmetry(kspace[1, 2], mask))
