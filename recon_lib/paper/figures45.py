"""The paper's Figures 4 and 5: one slice by every network of Tables 3 and 4, and PSNR against fine-tuning images.

White ground and orientation as in :mod:`recon_lib.paper.panel_view`; everything is drawn from results alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import blank_figure, domain_colour
from recon_lib.experiment.design import REFERENCE, domain_name
from recon_lib.paper.draws import draws
from recon_lib.paper.panel_view import head_box, median_place, slice_scores, upright_panels
from recon_lib.paper.tables34 import grid
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

_WIDTH, _DPI = 6.6, 200  # inches, and dots an inch
_MARKS = "osD^v<>pX*"
_FIRST, _LAST = 0.05, 0.82  # of the colour map viridis, whose bright end is too pale for a line


def grid_figure(
    results: Results, test_domain: str, place: tuple[str, int] | None = None, errors: bool = False
) -> Figure:
    """Draw the paper's Figure 4 (T1) or 5 (T2): one slice by every network of the grid.

    First row: reference and zero-filled image. Then a row for each number of training images and a column for each
    number of fine-tuning images, all trained on photographs; the last column, framed, is the network trained on the
    test's own contrast, tuned with 50. PSNR of the slice's full frame stands above each.

    Args:
        results: Where panels and numbers come from.
        test_domain: The contrast.
        place: ``(subject, slice)``; :func:`recon_lib.paper.panel_view.median_place` by default.
        errors: Show each image's error instead, all on one scale.

    Returns:
        The figure. A cell that was not run says so.

    Raises:
        ReconError: There is no panel of that domain or slice.
    """
    place = place or median_place(results, test_domain)
    images, scores = upright_panels(results, test_domain, place), slice_scores(results, test_domain, place)
    reference = images["reference"]
    box = head_box(reference)
    sizes, counts = axes_of(_frame(results, test_domain))
    tiles = {name: image[box] for name, image in images.items() if name != "mask"}
    if errors:
        tiles = {name: np.abs(image - reference[box]) for name, image in tiles.items()} | {"reference": reference[box]}
    networks = [image.ravel() for name, image in tiles.items() if name.startswith("network-")]
    top = float(np.quantile(np.concatenate(networks), 0.998)) if errors and networks else 1.0
    scale = {"cmap": "inferno" if errors else "gray", "vmin": 0, "vmax": top}

    wall = _Wall(reference[box].shape, len(sizes) + 1, len(counts) + 1)
    wall.hang(0, 0, reference[box], "reference", {"cmap": "gray", "vmin": 0, "vmax": 1})
    cells = [(0, 1, "zero_filled", "zero-filled")]
    for row, size in enumerate(sizes, start=1):
        wall.name_row(row, str(size))
        for column, count in enumerate(counts):
            cells.append((row, column, f"network-natural-{size}-{count}", str(count)))
        own = f"{domain_name(test_domain)}, {REFERENCE}"
        cells.append((row, len(counts), f"network-{test_domain}-{size}-{REFERENCE}", own))
        wall.frame(row, len(counts), domain_colour(test_domain))
    for row, column, name, head in cells:
        score = f"{scores[name][0]:.1f} dB" if name in scores else ""
        title = f"{head}\n{score}" if row < 2 else score
        if name in tiles:
            wall.hang(row, column, tiles[name], title, scale)
        else:
            wall.leave(row, column, title.strip(), "no image\nkept" if score else "not run")
    wall.explain(
        f"rows: images trained on; columns: images tuned with\nframed: trained on {domain_name(test_domain)}, "
        f"tuned with {REFERENCE}\nabove each: PSNR of this slice"
    )
    if errors and networks:
        wall.scale("|error|, reference's maximum = 1")
    kind = "test slice, errors" if errors else "test slice"
    wall.figure.suptitle(f"{domain_name(test_domain)} {kind}: {place[0]}, slice {place[1]}", fontsize=10)
    return wall.figure


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
    figure, axes = blank_figure((1.2 * _WIDTH, 4.4), 1, 2)
    axes[0][1].sharey(axes[0][0])
    spread = draws(results, test_domain)
    sides = (("ours", "-", "here"), ("paper", "--", "the paper"))
    for panel, (source, line, maker) in zip(axes[0], sides, strict=True):
        for rank, size in enumerate(sizes):
            rows = frame[(frame["training_domain"] == "natural") & (frame["n_train"] == size) & frame[source].notna()]
            colour = _colour(rank, len(sizes))
            style = {"color": colour, "marker": _MARKS[rank % len(_MARKS)], "markersize": 4, "linewidth": 1.4}
            if len(rows):
                panel.plot(rows["n_finetune"].astype(int), rows[source], line, label=f"{size}", **style)
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
        panel.set(title=f"{domain_name(test_domain)} test slices, {maker}", xlabel="fine-tuning images")
        panel.grid(axis="y", color="#dddddd", linewidth=0.6)
        if panel.lines:
            panel.legend(
                title="natural images trained on", fontsize=8, title_fontsize=8, frameon=False, loc="lower right"
            )
    axes[0][0].set_ylabel("mean PSNR, dB")
    return figure


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


class _Wall:
    """Images of one shape in rows and columns of one axes, whose unit is a pixel of theirs: drawn fast, set tight."""

    def __init__(self, shape: tuple[int, int], rows: int, columns: int) -> None:
        self.height, self.width = shape
        self.gap = 0.04 * self.width
        unit = (_WIDTH - 0.9) / (columns * (self.width + self.gap))  # inches a pixel
        self.line = 0.15 / unit  # a line of text
        self.size = rows * (self.height + 1.5 * self.line) + 2.5 * self.line
        self.figure, axes = blank_figure((_WIDTH, self.size * unit + 0.5), 1, 1)
        self.figure.set_dpi(_DPI)
        self.axes = axes[0][0]
        self.axes.set_anchor("N")
        self.axes.set_axis_off()
        self.columns = columns
        self._limit()

    def hang(self, row: int, column: int, image: np.ndarray, title: str, scale: dict) -> None:
        """Show an image below its title."""
        left, top = self._corner(row, column)
        extent = (left, left + self.width, top + self.height, top)
        self.axes.imshow(image, extent=extent, interpolation="nearest", **scale)
        self._write(left + self.width / 2, top - 0.1 * self.line, title, va="bottom")
        self._limit()  # each image moves the limits to its own

    def leave(self, row: int, column: int, title: str, reason: str) -> None:
        """Leave a place empty, and state the reason."""
        left, top = self._corner(row, column)
        self.frame(row, column, "#bbbbbb", 0.5)
        self._write(left + self.width / 2, top + self.height / 2, reason, va="center", color="#555555")
        self._write(left + self.width / 2, top - 0.1 * self.line, title, va="bottom")

    def name_row(self, row: int, name: str) -> None:
        """Write a row's name at its left."""
        left, top = self._corner(row, 0)
        self._write(left - self.gap, top + self.height / 2, name, ha="right", va="center")

    def frame(self, row: int, column: int, colour: str, width: float = 2.0) -> None:
        """Draw a frame around a place."""
        from matplotlib.patches import Rectangle

        corner = self._corner(row, column)
        self.axes.add_patch(Rectangle(corner, self.width, self.height, fill=False, edgecolor=colour, linewidth=width))

    def explain(self, text: str) -> None:
        """Write into the free places of the first row."""
        left, top = self._corner(0, 2)
        self._write(left + 2 * self.gap, top + self.height / 2, text, ha="left", va="center")

    def scale(self, name: str) -> None:
        """Draw the scale of the last image."""
        bar = self.figure.colorbar(self.axes.images[-1], ax=self.axes, shrink=0.35, pad=0.01, extend="max")
        bar.set_label(name, fontsize=8)
        bar.ax.tick_params(labelsize=8)

    def _corner(self, row: int, column: int) -> tuple[float, float]:
        below_heads = self.line * (4 if row else 2)
        return column * (self.width + self.gap), row * (self.height + 1.5 * self.line) + below_heads

    def _write(self, x: float, y: float, text: str, ha: str = "center", **options: str) -> None:
        if text:
            self.axes.text(x, y, text, ha=ha, fontsize=8, linespacing=1.1, **options)

    def _limit(self) -> None:
        right = self.columns * (self.width + self.gap)
        self.axes.set(xlim=(-0.4 * self.width, right), ylim=(self.size, 0), aspect="equal")


def _colour(place: int, count: int) -> tuple[float, float, float, float]:
    """Choose a line's colour: darker for fewer training images, readable by the colour-blind."""
    from matplotlib import colormaps

    return colormaps["viridis"](_FIRST + (_LAST - _FIRST) * place / max(1, count - 1))
