"""Trained networks as files: weights without pickle, and a card that says what they are.

The card travels in the file's header, so a network never loses its normalisation; beside a released
file stands the same card as JSON with the file's sha256.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json
from recon_lib.core.strict_yaml import build as make
from recon_lib.core.strict_yaml import mapping
from recon_lib.experiment.counting import weights
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.cascade import Cascade, build, named_weights, set_weights
from recon_lib.results.released import NORMALISATION, NetworkCard, card_of

STORED = ("float16", "float32")


def save_network(path: Path, cascade: Cascade, card: NetworkCard, *, stored: str = "float32") -> NetworkCard:
    """Write a network and its card.

    Args:
        path: The ``.safetensors`` file; the card is written beside it as ``.json``.
        cascade: A network that has been built.
        card: What is to be known of it: domain, images, profile, data hashes, results.
        stored: ``float32``, or ``float16`` for half the size.

    Returns:
        The whole card, with architecture, normalisation and sha256.

    Raises:
        ReconError: ``stored`` is neither.
    """
    if stored not in STORED:
        raise ReconError(f"Weights are stored as {' or '.join(STORED)}, not {stored!r}.")
    arrays = {name: value.astype(stored) for name, value in named_weights(cascade).items()}
    # A file cannot state its own hash, and those of the file that the network was read from are others.
    header = replace(
        card,
        architecture=cascade.architecture.as_dict(),
        weights=sum(array.size for array in arrays.values()),
        stored=stored,
        normalisation=card.normalisation or NORMALISATION,
        file=None,
        sha256=None,
        bytes=None,
    )
    save_arrays(path, arrays, {"card": header.to_json()})
    card = replace(header, file=path.name, sha256=sha256(path), bytes=path.stat().st_size)
    write_json(path.with_suffix(".json"), card.to_json())
    return card


def load_network(
    path: Path, architecture: Architecture | None = None, precision: str = "float32"
) -> tuple[Cascade, NetworkCard]:
    """Read a network.

    Args:
        path: The ``.safetensors`` file.
        architecture: What the network must be, if that matters.
        precision: Keras' dtype policy that its hidden layers compute in.

    Returns:
        The network, ready to run, and its card with the file's name and sha256; what bfloat16 costs is taken from the
        card beside the file too.

    Raises:
        ReconError: The file is missing, unreadable, holds another architecture or other weights than
            its architecture has, some that are not finite, or its sha256 is not the one in the card beside
            it.
    """
    arrays, state = load_arrays(path)
    card_file = path.with_suffix(".json")
    digest = sha256(path)
    stated_card = _card_beside(card_file) if card_file.is_file() else NetworkCard(sha256=digest)
    if stated_card.sha256 != digest:
        raise ReconError(f"{path} does not have the sha256 that {card_file.name} states: fetch it again.")
    card = card_of(path, state)
    # What bfloat16 costs may have been measured after the file was written.
    costs = {**card.bfloat16_cost, **stated_card.bfloat16_cost}
    card = replace(card, file=path.name, sha256=digest, bfloat16_cost=costs)
    stated = _architecture(path, card)
    if architecture is not None and stated != architecture:
        raise ReconError(f"{path} holds another architecture: {stated}, not {architecture}.")
    # Before anything of that size is built: a card can claim any.
    count = sum(array.size for array in arrays.values())
    if count != weights(stated):
        raise ReconError(f"{path} does not hold the weights of its architecture, {stated}.")
    cascade = build(Cascade(stated, precision=precision))
    shapes = {name: value.shape for name, value in named_weights(cascade).items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise ReconError(f"{path} does not hold the weights of its architecture, {stated}.")
    bad = [name for name, array in arrays.items() if array.dtype.kind != "f" or not np.isfinite(array).all()]
    if bad:
        raise ReconError(f"{path} holds weights that are no finite numbers ({bad[0]}): fetch or train it again.")
    set_weights(cascade, arrays)
    return cascade, card


def _architecture(path: Path, card: NetworkCard) -> Architecture:
    if card.is_for_coils:
        raise ReconError(f"{path} holds a network of several coils: recon reconstruct runs it, on their raw k-space.")
    try:
        stated = {**card.architecture}
        stated["data_consistency"] = float(stated["data_consistency"])
        return make(Architecture, stated, "architecture")
    except (KeyError, ValueError, TypeError) as error:
        raise ReconError(f"The card of {path} states no architecture that can be built ({error}).") from error


def _card_beside(card_file: Path) -> NetworkCard:
    try:
        return NetworkCard.from_json(mapping(json.loads(card_file.read_text(encoding="utf-8")), "the card"))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ReconError(f"{card_file} is no readable card ({reason}): fetch it again, or remove it.") from error
