"""Cards of networks are read as they were written, those that are committed too."""

import json

import pytest

from recon_lib.core import paths
from recon_lib.core.arrays import save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.results import released
from recon_lib.results.keys import RunKey
from recon_lib.results.released import HeldOut, NetworkCard, PrecisionCost

CARDS = sorted(paths.RESULTS.glob("*/weights/*.json"))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_every_committed_card_comes_back(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    card = NetworkCard.from_json(content)
    assert card.name == path.stem
    assert card.extra == {}
    assert json.loads(json.dumps(card.to_json())) == content
    assert f"{card.name}.safetensors" == released.released_name(card.key)
    inside = released.read_card(path.with_suffix(".safetensors"))
    assert (inside.key, inside.parameters, inside.run) == (card.key, card.parameters, card.run)


def test_what_a_card_of_another_version_says_survives():
    content = {"training_domain": "natural", "n_train": 8, "coils": 4, "held_out": None, "masks": [1], "file": "a.b"}
    card = NetworkCard.from_json(content)
    assert card.extra == {"coils": 4, "held_out": None, "masks": [1]}
    assert card.to_json() == content


def test_a_card_of_ones_own_scans_comes_back():
    card = NetworkCard(
        RunKey(training_domain="natural", test_domain="own scans", n_finetune=5),
        kind="finetune",
        held_out=HeldOut(5, {"network": 30.0}, {"network": 31.0, "zero_filled": 25.0}),
        history=[{"epoch": 0}],
        tuned_from={"name": "start", "sha256": "0"},
    )
    assert NetworkCard.from_json(json.loads(json.dumps(card.to_json()))) == card


@pytest.mark.parametrize(
    "change",
    [{"parameters": 5}, {"held_out": "much"}, {"held_out": {"slices": 1}}, {"bfloat16_cost": {"t1": {"mean": 0}}}],
    ids=str,
)
def test_a_card_that_cannot_be_read_is_one_clear_error(change, tmp_path):
    save_arrays(tmp_path / "a.safetensors", {}, {"card": {"kind": "train", **change}})
    with pytest.raises(ReconError, match=r"parameters|cannot be read"):
        released.read_card(tmp_path / "a.safetensors")


def test_a_file_is_named_by_what_its_network_learned_from():
    key = RunKey("network", "natural", 4000, "t1", 20, 0)
    assert released.released_name(key) == "natural-4000-t1-20.safetensors"
    key = RunKey("network", "natural", 4000, "t1", 5, 2, "few-images")
    assert released.released_name(key) == "natural-4000-t1-5-draw2-few-images.safetensors"
    assert released.released_name(RunKey(training_domain="t2", n_train=500)) == "t2-500.safetensors"


def test_the_cost_of_bfloat16_is_the_mean_and_the_worst_loss():
    cost = PrecisionCost.of([0.01, -0.03, 0.05, 0.01])
    assert cost == PrecisionCost(pytest.approx(0.01), 0.05, 4)
    card = NetworkCard(bfloat16_cost={"t1": cost})
    assert NetworkCard.from_json(json.loads(json.dumps(card.to_json()))) == card
    assert "bfloat16_cost" not in NetworkCard().to_json()
    for losses in ([], [0.1, float("nan")], [float("inf")]):
        with pytest.raises(ReconError, match="finite PSNR"):
            PrecisionCost.of(losses)


@pytest.mark.parametrize(
    ("mean", "worst", "expected"),
    [(0.02, 0.1, True), (0.021, 0.1, False), (0.02, 0.101, False), (-0.3, -0.1, True), (float("nan"), 0.0, False)],
)
def test_a_cost_is_small_within_both_bounds(mean, worst, expected):
    assert PrecisionCost(mean, worst, 1).is_small is expected
