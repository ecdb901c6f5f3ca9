"""Every verdict by profile, by the scale of the metric and by the metric: does it depend on how one measures?

The paper does not say how its metrics scale an image. A verdict that changes with that choice is a verdict on the
choice too, so all of them stand beside each other.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recon_lib.experiment.design import DOMAINS, domain_name
from recon_lib.paper import claim_tables
from recon_lib.paper.averages import METRICS, WAYS
from recon_lib.paper.claim_slices import Networks
from recon_lib.paper.claims import STATEMENTS, Statement, add_explanation, explain
from recon_lib.paper.markdown import note, table
from recon_lib.paper.markup import Rendered, table_box
from recon_lib.paper.verdicts import Outcome, Verdict
from recon_lib.results import store
from recon_lib.results.store import Results

_MARKS = {Outcome.HOLDS: "●", Outcome.NOISE: "◐", Outcome.DIFFERS: "○", Outcome.UNTESTED: "–"}  # noqa: RUF001
_GROUNDS = {
    Outcome.HOLDS: "rgba(0, 114, 178, 0.35)",
    Outcome.NOISE: "rgba(128, 128, 128, 0.25)",
    Outcome.DIFFERS: "rgba(213, 94, 0, 0.40)",
    Outcome.UNTESTED: "transparent",
}
_COLUMNS = tuple((way, metric) for way in WAYS for metric in METRICS)
_HEADS = tuple(f"{WAYS[way]}, {metric.upper()}" for way, metric in _COLUMNS)
_NOTHING = "Nothing has been run yet, so no claim could be tested."


@dataclass(frozen=True)
class Entry:
    """One verdict of the matrix.

    Attributes:
        number: The claim's place in the list, from 1.
        statement: The claim.
        profile: Whose results were tested.
        way: How the metric scales an image, a key of :data:`recon_lib.paper.averages.WAYS`.
        metric: ``psnr`` or ``ssim``.
        verdict: On one contrast.
    """

    number: int
    statement: Statement
    profile: str
    way: str
    metric: str
    verdict: Verdict


def open_sources() -> list[Results]:
    """Open the results that the matrix compares: of every profile but ``smoke``, which is none of the paper's.

    Raises:
        ReconError: Results fail their check.
    """
    return [store.open_results(name) for name in store.profiles() if name != "smoke"]


def judge_all(sources: Iterable[Results] | None = None) -> list[Entry]:
    """Judge every claim about a metric in every way of measuring, on the paper's contrasts.

    Args:
        sources: Results, one a profile, the best first; by default those of :func:`open_sources`.

    Returns:
        An entry a profile, claim, way, metric and contrast. A claim that asks for several metrics at once is judged in
        each alone here.
    """
    entries = []
    for source in open_sources() if sources is None else sources:
        for networks in (Networks(source.slices, domain) for domain in DOMAINS):
            for number, statement in enumerate(STATEMENTS, start=1):
                if statement.is_about_metric:
                    explanation = explain(statement, source, networks.test_domain)
                    for way, metric in _COLUMNS:
                        verdict = add_explanation(statement.judge_by(networks.measured_by(metric, way)), explanation)
                        entries.append(Entry(number, statement, source.profile, way, metric, verdict))
    return entries


def render_in_one_look(entries: Sequence[Entry]) -> Rendered:
    """Draw the matrix for the title page: a mark a verdict.

    Args:
        entries: Of :func:`judge_all`.

    Returns:
        HTML, where a mark names its number under the pointer, and Markdown; a note if there are no results.
    """
    if not entries:
        return note(_NOTHING)
    body, text = [], []
    for profile in dict.fromkeys(entry.profile for entry in entries):
        body.append(_group(f"profile {profile}"))
        for number, statement in enumerate(STATEMENTS, start=1):
            if statement.is_about_metric:
                cells = [
                    [entry.verdict for entry in entries if _place(entry) == (number, profile, way, metric)]
                    for way, metric in _COLUMNS
                ]
                name = f"{number}. {statement.short}"
                body.append(_row(name, ["".join(map(_mark, cell)) for cell in cells]))
                text.append([profile, name, *map(_words, cells)])
    body.append(_group("time, on the machine of the benchmark"))
    for number, statement in enumerate(STATEMENTS, start=1):
        if not statement.is_about_metric:
            verdicts = [statement.judge_by(Networks(None, domain)) for domain in DOMAINS]
            name = f"{number}. {statement.short}"
            body.append(_row(name, ["".join(map(_mark, verdicts)), *[""] * (len(_COLUMNS) - 1)]))
            text.append(["time", name, _words(verdicts), *[""] * (len(_COLUMNS) - 1)])
    marks = ", ".join(f"{mark} {outcome}" for outcome, mark in _MARKS.items())
    caption = (
        f"In each cell {' and '.join(map(domain_name, DOMAINS))}: {marks}. † holds as printed, with a reservation that "
        "the page of claims states."
    )
    plain = table(["", "", *_HEADS], text, "l" * (len(_HEADS) + 2))
    return Rendered(table_box(caption, _head("center"), "".join(body), "recon-grid"), f"{plain}\n\n{caption}")


def render_whole(entries: Sequence[Entry], profile: str) -> Rendered:
    """Draw one profile's part of the matrix with every number and its interval.

    Args:
        entries: Of :func:`judge_all`.
        profile: Its name.

    Returns:
        HTML and Markdown: a row a claim and contrast, a column a way and metric; a note without results of the profile.
    """
    if profile not in {entry.profile for entry in entries}:
        return note(_NOTHING)
    body, text = [], []
    for number, statement in enumerate(STATEMENTS, start=1):
        if not statement.is_about_metric:
            continue
        name = f"{number}. {statement.short}"
        body.append(_group(name))
        for domain in DOMAINS:
            cells = [
                next(
                    entry.verdict
                    for entry in entries
                    if _place(entry) == (number, profile, way, metric) and entry.verdict.test_domain == domain
                )
                for way, metric in _COLUMNS
            ]
            drawn = "".join(map(_full_cell, cells))
            body.append(f'<tr><th scope="row">{domain_name(domain)}</th>{drawn}</tr>')
            text.append([name, domain_name(domain), *map(_full_text, cells)])
    caption = (
        f"Profile {profile}: the number of each claim, its 95 % interval (Student's t over the means of the test "
        "subjects) and what became of the claim. Blue holds, grey is within noise, orange differs."
    )
    plain = table(["", "Test", *_HEADS], text, "ll" + "r" * len(_HEADS))
    return Rendered(table_box(caption, _head("right"), "".join(body), "recon-grid"), plain)


def render_scale_decides(entries: Sequence[Entry]) -> Rendered:
    """Say in a sentence how many verdicts hold by each scale of the metric.

    Args:
        entries: Of :func:`judge_all`; the sentence is about the first, the best profile.

    Returns:
        Markdown.
    """
    profile = entries[0].profile if entries else ""
    entries = [e for e in entries if (e.profile, e.metric) == (profile, "psnr") and e.verdict.tested]
    if not entries:
        return note(_NOTHING)
    held = {way: sum(entry.verdict.outcome is Outcome.HOLDS for entry in entries if entry.way == way) for way in WAYS}
    count = sum(entry.way == "" for entry in entries)
    return Rendered(
        markdown="**The scale of the metric decides.** The paper does not say how its PSNR scales an image. Of "
        f"{count} verdicts in PSNR (profile **{profile}**, both contrasts) {held['']} hold on the scale of "
        f"the reference, {held['_own_max']} where each image is scaled by its own maximum, as the group's later papers "
        f"do, and {held['_brain']} where only the pixels of the head count."
    )


def _place(entry: Entry) -> tuple[int, str, str, str]:
    return entry.number, entry.profile, entry.way, entry.metric


def _head(alignment: str) -> str:
    """Draw two rows of heads, scale and metric; a metric is aligned (``center`` or ``right``) as its cells are."""
    first = "".join(f'<th colspan="{len(METRICS)}" scope="colgroup">{words}</th>' for words in WAYS.values())
    second = "".join(f'<th scope="col" style="text-align: {alignment}">{metric.upper()}</th>' for _, metric in _COLUMNS)
    return f'<tr><th rowspan="2"></th>{first}</tr><tr>{second}</tr>'


def _group(title: str) -> str:
    span = len(_COLUMNS) + 1
    return f'<tr class="recon-group"><th colspan="{span}" scope="rowgroup">{html.escape(title)}</th></tr>'


def _row(name: str, cells: Sequence[str]) -> str:
    drawn = "".join(f'<td style="text-align: center">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row">{html.escape(name)}</th>{drawn}</tr>'


def _mark(verdict: Verdict) -> str:
    """Draw a verdict as a mark on its colour; what it stands for is read aloud and shown under the pointer."""
    words = html.escape(f"{domain_name(verdict.test_domain)}: {_plain_number(verdict)}", quote=True)
    style = f"background: {_GROUNDS[verdict.outcome]}; padding: 0 0.25em"
    mark = _MARKS[verdict.outcome] + _dagger(verdict)
    return f'<span role="img" aria-label="{words}" title="{words}" style="{style}">{mark}</span>'


def _dagger(verdict: Verdict) -> str:
    return "†" if verdict.words != verdict.outcome else ""


def _words(verdicts: Sequence[Verdict]) -> str:
    return " / ".join(f"{verdict.outcome}{_dagger(verdict)}" for verdict in verdicts)


def _plain_number(verdict: Verdict) -> str:
    return claim_tables.verdict_cell(verdict).replace("**", "")


def _full_cell(verdict: Verdict) -> str:
    lines = _full_text(verdict).split("<br>")
    number = "".join(f"<small>{html.escape(line)}</small>" for line in lines[1:])
    return f'<td style="background: {_GROUNDS[verdict.outcome]}">{html.escape(lines[0])}{number}</td>'


def _full_text(verdict: Verdict) -> str:
    """Write number, interval and outcome, each in a line."""
    outcome = f"{verdict.outcome}{_dagger(verdict)}"
    if verdict.judged is None:
        return outcome
    return "<br>".join((claim_tables.value(verdict.judged), claim_tables.interval(verdict.judged), outcome))
