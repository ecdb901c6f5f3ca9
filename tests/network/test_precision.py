"""The precision of the hidden layers follows the user, else the machine's own flags and the network's card."""

import sys
from types import SimpleNamespace

import keras
import pytest
from scan_files import tiny_network

from recon_lib.core import host
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json
from recon_lib.network import device, precision
from recon_lib.network.precision import choose_precision, load_chosen, machine_bfloat16, precision_setting
from recon_lib.results.released import NetworkCard, PrecisionCost, read_card

CHEAP = NetworkCard(bfloat16_cost={"t1": PrecisionCost(0.003, 0.02, 9), "t2": PrecisionCost(-0.001, 0.01, 9)})


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv(precision.VARIABLE, raising=False)


def machine(monkeypatch, *flags, backend="tensorflow", card=None):
    """Pretend a processor with these flags, a backend, and a card of this compute capability."""
    monkeypatch.setattr(host, "processor_flags", lambda: frozenset({"avx2", "fma", *flags}))
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(device, "device_memory", lambda: None if card is None else 2**34)
    monkeypatch.setattr(precision, "_card_capability", lambda name: card)


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16"])
def test_a_processor_whose_flags_promise_it_computes_in_bfloat16(monkeypatch, flag):
    machine(monkeypatch, flag)
    chosen = choose_precision(CHEAP)
    assert (chosen.name, chosen.policy) == ("bfloat16", "mixed_bfloat16")
    assert flag in str(chosen)
    assert "0.0030 dB" in str(chosen)  # the contrast that loses most


@pytest.mark.parametrize("flags", [(), ("avx512f",), ("bf16",), ("amx_tile", "amx_int8"), ("avx512_fp16",)], ids=str)
def test_any_other_processor_stays_as_it_was(monkeypatch, flags):
    machine(monkeypatch, *flags)
    chosen = choose_precision(CHEAP)
    assert (chosen.name, chosen.policy) == ("float32", "float32")
    assert "amx_bf16 or avx512_bf16" in chosen.reason


def test_a_card_decides_before_the_processor(monkeypatch):
    machine(monkeypatch, "avx512_bf16", backend="jax", card=7.5)
    assert choose_precision(CHEAP).name == "float32"
    machine(monkeypatch, backend="jax", card=8.0)
    assert choose_precision(CHEAP).name == "bfloat16"


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_a_processor_it_pays_with_tensorflow_alone(monkeypatch, backend):
    machine(monkeypatch, "amx_bf16", backend=backend)
    chosen = choose_precision(CHEAP)
    assert chosen.name == "float32"
    assert backend in chosen.reason


@pytest.mark.parametrize(
    ("costs", "word"),
    [
        ({}, "not been measured"),
        ({"t1": PrecisionCost(0.0201, 0.05, 9)}, "(t1)"),
        ({"t1": PrecisionCost(0.001, 0.01, 9), "t2": PrecisionCost(0.02, 0.101, 9)}, "(t2)"),
        ({"t1": PrecisionCost(float("nan"), 0.01, 9)}, "(t1)"),
    ],
)
def test_a_network_that_loses_too_much_or_was_not_measured_stays_in_float32(monkeypatch, costs, word):
    machine(monkeypatch, "amx_bf16")
    chosen = choose_precision(NetworkCard(bfloat16_cost=costs))
    assert chosen.name == "float32"
    assert word in chosen.reason


def test_at_the_bounds_themselves_it_is_allowed(monkeypatch):
    machine(monkeypatch, "amx_bf16")
    assert choose_precision(NetworkCard(bfloat16_cost={"t1": PrecisionCost(0.02, 0.1, 9)})).name == "bfloat16"


def test_one_constant_decides_whether_tuning_does_as_well(monkeypatch):
    machine(monkeypatch, "amx_bf16")
    for value, name in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(precision, "TUNES_IN_BFLOAT16", value)
        assert choose_precision(CHEAP, tuning=True).name == name
        assert choose_precision(CHEAP).name == "bfloat16"
        assert choose_precision(CHEAP, "bfloat16", tuning=True).name == "bfloat16"  # who asks for it gets it


def test_the_command_line_goes_before_the_environment_and_that_before_the_machine(monkeypatch):
    machine(monkeypatch, "amx_bf16")
    assert precision_setting() == "auto"
    monkeypatch.setenv(precision.VARIABLE, "")
    assert precision_setting() == "auto"
    monkeypatch.setenv(precision.VARIABLE, "float32")
    assert choose_precision(CHEAP).name == "float32"
    assert choose_precision(CHEAP, "bfloat16").name == "bfloat16"
    assert choose_precision(CHEAP, "auto").name == "bfloat16"
    assert choose_precision(NetworkCard(), "bfloat16").name == "bfloat16"  # whatever it may cost


def test_an_unknown_precision_is_one_sentence_that_says_where_it_stands(monkeypatch):
    with pytest.raises(ReconError, match=r"^Unknown precision 'bfloat': did you mean 'bfloat16'\?$"):
        precision_setting("bfloat")
    with pytest.raises(ReconError, match="Unknown precision '': choose one of auto, bfloat16, float32"):
        precision_setting("")
    monkeypatch.setenv(precision.VARIABLE, "half")
    with pytest.raises(ReconError, match="Unknown precision in RECON_PRECISION 'half'"):
        choose_precision(CHEAP)
    assert precision_setting("float32") == "float32"


def test_bfloat16_where_it_is_not_there_says_what_is_used_instead(monkeypatch):
    machine(monkeypatch)
    chosen = choose_precision(CHEAP, "bfloat16")
    assert chosen.name == "float32"
    assert "was asked for" in chosen.reason
    assert "flags do not promise it" in chosen.reason
    assert chosen.reason.endswith("float32 is used instead")


def test_a_network_is_loaded_to_compute_in_what_was_chosen(monkeypatch, tmp_path):
    path = tiny_network(tmp_path / "net.safetensors")
    machine(monkeypatch, "avx512_bf16")
    cascade, _, chosen = load_chosen(path)
    assert (cascade.precision, chosen.name) == ("float32", "float32")  # nobody has measured it
    cascade, _, chosen = load_chosen(path, "bfloat16")
    assert (cascade.precision, chosen.name) == ("mixed_bfloat16", "bfloat16")
    beside = {
        **read_card(path).to_json(),
        "sha256": sha256(path),
        "bfloat16_cost": {"t1": vars(PrecisionCost(0, 0, 4))},
    }
    write_json(path.with_suffix(".json"), beside)
    cascade, card, chosen = load_chosen(path, tuning=True)
    assert (cascade.precision, chosen.name) == ("mixed_bfloat16", "bfloat16")
    assert card.bfloat16_cost["t1"].slices == 4
    monkeypatch.setattr(precision, "TUNES_IN_BFLOAT16", False)
    assert load_chosen(path, tuning=True)[0].precision == "float32"
    with pytest.raises(ReconError, match="Unknown precision"):
        load_chosen(tmp_path / "missing.safetensors", "double")  # before anything is read


def module(monkeypatch, name, **content):
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(**content))


def test_each_backend_is_asked_for_its_cards_capability(monkeypatch):
    for told, value in (("9.0", 9.0), ("gfx90a", 0.0)):
        module(monkeypatch, "jax", devices=lambda told=told: [SimpleNamespace(compute_capability=told)])
        assert precision._card_capability("jax") == value
    module(monkeypatch, "jax", devices=lambda: [SimpleNamespace()])  # a card of another kind
    assert precision._card_capability("jax") == 0
    module(monkeypatch, "torch", cuda=SimpleNamespace(get_device_capability=lambda number: (8, 6)))
    assert precision._card_capability("torch") == 8.6
    for details, value in (({"compute_capability": (7, 5)}, 7.5), ({}, 0.0)):
        listing = SimpleNamespace(
            list_physical_devices=lambda kind: ["a card"],
            experimental=SimpleNamespace(get_device_details=lambda name, details=details: details),
        )
        module(monkeypatch, "tensorflow", config=listing)
        assert precision._card_capability("tensorflow") == value


def test_this_machine_has_a_reason_or_an_obstacle():
    advantage, obstacle = machine_bfloat16()
    assert bool(advantage) != bool(obstacle)
