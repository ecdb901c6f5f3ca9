"""The paper's claims, each as a check with a tolerance, an interval and a verdict, here and in the paper's tables.

How a verdict is reached is in :mod:`recon_lib.paper.claim_checks`; how intervals are taken, in
:mod:`recon_lib.paper.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from recon_lib.experiment.design import DOMAINS, NAMES
from recon_lib.paper import claim_checks
from recon_lib.paper.claim_checks import Networks, paper_slices
from recon_lib.paper.intervals import UNTESTED, Estimate, Verdict
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.store import Results

_JOINED = "\u00a0"  # a space at which no line breaks


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and how it fares here.

    Attributes:
        number: Its place in the list.
        sentence: What the paper claims.
        page: The page that shows the evidence, relative to the book's root.
        title: The page's name, for the link.
        rule: How the verdict is reached, tolerance included.
        verdicts: One for each contrast.
        paper: The same check on the paper's own tables, one for each contrast; not testable where they hold no
            such numbers. Its interval means nothing: it resamples one mean.
    """

    number: int
    sentence: str
    page: str
    title: str
    rule: str
    verdicts: tuple[Verdict, ...]
    paper: tuple[Verdict, ...]


def check(results: Results | None) -> list[Claim]:
    """Check every claim.

    Args:
        results: Ours, or ``None`` before anything has been run. Times are read from the benchmarks beside them.

    Returns:
        The claims in order. One that the results hold no rows for is not testable here.

    Raises:
        ReconError: A table or a benchmark is damaged.
    """
    ours = [Networks(None if results is None else results.slices, domain) for domain in DOMAINS]
    printed = paper_slices()
    theirs = [Networks(printed, domain) for domain in DOMAINS]
    claims = []
    for number, (*about, tolerance, test) in enumerate(_CLAIMS, start=1):
        verdicts = tuple(test(networks, tolerance) for networks in ours)
        timed = test is claim_checks.network_is_faster
        paper = tuple(
            networks.untested("the paper prints no such time") if timed else test(networks, tolerance)
            for networks in theirs
        )
        claims.append(Claim(number, *about, verdicts, paper))
    return claims


def render_claims(claims: Iterable[Claim]) -> Rendered:
    """Draw the table "claim, verdict, evidence" in Markdown, whose links the book resolves.

    Args:
        claims: From :func:`check`.

    Returns:
        Markdown for the title page; numbers with their 95 % interval over subjects.
    """
    lines = ["| | The paper claims | " + " | ".join(f"{NAMES[d]} test" for d in DOMAINS) + " | Evidence |"]
    lines.append("|--:|:--|:--|:--|:--|")
    for claim in claims:
        cells = " | ".join(_cell(verdict) for verdict in claim.verdicts)
        number = f"[{claim.number}](#claim-{claim.number})"
        lines.append(f"| {number} | {claim.sentence} | {cells} | [{claim.title}]({claim.page}) |")
    return Rendered(markdown="\n".join(lines))


def render_claim(claim: Claim) -> Rendered:
    """Draw one claim: the sentence, the rule, every number with its interval and the paper's own beside it.

    Args:
        claim: One of :func:`check`.

    Returns:
        Markdown.
    """
    lines = [f"*{claim.sentence}*", "", f"{claim.rule} Evidence: [{claim.title}]({claim.page}).", ""]
    lines.append("| Test | What is measured | Here, 95 % interval | The paper |")
    lines.append("|:--|:--|--:|--:|")
    for ours, theirs in zip(claim.verdicts, claim.paper, strict=True):
        verdict = f"{NAMES[ours.test_domain]} **{ours.verdict}**"
        if ours.verdict == UNTESTED:
            lines.append(f"| {verdict} | {ours.note} | | {_value(_main(theirs))} |")
            continue
        printed = {one.what: one for one in theirs.others}
        same = _main(theirs) if theirs.note == ours.note else None  # the paper's, of the same sizes and counts
        cells = [(verdict, _main(ours), same), *(("", one, printed.get(one.what)) for one in ours.others)]
        for said, one, other in cells:
            here = "<br>".join(filter(None, (_value(one), _interval(one))))
            lines.append(f"| {said} | {one.what} | {here} | {_value(other)} |")
    return Rendered(markdown="\n".join(lines))


def render_rules(claims: Iterable[Claim]) -> Rendered:
    """List how each verdict is reached and which number it judged.

    Args:
        claims: From :func:`check`.

    Returns:
        Markdown.
    """
    lines = []
    for claim in claims:
        notes = {v.note: [NAMES[w.test_domain] for w in claim.verdicts if w.note == v.note] for v in claim.verdicts}
        said = "; ".join(f"{' and '.join(names)}: {note}" for note, names in notes.items())
        lines.append(f"{claim.number}. {claim.rule} *{said}.*")
    return Rendered(markdown="\n".join(lines))


_DISTANCES = {"t1": 0.55, "t2": 0.46}  # dB, the paper's own
_CLAIMS = (
    (
        "Before fine-tuning, the network trained in the test's own contrast beats those trained elsewhere.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the lead of the test contrast's own network over the better of the other two is above zero "
        "throughout its interval.",
        0.0,
        claim_checks.own_domain_wins,
    ),
    (
        "After fine-tuning with 20 images of the test contrast, all three are nearly equal.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the spread of the three stays within 0.5 dB throughout its interval (the paper's own is 0.3 dB).",
        0.5,
        claim_checks.tuned_are_equal,
    ),
    (
        "Photographs and 20 images do nearly as well as a network of the test contrast tuned with 50.",
        "tables/table1.md",
        "Tables 1 and 2",
        f"Holds if the distance stays within the paper's ({_DISTANCES['t1']} dB in T1, {_DISTANCES['t2']} dB in T2) "
        "throughout its interval.",
        _DISTANCES,
        claim_checks.few_images_suffice,
    ),
    (
        "Fine-tuned networks beat compressed sensing.",
        "tables/table2.md",
        "Tables 1 and 2",
        "Holds if the worst tuned network leads the best of this library's variants of CS throughout its interval, in "
        "PSNR and in SSIM.",
        0.0,
        claim_checks.networks_beat_cs,
    ),
    (
        "More training images help, and help less the more images the network is tuned with.",
        "tables/table3.md",
        "Tables 3 and 4",
        "Holds if the gain in PSNR from the fewest to the most photographs is above zero for the network as trained, "
        "and larger there than for the network tuned with the most images, both throughout their intervals.",
        0.0,
        claim_checks.more_images_help_less,
    ),
    (
        "A network reconstructs an image in 23 ms on one GPU, compressed sensing takes far longer.",
        "run_time.md",
        "Run time",
        "The 23 ms are that GPU's and not tested. The ratio is: it holds if CS takes at least ten times as long as "
        "the network for a slice, the network alone and CS in batches, both on the machine of the benchmark.",
        10.0,
        claim_checks.network_is_faster,
    ),
)


def _main(verdict: Verdict) -> Estimate | None:
    """Return the number that a verdict judged."""
    if verdict.verdict == UNTESTED:
        return None
    digits = 1 if verdict.unit == "times" else 2
    return Estimate(verdict.note, verdict.estimate, verdict.low, verdict.high, verdict.unit, digits)


def _cell(verdict: Verdict) -> str:
    one = _main(verdict)
    if one is None:
        return UNTESTED
    ends = _interval(one)
    return f"**{verdict.verdict}** {_value(one)}" + (f" ({ends})" if ends else "")


def _value(one: Estimate | None) -> str:
    """Write a number with its unit; a difference carries its sign."""
    if one is None or math.isnan(one.value):
        return ""
    is_difference = one.unit in ("dB", "")
    number = signed(one.value, one.digits) if is_difference else f"{one.value:.{one.digits}f}"
    return f"{number}{_JOINED}{one.unit}".rstrip()


def _interval(one: Estimate) -> str:
    if math.isnan(one.low):
        return ""
    return f"{signed(one.low, one.digits)} to {signed(one.high, one.digits)}".replace(" ", _JOINED)
