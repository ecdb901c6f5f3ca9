"""The card that the backend computes on: its name, memory and driver, and the arithmetic of its convolutions."""

from __future__ import annotations

import os
import subprocess

import keras

from recon_lib.core import host
from recon_lib.network.device import device_memory

_QUERY = "--query-gpu=name,memory.total,driver_version"


def accelerator() -> dict | None:
    """Describe the card for a run's record; ``None`` on a CPU.

    Returns:
        ``kind`` (its name), ``memory_mib`` (all it has), ``driver``, and ``tf32``: whether convolutions of float32
        numbers round their factors to TF32's ten bits. What the driver does not tell is ``None``.
    """
    if device_memory() is None:
        return None
    return {**card(), "tf32": _rounds_to_tf32()}


def machine() -> dict:
    """Describe the computer and its card, for the record of what was computed on it.

    Returns:
        As :func:`recon_lib.core.host.machine`; ``accelerator`` too where there is a card, as :func:`accelerator`.
    """
    described = accelerator()
    return host.machine() | ({"accelerator": described} if described else {})


def card() -> dict:
    """Ask the driver about the first card, without touching it.

    Returns:
        ``kind``, ``memory_mib`` and ``driver``; ``None`` each where there is no card or the driver does not tell.
    """
    try:
        answer = subprocess.run(
            ["nvidia-smi", _QUERY, "--format=csv,noheader,nounits"], capture_output=True, text=True, check=True
        ).stdout
        kind, memory, driver = (part.strip() for part in answer.splitlines()[0].split(","))
        return {"kind": kind, "memory_mib": int(memory), "driver": driver}
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        return {"kind": None, "memory_mib": None, "driver": None}


def _rounds_to_tf32() -> bool:
    """Tell what the backend is set to; a card without TF32 computes in float32 all the same."""
    if os.environ.get("NVIDIA_TF32_OVERRIDE") == "0":
        return False
    match keras.backend.backend():
        case "jax":
            import jax

            return jax.config.jax_default_matmul_precision in (None, "default", "fastest", "tensorfloat32")
        case "torch":
            import torch

            return torch.backends.cudnn.allow_tf32
        case _:
            import tensorflow as tf

            return tf.config.experimental.tensor_float_32_execution_enabled()
