"""The third scanner: which networks are tested there, and rows that are those of each network's own images."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fabricated import cell_rows, write_run
from scan_files import tiny_network

from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.experiment.design import UNSEEN
from recon_lib.imaging.metrics import psnr
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.results import merge, scanner, store
from recon_lib.runs import scanner as runs_scanner
from recon_lib.runs import state
from recon_lib.runs.evaluate import masks_of_test_slices


@pytest.fixture
def released(tmp_path):
    """Two profiles: the better one's network of photographs leads, its network of T1 does not."""
    for profile, seed, lead in (("open", 1, 1.0), ("desk", 2, 0.0)):
        cells = {("natural", 8, 0, 0): 30.0 + lead, ("t1", 8, 0, 0): 30.0 - lead}
        weights = store.root() / profile / "weights"
        for domain in ("natural", "t1"):
            names = {"training_domain": domain, "n_train": 8, "n_images": 7, "run": f"train-{domain}-{profile}"}
            tiny_network(weights / f"{domain}-8.safetensors", seed=seed, **names)
        run = write_run(tmp_path / profile, cell_rows("t1", cells))
        merge.collect([run], store.root() / profile, {"profile": {"acceleration": 4.0}})


def files_of(networks):
    return {network.full_name: network.path for network in networks}


def test_a_network_that_is_worse_at_home_is_not_tested_elsewhere(released):
    assert [network.full_name for network in runs_scanner.contested()] == ["open/natural-8", "desk/natural-8"]


def test_without_a_second_profile_nothing_is_contested():
    assert runs_scanner.contested() == []


def test_each_network_reconstructs_the_same_slices_through_the_same_masks(released):
    units = []
    networks = runs_scanner.contested()
    runs_scanner.measure(files_of(networks), 3, "generated", lambda done, total, _: units.append((done, total)))
    rows, details = scanner.read()
    assert units == [(1, 2), (2, 2)]
    assert len(rows) == 3 * 3
    assert rows.groupby("run")["mask"].apply(tuple).nunique() == 1
    assert set(rows["test_domain"]) == {UNSEEN}
    assert set(rows["acceleration"]) == {4.0}
    images = domains.load_images(UNSEEN, "test", Domain(source="generated"))
    images = images.at(images.evenly_spread(3))
    _, masks = masks_of_test_slices(images.images, runs_scanner.PROFILE.mask_spec, runs_scanner.PROFILE.masks.test)
    for network in networks:
        own = rows[rows["run"] == network.card.run]
        expected = reconstruct(load_network(network.path)[0], images.images, masks)[0]
        quality = [psnr(a, b, data_range=a.max()) for a, b in zip(images.images, expected, strict=True)]
        np.testing.assert_allclose(own["psnr"], quality, rtol=1e-5)
        assert list(own["slice"]) == list(images.slices)
        assert set(zip(own["training_domain"], own["n_train"], own["n_images"], own["n_finetune"], strict=True)) == {
            ("natural", 8, 7, 0)
        }
    assert details["networks"] == {network.full_name: network.card.sha256 for network in networks}
    assert (rows["method"] == "zero_filled").sum() == 3


def test_the_recipes_networks_are_planned_with_those_that_they_have_to_equal():
    keys = {(run.key.training_domain, run.key.n_finetune, run.key.draw, run.key.variation) for run in RECIPE}
    assert keys == {
        ("natural", None, None, None), *(("natural", 20, draw, None) for draw in range(3)),
        ("natural", 50, 0, None), ("t1", 50, 0, None),
        ("natural", None, None, "residual-4000"),
        *(("natural", 5, draw, "few-images") for draw in range(3)), ("natural", 50, 0, "few-images"),
    }  # fmt: skip
    assert {run.key.test_domain for run in RECIPE} == {None, "t1"}
    assert {run.key.n_train for run in RECIPE} == {4000}


RECIPE = runs_scanner.recipe_runs()


def network_of(run, seed):
    """A network as a run would have left it."""
    names = {**run.key.to_json(), "run": run.id, "n_images": 7}
    tiny_network(state.folder(run) / "network.safetensors", seed=seed, **names)
    (state.folder(run) / "run.json").write_text("{}")


def test_a_network_of_the_recipe_is_tested_where_it_is_here_and_its_rows_stay_where_it_is_not(released):
    tuned = next(run for run in RECIPE if run.key.draw == 2 and run.key.variation == "few-images")
    assert runs_scanner.candidates()[tuned.id] is None
    assert list(runs_scanner.candidates())[:2] == ["open/natural-8", "desk/natural-8"]
    network_of(tuned, 5)
    files = {name: path for name, path in runs_scanner.candidates().items() if path is not None}
    assert list(files) == ["open/natural-8", "desk/natural-8", tuned.id]
    runs_scanner.measure(files, 3, "generated")
    rows, details = scanner.read()
    first = rows[rows["run"] == tuned.id]
    assert set(zip(first["variation"], first["draw"], first["n_finetune"], strict=True)) == {("few-images", 2, 5)}
    del files[tuned.id]
    runs_scanner.measure(files, 3, "generated")
    rows, later = scanner.read()
    pd.testing.assert_frame_equal(rows[rows["run"] == tuned.id].reset_index(drop=True), first.reset_index(drop=True))
    assert later["networks"] == details["networks"]
    runs_scanner.measure(files, 2, "generated")  # other slices: the old rows would not be beside their like
    assert tuned.id not in set(scanner.read()[0]["run"])


def test_a_network_that_is_contested_and_of_the_recipe_is_tested_once(monkeypatch):
    run = RECIPE[0]
    card = SimpleNamespace(run=run.id)
    monkeypatch.setattr(runs_scanner, "contested", lambda: [SimpleNamespace(full_name="a/b", path="p", card=card)])
    names = list(runs_scanner.candidates())
    assert names[0] == "a/b"
    assert run.id not in names
    assert len(names) == len(RECIPE)
