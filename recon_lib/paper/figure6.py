"""The paper's Figure 6: compressed sensing against the three tuned networks, each contrast, with error maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.core.errors import ReconError
from recon_lib.experiment.design import NETWORKS, domain_name
from recon_lib.paper.averages import summarise, tuned_count
from recon_lib.paper.domains import tested_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.figures23 import divisor
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
    from matplotlib.image import AxesImage

LITERAL = "cs:literal"


def render_comparison(results: Results, name: str) -> Rendered:
    """Show the paper's Figure 6 on a page.

    Args:
        results: Where panels and numbers come from.
        name: Of the figure's files.

    Returns:
        The figure of :func:`comparison_figure`, its caption and files.

    Raises:
        ReconError: As :func:`comparison_figure`.
    """
    import pandas

    contrasts = _contrasts(results, {})
    figure = comparison_figure(results)
    sentences = [
        "Upper row of each contrast: the images. Lower row: their errors, all on one scale; the zero-filled one is "
        "divided. A darker map is a better image. See whether CS leaves more of the edges behind than any network, and "
        "how far its two columns differ."
    ]
    tables = []
    for contrast in contrasts:
        pictures = [label for label, _ in contrast.methods]
        place = describe_place(results, contrast.test_domain, contrast.place)
        order = compare_orders(results, contrast.test_domain, contrast.place, pictures, "The methods")
        sentences.append(f"{contrast.name}: {place}. {order}")
        drawn = ["zero_filled", *pictures]
        tables.append(panel_numbers(results, contrast.test_domain, contrast.place, drawn))
    description = (
        "A slice of each contrast: reference, zero-filled image, compressed sensing in the literal and in the best "
        "other variant, and the networks trained on photographs, T1 and T2, each tuned; error maps below each."
    )
    return render_figure(figure, name, pandas.concat(tables), " ".join(sentences), description)


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


def comparison_figure(results: Results, places: dict[str, Place] | None = None) -> Figure:
    """Draw Figure 6: for each contrast a row of images and, below it, a row of their errors.

    Columns: reference, zero-filled image, CS as the paper's words have it, CS in the best other reading, and the
    networks trained on photographs, T1 and T2, each tuned with 20 images of the contrast. One grey scale, and one error
    scale for all contrasts; PSNR and SSIM of the slice's full frame stand above each image.

    Args:
        results: Where panels and numbers come from.
        places: Test domain to ``(subject, slice)``; the nearest to the median that has the most of the pictures by
            default (:func:`recon_lib.paper.panel_view.median_place`).

    Returns:
        The figure. What was not run says so.

    Raises:
        ReconError: There are no rows, or there is no panel of a domain or slice.
    """
    contrasts = _contrasts(results, places or {})
    end = style.error_end([error for contrast in contrasts for error in contrast.errors.values()])
    shapes = [contrast.reference[contrast.box].shape for contrast in contrasts]
    columns = 4 + len(NETWORKS)
    height = 2 * sum(rows / cols for rows, cols in shapes) * (style.PAGE_WIDTH - 1.6) / columns + 1.1 * len(contrasts)
    figure, grid = style.blank_figure((style.PAGE_WIDTH, height), 2 * len(contrasts), columns)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    bars = [contrast.draw(grid[2 * i : 2 * i + 2], end) for i, contrast in enumerate(contrasts)]
    if bar := next((bar for bar in bars if bar is not None), None):
        style.error_bar(figure, bar, grid.ravel().tolist())
    return figure


def _contrasts(results: Results, places: dict[str, Place]) -> list[_Contrast]:
    """Gather what was tested."""
    contrasts = [_Contrast(results, domain, places.get(domain)) for domain in tested_domains(results)]
    if not contrasts:
        raise ReconError(f"Profile {results.profile!r} has no slices: collect its evaluations.")
    return contrasts


class _Contrast:
    """One slice of one contrast, by every method of the figure."""

    def __init__(self, results: Results, test_domain: str, place: Place | None) -> None:
        self.test_domain, self.name = test_domain, domain_name(test_domain)
        count, ranked = tuned_count(results.slices, test_domain), rank_variants(results, test_domain)
        sensing = [(LITERAL, "CS,\nliteral"), _best_but_literal(ranked)]
        if place is None:
            most = results.slices["n_train"].max()
            networks = [network_picture(domain, most, count) for domain in NETWORKS]
            place = median_place(results, test_domain, [*networks, *(label for label, _ in sensing)])
        self.place = place
        self.images = upright_panels(results, test_domain, place)
        self.scores = slice_scores(results, test_domain, place)
        self.reference = self.images["reference"]
        start = self.images.get("zero_filled", self.reference)
        self.box, self.window = head_box(self.reference), zoom_window(self.reference, start)
        networks = [(network_label(self.images, d, count), f"{domain_name(d)},\ntuned with {count}") for d in NETWORKS]
        self.methods = [*sensing, *networks]
        labels = [label for label, _ in self.methods if label in self.images]
        self.errors = {label: self._error(label) for label in labels}

    def draw(self, grid: np.ndarray, end: float) -> AxesImage | None:
        """Fill two rows of axes, and return an error map for the scale."""
        for axes in grid.flat:
            axes.set(xticks=[], yticks=[])
            axes.set_frame_on(False)
        show_panel(grid[0][0], self.reference, self.box, self.window, "reference\n\n")
        for axes, text in zip(grid[:, 0], (f"{self.name}: images", f"{self.name}: errors"), strict=True):
            axes.set_ylabel(text, fontsize=style.TITLE)
        drawn = None
        for column, (label, title) in enumerate([("zero_filled", "\nzero-filled"), *self.methods], start=1):
            if label not in self.images:
                reason = "no image kept" if label in self.scores else "not run"
                text = f"{title.strip()}:\n{reason}"
                grid[0][column].text(0.5, 0.5, text, ha="center", va="center", fontsize=style.SMALL)
                continue
            show_panel(grid[0][column], self.images[label], self.box, self.window, f"{title}\n{self._score(label)}")
            error = self._error(label)
            share = divisor(error, end) if label == "zero_filled" else 1
            drawn = grid[1][column].imshow(error / share, **style.error_style(end))
            if share > 1:
                grid[1][column].set_xlabel(f"divided by {share}", fontsize=style.SMALL)
        for axes in grid[0]:
            axes.title.set_fontsize(style.SMALL)
        return drawn

    def _error(self, label: str) -> np.ndarray:
        return np.abs(self.images[label] - self.reference)[self.box]

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
