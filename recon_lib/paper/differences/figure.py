"""The measured effects of our choices in one look: a line a choice made otherwise, a dot and an interval a contrast.

White ground as in :mod:`recon_lib.paper.charts`; everything is drawn from results alone.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from recon_lib.core.style import COLOURS, blank_figure
from recon_lib.experiment.design import DOMAINS, NAMES
from recon_lib.paper.differences.effects import Effect, effects
from recon_lib.paper.differences.open_choices import choices
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _LINE = 8.0, 0.17  # inches: of the figure, of a line of a label
_CHARACTERS = 52  # of a line of a label
_APART = 0.16  # of a row: between the contrasts


def lines(results: Results | None) -> list[tuple[str, bool, Effect]]:
    """List what is drawn: every choice that was made otherwise for a network, and has its PSNR.

    Args:
        results: Ours, or ``None``.

    Returns:
        The choice and what was done otherwise; whether only the test differs, of networks made as everywhere; and the
        effect on the network that the table of choices shows.
    """
    planned = {} if results is None else results.provenance.get("profile", {}).get("variations", {})
    found = []
    for choice in choices(results):
        for name, text in (choice.variations or {}).items():
            some = effects(results, name, metric=choice.metric)
            if some and (some[0].method, some[0].metric) == ("network", "psnr"):
                tested = planned.get(name, {}).get("networks") == "base"
                found.append((f"{choice.about}: {text}", tested, some[0]))
    return found


def effects_figure(results: Results | None) -> Figure:
    """Draw how mean PSNR changes if a choice is made otherwise, the largest loss above.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure: above networks made otherwise, below networks tested otherwise, each on a scale of its own. A dot
        is the mean over test slices, its bar the 95 % interval over test subjects; for a network as trained, a ring.
    """
    found = sorted(lines(results), key=lambda line: min(one.value for one in line[2].by_domain.values()))
    parts = [[line for line in found if line[1] == tested] for tested in (False, True)]
    parts = [part for part in parts if part] or [[]]
    labels = [[textwrap.fill(label, _CHARACTERS) for label, _, _ in part] for part in parts]
    heights = [sum(_LINE * (label.count("\n") + 1) + 0.12 for label in part) + 0.5 for part in labels]
    figure, grid = blank_figure((_WIDTH, max(1.5, sum(heights) + 0.7)), len(parts), 1, height_ratios=heights)
    grid = grid[:, 0]
    if not found:
        grid[0].text(0.5, 0.5, "No variation has been run yet.", ha="center", va="center", transform=grid[0].transAxes)
        grid[0].set_axis_off()
        return figure
    seen: set[str] = set()
    for axes, part, names in zip(grid, parts, labels, strict=True):
        axes.axvline(0, color="#888888", linewidth=0.8, zorder=0)
        for row, (_, _, effect) in enumerate(part):
            _draw(axes, row, effect, seen)
        axes.set_yticks(range(len(part)), names, fontsize=8)
        axes.set(
            ylim=(len(part) - 0.5, -0.5),
            title="the test done otherwise" if part[0][1] else "the network made otherwise",
        )
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    grid[-1].set_xlabel("change in mean PSNR if it is done so, dB")
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, row: int, effect: Effect, seen: set[str]) -> None:
    """Draw an effect on its row; what is not among the names ``seen`` goes into the legend, and among them."""
    for place, domain in enumerate(DOMAINS):
        if (one := effect.by_domain.get(domain)) is None:
            continue
        y, colour = row + _APART * (2 * place - 1), COLOURS[domain]
        name = f"{NAMES[domain]} test, a network {effect.state}"
        axes.plot([one.low, one.high], [y, y], color=colour, linewidth=1.6)
        face = colour if effect.n_finetune else "white"
        label = None if name in seen else name
        axes.plot(one.value, y, "o", color=colour, markerfacecolor=face, markersize=5, label=label)
        seen.add(name)
