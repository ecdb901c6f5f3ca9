"""A file of weights that was tampered with, or was never one of ours, is refused before it costs anything."""

import json
from dataclasses import replace

import numpy as np
import pytest

from recon_lib.core import files
from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.files import load_network, save_network
from recon_lib.results.released import NetworkCard, PrecisionCost, read_card


@pytest.fixture
def path(tmp_path):
    """A network's file with no card beside it."""
    path = tmp_path / "a.safetensors"
    save_network(path, build(Cascade(Architecture(subnetworks=2, hidden_layers=2, filters=3))), NetworkCard())
    path.with_suffix(".json").unlink()
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"filters": 10**9},
        {"subnetworks": 10**12},
        {"hidden_layers": 10**12},
        {"hidden_layers": 0},
        {"kernel": "3"},
        {"kernel": float("nan")},
        {"filters": []},
        {"data_consistency": []},
        {"data_consistency": "much"},
        {"other": 1},
    ],
    ids=str,
)
def test_an_architecture_that_is_not_the_weights_is_refused_unbuilt(path, monkeypatch, change):
    arrays, state = load_arrays(path)
    state["card"]["architecture"] |= change
    save_arrays(path, arrays, state)
    monkeypatch.setattr("recon_lib.network.files.build", None)
    with pytest.raises(ReconError, match=r"a\.safetensors"):
        load_network(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(path, value):
    arrays, state = load_arrays(path)
    arrays["subnetwork_1/conv_0/bias"][1] = value
    save_arrays(path, arrays, state)
    with pytest.raises(ReconError, match=r"no finite numbers \(subnetwork_1/conv_0/bias\)"):
        load_network(path)


def test_weights_of_another_kind_are_refused(path):
    arrays, state = load_arrays(path)
    save_arrays(path, {name: array.astype(np.int32) for name, array in arrays.items()}, state)
    with pytest.raises(ReconError, match="no finite numbers"):
        load_network(path)


@pytest.mark.parametrize("card", [[], "x", 5, None])
def test_a_card_that_is_no_mapping_is_refused(path, card):
    save_arrays(path, load_arrays(path)[0], {"card": card})
    for read in (load_network, read_card):
        with pytest.raises(ReconError, match="has no card"):
            read(path)


def test_a_card_without_an_architecture_is_refused(path):
    save_arrays(path, load_arrays(path)[0], {"card": {}})
    with pytest.raises(ReconError, match="states no architecture that can be built"):
        load_network(path)


@pytest.mark.parametrize("card", [b"", b"[]", b"\xff", b"[" * 100_000, json.dumps({"sha256": 5}).encode()])
def test_a_damaged_card_beside_a_network_is_refused(path, card):
    path.with_suffix(".json").write_bytes(card)
    with pytest.raises(ReconError, match=r"a\.json"):
        load_network(path)


def network():
    from recon_lib.network.cascade import Cascade, build

    return build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=3), seed=4))


def test_round_trip(tmp_path):
    net = network()
    card = save_network(tmp_path / "a.safetensors", net, NetworkCard(extra={"domain": "t1"}))
    back, inside = load_network(tmp_path / "a.safetensors", net.architecture)
    assert all(np.array_equal(a, b) for a, b in zip(net.get_weights(), back.get_weights(), strict=True))
    assert inside.extra["domain"] == "t1"
    assert (inside.file, inside.sha256) == ("a.safetensors", card.sha256)
    assert card.weights == net.count_params()
    assert card.sha256 == files.sha256(tmp_path / "a.safetensors")


def test_precision_is_that_of_the_hidden_layers(tmp_path):
    save_network(tmp_path / "a.safetensors", network(), NetworkCard())
    back, _ = load_network(tmp_path / "a.safetensors", precision="mixed_bfloat16")
    first, last = back.subnetworks[0].layers
    assert first.compute_dtype == "bfloat16"
    assert last.compute_dtype == "float32"


def test_half_precision_rounds_and_halves(tmp_path):
    net = network()
    full = save_network(tmp_path / "a.safetensors", net, NetworkCard())
    half = save_network(tmp_path / "b.safetensors", net, NetworkCard(), stored="float16")
    assert half.bytes < full.bytes
    back, _ = load_network(tmp_path / "b.safetensors")
    for a, b in zip(net.get_weights(), back.get_weights(), strict=True):
        assert np.array_equal(a.astype(np.float16).astype(np.float32), b)


def test_another_architecture_is_refused(tmp_path):
    save_network(tmp_path / "a.safetensors", network(), NetworkCard())
    with pytest.raises(ReconError, match="another architecture"):
        load_network(tmp_path / "a.safetensors", Architecture())


def test_weights_that_do_not_fit_their_card_are_refused(tmp_path):
    from recon_lib.core.arrays import save_arrays

    save_network(tmp_path / "a.safetensors", network(), NetworkCard())
    arrays, state = load_arrays(tmp_path / "a.safetensors")
    arrays.popitem()
    save_arrays(tmp_path / "b.safetensors", arrays, state)
    with pytest.raises(ReconError, match="does not hold the weights of its architecture"):
        load_network(tmp_path / "b.safetensors")
    save_arrays(tmp_path / "c.safetensors", arrays, {})
    with pytest.raises(ReconError, match="holds no network"):
        load_network(tmp_path / "c.safetensors")


def test_a_changed_byte_is_refused(tmp_path):
    path = tmp_path / "a.safetensors"
    save_network(path, network(), NetworkCard())
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReconError, match="sha256"):
        load_network(path)


def test_a_missing_or_foreign_file_is_named(tmp_path):
    with pytest.raises(ReconError, match="There is no file"):
        load_network(tmp_path / "none.safetensors")
    (tmp_path / "x.safetensors").write_bytes(b"not weights")
    with pytest.raises(ReconError, match="not a readable checkpoint"):
        load_network(tmp_path / "x.safetensors")


def test_storage_must_be_known(tmp_path):
    with pytest.raises(ReconError, match="float8"):
        save_network(tmp_path / "a.safetensors", network(), NetworkCard(), stored="float8")


def test_what_bfloat16_costs_may_stand_on_the_card_beside_the_file(tmp_path):
    inside = {"t1": PrecisionCost(0.5, 0.6, 2)}
    card = save_network(tmp_path / "a.safetensors", network(), NetworkCard(bfloat16_cost=inside))
    assert load_network(tmp_path / "a.safetensors")[1].bfloat16_cost == inside
    beside = {"t1": PrecisionCost(0.0, 0.1, 9), "t2": PrecisionCost(0.1, 0.2, 3)}
    files.write_json(tmp_path / "a.json", replace(card, bfloat16_cost=beside).to_json())
    assert load_network(tmp_path / "a.safetensors")[1].bfloat16_cost == beside  # measured later
    (tmp_path / "a.json").unlink()
    assert load_network(tmp_path / "a.safetensors")[1].bfloat16_cost == inside
    files.write_json(tmp_path / "a.json", {**card.to_json(), "bfloat16_cost": {"t1": {"mean": "much"}}})
    with pytest.raises(ReconError, match=r"a\.json is no readable card"):
        load_network(tmp_path / "a.safetensors")
