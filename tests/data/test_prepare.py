import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import Geometry
from recon_lib.data.prepare import brain_slices, check_image, fit, lightness_of, prepare_photograph, prepare_volume

PLAIN = Geometry(coverage=0.1, level=0.1, percentile=99.5)


def staircase(pixels):
    """Return a 10x10xn volume whose slice k has ``pixels[k]`` bright pixels of value 100."""
    volume = np.zeros((10, 10, len(pixels)), np.float32)
    for k, count in enumerate(pixels):
        volume[..., k].flat[:count] = 100.0
    return volume


def test_slices_with_more_than_a_tenth_of_bright_pixels_are_kept():
    volume = staircase([0, 5, 10, 11, 50, 90, 12, 10, 0])
    assert brain_slices(volume, PLAIN).tolist() == [3, 4, 5, 6]


def test_bright_is_a_tenth_of_the_percentile_not_of_the_maximum():
    volume = staircase([50, 50, 50, 50])
    volume[9, 9, :] = 11.0  # above 0.1 * 100
    volume[9, 8, 0] = 1e6  # one hot voxel of 400 is beyond the 99.5th percentile's rank
    volume[..., 3] = 0
    volume[:1, :, 3] = 11.0  # ten pixels at 11 ...
    volume[1, 0, 3] = 11.0  # ... and one more: 11 of 100
    assert brain_slices(volume, PLAIN).tolist() == [0, 1, 2, 3]
    volume[1, 0, 3] = 9.0
    assert brain_slices(volume, PLAIN).tolist() == [0, 1, 2]


def test_each_constant_has_its_own_place():
    volume = staircase([5, 15, 25, 35, 90])
    assert brain_slices(volume, Geometry(coverage=0.2, level=0.5, percentile=99.5)).tolist() == [2, 3, 4]
    assert brain_slices(volume, Geometry(coverage=0.1, level=0.5, percentile=99.5)).tolist() == [1, 2, 3, 4]
    volume *= np.array([1, 1, 1, 0.4, 1], np.float32)
    assert brain_slices(volume, Geometry(coverage=0.2, level=0.5, percentile=99.5)).tolist() == [2, 4]
    assert brain_slices(volume, Geometry(coverage=0.2, level=0.3, percentile=99.5)).tolist() == [2, 3, 4]
    # 170 of 500 pixels are not zero: the median is, and so everything else is bright.
    assert brain_slices(volume, Geometry(coverage=0.0, level=0.5, percentile=50)).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("below_top", [1, 3, 5, 100])
def test_below_top_counts_down_from_the_highest_kept(below_top):
    volume = staircase([50, 50, 50, 50, 50, 50, 3, 0])
    geometry = Geometry(coverage=0.1, below_top=below_top)
    assert brain_slices(volume, geometry).tolist() == list(range(max(0, 6 - below_top), 6))


def test_preparation_step_by_step(rng):
    """Against the steps written out, with the centred DFT as a matrix product."""
    volume = (rng.random((12, 14, 5)) * 900 + 100).astype(np.float32)
    volume[..., 0] = 0
    images, slices, scales = prepare_volume(volume, Geometry(coverage=0.1, matrix=(9, 14)))
    assert slices.tolist() == [1, 2, 3, 4]
    assert images.dtype == np.float32
    assert images.shape == (4, 9, 14)

    def dft(n):
        k = np.arange(n) - n // 2
        return np.exp(-2j * np.pi * np.outer(k, k) / n) / np.sqrt(n)

    for image, k, scale in zip(images, slices, scales, strict=True):
        kspace = dft(12) @ volume[..., k] @ dft(14).T
        cut = kspace[12 // 2 - 9 // 2 :][:9]
        small = np.abs(dft(9).conj().T @ cut @ dft(14).conj()) * np.sqrt(9 / 12)
        assert scale == pytest.approx(small.max(), rel=1e-5)
        np.testing.assert_allclose(image, small / small.max(), atol=1e-5)
        assert image.max() == 1.0


def test_a_smooth_slice_keeps_its_intensity_and_place_when_kspace_is_cut():
    x = (np.arange(16) - 8) / 16
    y = (np.arange(24) - 12) / 24
    smooth = 100 + 20 * np.cos(2 * np.pi * x)[:, None] + 10 * np.sin(2 * np.pi * y)[None, :]
    volume = np.repeat(smooth[..., None], 3, axis=2).astype(np.float32)
    images, _, scales = prepare_volume(volume, Geometry(), matrix=(8, 24))
    np.testing.assert_allclose(images[0] * scales[0], smooth[::2], rtol=1e-5)


def test_transpose_then_crop(rng):
    volume = rng.random((6, 8, 3)).astype(np.float32) + 0.5
    images, _, scales = prepare_volume(volume, Geometry(transpose=True, crop=(8, 10)))
    assert images.shape == (3, 8, 10)
    np.testing.assert_allclose(images[:, :, 2:8] * scales[:, None, None], volume.transpose(2, 1, 0), rtol=1e-6)
    assert not images[:, :, :2].any()
    assert not images[:, :, 8:].any()


def test_matrix_of_the_domain_replaces_the_geometrys(rng):
    volume = rng.random((8, 8, 2)).astype(np.float32)
    assert prepare_volume(volume, Geometry(matrix=(4, 4)), (6, 5))[0].shape == (2, 6, 5)


@hypothesis.given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))
def test_fit_keeps_the_origin_and_cuts_what_it_padded(h, w, new_h, new_w):
    image = np.zeros((h, w))
    image[h // 2, w // 2] = 1
    out = fit(image, (new_h, new_w))
    assert out.shape == (new_h, new_w)
    assert out[new_h // 2, new_w // 2] == 1
    assert out.sum() == 1
    full = np.arange(h * w).reshape(h, w)
    np.testing.assert_array_equal(fit(fit(full, (h + new_h, w + new_w)), (h, w)), full)


def test_lightness_by_hand():
    """L* of CIE 1976 from sRGB's luminance: white, black, middle grey and the three primaries."""
    colours = np.array([[255, 255, 255], [0, 0, 0], [119, 119, 119], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    lightness = [100.0, 0.0, 50.0344, 53.2408, 87.7347, 32.2970]
    expected = [round(value * 2.55) for value in lightness]
    assert lightness_of(colours[None]).tolist() == [expected]


def test_photographs_are_lightness_over_100(rng):
    pixels = rng.integers(0, 256, (6, 8)).astype(np.uint8)
    image = prepare_photograph(pixels)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image * 100, pixels / 2.55, rtol=1e-6)
    assert prepare_photograph(np.full((8, 8), 51, np.uint8), (4, 6)).shape == (4, 6)
    np.testing.assert_allclose(prepare_photograph(np.full((8, 8), 51, np.uint8), (4, 6)), 0.2, rtol=1e-6)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (np.full((4, 4), np.nan), "NaN or infinite"),
        (np.full((4, 4), np.inf), "NaN or infinite"),
        (np.ones((2, 4, 4)), r"shape \(2, 4, 4\): an image is 2-D"),
        (np.ones(4), "2-D"),
        (np.zeros((4, 4)), "zero everywhere"),
    ],
)
def test_images_that_cannot_be_used(image, sentence):
    with pytest.raises(ReconError, match=f"Picture .*{sentence}"):
        check_image(image, "Picture")


@pytest.mark.parametrize(
    ("volume", "sentence"),
    [
        (np.ones((4, 4)), r"shape \(4, 4\): a volume is 3-D"),
        (np.full((4, 4, 4), np.nan), "NaN or infinite"),
        (np.zeros((4, 4, 4)), "zero everywhere"),
        (staircase([5, 5]), "no slice with more than 10%"),
    ],
)
def test_volumes_that_cannot_be_used(volume, sentence):
    with pytest.raises(ReconError, match=f"Volume x .*{sentence}"):
        prepare_volume(volume.astype(np.float32), PLAIN, name="Volume x")


@pytest.mark.parametrize(
    "bad", [np.ones((4, 4, 4), np.uint8), np.ones((4, 4, 3), np.float32), np.ones((4, 4), np.uint8)]
)
def test_photographs_are_8_bit_rgb(bad):
    with pytest.raises(ReconError, match="8-bit RGB"):
        lightness_of(bad)


def test_lightness_is_8_bit_and_2_d():
    with pytest.raises(ReconError, match="2-D"):
        prepare_photograph(np.ones((4, 4, 3), np.uint8))
    with pytest.raises(ReconError, match="8 bits"):
        prepare_photograph(np.ones((4, 4), np.float32))
    with pytest.raises(ReconError, match="zero everywhere"):
        prepare_photograph(np.zeros((4, 4), np.uint8))
