"""Trained networks of several coils as files: weights without pickle, and a card, as those of one coil."""

from __future__ import annotations

from pathlib import Path

from recon_lib.core.arrays import load_arrays
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256
from recon_lib.core.strict_yaml import build
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.network.cascade import named_weights, set_weights
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.results.released import NetworkCard, card_of

NORMALISATION = "each slice divided by the maximum of its zero-filled image"


def load_coil_network(path: Path) -> tuple[CoilCascade, NetworkCard]:
    """Read what :func:`recon_lib.network.files.save_network` wrote of a network of several coils.

    Args:
        path: The ``.safetensors`` file.

    Returns:
        The network, ready to run on ``(batch, height, width, 2)``, and its card with the file's sha256.

    Raises:
        ReconError: The file is missing, unreadable, or holds another kind of network.
    """
    arrays, state = load_arrays(path)
    card = card_of(path, state)
    if not card.is_for_coils:
        raise ReconError(f"{path} holds a network of one coil: choose one that was trained with several.")
    stated = {**card.architecture, "data_consistency": float(card.architecture["data_consistency"])}
    cascade = build_coils(CoilCascade(build(CoilArchitecture, stated, f"architecture of {path}")))
    shapes = {name: value.shape for name, value in named_weights(cascade).items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise ReconError(f"{path} does not hold the weights of its architecture, {cascade.architecture}.")
    set_weights(cascade, arrays)
    return cascade, NetworkCard.from_json({**card.to_json(), "file": path.name, "sha256": sha256(path)})
