"""Maps from the centre of k-space: those that made the data, on objects of any size; and coils that spoil them."""

import importlib.util

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_maps import centre_width, check_coils, estimate_maps
from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.imaging.coils import CoilAcquisition

RNG = np.random.default_rng(0)
sigpy = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")


def object_of(size):
    """Return an ellipse with some structure in it."""
    y, x = (np.linspace(-1, 1, n) for n in size)
    radius = np.hypot(y[:, None] / 0.7, x[None, :] / 0.8)
    rng = np.random.default_rng(0)
    return (radius < 1) * (1 + 0.3 * rng.random(size))


def example(size, coils=4):
    maps = simulate_maps(size, CoilSimulation(coils=(coils, coils)), np.random.default_rng(2))
    image = object_of(size)
    mask = np.random.default_rng(1).random(size) < 0.3
    middle = [n // 2 for n in size]
    mask[middle[0] - 10 : middle[0] + 10, middle[1] - 10 : middle[1] + 10] = True
    kspace = CoilAcquisition(np.ones(size, bool), maps).forward(image)
    return image, maps, mask, (kspace + 0.002 * complex_noise(kspace.shape, np.random.default_rng(3))) * mask


@sigpy
@pytest.mark.parametrize("size", [(48, 40), (45, 52)])
def test_maps_are_those_that_made_the_data(size):
    image, maps, mask, kspace = example(size)
    estimated = estimate_maps(kspace, mask)
    inside = (image > 0) & estimated.any(axis=0)
    assert inside.sum() > 0.9 * (image > 0).sum()
    # Maps are known up to a common phase at every pixel.
    likeness = np.abs((estimated.conj() * maps).sum(axis=0))[inside]
    assert np.median(likeness) > 0.995
    norm = (np.abs(estimated) ** 2).sum(axis=0)
    np.testing.assert_allclose(norm[estimated.any(axis=0)], 1, atol=1e-5)
    assert estimated.dtype == np.complex64


@sigpy
def test_the_crop_decides_where_there_is_an_object():
    image, _, mask, kspace = example((48, 40))
    everywhere, cropped = (estimate_maps(kspace, mask, crop).any(axis=0) for crop in (0.0, 0.95))
    assert everywhere.all()
    assert cropped[image == 0].mean() < 0.7 < cropped[image > 0].mean()


def test_the_width_of_the_centre():
    mask = np.zeros((9, 12), bool)
    assert centre_width(mask) == 0
    mask[4, 6] = True
    assert centre_width(mask) == 1
    mask[3:5, 5:7] = True
    assert centre_width(mask) == 2
    mask[3:6, 5:8] = True
    assert centre_width(mask) == 3
    assert centre_width(np.ones((9, 12), bool)) == 9
    assert centre_width(np.stack([np.ones((9, 12), bool), mask])) == 3


@sigpy
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda kspace, mask: (kspace, mask & (np.indices(mask.shape)[0] % 2 == 0)), "centre of 1x1 is too small"),
        (lambda kspace, mask: (kspace * np.array([1, 0, 1, 1])[:, None, None], mask), "Coil 2 of 4 is zero"),
        (
            lambda kspace, mask: (
                np.where(
                    np.arange(4)[:, None, None] == 2, complex_noise(kspace.shape, np.random.default_rng(0)), kspace
                ),
                mask,
            ),
            "Coil 3 of 4 holds noise alone",
        ),
    ],
)
def test_what_gives_no_maps_is_named(spoil, message):
    _, _, mask, kspace = example((48, 40))
    with pytest.raises(ReconError, match=message):
        estimate_maps(*spoil(kspace, mask))


@sigpy
def test_a_coil_that_sees_nothing_of_one_slice_may_see_another():
    _, _, mask, kspace = example((48, 40))
    noise = np.where(np.arange(4)[:, None, None] == 2, complex_noise(kspace.shape, RNG) * mask, kspace)
    with pytest.raises(ReconError, match="Coil 3 of 4 holds noise alone"):
        check_coils(noise, mask)
    check_coils(np.stack([noise, 30 * kspace]), np.stack([mask, mask]))
    with pytest.raises(ReconError, match="Coil 3 of 4 holds noise alone"):
        check_coils(np.stack([noise, noise]), np.stack([mask, mask]))


@sigpy
def test_sound_coils_pass_and_sigpy_is_asked_for(monkeypatch):
    _, _, mask, kspace = example((48, 40))
    check_coils(kspace, mask)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ReconError, match="SigPy, which is not installed"):
        estimate_maps(kspace, mask)
