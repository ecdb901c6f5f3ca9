"""In which order the networks come, here and in the paper, and what other ways of measuring make of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper.averages import METRICS, tuned_count
from recon_lib.paper.differences.effects import largest
from recon_lib.paper.differences.page import NOT_RUN
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import note, render_table, table
from recon_lib.paper.markup import Rendered, spread
from recon_lib.paper.tables12 import comparison
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


def render_order(test_domain: str, results: Results | None) -> Rendered:
    """Say in which order the three networks come, here and in the paper.

    Args:
        test_domain: The contrast.
        results: Ours, or ``None``.

    Returns:
        Markdown: by mean PSNR, best first, as trained and tuned; an order that lacks a network is left out.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    frame = comparison(test_domain, results)
    rows = frame[(frame["method"] == "network") & (frame["metric"] == "psnr")]
    sentences = []
    for count, state_rows in rows.groupby("n_finetune"):
        orders = {}
        for column, place in (("ours", "here"), ("paper", "in the paper")):
            ranked = state_rows.dropna(subset=column).sort_values(column, ascending=False)
            if len(ranked) == len(NETWORKS):
                orders[place] = ", ".join(map(domain_name, ranked["training_domain"]))
        head = state(count).capitalize()
        if len(set(orders.values())) == 1 and len(orders) > 1:
            sentences.append(f"{head}, both here and in the paper: {orders['here']}.")
        elif orders:
            sentences.append(f"{head}, {'; '.join(f'{place}: {order}' for place, order in orders.items())}.")
    return Rendered(markdown=f"Order of the networks by PSNR, best first. {' '.join(sentences)}")


def render_metrics(results: Results) -> Rendered:
    """Draw the same reconstructions measured in other ways, a table a metric.

    Args:
        results: Ours.

    Returns:
        Markdown: means over slices for the three networks with the most training images, as trained and tuned.
    """
    counts = [0, *(tuned_count(results.slices, domain) for domain in page_domains(results))]
    slices = largest(results.slices)
    slices = slices[slices["n_finetune"].isin(counts)]
    tables = []
    for metric, (title, digits) in METRICS.items():
        names = {metric + way: text for way, text in _WAYS.items()}
        means = slices.groupby(["test_domain", "n_finetune", "training_domain"])[list(names)].mean().reset_index()
        cells = (
            (
                label("network", row.training_domain),
                str(row.n_finetune),
                domain_name(row.test_domain),
                *(spread(getattr(row, name), math.nan, digits) for name in names),
            )
            for row in means.itertuples()
        )
        tables.append(table((title, "Tuned with", "Test", *names.values()), cells, "lrl" + "r" * len(names)))
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
    domains = () if results is None else page_domains(results)
    means = {domain: _tuned_means(results.slices, domain, list(ways)) for domain in domains}
    if not any(len(frame) == len(NETWORKS) for frame in means.values()):
        return note(f"The three tuned networks: {NOT_RUN}.")
    heads = (f"{domain_name(domain)} test: best, and spread of the three" for domain in domains)
    cells = (
        (title, text, *(_best_and_spread(frame[name].dropna(), digits) for frame in means.values()))
        for name, (title, text, digits) in ways.items()
    )
    return render_table(("Metric", "Measured", *heads), cells, "ll" + "l" * len(domains))


def _best_and_spread(values: pandas.Series, digits: int) -> str:
    """Write which training domain's mean is highest, and how far the lowest lies below it."""
    if len(values) < len(NETWORKS):
        return ""
    return f"{domain_name(values.idxmax())}, {values.max() - values.min():.{digits}f}"


def _tuned_means(slices: pandas.DataFrame, domain: str, columns: list[str]) -> pandas.DataFrame:
    """Average columns of the largest networks tuned for a contrast, a row a training domain."""
    rows = largest(slices[slices["test_domain"] == domain])
    rows = rows[rows["n_finetune"] == tuned_count(slices, domain)]
    return rows.groupby("training_domain")[columns].mean()
