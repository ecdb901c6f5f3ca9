"""CG-SENSE against a dense solve; L1-ESPIRiT of two programs, which must agree and lower the objective."""

import importlib.util

import numpy as np
import pytest
from laws import complex_normal, dft_matrix

from recon_lib.baselines.coils import cg_sense, has_bart, l1_bart, l1_sigpy
from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.imaging.coils import CoilAcquisition

sigpy = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")
bart = pytest.mark.skipif(not has_bart(), reason="BART is not installed")


def example(size, coils=3, noise=0.0):
    maps = simulate_maps(size, CoilSimulation(coils=(coils, coils)), np.random.default_rng(2))
    y, x = (np.linspace(-1, 1, n) for n in size)
    image = 40 * ((np.hypot(y[:, None], x[None, :]) < 0.8) + (np.hypot(y[:, None] - 0.2, x[None, :]) < 0.3))
    mask = np.random.default_rng(1).random(size) < 0.5
    middle = [n // 2 for n in size]
    mask[middle[0] - 2 : middle[0] + 2, middle[1] - 2 : middle[1] + 2] = True
    kspace = CoilAcquisition(mask, maps).forward(image)
    return image, kspace + 40 * noise * mask * complex_noise(kspace.shape, np.random.default_rng(3)), mask, maps


@pytest.mark.parametrize("size", [(5, 6), (6, 6), (7, 5)])
@pytest.mark.parametrize("weight", [0.05, 0.5])
def test_cg_sense_solves_its_problem(size, weight):
    _, kspace, mask, maps = example(size)
    kspace = kspace + complex_normal(4, kspace.shape)  # what lies outside the mask is ignored
    transform = np.kron(dft_matrix(size[0]), dft_matrix(size[1]))
    forward = np.concatenate([mask.ravel()[:, None] * transform * coil.ravel()[None, :] for coil in maps])
    matrix = forward.conj().T @ forward + weight * np.eye(mask.size)
    expected = np.linalg.solve(matrix, forward.conj().T @ kspace.reshape(-1)).reshape(size)
    np.testing.assert_allclose(cg_sense(kspace, mask, maps, weight, 60), expected, rtol=1e-3, atol=1e-3)


def test_iterations_and_weight_matter():
    _, kspace, mask, maps = example((16, 18))
    exact = cg_sense(kspace, mask, maps, 0.01, 200)
    distances = [np.linalg.norm(cg_sense(kspace, mask, maps, 0.01, count) - exact) for count in (1, 3, 10)]
    assert distances == sorted(distances, reverse=True)
    assert np.linalg.norm(cg_sense(kspace, mask, maps, 1.0)) < np.linalg.norm(cg_sense(kspace, mask, maps, 0.01))
    assert not cg_sense(0 * kspace, mask, maps).any()


@sigpy
def test_l1_recovers_what_least_squares_leaves_noisy():
    image, kspace, mask, maps = example((64, 64), noise=0.05)
    errors = {
        "sense": np.linalg.norm(np.abs(cg_sense(kspace, mask, maps, 0.001, 40)) - image),
        "l1": np.linalg.norm(np.abs(l1_sigpy(kspace, mask, maps, 0.02)) - image),
    }
    assert errors["l1"] < 0.8 * errors["sense"]
    # The weight is meant for scaled data, so that units do not matter.
    larger = l1_sigpy(1000 * kspace, mask, maps, 0.02)
    np.testing.assert_allclose(larger, 1000 * l1_sigpy(kspace, mask, maps, 0.02), rtol=1e-2, atol=100)
    flat = l1_sigpy(kspace, mask, maps, 10.0)
    assert np.abs(flat).max() < 0.1 * image.max()
    assert np.linalg.norm(l1_sigpy(kspace, mask, maps, 0.02, 2) - l1_sigpy(kspace, mask, maps, 0.02)) > 1


@bart
@sigpy
def test_both_programs_solve_the_same_problem():
    image, kspace, mask, maps = example((64, 48), noise=0.02)
    ours, theirs = l1_sigpy(kspace, mask, maps, 0.003), l1_bart(kspace, mask, maps, 0.003)
    assert theirs.shape == image.shape
    assert np.linalg.norm(ours - theirs) < 0.1 * np.linalg.norm(ours)
    assert np.linalg.norm(np.abs(theirs) - image) < 0.1 * np.linalg.norm(image)
    assert np.linalg.norm(theirs) > np.linalg.norm(l1_bart(kspace, mask, maps, 1.0))


@bart
@sigpy
def test_random_shifts_of_the_wavelets_are_what_bart_has_and_sigpy_has_not():
    image, kspace, mask, maps = example((64, 64), noise=0.05)
    ours = l1_sigpy(kspace, mask, maps, 0.01, 40)
    fixed, shifted = (l1_bart(kspace, mask, maps, 0.01, 40, shifts=shifts) for shifts in (False, True))
    errors = [np.linalg.norm(np.abs(images) - image) for images in (ours, fixed, shifted)]
    assert errors[1] == pytest.approx(errors[0], rel=0.15)
    assert errors[2] < 0.98 * errors[1]


@bart
def test_a_failure_of_bart_is_told():
    _, kspace, mask, maps = example((16, 16))
    with pytest.raises(ReconError, match="failed"):
        l1_bart(kspace, mask, maps, weight=0.1, iterations=-7)


def test_bad_input_is_named(monkeypatch):
    _, kspace, mask, maps = example((16, 16))
    for settings in ({"weight": -1.0}, {"iterations": 0}):
        with pytest.raises(ReconError, match="weight of 0 or more and an iteration"):
            cg_sense(kspace, mask, maps, **settings)
    with pytest.raises(ReconError, match="no signal"):
        l1_sigpy(0 * kspace, mask, maps)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ReconError, match="Debian's package bart"):
        l1_bart(kspace, mask, maps)
