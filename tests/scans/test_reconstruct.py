"""A network on scans that a user brings: the same numbers as by the definitions, in the scan's place and units."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from laws import data_consistency, direct_fft2c, direct_ifft2c
from scan_files import head, save_nifti, tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.metrics import psnr
from recon_lib.network import precision
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.inference import apply_network, reconstruct
from recon_lib.scans.read import read_scan
from recon_lib.scans.reconstruct import evaluate_scan, mean_psnr, measure, open_network, reconstruct_scan
from recon_lib.scans.references import Slices
from recon_lib.scans.sampling import BY_ZERO_FILLED, acquire_scan, simulate
from recon_lib.scans.scan import Scan


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return open_network(tiny_network(tmp_path_factory.mktemp("network") / "tiny.safetensors"))


@pytest.fixture
def scan(tmp_path):
    return read_scan(save_nifti(tmp_path / "a.nii", head(), dtype=np.float32))


def raw(kspace):
    return Scan(Path("k.npy"), "kspace", kspace.astype(np.complex64))


SLICES = np.moveaxis(head(), 2, 0)


def test_a_reconstruction_is_the_network_s_output_in_the_scan_s_units(network, scan):
    volume, record = reconstruct_scan(scan, network)
    acquired = acquire_scan(scan, network.masks(4.0, 0))
    expected, _ = reconstruct(network.cascade, acquired.target[..., 0], acquired.mask)
    back = Scan(scan.path, scan.kind, volume, scan.affine).slices()
    np.testing.assert_allclose(back, expected * acquired.scales[:, None, None], rtol=1e-3, atol=0.05)
    assert volume.shape == scan.array.shape
    assert record["network"] == {"name": "tiny", "sha256": network.sha256}
    assert record["scales"] == pytest.approx(scan.slices().max(axis=(1, 2)), rel=1e-5)
    assert record["simulation"] is True


def test_what_was_sampled_is_in_the_result(network):
    """Data consistency on k-space with its own mask: the complex image would keep it; its magnitude nearly does."""
    mask = np.ones((24, 28), bool)
    mask[:, 1::4] = False
    scan = raw(direct_fft2c(SLICES) * mask)
    volume, record = reconstruct_scan(scan, network)
    assert record["sampling"] == "as acquired"
    zero_filled = np.abs(direct_ifft2c(scan.array))
    near = np.linalg.norm(volume - SLICES) / np.linalg.norm(SLICES)
    assert near < 1.5 * np.linalg.norm(zero_filled - SLICES) / np.linalg.norm(SLICES)
    assert volume.max() == pytest.approx(SLICES.max(), rel=0.5)


@pytest.mark.parametrize("factor", [1.0, 1e-6, 37.0])
def test_the_scale_of_the_scan_is_the_scale_of_the_result(network, factor):
    base, _ = reconstruct_scan(Scan(Path("m.npy"), "npy", SLICES), network)
    scaled, _ = reconstruct_scan(Scan(Path("m.npy"), "npy", SLICES * np.float32(factor)), network)
    np.testing.assert_allclose(scaled, base * factor, rtol=1e-3, atol=1e-4 * factor * 900)


def test_empty_slices_stay_empty_and_are_counted(network):
    array = SLICES.copy()
    array[2] = 0
    volume, record = reconstruct_scan(Scan(Path("m.npy"), "npy", array), network)
    assert not volume[2].any()
    assert volume[[0, 1, 3, 4]].any(axis=(1, 2)).all()
    assert record["empty slices"] == 1


def test_every_option_matters(network, scan):
    base, record = reconstruct_scan(scan, network)
    assert record["axis"] == 2
    for changes in ({"acceleration": 6.0}, {"seed": 1}, {"axis": "coronal"}):
        volume, changed = reconstruct_scan(scan, network, **changes)
        assert not np.allclose(volume, base, rtol=1e-3)
        assert changed != record
    calls = []
    reconstruct_scan(scan, network, progress=lambda *a: calls.append(a))
    assert calls[-1] == (5, 5, {})


def test_masks_are_those_of_the_network_s_training(network):
    spec = network.masks(6.0, 3)
    assert (spec.acceleration, spec.power, spec.calibration, spec.seed) == (6.0, 2.0, 24, 3)
    network.card.parameters["masks"]["power"] = 3.0
    try:
        assert network.masks(6.0, 3).power == 3.0
    finally:
        network.card.parameters["masks"]["power"] = 2.0


def test_k_space_that_is_undersampled_refuses_an_acceleration_and_a_measurement(network):
    scan = raw(direct_fft2c(SLICES) * (np.arange(28) % 2))
    with pytest.raises(ReconError, match="undersampled already: leave out --acceleration"):
        reconstruct_scan(scan, network, acceleration=4.0)
    with pytest.raises(ReconError, match="is undersampled k-space, so it has no reference"):
        evaluate_scan(scan, network)


@pytest.mark.parametrize(
    ("acceleration", "message"), [(0, "make it 1 or more"), (0.5, "1 or more"), (500, "lower the")]
)
def test_an_impossible_acceleration_is_refused(network, scan, acceleration, message):
    with pytest.raises(ReconError, match=message):
        reconstruct_scan(scan, network, acceleration=acceleration)


def test_evaluation_has_two_rows_a_slice_and_is_psnr_by_its_definition(network, scan):
    rows = evaluate_scan(scan, network)
    assert [(row["slice"], row["method"]) for row in rows[:3]] == [
        (0, "zero_filled"),
        (0, "network"),
        (1, "zero_filled"),
    ]
    acquired = acquire_scan(scan, network.masks(4.0, 0))
    error = np.abs(to_complex(acquired.zero_filled[0])) - acquired.target[0, ..., 0]
    assert rows[0]["psnr"] == pytest.approx(-10 * np.log10((error**2).mean()), abs=1e-3)
    image, reference = apply_network(network.cascade, acquired)[0][0], acquired.target[0, ..., 0]
    assert rows[1]["psnr"] == pytest.approx(psnr(reference, image, data_range=reference.max()))
    assert {row["scan"] for row in rows} == {"a.nii"}
    assert rows[0]["acceleration"] == 4.0


def test_slices_that_show_little_are_not_measured(network):
    array = SLICES.copy()
    array[1] *= 1e-3
    rows = evaluate_scan(Scan(Path("m.npy"), "npy", array), network)
    assert {row["slice"] for row in rows} == {0, 2, 3, 4}


def test_full_k_space_is_measured_against_its_own_image(network):
    rows = evaluate_scan(raw(direct_fft2c(SLICES)), network)
    like = evaluate_scan(Scan(Path("m.npy"), "npy", SLICES), network)
    for row, simulated in zip(rows, like, strict=True):
        assert row["psnr"] == pytest.approx(simulated["psnr"], abs=0.02)
        assert (row["simulation"], simulated["simulation"]) == (False, True)


def test_the_mean_over_held_out_slices(network):
    images = SLICES / SLICES.max(axis=(1, 2), keepdims=True)
    held = Slices(images, (Path("a"),) * 5, ("a",) * 5, tuple(range(5)))
    rows = measure(network, simulate(images, network.masks(4.0, 2)))
    got = mean_psnr(network, held, 4.0, 2)
    assert got["network"] == pytest.approx(np.mean([r["psnr"] for r in rows if r["method"] == "network"]))
    assert got != mean_psnr(network, held, 4.0, 0) != mean_psnr(network, held, 5.0, 0)


def test_an_unknown_normalisation_is_refused_and_the_other_known_one_is_used(tmp_path, scan):
    path = tiny_network(tmp_path / "odd.safetensors", normalisation="by the moon")
    with pytest.raises(ReconError, match=r"Unknown normalisation of .*odd"):
        open_network(path)
    by_zero_filled = open_network(tiny_network(tmp_path / "zf.safetensors", normalisation=BY_ZERO_FILLED))
    _, record = reconstruct_scan(scan, by_zero_filled)
    assert record["normalisation"] == BY_ZERO_FILLED
    assert record["scales"] != pytest.approx(scan.slices().max(axis=(1, 2)), rel=1e-3)


def test_a_phase_is_carried_round_the_network(network):
    """By hand: a sub-network sees the image without its phase, data consistency the image with it."""
    y, x = np.mgrid[-1:1:24j, -1:1:28j]
    acquired = acquire_scan(raw(direct_fft2c(SLICES * np.exp(1j * (0.9 + x * y)))), network.masks(4.0, 0))
    image = zero_filled = to_complex(acquired.zero_filled).astype(complex)
    kspace, phase = direct_fft2c(zero_filled), to_complex(acquired.phase)
    for subnetwork in network.cascade.subnetworks:
        plain = image * phase.conj()
        real = ops.convert_to_numpy(subnetwork(np.stack([plain.real, plain.imag], -1).astype(np.float32)))[..., 0]
        image = data_consistency(real * phase, kspace, acquired.mask, np.inf)
    after, output = apply_network(network.cascade, acquired)
    np.testing.assert_allclose(after, np.abs(image), atol=1e-4)
    np.testing.assert_allclose(output, np.abs(real), atol=1e-4)
    assert not np.allclose(np.abs(image), np.abs(zero_filled), atol=1e-2)


def test_a_network_that_keeps_phases_needs_no_estimate_of_one(network):
    y, x = np.mgrid[-1:1:24j, -1:1:28j]
    acquired = acquire_scan(raw(direct_fft2c(SLICES * np.exp(1j * (0.9 + x * y)))), network.masks(4.0, 0))
    keeping = build(Cascade(replace(network.cascade.architecture, phase="kept")))
    keeping.set_weights(network.cascade.get_weights())
    image, _ = apply_network(keeping, acquired)
    np.testing.assert_allclose(image, apply_network(keeping, replace(acquired, phase=None))[0], atol=1e-6)
    assert not np.allclose(image, apply_network(network.cascade, acquired)[0], atol=1e-3)


def test_a_constant_phase_changes_nothing(network):
    base = evaluate_scan(raw(direct_fft2c(SLICES)), network)
    turned = evaluate_scan(raw(direct_fft2c(SLICES) * np.exp(2.1j)), network)
    for row, turned_row in zip(base, turned, strict=True):
        assert row["psnr"] == pytest.approx(turned_row["psnr"], abs=1e-3)


def test_the_precision_is_chosen_used_and_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    path = tiny_network(tmp_path / "net.safetensors")
    source = save_nifti(tmp_path / "a.nii", head())
    scan = read_scan(source)
    volumes = {}
    for name in ("float32", "bfloat16"):
        network = open_network(path, name)
        volumes[name], record = reconstruct_scan(scan, network)
        assert record["precision"] == network.precision.name == name
        assert {row["precision"] for row in evaluate_scan(scan, network)} == {name}
    assert not np.array_equal(*volumes.values())
    np.testing.assert_allclose(*volumes.values(), atol=0.02 * volumes["float32"].max())
    monkeypatch.setenv("RECON_PRECISION", "bfloat16")
    assert np.array_equal(reconstruct_scan(scan, open_network(path))[0], volumes["bfloat16"])
