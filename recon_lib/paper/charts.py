"""Plots of numbers: the claim in one look, training curves, slices one by one, masks.

Each function returns a :class:`matplotlib.figure.Figure` on a white ground, readable on a light and a dark page, and
touches no global state of matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from recon_lib.core.errors import ReconError
from recon_lib.core.style import WIDTH, blank_figure, domain_colour
from recon_lib.experiment.design import NAMES, domain_name

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_SUBJECTS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#f0e442")


def training_curves(history: pandas.DataFrame, title: str = "") -> Figure:
    """Draw loss (left) and PSNR (right) over updates, a line a network, its sub-networks one after another.

    Args:
        history: Rows of ``history.csv`` of one run or several; ``updates`` counts within a sub-network.
        title: A line above both axes.

    Returns:
        The figure, two axes.

    Raises:
        ReconError: There are no rows.
    """
    if not len(history):
        raise ReconError("There is no training history to draw: run the training, or collect its runs.")
    figure, grid = blank_figure((WIDTH, 3.6), 1, 2)
    axes = grid[0]
    lines = {}
    for _, curve in history.groupby("run", sort=True):
        lines.setdefault(curve["training_domain"].iloc[0], _draw_run(axes, curve))
    axes[0].set_yscale("log")
    axes[0].set_ylabel("loss (eq. 4)")
    axes[1].set_ylabel("PSNR, dB")
    stages = history["subnetwork"].nunique()
    for panel in axes:
        panel.set_xlabel("updates" + (f", sub-networks 1 to {stages} in turn" if stages > 1 else ""))
        panel.grid(axis="y", color="#dddddd", linewidth=0.6)
    domains = [*(domain for domain in NAMES if domain in lines), *sorted(lines.keys() - NAMES.keys())]
    handles = [lines[domain] for domain in domains]
    axes[1].legend(handles=handles, title="trained on", fontsize=8, frameon=False, loc="lower right")
    if title:
        figure.suptitle(title, fontsize=11)
    return figure


def slice_scatter(slices: pandas.DataFrame) -> Figure:
    """Draw PSNR and SSIM of each slice against its place in the volume, a colour a subject.

    Args:
        slices: Rows of ``slices.csv`` of one method and test domain.

    Returns:
        The figure, two axes.

    Raises:
        ReconError: There are no rows.
    """
    if not len(slices):
        raise ReconError("There are no slices to draw: run the evaluation first.")
    figure, grid = blank_figure((WIDTH, 3.6), 1, 2)
    for axes, metric, name in zip(grid[0], ("psnr", "ssim"), ("PSNR, dB", "SSIM"), strict=True):
        for index, (subject, rows) in enumerate(slices.groupby("subject", sort=True)):
            colour = _SUBJECTS[index % len(_SUBJECTS)]
            axes.plot(rows["slice"], rows[metric], "o", ms=3, color=colour, label=str(subject))
        axes.set(xlabel="slice", ylabel=name)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    grid[0][1].legend(fontsize=8, frameon=False)
    return figure


def mask_figure(masks: np.ndarray) -> Figure:
    """Draw the first mask of a stack, the share of masks that sample each point, and that share over the radius.

    Args:
        masks: Boolean, ``(n, height, width)``, zero frequency in the centre.

    Returns:
        The figure, three axes.

    Raises:
        ReconError: It is not a stack of masks.
    """
    if np.ndim(masks) != 3 or not len(masks):
        raise ReconError(f"Masks are stacked along a first axis, (n, height, width), not of shape {np.shape(masks)}.")
    height, width = masks.shape[1:]
    figure, grid = blank_figure((WIDTH, 3.2), 1, 3)
    mask, share, radial = grid[0]
    mask.imshow(masks[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    mask.set_title(f"a mask, {height} x {width}, R = {masks[0].size / max(1, masks[0].sum()):.2f}", fontsize=9)
    density = masks.mean(axis=0)
    colours = share.imshow(density, cmap="viridis", vmin=0, vmax=1, interpolation="nearest")
    figure.colorbar(colours, ax=share, shrink=0.8)
    share.set_title(f"share of {len(masks)} masks", fontsize=9)
    y, x = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in (height, width))
    ring = np.minimum((np.hypot(y[:, None], x[None, :]) * 20).astype(int), 27)
    points = np.bincount(ring.ravel(), minlength=28)
    total = np.bincount(ring.ravel(), density.ravel(), minlength=28)
    filled = points > 0
    radial.plot(((np.arange(28) + 0.5) / 20)[filled], total[filled] / points[filled], color="#0072b2")
    radial.set(xlabel="radius (1: middle of an edge)", ylabel="share sampled", ylim=(0, 1.05))
    for panel in (mask, share):
        panel.set_xticks([])
        panel.set_yticks([])
    return figure


def _draw_run(axes: np.ndarray[tuple[int], Axes], curve: pandas.DataFrame) -> Line2D:
    """Draw one run's sub-networks end to end, a thin line between two; return its first line of PSNR."""
    domain = curve["training_domain"].iloc[0]
    style = {"color": domain_colour(domain), "label": domain_name(domain), "linewidth": 1.3}
    offset, lines = 0.0, []
    for _, part in curve.groupby("subnetwork", sort=True, dropna=False):
        ordered = part.sort_values("epoch")
        updates = ordered["updates"].to_numpy(dtype=float) + offset
        axes[0].plot(updates, ordered["loss"], **style)
        lines += axes[1].plot(updates, ordered["psnr"], **style)
        offset = updates[-1]
        if len(ordered) < len(curve):
            for panel in axes:
                panel.axvline(offset, color="#bbbbbb", linewidth=0.5, zorder=0)
    return lines[0]
