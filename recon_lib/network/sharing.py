"""A card that several processes share: each keeps to the part of its memory that ``RECON_CARD_SHARE`` names.

A backend takes the whole card's memory, or what it likes of it, unless it is told otherwise before its first operation.
"""

from __future__ import annotations

import functools
import os

import keras

from recon_lib.core.errors import ReconError
from recon_lib.network.accelerator import card
from recon_lib.network.device import card_share, usable

_FRACTION = "XLA_PYTHON_CLIENT_MEM_FRACTION"
_PREALLOCATED = 0.75  # of a card's memory, by JAX for one process
_LIMITED = 0.9  # of a card's memory, on TensorFlow: each process holds some of its own besides


@functools.cache
def take_share() -> None:
    """Keep this process to its part of the card's memory; without effect on a processor, and after the first call.

    Call it before the backend's first operation. JAX takes its part at once, PyTorch and TensorFlow up to it; where
    the driver does not tell TensorFlow what there is, it takes no more than it needs.

    Raises:
        ReconError: As :func:`recon_lib.network.device.card_share`.
    """
    share = card_share()
    if share < 1:
        {"jax": _of_jax, "tensorflow": _of_tensorflow, "torch": _of_torch}[keras.backend.backend()](float(share))


def check_share(memory: int, workers: int, update: int) -> None:
    """Refuse more workers than a card has memory for.

    Args:
        memory: Bytes of one worker's share of the card.
        workers: How many share it.
        update: Bytes of the largest update that one of them makes.

    Raises:
        ReconError: It does not fit; the message says how many workers fit.
    """
    if update <= usable(memory):
        return
    count = usable(memory * workers) // update
    mend = f"ask for --workers {count}" if count else "not even one fits: make the tuning batch or the network smaller"
    raise ReconError(
        f"{workers} workers have {memory / 2**30:.2f} GiB of the card each, and the largest update takes "
        f"{update / 2**30:.2f} GiB: {mend}."
    )


def _of_jax(share: float) -> None:
    os.environ[_FRACTION] = str(float(os.environ.get(_FRACTION, _PREALLOCATED)) * share)


def _of_tensorflow(share: float) -> None:
    import tensorflow as tf

    memory = card()["memory_mib"]
    for device in tf.config.list_physical_devices("GPU"):
        if memory is None:
            tf.config.experimental.set_memory_growth(device, True)
            continue
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(_LIMITED * share * memory))
        tf.config.set_logical_device_configuration(device, [limit])


def _of_torch(share: float) -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(share)
