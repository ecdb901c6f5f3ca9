"""Tuning with a user's slices: it learns, goes on after a stop with the same weights, and refuses mixtures."""

import json
from dataclasses import replace
from pathlib import Path

import filelock
import numpy as np
import pytest
from scan_files import head, tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.experiment.named_recipes import PAPER
from recon_lib.experiment.profile import load_profile
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.network import precision
from recon_lib.network.accelerator import machine
from recon_lib.network.cascade import named_weights, with_precision
from recon_lib.network.files import load_network
from recon_lib.results.released import HeldOut
from recon_lib.scans import finetune
from recon_lib.scans.finetune import recipe_of, tune_network
from recon_lib.scans.reconstruct import mean_psnr, open_network
from recon_lib.scans.references import Slices
from recon_lib.scans.sampling import BY_ZERO_FILLED

RECIPE = TuningRecipe(batch=1, epochs=3, learning_rate=3e-3)


def slices(seed=0):
    images = np.moveaxis(head(seed=seed), 2, 0)
    images = images / images.max(axis=(1, 2), keepdims=True)
    return Slices(images.astype(np.float32), (Path("a"),) * 5, ("a",) * 5, tuple(range(5)))


@pytest.fixture
def start(tmp_path):
    return tiny_network(tmp_path / "start.safetensors", draw=0)


def test_tuning_learns_and_writes_a_network_with_its_card(tmp_path, start):
    network = open_network(start)
    before = mean_psnr(network, slices(1))
    out = tmp_path / "net.safetensors"
    seen = []
    tuned = tune_network(
        network,
        slices(),
        out,
        recipe=RECIPE,
        held=slices(1),
        progress=lambda *a: seen.append(a),
    )
    assert mean_psnr(tuned, slices(1))["network"] > before["network"] + 0.3
    _, card = load_network(out)
    assert card.machine == machine()
    assert card.tuned_from == {"name": "start", "sha256": open_network(start).sha256}
    assert (card.kind, card.key.n_finetune, card.n_images) == ("finetune", 5, 24)
    assert card.normalisation == "each slice divided by the maximum of its reference"
    after = mean_psnr(tuned, slices(1))
    assert card.held_out == HeldOut(5, before, pytest.approx(after))
    assert card.parameters["recipe"] == json.loads(json.dumps(RECIPE.as_dict()))
    assert len(card.history) == 3
    assert [s[:2] for s in seen] == [(1, 3), (2, 3), (3, 3)]
    assert sorted(p.name for p in tmp_path.glob("net*")) == ["net.json", "net.safetensors"]
    assert "a" not in json.dumps(card.data).replace('"pool"', "").split('"')  # no scan is named


def test_a_stopped_tuning_goes_on_and_ends_with_the_same_weights(tmp_path, start):
    whole = tune_network(open_network(start), slices(), tmp_path / "whole.safetensors", recipe=RECIPE)

    def stop(done, *_):
        if done == 2:
            raise KeyboardInterrupt

    out = tmp_path / "net.safetensors"
    with pytest.raises(KeyboardInterrupt):
        tune_network(open_network(start), slices(), out, recipe=RECIPE, progress=stop)
    assert not out.exists()
    seen = []
    again = tune_network(open_network(start), slices(), out, recipe=RECIPE, progress=lambda *a: seen.append(a[0]))
    assert seen == [3]
    for name, value in named_weights(whole.cascade).items():
        np.testing.assert_array_equal(named_weights(again.cascade)[name], value)


@pytest.mark.parametrize(
    "changes", [{"seed": 1}, {"recipe": TuningRecipe(batch=1, epochs=4, learning_rate=3e-3)}, {"acceleration": 5.0}]
)
def test_what_was_left_by_other_options_is_not_gone_on_with(tmp_path, start, changes):
    def stop(*_):
        raise KeyboardInterrupt

    out = tmp_path / "net.safetensors"
    with pytest.raises(KeyboardInterrupt):
        tune_network(open_network(start), slices(), out, recipe=RECIPE, progress=stop)
    with pytest.raises(ReconError, match=r"net\.safetensors\.checkpoint was left by a run with other scans or options"):
        tune_network(open_network(start), slices(), out, **{"recipe": RECIPE, **changes})
    with pytest.raises(ReconError, match="other scans or options"):
        tune_network(open_network(start), slices(4), out, recipe=RECIPE)
    tune_network(open_network(start), slices(), out, recipe=RECIPE)


@pytest.mark.slow
def test_options_matter(tmp_path, start):
    def weights(name, **changes):
        tuned = tune_network(
            open_network(start), slices(), tmp_path / f"{name}.safetensors", **{"recipe": RECIPE, **changes}
        )
        return named_weights(tuned.cascade)["subnetwork_0/conv_0/kernel"]

    base = weights("base")
    for k, changes in enumerate(
        ({"seed": 1}, {"acceleration": 5.0}, {"recipe": TuningRecipe(batch=5, epochs=3, learning_rate=3e-3)})
    ):
        assert not np.array_equal(weights(str(k), **changes), base)


def test_two_processes_do_not_write_one_network(tmp_path, start):
    folder = tmp_path / "net.safetensors.checkpoint"
    folder.mkdir()
    with filelock.FileLock(folder / ".lock"), pytest.raises(ReconError, match="Another process is tuning"):
        tune_network(open_network(start), slices(), tmp_path / "net.safetensors", recipe=RECIPE)


def test_a_network_of_another_scale_is_not_tuned(tmp_path):
    network = open_network(tiny_network(tmp_path / "zf.safetensors", normalisation=BY_ZERO_FILLED))
    with pytest.raises(ReconError, match="it cannot be tuned here"):
        tune_network(network, slices(), tmp_path / "net.safetensors", recipe=RECIPE)


def test_the_recipe_is_the_profile_s_with_what_the_user_changes(start):
    network = open_network(start)
    usual = recipe_of(network, 4, PAPER)
    assert (usual.batch, usual.epochs, usual.learning_rate, usual.schedule) == (1, 3, 3e-4, "cosine")
    changed = recipe_of(network, 4, PAPER, epochs=7, batch=None, learning_rate=1e-2)
    assert (changed.batch, changed.epochs, changed.learning_rate) == (1, 7, 1e-2)
    network = replace(network, card=replace(network.card, profile="desk"))
    assert recipe_of(network, 20, PAPER).epochs * 20 <= 320 < recipe_of(network, 20, PAPER, epochs=100).epochs * 20
    # at most 300 updates, of whatever batch: of 50 images 50, 10 or 1 an epoch
    assert [recipe_of(network, 50, PAPER, batch=batch).epochs for batch in (None, 5, 0)] == [6, 15, 15]
    network = replace(network, card=replace(network.card, profile="unknown"))
    assert (recipe_of(network, 4, PAPER).epochs, recipe_of(network, 4, PAPER).learning_rate) == (150, 1e-5)
    with pytest.raises(ReconError, match="epochs is 1 or more"):
        recipe_of(network, 4, PAPER, epochs=0)


def test_tuning_in_bfloat16_states_what_it_costs_on_held_out_slices(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    path = tiny_network(tmp_path / "start.safetensors")
    tuned, kernels = {}, {}
    for name in ("float32", "bfloat16"):
        network = open_network(path, name, tuning=True)
        recipe = recipe_of(network, 5, epochs=2, learning_rate=3e-3)
        assert recipe.precision == network.precision.policy
        recipe = replace(recipe, precision="float32")  # what it says is not what the network computes in
        out = tmp_path / f"{name}.safetensors"
        tuned[name] = tune_network(network, slices(), out, recipe=recipe, held=slices(1))
        kernels[name] = load_network(out)[0].get_weights()[0]
        card = load_network(out)[1]
        assert card.parameters["recipe"]["precision"] == network.precision.policy
        assert tuned[name].precision == network.precision
    assert tuned["float32"].card.bfloat16_cost == {}
    assert not np.array_equal(*kernels.values())
    cost = card.bfloat16_cost["own scans"]
    full_network = replace(tuned["bfloat16"], cascade=with_precision(tuned["bfloat16"].cascade, "float32"))
    full = mean_psnr(full_network, slices(1))
    assert cost.mean == pytest.approx(full["network"] - card.held_out.psnr_after["network"], abs=1e-4)
    assert (cost.slices, cost.worst >= cost.mean) == (5, True)
    chosen = open_network(tmp_path / "bfloat16.safetensors").precision.name
    assert chosen == ("bfloat16" if cost.is_small else "float32")


def test_whether_to_compile_is_the_machines_matter(start, monkeypatch):
    network = open_network(start)
    network = replace(network, card=replace(network.card, profile="open"))
    assert load_profile("open").fine_tuning.jit_compile
    for pays in (False, True):
        monkeypatch.setattr(finetune, "pays_to_compile", lambda pays=pays: pays)
        assert recipe_of(network, 4).jit_compile is pays
