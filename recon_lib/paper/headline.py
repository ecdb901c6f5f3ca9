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
from recon_lib.core.style import COLOURS, WIDTH, blank_figure
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper import evidence
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.domains import page_domains
from recon_lib.paper.tables12 import comparison
from recon_lib.results import store
from recon_lib.results.store import Results


def summary_figure(results: Results | None) -> Figure:
    """Draw the claim: mean PSNR of the three networks, as trained and tuned with 20 images, each contrast.

    Args:
        results: Ours, filled dots and full lines; ``None`` shows the paper's alone, rings and dashed lines.

    Returns:
        The figure, one axes a contrast.
    """
    domains = page_domains(results)
    figure, grid = blank_figure((WIDTH / 2 * len(domains), 4.0), 1, len(domains))
    paper_lines, our_lines = {}, {}
    for axes, domain in zip(grid[0], domains, strict=True):
        frame = comparison(domain, results)
        rows = frame[(frame["metric"] == "psnr") & (frame["method"] == "network")]
        for index, training in enumerate(NETWORKS):
            values = rows[rows["training_domain"] == training].sort_values("n_finetune")
            colour, x = COLOURS[training], np.array([0.0, 1.0]) + 0.03 * (index - 1)
            name = f"{domain_name(training)}, the paper"
            (line,) = axes.plot(x, values["paper"], "o--", color=colour, mfc="white", lw=1, label=name)
            paper_lines.setdefault(training, line)
            if values["ours"].notna().any():
                name = f"{domain_name(training)}, here"
                (line,) = axes.plot(x, values["ours"], "o-", color=colour, lw=1.8, label=name)
                our_lines.setdefault(training, line)
        start = frame[(frame["metric"] == "psnr") & (frame["method"] == "zero_filled")]["ours"].iloc[0]
        if np.isfinite(start):
            note = f"zero-filled, here: {start:.1f} dB"
            axes.text(1.22, axes.get_ylim()[0], note, ha="right", va="bottom", fontsize=8)
        count = tuned_count(None if results is None else results.slices, domain)
        axes.set_xticks([0, 1], ["as trained", f"tuned with {count} images\nof the test contrast"])
        axes.set(xlim=(-0.25, 1.25), title=f"{domain_name(domain)} test slices")
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    grid[0][0].set_ylabel("mean PSNR, dB")
    handles = [*our_lines.values(), *paper_lines.values()]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


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
