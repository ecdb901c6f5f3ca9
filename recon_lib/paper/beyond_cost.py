"""What the runs of the page beyond the paper took, and what they would take on two cores."""

from __future__ import annotations

import math
from collections.abc import Iterable

from recon_lib.core.errors import ReconError
from recon_lib.experiment.named_recipes import FEW_IMAGES, START
from recon_lib.experiment.profile import load_profile
from recon_lib.paper import own_accelerations
from recon_lib.paper.cost import hardware
from recon_lib.paper.cost.needs import count_operations
from recon_lib.paper.differences.page import NOT_RUN
from recon_lib.paper.images_or_updates import TARGETS
from recon_lib.paper.ingredients import COMBINATIONS, INGREDIENTS, PLAIN
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.records import RunRecord
from recon_lib.results.store import Results

PARTS = {
    "images or updates": frozenset(f"updates-{target}" for target in TARGETS),
    "ingredients": frozenset({PLAIN, *(name for item in (*INGREDIENTS, *COMBINATIONS) for name in item.variations)}),
    "the recipe, and the network that it starts from": frozenset({FEW_IMAGES, START}),
    "accelerations": own_accelerations.LABELS,
}
"""The parts of the page, and their variations."""
VARIATIONS = frozenset[str]().union(*PARTS.values())
"""Those of all parts."""


def render_cost(results: Results | None) -> Rendered:
    """Sum what the runs of each part took, on cards and on processors, and what all would take on two cores.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: minutes. The last column counts the operations of a part, at the rates of the benchmarks.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    table = []
    for title, names in PARTS.items():
        records = [] if results is None else [r for r in results.records.values() if r.key.variation in names]
        if not records:
            table.append((title, "0", NOT_RUN, "", ""))
            continue
        on_card = [record for record in records if "accelerator" in record.machine]
        others = [record for record in records if "accelerator" not in record.machine]
        table.append((title, str(len(records)), _minutes(on_card), _minutes(others), _expected(results, names)))
    heads = ("Part", "Runs", "On a card, minutes", "On two cores, minutes", "All on two cores, minutes")
    return render_table(heads, table, "lrrrr")


def _minutes(records: Iterable[RunRecord]) -> str:
    seconds = sum(record.seconds or 0 for record in records)
    return f"{seconds / 60:.0f}" if seconds else ""


def _expected(results: Results, names: frozenset[str]) -> str:
    try:
        seconds = hardware.expected_seconds(count_operations(load_profile(results.profile), results, names))
    except ReconError:  # the sizes of its images are stated nowhere
        return ""
    return "" if math.isnan(seconds) else f"{seconds / 60:.0f}"
