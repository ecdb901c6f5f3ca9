"""The paper's claims, each as a check with a tolerance, an interval and a verdict, here and in the paper's tables.

How a verdict is reached is in :mod:`recon_lib.paper.claim_checks`; how intervals are taken, in
:mod:`recon_lib.paper.intervals`; how claims are shown, in :mod:`recon_lib.paper.claim_tables`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from recon_lib.paper import claim_checks, evidence
from recon_lib.paper.claim_slices import Networks, paper_slices
from recon_lib.paper.cost import run_time
from recon_lib.paper.differences import controls
from recon_lib.paper.domains import page_domains
from recon_lib.paper.reference import PAPER_MACHINE, PAPER_MS
from recon_lib.paper.verdicts import Verdict, combine
from recon_lib.results.store import Results


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
        short: The claim in a few words, for a narrow table.
        page: The page that shows the evidence, relative to the book's root.
        title: The page's name, for the link.
        rule: How the verdict is reached, tolerance included.
        tolerances: What the test compares its number with, for each metric; by test domain where it differs. Empty for
            a claim that is not about a metric.
        test: From the slices of one contrast and the tolerance to a verdict.
        metrics: In which metrics the claim must hold; the others are shown for comparison alone.
        printed: Whether the paper's tables hold the numbers that the test needs.
        explain: From results and contrast to what else may explain that the claim holds.
    """

    id: ClaimId
    sentence: str
    short: str
    page: str
    title: str
    rule: str
    tolerances: Mapping[str, float | Mapping[str, float]]
    test: Callable[[Networks, float | Mapping[str, float]], Verdict]
    metrics: tuple[str, ...] = ("psnr",)
    printed: bool = True
    explain: Callable[[Results, str], str] | None = None

    @property
    def is_about_metric(self) -> bool:
        """Whether it is about PSNR or SSIM, and may depend on how these are measured."""
        return "ssim" in self.tolerances

    def judge(self, networks: Networks) -> Verdict:
        """Test the claim on one contrast, in all its metrics.

        Args:
            networks: The slices; their own metric is not asked.

        Returns:
            The verdict in the first metric, which holds only if the others do; the numbers of these are among the
            ``others``.
        """
        first, *rest = (self.judge_by(networks.measured_by(metric)) for metric in self.metrics)
        if not first.tested:
            return first
        numbers = tuple(
            replace(verdict.judged, label=f"the same in {metric.upper()}")
            for metric, verdict in zip(self.metrics[1:], rest, strict=True)
            if verdict.judged is not None
        )
        outcome = combine(first.outcome, *(verdict.outcome for verdict in rest)) if rest else first.outcome
        return replace(first, outcome=outcome, others=(*numbers, *first.others))

    def judge_by(self, networks: Networks) -> Verdict:
        """Test the claim on one contrast in the one metric that the slices are measured by."""
        if networks.printed and not self.printed:
            return networks.untested("the paper's tables hold no such number")
        return self.test(networks, self.tolerances.get(networks.metric, 0.0))


@dataclass(frozen=True)
class Claim:
    """A claim of the paper, and how it fares here.

    Attributes:
        number: Its place in the list, from 1.
        statement: What is claimed, and how it is tested.
        verdicts: One for each contrast.
        paper: The same check on the paper's own tables, one for each contrast; not testable where they hold no
            such numbers. Its interval is the number itself: printed means allow none.
        profile: The profile whose results were tested; ``None`` before anything has been run, and for a claim that is
            about no metric.
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
    return _check_each([results] * len(STATEMENTS))


def check_best() -> list[Claim]:
    """Check each claim on the best results that have its rows (:mod:`recon_lib.paper.evidence`).

    Returns:
        As :func:`check`.

    Raises:
        ReconError: As :func:`check`, or results fail their check.
    """
    selections = evidence.select_all(statement.id for statement in STATEMENTS)
    return _check_each([selection.results for selection in selections.values()])


def _check_each(results: Sequence[Results | None]) -> list[Claim]:
    """Check each claim on its own results, every one in all contrasts that any of the results have."""
    domains = list(dict.fromkeys(domain for source in results for domain in page_domains(source)))
    distinct = {getattr(source, "profile", None): getattr(source, "slices", None) for source in results}
    ours = {profile: [Networks(slices, domain) for domain in domains] for profile, slices in distinct.items()}
    printed = paper_slices()
    theirs = [Networks(printed, domain, printed=True) for domain in domains]
    claims = []
    for number, (statement, source) in enumerate(zip(STATEMENTS, results, strict=True), start=1):
        profile = getattr(source, "profile", None)
        verdicts = tuple(_with_reason(statement, statement.judge(networks), source) for networks in ours[profile])
        paper = tuple(statement.judge(networks) for networks in theirs)
        claims.append(Claim(number, statement, verdicts, paper, profile if statement.is_about_metric else None))
    return claims


def _with_reason(statement: Statement, verdict: Verdict, results: Results | None) -> Verdict:
    """Explain a verdict, if the claim was tested at all: only then are its controls read."""
    return add_explanation(verdict, explain(statement, results, verdict.test_domain)) if verdict.tested else verdict


def explain(statement: Statement, results: Results | None, test_domain: str) -> str:
    """Say what else than a claim's cause may explain that it holds.

    Args:
        statement: The claim.
        results: What it is tested on.
        test_domain: The contrast.

    Returns:
        Half a sentence; empty where nothing else is known.
    """
    return "" if statement.explain is None or results is None else statement.explain(results, test_domain)


def add_explanation(verdict: Verdict, explanation: str) -> Verdict:
    """Put an explanation beside a verdict.

    Args:
        verdict: On one contrast.
        explanation: Of :func:`explain`; an empty one changes nothing, nor does one of a claim that was not tested.
    """
    return replace(verdict, explanation=explanation) if verdict.tested and explanation else verdict


_DISTANCES = {"t1": 0.55, "t2": 0.46}  # dB, the paper's own
_SSIM_DISTANCE = 0.003  # the paper's own, in both contrasts
_ABOVE_ZERO = {"psnr": 0.0, "ssim": 0.0}
STATEMENTS = (
    Statement(
        ClaimId.OWN_DOMAIN_WINS,
        "Before fine-tuning, the network trained in the test's own contrast beats those trained elsewhere.",
        "its own contrast leads, as trained",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the lead of the test contrast's own network over the better of the other two is above zero "
        "throughout its interval.",
        _ABOVE_ZERO,
        claim_checks.own_domain_wins,
    ),
    Statement(
        ClaimId.TUNED_ARE_EQUAL,
        "After fine-tuning with 20 images of the test contrast, all three are nearly equal.",
        "tuned with 20 images: nearly equal",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the spread of the three stays within 0.5 dB throughout its interval (the paper's own is 0.3 dB). In "
        "SSIM the limit is as many times the paper's own spread: 0.003.",
        {"psnr": 0.5, "ssim": 0.003},
        claim_checks.tuned_are_equal,
    ),
    Statement(
        ClaimId.FEW_IMAGES_SUFFICE,
        "Photographs and 20 images do nearly as well as a network of the test contrast tuned with 50.",
        "photographs and 20 images suffice",
        "tables/table1.md",
        "Tables 1 and 2",
        f"Holds if the distance stays within the paper's ({_DISTANCES['t1']} dB in T1, {_DISTANCES['t2']} dB in T2; "
        f"{_SSIM_DISTANCE} in SSIM) throughout its interval.",
        {"psnr": _DISTANCES, "ssim": dict.fromkeys(_DISTANCES, _SSIM_DISTANCE)},
        claim_checks.few_images_suffice,
    ),
    Statement(
        ClaimId.NETWORKS_BEAT_CS,
        "Fine-tuned networks beat compressed sensing.",
        "better than compressed sensing",
        "tables/table2.md",
        "Tables 1 and 2",
        "Holds if the worst tuned network leads the best of this library's variants of CS throughout its interval, in "
        "PSNR and in SSIM. One of the variants has its weights tuned on training subjects.",
        _ABOVE_ZERO,
        claim_checks.networks_beat_cs,
        metrics=("psnr", "ssim"),
        explain=lambda _results, _test_domain: run_time.explain_rival(),
    ),
    Statement(
        ClaimId.MORE_IMAGES_HELP_LESS,
        "More training images help, and help less the more images the network is tuned with.",
        "more images help, less after tuning",
        "tables/table3.md",
        "Tables 3 and 4",
        "Holds if the gain in PSNR from the fewest to the most photographs is above zero for the network as trained, "
        "and larger there than for the network tuned with the most images, both throughout their intervals.",
        _ABOVE_ZERO,
        claim_checks.more_images_help_less,
        explain=controls.explain_gain,
    ),
    Statement(
        ClaimId.NETWORK_IS_FASTER,
        f"A network reconstructs an image in {PAPER_MS:g} ms and is computationally more efficient than iterative "
        "compressed sensing.",
        "faster than compressed sensing",
        "run_time.md",
        "Run time",
        f"The {PAPER_MS:g} ms belong to the paper's {PAPER_MACHINE} and are not tested. The comparison is. It holds if "
        "the network takes less time for a slice than compressed sensing as the paper has it, the network alone and CS "
        "in batches, both on the machine of the benchmark.",
        {"psnr": 1.0},
        claim_checks.network_is_faster,
        printed=False,
    ),
)
