"""The column of the most training images of Tables 3 and 4: what results have of it whose grid has empty cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
from recon_lib.paper.averages import images_seen
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.paper.reference import GRIDS
from recon_lib.paper.tables34 import grid
from recon_lib.results import store
from recon_lib.results.selection import Selection
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def column(test_domain: str, results: Results) -> pandas.DataFrame:
    """Return the cells of the most training images that results have, PSNR.

    Args:
        test_domain: The contrast.
        results: A verified folder of results.

    Returns:
        Rows of :func:`recon_lib.paper.tables34.grid` that were run; none if the results have no such contrast.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    frame = grid(test_domain, results)
    cells = frame[(frame["metric"] == "psnr") & frame["ours"].notna()]
    return cells[cells["n_train"] == cells["n_train"].max()]


def render_columns(test_domain: str, selection: Selection) -> Rendered:
    """Tabulate the column of better results that the page passed over, beside the results it shows and the paper.

    Args:
        test_domain: The contrast.
        selection: What the page shows.

    Returns:
        Markdown: for each profile that was passed over a sentence and a table, with ours, the paper's and their
        difference; empty if none was.

    Raises:
        ReconError: Results fail their check.
    """
    if selection.results is None:
        return Rendered(markdown="")
    tables = []
    for profile in selection.lacking.keys() - {selection.results.profile}:
        better = store.open_results(profile)
        theirs, own, seen = (
            column(test_domain, better),
            column(test_domain, selection.results),
            images_seen(better.slices),
        )
        own_values = own.set_index(["training_domain", "n_train", "n_finetune"])["ours"].to_dict()
        rows = [
            (
                f"{seen[row.training_domain, row.n_train]} {domain_name(row.training_domain)}",
                str(row.n_finetune),
                f"{row.ours:.2f}",
                _two_digits(own_values.get((row.training_domain, row.n_train, row.n_finetune), math.nan)),
                _two_digits(row.paper),
                signed(row.difference, 2),
            )
            for row in theirs.itertuples()
        ]
        heads = (
            "Trained on",
            "Tuned with",
            profile,
            selection.results.profile,
            "The paper",
            f"{profile} less the paper",
        )
        largest = int(theirs["n_train"].max())
        tables.append(f"Profile **{profile}** has the column of {largest} images; mean PSNR in dB:")
        tables.append(render_table(heads, rows, "lrrrrr").markdown)
    return Rendered(markdown="\n\n".join(tables))


def distance(test_domain: str, results: Results) -> tuple[float, float] | None:
    """Return how far the tuned cells of the column are from the paper's.

    Args:
        test_domain: The contrast.
        results: A verified folder of results.

    Returns:
        The smallest and the largest difference in size, dB; ``None`` where no such cell was run.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    cells = column(test_domain, results)
    sizes = cells[(cells["n_finetune"] > 0) & ~cells["misprint"]]["difference"].abs().dropna()
    return (float(sizes.min()), float(sizes.max())) if len(sizes) else None


def render_distance(results: Results | None) -> Rendered:
    """Say how far the tuned networks of the most images are from the paper's.

    Args:
        results: A verified folder of results, or ``None``.

    Returns:
        Markdown: a sentence a contrast of the paper; empty without results.

    Raises:
        ReconError: As :func:`distance`.
    """
    sentences = []
    for domain, number in GRIDS.items():
        ends = None if results is None else distance(domain, results)
        if ends is not None:
            size = column(domain, results)["n_train"].iloc[0]
            sentences.append(
                f"Tested on {domain_name(domain)}, every tuned network of {size} images is {ends[0]:.1f} to "
                f"{ends[1]:.1f} dB from the paper's in mean PSNR ([Table {number}](tables/table{number}.md))."
            )
    return Rendered(markdown=" ".join(sentences))


def _two_digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
