"""The paper's Figures 4 and 5: a window of one slice by networks of Tables 3 and 4, and PSNR against tuning images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.core.style import domain_colour
from recon_lib.experiment.design import REFERENCE, domain_name
from recon_lib.paper.draws import draws
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.figures23 import divisor
from recon_lib.paper.markup import Rendered
from recon_lib.paper.panel_table import panel_numbers
from recon_lib.paper.panel_view import (
    describe_place,
    head_box,
    median_place,
    slice_scores,
    upright_panels,
    zoom_window,
)
from recon_lib.paper.tables34 import grid
from recon_lib.paper.wall import Wall
from recon_lib.paper.words import state
from recon_lib.results.keys import network_picture
from recon_lib.results.places import Place
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COUNTS = (0, 5, 20, 50)  # of fine-tuning images, a column each
_PART, _ASPECT = 0.2, 1.5  # of the window: its height beside the image's longer side, its width beside its height
_MARKS = "osD^v<>pX*"
_FIRST, _LAST = 0.05, 0.82  # of the colour map viridis, whose bright end is too pale for a line


def render_networks(results: Results, test_domain: str, name: str) -> Rendered:
    """Show the images of the paper's Figure 4 (T1) or 5 (T2) on a page.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        name: Of the figure's files.

    Returns:
        The figure of :func:`grid_figure`, its caption and files.

    Raises:
        ReconError: As :func:`grid_figure`.
    """
    place = chosen_place(results, test_domain)
    own, pictures = domain_name(test_domain), [label for label, *_ in _cells(results, test_domain)]
    caption = (
        f"A window of one {own} test slice, and its error below: {describe_place(results, test_domain, place)}. "
        f"{_reason(results, test_domain, place, pictures)}"
        f"Down: the number of photographs that a network was trained on. To the right: the number of {own} images that "
        f"it was then tuned with. Framed: the network trained on {own} and tuned with {REFERENCE}; above it stands how "
        f"many different slices it was trained on. All errors share one scale, but the zero-filled one is divided. See "
        f"whether the errors darken downwards and to the right, and whether the last column of photographs is as dark "
        f"as the frame. The numbers are PSNR of the whole slice."
    )
    description = (
        f"A window of one {own} slice with its error below, by networks trained on 500 to 4000 photographs (down) and "
        f"tuned with {', '.join(map(str, COUNTS))} images of the contrast (to the right), and by the network trained "
        f"on {own} in the last column."
    )
    numbers = panel_numbers(results, test_domain, place, ["zero_filled", *pictures])
    return render_figure(grid_figure(results, test_domain, place), name, numbers, caption, description)


def render_curves(results: Results | None, test_domain: str, name: str) -> Rendered:
    """Show the curves of all test slices on a page.

    Args:
        results: Ours; ``None`` shows the paper's alone.
        test_domain: The contrast.
        name: Of the figure's files.

    Returns:
        The figure of :func:`curve_figure`, its caption and files.
    """
    own = domain_name(test_domain)
    caption = (
        f"Mean PSNR over all {own} test slices against the number of images tuned with, ours at the left, "
        f"the paper's at the right. See whether the lines rise fast with the first images, level, and come together. "
        f"The horizontal line is the network trained on {own} and tuned with {REFERENCE}. A vertical bar "
        f"is the range over several draws of the tuning images."
    )
    description = (
        f"Mean PSNR of {own} test slices against the number of fine-tuning images, a line for each number of training "
        f"images, ours full, the paper's dashed; the network trained on {own} is a horizontal line."
    )
    columns = ["training_domain", "n_train", "n_finetune", "ours", "paper"]
    numbers = _frame(results, test_domain)[columns].rename(columns={"ours": "ours_db", "paper": "paper_db"})
    return render_figure(curve_figure(results, test_domain), name, numbers, caption, description)


def chosen_place(results: Results, test_domain: str) -> Place:
    """Choose the slice: :func:`recon_lib.paper.panel_view.median_place` of those with most of the grid's pictures."""
    return median_place(results, test_domain, [label for label, *_ in _cells(results, test_domain)])


def grid_figure(results: Results, test_domain: str, place: Place | None = None) -> Figure:
    """Draw the paper's Figure 4 (T1) or 5 (T2): a window of one slice by networks of the grid, each above its error.

    First row: the slice with the window marked, the window of the reference, and of the zero-filled image. Then a row
    for each number of training images and a column for each of :data:`COUNTS`, all trained on photographs; the last
    column, framed, is the network trained on the test's own contrast, tuned with 50. PSNR of the slice's full frame
    stands above each, and above a framed one the number of images that its network saw.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        place: ``(subject, slice)``; :func:`chosen_place` by default.

    Returns:
        The figure. A cell that was not run says so.

    Raises:
        ReconError: There is no panel of that domain or slice.
    """
    place = place or chosen_place(results, test_domain)
    images, scores = upright_panels(results, test_domain, place), slice_scores(results, test_domain, place)
    reference = images["reference"]
    start = images.get("zero_filled", reference)
    window, box = zoom_window(reference, start, _PART, _ASPECT), head_box(reference)
    sizes, _ = axes_of(_frame(results, test_domain))
    cells = _cells(results, test_domain)
    errors = {label: np.abs(images[label] - reference)[window] for label, *_ in cells if label in images}
    end = style.error_end([*errors.values()])

    wall = Wall(reference[window].shape, len(sizes) + 1, len(COUNTS) + 1, style.PAGE_WIDTH)
    inside = tuple(slice(w.start - b.start, w.stop - b.start) for w, b in zip(window, box, strict=True))
    wall.hang_whole(0, 0, reference[box], "reference", inside)
    wall.hang(0, 1, reference[window], "reference, the window", style.GREY)
    if "zero_filled" in images:
        error = np.abs(start - reference)[window]
        share = divisor(error, end)
        note = f", error / {share}" if share > 1 else ""
        wall.hang(0, 2, start[window], f"zero-filled, {_written(scores, 'zero_filled')}{note}", style.GREY)
        wall.hang(0, 2, error / share, "", style.error_style(end), below=True)
    for row, size in enumerate(sizes, start=1):
        wall.name_row(row, f"{size}\nphotographs", "error")
    for label, row, column, head in cells:
        if column == len(COUNTS):
            wall.frame(row, column, domain_colour(test_domain))
        title = ((f"{head}\n" if row == 1 else "") + _above(results, scores, label, test_domain)).strip()
        if label in images:
            wall.hang(row, column, images[label][window], title, style.GREY)
            wall.hang(row, column, errors[label], "", style.error_style(end), below=True)
        else:
            wall.leave(row, column, title, "no image\nkept" if label in scores else "not run")
    if errors:
        wall.bar()
    return wall.figure


def _cells(results: Results, test_domain: str) -> list[tuple[str, int, int, str]]:
    """List the grid's pictures: label, row, column, and the head of the column."""
    sizes, _ = axes_of(_frame(results, test_domain))
    own, cells = domain_name(test_domain), []
    for row, size in enumerate(sizes, start=1):
        for column, count in enumerate(COUNTS):
            cells.append((network_picture("natural", size, count), row, column, state(count)))
        head = f"{own}, tuned with {REFERENCE}"
        cells.append((network_picture(test_domain, size, REFERENCE), row, len(COUNTS), head))
    return cells


def _above(results: Results, scores: dict, label: str, test_domain: str) -> str:
    """Write the number above a picture, and what the test contrast's own network saw."""
    written = _written(scores, label)
    if not written or not label.startswith(f"network-{test_domain}-"):
        return written
    rows = results.slices[results.slices["training_domain"] == test_domain]
    seen = rows[rows["n_train"] == int(label.split("-")[-2])]["n_images"].dropna()
    return f"{int(seen.iloc[0])} slices seen, {written}" if len(seen) else written


def _written(scores: dict, label: str) -> str:
    return f"{scores[label][0]:.1f} dB" if label in scores else ""


def _reason(results: Results, test_domain: str, place: Place, pictures: list[str]) -> str:
    """Say why the slice is not the median one, where it is not."""
    middle = median_place(results, test_domain)
    if place == middle:
        return ""
    kept, middle_kept = (
        sum((key.test_domain, key.place) == (test_domain, chosen) and key.picture in pictures for key in results.panels)
        for chosen in (place, middle)
    )
    return (
        f"It is not the median slice, which the other figures show: of this slice the images of {kept} of these "
        f"{len(pictures)} networks were kept, and of the median slice those of {middle_kept}. The other networks were "
        "not released, so their images of it cannot be made any more. "
    )


def curve_figure(results: Results | None, test_domain: str) -> Figure:
    """Draw mean PSNR against fine-tuning images, a line for each number of training images.

    Args:
        results: Ours, full lines at the left; ``None`` leaves them out. The paper's are dashed, at the right.
        test_domain: The contrast.

    Returns:
        The figure, two axes of one scale. A horizontal line is the network of the test's own contrast with the most
        training images, tuned with 50; a bar is the range over draws.
    """
    frame = _frame(results, test_domain)
    sizes, counts = axes_of(frame)
    figure, axes = style.blank_figure((style.PAGE_WIDTH, 4.6), 1, 2)
    axes[0][1].sharey(axes[0][0])
    spread = draws(results, test_domain)
    sides = (("ours", "-", "here"), ("paper", "--", "the paper"))
    for panel, (source, line, maker) in zip(axes[0], sides, strict=True):
        for rank, size in enumerate(sizes):
            rows = frame[(frame["training_domain"] == "natural") & (frame["n_train"] == size) & frame[source].notna()]
            colour = _colour(rank, len(sizes))
            look = {"color": colour, "marker": _MARKS[rank % len(_MARKS)], "markersize": 4, "linewidth": 1.4}
            if len(rows):
                panel.plot(rows["n_finetune"].astype(int), rows[source], line, label=f"{size}", **look)
            if source == "ours":
                several = spread[(spread["training_domain"] == "natural") & (spread["n_train"] == size)]
                panel.vlines(several["n_finetune"].astype(int), several["psnr_low"], several["psnr_high"], color=colour)
        own = frame[(frame["training_domain"] == test_domain) & frame[source].notna()]
        if len(own):
            last = own.loc[own["n_train"].idxmax()]
            name = f"{domain_name(test_domain)}, tuned with {REFERENCE}"
            panel.axhline(last[source], color=domain_colour(test_domain), linestyle=line, linewidth=1.4, label=name)
        if not panel.lines:
            panel.text(0.5, 0.5, "not run", ha="center", va="center", transform=panel.transAxes)
        panel.set_xticks(counts)
        panel.set(title=f"{domain_name(test_domain)} test slices, {maker}", xlabel="images tuned with")
        _finish(panel)
    axes[0][0].set_ylabel("mean PSNR, dB")
    return figure


def _finish(panel: Axes) -> None:
    """Give a panel of curves its letters and, where it has lines, its legend."""
    style.plain_axes(panel)
    if panel.lines:
        panel.legend(
            title="photographs trained on",
            fontsize=style.SMALL,
            title_fontsize=style.SMALL,
            frameon=False,
            loc="lower right",
        )


def axes_of(frame: pandas.DataFrame) -> tuple[list[int], list[int]]:
    """Return the numbers of training images and of fine-tuning images that a grid spans, ascending.

    Args:
        frame: From :func:`recon_lib.paper.tables34.grid`.
    """
    rows = frame[frame["training_domain"] == "natural"]
    return [sorted(int(n) for n in frame_column.unique()) for frame_column in (rows["n_train"], rows["n_finetune"])]


def _frame(results: Results | None, test_domain: str) -> pandas.DataFrame:
    """Return the grid of a test contrast, PSNR alone."""
    return grid(test_domain, results).query("metric == 'psnr'")


def _colour(place: int, count: int) -> tuple[float, float, float, float]:
    """Choose a line's colour: darker for fewer training images, readable by the colour-blind."""
    from matplotlib import colormaps

    return colormaps["viridis"](_FIRST + (_LAST - _FIRST) * place / max(1, count - 1))
