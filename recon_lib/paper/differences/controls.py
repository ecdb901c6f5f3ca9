"""Controls that the paper lacks, and the choice of rates, drawn from results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
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
from recon_lib.paper.differences.page import NOT_RUN, gain_heads, means_and_gains, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.draws import draws
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed, spread
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
    table = []
    for count in sorted({int(n) for n in sides[1]["n_finetune"].dropna()}):
        for domain in page_domains(results):
            means = [mean_psnr(side, domain, count) for side in sides]
            gained = means[2] - means[0]
            share = (means[1] - means[0]) / gained if gained else math.nan
            table.append((domain, count, few, many, *means, share))
    names = ["test_domain", "n_finetune", "few", "many", "psnr_few", "psnr_equal", "psnr_many", "share"]
    return pandas.DataFrame(table, columns=names)


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
    heads = (
        "Test",
        "Tuned with",
        f"{few} images",
        f"{few} images, updates of {many}",
        f"{many} images",
        f"The last two: {few} minus {many}",
        "The updates' share",
    )
    cells = []
    for row in table.itertuples():
        means = (spread(mean, math.nan, 2) for mean in (row.psnr_few, row.psnr_equal, row.psnr_many))
        sides = (side[side["n_finetune"] == row.n_finetune] for side in compared)
        change = with_interval(gain(*sides).get(row.test_domain))
        share = "" if math.isnan(row.share) else f"{100 * row.share:.0f} %"
        cells.append((domain_name(row.test_domain), str(row.n_finetune), *means, change, share))
    return render_table(heads, cells, "lrrrrlr")


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
    sentences = [
        f"On {domain_name(domain)} slices, {few} photographs instead of {many} change PSNR by "
        f"{with_interval(own[domain])} dB; with as many updates, by {with_interval(equal[domain])} dB."
        for domain in page_domains(results)
        if domain in own and domain in equal
    ]
    if not sentences:
        return note(f"The control of equal updates, as trained: {NOT_RUN}.")
    sentences.append(
        "Where the second of two numbers is near zero, it is the updates that help at this scale, not the number of "
        f"photographs. (Profile **{results.profile}**, one training each, intervals of the bootstrap over "
        "subjects; random crops make many images of one, which may be part of the reason.)"
    )
    return Rendered(markdown=" ".join(sentences))


def explain_gain(results: Results | None, test_domain: str) -> str:
    """Say how much of what more photographs gain, as trained, the number of updates explains.

    Args:
        results: Ours, or ``None``.
        test_domain: The contrast.

    Returns:
        Half a sentence for behind a verdict.
    """
    table = equal_updates(results)
    rows = [] if table is None else table[(table["test_domain"] == test_domain) & (table["n_finetune"] == 0)]
    shares = [row for row in getattr(rows, "itertuples", tuple)() if not math.isnan(row.share)]
    if not shares:
        return "not separated from the number of updates, which grows with the images: this profile has no such control"
    row = shares[0]
    percent = f"{100 * row.share:.0f} % of the gain from {row.few} to {row.many} photographs"
    if row.share >= _MOSTLY:
        return f"explained by the number of updates: with as many, {row.few} photographs reach {percent}"
    return f"the number of updates alone makes {percent}"


_MOSTLY = 0.9  # the share of a gain from which on it counts as explained


def render_chance(results: Results | None) -> Rendered:
    """Say what chance does that no interval over test subjects knows: other seeds of training, other images of tuning.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: changes of mean PSNR.
    """
    parts = []
    for effect in effects(results, "other-seed")[:1]:
        changes = " and ".join(
            f"{signed(change.value, 2)} dB ({domain_name(domain)})" for domain, change in effect.by_domain.items()
        )
        parts.append(f"the same training with another seed changed PSNR by {changes}, measured on {effect.name}")
    for domain in page_domains(results):
        by_network = draws(results, domain)
        if len(by_network):
            top = by_network.loc[by_network["psnr_std"].idxmax()]
            parts.append(
                f"means of {domain_name(domain)} slices after tuning with another draw of {top['n_finetune']} images "
                f"vary by {top['psnr_std']:.2f} dB (standard deviation of {top['draws']} draws)"
            )
    begin = "An interval covers the choice of test subjects alone, and each network was trained once."
    return Rendered(
        markdown=f"{begin} For comparison: {'; '.join(parts)}. A difference no larger than these may be luck."
        if parts
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
    domains = page_domains(results)
    zero_filled = slices[slices["method"] == "zero_filled"]
    sensing = sorted({method for method in slices["method"] if method.startswith("cs:")})
    methods = {"conjugate symmetry": slices[slices["method"] == "conjugate_symmetry"]}
    methods |= {label(method, ""): slices[slices["method"] == method] for method in sensing}
    methods |= of_photographs(slices, sorted({0, *(tuned_count(slices, domain) for domain in domains)}))
    table = [("zero-filled", *means_and_gains(zero_filled, {}, domains))]
    table += [
        (name, *means_and_gains(reconstructed, gain(reconstructed, zero_filled), domains))
        for name, reconstructed in methods.items()
    ]
    return render_table(("", *gain_heads(domains, "over zero-filled")), table, "l" + "rl" * len(domains))


def render_rates(results: Results | None) -> Rendered:
    """Draw how the rates were confirmed, on slices of subjects that are trained on.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: mean PSNR for each rate of training and of fine-tuning, the best of a column in bold.
    """
    domains = page_domains(results)
    table = []
    for prefix, stage in (("rate-", "training"), ("finetune-rate-", "fine-tuning")):
        by_name = {name: rows(results, name) for name in labels(results, prefix)}
        means = {name: [mean_psnr(slices, domain) for domain in domains] for name, slices in by_name.items()}
        best = [
            max((mean for mean in column if not math.isnan(mean)), default=math.nan)
            for column in zip(*means.values(), strict=True)
        ]
        for name, slices in by_name.items():
            cells = [spread(mean, math.nan, 2) or "not run" for mean in means[name]]
            cells = [
                f"**{cell}**" if mean == top else cell for cell, mean, top in zip(cells, means[name], best, strict=True)
            ]
            networks = ", ".join(
                f"{domain_name(domain)}, {n_train}, {state(n_finetune)}"
                for (domain, n_train, n_finetune), _ in slices.groupby(["training_domain", "n_train", "n_finetune"])
            )
            count = slices["subject"].nunique()
            people = f"{count} training subject{'s' if count > 1 else ''}"
            table.append((stage, name.removeprefix(prefix), *cells, networks, people))
    if not table:
        return note(f"The choice of rates: {NOT_RUN}.")
    heads = ("Rate of", "Rate", *(f"{domain_name(domain)}, dB" for domain in domains), "Network", "Judged on")
    return render_table(heads, table, "ll" + "r" * len(domains) + "ll")
