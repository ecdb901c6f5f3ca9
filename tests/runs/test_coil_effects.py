"""Effects of data consistency: every setting once, and rows of the network that has that setting."""

import importlib.util

import numpy as np
import pytest
from runs.coil_experiment import run_of, stage

from recon_lib.experiment.coil_profile import REAL, CoilRun
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.metrics import psnr
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.network.files import save_network
from recon_lib.results.released import NetworkCard
from recon_lib.runs.coil_effects import measure_effects, read_effects, settings
from recon_lib.runs.coil_slices import masks_of, measure_maps, open_slices

SHAPE = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2, data_consistency=0.1)


def test_one_setting_is_changed_at_a_time_and_none_comes_twice():
    spec = {"weights": (0.1, 0.5), "iterations": (2, 5)}
    assert settings(spec, SHAPE) == [(0.1, 2), (0.1, 5), (0.5, 2)]
    assert settings({"weights": (), "iterations": ()}, SHAPE) == [(0.1, 2)]


@pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")
def test_a_row_is_that_of_the_network_with_its_setting(tmp_path):
    with stage(tmp_path):
        maps = run_of("maps", REAL)
        measure_maps(maps.spec, tmp_path / "maps")
        save_network(
            tmp_path / "network" / "network.safetensors", build_coils(CoilCascade(SHAPE, seed=1)), NetworkCard()
        )
        spec = {"weights": (0.5,), "iterations": (5,), "slices": 3}
        run = CoilRun("effects", "x", spec, (maps, CoilRun("joint", "natural-joint", {})))
        folders = [tmp_path / "maps", tmp_path / "network"]
        measure_effects(run, folders, tmp_path / "effects")
        (item,) = open_slices(maps.spec, tmp_path / "maps")
    rows = read_effects(tmp_path / "effects")
    assert read_effects(tmp_path) == []
    assert [(row["weight"], row["iterations"]) for row in rows] == [(0.1, 2), (0.1, 5), (0.5, 2)]
    mask = item.mask(masks_of(maps.spec, 4.0))
    data = acquired_coils(item.kspace[None], mask[None], item.maps[None])
    reference = np.abs(item.reference)
    for row, (weight, iterations) in zip(rows, [(0.1, 2), (0.1, 5), (0.5, 2)], strict=True):
        shape = CoilArchitecture(1, 1, 2, data_consistency=weight, iterations=iterations)
        image = np.abs(reconstruct_coils(build_coils(CoilCascade(shape, seed=1)), data)[0])
        assert row["psnr"] == pytest.approx(psnr(reference, image, data_range=reference.max()), abs=1e-3)
        assert (row["test"], row["network"], row["acceleration"]) == (REAL, "natural-joint", 4.0)
    assert len({round(row["psnr"], 3) for row in rows}) == 3
