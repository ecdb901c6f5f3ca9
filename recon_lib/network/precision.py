"""In which precision a network's hidden layers compute: as the user says, or as the machine and the network allow.

``auto`` takes bfloat16 where it pays and costs next to nothing: on a processor whose flags promise products of
bfloat16 numbers, with TensorFlow, or on a card that has them; and for a network whose card says that its loss lies
within the bounds of :class:`~recon_lib.results.released.PrecisionCost`. Everything else computes in float32. The
experiments of the paper do not ask here: their recipes say what they compute in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core import host
from recon_lib.core.errors import choose
from recon_lib.results.released import NetworkCard, PrecisionCost

if TYPE_CHECKING:
    from recon_lib.network.cascade import Cascade

SETTINGS = ("auto", "float32", "bfloat16")
VARIABLE = "RECON_PRECISION"

#: Whether ``auto`` may tune in bfloat16 too: the page of differences measures what that changes, beside another seed.
TUNES_IN_BFLOAT16 = True

_FLAGS = ("amx_bf16", "avx512_bf16")  # either promises a processor's products of bfloat16 numbers
_CAPABILITY = 8.0  # NVIDIA's cards have them from this compute capability on
_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


@dataclass(frozen=True)
class Precision:
    """What the hidden layers of a network compute in; weights, inputs and outputs are float32 always.

    Attributes:
        name: ``float32`` or ``bfloat16``.
        reason: Why, for a reader.
    """

    name: str
    reason: str

    @property
    def policy(self) -> str:
        """Keras' dtype policy of the hidden layers, as recipes name it."""
        return _POLICIES[self.name]

    def __str__(self) -> str:
        return f"precision {self.name}: {self.reason}"


def precision_setting(option: str | None = None) -> str:
    """Return what the user asks for.

    Args:
        option: Of the command line, which goes before the environment's ``RECON_PRECISION``; without both, ``auto``.

    Raises:
        ReconError: It is none of ``SETTINGS``.
    """
    if option is not None:
        return choose("precision", option, SETTINGS)
    return choose(f"precision in {VARIABLE}", os.environ.get(VARIABLE) or "auto", SETTINGS)


def load_chosen(
    path: Path, option: str | None = None, *, tuning: bool = False
) -> tuple[Cascade, NetworkCard, Precision]:
    """Read a network to compute in what is chosen for it.

    Args:
        path: The ``.safetensors`` file.
        option: As for :func:`precision_setting`.
        tuning: Its weights are going to be changed.

    Returns:
        The network, ready to run, its card and the choice.

    Raises:
        ReconError: As :func:`precision_setting` and :func:`~recon_lib.network.files.load_network`.
    """
    from recon_lib.network.cascade import with_precision
    from recon_lib.network.files import load_network

    precision_setting(option)
    cascade, card = load_network(path)
    precision = choose_precision(card, option, tuning=tuning)
    return with_precision(cascade, precision.policy), card, precision


def choose_precision(card: NetworkCard, option: str | None = None, *, tuning: bool = False) -> Precision:
    """Choose what a network computes in.

    Args:
        card: The network's.
        option: As for :func:`precision_setting`.
        tuning: Its weights are going to be changed.

    Returns:
        The choice. Where bfloat16 is asked for and not there, float32, and the reason says so.

    Raises:
        ReconError: As :func:`precision_setting`.
    """
    setting = precision_setting(option)
    if setting == "float32":
        return Precision("float32", "as asked for")
    advantage, obstacle = machine_bfloat16()
    if setting == "bfloat16":
        if obstacle:
            return Precision("float32", f"bfloat16 was asked for, but {obstacle}; float32 is used instead")
        return Precision("bfloat16", f"as asked for; {advantage}")
    if obstacle := obstacle or _obstacle_of_card(card) or _obstacle_of_tuning(tuning):
        return Precision("float32", obstacle)
    lost = max(cost.mean for cost in card.bfloat16_cost.values())
    return Precision("bfloat16", f"{advantage}, and this network loses {max(lost, 0):.4f} dB by it on average")


def machine_bfloat16() -> tuple[str, str]:
    """Say why this machine computes in bfloat16, or why it does not.

    Returns:
        What it has, and an empty word; or an empty word, and what is in the way.
    """
    import keras

    from recon_lib.network.device import device_memory

    backend = keras.backend.backend()
    if device_memory() is not None:
        if _card_capability(backend) >= _CAPABILITY:
            return "this card computes in it", ""
        return "", "this card has no arithmetic of it"
    flags = sorted(host.processor_flags() & set(_FLAGS))
    if not flags:
        return "", f"this processor's flags do not promise it ({' or '.join(_FLAGS)})"
    if backend != "tensorflow":
        return "", f"on a processor it pays with TensorFlow alone, and Keras runs on {backend}"
    return f"this processor computes in it ({flags[0]})", ""


def _obstacle_of_card(card: NetworkCard) -> str:
    if not card.bfloat16_cost:
        return "what bfloat16 costs this network has not been measured"
    large = [domain for domain, cost in sorted(card.bfloat16_cost.items()) if not cost.is_small]
    if not large:
        return ""
    cost = card.bfloat16_cost[large[0]]
    bounds = f"{PrecisionCost.BOUND_MEAN:g} and {PrecisionCost.BOUND_WORST:g} dB"
    return (
        f"bfloat16 costs this network {cost.mean:.3f} dB on average and {cost.worst:.3f} dB on the worst slice "
        f"({large[0]}), and not more than {bounds} are allowed"
    )


def _obstacle_of_tuning(tuning: bool) -> str:
    return "" if TUNES_IN_BFLOAT16 or not tuning else "tuning in bfloat16 changes more than another seed does"


def _card_capability(backend: str) -> float:
    """Return the compute capability of an NVIDIA card; 0 for another."""
    match backend:
        case "tensorflow":
            import tensorflow as tf

            details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
            capability = ".".join(map(str, details.get("compute_capability", (0,))))
        case "jax":
            import jax

            capability = getattr(jax.devices()[0], "compute_capability", "0")
        case _:
            import torch

            capability = ".".join(map(str, torch.cuda.get_device_capability(0)))
    try:
        return float(capability)
    except ValueError:  # other makers' cards say it in other words
        return 0.0
