"""A file of several coils by a network: the images of the pipeline, in the file's units."""

import numpy as np
import pytest
from scan_files import tiny_coil_network
from scans.phantoms import coil_kspace, coil_mask, coil_scan

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.masks import MaskSpec
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.scans.coil_reconstruct import open_coil_network, reconstruct_coil_scan
from recon_lib.scans.scan_masks import make_mask

FULL, _, MAPS = coil_kspace(slices=3)
MASK = coil_mask()


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return open_coil_network(tiny_coil_network(tmp_path_factory.mktemp("network") / "tiny.safetensors"))


def test_it_is_the_network_s_reconstruction_in_the_places_of_the_slices(network):
    kspace = FULL * MASK
    kspace[1] = 0
    seen = []
    images, record, failures = reconstruct_coil_scan(
        coil_scan(kspace), network, maps=2 * MAPS, observe=lambda acquired, made: seen.append((acquired, made))
    )
    filled = kspace[[0, 2]]
    data = acquired_coils(filled, np.stack([MASK] * 2), np.stack([MAPS] * 2))
    np.testing.assert_allclose(images[[0, 2]], reconstruct_coils(network.cascade, data), rtol=1e-3, atol=0.1)
    assert not images[1].any()
    assert failures == {}
    assert (record["slices"], record["empty slices"], record["coils"]) == (3, 1, 4)
    assert record["network"] == {"name": "tiny", "sha256": network.card.sha256}
    ((acquired, made),) = seen
    np.testing.assert_allclose(made[1] * acquired.data.scales[1], images[2], rtol=1e-5)
    doubled = reconstruct_coil_scan(coil_scan(2 * kspace), network, maps=MAPS)[0]
    np.testing.assert_allclose(doubled, 2 * images, rtol=1e-3, atol=0.1)


def test_what_is_left_of_the_oversampling_is_cut_from_the_images(network):
    shapes = []
    settings = {"maps": MAPS, "observe": lambda acquired, made: shapes.append(made.shape)}
    whole = reconstruct_coil_scan(coil_scan(FULL * MASK), network, **settings)[0]
    cut = reconstruct_coil_scan(coil_scan(FULL * MASK, image=(30, 20)), network, **settings)[0]
    np.testing.assert_array_equal(cut, whole[:, 9:39, 10:30])
    assert shapes == [(3, 48, 40), (3, 30, 20)]


def test_full_k_space_is_undersampled_as_the_network_was_trained(network):
    assert network.masks(5.0, 3) == MaskSpec(5.0, calibration=30, seed=3)
    default, faster, other = (
        reconstruct_coil_scan(coil_scan(FULL), network, maps=MAPS, **settings)[1]
        for settings in ({}, {"acceleration": 6.0}, {"seed": 1})
    )
    assert default["acceleration"] == pytest.approx(4, abs=0.01)
    assert faster["acceleration"] == pytest.approx(6, abs=0.01)
    assert (default["masks"]["seed"], other["masks"]["seed"]) == (0, 1)


@pytest.mark.parametrize(
    ("array", "settings", "message"),
    [
        (FULL * MASK, {"acceleration": 4.0}, "undersampled already: leave out --acceleration"),
        (FULL * MASK, {"mask": make_mask(MASK, "m.npy")}, "undersampled already: leave out --mask"),
        (FULL, {"mask": make_mask(MASK, "m.npy"), "acceleration": 3.0}, "m.npy has an acceleration of its own"),
    ],
)
def test_undersampling_is_chosen_once(network, array, settings, message):
    with pytest.raises(ReconError, match=message):
        reconstruct_coil_scan(coil_scan(array), network, **settings)
