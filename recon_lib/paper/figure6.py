"""The paper's Figure 6: compressed sensing against the three tuned networks, each contrast, with error maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.style import blank_figure
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper.averages import summarise, tuned_count
from recon_lib.paper.domains import tested_domains
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
    from matplotlib.image import AxesImage

LITERAL = "cs:literal"
_WIDTH, _DPI = 7.4, 200  # inches, and dots an inch


def rank_variants(results: Results, test_domain: str) -> list[str]:
    """Rank the variants of CS that were run.

    Args:
        results: Where the rows are.
        test_domain: The contrast.

    Returns:
        Their names (``cs:literal``), highest mean PSNR first.
    """
    slices = results.slices
    rows = slices[(slices["test_domain"] == test_domain) & slices["method"].str.startswith("cs:")]
    if not len(rows):
        return []
    return list(summarise(rows, by=["method"]).sort_values(["psnr", "method"], ascending=[False, True])["method"])


def comparison_figure(results: Results, places: dict[str, tuple[str, int]] | None = None) -> Figure:
    """Draw Figure 6: for each contrast a row of images and, below it, a row of their errors.

    Columns: reference (below it the zero-filled image), CS as the paper's words have it, CS in the best other
    reading, and the networks trained on photographs, T1 and T2, each tuned with 20 images of the contrast. One grey
    scale, and one error scale for all contrasts; PSNR and SSIM of the slice's full frame stand above each image.

    Args:
        results: Where panels and numbers come from.
        places: Test domain to ``(subject, slice)``; :func:`recon_lib.paper.panel_view.median_place` by default.

    Returns:
        The figure. What was not run says so.

    Raises:
        ReconError: There are no rows, or there is no panel of a domain or slice.
    """
    contrasts = [
        _Contrast(results, domain, (places or {}).get(domain) or median_place(results, domain))
        for domain in tested_domains(results)
    ]
    if not contrasts:
        raise ReconError(f"Profile {results.profile!r} has no slices: collect its evaluations.")
    errors = [error[contrast.box].ravel() for contrast in contrasts for error in contrast.errors.values()]
    top = float(np.quantile(np.concatenate(errors), 0.998)) if errors else 1.0
    shapes = [contrast.reference[contrast.box].shape for contrast in contrasts]
    columns = 3 + len(NETWORKS)
    height = 2 * sum(rows / cols for rows, cols in shapes) * (_WIDTH - 0.9) / columns + 1.3 * len(contrasts)
    figure, grid = blank_figure((_WIDTH, height), 2 * len(contrasts), columns)
    figure.set_dpi(_DPI)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    for axes in grid.flat:
        axes.set_axis_off()
    bars = [contrast.draw(grid[2 * i : 2 * i + 2], top) for i, contrast in enumerate(contrasts)]
    if bar := next((bar for bar in bars if bar is not None), None):
        colours = figure.colorbar(bar, ax=grid.ravel().tolist(), shrink=0.35, pad=0.01, extend="max")
        colours.set_label("|error|, reference's maximum = 1", fontsize=8)
        colours.ax.tick_params(labelsize=8)
    titles = (f"{contrast.name}: {contrast.place[0]}, slice {contrast.place[1]}" for contrast in contrasts)
    figure.suptitle("; ".join(titles), fontsize=10)
    return figure


class _Contrast:
    """One slice of one contrast, by every method of the figure."""

    def __init__(self, results: Results, test_domain: str, place: tuple[str, int]) -> None:
        self.name, self.place = domain_name(test_domain), place
        self.images = upright_panels(results, test_domain, place)
        self.scores = slice_scores(results, test_domain, place)
        self.reference = self.images["reference"]
        self.start = self.images.get("zero_filled", self.reference)
        self.box, self.window = head_box(self.reference), zoom_window(self.reference, self.start)
        count, ranked = tuned_count(results.slices, test_domain), rank_variants(results, test_domain)
        networks = [(network_label(self.images, d, count), f"{domain_name(d)},\ntuned with {count}") for d in NETWORKS]
        self.methods = [(LITERAL, "CS,\nliteral"), _best_but_literal(ranked), *networks]
        labels = [label for label, _ in self.methods if label in self.images]
        self.errors = {label: np.abs(self.images[label] - self.reference) for label in labels}

    def draw(self, grid: np.ndarray, top: float) -> AxesImage | None:
        """Fill two rows of axes, and return an error map for the scale."""
        show_panel(grid[0][0], self.reference, self.box, self.window, f"{self.name},\nreference\n")
        bar = None
        if "zero_filled" in self.images:
            show_panel(grid[1][0], self.start, self.box, self.window, f"zero-filled\n{self._score('zero_filled')}")
        for column, (name, title) in enumerate(self.methods, start=1):
            if name not in self.errors:
                reason = "no image kept" if name in self.scores else "not run"
                grid[0][column].text(0.5, 0.5, f"{title}:\n{reason}", ha="center", va="center", fontsize=8)
                continue
            heading = f"{title}\n{self._score(name)}"
            show_panel(grid[0][column], self.images[name], self.box, self.window, heading)
            style = {"cmap": "inferno", "vmin": 0, "vmax": top, "interpolation": "nearest"}
            bar = grid[1][column].imshow(self.errors[name][self.box], **style)
        for axes in grid.flat:
            axes.title.set_fontsize(8)
        return bar

    def _score(self, name: str) -> str:
        score = self.scores.get(name)
        return "" if score is None else f"{score[0]:.1f} dB, {score[1]:.3f}"


def _best_but_literal(ranked: list[str]) -> tuple[str, str]:
    """Choose the variant of CS to show beside the literal one, and its title."""
    variants = [name for name in ranked if name != LITERAL]
    if not variants:
        return "cs:none", "CS,\nother variants"
    rank = "best" if variants[0] == ranked[0] else "next best"
    return variants[0], f"CS, {rank}:\n{variants[0].removeprefix('cs:')}"
