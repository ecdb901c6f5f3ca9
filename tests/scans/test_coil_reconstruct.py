"""A file of several coils by a network: the images of the pipeline, in the file's units, and bad maps named."""

import importlib.util

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.imaging.coils import CoilAcquisition
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.network.files import save_network
from recon_lib.results.released import NetworkCard
from recon_lib.scans.coil_kspace import check_kspace
from recon_lib.scans.coil_reconstruct import reconstruct_coil_scan

SHAPE = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)
SIZE = (48, 40)
sigpy = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "network.safetensors"
    save_network(path, build_coils(CoilCascade(SHAPE, seed=1)), NetworkCard())
    return path


def example(slices=2):
    rng = np.random.default_rng(2)
    y, x = (np.linspace(-1, 1, n) for n in SIZE)
    image = 30 * (np.hypot(y[:, None] / 0.7, x[None, :] / 0.8) < 1) * (1 + 0.3 * rng.random(SIZE))
    maps = simulate_maps(SIZE, CoilSimulation(coils=(4, 4)), rng)
    mask = rng.random(SIZE) < 0.4
    mask[14:34, 10:30] = True
    kspace = CoilAcquisition(mask, maps).forward(np.stack([image * (k + 1) for k in range(slices)]))
    return kspace + 0.01 * mask * complex_noise(kspace.shape, rng), maps


def test_with_maps_it_is_the_network_s_reconstruction(network):
    kspace, maps = example()
    images, used, record = reconstruct_coil_scan(check_kspace(network, kspace), network, maps=2 * maps)
    np.testing.assert_allclose(used[1], maps, atol=1e-5)  # normalised, and repeated for every slice
    mask = kspace.any(axis=1)
    expected = reconstruct_coils(build_coils(CoilCascade(SHAPE, seed=1)), acquired_coils(kspace, mask, used))
    np.testing.assert_allclose(images, expected, rtol=1e-3, atol=1e-3)
    assert record["maps"] == "given"
    assert record["coils"] == 4
    np.testing.assert_allclose(images[1], 2 * images[0], atol=1)  # in the units of the k-space


@sigpy
def test_maps_are_estimated_of_virtual_coils(network):
    kspace, _ = example(slices=1)
    images, maps, record = reconstruct_coil_scan(check_kspace(network, kspace), network, compress=3)
    assert maps.shape == (1, 3, *SIZE)
    assert record["virtual coils"] == 3
    assert "estimated" in record["maps"]
    whole, _, _ = reconstruct_coil_scan(check_kspace(network, kspace), network)
    assert np.linalg.norm(np.abs(images) - np.abs(whole)) < 0.3 * np.linalg.norm(whole)


def test_what_does_not_fit_is_named(network):
    kspace, maps = example()
    scan = check_kspace(network, kspace)
    for settings, message in (
        ({"maps": maps[:3]}, r"shape \(3, 48, 40\), but the k-space is of 4 coils, 48x40"),
        ({"maps": maps[:, :40]}, r"\(4, 40, 40\)"),
        ({"maps": maps, "compress": 2}, "leave out --compress"),
        ({"compress": 5}, "4 coils cannot be compressed to 5"),
    ):
        with pytest.raises(ReconError, match=message):
            reconstruct_coil_scan(scan, network, **settings)
