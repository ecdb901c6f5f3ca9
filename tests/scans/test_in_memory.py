"""One line of Python: arrays in, arrays out, with the values that the commands give."""

import contextlib
import doctest
import subprocess
import sys
import warnings

import numpy as np
import pytest
from laws import ROOT, direct_fft2c
from scan_files import head, tiny_network

import recon_lib
from recon_lib.core.errors import ReconError
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS, find_recipe
from recon_lib.scans import in_memory
from recon_lib.scans.reconstruct import open_network, reconstruct_scan
from recon_lib.scans.scan import Scan

IMAGES = np.moveaxis(head((40, 36, 4)), 2, 0)


@contextlib.contextmanager
def warned_of(words):
    """Expect one of the warnings to hold words; those of other packages are theirs."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert any(words in str(warning.message) for warning in caught)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    return tiny_network(tmp_path_factory.mktemp("network") / "tiny.safetensors")


def test_the_package_offers_both_without_loading_anything_before():
    assert recon_lib.reconstruct is in_memory.reconstruct
    assert recon_lib.fine_tune is in_memory.fine_tune
    with pytest.raises(AttributeError, match="reconstuct"):
        _ = recon_lib.reconstuct
    code = "import sys, recon_lib; print(sorted({'keras', 'numpy', 'tensorflow', 'pandas'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert shown.stdout.strip() == "[]"


def test_the_examples_of_the_documentation_run(net, monkeypatch):
    monkeypatch.setattr(in_memory, "obtain_network", lambda name: net)
    results = doctest.testmod(in_memory)
    assert (results.failed, results.attempted) == (0, 11)


def test_magnitudes_are_reconstructed_as_the_command_does(net):
    array, _ = reconstruct_scan(Scan(net, "npy", IMAGES), open_network(net), acceleration=3.0, seed=2)
    images = recon_lib.reconstruct(IMAGES, weights=net, acceleration=3.0, seed=2)
    np.testing.assert_array_equal(images, array)
    assert images.dtype == np.float32
    one = recon_lib.reconstruct(IMAGES[1], weights=str(net))
    assert one.shape == (40, 36)
    assert not np.array_equal(one, recon_lib.reconstruct(IMAGES[1], weights=net, seed=1))


@pytest.mark.parametrize("scale", [1.0, 1e-6, 7e4])
def test_a_mask_says_what_is_sampled(net, scale):
    mask = np.zeros((40, 36), bool)
    mask[::2] = True
    mask[16:25] = True
    kspace = direct_fft2c(IMAGES) * scale
    images = recon_lib.reconstruct(kspace, mask, weights=net)
    np.testing.assert_array_equal(images, recon_lib.reconstruct(np.where(mask, kspace, 0), weights=net))
    acquired = direct_fft2c(images)
    assert images.max() == pytest.approx(scale * IMAGES.max(), rel=0.5)
    assert acquired.shape == kspace.shape
    drawn = recon_lib.reconstruct(IMAGES, mask, weights=net)
    assert not np.array_equal(drawn, recon_lib.reconstruct(IMAGES, weights=net))


def test_k_space_from_the_corner_is_turned_with_a_warning(net):
    kspace = np.fft.fft2(IMAGES, norm="ortho")
    mask = np.zeros(36, bool)
    mask[::2] = mask[14:22] = True
    expected = recon_lib.reconstruct(direct_fft2c(IMAGES), weights=net)
    with warned_of("corner"):
        np.testing.assert_allclose(recon_lib.reconstruct(kspace, weights=net), expected, atol=1e-3 * IMAGES.max())
    with warned_of("corner"):
        recon_lib.reconstruct(kspace, weights=net, kspace_order="corner")


def test_a_tuned_network_is_better_on_its_images_and_the_first_stays_as_it_was(net, tmp_path):
    start = open_network(net)
    weights = [np.array(weight) for weight in start.cascade.get_weights()]
    options = {"epochs": 6, "learning_rate": 3e-3, "acceleration": 3.0}
    tuned = recon_lib.fine_tune(IMAGES, weights=start, output=tmp_path / "t.safetensors", **options)
    assert all(np.array_equal(a, b) for a, b in zip(weights, start.cascade.get_weights(), strict=True))
    again = recon_lib.fine_tune(IMAGES * 50, weights=net, **options)

    def error(network):
        return np.linalg.norm(recon_lib.reconstruct(IMAGES, weights=network, acceleration=3.0) - IMAGES)

    assert error(tuned) < error(start)
    assert error(again) == pytest.approx(error(tuned), rel=1e-4)  # the scale does not matter
    assert error(tmp_path / "t.safetensors") == pytest.approx(error(tuned), rel=1e-6)
    for change in ({"batch": 2}, {"seed": 1}, {"epochs": 5}):
        other = recon_lib.fine_tune(IMAGES, weights=start, **{**options, **change})
        assert not np.array_equal(other.cascade.get_weights()[0], tuned.cascade.get_weights()[0]), change


def test_it_tunes_by_the_default_recipe_from_the_network_that_it_starts_from(net, monkeypatch):
    asked = []
    monkeypatch.setattr(in_memory, "obtain_network", lambda name: asked.append(name) or net)
    recipe = recon_lib.fine_tune(IMAGES, epochs=1).card.parameters["recipe"]
    assert recipe.get("augmentation", {}) == find_recipe(DEFAULT, None).augmentation.as_dict()
    assert asked == [NETWORKS[DEFAULT]]


def test_dark_images_are_left_out_with_a_warning(net):
    images = np.concatenate([IMAGES, np.zeros_like(IMAGES[:1])])
    with warned_of("1 of 5 images are too dark"):
        tuned = recon_lib.fine_tune(images, weights=net, epochs=1)
    expected = recon_lib.fine_tune(IMAGES, weights=net, epochs=1)
    pairs = zip(tuned.cascade.get_weights(), expected.cascade.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4)), "zero everywhere"),
        (np.full((4, 4), np.nan), "NaN"),
        (np.zeros(4), "give numbers of shape"),
        (np.array([["a", "b"]]), "give numbers of shape"),
        (IMAGES.astype(complex), "image"),
    ],
)
def test_what_is_no_scan_is_refused(array, message, net):
    with pytest.raises(ReconError, match=message):
        recon_lib.reconstruct(array, weights=net)


def test_bad_arguments_are_one_sentence(net):
    with pytest.raises(ReconError, match="The mask the mask is"):
        recon_lib.reconstruct(IMAGES, np.eye(7), weights=net)
    with pytest.raises(ReconError, match="magnitudes of shape"):
        recon_lib.fine_tune(IMAGES[0], weights=net)
    with pytest.raises(ReconError, match="There is no file"):
        recon_lib.reconstruct(IMAGES, weights="gone.safetensors")


def test_importing_the_package_is_quick():
    code = "import time; start = time.process_time(); import recon_lib; print(time.process_time() - start)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert float(shown.stdout) < 0.2
