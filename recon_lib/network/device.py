"""What fits into a graphics card: the pixels of a forward pass, and whether an update can be made at all.

A sub-network of ``filters`` channels holds, for each pixel and in float32, its layers' outputs; an update holds
them all twice, as values and as gradients, a forward pass two of them at a time. Weights are small beside that.
"""

from __future__ import annotations

import os
from fractions import Fraction

import keras

from recon_lib.core.errors import ReconError
from recon_lib.experiment.counting import update_bytes
from recon_lib.experiment.recipes import Architecture

PIXELS_ON_CPU = 2**18
SHARE = "RECON_CARD_SHARE"
"""The variable that names this process' part of the card, where several share it."""
_FLOAT = 4  # bytes
_USED = 0.8  # This share of a card's memory is used: the rest is the backend's own, and fragments.


def device_memory() -> int | None:
    """Return the bytes of the card that this process may use, or ``None`` where the backend computes on a CPU."""
    return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]()


def usable(memory: int) -> int:
    """Return how much of a card's memory arrays may take.

    Args:
        memory: Bytes, as :func:`device_memory` gives them.
    """
    return int(_USED * memory)


def card_share() -> Fraction:
    """Return this process' part of the card: what ``RECON_CARD_SHARE`` names, or 1.

    Raises:
        ReconError: It names no part above 0 and up to 1.
    """
    text = os.environ.get(SHARE, "1")
    try:
        share = Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(0)
    if not 0 < share <= 1:
        raise ReconError(f"{SHARE} is a part of the card such as 1/4 or 0.25, not {text!r}.")
    return share


def check_update(architecture: Architecture, batch: int, size: tuple[int, int], end_to_end: bool) -> None:
    """Refuse an update that the card cannot hold in single precision, before anything is started.

    Args:
        architecture: The network's shape.
        batch: Images.
        size: ``(height, width)`` of an image, or of a crop.
        end_to_end: All sub-networks at once, or one.

    Raises:
        ReconError: It does not fit; the message says which batch does, if any.
    """
    memory = device_memory()
    if memory is None:
        return
    largest = int(_USED * memory // update_bytes(architecture, 1, size, end_to_end))
    if batch > largest:
        mend = f"make the batch {largest} at most" if largest else "make the images or the network smaller"
        raise ReconError(
            f"An update of {batch} images of {size[0]}x{size[1]} does not fit into {memory / 2**30:.0f} GiB: {mend}"
            + ("." if end_to_end else ", or train on crops.")
        )


def room(architecture: Architecture, batch: int, size: tuple[int, int]) -> int:
    """Return how many bytes of images can stay on the card beside an update of a sub-network; 0 on a CPU.

    Args:
        architecture: The network's shape.
        batch: Images an update.
        size: ``(height, width)`` of an image.
    """
    memory = device_memory()
    if memory is None:
        return 0
    return max(0, usable(memory) - update_bytes(architecture, batch, size, end_to_end=False))


def forward_pixels(architecture: Architecture) -> int:
    """Return how many pixels a forward pass takes at once.

    Args:
        architecture: The network's shape.
    """
    memory = device_memory()
    if memory is None:
        return PIXELS_ON_CPU
    return max(PIXELS_ON_CPU, int(_USED * memory / (2 * _FLOAT * 2 * architecture.filters)))


def _tensorflow() -> int | None:
    import tensorflow as tf

    cards = tf.config.list_physical_devices("GPU")
    if not cards:
        return None
    limited = tf.config.get_logical_device_configuration(cards[0])
    if limited and limited[0].memory_limit:
        return int(limited[0].memory_limit) * 2**20
    from tensorflow.python.client import device_lib  # Only this says how much TensorFlow may use.

    return max(d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU")


def _jax() -> int | None:
    import jax

    device = jax.devices()[0]
    return None if device.platform == "cpu" else int(device.memory_stats()["bytes_limit"])


def _torch() -> int | None:
    import torch

    if not torch.cuda.is_available():
        return None
    return int(torch.cuda.get_device_properties(0).total_memory * card_share())
