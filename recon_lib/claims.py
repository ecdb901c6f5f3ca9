"""The paper's claims as checks: an estimate, a bootstrap interval over subjects, a tolerance and a verdict.

Slices of one person are alike, so the interval resamples people, not slices: with few test subjects it is coarse,
and no narrower than they allow. Every network sees the same slices through the same masks, so differences are
taken slice by slice before they are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.results import Results
from recon_lib.tables import NAMES, NETWORKS, Rendered, signed, tuned_count

if TYPE_CHECKING:
    import pandas

HOLDS, NOISE, DIFFERS, UNTESTED = "holds", "within noise", "differs", "not testable here"
DOMAINS = ("t1", "t2")
_RESAMPLES, _SEED, _LEVEL = 2000, 1710, 0.95


@dataclass(frozen=True)
class Verdict:
    """The outcome for one contrast.

    Attributes:
        test_domain: Where it was tested, ``t1`` or ``t2``.
        verdict: ``holds``, ``within noise``, ``differs`` or ``not testable here``.
        estimate: The number the claim is about, dB; NaN if it was not testable.
        low: Lower end of its 95 % interval over subjects.
        high: Upper end.
        note: What the number is, or why there is none.
    """

    test_domain: str
    verdict: str
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and how it fares here.

    Attributes:
        number: Its place in the list.
        sentence: What the paper claims.
        page: The page that shows the evidence, relative to the book's root.
        title: The page's name, for the link.
        rule: How the verdict is reached, tolerance included.
        tolerance: dB.
        verdicts: One for each contrast.
    """

    number: int
    sentence: str
    page: str
    title: str
    rule: str
    tolerance: float
    verdicts: tuple[Verdict, ...]


def check(results: Results | None) -> list[Claim]:
    """Check every claim.

    Args:
        results: Ours, or ``None`` before anything has been run.

    Returns:
        The claims in order. One that the results hold no rows for is not testable here.
    """
    return [
        Claim(number, *about, tolerance, tuple(test(_Networks(results, domain), tolerance) for domain in DOMAINS))
        for number, (*about, tolerance, test) in enumerate(_CLAIMS, start=1)
    ]


def bootstrap(values: pandas.DataFrame, statistic: Callable[[np.ndarray], float]) -> tuple[float, float, float]:
    """Estimate a statistic of slice means with an interval over subjects.

    Args:
        values: One row a slice, indexed by ``(subject, slice)``, one column a quantity.
        statistic: From the columns' means over all slices, an array, to a number.

    Returns:
        The estimate and the ends of its 95 % percentile interval: subjects are drawn with replacement, with all
        their slices, 2000 times from a fixed seed.
    """
    grouped = values.groupby(level="subject", sort=True)
    sums, counts = grouped.sum().to_numpy(), grouped.size().to_numpy()
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(len(counts), size=(_RESAMPLES, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1, keepdims=True)
    resampled = np.array([statistic(mean) for mean in means])
    low, high = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(statistic(values.mean().to_numpy())), float(low), float(high)


def above(low: float, high: float, threshold: float) -> str:
    """Judge whether an interval lies above a threshold: holds, differs (below it), or within noise (across)."""
    if low > threshold:
        return HOLDS
    return DIFFERS if high < threshold else NOISE


def below(low: float, high: float, threshold: float) -> str:
    """Judge whether an interval lies at or below a threshold."""
    if high <= threshold:
        return HOLDS
    return DIFFERS if low > threshold else NOISE


def render_claims(claims: Iterable[Claim]) -> Rendered:
    """Draw the table "claim, page, verdict" in Markdown, whose links the book resolves.

    Args:
        claims: From :func:`check`.

    Returns:
        Markdown; the numbers are differences in dB with their 95 % interval over subjects.
    """
    lines = ["| | The paper claims | " + " | ".join(f"{NAMES[d]} test" for d in DOMAINS) + " | Evidence |"]
    lines.append("|--:|:--|:--|:--|:--|")
    for claim in claims:
        cells = " | ".join(_cell(verdict) for verdict in claim.verdicts)
        lines.append(f"| {claim.number} | {claim.sentence} | {cells} | [{claim.title}]({claim.page}) |")
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


class _Networks:
    """The slices of one test domain, by network."""

    def __init__(self, results: Results | None, test_domain: str) -> None:
        self.test_domain = test_domain
        self.slices = None if results is None else results.slices[results.slices["test_domain"] == test_domain]
        self.tuned = tuned_count(self.slices, test_domain)

    def psnr(self, training_domain: str, n_finetune: int | None, method: str = "network") -> pandas.Series | None:
        """PSNR by (subject, slice), mean over draws; ``None`` if that was not run."""
        if self.slices is None:
            return None
        rows = self.slices[(self.slices["method"] == method) & (self.slices["training_domain"] == training_domain)]
        if method == "network":
            rows = rows[rows["n_finetune"] == n_finetune]
            rows = rows[rows["n_train"] == rows["n_train"].max()]
        return rows.groupby(["subject", "slice"])["psnr"].mean() if len(rows) else None

    def side_by_side(self, *columns: pandas.Series | None) -> pandas.DataFrame | None:
        """Join by slice; ``None`` if one is missing."""
        import pandas

        if any(column is None for column in columns):
            return None
        joined = pandas.concat(columns, axis=1, join="inner", keys=range(len(columns)))
        return joined if len(joined) else None

    def untested(self, why: str) -> Verdict:
        return Verdict(self.test_domain, UNTESTED, note=why)

    def judge(
        self, values: pandas.DataFrame, statistic: Callable, rule: Callable[..., str], threshold: float, note: str
    ) -> Verdict:
        estimate, low, high = bootstrap(values, statistic)
        return Verdict(self.test_domain, rule(low, high, threshold), estimate, low, high, note)


def _own_domain_wins(networks: _Networks, tolerance: float) -> Verdict:
    own = networks.test_domain
    others = [domain for domain in NETWORKS if domain != own]
    values = networks.side_by_side(*(networks.psnr(domain, 0) for domain in (own, *others)))
    if values is None:
        return networks.untested("the three networks as trained are not all there")
    nearest = others[int(np.argmax(values.mean().to_numpy()[1:]))]
    note = f"lead over the next best network, the one trained on {NAMES[nearest]}"
    return networks.judge(values, lambda mean: mean[0] - mean[1:].max(), above, tolerance, note)


def _tuned_are_equal(networks: _Networks, tolerance: float) -> Verdict:
    values = networks.side_by_side(*(networks.psnr(domain, networks.tuned) for domain in NETWORKS))
    if values is None:
        return networks.untested(f"the three networks tuned with {networks.tuned} images are not all there")
    note = "spread of the three, best less worst"
    return networks.judge(values, np.ptp, below, tolerance, note)


def _few_images_suffice(networks: _Networks, tolerance: float) -> Verdict:
    # The paper's own distances: 0.55 dB for T1, 0.46 dB for T2.
    tolerance = {"t1": tolerance, "t2": 0.46}[networks.test_domain]
    values = networks.side_by_side(networks.psnr(networks.test_domain, 50), networks.psnr("natural", networks.tuned))
    if values is None:
        return networks.untested("no network is tuned with 50 images")
    note = "the network of the test contrast tuned with 50 images, less the photographs' tuned with 20"
    return networks.judge(values, lambda mean: mean[0] - mean[1], below, tolerance, note)


def _networks_beat_cs(networks: _Networks, tolerance: float) -> Verdict:
    slices = networks.slices
    variants = [] if slices is None else sorted({name for name in slices["method"] if name.startswith("cs:")})
    cs = [networks.psnr("", None, name) for name in variants]
    values = networks.side_by_side(*(networks.psnr(domain, networks.tuned) for domain in NETWORKS), *cs) if cs else None
    if values is None:
        return networks.untested("compressed sensing has not been run")
    note = "the worst tuned network less the best variant of CS"
    return networks.judge(values, lambda mean: mean[:3].min() - mean[3:].max(), above, tolerance, note)


def _not_yet(why: str) -> Callable[[_Networks, float], Verdict]:
    return lambda networks, _: networks.untested(why)


_CLAIMS = (
    (
        "Before fine-tuning, the network trained in the test's own contrast beats those trained elsewhere.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the lead of the test contrast's own network over the better of the other two is above zero "
        "throughout its interval.",
        0.0,
        _own_domain_wins,
    ),
    (
        "After fine-tuning with 20 images of the test contrast, all three are nearly equal.",
        "figures/figure2.md",
        "Figures 2 and 3",
        "Holds if the spread of the three stays within 0.5 dB throughout its interval (the paper's own is 0.3 dB).",
        0.5,
        _tuned_are_equal,
    ),
    (
        "Photographs and 20 images do nearly as well as a network of the test contrast tuned with 50.",
        "tables/table1.md",
        "Tables 1 and 2",
        "Holds if the distance stays within the paper's (0.55 dB in T1, 0.46 dB in T2) throughout its interval.",
        0.55,
        _few_images_suffice,
    ),
    (
        "Fine-tuned networks beat compressed sensing.",
        "tables/table2.md",
        "Tables 1 and 2",
        "Holds if the worst tuned network leads the best variant of CS throughout its interval.",
        0.0,
        _networks_beat_cs,
    ),
    (
        "More training images help, and help less the more images the network is tuned with.",
        "differences.md#what-is-not-tested-here",
        "Not tested here",
        "Needs networks of several numbers of training images.",
        0.0,
        _not_yet("only one number of training images has been run"),
    ),
    (
        "A network reconstructs an image in 23 ms on one GPU, compressed sensing takes far longer.",
        "differences.md#what-is-not-tested-here",
        "Not tested here",
        "Needs times measured on a GPU.",
        0.0,
        _not_yet("no times have been measured"),
    ),
)


def _cell(verdict: Verdict) -> str:
    if verdict.verdict == UNTESTED:
        return UNTESTED
    interval = f"{signed(verdict.low, 2)} to {signed(verdict.high, 2)}"
    return f"**{verdict.verdict}** {signed(verdict.estimate, 2)} dB ({interval})"
