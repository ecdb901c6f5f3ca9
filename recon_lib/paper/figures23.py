"""The paper's Figures 2 and 3: a slice, reconstructed by everything that was run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.paper.orders import compare_orders
from recon_lib.paper.panel_table import panel_numbers
from recon_lib.paper.panel_view import (
    describe_place,
    head_box,
    median_place,
    network_label,
    show_panel,
    slice_scores,
    upright_panels,
    zoom_window,
)
from recon_lib.results.keys import network_picture
from recon_lib.results.places import Place
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def render_reconstructions(results: Results, test_domain: str, name: str) -> Rendered:
    """Show the paper's Figure 2 (T1) or 3 (T2) on a page.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        name: Of the figure's files.

    Returns:
        The figure of :func:`reconstruction_figure`, its caption and files.

    Raises:
        ReconError: As :func:`reconstruction_figure`.
    """
    place, count = chosen_place(results, test_domain), tuned_count(results.slices, test_domain)
    own = domain_name(test_domain)
    figure = reconstruction_figure(results, test_domain, place)
    pictures = upright_panels(results, test_domain, place)
    networks = [[network_label(pictures, domain, tuned) for domain in NETWORKS] for tuned in (0, count)]
    caption = (
        f"{own} test slice: {describe_place(results, test_domain, place)}. A darker error map is a better image. "
        f"Second row: see whether the map under {own} is darkest. Fourth row: see whether the three maps look alike. "
        f"The window in yellow is enlarged at the lower right. "
        f"{compare_orders(results, test_domain, place, networks[0], 'The networks as trained')} "
        f"{compare_orders(results, test_domain, place, networks[1], f'Those tuned with {count}')}"
    )
    description = (
        f"One {own} slice: reference, mask and zero-filled image at the left; reconstructions by networks trained on "
        f"photographs, T1 and T2 at the right, as trained and tuned, with error maps below each."
    )
    return render_figure(figure, name, panel_numbers(results, test_domain, place), caption, description)


def chosen_place(results: Results, test_domain: str) -> Place:
    """Choose the slice: :func:`recon_lib.paper.panel_view.median_place` of those with all of the figure's pictures."""
    count = tuned_count(results.slices, test_domain)
    most = results.slices["n_train"].max()
    networks = [network_picture(domain, most, tuned) for domain in NETWORKS for tuned in (0, count)]
    return median_place(results, test_domain, [*networks, "mask", "zero_filled"])


def reconstruction_figure(results: Results, test_domain: str, place: Place | None = None) -> Figure:
    """Draw the paper's Figure 2 (T1) or 3 (T2): a slice, reconstructed by everything that was run.

    Left column: reference, mask, zero-filled image and its error, divided so that it fits the scale. Then a column for
    each training domain: the raw network, its error map, the tuned network, its error map. One grey scale (reference's
    maximum 1) and one error scale for all; a zoomed inset of the same window in each image; PSNR and SSIM of the full
    frame above it.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        place: ``(subject, slice)``; :func:`chosen_place` by default.

    Returns:
        The figure. A network that was not run leaves its place empty.

    Raises:
        ReconError: There is no panel of that domain or slice.
    """
    place = place or chosen_place(results, test_domain)
    n_finetune = tuned_count(results.slices, test_domain)
    images = upright_panels(results, test_domain, place)
    mask, reference = images.pop("mask", None), images["reference"]
    box, window = head_box(reference), zoom_window(reference, images.get("zero_filled", reference))
    networks = {(d, n): network_label(images, d, n) for d in NETWORKS for n in (0, n_finetune)}
    errors = {name: np.abs(image - reference)[box] for name, image in images.items() if name != "reference"}
    end = style.error_end([errors[name] for name in networks.values() if name in errors] or [*errors.values()])

    figure, grid = _panel_grid(reference[box].shape)
    scores = slice_scores(results, test_domain, place)
    show_panel(grid[0][0], reference, box, window, "reference\n")
    if mask is not None:
        _show_mask(grid[1][0], mask, reference[box].shape)
    cells = [(2, 0, "zero_filled", "zero-filled")]
    for column, domain in enumerate(NETWORKS, start=1):
        for row, count, state in ((0, 0, "as trained"), (2, n_finetune, f"tuned with {n_finetune}")):
            cells.append((row, column, networks[domain, count], f"{domain_name(domain)}, {state}"))
    drawn = None
    for row, column, name, title in cells:
        if name not in images:
            grid[row][column].text(0.5, 0.5, f"{title}:\nnot run", ha="center", va="center", fontsize=style.TEXT)
            continue
        show_panel(grid[row][column], images[name], box, window, f"{title}\n{_written(scores.get(name))}")
        share = divisor(errors[name], end) if name == "zero_filled" else 1
        drawn = grid[row + 1][column].imshow(errors[name] / share, **style.error_style(end))
        if share > 1:
            grid[row + 1][column].set_title(f"its error, divided by {share}", fontsize=style.TEXT)
    if drawn is not None:
        style.error_bar(figure, drawn, [axes for line in grid for axes in line])
    return figure


def divisor(error: np.ndarray, end: float) -> int:
    """Choose the whole number by which an error map is divided to fit a scale that ends lower.

    Args:
        error: The error map.
        end: The end of the scale.

    Returns:
        1 for a map that fits already.
    """
    return max(1, math.ceil(style.error_end([error]) / end - 1e-9))


def _show_mask(axes: object, mask: np.ndarray, shape: tuple[int, int]) -> None:
    """Draw a mask in the middle of a place that has the proportions of the head."""
    height, width = mask.shape
    high, wide = max(height, width * shape[0] / shape[1]), max(width, height * shape[1] / shape[0])
    axes.imshow(mask, **style.GREY)
    axes.set(
        xlim=((width - wide) / 2 - 0.5, (width + wide) / 2 - 0.5),
        ylim=((height + high) / 2 - 0.5, (height - high) / 2 - 0.5),
    )
    axes.set_title(f"mask, {100 * mask.mean():.0f} %", fontsize=style.TEXT)


def _panel_grid(shape: tuple[int, int]) -> tuple[Figure, np.ndarray]:
    """Lay out four rows and columns of panels of one shape."""
    height = 4 * (style.COLUMN_WIDTH - 1.0) / 4 * shape[0] / shape[1] + 1.4
    figure, grid = style.blank_figure((style.COLUMN_WIDTH, height), 4, 4)
    for axes in grid.flat:
        axes.set_axis_off()
    return figure, grid


def _written(score: tuple[float, float] | None) -> str:
    return "" if score is None else f"{score[0]:.1f} dB, SSIM {score[1]:.3f}"
