"""Each process keeps to its part of a shared card, on every backend, and too many are told how many fit."""

import os
import sys
from types import SimpleNamespace

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.network import device, sharing


@pytest.fixture
def backend(monkeypatch):
    """Put a fabricated module in the place of a backend, and let this process have a quarter of the card."""
    monkeypatch.setenv(device.SHARE, "1/4")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_MEM_FRACTION", raising=False)
    sharing.take_share.cache_clear()

    def use(name, module):
        monkeypatch.setattr(sharing.keras.backend, "backend", lambda: name)
        monkeypatch.setitem(sys.modules, name, module)

    yield use
    sharing.take_share.cache_clear()


def test_jax_takes_its_part_once(backend, monkeypatch):
    backend("jax", SimpleNamespace())
    for _ in range(2):
        sharing.take_share()
    assert os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.1875"  # a quarter of the 0.75 that JAX would take
    sharing.take_share.cache_clear()
    monkeypatch.setenv("XLA_PYTHON_CLIENT_MEM_FRACTION", "0.8")
    sharing.take_share()
    assert os.environ["XLA_PYTHON_CLIENT_MEM_FRACTION"] == "0.2"


@pytest.mark.parametrize("memory", [8000, None])
def test_tensorflow_is_limited_to_its_part_or_grows_as_it_needs(backend, monkeypatch, memory):
    calls = []
    config = SimpleNamespace(
        list_physical_devices=lambda kind: [kind] if kind == "GPU" else [],
        LogicalDeviceConfiguration=lambda memory_limit: memory_limit,
        set_logical_device_configuration=lambda card, limits: calls.append((card, limits)),
        experimental=SimpleNamespace(set_memory_growth=lambda card, on: calls.append((card, on))),
    )
    monkeypatch.setattr(sharing, "card", lambda: {"memory_mib": memory})
    backend("tensorflow", SimpleNamespace(config=config))
    sharing.take_share()
    assert calls == [("GPU", [1800] if memory else True)]  # a quarter of nine tenths


@pytest.mark.parametrize("present", [True, False])
def test_torch_is_limited_to_its_part(backend, present):
    calls = []
    cuda = SimpleNamespace(is_available=lambda: present, set_per_process_memory_fraction=calls.append)
    backend("torch", SimpleNamespace(cuda=cuda))
    sharing.take_share()
    assert calls == ([0.25] if present else [])


def test_a_process_alone_changes_nothing(backend, monkeypatch):
    monkeypatch.delenv(device.SHARE)
    backend("jax", SimpleNamespace())
    sharing.take_share()
    assert "XLA_PYTHON_CLIENT_MEM_FRACTION" not in os.environ


def test_too_many_workers_are_told_how_many_fit():
    gib = 2**30
    sharing.check_share(5 * gib, 4, 4 * gib)  # a fifth is left to the backend
    with pytest.raises(ReconError) as error:
        sharing.check_share(5 * gib, 4, 4 * gib + 1)
    assert str(error.value) == (
        "4 workers have 5.00 GiB of the card each, and the largest update takes 4.00 GiB: ask for --workers 3."
    )
    sharing.check_share(20 * gib // 3, 3, 4 * gib + 1)
    with pytest.raises(ReconError, match="not even one fits: make the tuning batch or the network smaller"):
        sharing.check_share(gib, 2, 2 * gib)
