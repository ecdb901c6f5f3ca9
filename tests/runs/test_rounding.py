"""What bfloat16 costs released networks: measured on every test slice, resumed, and written to the cards alone."""

import json

import numpy as np
import pytest

from recon_lib.core import files, paths
from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.imaging.metrics import psnr
from recon_lib.network import inference
from recon_lib.network.files import load_network
from recon_lib.results import provenance, store
from recon_lib.results.released import read_cards
from recon_lib.runs import collect as runs_collect
from recon_lib.runs import evaluate, rounding

NAME = "natural-8-t1-3"


@pytest.fixture
def collected(tiny, monkeypatch, tmp_path):
    """Results of the tiny profile whose cards state no cost of bfloat16, on a machine that computes in it."""
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "collected"))
    monkeypatch.setattr(runs_collect, "machine_bfloat16", lambda: ("", "not here"))
    runs_collect.collect(tiny[0])
    monkeypatch.setenv("RECON_RUNS", str(tmp_path / "other-runs"))
    monkeypatch.setattr(rounding, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    return tiny[0]


def cards():
    return {card.name: card for card in read_cards(store.open_results("tiny"))}


def losses_by_hand(profile, name):
    """Reconstruct every test slice in both precisions, and compare."""
    images = domains.load_images("t1", "test", profile.domains["t1"]).images
    _, masks = evaluate.masks_of_test_slices(images, profile.mask_spec, profile.masks.test)
    path = store.root() / "tiny" / "weights" / f"{name}.safetensors"
    quality = []
    for policy in ("float32", "mixed_bfloat16"):
        made = inference.reconstruct(load_network(path, precision=policy)[0], images, masks)[0]
        quality.append([psnr(r, m, data_range=r.max()) for r, m in zip(images, made, strict=True)])
    return np.subtract(*quality)


def test_cards_state_mean_and_worst_over_all_test_slices(collected, monkeypatch):
    assert all(not card.bfloat16_cost for card in cards().values())
    weights = {path: files.sha256(path) for path in store.root().rglob("*.safetensors")}
    monkeypatch.setattr(rounding, "_PART", 3)  # parts that do not divide the slices
    reported = []
    (card,) = rounding.measure_released(collected, [NAME], lambda *row: reported.append(row))
    expected = losses_by_hand(collected, NAME)
    assert expected.any()
    cost = cards()[NAME].bfloat16_cost["t1"]
    assert card.bfloat16_cost == {"t1": cost}
    assert cost.slices == len(expected) == reported[-1][0] == reported[-1][1]
    assert cost.mean == pytest.approx(expected.mean(), abs=1e-4)
    assert cost.worst == pytest.approx(expected.max(), abs=1e-4)
    assert [bool(card.bfloat16_cost) for name, card in cards().items() if name != NAME] == [False] * 3
    assert weights == {path: files.sha256(path) for path in store.root().rglob("*.safetensors")}
    assert provenance.verify(store.root() / "tiny")["missing"] == []
    rounding.measure_released(collected)
    assert all(card.bfloat16_cost for card in cards().values())


def test_a_measurement_that_was_stopped_goes_on_and_gives_the_same(collected, monkeypatch, tmp_path):
    (whole,) = rounding.measure_released(collected, [NAME])
    monkeypatch.setenv("RECON_RUNS", str(tmp_path / "third-runs"))
    monkeypatch.setattr(rounding, "_PART", 1)
    cascade, _ = load_network(store.root() / "tiny" / "weights" / f"{NAME}.safetensors")
    counts = []

    def stop(slices, total, row):
        counts.append(slices)
        if slices == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rounding.measure_cost(cascade, NAME, "abc", "t1", collected, stop)
    cost = rounding.measure_cost(cascade, NAME, "abc", "t1", collected, stop)
    assert counts == [1, *range(2, cost.slices + 1)]
    assert cost.mean == pytest.approx(whole.bfloat16_cost["t1"].mean, abs=1e-4)
    counts.clear()
    rounding.measure_cost(cascade, NAME, "abc", "t1", collected, lambda *row: counts.append(row[0]))
    assert counts == []
    rounding.measure_cost(cascade, NAME, "another network", "t1", collected, lambda *row: counts.append(row[0]))
    assert counts[0] == 1  # slices of another network do not count
    kept = json.loads((paths.runs() / "tiny" / "bfloat16" / f"{NAME}-t1.json").read_text(encoding="utf-8"))
    assert kept["network"] == "another network"


def test_what_is_measured_is_not_measured_again(collected, monkeypatch):
    rounding.measure_released(collected, [NAME])
    monkeypatch.setattr(rounding, "measure_cost", None)
    (card,) = rounding.measure_released(collected, [NAME])
    assert card.bfloat16_cost


def test_collecting_measures_new_networks_where_the_machine_can(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(runs_collect, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path / "measured"))
    out = runs_collect.collect(tiny[0])
    assert all(set(card.bfloat16_cost) == {"t1"} for card in cards().values())
    inside = load_network(out / "weights" / f"{NAME}.safetensors")[1]
    assert inside.bfloat16_cost["t1"].worst == pytest.approx(losses_by_hand(tiny[0], NAME).max(), abs=1e-4)


def test_bad_input_is_refused_and_changes_nothing(collected, monkeypatch):
    with pytest.raises(ReconError, match="Unknown network 'natural-9'"):
        rounding.measure_released(collected, ["natural-9"])
    path = store.root() / "tiny" / "weights" / f"{NAME}.json"
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("float16", "float61"), encoding="utf-8")
    with pytest.raises(ReconError, match=f"{NAME}.json is not what was written"):
        rounding.measure_released(collected, [NAME])
    path.write_text(content, encoding="utf-8")
    monkeypatch.setattr(rounding, "machine_bfloat16", lambda: ("", "this processor's flags do not promise it"))
    with pytest.raises(ReconError, match="flags do not promise it: use another machine"):
        rounding.measure_released(collected)
    assert all(not card.bfloat16_cost for card in cards().values())
