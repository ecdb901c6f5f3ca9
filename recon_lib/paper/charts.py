"""Plots of numbers: the claim in one look, training curves, slices one by one, masks.

Each function returns a :class:`matplotlib.figure.Figure` on a white ground, readable on a light and a dark page, and
touches no global state of matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from recon_lib.core.errors import ReconError
from recon_lib.core.style import COLUMN_WIDTH, GREY, PALE, SERIES, TEXT, blank_figure, domain_colour, plain_axes
from recon_lib.experiment.design import NAMES, domain_name
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.paper.words import render_source
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

_CURVE_HEIGHT = 1.9  # inches, of a panel


def render_sequential(results: Results | None) -> Rendered:
    """Show how the networks of the most images were trained, a row of panels a domain.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure of :func:`training_curves`, its caption and files; a note if nothing was trained.
    """
    if results is None or not len(rows := results.history[results.history["kind"] == "train"]):
        return render_source(None)
    most = int(rows["n_train"].max())
    caption = (
        f"Training of the networks of {most} images, one sub-network after another; a thin line marks where the next "
        f"begins. Each starts anew, so PSNR falls first. See whether it then ends above the sub-network before, "
        f"by less "
        f"each time."
    )
    return _render_history(rows[rows["n_train"] == most], "training", caption)


def render_tuning(results: Results | None, test_domain: str) -> Rendered:
    """Show how the networks of the most images were tuned for a contrast, a row of panels a domain.

    Args:
        results: Ours, or ``None``.
        test_domain: The contrast.

    Returns:
        The figure of :func:`training_curves`, its caption and files; a note if nothing was tuned for it.
    """
    if results is None:
        return render_source(None)
    count = tuned_count(results.slices, test_domain)
    history = results.history
    rows = history[(history["kind"] == "finetune") & (history["test_domain"] == test_domain)]
    rows = rows[rows["n_finetune"] == count]
    if not len(rows):
        return render_source(None)
    caption = (
        f"Fine-tuning with {count} {domain_name(test_domain)} images; all rows share their scales. See whether a "
        "network that was trained on something else starts lower and catches up."
    )
    largest = rows[rows["n_train"] == rows["n_train"].max()]
    return _render_history(largest, f"tuning_{test_domain}", caption, comparable=True)


def _render_history(rows: pandas.DataFrame, name: str, caption: str, *, comparable: bool = False) -> Rendered:
    columns = ["training_domain", "n_train", "test_domain", "n_finetune", "draw", "subnetwork", "epoch", "updates"]
    numbers = rows[[*columns, "loss", "psnr"]].rename(columns={"psnr": "psnr_db"})
    description = f"Loss and PSNR over the updates, a row of panels for each training domain. {caption}"
    return render_figure(training_curves(rows, comparable=comparable), name, numbers, caption, description)


def training_curves(history: pandas.DataFrame, *, comparable: bool = False) -> Figure:
    """Draw loss (left) and PSNR (right) over updates, a row of panels a domain, its sub-networks one after another.

    Args:
        history: Rows of ``history.csv``; ``updates`` counts within a sub-network. Of a domain with several runs the
            one with the most training images is drawn, and of its draws the first.
        comparable: Whether all runs saw the same images, so that the rows share their scales.

    Returns:
        The figure: two panels for each training domain. Thin lines mark where the next sub-network begins.

    Raises:
        ReconError: There are no rows.
    """
    if not len(history):
        raise ReconError("There is no training history to draw: run the training, or collect its runs.")
    present = set(history["training_domain"])
    domains = [*(domain for domain in NAMES if domain in present), *sorted(present - NAMES.keys())]
    figure, grid = blank_figure((COLUMN_WIDTH, _CURVE_HEIGHT * len(domains) + 0.4), len(domains), 2)
    for row, domain in zip(grid, domains, strict=True):
        rows = history[history["training_domain"] == domain]
        rows = rows[rows["n_train"] == rows["n_train"].max()].sort_values("draw", kind="stable")
        curve = rows[rows["run"] == rows["run"].iloc[0]]
        _draw_run(row, curve)
        for axes, quantity in zip(row, ("loss", "PSNR, dB"), strict=True):
            axes.set(ylabel=quantity, title=f"trained on {domain_name(domain)}")
            plain_axes(axes)
        row[0].set_yscale("log")
        for axes, first in zip(row, grid[0], strict=True):
            axes.sharex(grid[0][0])
            if comparable:
                axes.sharey(first)
    for axes in grid[0]:
        axes.autoscale_view()  # over the rows that share its scale, whose limits are those of the first until then
    stages = history["subnetwork"].nunique()
    for axes in grid[-1]:
        axes.set_xlabel("updates" + (f", sub-networks 1 to {stages} in turn" if stages > 1 else ""), fontsize=TEXT)
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
    figure, grid = blank_figure((COLUMN_WIDTH, 3.6), 1, 2)
    for axes, metric, name in zip(grid[0], ("psnr", "ssim"), ("PSNR, dB", "SSIM"), strict=True):
        for index, (subject, rows) in enumerate(slices.groupby("subject", sort=True)):
            colour = SERIES[index % len(SERIES)]
            axes.plot(rows["slice"], rows[metric], "o", ms=3, color=colour, label=str(subject))
        axes.set(xlabel="slice", ylabel=name)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
    grid[0][1].legend(fontsize=8, frameon=False)
    return figure


def render_masks(masks: np.ndarray, name: str, title: str) -> Rendered:
    """Show masks on a page.

    Args:
        masks: As for :func:`mask_figure`.
        name: Of the figure's files.
        title: What they are for, for the caption.

    Returns:
        The figure of :func:`mask_figure`, its caption and files.

    Raises:
        ReconError: As :func:`mask_figure`.
    """
    import pandas

    figure, radii, shares = mask_figure(masks), *radial_share(masks)
    caption = (
        f"{title}: one mask, the share of {len(masks)} masks that sample each point, and that share over the "
        f"radius. See "
        f"the solid centre, samples that stop touching outwards, and smooth rings without a preferred direction."
    )
    description = f"{title}: a mask, dense in the centre; the share of masks that sample each point; its fall outwards."
    return render_figure(figure, name, pandas.DataFrame({"radius": radii, "share": shares}), caption, description)


def radial_share(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average the share of masks that sample a point over rings around zero frequency.

    Args:
        masks: Boolean, ``(n, height, width)``, zero frequency in the centre.

    Returns:
        The middle radius of each ring that holds points (1: the middle of an edge), and the share in it.
    """
    height, width = masks.shape[1:]
    y, x = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in (height, width))
    ring = np.minimum((np.hypot(y[:, None], x[None, :]) * 20).astype(int), 27)
    points = np.bincount(ring.ravel(), minlength=28)
    total = np.bincount(ring.ravel(), masks.mean(axis=0).ravel(), minlength=28)
    filled = points > 0
    return ((np.arange(28) + 0.5) / 20)[filled], total[filled] / points[filled]


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
    figure, grid = blank_figure((COLUMN_WIDTH, 3.2), 1, 3)
    mask, share, radial = grid[0]
    mask.imshow(masks[0], **GREY)
    mask.set_title(f"a mask, {height} x {width}, R = {masks[0].size / max(1, masks[0].sum()):.2f}", fontsize=TEXT)
    density = masks.mean(axis=0)
    colours = share.imshow(density, cmap="viridis", vmin=0, vmax=1, interpolation="none")
    figure.colorbar(colours, ax=share, shrink=0.8)
    share.set_title(f"share of {len(masks)} masks", fontsize=TEXT)
    radial.plot(*radial_share(masks), color=SERIES[0])
    radial.set(xlabel="radius (1: middle of an edge)", ylabel="share sampled", ylim=(0, 1.05))
    for panel in (mask, share):
        panel.set_xticks([])
        panel.set_yticks([])
    return figure


def _draw_run(axes: np.ndarray[tuple[int], Axes], curve: pandas.DataFrame) -> None:
    """Draw one run's sub-networks end to end, a thin line between two."""
    look = {"color": domain_colour(curve["training_domain"].iloc[0]), "linewidth": 1.3}
    offset = 0.0
    for _, part in curve.groupby("subnetwork", sort=True, dropna=False):
        ordered = part.sort_values("epoch")
        updates = ordered["updates"].to_numpy(dtype=float) + offset
        axes[0].plot(updates, ordered["loss"], **look)
        axes[1].plot(updates, ordered["psnr"], **look)
        offset = updates[-1]
        if len(ordered) < len(curve):
            for panel in axes:
                panel.axvline(offset, color=PALE, linewidth=0.8, zorder=0)


def contrast_panels(
    numbers: pandas.DataFrame, height: float, xlabel: str, ylabel: str, title: str
) -> tuple[Figure, list[tuple[Axes, pandas.DataFrame]]]:
    """Make a panel for each contrast, in a row, to plot lines in.

    Args:
        numbers: With a column ``test_domain``.
        height: Of the figure, inches.
        xlabel: Of every panel.
        ylabel: Of every panel.
        title: Of every panel, with ``{}`` for the contrast.

    Returns:
        The figure, and of each panel its axes and its rows.
    """
    domains = list(numbers["test_domain"].unique())
    figure, grid = blank_figure((COLUMN_WIDTH, height), 1, len(domains))
    panels = []
    for axes, domain in zip(grid[0], domains, strict=True):
        axes.set(xlabel=xlabel, ylabel=ylabel, title=title.format(domain_name(domain)))
        plain_axes(axes)
        panels.append((axes, numbers[numbers["test_domain"] == domain]))
    return figure, panels
