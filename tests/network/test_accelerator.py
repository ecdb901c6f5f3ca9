"""What a record says of a card: what the driver tells, and how the backend multiplies."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from recon_lib.core import host
from recon_lib.network import accelerator


def card(monkeypatch, shown):
    """Let there be a card, of which the driver's program prints this, or which it fails with."""

    def run(command, **options):
        assert command[:2] == ["nvidia-smi", "--query-gpu=name,memory.total,driver_version"]
        if isinstance(shown, Exception):
            raise shown
        return SimpleNamespace(stdout=shown)

    monkeypatch.setattr(accelerator, "device_memory", lambda: 1)
    monkeypatch.setattr(accelerator.subprocess, "run", run)


def test_a_processor_has_none():
    assert accelerator.accelerator() is None


def test_the_first_card_is_described(monkeypatch):
    card(monkeypatch, "Tesla X, 81559, 550.1\nTesla Y, 4, 550.1\n")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    expected = {"kind": "Tesla X", "memory_mib": 81559, "driver": "550.1", "tf32": False}
    assert accelerator.accelerator() == expected


def test_the_machine_is_described_with_its_card(monkeypatch):
    assert accelerator.machine() == host.machine()
    card(monkeypatch, "Tesla X, 81559, 550.1\n")
    described = accelerator.machine()
    assert described.pop("accelerator")["kind"] == "Tesla X"
    assert described == host.machine()


@pytest.mark.parametrize("shown", ["", "Tesla X, [N/A], 550.1\n", "Tesla X\n", OSError(), None])
def test_what_the_driver_does_not_tell_is_none(monkeypatch, shown):
    card(monkeypatch, subprocess.CalledProcessError(9, "nvidia-smi") if shown is None else shown)
    described = accelerator.accelerator()
    assert {key: described[key] for key in ("kind", "memory_mib", "driver")} == dict.fromkeys(
        ("kind", "memory_mib", "driver")
    )


@pytest.mark.parametrize("rounds", [True, False])
def test_each_backend_is_asked_whether_it_rounds(monkeypatch, rounds):
    card(monkeypatch, "")
    monkeypatch.delenv("NVIDIA_TF32_OVERRIDE", raising=False)
    execution = SimpleNamespace(tensor_float_32_execution_enabled=lambda: rounds)
    modules = {
        "tensorflow": SimpleNamespace(config=SimpleNamespace(experimental=execution)),
        "jax": SimpleNamespace(
            config=SimpleNamespace(jax_default_matmul_precision=None if rounds else "float32"),
        ),
        "torch": SimpleNamespace(
            backends=SimpleNamespace(cudnn=SimpleNamespace(allow_tf32=rounds)),
        ),
    }
    for name, module in modules.items():
        monkeypatch.setattr(accelerator.keras.backend, "backend", lambda name=name: name)
        monkeypatch.setitem(sys.modules, name, module)
        assert accelerator.accelerator()["tf32"] is rounds
