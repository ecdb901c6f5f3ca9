"""Controls that the paper lacks, and the choice of rates, drawn from results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.experiment.design import DOMAINS, NAMES
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.differences.effects import (
    drawn_alike,
    effects,
    gain,
    labels,
    largest,
    mean_psnr,
    of_photographs,
    rows,
)
from recon_lib.paper.differences.page import NOT_RUN, heads, means_and_gain, note, with_interval
from recon_lib.paper.markup import Rendered, signed, spread
from recon_lib.paper.tables34 import draws
from recon_lib.paper.words import label, state
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def equal_updates(results: Results | None) -> pandas.DataFrame | None:
    """Take apart the effect of more images: few images, few images with the updates of many, many images.

    Args:
        results: Ours, or ``None``.

    Returns:
        One row a test domain and number of fine-tuning images: ``test_domain, n_finetune, few, many`` (training
        images), ``psnr_few, psnr_equal, psnr_many`` (mean, dB) and ``share``, the part of the gain from few to many
        that the updates alone make up; NaN where a network was not run. ``None`` if the control was not run.
    """
    import pandas

    sides = _sides(results)
    if sides is None:
        return None
    few, many = (int(side["n_train"].max()) for side in sides[1:])
    found = []
    for count in sorted({int(n) for n in sides[1]["n_finetune"].dropna()}):
        for domain in DOMAINS:
            means = [mean_psnr(side, domain, count) for side in sides]
            gained = means[2] - means[0]
            share = (means[1] - means[0]) / gained if gained else math.nan
            found.append((domain, count, few, many, *means, share))
    names = ["test_domain", "n_finetune", "few", "many", "psnr_few", "psnr_equal", "psnr_many", "share"]
    return pandas.DataFrame(found, columns=names)


def _sides(results: Results | None) -> tuple[pandas.DataFrame, pandas.DataFrame, pandas.DataFrame] | None:
    """Find the rows of few images, of few with the updates of many, and of many, all of the same draws."""
    varied = rows(results, "equal-updates")
    if varied is None:
        return None
    base = drawn_alike(results.slices[results.slices["training_domain"] == varied["training_domain"].iloc[0]], varied)
    return base[base["n_train"] == varied["n_train"].min()], varied, largest(base)


def render_equal_updates(results: Results | None) -> Rendered:
    """Draw the control of equal updates.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown.
    """
    table = equal_updates(results)
    if table is None:
        return note(f"The control of equal updates: {NOT_RUN}.")
    few, many = table["few"].iloc[0], table["many"].iloc[0]
    compared = _sides(results)[1:]
    lines = [
        f"| Test | Tuned with | {few} images | {few} images, updates of {many} | {many} images | "
        f"The last two: {few} minus {many} | The updates' share |",
        "|:--|--:|--:|--:|--:|:--|--:|",
    ]
    for row in table.itertuples():
        means = " | ".join(spread(x, math.nan, 2) for x in (row.psnr_few, row.psnr_equal, row.psnr_many))
        sides = (side[side["n_finetune"] == row.n_finetune] for side in compared)
        left = with_interval(gain(*sides).get(row.test_domain))
        share = "" if math.isnan(row.share) else f"{100 * row.share:.0f} %"
        lines.append(f"| {NAMES[row.test_domain]} | {row.n_finetune} | {means} | {left} | {share} |")
    return Rendered(markdown="\n".join(lines))


def render_updates_in_short(results: Results | None) -> Rendered:
    """Say how far few images are from many, as trained: with their own updates, and with as many.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: differences in mean PSNR with their intervals.
    """
    sides = _sides(results)
    if sides is None:
        return note(f"The control of equal updates: {NOT_RUN}.")
    few, many = (int(side["n_train"].max()) for side in sides[1:])
    *fewer, most = (side[side["n_finetune"] == 0] for side in sides)
    own, equal = (gain(side, most) for side in fewer)
    said = [
        f"On {NAMES[domain]} slices, {few} photographs instead of {many} change PSNR by {with_interval(own[domain])} "
        f"dB; given as many updates, by {with_interval(equal[domain])} dB."
        for domain in DOMAINS
        if domain in own and domain in equal
    ]
    if not said:
        return note(f"The control of equal updates, as trained: {NOT_RUN}.")
    said.append(
        "Where the second of two numbers is near zero, it is the updates that help at this scale, not the number of "
        f"photographs. (Profile **{results.profile}**, one training each; random crops make many images of one, which "
        "may be part of the reason.)"
    )
    return Rendered(markdown=" ".join(said))


def render_chance(results: Results | None) -> Rendered:
    """Say what chance does that no interval over test subjects knows: other seeds of training, other images of tuning.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: changes of mean PSNR.
    """
    said = []
    for one in effects(results, "other-seed")[:1]:
        by = " and ".join(f"{signed(of.value, 2)} dB ({NAMES[d]})" for d, of in one.by_domain.items())
        said.append(f"the same training with another seed changed PSNR by {by}, measured on {one.name}")
    for domain in DOMAINS:
        found = draws(results, domain)
        if len(found):
            top = found.loc[found["psnr_std"].idxmax()]
            said.append(
                f"means of {NAMES[domain]} slices after tuning with another draw of {top['n_finetune']} images vary by "
                f"{top['psnr_std']:.2f} dB (standard deviation of {top['draws']} draws)"
            )
    begin = "An interval knows only the chance of the test subjects; each network was trained once."
    return Rendered(
        markdown=f"{begin} For comparison: {'; '.join(said)}. A difference no larger than these may be luck."
        if said
        else f"{begin} How much another seed or another draw of the images changes was not run yet."
    )


def render_symmetry(results: Results | None) -> Rendered:
    """Draw the control of conjugate symmetry: a real-valued image's k-space filled by its mirror image.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: mean PSNR of every method, and its gain over the zero-filled image with its interval.
    """
    slices = rows(results)
    if slices is None or not (slices["method"] == "conjugate_symmetry").any():
        return note(f"The control of conjugate symmetry: {NOT_RUN}.")
    start = slices[slices["method"] == "zero_filled"]
    sensing = sorted({name for name in slices["method"] if name.startswith("cs:")})
    shown = {"zero-filled": start, "conjugate symmetry": slices[slices["method"] == "conjugate_symmetry"]}
    shown |= {label(name, ""): slices[slices["method"] == name] for name in sensing}
    shown |= of_photographs(slices, sorted({0, *(tuned_count(slices, domain) for domain in DOMAINS)}))
    lines = [f"| | {heads('over zero-filled')} |", "|:--|" + "--:|:--|" * len(DOMAINS)]
    for name, chosen in shown.items():
        gains = {} if chosen is start else gain(chosen, start)
        lines.append(f"| {name} | {means_and_gain(chosen, gains)} |")
    return Rendered(markdown="\n".join(lines))


def render_rates(results: Results | None) -> Rendered:
    """Draw how the rates were chosen, on slices of subjects that are trained on, never on the test's.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: mean PSNR for each rate of training and of fine-tuning, the best of a column in bold.
    """
    lines = ["| Rate of | Rate | " + " | ".join(f"{NAMES[d]}, dB" for d in DOMAINS) + " | Network | Judged on |"]
    lines.append("|:--|:--|" + "--:|" * len(DOMAINS) + ":--|:--|")
    for prefix, what in (("rate-", "training"), ("finetune-rate-", "fine-tuning")):
        chosen = {name: rows(results, name) for name in labels(results, prefix)}
        means = {name: [mean_psnr(found, domain) for domain in DOMAINS] for name, found in chosen.items()}
        best = [max((m[at] for m in means.values() if not math.isnan(m[at])), default=math.nan) for at in (0, 1)]
        for name, found in chosen.items():
            values = [spread(mean, math.nan, 2) or "not run" for mean in means[name]]
            bold = [f"**{v}**" if m == b else v for v, m, b in zip(values, means[name], best, strict=True)]
            network = ", ".join(
                f"{NAMES[domain]}, {n_train}, {state(n_finetune)}"
                for (domain, n_train, n_finetune), _ in found.groupby(["training_domain", "n_train", "n_finetune"])
            )
            count = found["subject"].nunique()
            people = f"{count} training subject{'s' if count > 1 else ''}"
            cells = (what, name.removeprefix(prefix), *bold, network, people)
            lines.append(f"| {' | '.join(cells)} |")
    return Rendered(markdown="\n".join(lines)) if len(lines) > 2 else note(f"The choice of rates: {NOT_RUN}.")
