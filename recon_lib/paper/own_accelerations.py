"""Networks that were trained, tuned and tested at one acceleration: the first three claims at each, and a figure.

At each acceleration a variation trains networks of every domain and tunes them by the paper's recipe, and another by
the recipe for few images; a third tests there one network of photographs that saw masks of all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.core.style import SERIES
from recon_lib.experiment.design import TUNED, domain_name
from recon_lib.paper.charts import contrast_panels
from recon_lib.paper.claim_slices import Networks
from recon_lib.paper.claim_tables import verdict_cell
from recon_lib.paper.claims import STATEMENTS
from recon_lib.paper.differences.effects import gain, mean_psnr, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

ACCELERATIONS = (2, 4, 6, 8, 10)
"""Those of the profile's variations, whose names end with them."""
PAPER, RECIPE, MIXED = "trained-at", "recipe-at", "mixed-at"
LABELS = frozenset(f"{group}-{acceleration}" for group in (PAPER, RECIPE, MIXED) for acceleration in ACCELERATIONS)
"""The variations of all groups and accelerations."""
_RECIPES = {PAPER: "the paper's", RECIPE: "few images"}
_CLAIMS = STATEMENTS[:3]
_OWN = "own"  # stands for the tested contrast among training domains
_LINES = (
    (PAPER, "natural", 0, "photographs, as trained"),
    (PAPER, "natural", 5, "photographs and 5 images"),
    (PAPER, "natural", TUNED, f"photographs and {TUNED} images"),
    (RECIPE, "natural", 5, "the same with 5 by the recipe for few images"),
    (RECIPE, "natural", TUNED, f"the same with {TUNED} by the recipe for few images"),
    (PAPER, _OWN, TUNED, f"the contrast's own network and {TUNED} images"),
    (MIXED, "natural", TUNED, f"photographs of all accelerations and {TUNED} images"),
)


def label(group: str, acceleration: int) -> str:
    """Name the variation of a group at an acceleration: ``trained-at-8``.

    Args:
        group: :data:`PAPER`, :data:`RECIPE` or :data:`MIXED`.
        acceleration: One of :data:`ACCELERATIONS`.
    """
    return f"{group}-{acceleration}"


def network_rows(
    results: Results | None, group: str, acceleration: int, training_domain: str, n_finetune: int
) -> pandas.DataFrame | None:
    """Return the slices of a network at an acceleration.

    Args:
        results: Ours, or ``None``.
        group: As for :func:`label`.
        acceleration: As for :func:`label`.
        training_domain: What it was trained on; ``"own"``: in each contrast that one.
        n_finetune: How many images tuned it.

    Returns:
        Rows of all contrasts; ``None`` if that was not run.
    """
    slices = rows(results, label(group, acceleration))
    if slices is None:
        return None
    trained = slices["test_domain"] if training_domain == _OWN else training_domain
    chosen = slices[
        (slices["method"] == "network") & (slices["training_domain"] == trained) & (slices["n_finetune"] == n_finetune)
    ]
    return chosen if len(chosen) else None


def render_claims(results: Results | None) -> Rendered:
    """Judge the paper's first three claims at each acceleration.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a line for each acceleration, recipe and contrast, with the verdict on each claim; the last column is
        what the network of all accelerations lacks to the one of this acceleration alone, both of photographs and
        tuned with 20 images. What was not run says so.
    """
    table = []
    for acceleration in ACCELERATIONS:
        for group, recipe in _RECIPES.items():
            slices = rows(results, label(group, acceleration))
            for domain in page_domains(results):
                cells = [_judged(slices, domain, number) for number in range(len(_CLAIMS))]
                mixed = _mixed(results, acceleration, domain) if group == PAPER else ""
                table.append((str(acceleration), recipe, domain_name(domain), *cells, mixed))
    claims = (f"{number}: {statement.short}" for number, statement in enumerate(_CLAIMS, start=1))
    heads = ("R", "Recipe", "Test", *claims, "All R minus this, dB")
    return render_table(heads, table, "rll" + "l" * (len(_CLAIMS) + 1))


def _judged(slices: pandas.DataFrame | None, test_domain: str, number: int) -> str:
    verdict = _CLAIMS[number].judge(Networks(slices, test_domain))
    return verdict_cell(verdict) if verdict.tested else NOT_RUN


def _mixed(results: Results | None, acceleration: int, test_domain: str) -> str:
    mixed, own = (network_rows(results, group, acceleration, "natural", TUNED) for group in (MIXED, PAPER))
    if mixed is None or own is None:
        return NOT_RUN
    return with_interval(gain(mixed, own).get(test_domain)) or NOT_RUN


def render_figure_of_accelerations(results: Results | None) -> Rendered:
    """Draw what networks gain over the zero-filled image of the same samples, a panel for each contrast.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure, its caption and files; a note before anything was run.
    """
    import pandas

    points = []
    for acceleration in ACCELERATIONS:
        slices = rows(results, label(PAPER, acceleration))
        start = None if slices is None else slices[slices["method"] == "zero_filled"]
        for group, training_domain, count, title in _LINES:
            network = network_rows(results, group, acceleration, training_domain, count)
            for domain in page_domains(results):
                change = mean_psnr(network, domain) - mean_psnr(start, domain)
                if not math.isnan(change):
                    points.append((domain, title, acceleration, change))
    if not points:
        return note(f"Networks trained at other accelerations: {NOT_RUN}.")
    numbers = pandas.DataFrame(points, columns=["test_domain", "network", "acceleration", "gain"])
    figure, panels = contrast_panels(numbers, 4.2, "acceleration", "dB over zero-filled", "{} test slices")
    for axes, part in panels:
        for colour, (*_, title) in zip(SERIES, _LINES, strict=False):
            line = part[part["network"] == title]
            if len(line):
                axes.plot(line["acceleration"], line["gain"], "o-", ms=4, lw=1.3, color=colour, label=title)
    handles, titles = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    caption = (
        "Mean PSNR of networks, less that of the zero-filled image of the same samples. See whether the lines of "
        "photographs keep their distance to the line of the contrast's own network from the left to the right."
    )
    return render_figure(figure, "own_accelerations", numbers, caption, f"Gain over the acceleration. {caption}")
