"""Slices of the tests with several coils: reproducible k-space, references, maps that are estimated once."""

import importlib.util

import numpy as np
import pytest
from runs.coil_experiment import fake_slice, run_of, stage

from recon_lib.experiment.coil_profile import REAL
from recon_lib.imaging.coils import combine, root_sum_of_squares
from recon_lib.imaging.fourier import ifft2c
from recon_lib.runs.coil_slices import masks_of, measure_maps, open_slices, simulation_of, source_of

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """The slices of both tests, by label."""
    folder, slices = tmp_path_factory.mktemp("slices"), {}
    with stage(folder):
        for label in ("t1_bold5000-pool", REAL):
            spec, units = run_of("maps", label).spec, []
            measure_maps(spec, folder / label, lambda *row, units=units: units.append(row[:2]))
            slices[label] = open_slices(spec, folder / label), units
    return slices


def test_a_simulated_slice_is_its_image_with_phase_coils_and_noise(opened):
    (item,), units = opened["t1_bold5000-pool"]
    assert units == [(1, 1)]
    assert len(item.kspace) in (2, 3)  # padding is no coil
    assert np.abs(item.reference).max() == pytest.approx(1, abs=1e-5)
    seen = np.abs(item.reference) > 0.1
    combined = root_sum_of_squares(ifft2c(item.kspace))
    np.testing.assert_allclose(combined[seen], np.abs(item.reference)[seen], atol=0.05)
    assert np.ptp(np.angle(item.reference[seen])) > 0.5
    assert item.seconds > 0


def test_the_real_slice_is_combined_by_its_maps(opened):
    (item,), _ = opened[REAL]
    np.testing.assert_array_equal(item.kspace, fake_slice())
    np.testing.assert_allclose(item.reference, combine(ifft2c(item.kspace), item.maps), rtol=1e-5)
    assert np.abs(item.reference).max() > 10  # in the units of the file


def test_masks_and_simulation_are_those_of_the_run(opened):
    spec = run_of("maps").spec
    masks = masks_of(spec, 4.0)
    assert (masks.acceleration, masks.calibration, masks.seed) == (4.0, 80, 0)
    assert simulation_of(spec).coils == (2, 3)
    assert source_of(spec).matrix == (64, 56)
    (item,), _ = opened["t1_bold5000-pool"]
    assert item.mask(masks).sum() == round(64 * 56 / 4)
