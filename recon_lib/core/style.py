"""The look of figures: colours that the colour-blind tell apart, and a white figure without pyplot."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

# Of Okabe and Ito, whose colours the colour-blind tell apart.
COLOURS = {"natural": "#0072b2", "t1": "#d55e00", "t2": "#009e73", "t1_bold5000": "#cc79a7"}
_PLAIN = "#555555"
WIDTH = 8.0  # inches


def domain_colour(domain: str) -> str:
    """Return the colour of a domain's lines and frames: its own, or grey for a domain that has none.

    Args:
        domain: As in the columns ``training_domain`` and ``test_domain``.
    """
    return COLOURS.get(domain, _PLAIN)


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
    figure = _Picture(figsize=size, layout="constrained", facecolor="white", dpi=150)
    return figure, figure.subplots(rows, columns, squeeze=False, height_ratios=height_ratios)
