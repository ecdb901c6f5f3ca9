"""The measured effects of our choices in one look: a line a choice made otherwise, a dot and an interval a contrast.

White ground as in :mod:`recon_lib.charts`; everything is drawn from results alone.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from recon_lib.charts import COLOURS, blank_figure
from recon_lib.differences import measured
from recon_lib.effects import DOMAINS, Effect
from recon_lib.results import Results
from recon_lib.tables import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _LINE = 8.0, 0.17  # inches: of the figure, of a line of a label
_CHARACTERS = 52  # of a line of a label
_APART = 0.16  # of a row: between the contrasts


def lines(results: Results | None) -> list[tuple[str, Effect]]:
    """List what is drawn: every choice that was made otherwise for a network, and has its PSNR.

    Args:
        results: Ours, or ``None``.

    Returns:
        The choice and what was done otherwise; and its effect on the network that the table of choices shows.
    """
    return [
        (f"{choice.about}: {text}", some[0])
        for choice, text, some in measured(results)
        if some and not choice.columns and (some[0].method, some[0].metric) == ("network", "psnr")
    ]


def effects_figure(results: Results | None) -> Figure:
    """Draw how mean PSNR changes if a choice is made otherwise, the largest loss above.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure. A dot is the mean over test slices, its bar the 95 % interval over test subjects; of a network as
        trained it is a ring.
    """
    found = sorted(lines(results), key=lambda line: min(one.value for one in line[1].by_domain.values()))
    labels = [textwrap.fill(label, _CHARACTERS) for label, _ in found]
    height = sum(_LINE * (label.count("\n") + 1) + 0.12 for label in labels)
    figure, ((axes,),) = blank_figure((_WIDTH, max(1.5, height + 0.8)), 1, 1)
    if not found:
        axes.text(0.5, 0.5, "No variation has been run yet.", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
        return figure
    axes.axvline(0, color="#888888", linewidth=0.8, zorder=0)
    seen = set()
    for row, (_, effect) in enumerate(found):
        for place, domain in enumerate(DOMAINS):
            if (one := effect.by_domain.get(domain)) is None:
                continue
            y, colour = row + _APART * (2 * place - 1), COLOURS[domain]
            state = f"tuned with {effect.n_finetune}" if effect.n_finetune else "as trained"
            name = f"{NAMES[domain]} test, {effect.n_train} natural images, {state}"
            axes.plot([one.low, one.high], [y, y], color=colour, linewidth=1.6)
            face = colour if effect.n_finetune else "white"
            label = None if name in seen else name
            axes.plot(one.value, y, "o", color=colour, markerfacecolor=face, markersize=5, label=label)
            seen.add(name)
    axes.set_yticks(range(len(found)), labels, fontsize=8)
    axes.set(ylim=(len(found) - 0.5, -0.5), xlabel="change in mean PSNR if it is done so, dB")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure
