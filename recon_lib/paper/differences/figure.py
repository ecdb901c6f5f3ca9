"""The measured effects of our choices in one look: a line a choice made otherwise, a dot and an interval a contrast.

White ground as in :mod:`recon_lib.paper.charts`; everything is drawn from results alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.core.style import COLUMN_WIDTH, PALE, PLAIN, SMALL, TEXT, blank_figure, domain_colour
from recon_lib.experiment.design import domain_name
from recon_lib.paper.differences.effects import Effect, effects
from recon_lib.paper.differences.open_choices import choices
from recon_lib.paper.domains import page_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINE = 0.17  # inches, of a line of a label
_CHARACTERS = 52  # of a line of a label
_APART = 0.16  # of a row: half the distance between two contrasts


@dataclass(frozen=True)
class Line:
    """A line of the figure.

    Attributes:
        label: The choice and what was done otherwise, in words.
        is_test: Whether only the test differs, of networks made as everywhere.
        effect: The effect on the network that the table of choices shows.
    """

    label: str
    is_test: bool
    effect: Effect


def lines(results: Results | None) -> list[Line]:
    """List what is drawn: every choice that was made otherwise for a network, and has its PSNR.

    Args:
        results: Ours, or ``None``.

    Returns:
        A line each, in the order of the choices.
    """
    planned = {} if results is None else results.provenance.get("profile", {}).get("variations", {})
    drawn = []
    for choice in choices(results):
        for name, label in (choice.variations or {}).items():
            measured = effects(results, name, metric=choice.metric)
            if measured and (measured[0].method, measured[0].metric) == ("network", "psnr"):
                is_test = planned.get(name, {}).get("networks") == "base"
                drawn.append(Line(f"{choice.title}: {label}", is_test, measured[0]))
    return drawn


def render_effects_figure(results: Results | None) -> Rendered:
    """Show the figure on a page.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure of :func:`effects_figure` with its caption and files.
    """
    import pandas

    drawn = lines(results)
    rows = [
        (line.label, domain, line.effect.state, change.value, change.low, change.high)
        for line in drawn
        for domain, change in line.effect.by_domain.items()
    ]
    columns = ["choice", "test_domain", "network", "change_db", "low_db", "high_db"]
    caption = (
        "How the mean PSNR changes if a choice is made otherwise. Above: networks made otherwise; below: the "
        "same networks "
        "tested otherwise, on a scale of its own. A dot is the mean over test slices (a ring: a network as "
        "trained), its "
        "bar the 95 % interval over test subjects. See which bars stay clear of the line at zero."
    )
    description = (
        "A line for each choice made otherwise, the largest loss above: a dot for the change in mean PSNR of each "
        "contrast, and a bar for its interval."
    )
    numbers = pandas.DataFrame(rows, columns=columns)
    return render_figure(effects_figure(drawn, page_domains(results)), "effects", numbers, caption, description)


def effects_figure(drawn: Sequence[Line], domains: tuple[str, ...]) -> Figure:
    """Draw how mean PSNR changes if a choice is made otherwise, the largest loss above.

    Args:
        drawn: The figure's lines, in any order.
        domains: The contrasts that have a place in it, the upper first.

    Returns:
        The figure: above networks made otherwise, below networks tested otherwise, each on a scale of its own. A dot
        is the mean over test slices, its bar the 95 % interval over test subjects; for a network as trained, a ring.
    """
    ordered = sorted(drawn, key=lambda line: min(change.value for change in line.effect.by_domain.values()))
    parts = [[line for line in ordered if line.is_test == is_test] for is_test in (False, True)]
    parts = [part for part in parts if part] or [[]]
    labels = [[textwrap.fill(line.label, _CHARACTERS) for line in part] for part in parts]
    heights = [sum(_LINE * (label.count("\n") + 1) + 0.12 for label in part) + 0.5 for part in labels]
    figure, grid = blank_figure((COLUMN_WIDTH, max(1.5, sum(heights) + 0.7)), len(parts), 1, height_ratios=heights)
    grid = grid[:, 0]
    if not ordered:
        grid[0].text(0.5, 0.5, "No variation has been run yet.", ha="center", va="center", transform=grid[0].transAxes)
        grid[0].set_axis_off()
        return figure
    legend: set[str] = set()
    for axes, part, names in zip(grid, parts, labels, strict=True):
        axes.axvline(0, color=PLAIN, linewidth=0.8, zorder=0)
        for row, line in enumerate(part):
            _draw(axes, row, line.effect, domains, legend)
        axes.set_yticks(range(len(part)), names, fontsize=SMALL)
        axes.set(
            ylim=(len(part) - 0.5, -0.5),
            title="the test done otherwise" if part[0].is_test else "the network made otherwise",
        )
        axes.grid(axis="x", color=PALE, linewidth=0.6)
    grid[-1].set_xlabel("change in mean PSNR if it is done so, dB")
    named = {name: dot for axes in grid for dot, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    names = sorted(named)
    figure.legend(
        [named[name] for name in names], names, loc="outside lower center", ncols=2, fontsize=TEXT, frameon=False
    )
    return figure


def _draw(axes: Axes, row: int, effect: Effect, domains: tuple[str, ...], legend: set[str]) -> None:
    """Draw an effect on its row; a name that is not in the legend yet goes into it."""
    for index, domain in enumerate(domains):
        if (change := effect.by_domain.get(domain)) is None:
            continue
        y, colour = row + _APART * (2 * index - len(domains) + 1), domain_colour(domain)
        name = f"{domain_name(domain)} test, a network {effect.state}"
        axes.plot([change.low, change.high], [y, y], color=colour, linewidth=1.6)
        face = colour if effect.n_finetune else "white"
        label = None if name in legend else name
        axes.plot(change.value, y, "o", color=colour, markerfacecolor=face, markersize=5, label=label)
        legend.add(name)
