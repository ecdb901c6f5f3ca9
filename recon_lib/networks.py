"""The released networks as a table, read from the cards beside their files."""

from __future__ import annotations

import json

from recon_lib.results import Results
from recon_lib.tables import NAMES, Rendered, signed


def cards(results: Results) -> list[dict]:
    """Read the card of every released network.

    Args:
        results: A verified folder of results.

    Returns:
        Cards in the order of their files' names.
    """
    paths = sorted((results.folder / "weights").glob("*.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def render_networks(results: Results) -> Rendered:
    """List the released networks, and what storing them in half precision costs.

    Args:
        results: A verified folder of results.

    Returns:
        A markdown table: name, training domain and images, images of fine-tuning, size in MB, mean PSNR lost on
        test slices in dB (positive: lost), first eight digits of the sha256.
    """
    lines = [
        "| Name | Trained on | Tuned with | Size, MB | Lost by half precision, dB | sha256 |",
        "|:--|:--|:--|--:|:--|:--|",
    ]
    for card in cards(results):
        tuned = f"{card['n_finetune']} {NAMES[card['test_domain']]}" if card["kind"] == "finetune" else ""
        cost = ", ".join(f"{NAMES[name]} {signed(lost, 4)}" for name, lost in sorted(card["float16_cost_db"].items()))
        trained = f"{card['n_images']} {NAMES[card['training_domain']]}"
        name, size = card["file"].removesuffix(".safetensors"), f"{card['bytes'] / 1e6:.2f}"
        lines.append(f"| `{name}` | {trained} | {tuned} | {size} | {cost} | `{card['sha256'][:8]}` |")
    return Rendered(markdown="\n".join(lines))
