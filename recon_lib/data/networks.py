"""Released networks that are not at hand: a wheel carries the default ones, every other is fetched by its sha256."""

from __future__ import annotations

import json
from pathlib import Path

from recon_lib.data import fetch
from recon_lib.data.manifest import File, load_manifest
from recon_lib.results.defaults import find_network
from recon_lib.results.released import NetworkCard


def obtain_network(name: str) -> Path:
    """Return the file of a network, fetching it if this installation only knows its card.

    Args:
        name: As for :func:`~recon_lib.results.defaults.find_network`.

    Returns:
        The file: the one of the results, or a verified copy from the mirror, the cache, or an address that the
        manifest names under ``networks``.

    Raises:
        ReconError: There is no such network, or its file cannot be had (the message says what to set).
    """
    path = find_network(name)
    return path if path.is_file() else fetch.obtain(_file(path))


def _file(path: Path) -> File:
    """Describe a released network by the card that stands where it would lie."""
    card = NetworkCard.from_json(json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))
    place = f"networks/{path.parents[1].name}/{path.name}"
    first, *others = [f"{address.rstrip('/')}/{place}" for address in load_manifest().networks] or [""]
    return File(place, "network", "", card.sha256, card.bytes, url=first, alternatives=tuple(others))
