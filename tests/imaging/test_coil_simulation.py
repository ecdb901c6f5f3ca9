"""Simulated coils: normalised smooth maps of as many coils as drawn, smooth phase, noise of the level drawn."""

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_simulation import (
    CoilSimulation,
    complex_noise,
    draw_noise,
    simulate_maps,
    simulate_phase,
    simulate_structure,
    simulate_support,
)

SIZE = (33, 40)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_maps_are_normalised_and_of_as_many_coils_as_drawn():
    spec = CoilSimulation(coils=(2, 5))
    counts = set()
    for seed in range(30):
        maps = simulate_maps(SIZE, spec, rng(seed))
        assert maps.shape == (5, *SIZE)
        assert maps.dtype == np.complex64
        np.testing.assert_allclose((np.abs(maps) ** 2).sum(axis=0), 1, atol=1e-5)
        present = maps.any(axis=(1, 2))
        counts.add(int(present.sum()))
        assert not np.any(np.diff(present.astype(int)) > 0)  # what is missing stands at the end
    assert counts == {2, 3, 4, 5}


def test_a_coil_sees_best_what_is_near_it():
    # One coil at a known place: the map of a single coil is of modulus 1, so two are compared.
    spec = CoilSimulation(coils=(2, 2), distance=(1.5, 1.5), radius=(0.5, 0.5))
    maps = np.abs(simulate_maps((41, 41), spec, rng(3)))
    ratio = maps[0] / maps[1]
    y, x = np.unravel_index(ratio.argmax(), ratio.shape)
    assert min(y, x, 40 - y, 40 - x) == 0  # on the border, beside the coil
    opposite = np.unravel_index(ratio.argmin(), ratio.shape)
    assert np.hypot(y - opposite[0], x - opposite[1]) > 25


def test_a_map_is_the_field_of_its_dipole():
    spec = CoilSimulation(coils=(1, 1), distance=(1.2, 1.2), radius=(0.6, 0.6))
    draws = rng(5)
    draws.integers(1, 2)
    angle = 2 * np.pi * draws.uniform(-0.25, 0.25, 1)[0] + draws.uniform(0, 2 * np.pi)
    field = []
    for y, x in ((-0.5, 0.25), (0.5, 0.0)):
        d = np.array([x - 1.2 * np.cos(angle), y - 1.2 * np.sin(angle)])
        m = -np.array([np.cos(angle), np.sin(angle)])
        n = d / np.sqrt(d @ d + 0.36)
        b = (3 * (m @ n) * n - m) / (d @ d + 0.36) ** 1.5
        field.append(b[0] - 1j * b[1])
    maps = simulate_maps((8, 8), spec, rng(5))[0]
    # With one coil only the phase is left; that of two pixels differs as the field's does.
    phase = maps[2, 5] / maps[6, 4]
    expected = field[0] / field[1]
    assert phase == pytest.approx(expected / abs(expected), abs=1e-5)


def test_the_phase_is_smooth_of_modulus_1_and_another_each_time():
    spec = CoilSimulation()
    phases = [simulate_phase((64, 64), spec, rng(seed)) for seed in range(4)]
    for phase in phases:
        np.testing.assert_allclose(np.abs(phase), 1, atol=1e-6)
        steps = np.angle(phase[1:] * phase[:-1].conj()), np.angle(phase[:, 1:] * phase[:, :-1].conj())
        assert max(np.abs(s).max() for s in steps) < 1.0
    assert np.abs(phases[0] - phases[1]).max() > 0.5


def test_a_ramp_of_the_phase_moves_the_echo_by_so_many_samples():
    spec = CoilSimulation(waves=0, ramp=2.0)
    shifts = []
    for seed in range(50):
        phase = simulate_phase((64, 64), spec, rng(seed))
        steps = [
            np.angle((phase[1:] * phase[:-1].conj()).mean()),
            np.angle((phase[:, 1:] * phase[:, :-1].conj()).mean()),
        ]
        shifts += [64 * step / (2 * np.pi) for step in steps]
    assert 1.8 < max(np.abs(shifts)) <= 2.0
    still = simulate_phase((64, 64), CoilSimulation(waves=0, ramp=0.0), rng())
    assert np.ptp(np.angle(still)) < 1e-6


def test_the_strength_of_the_phase_and_the_number_of_waves_matter():
    weak = np.angle(simulate_phase(SIZE, CoilSimulation(phase=0.0, ramp=0.0), rng()))
    assert np.ptp(weak) < 1e-6
    strong = simulate_phase(SIZE, CoilSimulation(phase=1.0, ramp=0.0), rng())
    single = simulate_phase(SIZE, CoilSimulation(phase=1.0, ramp=0.0, waves=1), rng())
    assert np.std(np.angle(strong)) > 0.05
    assert np.abs(strong - single).max() > 0.05


def test_a_structured_phase_is_a_function_of_the_magnitude_and_no_stronger_than_its_limit():
    image = np.repeat(np.linspace(0, 7, 50), 3).reshape(50, 3)
    spec, ranges = CoilSimulation(structure=0.8), []
    for seed in range(60):
        phase = simulate_structure(image, spec, rng(seed))
        assert phase.dtype == np.complex64
        np.testing.assert_allclose(np.abs(phase), 1, atol=1e-6)
        assert np.all(phase == phase[:, :1])  # equal magnitudes have equal phases
        np.testing.assert_allclose(phase, simulate_structure(3 * image, spec, rng(seed)), atol=1e-5)
        ranges.append(np.abs(np.angle(phase)).max())
    assert 0.7 < max(ranges) <= 0.8 + 1e-6
    assert min(ranges) < 0.1
    draws = rng(1)
    assert np.all(simulate_structure(image, CoilSimulation(), draws) == 1)
    assert draws.random() == rng(1).random()  # nothing was drawn
    assert np.isfinite(simulate_structure(0 * image, spec, rng())).all()


def test_an_object_is_an_ellipse_of_the_axes_drawn_and_maps_reach_a_little_beyond():
    spec, size = CoilSimulation(support=(0.5, 0.7)), (200, 300)
    shares, angles = [], []
    for seed in range(40):
        inside, seen = simulate_support(size, spec, rng(seed))
        assert not np.any(inside & ~seen)
        shares.append(inside.mean())
        assert seen.mean() == pytest.approx(1.15**2 * inside.mean(), rel=0.02)
        y, x = np.nonzero(inside)
        covariance = np.cov(y / size[0], x / size[1])
        # A filled ellipse of half axes a and b has the variances a^2 / 4 and b^2 / 4, here of whole fields of view.
        axes = 4 * np.sqrt(np.linalg.eigvalsh(covariance))
        assert np.all((axes > 0.49) & (axes < 0.71))
        assert inside.mean() == pytest.approx(np.pi * axes[0] * axes[1] / 4, rel=0.01)
        angles.append(np.sign(covariance[0, 1]))
    assert max(shares) > 1.3 * min(shares)
    assert {-1, 1} <= set(angles)  # it is turned
    inside, seen = simulate_support(size, CoilSimulation(), rng())
    assert inside.all()
    assert seen.all()


def test_noise_has_the_variance_and_the_level_drawn():
    noise = complex_noise((200, 300), rng())
    assert noise.dtype == np.complex64
    assert noise.shape == (200, 300)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, rel=0.02)
    assert np.mean(noise.real**2) == pytest.approx(0.5, rel=0.02)
    draws = rng()
    levels = [draw_noise(CoilSimulation(noise=(0.001, 0.1)), draws) for _ in range(4000)]
    assert 0.001 <= min(levels) < 0.00102
    assert 0.098 < max(levels) <= 0.1
    assert np.mean(np.log10(levels)) == pytest.approx(-2, abs=0.05)  # the logarithm is uniform


def test_the_same_numbers_make_the_same_coils():
    spec = CoilSimulation()
    assert np.array_equal(simulate_maps(SIZE, spec, rng(7)), simulate_maps(SIZE, spec, rng(7)))
    assert np.array_equal(simulate_phase(SIZE, spec, rng(7)), simulate_phase(SIZE, spec, rng(7)))


def test_what_identifies_it_is_json():
    content = CoilSimulation().as_dict()
    assert content["coils"] == [4, 8]
    assert not {"support", "contrast", "structure"} & set(content)
    own = CoilSimulation(support=(0.5, 0.6), contrast=(1.0, 2.0)).as_dict()
    assert (own["support"], own["contrast"]) == ([0.5, 0.6], [1.0, 2.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coils": (0, 3)}, "coils is 1 or more"),
        ({"coils": (5, 4)}, "range coils"),
        ({"distance": (-1.0, 2.0)}, "range distance"),
        ({"radius": (0.5, float("inf"))}, "range radius"),
        ({"noise": (0.0, 0.1)}, "range noise"),
        ({"support": (0.0, 1.0)}, "range support"),
        ({"contrast": (2.0, 1.0)}, "range contrast"),
        ({"waves": -1}, "waves is 0 or more"),
        ({"phase": -1.0}, "not -1.0, 2.0 and 0.0"),
        ({"ramp": float("nan")}, "nan"),
        ({"structure": -0.5}, "and -0.5"),
    ],
)
def test_what_no_simulation_can_have_is_refused(change, message):
    with pytest.raises(ReconError, match=message):
        CoilSimulation(**change)
