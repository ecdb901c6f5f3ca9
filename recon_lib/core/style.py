"""The one look of all figures: widths, sizes of letters, colours, the grey scale and the error scale with its bar.

A figure is as wide as the column of text or as the page, so that its letters have one size wherever it stands.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

COLUMN_WIDTH, PAGE_WIDTH = 7.8, 10.4  # inches: of the column of text, and of a page with its margin
SMALL, TEXT, TITLE = 7.5, 8.5, 10.0  # points, the sizes of letters
SCREEN_DPI, FILE_DPI = 150, 200  # dots an inch, of a figure in a notebook and of one in a file

# Of Okabe and Ito, whose colours the colour-blind tell apart.
COLOURS = {"natural": "#0072b2", "t1": "#d55e00", "t2": "#009e73", "t1_bold5000": "#cc79a7"}
MARK = "#f0e442"  # what is marked inside an image, of the same set
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#f0e442")
PLAIN, PALE = "#555555", "#dddddd"

_PIXELS = {"interpolation": "none"}  # a file of vectors then holds the image's own pixels, not an enlarged copy
GREY = {"cmap": "gray", "vmin": 0, "vmax": 1, **_PIXELS}
"""How an image is drawn whose reference has the maximum 1."""

_ERRORS = "inferno"  # its lightness only rises, so it reads without colours too
_BRIGHTEST = 0.998  # share of the pixels of the errors that stay below the end of their scale


def domain_colour(domain: str) -> str:
    """Return the colour of a domain's lines and frames: its own, or grey for a domain that has none.

    Args:
        domain: As in the columns ``training_domain`` and ``test_domain``.
    """
    return COLOURS.get(domain, PLAIN)


def error_end(errors: Sequence[np.ndarray]) -> float:
    """Choose the end of an error scale: what 99.8 % of the pixels stay below, so that one bright pixel hides nothing.

    Args:
        errors: Error maps of any shapes, which are to share the scale.

    Returns:
        The end, above zero; 1 without any map.
    """
    if not len(errors):
        return 1.0
    return max(float(np.quantile(np.concatenate([np.ravel(error) for error in errors]), _BRIGHTEST)), 1e-3)


def error_style(end: float) -> dict[str, object]:
    """Return how an error map is drawn.

    Args:
        end: The error from which on it is brightest.
    """
    return {"cmap": _ERRORS, "vmin": 0, "vmax": end, **_PIXELS}


def error_bar(figure: Figure, drawn: AxesImage, axes: Sequence[Axes], shrink: float = 0.35) -> None:
    """Draw the bar of an error scale beside axes.

    Args:
        figure: The figure.
        drawn: A map that was drawn on the scale.
        axes: The bar stands at their right.
        shrink: The bar's height as a part of theirs.
    """
    bar = figure.colorbar(drawn, ax=list(axes), shrink=shrink, pad=0.015, aspect=25, extend="max")
    bar.set_label("|error|, reference's maximum = 1", fontsize=TEXT)
    bar.ax.tick_params(labelsize=SMALL)


def plain_axes(axes: Axes) -> None:
    """Give the axes of a plot its letters and its pale lines.

    Args:
        axes: Of a plot, whose labels and title are set already.
    """
    axes.tick_params(which="both", labelsize=SMALL)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(TEXT)
    axes.title.set_fontsize(TITLE)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=PALE, linewidth=0.6)


class _Picture(Figure):
    """A figure that a notebook shows by itself: pyplot, and so a backend, is not needed."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()


def blank_figure(
    size: tuple[float, float], rows: int, columns: int, height_ratios: Sequence[float] | None = None
) -> tuple[Figure, np.ndarray]:
    """Make a white figure without pyplot.

    Args:
        size: Inches.
        rows: Of axes.
        columns: Of axes.
        height_ratios: How high the rows are beside each other; equal by default.

    Returns:
        The figure, and its axes as a 2-D array.
    """
    figure = _Picture(figsize=size, layout="constrained", facecolor="white", dpi=SCREEN_DPI)
    return figure, figure.subplots(rows, columns, squeeze=False, height_ratios=height_ratios)
