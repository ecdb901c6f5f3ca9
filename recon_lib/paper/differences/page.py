"""The page of differences, drawn from results: our choices with their effects, and what crops change.

A table whose runs are missing says so; a cell that was not run is empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from recon_lib.experiment.design import DOMAINS, NAMES, TUNED
from recon_lib.paper.averages import METRICS
from recon_lib.paper.differences.effects import Effect, effects, gain, mean_psnr, of_columns, of_methods, rows
from recon_lib.paper.differences.open_choices import Choice, choices
from recon_lib.paper.intervals import Estimate
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


def measured(results: Results | None) -> list[tuple[Choice, str, list[Effect]]]:
    """Measure every choice that something was run for, or is planned for.

    Args:
        results: Ours, or ``None``.

    Returns:
        The choice, what was done otherwise, and the effects of that: done otherwise less as we chose. Empty
        if that has not been run.
    """
    found = []
    for choice in choices(results):
        variations = (choice.variations or {}).items()
        found += [(choice, text, effects(results, name, metric=choice.metric)) for name, text in variations]
        found += [(choice, text, of_columns(results, name)) for name, text in (choice.columns or {}).items()]
        methods = choice.methods or {}
        found += [(choice, text, of_methods(results, name, "cs:literal")) for name, text in methods.items()]
    return found


def render_choices(results: Results | None) -> Rendered:
    """Draw the table of choices, with each measured effect in short.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown. An effect is the mean change in PSNR (in SSIM where that is named) if the thing is done otherwise,
        for the network trained on natural images and tuned with 20 (or what comes nearest).
    """
    found = measured(results)
    most = max((one.n_train for _, _, some in found for one in some), default=0)
    lines = ["| | The paper says | We chose | Done otherwise |", "|:--|:--|:--|:--|"]
    for choice in choices(results):
        said = [_brief(text, some, most) for one, text, some in found if one.about == choice.about]
        ours = f"{choice.ours} ({choice.where})"
        cells = (choice.about, choice.paper, ours, "<br>".join(said) or choice.unmeasured)
        lines.append("| " + " | ".join(cells) + " |")
    return Rendered(markdown="\n".join(lines))


def render_effects(results: Results | None) -> Rendered:
    """Draw every measured effect with its interval: one line a choice, alternative and network.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown.
    """
    lines = ["| Choice: done otherwise | Network | T1 test | T2 test |", "|:--|:--|:--|:--|"]
    for choice, text, some in measured(results):
        for place, one in enumerate(_shortened(choice, some)):
            about = "" if place else f"{choice.about}: *{text}*"
            by_domain = (with_interval(one.by_domain.get(domain), one.metric) for domain in DOMAINS)
            cells = [about, one.name, *by_domain]
            lines.append("| " + " | ".join(cells) + " |")
    return Rendered(markdown="\n".join(lines)) if len(lines) > 2 else note("No variation has been run yet.")


def render_crops(results: Results | None) -> Rendered:
    """Compare one sub-network trained on crops with one trained on whole images.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: updates and minutes of the training, mean PSNR, and the difference to whole images with its interval.
    """
    lines = [
        f"| One sub-network, trained on | Updates | Minutes | {heads()} |",
        "|:--|--:|--:|" + "--:|:--|" * len(DOMAINS),
    ]
    for name, text in _CROPS.items():
        slices = rows(results, name)
        if slices is None:
            lines.append(f"| {text} | {NOT_RUN} | | | | | |")
            continue
        whole = rows(results, _WHOLE) if name != _WHOLE else None
        gains = {} if whole is None else gain(slices, whole)
        lines.append(f"| {text} | {_effort(results, name)} | {means_and_gain(slices, gains)} |")
    return Rendered(markdown="\n".join(lines))


def _effort(results: Results, variation: str) -> str:
    """Write two cells: the updates of a variation's training, and the minutes it took."""
    for run in results.records.values():
        if (run["kind"], run["choice"].get("variation")) == ("train", variation):
            return f"{run['parameters']['updates']} | {run['seconds'] / 60:.0f}"
    return " | "


def heads(of: str = "minus whole images") -> str:
    """Write the heads of two columns a test domain: mean PSNR, and a difference."""
    return " | ".join(f"{NAMES[domain]} test, dB | {of}" for domain in DOMAINS)


def means_and_gain(slices: pandas.DataFrame, gains: Mapping[str, Estimate]) -> str:
    """Write the cells of :func:`heads`.

    Args:
        slices: Rows of one method or network.
        gains: Test domain to its difference; empty for the one that others are compared with.
    """
    pairs = ((mean_psnr(slices, domain), gains.get(domain)) for domain in DOMAINS)
    return " | ".join(f"{spread(mean, math.nan, 2)} | {with_interval(one)}" for mean, one in pairs)


def with_interval(one: Estimate | None, metric: str = "psnr") -> str:
    """Write a difference and its interval, or nothing."""
    if one is None:
        return ""
    digits = METRICS[metric][1]
    ends = f"({signed(one.low, digits)} to {signed(one.high, digits)})".replace(" ", "\u00a0")
    return f"{_named(metric)}{signed(one.value, digits)} {ends}"


def _named(metric: str) -> str:
    """Name a metric before its number, unless it is the one that goes without saying."""
    return "" if metric == "psnr" else f"{METRICS[metric][0]}\u00a0"


def note(text: str) -> Rendered:
    """Say that something is missing."""
    return Rendered(markdown=f"```{{note}}\n{text}\n```")


def _brief(text: str, some: list[Effect], most: int) -> str:
    """Write an alternative and its effect on the first network, without intervals.

    The network is named unless it is the one that goes without saying, trained on ``most`` images and tuned with 20.
    """
    if not some:
        return f"*{text}*: {NOT_RUN}"
    (first, *_), digits = some, METRICS[some[0].metric][1]
    numbers = (f"{NAMES[domain]}\u00a0{signed(one.value, digits)}" for domain, one in first.by_domain.items())
    on = "" if not first.n_train or (first.n_finetune == TUNED and first.n_train == most) else f" ({first.name})"
    return f"*{text}*{on}: {_named(first.metric)}{', '.join(numbers)}"


def _shortened(choice: Choice, some: list[Effect]) -> list[Effect]:
    """Keep, of a way of measuring that holds for every network, the first tuned one and the first as trained."""
    if not choice.columns:
        return some
    raw = [one for one in some if not one.n_finetune]
    return [*some[:1], *(one for one in raw[:1] if one not in some[:1])]
