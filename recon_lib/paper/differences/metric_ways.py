"""In which order the networks come, here and in the paper, and what other ways of measuring make of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.experiment.design import DOMAINS, NAMES, NETWORKS
from recon_lib.paper.averages import METRICS, tuned_count
from recon_lib.paper.differences.effects import largest
from recon_lib.paper.differences.page import NOT_RUN, note
from recon_lib.paper.markup import Rendered, spread
from recon_lib.paper.tables12 import table
from recon_lib.paper.words import label, state
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_WAYS = {
    "": "as in the tables",
    "_own_max": "own maximum",
    "_brain": "head only",
    "_before_dc": "before data consistency",
}


def render_order(number: int, results: Results | None) -> Rendered:
    """Say in which order the three networks come, here and in the paper.

    Args:
        number: 1 (T1 test) or 2 (T2 test).
        results: Ours, or ``None``.

    Returns:
        Markdown: by mean PSNR, best first, as trained and tuned; an order that lacks a network is left out.

    Raises:
        ReconError: There is no such table.
    """
    frame = table(number, results)
    rows = frame[(frame["method"] == "network") & (frame["metric"] == "psnr")]
    said = []
    for count, of_state in rows.groupby("n_finetune"):
        orders = {}
        for side, who in (("ours", "here"), ("paper", "in the paper")):
            ranked = of_state.dropna(subset=side).sort_values(side, ascending=False)
            if len(ranked) == len(NETWORKS):
                orders[who] = ", ".join(NAMES[name] for name in ranked["training_domain"])
        about = state(count).capitalize()
        if len(set(orders.values())) == 1 and len(orders) > 1:
            said.append(f"{about}, both here and in the paper: {orders['here']}.")
        elif orders:
            said.append(f"{about}, {'; '.join(f'{who}: {order}' for who, order in orders.items())}.")
    return Rendered(markdown=f"Order of the networks by PSNR, best first. {' '.join(said)}")


def render_metrics(results: Results) -> Rendered:
    """Draw the same reconstructions measured in other ways, a table a metric.

    Args:
        results: Ours.

    Returns:
        Markdown: means over slices for the three networks with the most training images, as trained and tuned.
    """
    kept = [0, *(tuned_count(results.slices, domain) for domain in DOMAINS)]
    slices = largest(results.slices)
    slices = slices[slices["n_finetune"].isin(kept)]
    tables = []
    for metric, (title, digits) in METRICS.items():
        names = {metric + way: text for way, text in _WAYS.items()}
        means = slices.groupby(["test_domain", "n_finetune", "training_domain"])[list(names)].mean().reset_index()
        lines = [
            f"| {title} | Tuned with | Test | {' | '.join(names.values())} |",
            "|:--|--:|:--|" + "--:|" * len(names),
        ]
        for row in means.itertuples():
            values = " | ".join(spread(getattr(row, name), math.nan, digits) for name in names)
            first = label("network", row.training_domain)
            lines.append(f"| {first} | {row.n_finetune} | {NAMES[row.test_domain]} | {values} |")
        tables.append("\n".join(lines))
    return Rendered(markdown="\n\n".join(tables))


def render_ranks(results: Results | None) -> Rendered:
    """Say for each way of measuring which tuned network is best, and how far apart the three are.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown, a cell a way, metric and contrast; one that lacks a network is empty.
    """
    ways = {
        metric + way: (title, text, digits)
        for metric, (title, digits) in METRICS.items()
        for way, text in _WAYS.items()
    }
    lines = [
        "| Metric | Measured | " + " | ".join(f"{NAMES[d]} test: best, and spread of the three" for d in DOMAINS) + " |"
    ]
    lines.append("|:--|:--|" + ":--|" * len(DOMAINS))
    found = {} if results is None else {domain: _tuned_means(results.slices, domain, list(ways)) for domain in DOMAINS}
    if not any(len(means) == len(NETWORKS) for means in found.values()):
        return note(f"The three tuned networks: {NOT_RUN}.")
    for name, (title, text, digits) in ways.items():
        cells = []
        for means in found.values():
            values = means[name].dropna()
            complete = len(values) == len(NETWORKS)
            best = NAMES[values.idxmax()] if complete else ""
            cells.append(f"{best}, {values.max() - values.min():.{digits}f}" if complete else "")
        lines.append(f"| {title} | {text} | {' | '.join(cells)} |")
    return Rendered(markdown="\n".join(lines))


def _tuned_means(slices: pandas.DataFrame, domain: str, columns: list[str]) -> pandas.DataFrame:
    """Average columns of the largest networks tuned for a contrast, a row a training domain."""
    rows = largest(slices[slices["test_domain"] == domain])
    rows = rows[rows["n_finetune"] == tuned_count(slices, domain)]
    return rows.groupby("training_domain")[columns].mean()
