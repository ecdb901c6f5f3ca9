"""Where more updates begin to hurt: PSNR on slices of the pool that no update saw, on the way of a tuning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.core.style import SERIES
from recon_lib.experiment.design import domain_name
from recon_lib.paper.charts import contrast_panels
from recon_lib.paper.differences.page import NOT_RUN
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.images_or_updates import TARGETS
from recon_lib.paper.markdown import note
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_LOST = 0.05  # dB below the best: less is the noise of a curve of five slices


def held_out(results: Results | None) -> pandas.DataFrame | None:
    """Return the curves of the longest tunings.

    Args:
        results: Ours, or ``None``.

    Returns:
        One row a point: ``test_domain, n_finetune, updates, psnr_held``, dB, of the first draw, which every number of
        images has; ``None`` if none was measured.
    """
    if results is None:
        return None
    rows = results.varied_history
    rows = rows[(rows["variation"] == f"updates-{max(TARGETS)}") & (rows["draw"] == 0) & rows["psnr_held"].notna()]
    if not len(rows):
        return None
    columns = ["test_domain", "n_finetune", "updates", "psnr_held"]
    return rows[columns].sort_values(columns[:3], ignore_index=True)


def render_held_out(results: Results | None) -> Rendered:
    """Draw the curves, a panel for each contrast and a line for each number of images.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure, its caption and files; a note if none was measured.
    """
    curves = held_out(results)
    if curves is None:
        return note(f"Held-out slices on the way of {max(TARGETS)} updates: {NOT_RUN}.")
    figure, panels = contrast_panels(curves, 3.4, "updates", "PSNR, dB", "held-out {} slices")
    for axes, own in panels:
        for colour, (images, part) in zip(SERIES, own.groupby("n_finetune"), strict=False):
            axes.plot(part["updates"], part["psnr_held"], lw=1.3, color=colour, label=f"{images} images")
    handles, titles = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, titles, loc="outside lower center", ncols=6, fontsize=8, frameon=False)
    caption = (
        "PSNR on slices of the pool that no update saw, on the way of the longest tunings with the first draw of the "
        "images. See whether a line of few images turns down before its end: from there on the network learns its "
        "images by heart."
    )
    return render_figure(figure, "too_many_updates", curves, caption, f"PSNR over updates. {caption}")


def render_turn(results: Results | None) -> Rendered:
    """Say for the fewest images where the curve is highest, and what is lost from there to its end.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a sentence; empty if none was measured.
    """
    curves = held_out(results)
    if curves is None:
        return Rendered(markdown="")
    sentences = []
    for domain, part in curves.groupby("test_domain", sort=True):
        images = int(part["n_finetune"].min())
        curve = part[part["n_finetune"] == images].sort_values("updates")
        best = curve.loc[curve["psnr_held"].idxmax()]
        lost = float(best["psnr_held"] - curve["psnr_held"].iloc[-1])
        if lost > _LOST:
            outcome = f"is highest after {best['updates']:.0f} updates and loses {lost:.2f} dB to the end"
        else:
            outcome = f"falls by no more than {_LOST} dB within {curve['updates'].max():.0f} updates"
        sentences.append(f"with {images} {domain_name(str(domain))} images it {outcome}")
    return Rendered(markdown=f"PSNR on the held-out slices: {'; '.join(sentences)}.")
