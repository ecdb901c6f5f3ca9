"""The paper's Figures 2 and 3: a slice, reconstructed by everything that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import blank_figure
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.panel_view import (
    head_box,
    median_place,
    network_label,
    show_panel,
    slice_scores,
    upright_panels,
    zoom_window,
)
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 7.6  # inches


def reconstruction_figure(results: Results, test_domain: str, place: tuple[str, int] | None = None) -> Figure:
    """Draw the paper's Figure 2 (T1) or 3 (T2): a slice, reconstructed by everything that was run.

    Left column: reference, mask, zero-filled image and its error. Then a column for each training domain: the raw
    network, its error map, the tuned network, its error map. One grey scale (reference's maximum 1) and one error
    scale for all; a zoomed inset of the same window in each image; PSNR and SSIM of the full frame above it.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        place: ``(subject, slice)``; :func:`median_place` by default.

    Returns:
        The figure. A network that was not run leaves its place empty.

    Raises:
        ReconError: There is no panel of that domain or slice.
    """
    place = place or median_place(results, test_domain)
    n_finetune = tuned_count(results.slices, test_domain)
    images = upright_panels(results, test_domain, place)
    mask, reference = images.pop("mask", None), images["reference"]
    box, window = head_box(reference), zoom_window(reference, images.get("zero_filled", reference))
    networks = {(d, n): network_label(images, d, n) for d in NETWORKS for n in (0, n_finetune)}
    errors = {name: np.abs(image - reference) for name, image in images.items() if name != "reference"}
    raw = [errors[name] for name in networks.values() if name in errors] or list(errors.values())
    top = float(np.quantile(np.concatenate([error[box].ravel() for error in raw]), 0.998)) if raw else 1.0

    figure, grid = _panel_grid(reference[box].shape)
    scores = slice_scores(results, test_domain, place)
    show_panel(grid[0][0], reference, box, window, "reference")
    if mask is not None:
        grid[1][0].imshow(mask, cmap="gray", interpolation="nearest")
        grid[1][0].set_title(f"mask, {100 * mask.mean():.0f} %", fontsize=9)
    cells = [(2, 0, "zero_filled", "zero-filled")]
    for column, domain in enumerate(NETWORKS, start=1):
        for row, count, state in ((0, 0, "as trained"), (2, n_finetune, f"tuned with {n_finetune}")):
            cells.append((row, column, networks[domain, count], f"{domain_name(domain)},\n{state}"))
    bar = None
    for row, column, name, title in cells:
        if name not in images:
            grid[row][column].text(0.5, 0.5, f"{title}:\nnot run", ha="center", va="center", fontsize=9)
            continue
        show_panel(grid[row][column], images[name], box, window, f"{title}\n{_written(scores.get(name))}")
        bar = grid[row + 1][column].imshow(errors[name][box], cmap="inferno", vmin=0, vmax=top, interpolation="nearest")
    if bar is not None:
        colours = figure.colorbar(bar, ax=[axes for line in grid for axes in line], shrink=0.35, pad=0.02, extend="max")
        colours.set_label("|error|, reference's maximum = 1", fontsize=9)
        colours.ax.tick_params(labelsize=8)
    figure.suptitle(f"{domain_name(test_domain)} test slice: {place[0]}, slice {place[1]}", fontsize=10)
    return figure


def _panel_grid(shape: tuple[int, int]) -> tuple[Figure, np.ndarray]:
    """Lay out four rows and columns of panels of one shape."""
    height = 4 * (_WIDTH - 1.2) / 4 * shape[0] / shape[1] + 1.6
    figure, grid = blank_figure((_WIDTH, height), 4, 4)
    for axes in grid.flat:
        axes.set_axis_off()
    return figure, grid


def _written(score: tuple[float, float] | None) -> str:
    return "" if score is None else f"{score[0]:.1f} dB, SSIM {score[1]:.3f}"
