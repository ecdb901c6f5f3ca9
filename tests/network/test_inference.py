"""A network over many images: the cascade's equations whatever the parts, one image at least in each."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from laws import direct_fft2c, direct_ifft2c

from recon_lib.experiment.recipes import PHASES, Architecture
from recon_lib.imaging.acquisition import acquire, to_channels
from recon_lib.network import inference
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.inference import advance, apply_network, forward_of, parts, reconstruct, slice_psnr

TINY = Architecture(subnetworks=3, hidden_layers=1, filters=3)
SIZE = (9, 8)


@pytest.fixture(scope="module")
def cascade():
    return build(Cascade(TINY, seed=2))


@pytest.fixture
def example():
    rng = np.random.default_rng(0)
    return rng.random((5, *SIZE)).astype(np.float32) + 0.1, rng.random((5, *SIZE)) < 0.5


@pytest.fixture
def small(monkeypatch):
    """A device that takes two images and a half at once."""
    monkeypatch.setattr(inference, "forward_pixels", lambda architecture: int(2.5 * SIZE[0] * SIZE[1]))


def lengths(cascade, count, size):
    return [len(range(count)[part]) for part in parts(count, size, cascade)]


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [(71, [1, 1, 1]), (72, [1, 1, 1]), (143, [1, 1, 1]), (144, [2, 1]), (216, [3]), (10**9, [3]), (1, [1, 1, 1])],
)
def test_a_part_holds_as_many_images_as_fit_and_one_at_least(cascade, monkeypatch, pixels, expected):
    monkeypatch.setattr(inference, "forward_pixels", lambda architecture: pixels)
    assert lengths(cascade, 3, SIZE) == expected


@given(count=st.integers(1, 9), height=st.integers(1, 40), width=st.integers(1, 40), pixels=st.integers(1, 4000))
def test_parts_are_all_images_in_order_and_no_more_pixels_than_fit(count, height, width, pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "forward_pixels", lambda architecture: pixels)
        chosen = [range(count)[part] for part in parts(count, (height, width), Cascade(TINY))]
    assert [place for part in chosen for place in part] == list(range(count))
    most = max(len(part) for part in chosen)
    assert most == 1 or most * height * width <= pixels
    assert len(chosen) == 1 or (most + 1) * height * width > pixels  # another image would not have fitted


def test_what_fits_is_asked_of_the_network_at_hand(cascade, monkeypatch):
    monkeypatch.setattr(inference, "forward_pixels", lambda architecture: 72 * architecture.filters)
    assert lengths(cascade, 3, SIZE) == [3]
    assert lengths(Cascade(replace(TINY, filters=1)), 3, SIZE) == [1, 1, 1]


def test_reconstructions_are_the_network_s_magnitudes(cascade, example, small):
    images, masks = example
    zero_filled = to_channels(direct_ifft2c(direct_fft2c(images) * masks))
    output = cascade((zero_filled, masks.astype(np.float32)))
    image_modulus, output_modulus = reconstruct(cascade, images, masks)
    image = ops.convert_to_numpy(output["image"]).astype(float)
    np.testing.assert_allclose(image_modulus, np.hypot(image[..., 0], image[..., 1]), atol=1e-5)
    np.testing.assert_allclose(output_modulus, np.abs(ops.convert_to_numpy(output["before_dc"])[..., 0]), atol=1e-5)
    assert image_modulus.dtype == output_modulus.dtype == np.float32


def test_progress_counts_images(cascade, example, small):
    calls = []
    apply_network(cascade, acquire(*example), lambda *state: calls.append(state))
    assert calls == [(2, 5, {}), (4, 5, {}), (5, 5, {})]


def test_a_phase_goes_with_its_image(cascade, example, small):
    acquired = acquire(*example)
    phase = np.exp(2j * np.pi * np.random.default_rng(1).random(acquired.mask.shape))
    turned = replace(acquired, zero_filled=to_channels(phase * direct_ifft2c(direct_fft2c(example[0]) * example[1])))
    together, _ = apply_network(cascade, replace(turned, phase=to_channels(phase)))
    for place in range(5):
        single, _ = apply_network(cascade, replace(turned, phase=to_channels(phase)).take(slice(place, place + 1)))
        np.testing.assert_allclose(together[place], single[0], atol=1e-5)
    assert not np.allclose(together, apply_network(cascade, turned)[0], atol=1e-3)


@pytest.mark.parametrize("phase", PHASES)
def test_sub_networks_one_after_another_give_the_cascade(phase, example, small):
    cascade = build(Cascade(replace(TINY, phase=phase), seed=2))
    data = acquire(*example)
    image = data.zero_filled
    for subnetwork in cascade.subnetworks:
        image = advance(subnetwork, cascade, image, data)
    expected = ops.convert_to_numpy(cascade((data.zero_filled, data.mask))["image"])
    np.testing.assert_allclose(image, expected, atol=1e-5)
    assert image.dtype == np.float32
    assert not np.allclose(image, data.zero_filled, atol=1e-2)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX has parts of one size")
def test_elsewhere_than_on_jax_parts_keep_their_sizes():
    slices = [slice(0, 2), slice(2, 4), slice(4, 6)]
    assert list(inference._parts_of_one_size(iter(slices), 5)) == slices


def test_the_psnr_of_slices_is_that_of_their_reconstructions(cascade, example, small):
    images, masks = example
    made = reconstruct(cascade, images, masks)[0].astype(np.float64)
    expected = [10 * np.log10(i.max() ** 2 / np.mean((i - m) ** 2)) for i, m in zip(images, made, strict=True)]
    reported = []
    measured = slice_psnr(cascade, acquire(images, masks), lambda *row: reported.append(row[:2]))
    np.testing.assert_allclose(measured, expected, rtol=1e-5)
    assert reported == [(2, 5), (4, 5), (5, 5)]


def test_a_function_made_once_follows_the_weights_and_gives_moduli(example):
    network = build(Cascade(TINY, seed=3))
    data = acquire(*example)
    inputs = data.zero_filled, data.mask
    forward = forward_of(network)
    first = ops.convert_to_numpy(forward(inputs)[0])
    network.predict_on_batch(inputs)  # on JAX this replaces the arrays that hold the weights
    network.set_weights([-weight for weight in network.get_weights()])
    image, output = (ops.convert_to_numpy(array) for array in forward(inputs))
    expected = network.predict_on_batch(inputs)
    real, imaginary = np.moveaxis(ops.convert_to_numpy(expected["image"]), -1, 0)
    assert image == pytest.approx(np.sqrt(real**2 + imaginary**2), abs=1e-6)
    assert output == pytest.approx(np.abs(ops.convert_to_numpy(expected["before_dc"])[..., 0]), abs=1e-6)
    assert np.abs(image - first).max() > 1e-3
