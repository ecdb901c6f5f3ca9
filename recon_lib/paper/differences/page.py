"""The page of differences, drawn from results: our choices with their effects, and what crops change.

A table whose runs are missing says so; a cell that was not run is empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import TUNED, domain_name
from recon_lib.experiment.specs import read_spec
from recon_lib.paper.averages import METRICS
from recon_lib.paper.differences.effects import Effect, effects, gain, mean_psnr, of_columns, of_methods, rows
from recon_lib.paper.differences.open_choices import Choice, choices
from recon_lib.paper.domains import page_domains
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed, spread
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

NOT_RUN = "not run yet"
_WHOLE = "one-subnetwork-whole-images"
_CROPS = {
    _WHOLE: "whole images",
    "one-subnetwork": "crops, as many updates",
    "one-subnetwork-equal-time": "crops, as much time",
}


@dataclass(frozen=True)
class Alternative:
    """One way in which a choice was made otherwise.

    Attributes:
        choice: The choice.
        label: What was done otherwise, in words.
        effects: What that changes: done otherwise less as we chose, a network each; empty if it has not been run.
    """

    choice: Choice
    label: str
    effects: list[Effect]


def measured(results: Results | None) -> list[Alternative]:
    """Measure every choice that something was run for, or is planned for.

    Args:
        results: Ours, or ``None``.

    Returns:
        One entry a way of doing otherwise, in the order of the choices.
    """
    alternatives = []
    for choice in choices(results):
        for name, label in (choice.variations or {}).items():
            alternatives.append(Alternative(choice, label, effects(results, name, metric=choice.metric)))
        for column, label in (choice.columns or {}).items():
            alternatives.append(Alternative(choice, label, of_columns(results, column)))
        for method, label in (choice.methods or {}).items():
            alternatives.append(Alternative(choice, label, of_methods(results, method, "cs:literal")))
    return alternatives


def render_choices(results: Results | None) -> Rendered:
    """Draw the table of choices, with each measured effect in short.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown. An effect is the mean change in PSNR (in SSIM where that is named) if the thing is done otherwise,
        for the network trained on natural images and tuned with 20 (or what comes nearest).
    """
    alternatives = measured(results)
    most = max((effect.n_train for way in alternatives for effect in way.effects), default=0)
    briefs: dict[str, list[str]] = {}
    for way in alternatives:
        briefs.setdefault(way.choice.id, []).append(_brief(way, most))
    table = (
        (
            choice.title,
            choice.paper,
            f"{choice.ours} ({choice.reference})",
            "<br>".join(briefs.get(choice.id, ())) or choice.unmeasured,
        )
        for choice in choices(results)
    )
    return render_table(("", "The paper says", "We chose", "Done otherwise"), table, "llll")


def render_effects(results: Results | None) -> Rendered:
    """Draw every measured effect with its interval: one line a choice, alternative and network.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown.
    """
    domains = page_domains(results)
    table = []
    for way in measured(results):
        title = f"{way.choice.title}: *{way.label}*"
        for effect in _shortened(way):
            changes = (with_interval(effect.by_domain.get(domain), effect.metric) for domain in domains)
            table.append((title, effect.name, *changes))
            title = ""
    if not table:
        return note("No variation has been run yet.")
    heads = ("Choice: done otherwise", "Network", *(f"{domain_name(domain)} test" for domain in domains))
    return render_table(heads, table, "ll" + "l" * len(domains))


def render_crops(results: Results | None) -> Rendered:
    """Compare one sub-network trained on crops with one trained on whole images.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: updates and minutes of the training, mean PSNR, and the difference to whole images with its interval.
    """
    domains = page_domains(results)
    table = []
    for name, label in _CROPS.items():
        slices = rows(results, name)
        if slices is None:
            table.append((label, NOT_RUN, "", *[""] * (2 * len(domains))))
            continue
        whole = rows(results, _WHOLE) if name != _WHOLE else None
        gains = {} if whole is None else gain(slices, whole)
        table.append((label, *_effort(results, name), *means_and_gains(slices, gains, domains)))
    heads = ("One sub-network, trained on", "Updates", "Minutes", *gain_heads(domains, "minus whole images"))
    return render_table(heads, table, "lrr" + "rl" * len(domains))


def _effort(results: Results, variation: str) -> tuple[str, str]:
    """Write two cells: the updates of a variation's training, and the minutes it took."""
    for run in results.records.values():
        if (run.kind, run.key.variation) == ("train", variation):
            return str(read_spec(run.kind, run.parameters).updates), f"{run.seconds / 60:.0f}"
    return "", ""


def gain_heads(domains: Iterable[str], difference: str) -> list[str]:
    """Write the heads of two columns a test domain: mean PSNR, and a difference.

    Args:
        domains: The test domains.
        difference: What it is a difference to, in words.
    """
    return [head for domain in domains for head in (f"{domain_name(domain)} test, dB", difference)]


def means_and_gains(slices: pandas.DataFrame, gains: Mapping[str, Estimate], domains: Iterable[str]) -> list[str]:
    """Write the cells of :func:`gain_heads`.

    Args:
        slices: Rows of one method or network.
        gains: Test domain to its difference; empty for the one that others are compared with.
        domains: The test domains.
    """
    pairs = ((mean_psnr(slices, domain), gains.get(domain)) for domain in domains)
    return [cell for mean, change in pairs for cell in (spread(mean, math.nan, 2), with_interval(change))]


def with_interval(change: Estimate | None, metric: str = "psnr") -> str:
    """Write a difference and its interval, or nothing."""
    if change is None:
        return ""
    digits = METRICS[metric][1]
    ends = f"({signed(change.low, digits)} to {signed(change.high, digits)})".replace(" ", "\u00a0")
    return f"{_metric_prefix(metric)}{signed(change.value, digits)} {ends}"


def _metric_prefix(metric: str) -> str:
    """Name a metric before its number, unless it is PSNR, which goes without saying."""
    return "" if metric == "psnr" else f"{METRICS[metric][0]}\u00a0"


def _brief(way: Alternative, most: int) -> str:
    """Write an alternative and its effect on the first network, without intervals.

    The network is named unless it is the one that goes without saying, trained on ``most`` images and tuned with 20.
    """
    if not way.effects:
        return f"*{way.label}*: {NOT_RUN}"
    effect = way.effects[0]
    digits = METRICS[effect.metric][1]
    numbers = ", ".join(
        f"{domain_name(domain)}\u00a0{signed(change.value, digits)}" for domain, change in effect.by_domain.items()
    )
    is_usual = not effect.n_train or (effect.n_finetune == TUNED and effect.n_train == most)
    network = "" if is_usual else f" ({effect.name})"
    return f"*{way.label}*{network}: {_metric_prefix(effect.metric)}{numbers}"


def _shortened(way: Alternative) -> list[Effect]:
    """Keep, of a way of measuring that holds for every network, the first tuned one and the first as trained."""
    if not way.choice.columns:
        return way.effects
    first = way.effects[:1]
    raw = [effect for effect in way.effects if not effect.n_finetune]
    return [*first, *(effect for effect in raw[:1] if effect not in first)]
