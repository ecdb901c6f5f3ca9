"""Slices of several coils as acquired: scaled by their zero-filled image, with maps, and simulated reproducibly."""

import numpy as np
import pytest
from laws import complex_normal

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.coil_data import acquired_coils, change_contrast, simulate_kspace, simulate_slices
from recon_lib.imaging.coil_simulation import CoilSimulation
from recon_lib.imaging.coils import CoilAcquisition, normalise_maps
from recon_lib.imaging.fourier import ifft2c

SIZE = (10, 13)
SPEC = CoilSimulation(coils=(2, 3), noise=(1e-6, 1e-6))


def example(count=5):
    rng = np.random.default_rng(0)
    return rng.random((count, *SIZE)).astype(np.float32), rng.random((count, *SIZE)) < 0.5


def test_slices_are_scaled_by_their_zero_filled_image():
    maps, masks = normalise_maps(complex_normal(0, (2, 3, *SIZE))), example(2)[1]
    images = 7 * complex_normal(1, (2, *SIZE))
    kspace = CoilAcquisition(np.ones(SIZE, bool), maps).forward(images)
    data = acquired_coils(kspace, masks, maps, images)
    zero_filled = CoilAcquisition(masks, maps).normal(images)
    np.testing.assert_allclose(data.scales, np.abs(zero_filled).max(axis=(1, 2)), rtol=1e-5)
    np.testing.assert_allclose(to_complex(data.zero_filled) * data.scales[:, None, None], zero_filled, atol=1e-5)
    np.testing.assert_allclose(to_complex(data.target) * data.scales[:, None, None], images, atol=1e-4)
    np.testing.assert_allclose(data.references, np.abs(images) / data.scales[:, None, None], rtol=1e-4)
    assert data.zero_filled.dtype == data.mask.dtype == data.target.dtype == np.float32
    assert acquired_coils(kspace, masks, maps).target is None


def test_simulated_kspace_is_that_of_the_reference_and_noise():
    image, maps = example(1)[0][0], normalise_maps(complex_normal(0, (3, *SIZE)).astype(np.complex64))
    maps[2] = 0
    kspace, reference = simulate_kspace(image, maps, SPEC, np.random.default_rng(0))
    np.testing.assert_allclose(np.abs(reference), image, rtol=1e-5)
    np.testing.assert_allclose(ifft2c(kspace), maps * reference, atol=1e-4)
    assert np.all(kspace[2] == 0)  # what is no coil has no noise
    noisy = CoilSimulation(coils=(2, 3), noise=(0.1, 0.1))
    errors = []
    for seed in range(20):
        kspace, reference = simulate_kspace(3 * image, maps, noisy, np.random.default_rng(seed))
        errors.append(ifft2c(kspace)[:2] - (maps * reference)[:2])
    assert np.std(errors) == pytest.approx(0.1 * 3 * image.max(), rel=0.05)


def test_a_structured_phase_gives_the_reference_edges_of_phase():
    image = np.zeros((40, 40), np.float32) + 1
    image[:, 20:] = 4
    maps = np.ones((1, 40, 40), np.complex64)
    still = {"waves": 0, "ramp": 0.0, "noise": (1e-6, 1e-6)}
    steps = []
    for seed in range(10):
        spec = CoilSimulation(structure=1.5, **still)
        reference = simulate_kspace(image, maps, spec, np.random.default_rng(seed))[1]
        assert np.ptp(np.angle(reference[:, :20] * reference[0, 0].conj())) < 1e-5
        np.testing.assert_allclose(np.abs(reference), image, rtol=1e-5)
        steps.append(abs(np.angle(reference[0, 20] * reference[0, 19].conj())))
    assert max(steps) > 0.3


def test_simulated_slices_keep_their_parts_together():
    images, masks = example()
    data = simulate_slices(images, masks, SPEC, seed=3, arrays=2)
    assert data.maps.shape == (2, 3, *SIZE)
    assert sorted(np.bincount(data.arrays)) == [2, 3]
    for n in range(len(data)):
        model = CoilAcquisition(masks[n], data.maps[data.arrays[n]])
        expected = model.normal(to_complex(data.target[n]))
        np.testing.assert_allclose(to_complex(data.zero_filled[n]), expected, atol=1e-4)
        assert np.abs(expected).max() == pytest.approx(1, abs=1e-4)
    magnitudes = data.references * data.scales[:, None, None]
    np.testing.assert_allclose(magnitudes, images, atol=1e-5)


def test_contrast_keeps_the_maximum_and_draws_the_exponent():
    image = np.array([[0.0, 1.0], [2.0, 4.0]], np.float32)
    drawn = change_contrast(image, CoilSimulation(contrast=(2.0, 2.0)), np.random.default_rng(0))
    np.testing.assert_allclose(drawn, [[0, 0.25], [1, 4]], rtol=1e-6)
    assert drawn.dtype == np.float32
    wide = CoilSimulation(contrast=(1.0, 3.0))
    exponents = [np.log2(4 / change_contrast(image, wide, np.random.default_rng(s))[1, 0]) for s in range(200)]
    assert 1 <= min(exponents) < 1.1
    assert 2.9 < max(exponents) <= 3.001
    assert np.array_equal(change_contrast(0 * image, wide, np.random.default_rng(0)), 0 * image)


def test_air_around_the_object_has_no_signal_and_no_maps():
    images, masks = example()
    spec = CoilSimulation(coils=(2, 3), noise=(1e-6, 1e-6), support=(0.4, 0.8), contrast=(2.0, 2.0))
    data = simulate_slices(images, masks, spec, seed=3, arrays=2)
    for n in range(len(data)):
        seen = data.maps[data.arrays[n]].any(axis=0)
        inside = data.references[n] > 0
        assert 0 < inside.sum() < seen.sum() < seen.size
        assert not np.any(inside & ~seen)
        np.testing.assert_allclose((np.abs(data.maps[data.arrays[n]]) ** 2).sum(axis=0), seen, atol=1e-5)
        expected = inside * images[n] ** 2 / images[n].max()
        np.testing.assert_allclose(data.references[n] * data.scales[n], expected, atol=1e-5)
    plain = simulate_slices(images, masks, SPEC, seed=3, arrays=2)  # phase and coils are drawn as without
    cut = simulate_slices(images, masks, CoilSimulation(coils=(2, 3), noise=(1e-6, 1e-6), support=(2, 2)), 3, arrays=2)
    np.testing.assert_array_equal(plain.zero_filled, cut.zero_filled)


def test_what_data_consistency_needs_belongs_to_the_slices_taken():
    images, masks = example()
    data = simulate_slices(images, masks, SPEC, seed=3, arrays=3)
    chosen = np.array([4, 1])
    zero_filled, mask, maps = data.measured(chosen)
    assert np.array_equal(zero_filled, data.zero_filled[chosen])
    assert np.array_equal(mask, data.mask[chosen])
    assert maps.shape == (2, 3, *SIZE, 2)
    assert np.array_equal(to_complex(maps), data.maps[data.arrays[chosen]])
    taken = data.take(chosen)
    for a, b in zip(taken.measured(slice(None)), data.measured(chosen), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(taken.target, data.target[chosen])
    assert np.array_equal(taken.scales, data.scales[chosen])
    assert len(taken) == 2


def test_the_seed_decides_coils_phase_and_noise():
    images, masks = example()
    first, again, other = (simulate_slices(images, masks, SPEC, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.zero_filled, again.zero_filled)
    assert not np.array_equal(first.maps, other.maps)
    assert not np.array_equal(first.target, other.target)
    # Slices of one array of coils still differ in phase.
    shared = simulate_slices(images, masks, SPEC, seed=1, arrays=1)
    assert np.array_equal(shared.arrays, np.zeros(5, int))
    phases = np.angle(to_complex(shared.target))
    assert np.abs(phases[0] - phases[1]).max() > 0.1


def test_bad_input_is_named():
    images, masks = example(2)
    with pytest.raises(ReconError, match="Masks of shape"):
        simulate_slices(images, masks[:1], SPEC, seed=0)
    kspace = np.stack([np.ones((2, *SIZE), complex), np.zeros((2, *SIZE), complex)])
    maps = normalise_maps(np.ones((2, 2, *SIZE)))
    with pytest.raises(ReconError, match="Slice 1 has no signal in its samples"):
        acquired_coils(kspace, masks, maps)
