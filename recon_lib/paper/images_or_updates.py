"""What tuning images do apart from updates: every number of images in the same number of updates.

The paper tunes for a number of epochs, so that ten times the images are ten times the updates. Two variations tune the
network of photographs with every number of images in as many updates; a number of images whose own tuning makes as
many, to within an epoch, is the profile's own run.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.core.style import SERIES
from recon_lib.experiment.design import REFERENCE, domain_name
from recon_lib.paper.charts import contrast_panels
from recon_lib.paper.differences.effects import gain, largest, mean_psnr, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markdown import table as markdown_table
from recon_lib.paper.markup import Rendered, spread
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

TARGETS = (300, 1500)
"""The numbers of updates; the variations are called ``updates-300`` and ``updates-1500``."""
_CLOSE = 0.1  # dB: so near to fifty images is as good as fifty


def tuned_rows(results: Results | None, images: int, target: int | None = None) -> pandas.DataFrame | None:
    """Return the slices of the network of the most photographs, tuned with a number of images.

    Args:
        results: Ours, or ``None``.
        images: How many tuned it.
        target: In how many updates, to within an epoch; ``None``: in those that the profile gives them.

    Returns:
        Rows of all contrasts and draws; ``None`` if that was not run.
    """
    own = _of_photographs(rows(results), images)
    if target is None or own is None:
        return own
    updates = own_updates(results).get(images)
    if updates is not None and target - images < updates <= target:
        return own
    return _of_photographs(rows(results, f"updates-{target}"), images)


def own_updates(results: Results | None) -> dict[int, int]:
    """Return how often the profile updates a network of photographs with each number of images."""
    if results is None or not len(results.history):
        return {}
    history = results.history
    tuned = history[(history["kind"] == "finetune") & (history["training_domain"] == "natural")]
    counts = tuned.groupby("n_finetune")["updates"].max()
    return {int(images): int(updates) for images, updates in counts.items()}


def counts(results: Results | None) -> list[int]:
    """List the numbers of images that the network of the most photographs was tuned with."""
    networks = None if results is None else largest(_natural(results.slices))
    return [] if networks is None else sorted({int(n) for n in networks["n_finetune"].dropna() if n})


def distances(results: Results | None, test_domain: str, target: int | None = None) -> dict[int, Estimate]:
    """Measure how far fewer images are from fifty in as many updates.

    Args:
        results: Ours, or ``None``.
        test_domain: The contrast.
        target: As for :func:`tuned_rows`.

    Returns:
        By number of images the mean difference in PSNR to fifty, dB, with its interval over subjects; without numbers
        that were not run.
    """
    reference = tuned_rows(results, REFERENCE, target)
    measured = {}
    for images in counts(results) if reference is not None else ():
        fewer = None if images == REFERENCE else tuned_rows(results, images, target)
        if fewer is not None:
            measured[images] = gain(fewer, reference).get(test_domain)
    return {images: estimate for images, estimate in measured.items() if estimate is not None}


def render_images(results: Results | None, test_domain: str) -> Rendered:
    """Tabulate a contrast: a line for each number of images, as the profile tunes and in as many updates.

    Args:
        results: Ours, or ``None``.
        test_domain: The contrast.

    Returns:
        Markdown: mean PSNR, and at equal updates the difference to fifty images with its interval.
    """
    gaps = {target: distances(results, test_domain, target) for target in TARGETS}
    updates, lines = own_updates(results), []
    for images in counts(results):
        cells = [spread(mean_psnr(tuned_rows(results, images), test_domain), math.nan, 2) or NOT_RUN]
        for target in TARGETS:
            mean = mean_psnr(tuned_rows(results, images, target), test_domain)
            cells += [spread(mean, math.nan, 2) or NOT_RUN, with_interval(gaps[target].get(images))]
        lines.append((str(images), str(updates.get(images, "")), *cells))
    if not lines:
        return note(f"Tuning with several numbers of images: {NOT_RUN}.")
    heads = ["As the profile, dB"]
    for target in TARGETS:
        heads += [f"{target} updates, dB", f"minus {REFERENCE} images"]
    return render_table(("Images", "Updates", *heads), lines, "rrr" + "rl" * len(TARGETS))


def render_equal(results: Results | None, test_domain: str) -> Rendered:
    """Give Table 3 or 4 its column at equal updates: the network of the most photographs.

    Args:
        results: Those that have it, or ``None``.
        test_domain: The contrast.

    Returns:
        Markdown: a line for each number of images; empty until all were run in as many updates.
    """
    lines = []
    for images in counts(results):
        means = [mean_psnr(tuned_rows(results, images, target), test_domain) for target in (None, *TARGETS)]
        lines.append((images, means))
    equal = [target for k, target in enumerate(TARGETS) if not any(math.isnan(means[k + 1]) for _, means in lines)]
    if not lines or not equal:
        return Rendered(markdown="")
    chosen = [0, *(TARGETS.index(target) + 1 for target in equal)]
    table = [(str(images), *(spread(means[k], math.nan, 2) for k in chosen)) for images, means in lines]
    heads = ("Tuned with", "As the profile, dB", *(f"At {target} updates each" for target in equal))
    sentence = (
        f"**At equal updates.** The column of the most photographs in profile {results.profile}: above, fewer images "
        "mean fewer updates; in a column at equal updates, rows differ in images alone."
    )
    return Rendered(markdown=f"{sentence}\n\n{markdown_table(heads, table, 'r' * len(heads))}")


def render_verdict(results: Results | None) -> Rendered:
    """Say what images do apart from updates, and how many are enough.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a paragraph for each contrast.
    """
    sentences = []
    for domain in page_domains(results):
        own = distances(results, domain)
        equal = {target: distances(results, domain, target) for target in TARGETS}
        few = min((images for images in own if any(images in gaps for gaps in equal.values())), default=None)
        if few is None:
            continue
        changes = [f"by {with_interval(own[few])} dB as the profile tunes"]
        changes += [f"by {with_interval(gaps[few])} dB in {target}" for target, gaps in equal.items() if few in gaps]
        enough = [f"{_enough(gaps)} in {target} updates" for target, gaps in equal.items() if few in gaps]
        sentences.append(
            f"On {domain_name(domain)} slices, {few} images instead of {REFERENCE} change PSNR "
            f"{', '.join(changes[:-1])} and {changes[-1]} updates each. To come within {_CLOSE} dB of "
            f"{REFERENCE}, it takes {' and '.join(enough)}."
        )
    if not sentences:
        return note(f"Tuning with every number of images in as many updates: {NOT_RUN}.")
    return Rendered(markdown="\n\n".join(sentences))


def _enough(equal: dict[int, Estimate]) -> int:
    """Return the fewest images that come close to the reference; the reference itself if no smaller number does."""
    return min((images for images, estimate in equal.items() if estimate.value >= -_CLOSE), default=REFERENCE)


def render_figure_of_images(results: Results | None) -> Rendered:
    """Draw PSNR against the number of images, a line for each number of updates and a panel for each contrast.

    Args:
        results: Ours, or ``None``.

    Returns:
        The figure, its caption and files; a note before anything was tuned.
    """
    import pandas

    points = [
        (domain, target or 0, images, mean)
        for domain in page_domains(results)
        for target in (None, *TARGETS)
        for images in counts(results)
        if not math.isnan(mean := mean_psnr(tuned_rows(results, images, target), domain))
    ]
    if not points:
        return note(f"Tuning with several numbers of images: {NOT_RUN}.")
    numbers = pandas.DataFrame(points, columns=["test_domain", "updates", "images", "psnr"])
    figure, panels = contrast_panels(numbers, 3.0, "images", "PSNR, dB", "{} test slices")
    for axes, own in panels:
        for colour, (target, part) in zip(SERIES, own.groupby("updates"), strict=False):
            title = f"{target} updates each" if target else "as the profile tunes"
            style = "-" if target else "--"
            axes.plot(part["images"], part["psnr"], f"o{style}", ms=4, lw=1.3, color=colour, label=title)
    panels[0][0].legend(fontsize=8, frameon=False)
    caption = (
        "Networks of photographs tuned with few to many images. On a full line every point has the same number of "
        "updates. See where it stops rising, and whether that is further to the right on the line of more updates."
    )
    description = f"PSNR over the number of tuning images, a line for each number of updates. {caption}"
    return render_figure(figure, "images_or_updates", numbers, caption, description)


def _natural(slices: pandas.DataFrame) -> pandas.DataFrame:
    return slices[slices["training_domain"] == "natural"]


def _of_photographs(slices: pandas.DataFrame | None, images: int) -> pandas.DataFrame | None:
    if slices is None:
        return None
    networks = largest(_natural(slices))
    chosen = networks[networks["n_finetune"] == images]
    return chosen if len(chosen) else None
