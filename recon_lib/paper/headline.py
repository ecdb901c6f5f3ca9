"""The figure at the head of the README: the claim in one look, as a file that says which numbers it shows."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes
from recon_lib.core.style import COLOURS, COLUMN_WIDTH, PLAIN, TEXT, blank_figure, plain_axes
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper import evidence
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.domains import page_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.paper.tables12 import comparison
from recon_lib.results import store
from recon_lib.results.store import Results


def render_summary(results: Results | None) -> Rendered:
    """Show the figure on a page.

    Args:
        results: As for :func:`summary_figure`.

    Returns:
        The figure, its caption and files.
    """
    import pandas

    frames = [comparison(domain, results).assign(test_domain=domain) for domain in page_domains(results)]
    rows = pandas.concat(frames)
    rows = rows[(rows["metric"] == "psnr") & (rows["method"] == "network")]
    numbers = rows[["test_domain", "training_domain", "n_finetune", "ours", "paper"]]
    caption = (
        "Mean PSNR of three networks, as trained and after fine-tuning; colours say what a network was trained on. See "
        "whether the lines lie apart at the left, the network of the test's own contrast highest, and whether "
        "they have "
        "come together at the right."
    )
    description = f"{TITLE}, for each contrast, with the paper's values as rings."
    return render_figure(summary_figure(results), "headline", numbers, caption, description)


def summary_figure(results: Results | None) -> Figure:
    """Draw the claim: mean PSNR of the three networks, as trained and tuned with 20 images, each contrast.

    Args:
        results: Ours, filled dots and full lines; ``None`` shows the paper's alone, rings and dashed lines.

    Returns:
        The figure, one axes a contrast.
    """
    domains = page_domains(results)
    figure, grid = blank_figure((COLUMN_WIDTH / 2 * len(domains), 4.0), 1, len(domains))
    with_ours = False
    for axes, domain in zip(grid[0], domains, strict=True):
        frame = comparison(domain, results)
        rows = frame[(frame["metric"] == "psnr") & (frame["method"] == "network")]
        for index, training in enumerate(NETWORKS):
            values = rows[rows["training_domain"] == training].sort_values("n_finetune")
            colour, x = COLOURS[training], np.array([0.0, 1.0]) + 0.03 * (index - 1)
            name = f"{domain_name(training)}, the paper"
            axes.plot(x, values["paper"], "o--", color=colour, mfc="white", lw=1, label=name)
            if values["ours"].notna().any():
                name = f"{domain_name(training)}, here"
                axes.plot(x, values["ours"], "o-", color=colour, lw=1.8, label=name)
                with_ours = True
        start = frame[(frame["metric"] == "psnr") & (frame["method"] == "zero_filled")]["ours"].iloc[0]
        if np.isfinite(start):
            note = f"zero-filled, here: {start:.1f} dB"
            axes.text(0.98, 0.03, note, ha="right", va="bottom", fontsize=TEXT, transform=axes.transAxes)
        count = tuned_count(None if results is None else results.slices, domain)
        axes.set_xticks([0, 1], ["as trained", f"tuned with {count} images\nof the test contrast"])
        axes.set(xlim=(-0.25, 1.25), title=f"{domain_name(domain)} test slices")
        axes.margins(y=0.14)  # the note stands below all lines
        plain_axes(axes)
    grid[0][0].set_ylabel("mean PSNR, dB", fontsize=TEXT)
    _explain(figure, with_ours)
    return figure


def _explain(figure: Figure, with_ours: bool) -> None:
    """Draw the legend: a colour for what a network was trained on, a kind of line for whose number it is."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=COLOURS[name], lw=3, label=f"trained on {domain_name(name)}") for name in NETWORKS]
    if with_ours:
        handles.append(Line2D([], [], color=PLAIN, marker="o", lw=1.8, label="here"))
    handles.append(Line2D([], [], color=PLAIN, marker="o", ls="--", mfc="white", lw=1, label="the paper"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=TEXT, frameon=False)


NAME = "headline.svg"
TITLE = "Mean PSNR of three networks before and after fine-tuning"


def path() -> Path:
    """Return where the file lies: beside the results that it is drawn from."""
    return store.root() / NAME


def facts(figure: Figure) -> dict[str, dict[str, list]]:
    """Return what the figure shows, to the digits that a reader sees.

    Args:
        figure: Of :func:`recon_lib.paper.headline.summary_figure`.

    Returns:
        By axes and line, mean PSNR in dB as trained and tuned, ``None`` where there is none; and the notes.
    """
    by_axes = {}
    for axes in figure.axes:
        lines = {str(line.get_label()): line.get_ydata() for line in axes.lines}
        values = {label: [round(float(y), 2) if np.isfinite(y) else None for y in ys] for label, ys in lines.items()}
        by_axes[axes.get_title()] = {**values, "notes": [text.get_text() for text in axes.texts]}
    return by_axes


def draw(figure: Figure) -> bytes:
    """Write the figure as SVG; the same figure gives the same bytes.

    Args:
        figure: Of :func:`recon_lib.paper.headline.summary_figure`.

    Returns:
        The file, with :func:`facts` as its description.
    """
    import matplotlib

    content = io.BytesIO()
    metadata = {"Title": TITLE, "Description": json.dumps(facts(figure)), "Date": None}
    with matplotlib.rc_context({"svg.hashsalt": NAME}):
        figure.savefig(content, format="svg", metadata=metadata)
    return content.getvalue()


def write() -> Path:
    """Draw the best results there are and write the file, whole or not at all.

    Returns:
        Where it was written.

    Raises:
        ReconError: There are no results yet, or they fail their check.
    """
    results = evidence.select("index").results
    if results is None:
        raise ReconError("There are no results to draw: run a profile first, with make desk.")
    write_bytes(path(), draw(summary_figure(results)))
    return path()


def read(file: Path) -> dict:
    """Return the facts that a file shows.

    Args:
        file: What :func:`write` wrote.

    Raises:
        ReconError: It is missing, or not such a file.
    """
    try:
        match = re.search(r"<dc:description>(.*?)</dc:description>", file.read_text(encoding="utf-8"), re.DOTALL)
        return json.loads(html.unescape(match.group(1)))
    except (OSError, AttributeError, ValueError) as error:
        raise ReconError(
            f"{file} is missing or not ours: draw it with python -m recon_lib results headline."
        ) from error
