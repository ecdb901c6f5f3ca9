"""Tests with several coils: the best weights win, rows are those of the images, pictures of the real slice."""

import importlib.util
import json

import numpy as np
import pytest
from runs.coil_experiment import PROFILE, run_of, stage

from recon_lib.baselines.coils import cg_sense
from recon_lib.core.arrays import load_arrays
from recon_lib.core.files import write_json
from recon_lib.experiment.coil_profile import REAL, CoilRun
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.coils import CoilAcquisition
from recon_lib.imaging.metrics import psnr
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.network.files import save_network
from recon_lib.results.released import NetworkCard
from recon_lib.runs.coil_slices import masks_of, measure_maps, open_slices
from recon_lib.runs.coil_tests import PICTURES, ROWS, WEIGHTS, choose_weights, evaluate

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")
SETTINGS = {"cg_sense": [0.001, 10.0], "sense_iterations": [1, 6], "l1": [0.001], "l1_iterations": 3}


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """Choose weights on the pool; test the baselines and a network on the real slice."""
    folder = tmp_path_factory.mktemp("tested")
    with stage(folder):
        maps, pool = run_of("maps", REAL), run_of("maps", "t1_bold5000-pool")
        for run in (maps, pool):
            measure_maps(run.spec, folder / run.label)
        weights = CoilRun("weights", "baselines", {"baselines": SETTINGS}, (pool,))
        choose_weights(weights, [folder / pool.label], folder / "weights")
        network = run_of("train", "natural")
        shape = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)
        save_network(folder / "network" / "network.safetensors", build_coils(CoilCascade(shape, seed=1)), NetworkCard())
        for name, parent in (("weights", weights), ("network", network)):
            run = CoilRun("evaluate", f"{name}-test", {}, (maps, parent))
            evaluate(run, [folder / maps.label, folder / name], folder / f"{name}-test")
        (item,) = open_slices(maps.spec, folder / maps.label)
    return folder, item


def rows_of(folder, name):
    return json.loads((folder / f"{name}-test" / ROWS).read_text(encoding="utf-8"))


def test_every_setting_is_tried_and_the_best_is_used(tested):
    folder, item = tested
    trials = json.loads((folder / "weights" / WEIGHTS).read_text(encoding="utf-8"))
    assert len(trials) == 4 + 1
    best = max((row for row in trials if row["method"] == "cg_sense"), key=lambda row: row["psnr"])
    assert best["weight"] == 0.001
    mask = item.mask(masks_of(run_of("maps").spec, 4.0))
    settings = {name: best[name] for name in ("weight", "iterations")}
    image = np.abs(cg_sense(item.kspace * mask, mask, item.maps, **settings))
    row = next(row for row in rows_of(folder, "weights") if row["method"] == "cg_sense")
    reference = np.abs(item.reference)
    assert row["psnr"] == pytest.approx(psnr(reference, image, data_range=reference.max()), abs=1e-3)


def test_rows_name_what_was_reconstructed(tested):
    folder, item = tested
    rows = rows_of(folder, "weights")
    assert [row["method"] for row in rows] == ["zero_filled", "cg_sense", "l1_sigpy"]
    mask = item.mask(masks_of(run_of("maps").spec, 4.0))
    zero_filled = np.abs(CoilAcquisition(mask, item.maps).adjoint(item.kspace))
    reference = np.abs(item.reference)
    assert rows[0]["psnr"] == pytest.approx(psnr(reference, zero_filled, data_range=reference.max()), abs=1e-3)
    assert (rows[0]["test"], rows[0]["coils"], rows[0]["acceleration"], rows[0]["network"]) == (REAL, 4, 4.0, "")
    assert all(row["seconds"] > 0 and row["seconds_maps"] == item.seconds for row in rows)


def test_a_network_s_row_and_picture_are_those_of_its_image(tested):
    folder, item = tested
    (row,) = rows_of(folder, "network")
    assert (row["method"], row["network"]) == ("network", "natural")
    mask = item.mask(masks_of(run_of("maps").spec, 4.0))
    shape = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)
    data = acquired_coils((item.kspace * mask)[None], mask[None], item.maps[None])
    image = np.abs(reconstruct_coils(build_coils(CoilCascade(shape, seed=1)), data)[0])
    pictures = load_arrays(folder / "network-test" / PICTURES)[0]
    np.testing.assert_allclose(pictures["natural-4"], image, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(pictures["reference"], np.abs(item.reference), rtol=1e-5)
    assert row["psnr"] == pytest.approx(
        psnr(pictures["reference"], image, data_range=pictures["reference"].max()), abs=0.01
    )


def test_a_simulated_test_keeps_no_pictures(tested):
    folder, _ = tested
    with stage(folder):
        pool = run_of("maps", "t1_bold5000-pool")
        settings = {"weight": 0.1, "iterations": 1, "psnr": 1.0}
        write_json(folder / "fixed" / WEIGHTS, [{"method": "cg_sense", "acceleration": 4.0, **settings}])
        run = CoilRun("evaluate", "pool-test", {}, (pool, CoilRun("weights", "fixed", {}, ())))
        evaluate(run, [folder / pool.label, folder / "fixed"], folder / "pool-test")
    assert [row["method"] for row in rows_of(folder, "pool")] == ["zero_filled", "cg_sense"]
    assert not (folder / "pool-test" / PICTURES).exists()
    assert PROFILE.accelerations == (4.0,)
