"""What is acquired of a scan: masks, scales, references; k-space with its own mask is not touched."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from laws import direct_fft2c, direct_ifft2c
from scan_files import head

from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.masks import MaskSpec
from recon_lib.scans.sampling import BY_REFERENCE, BY_ZERO_FILLED, acquire_scan, is_undersampled, smooth_phase
from recon_lib.scans.scan import Scan

SLICES = np.moveaxis(head(), 2, 0)


def magnitudes(array=SLICES):
    return Scan(Path("m.npy"), "npy", array.copy())


def raw(kspace):
    return Scan(Path("k.npy"), "kspace", kspace.astype(np.complex64))


def kspace_of(acquired):
    return direct_fft2c(to_complex(acquired.zero_filled).astype(complex))


def test_magnitudes_are_undersampled_and_scaled_by_their_maxima():
    made = acquire_scan(magnitudes())
    np.testing.assert_allclose(made.scales, SLICES.max(axis=(1, 2)))
    np.testing.assert_allclose(made.target[..., 0], SLICES / made.scales[:, None, None], rtol=1e-6)
    expected = direct_fft2c(made.target[..., 0]) * made.mask
    np.testing.assert_allclose(kspace_of(made), expected, atol=1e-5)
    assert made.mask.mean() == pytest.approx(1 / 4, abs=1e-3)
    assert made.facts["simulation"] is True
    assert "SIMULATION" in made.facts["why"]
    assert made.facts["normalisation"] == BY_REFERENCE


def test_options_matter():
    base = acquire_scan(magnitudes())
    assert acquire_scan(magnitudes(), MaskSpec(8.0)).mask.mean() == pytest.approx(1 / 8, abs=2e-3)
    assert not np.array_equal(acquire_scan(magnitudes(), MaskSpec(seed=1)).mask, base.mask)
    assert acquire_scan(magnitudes(), axis="1").zero_filled.shape == (24, 5, 28, 2)
    by_zero_filled = acquire_scan(magnitudes(), normalisation=BY_ZERO_FILLED)
    np.testing.assert_allclose(np.abs(to_complex(by_zero_filled.zero_filled)).max(axis=(1, 2)), 1, rtol=1e-5)
    unscaled = [made.zero_filled * made.scales[:, None, None, None] for made in (by_zero_filled, base)]
    np.testing.assert_allclose(*unscaled, rtol=1e-4, atol=1e-2)


def test_slices_share_masks_in_turn_and_no_neighbours_have_the_same():
    many = np.abs(np.random.default_rng(0).normal(size=(25, 16, 16))).astype(np.float32)
    mask = acquire_scan(magnitudes(many)).mask
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(mask))
    np.testing.assert_array_equal(mask[0], mask[20])


def test_empty_slices_are_left_out_and_counted():
    array = SLICES.copy()
    array[[0, 3]] = 0
    made = acquire_scan(magnitudes(array))
    np.testing.assert_array_equal(made.numbers, [1, 2, 4])
    assert made.slices == 5


def test_small_negative_values_become_zero():
    array = SLICES.copy()
    array[0, 0, :3] = -1
    made = acquire_scan(magnitudes(array))
    assert made.target.min() == 0
    assert made.facts["negative values set to zero"] == 3


def test_magnitudes_with_a_black_background_are_not_called_undersampled():
    dark = SLICES.copy()
    dark[:, : dark.shape[1] // 2] = 0
    assert not is_undersampled(magnitudes(dark))
    assert is_undersampled(raw(dark))


def test_full_k_space_is_undersampled_and_keeps_its_phase():
    y, x = np.mgrid[-1:1:24j, -1:1:28j]
    phase = np.exp(1j * (0.7 + 1.5 * x * y))
    scan = raw(direct_fft2c(SLICES * phase))
    assert not is_undersampled(scan)
    made = acquire_scan(scan)
    np.testing.assert_allclose(made.target[..., 0], SLICES / SLICES.max(axis=(1, 2), keepdims=True), atol=1e-5)
    full = direct_fft2c(SLICES * phase / made.scales[:, None, None]) * made.mask
    np.testing.assert_allclose(kspace_of(made), full, atol=1e-5)
    assert made.facts["simulation"] is False
    assert made.facts["sampling"] == "retrospective undersampling of raw k-space"


def test_k_space_with_its_own_mask_is_taken_as_it_is():
    mask = np.zeros((24, 28), bool)
    mask[:, ::3] = mask[8:16] = True
    kspace = direct_fft2c(SLICES) * mask
    scan = raw(kspace)
    assert is_undersampled(scan)
    made = acquire_scan(scan, MaskSpec(8.0))
    np.testing.assert_array_equal(made.mask, np.broadcast_to(mask, made.mask.shape))
    assert made.target is None
    np.testing.assert_allclose(kspace_of(made) * made.scales[:, None, None], kspace, rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(made.scales, np.abs(direct_ifft2c(kspace)).max(axis=(1, 2)), rtol=1e-5)
    assert made.facts["normalisation"] == BY_ZERO_FILLED
    assert made.facts["sampling"] == "as acquired"
    assert made.facts["acceleration"] == pytest.approx(1 / mask.mean(), abs=1e-3)


def test_the_edges_that_a_scanner_leaves_zero_do_not_make_k_space_undersampled():
    kspace = direct_fft2c(SLICES)
    kspace[:, :, -2:] = 0
    made = acquire_scan(raw(kspace))
    assert made.target is not None
    assert not made.mask[:, :, -2:].any()


def test_a_smooth_phase_is_found_from_the_centre_of_k_space():
    y, x = np.mgrid[-1:1:64j, -1:1:60j]
    images = np.moveaxis(head((64, 60, 3)), 2, 0)
    phase = np.exp(1j * (2.5 + 0.8 * x - 0.5 * y + 0.6 * x * y))
    full = direct_fft2c(images * phase)
    for sampled in (full, kspace_of(acquire_scan(raw(full)))):
        estimate = smooth_phase(sampled)
        np.testing.assert_allclose(np.abs(estimate), 1, atol=1e-6)
        bright = images > 0.3 * images.max()
        assert np.abs(np.angle(estimate * phase.conj()))[bright].mean() < 0.1
    made = acquire_scan(raw(full))
    assert made.phase.shape == (3, 64, 60, 2)
    # Only what was sampled tells the phase: the rest of a full k-space is not known to a network.
    np.testing.assert_allclose(to_complex(made.phase), smooth_phase(kspace_of(made)), atol=1e-4)
    assert not np.allclose(to_complex(made.phase), smooth_phase(full), atol=1e-2)
    assert acquire_scan(magnitudes()).phase is None


def test_some_slices_can_be_taken():
    for scan in (magnitudes(), raw(direct_fft2c(SLICES))):
        made = acquire_scan(scan)
        part = made.take(np.array([3, 1]))
        for name in ("zero_filled", "mask", "scales", "target", "numbers", "phase"):
            whole = getattr(made, name)
            assert (getattr(part, name) is None) == (whole is None)
            if whole is not None:
                np.testing.assert_array_equal(getattr(part, name), whole[[3, 1]])
        assert (part.slices, part.facts) == (made.slices, made.facts)
