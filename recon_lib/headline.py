"""The figure at the head of the README: the claim in one look, as a file that says which numbers it shows."""

from __future__ import annotations

import html
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib import results
from recon_lib.charts import summary_figure
from recon_lib.errors import ReconError
from recon_lib.storage import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "headline.svg"
TITLE = "Mean PSNR of three networks before and after fine-tuning"


def path() -> Path:
    """Return where the file lies: beside the results that it is drawn from."""
    return results.root() / NAME


def facts(figure: Figure) -> dict[str, dict[str, list]]:
    """Return what the figure shows, to the digits that a reader sees.

    Args:
        figure: Of :func:`recon_lib.charts.summary_figure`.

    Returns:
        By axes and line, mean PSNR in dB as trained and tuned, ``None`` where there is none; and the notes.
    """
    shown = {}
    for axes in figure.axes:
        lines = {str(line.get_label()): line.get_ydata() for line in axes.lines}
        values = {label: [round(float(y), 2) if np.isfinite(y) else None for y in ys] for label, ys in lines.items()}
        shown[axes.get_title()] = {**values, "notes": [text.get_text() for text in axes.texts]}
    return shown


def draw(figure: Figure) -> bytes:
    """Write the figure as SVG; the same figure gives the same bytes.

    Args:
        figure: Of :func:`recon_lib.charts.summary_figure`.

    Returns:
        The file, with :func:`facts` as its description.
    """
    import matplotlib

    content = io.BytesIO()
    about = {"Title": TITLE, "Description": json.dumps(facts(figure)), "Date": None}
    with matplotlib.rc_context({"svg.hashsalt": NAME}):
        figure.savefig(content, format="svg", metadata=about)
    return content.getvalue()


def write() -> Path:
    """Draw the best results there are and write the file, whole or not at all.

    Returns:
        Where it was written.

    Raises:
        ReconError: There are no results yet, or they fail their check.
    """
    shown = results.best()
    if shown is None:
        raise ReconError("There are no results to draw: run a profile first, with make desk.")
    write_bytes(path(), draw(summary_figure(shown)))
    return path()


def read(file: Path) -> dict:
    """Return the facts that a file shows.

    Args:
        file: What :func:`write` wrote.

    Raises:
        ReconError: It is missing, or not such a file.
    """
    try:
        found = re.search(r"<dc:description>(.*?)</dc:description>", file.read_text(encoding="utf-8"), re.DOTALL)
        return json.loads(html.unescape(found.group(1)))
    except (OSError, AttributeError, ValueError) as error:
        raise ReconError(
            f"{file} is missing or not ours: draw it with python -m recon_lib results headline."
        ) from error
