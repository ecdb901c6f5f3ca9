"""The released networks: the names of their files, and their cards."""

from __future__ import annotations

import json

from recon_lib.results.store import Results


def cards(results: Results) -> list[dict]:
    """Read the card of every released network.

    Args:
        results: A verified folder of results.

    Returns:
        Cards in the order of their files' names.
    """
    paths = sorted((results.folder / "weights").glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def released_name(choice: dict) -> str:
    """Name the file of a released network: ``natural-4000.safetensors``, ``natural-4000-t1-20.safetensors``.

    Args:
        choice: What its run is named by.
    """
    named = [choice[key] for key in ("training_domain", "n_train", "test_domain", "n_finetune") if key in choice]
    return "-".join(str(part) for part in named) + ".safetensors"
