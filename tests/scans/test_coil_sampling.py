"""K-space of several coils as acquired: full k-space undersampled, maps found or given, and bad coils named."""

import importlib.util

import numpy as np
import pytest
from laws import direct_ifft2c
from scans.phantoms import coil_kspace, coil_mask, coil_scan

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.coil_simulation import complex_noise
from recon_lib.imaging.masks import MaskSpec
from recon_lib.scans.coil_sampling import acquire_coil_scan
from recon_lib.scans.scan_masks import make_mask

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")

FULL, IMAGES, MAPS = coil_kspace()
MASK = coil_mask()
SPEC = MaskSpec()


def test_what_was_undersampled_is_taken_as_it_is():
    acquired = acquire_coil_scan(coil_scan(FULL * MASK), SPEC, maps=MAPS)
    assert acquired.data.target is None
    assert np.array_equal(acquired.data.mask, np.stack([MASK, MASK]))
    combined = (MAPS.conj() * direct_ifft2c(FULL * MASK)).sum(axis=1)
    given = to_complex(acquired.data.zero_filled) * acquired.data.scales[:, None, None]
    np.testing.assert_allclose(given, combined, atol=1e-2)
    assert acquired.facts["acceleration"] == pytest.approx(1 / MASK.mean(), abs=1e-3)
    assert (acquired.facts["sampling"], acquired.facts["maps"]) == ("as acquired", "given")
    assert "simulation" in acquired.facts


def test_full_k_space_is_undersampled_and_gives_a_reference():
    acquired = acquire_coil_scan(coil_scan(FULL), MaskSpec(5.0, seed=2), maps=MAPS)
    assert acquired.facts["acceleration"] == pytest.approx(5, abs=0.01)
    assert acquired.facts["masks"]["seed"] == 2
    reference = to_complex(acquired.data.target) * acquired.data.scales[:, None, None]
    np.testing.assert_allclose(reference, IMAGES, atol=8)  # of 900; the noise has a standard deviation of 1
    own = acquire_coil_scan(coil_scan(FULL), SPEC, maps=MAPS, mask=make_mask(MASK, "own.npy"))
    assert np.array_equal(own.data.mask[1], MASK)
    assert own.facts["masks"] == {"file": "own.npy"}


def test_a_mask_that_is_drawn_has_a_centre_for_maps_where_maps_are_estimated():
    sampled = [acquire_coil_scan(coil_scan(FULL), SPEC, maps=maps).data.mask[0] for maps in (None, MAPS)]
    block = (slice(18, 30), slice(14, 26))
    assert sampled[0][block].all()
    assert not sampled[1][block].all()


def test_estimated_maps_explain_the_coils_everywhere():
    acquired = acquire_coil_scan(coil_scan(FULL * coil_mask(side=12)), SPEC)
    np.testing.assert_allclose((np.abs(acquired.data.maps) ** 2).sum(axis=1), 1, atol=1e-5)
    bright = np.abs(IMAGES[0]) > 100
    likeness = np.abs((acquired.data.maps[0].conj() * MAPS).sum(axis=0))[bright]
    assert likeness.min() > 0.9
    assert np.median(likeness) > 0.99


def test_virtual_coils_keep_the_image():
    kspace = FULL.copy()
    kspace[:, 3] = 0.5 * kspace[:, 2]  # two coils alike, so three hold everything but noise
    whole, fewer = (acquire_coil_scan(coil_scan(kspace), SPEC, virtual_coils=count) for count in (None, 3))
    assert fewer.data.maps.shape == (2, 3, 48, 40)
    assert fewer.facts["virtual coils"] == 3
    assert np.abs(fewer.data.references - whole.data.references).max() < 0.1 * whole.data.references.max()
    settings = {"virtual_coils": 2}
    undersampled = acquire_coil_scan(coil_scan(kspace * MASK), SPEC, **settings)
    masked = acquire_coil_scan(coil_scan(kspace), SPEC, mask=make_mask(MASK, "m.npy"), **settings)
    np.testing.assert_allclose(masked.data.zero_filled, undersampled.data.zero_filled, atol=1e-4)


def test_outside_the_acquired_limits_nothing_is_invented():
    narrow = FULL.copy()
    narrow[..., :5], narrow[..., -4:] = 0, 0
    acquired = acquire_coil_scan(coil_scan(narrow), MaskSpec(3.0), maps=MAPS)
    assert acquired.data.mask[..., :5].all()
    assert acquired.data.mask[..., -4:].all()
    assert acquired.facts["acceleration"] == pytest.approx(3, abs=0.01)


def test_more_undersampling_than_coils_is_said():
    masks = [coil_mask(share=0.02, side=14), MASK]
    notes = [acquire_coil_scan(coil_scan((FULL * mask)[:, :3]), SPEC, maps=MAPS[:3]).notes for mask in masks]
    assert "more than 3 coils can make up for" in notes[0]["acceleration beyond the coils"]
    assert notes[1] == {}
    virtual = acquire_coil_scan(coil_scan(FULL * MASK), SPEC, virtual_coils=1).notes
    assert "more than 1 coils can make up for" in virtual["acceleration beyond the coils"]


def test_a_slice_without_a_centre_fails_alone():
    array = FULL * MASK
    array[1, :, 24, 20] = 0
    acquired = acquire_coil_scan(coil_scan(array), SPEC)
    assert acquired.numbers.tolist() == [0]
    assert "centre of 0x0 is too small" in acquired.failures[1]
    with pytest.raises(ReconError, match="centre of 0x0 is too small for coil maps: sample at least 12x12"):
        acquire_coil_scan(coil_scan(array[1:]), SPEC)


def test_a_coil_of_noise_is_named_unless_it_sees_another_slice():
    array = FULL.copy()
    array[0, 1] = 20 * complex_noise((48, 40), np.random.default_rng(0))
    acquire_coil_scan(coil_scan(array * MASK), SPEC)
    with pytest.raises(ReconError, match="Coil 2 of 4 holds noise alone"):
        acquire_coil_scan(coil_scan(array[:1] * MASK), SPEC)


def test_the_noise_scan_whitens_coils_and_maps():
    """Three coils are mixed with noise of their own; whitened, a coil's noise has a standard deviation of 1."""
    rng = np.random.default_rng(0)
    mixing = np.array([[2, 0, 0, 0], [1j, 3, 0, 0], [0, 0, 0.5, 0], [0, 0.2, 0, 1]])
    noise = (mixing @ complex_noise((4, 4000), rng)).astype(np.complex64)
    clean = coil_kspace(noise=0)[0]
    mixed = clean + np.einsum("vc,nchw->nvhw", mixing, complex_noise(clean.shape, rng)).astype(np.complex64)
    plain, white = (
        acquire_coil_scan(coil_scan(mixed, noise=samples), SPEC, maps=MAPS, mask=make_mask(MASK, "m.npy"))
        for samples in (None, noise)
    )
    assert white.facts["noise"] == "whitened by the file's noise scan"
    assert (white.facts["intensity"], plain.facts["intensity"]) == (
        "in standard deviations of a coil's noise",
        "in the units of the input",
    )
    whitening = np.linalg.inv(np.linalg.cholesky(mixing @ mixing.conj().T))
    strength = np.sqrt((np.abs(np.einsum("vc,chw->vhw", whitening, MAPS)) ** 2).sum(axis=0))
    error = to_complex(white.data.target) * white.data.scales[:, None, None] - strength * IMAGES
    quiet = np.abs(IMAGES) < 50  # where an inexact covariance, known by 4000 samples, does not matter
    assert np.sqrt((np.abs(error[quiet]) ** 2).mean()) == pytest.approx(1, abs=0.15)
    expected = np.einsum("vc,chw->vhw", whitening, MAPS)
    expected /= np.sqrt((np.abs(expected) ** 2).sum(axis=0))
    np.testing.assert_allclose(white.data.maps[0], expected, atol=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"maps": MAPS[:3]}, r"shape \(1, 3, 48, 40\), but the k-space is of 2 slices, 4 coils, 48x40"),
        ({"maps": MAPS[:, :40]}, r"\(1, 4, 40, 40\)"),
        ({"maps": np.stack([MAPS] * 3)}, r"\(3, 4, 48, 40\)"),
        ({"maps": MAPS[0]}, r"shape \(48, 40\)"),
        ({"maps": MAPS, "virtual_coils": 2}, "leave out --virtual-coils"),
        ({"virtual_coils": 5}, "4 coils cannot be compressed to 5: ask for 1 to 4"),
        ({"mask": make_mask(MASK[:40], "m.npy")}, "The mask m.npy is"),
    ],
)
def test_what_does_not_fit_is_named(settings, message):
    with pytest.raises(ReconError, match=message):
        acquire_coil_scan(coil_scan(FULL), SPEC, **settings)
