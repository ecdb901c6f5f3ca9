"""The paper's claims, each as a check with a tolerance, an interval and a verdict, here and in the paper's tables.

How a verdict is reached is in :mod:`recon_lib.paper.claim_checks`; how intervals are taken, in
:mod:`recon_lib.paper.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recon_lib.experiment.design import domain_name
from recon_lib.paper import claim_checks, evidence
from recon_lib.paper.claim_slices import Networks, paper_slices
from recon_lib.paper.domains import page_domains
from recon_lib.paper.intervals import Estimate, Outcome, Unit, Verdict
from recon_lib.paper.markdown import render_table, table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.store import Results

_NO_BREAK = "\u00a0"  # a space at which no line breaks


class ClaimId(StrEnum):
    """Which claim: what decides about one asks for this, never for its sentence."""

    OWN_DOMAIN_WINS = "own-domain-wins"
    TUNED_ARE_EQUAL = "tuned-are-equal"
    FEW_IMAGES_SUFFICE = "few-images-suffice"
    NETWORKS_BEAT_CS = "networks-beat-cs"
    MORE_IMAGES_HELP_LESS = "more-images-help-less"
    NETWORK_IS_FASTER = "network-is-faster"


@dataclass(frozen=True)
class Statement:
    """What the paper claims, and how it is tested.

    Attributes:
        id: Which claim it is.
        sentence: The claim.
        page: The page that shows the evidence, relative to the book's root.
        title: The page's name, for the link.
        rule: How the verdict is reached, tolerance included.
        tolerance: What the test compares its number with; by test domain where it differs.
        test: From the slices of one contrast and the tolerance to a verdict.
        printed: Whether the paper's tables hold the numbers that the test needs.
    """

    id: ClaimId
    sentence: str
    page: str
    title: str
    rule: str
    tolerance: float | Mapping[str, float]
    test: Callable[[Networks, float | Mapping[str, float]], Verdict]
    printed: bool = True


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and how it fares here.

    Attributes:
        number: Its place in the list, from 1.
        statement: What is claimed, and how it is tested.
        verdicts: One for each contrast.
        paper: The same check on the paper's own tables, one for each contrast; not testable where they hold no
            such numbers. Its interval means nothing: it resamples one mean.
        profile: The profile whose results were tested; ``None`` before anything has been run.
    """

    number: int
    statement: Statement
    verdicts: tuple[Verdict, ...]
    paper: tuple[Verdict, ...]
    profile: str | None = None

    @property
    def id(self) -> ClaimId:
        """Which claim it is."""
        return self.statement.id

    @property
    def sentence(self) -> str:
        """The claim in words."""
        return self.statement.sentence

    @property
    def evidence(self) -> str:
        """A link to the page that shows the evidence, Markdown."""
        return f"[{self.statement.title}]({self.statement.page})"


def check(results: Results | None) -> list[Claim]:
    """Check every claim.

    Args:
        results: Ours, or ``None`` before anything has been run. Times are read from the benchmarks beside them.

    Returns:
        The claims in order, each with a verdict for the paper's contrasts and for any others that were tested. One
        that the results hold no rows for is not testable here.

    Raises:
        ReconError: A table or a benchmark is damaged.
    """
    return _check_each([results] * len(_STATEMENTS))


def check_best() -> list[Claim]:
    """Check each claim on the best results that have its rows (:mod:`recon_lib.paper.evidence`).

    Returns:
        As :func:`check`.

    Raises:
        ReconError: As :func:`check`, or results fail their check.
    """
    selections = evidence.select_all(statement.id for statement in _STATEMENTS)
    return _check_each([selection.results for selection in selections.values()])


def _check_each(results: Sequence[Results | None]) -> list[Claim]:
    """Check each claim on its own results, every one in all contrasts that any of the results have."""
    domains = list(dict.fromkeys(domain for source in results for domain in page_domains(source)))
    distinct = {getattr(source, "profile", None): getattr(source, "slices", None) for source in results}
    ours = {profile: [Networks(slices, domain) for domain in domains] for profile, slices in distinct.items()}
    printed = paper_slices()
    theirs = [Networks(printed, domain) for domain in domains]
    claims = []
    for number, (statement, source) in enumerate(zip(_STATEMENTS, results, strict=True), start=1):
        profile = getattr(source, "profile", None)
        verdicts = tuple(statement.test(networks, statement.tolerance) for networks in ours[profile])
        paper = tuple(
            statement.test(networks, statement.tolerance)
            if statement.printed
            else networks.untested("the paper's tables hold no such number")
            for networks in theirs
        )
        claims.append(Claim(number, statement, verdicts, paper, profile))
    return claims


def render_claims(claims: Iterable[Claim]) -> Rendered:
    """Draw the table "claim, verdict, evidence" in Markdown, whose links the book resolves.

    Args:
        claims: From :func:`check`.

    Returns:
        Markdown for the title page; numbers with their 95 % interval over subjects.
    """
    claims = list(claims)
    domains = [verdict.test_domain for verdict in claims[0].verdicts] if claims else []
    heads = ["", "The paper claims", *(f"{domain_name(domain)} test" for domain in domains), "Profile", "Evidence"]
    rows = (
        (
            f"[{claim.number}](#claim-{claim.number})",
            claim.sentence,
            *(_verdict_cell(verdict) for verdict in claim.verdicts),
            claim.profile or "",
            claim.evidence,
        )
        for claim in claims
    )
    return render_table(heads, rows, "rl" + "l" * len(domains) + "ll")


def render_claim(claim: Claim) -> Rendered:
    """Draw one claim: the sentence, the rule, every number with its interval and the paper's own beside it.

    Args:
        claim: One of :func:`check`.

    Returns:
        Markdown.
    """
    rows = []
    for ours, theirs in zip(claim.verdicts, claim.paper, strict=True):
        head = f"{domain_name(ours.test_domain)} **{ours.outcome}**"
        if not ours.tested:
            rows.append((head, ours.note, "", _value(_main(theirs))))
            continue
        printed = {estimate.quantity: estimate for estimate in theirs.others}
        if theirs.tested:
            printed[theirs.quantity] = _main(theirs)
        for estimate in (_main(ours), *ours.others):
            number = "<br>".join(filter(None, (_value(estimate), _interval(estimate))))
            rows.append((head, estimate.label, number, _value(printed.get(estimate.quantity))))
            head = ""
    heads = ("Test", "What is measured", "Here, 95 % interval", "The paper")
    sentence = f"*{claim.sentence}*\n\n{claim.statement.rule} Evidence: {claim.evidence}."
    sentence += f" Profile **{claim.profile}**." if claim.profile else ""
    return Rendered(markdown=f"{sentence}\n\n{table(heads, rows, 'llrr')}")


_DISTANCES = {"t1": 0.55, "t2": 0.46}  # dB, the paper's own
_STATEMENTS = (
    Statement(
        ClaimId.OWN_DOMAIN_WINS,
        "Before fine-tuning, the network trained in the test's own contrast beats those trained elsewhere.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the lead of the test contrast's own network over the better of the other two is above zero "
        "throughout its interval.",
        0.0,
        claim_checks.own_domain_wins,
    ),
    Statement(
        ClaimId.TUNED_ARE_EQUAL,
        "After fine-tuning with 20 images of the test contrast, all three are nearly equal.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the spread of the three stays within 0.5 dB throughout its interval (the paper's own is 0.3 dB).",
        0.5,
        claim_checks.tuned_are_equal,
    ),
    Statement(
        ClaimId.FEW_IMAGES_SUFFICE,
        "Photographs and 20 images do nearly as well as a network of the test contrast tuned with 50.",
        "tables/table1.md",
        "Tables 1 and 2",
        f"Holds if the distance stays within the paper's ({_DISTANCES['t1']} dB in T1, {_DISTANCES['t2']} dB in T2) "
        "throughout its interval.",
        _DISTANCES,
        claim_checks.few_images_suffice,
    ),
    Statement(
        ClaimId.NETWORKS_BEAT_CS,
        "Fine-tuned networks beat compressed sensing.",
        "tables/table2.md",
        "Tables 1 and 2",
        "Holds if the worst tuned network leads the best of this library's variants of CS throughout its interval, in "
        "PSNR and in SSIM.",
        0.0,
        claim_checks.networks_beat_cs,
    ),
    Statement(
        ClaimId.MORE_IMAGES_HELP_LESS,
        "More training images help, and help less the more images the network is tuned with.",
        "tables/table3.md",
        "Tables 3 and 4",
        "Holds if the gain in PSNR from the fewest to the most photographs is above zero for the network as trained, "
        "and larger there than for the network tuned with the most images, both throughout their intervals.",
        0.0,
        claim_checks.more_images_help_less,
    ),
    Statement(
        ClaimId.NETWORK_IS_FASTER,
        "A network reconstructs an image in 23 ms on one GPU, compressed sensing takes far longer.",
        "run_time.md",
        "Run time",
        "The 23 ms are that GPU's and not tested. The ratio is: it holds if CS takes at least ten times as long as "
        "the network for a slice, the network alone and CS in batches, both on the machine of the benchmark.",
        10.0,
        claim_checks.network_is_faster,
        printed=False,
    ),
)


def _main(verdict: Verdict) -> Estimate | None:
    """Return the number that a verdict judged; ``None`` if it was not testable."""
    if not verdict.tested:
        return None
    digits = 1 if verdict.unit is Unit.TIMES else 2
    return Estimate(
        verdict.note, verdict.estimate, verdict.low, verdict.high, verdict.unit, digits, quantity=verdict.quantity
    )


def _verdict_cell(verdict: Verdict) -> str:
    """Write the outcome, its number and the number's interval."""
    estimate = _main(verdict)
    if estimate is None:
        return Outcome.UNTESTED
    ends = _interval(estimate)
    return f"**{verdict.outcome}** {_value(estimate)}" + (f" ({ends})" if ends else "")


def _value(estimate: Estimate | None) -> str:
    """Write a number with its unit; a difference carries its sign."""
    if estimate is None or math.isnan(estimate.value):
        return ""
    digits = estimate.digits
    number = signed(estimate.value, digits) if estimate.unit.is_difference else f"{estimate.value:.{digits}f}"
    return f"{number}{_NO_BREAK}{estimate.unit}".rstrip()


def _interval(estimate: Estimate) -> str:
    """Write the ends of an interval, or nothing for a number that has none."""
    if math.isnan(estimate.low):
        return ""
    low, high = (signed(end, estimate.digits) for end in (estimate.low, estimate.high))
    return f"{low} to {high}".replace(" ", _NO_BREAK)
