"""The paper's claims as tables of a page: what is claimed, what became of it, and every number behind that."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from recon_lib.experiment.design import domain_name
from recon_lib.paper.claims import Claim, ClaimId
from recon_lib.paper.intervals import Estimate, Measure, Unit
from recon_lib.paper.markdown import render_table, table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.paper.verdicts import Verdict

_NO_BREAK = "\u00a0"  # a space at which no line breaks


def render_claims(claims: Iterable[Claim]) -> Rendered:
    """Draw the table "claim, verdict, evidence" in Markdown, whose links the book resolves.

    Args:
        claims: From :func:`recon_lib.paper.claims.check`.

    Returns:
        Markdown for the title page; numbers with their 95 % interval, Student's t over the means of the subjects.
        What else may explain a verdict stands below the table.
    """
    claims = list(claims)
    domains = [verdict.test_domain for verdict in claims[0].verdicts] if claims else []
    heads = ["", "The paper claims", *(f"{domain_name(domain)} test" for domain in domains), "Profile", "Evidence"]
    rows = (
        (
            f"[{claim.number}](#claim-{claim.number})",
            claim.sentence,
            *map(_short_cell, claim.verdicts),
            claim.profile or "",
            claim.evidence,
        )
        for claim in claims
    )
    drawn = table(heads, rows, "rl" + "l" * len(domains) + "ll")
    notes = [f"† Claim {claim.number}: {text}." for claim in claims if (text := _reservations(claim.verdicts))]
    return Rendered(markdown="\n\n".join([drawn, *notes]))


def _short_cell(verdict: Verdict) -> str:
    """Write a verdict with a dagger where something else may explain it."""
    cell = verdict_cell(replace(verdict, explanation=""))
    return cell.replace(verdict.outcome, f"{verdict.words}†", 1) if verdict.explanation else cell


def _reservations(verdicts: Iterable[Verdict]) -> str:
    """Say what else may explain a claim: once if all contrasts share it, else with the contrast behind each."""
    texts: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.explanation:
            texts.setdefault(verdict.explanation, []).append(domain_name(verdict.test_domain))
    return "; ".join(f"{text} ({' and '.join(domains)})" for text, domains in texts.items())


def render_claim(claim: Claim) -> Rendered:
    """Draw one claim: the sentence, the rule, every number with both intervals, and the paper's own beside it.

    Args:
        claim: One of :func:`recon_lib.paper.claims.check`.

    Returns:
        Markdown.
    """
    rows, explained = [], {}
    for ours, theirs in zip(claim.verdicts, claim.paper, strict=True):
        head = f"{domain_name(ours.test_domain)} **{ours.words}**"
        if ours.explanation:
            explained.setdefault((ours.words, ours.explanation), []).append(domain_name(ours.test_domain))
        if not ours.tested:
            rows.append((head, ours.note, "", "", "", "", value(theirs.judged)))
            continue
        printed = {estimate.quantity: estimate for estimate in (*theirs.others, theirs.judged) if estimate is not None}
        for estimate in (ours.judged, *ours.others):
            numbers = value(estimate), interval(estimate), _resampled(estimate), _by_subject(estimate)
            rows.append((head, estimate.label, *numbers, value(printed.get(estimate.quantity))))
            head = ""
    heads = (
        "Test",
        "What is measured",
        "Here",
        "95 % interval, t",
        "95 % interval, bootstrap",
        "Each subject",
        "The paper",
    )
    rule = f"{claim.statement.rule} Evidence: {claim.evidence}."
    rule += f" Profile **{claim.profile}**." if claim.profile else ""
    explanations = (f"**{' and '.join(tests)}: {words}**; {text}." for (words, text), tests in explained.items())
    parts = [f"*{claim.sentence}*", rule, *explanations]
    return Rendered(markdown="\n\n".join([*parts, table(heads, rows, "llrrrrr")]))


def render_verdicts(
    checked: Iterable[Claim], test_domain: str, claim_ids: Iterable[ClaimId | str] | None = None
) -> Rendered:
    """Tabulate what became of some claims in one contrast.

    Args:
        checked: From :func:`recon_lib.paper.claims.check`.
        test_domain: The contrast.
        claim_ids: Which claims, such as ``"networks-beat-cs"``; by default all of differences in PSNR that could be
            tested.

    Returns:
        Markdown: a row a claim; one that could not be tested says why.
    """
    chosen = None if claim_ids is None else set(claim_ids)
    rows = []
    for claim in checked:
        for verdict in claim.verdicts:
            in_decibels = verdict.judged is not None and verdict.judged.unit is Unit.DECIBEL
            is_shown = in_decibels if chosen is None else claim.id in chosen
            if verdict.test_domain != test_domain or not is_shown:
                continue
            numbers = ("", "", "")
            if verdict.judged is not None:
                numbers = value(verdict.judged), interval(verdict.judged), _resampled(verdict.judged)
            outcome = f"**{verdict.words}**" if verdict.tested else f"{verdict.outcome}: {verdict.note}"
            outcome += f"; {verdict.explanation}" if verdict.explanation else ""
            rows.append((claim.sentence, outcome, *numbers))
    if not rows:
        return Rendered(markdown="No claim could be tested yet.")
    heads = ("The paper claims", "Verdict", "Here", "95 % interval, t over subjects", "95 % interval, bootstrap")
    return render_table(heads, rows, "llrrr")


def render_gain_left(claim: Claim) -> Rendered:
    """Say how much of the gain of more training images tuning leaves, here and in the paper.

    Args:
        claim: The fifth of :func:`recon_lib.paper.claims.check`.

    Returns:
        Markdown: a sentence a contrast; empty where it was not measured.
    """
    sentences = []
    for ours, theirs in zip(claim.verdicts, claim.paper, strict=True):
        left = {estimate.quantity: estimate for estimate in ours.others if _is_left(estimate)}
        printed = {estimate.quantity: estimate for estimate in theirs.others if _is_left(estimate)}
        for quantity, estimate in left.items():
            paper = f", {value(printed[quantity])} in the paper" if quantity in printed else ""
            few, many, count = quantity.detail
            sentences.append(
                f"On {domain_name(ours.test_domain)}, tuning with {count} images leaves {value(estimate)} of the gain "
                f"from {few} to {many} photographs here{paper}."
            )
    return Rendered(markdown=" ".join(sentences))


def _is_left(estimate: Estimate) -> bool:
    """Tell whether a number is the gain of more training images after tuning."""
    quantity = estimate.quantity
    return quantity is not None and quantity.measure is Measure.GAIN and quantity.detail[-1] > 0


def verdict_cell(verdict: Verdict) -> str:
    """Write the outcome, its number, the number's interval, and what else may explain it.

    Args:
        verdict: On one contrast.
    """
    if verdict.judged is None:
        return verdict.words
    ends = interval(verdict.judged)
    cell = f"**{verdict.words}** {value(verdict.judged)}" + (f" ({ends})" if ends else "")
    return f"{cell}; {verdict.explanation}" if verdict.explanation else cell


def interval(estimate: Estimate) -> str:
    """Write the ends of an interval, or nothing for a number that has none.

    Args:
        estimate: A number.
    """
    if math.isnan(estimate.low):
        return ""
    if math.isinf(estimate.low):
        return "one subject: none"
    return _ends(estimate.low, estimate.high, estimate.digits)


def _resampled(estimate: Estimate) -> str:
    """Write the ends of the bootstrap's interval, or nothing."""
    return "" if estimate.resampled is None else _ends(*estimate.resampled, estimate.digits)


def _by_subject(estimate: Estimate) -> str:
    """Write the number of each subject, in their order."""
    return ", ".join(signed(value, estimate.digits) for _, value in estimate.by_subject)


def value(estimate: Estimate | None) -> str:
    """Write a number with its unit; a difference carries its sign.

    Args:
        estimate: A number; nothing is written for ``None`` or a missing one.
    """
    if estimate is None or math.isnan(estimate.value):
        return ""
    digits = estimate.digits
    number = signed(estimate.value, digits) if estimate.unit.is_difference else f"{estimate.value:.{digits}f}"
    return f"{number}{_NO_BREAK}{estimate.unit}".rstrip()


def _ends(low: float, high: float, digits: int) -> str:
    return f"{signed(low, digits)} to {signed(high, digits)}".replace(" ", _NO_BREAK)
