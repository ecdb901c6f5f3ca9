"""Figures of the user's own scans: a slice beside its reconstructions, and what a few images of tuning gain.

Like those of :mod:`recon_lib.paper.charts`: white ground, no global state of matplotlib.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.comparison import comparison_figure
from recon_lib.core.errors import ReconError
from recon_lib.core.style import blank_figure
from recon_lib.imaging.metrics import psnr

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ERROR = 0.2  # an error map is brightest from this share of the reference's maximum on
_INK = "#0072b2"


def slice_figure(reference: np.ndarray, reconstructions: Mapping[str, np.ndarray]) -> Figure:
    """Draw a slice, its reconstructions with their PSNR, and the errors below.

    Args:
        reference: ``(height, width)``, maximum 1; drawn with its second axis upwards.
        reconstructions: Reconstructions by name, in the same scale.

    Returns:
        The figure, two rows.
    """
    titled = {
        f"{name}\n{psnr(reference, image, data_range=reference.max()):.1f} dB": np.rot90(image)
        for name, image in reconstructions.items()
    }
    return comparison_figure(np.rot90(reference), titled, _ERROR)


def gain_figure(rows: Sequence[Mapping[str, object]]) -> Figure:
    """Draw PSNR on held-out slices against the number of images that tuned the network.

    Args:
        rows: One for each slice, method and number: ``method`` (``zero_filled`` or ``network``), ``slice``,
            ``images`` and ``psnr`` in dB.

    Returns:
        The figure: a thin line a slice, a thick one for their mean, a dashed one for zero-filling.

    Raises:
        ReconError: There is nothing to draw.
    """
    counts = sorted({int(row["images"]) for row in rows if row["method"] == "network"})
    if not counts:
        raise ReconError("There is no row of a network to draw: measure one first.")
    figure, grid = blank_figure((6.0, 3.8), 1, 1)
    axes = grid[0, 0]
    values = [[row for row in rows if row["method"] == "network" and row["images"] == n] for n in counts]
    for number in sorted({row["slice"] for row in values[0]}, key=str):
        line = [next((row["psnr"] for row in part if row["slice"] == number), np.nan) for part in values]
        axes.plot(counts, line, color="#bbbbbb", linewidth=0.7)
    means = [float(np.mean([row["psnr"] for row in part])) for part in values]
    axes.plot(counts, means, "o-", color=_INK, linewidth=1.8, label="network, mean over the held-out slices")
    start = [row["psnr"] for row in rows if row["method"] == "zero_filled"]
    if start:
        axes.axhline(float(np.mean(start)), color="#555555", linestyle="--", linewidth=1, label="zero-filled, mean")
    axes.set_xticks(counts)
    axes.set(xlabel="images that tuned the network", ylabel="PSNR, dB")
    axes.legend(fontsize=8)
    return figure
