"""What is acquired of a scan: masks, scales, references; k-space with its own mask is not touched."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laws import direct_fft2c, direct_ifft2c
from scan_files import head
from scans.phantoms import ellipse

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.masks import MaskSpec
from recon_lib.scans.sampling import (
    BY_REFERENCE,
    BY_ZERO_FILLED,
    acquire_scan,
    is_undersampled,
    limits_of,
    simulate,
    smooth_phase,
)
from recon_lib.scans.scan import Scan
from recon_lib.scans.scan_masks import make_mask

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


@pytest.mark.parametrize("mask", [ellipse((24, 28)), np.arange(28) % 25 > 3])
def test_k_space_that_is_full_within_its_limits_is_undersampled_inside_them(mask):
    inside = np.broadcast_to(mask, (24, 28))
    scan = raw(direct_fft2c(SLICES) * inside)
    assert not is_undersampled(scan)
    limits = limits_of(scan)
    made = acquire_scan(scan, MaskSpec(3.0))
    reference = np.abs(direct_ifft2c(direct_fft2c(SLICES) * inside))
    np.testing.assert_allclose(made.target[..., 0] * made.scales[:, None, None], reference, rtol=1e-4, atol=1e-2)
    assert made.mask[:, ~limits].all(), "data consistency keeps zero what lies outside"
    np.testing.assert_allclose(kspace_of(made)[:, ~limits], 0, atol=1e-6)
    assert made.facts["acceleration"] == pytest.approx(limits.sum() / made.mask[0, limits].sum(), abs=1e-4)
    assert made.facts["acceleration"] == pytest.approx(3, rel=0.05)
    assert made.facts["acquired limits"]["share of the matrix"] == pytest.approx(limits.mean(), abs=1e-4)


def test_the_limits_that_were_read_are_those_that_count():
    lines = np.zeros((24, 28), bool)
    lines[:, 4:25] = True
    scan = Scan(Path("k.h5"), "kspace", (direct_fft2c(SLICES) * lines).astype(np.complex64), limits=np.ones_like(lines))
    assert is_undersampled(scan)
    assert not is_undersampled(replace(scan, limits=lines))
    assert acquire_scan(scan).target is None


def test_partial_fourier_sampling_is_undersampled_and_its_other_half_is_open():
    half = np.zeros((24, 28), bool)
    half[9:] = True
    made = acquire_scan(raw(direct_fft2c(SLICES) * half))
    assert made.target is None
    np.testing.assert_array_equal(made.mask[0], half)


def test_scattered_samples_in_an_ellipse_leave_its_outside_zero():
    inside = ellipse((24, 28))
    sampled = inside & (np.random.default_rng(0).random((24, 28)) < 0.5)
    sampled[8:17, 10:19] = True
    scan = raw(direct_fft2c(SLICES) * sampled)
    made = acquire_scan(scan)
    limits = limits_of(scan)
    np.testing.assert_array_equal(made.mask[0].astype(bool), sampled | ~limits)
    assert made.facts["acceleration"] == pytest.approx(limits.sum() / sampled.sum(), abs=1e-3)


@pytest.mark.parametrize("kind", ["npy", "kspace"])
def test_the_user_s_mask_takes_the_place_of_those_drawn(kind):
    scan = magnitudes() if kind == "npy" else raw(direct_fft2c(SLICES))
    columns = (np.arange(28) % 3 == 0) | (np.abs(np.arange(28) - 14) < 3)
    made = acquire_scan(scan, mask=make_mask(columns, "m.npy"))
    np.testing.assert_array_equal(made.mask, np.broadcast_to(columns, made.mask.shape))
    assert made.facts["masks"] == {"file": "m.npy"}
    assert made.notes["mask used"] == f"undersampled with the mask m.npy, {1 / columns.mean():.3g}-fold."
    with pytest.raises(ReconError, match="undersampled already: leave out --mask"):
        acquire_scan(raw(direct_fft2c(SLICES) * columns), mask=make_mask(columns, "m.npy"))


def test_a_mask_of_each_slice_stays_with_its_slice():
    array = SLICES.copy()
    array[1] = 0
    masks = np.random.default_rng(1).random(SLICES.shape) < 0.5
    masks[:, 11:14, 13:16] = True
    np.testing.assert_array_equal(acquire_scan(magnitudes(array), mask=make_mask(masks, "m")).mask, masks[[0, 2, 3, 4]])


def test_a_file_s_own_mask_is_offered_where_k_space_is_full():
    mask = np.arange(28) % 2 == 0
    scan = replace(raw(direct_fft2c(SLICES)), mask=mask)
    assert "--mask own undersamples by it" in acquire_scan(scan).notes["mask not used"]
    assert acquire_scan(replace(raw(direct_fft2c(SLICES) * mask), mask=mask)).notes == {}


def test_complex_images_are_labelled_as_a_simulation():
    made = acquire_scan(replace(raw(direct_fft2c(SLICES)), computed=True))
    assert made.facts["simulation"] is True
    assert "complex images" in made.facts["why"]
    assert "no phase" not in made.facts["why"]
    assert made.phase is not None


def test_a_few_voxels_that_outshine_the_rest_do_not_decide_the_scale():
    spoilt = SLICES.copy()
    spoilt[2, 12, 14] = 15 * SLICES.max()
    made, plain = acquire_scan(magnitudes(spoilt)), acquire_scan(magnitudes())
    assert made.scales[2] == pytest.approx(plain.scales[2], rel=0.1)
    np.testing.assert_array_equal(made.scales[[0, 1, 3, 4]], plain.scales[[0, 1, 3, 4]])
    assert "in 1 of 5 slices" in made.notes["scaled by a percentile"]
    assert made.target.max() == pytest.approx(1)
    assert plain.notes == {}
    raised = acquire_scan(raw(direct_fft2c(spoilt)))
    assert raised.scales[2] == pytest.approx(plain.scales[2], rel=0.1)
    assert raised.target[2].max() > 10, "k-space is scaled and not limited"
    assert simulate(spoilt, MaskSpec()).scales[2] == made.scales[2]
