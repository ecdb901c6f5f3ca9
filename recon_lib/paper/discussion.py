"""The numbers of the discussion: which claims held, which did not, and what moves PSNR more than the training set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.design import DOMAINS, REFERENCE, TUNED, domain_name
from recon_lib.paper import claim_tables
from recon_lib.paper.claim_slices import Networks, paper_slices
from recon_lib.paper.claims import Claim, ClaimId
from recon_lib.paper.differences.effects import rows
from recon_lib.paper.intervals import Estimate, estimate, side_by_side
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.paper.sensing import PAPER_VARIANT
from recon_lib.paper.verdicts import Outcome, Verdict
from recon_lib.paper.words import label
from recon_lib.results.store import Results

_NOTHING = "Nothing has been run yet, so there is nothing to discuss."


@dataclass(frozen=True)
class Change:
    """What one change does to PSNR.

    Attributes:
        what: The change, in words.
        measured_on: Which networks or methods are compared.
        by_domain: Test contrast to the difference in mean PSNR, dB.
    """

    what: str
    measured_on: str
    by_domain: dict[str, Estimate]

    @property
    def size(self) -> float:
        """The mean size of the change over the contrasts, dB."""
        return sum(abs(change.value) for change in self.by_domain.values()) / len(self.by_domain)


def render_verdicts(checked: Iterable[Claim], *, held: bool) -> Rendered:
    """List the claims that hold in every contrast tested, or those that do not.

    Args:
        checked: From :func:`recon_lib.paper.claims.check_best`.
        held: Which of the two; a claim that no contrast could be tested on is in neither.

    Returns:
        Markdown: a line a claim, with its number in each contrast and what else explains it.
    """
    lines = []
    for claim in checked:
        verdicts = [verdict for verdict in claim.verdicts if verdict.tested]
        holds = all(verdict.outcome is Outcome.HOLDS for verdict in verdicts)
        if verdicts and holds == held:
            reservations = dict.fromkeys(verdict.explanation for verdict in verdicts)
            shared = next(iter(reservations)) if len(reservations) == 1 else ""
            sentences = [_verdict_sentence(verdict, "" if shared else verdict.explanation) for verdict in verdicts]
            sentences += [f"{shared[0].upper()}{shared[1:]}."] if shared else []
            lines.append(f"- {claim.sentence} {' '.join(sentences)}")
    return Rendered(markdown="\n".join(lines) if lines else "None of them.")


def _verdict_sentence(verdict: Verdict, reservation: str) -> str:
    """Say what became of a claim in one contrast, with its number and what else may explain it."""
    ends = claim_tables.interval(verdict.judged)
    number = claim_tables.value(verdict.judged) + (f" ({ends})" if ends else "")
    state = "is within noise" if verdict.outcome is Outcome.NOISE else verdict.words
    end = f"; {reservation}" if reservation else ""
    return f"On {domain_name(verdict.test_domain)} it {state}: {number}{end}."


def other_contrast(test_domain: str, results: Results | None) -> tuple[Estimate, float] | None:
    """Compare the network of the other MR contrast with that of photographs, both as trained.

    Args:
        test_domain: The contrast of the test, ``"t1"`` or ``"t2"``.
        results: Ours, or ``None``.

    Returns:
        The other contrast's network less the photographs', dB: here with its interval, and in the paper's tables.
        ``None`` where the two were not run.
    """
    (other,) = (domain for domain in DOMAINS if domain != test_domain)
    ours = _difference(Networks(None if results is None else results.slices, test_domain), (other, 0), ("natural", 0))
    printed = Networks(paper_slices(), test_domain, printed=True)
    theirs = [printed.score(domain, 0) for domain in (other, "natural")]
    return None if ours is None else (ours, float(theirs[0].mean() - theirs[1].mean()))


def render_raw_order(results: Results | None) -> Rendered:
    """Say which is the better training set before tuning, the other MR contrast or photographs, here and in the paper.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a sentence a contrast.
    """
    sentences = []
    for domain in DOMAINS:
        pair = other_contrast(domain, results)
        if pair is not None:
            (other,) = (name for name in DOMAINS if name != domain)
            ours, theirs = pair
            sentences.append(
                f"On {domain_name(domain)} the network trained on {domain_name(other)} less the one trained on "
                f"photographs is {claim_tables.value(ours)} ({claim_tables.interval(ours)}) here and "
                f"{claim_tables.value(Estimate('', theirs))} in the paper: {_order(ours, theirs)}."
            )
    return Rendered(markdown=" ".join(sentences)) if sentences else note(_NOTHING)


def _order(ours: Estimate, theirs: float) -> str:
    """Say whether a difference has the same sign here as in the paper."""
    if ours.low <= 0 <= ours.high:
        return "here neither leads throughout the interval"
    return "the same order" if ours.value * theirs > 0 else "the order is the other way round"


def changes(compared: Results | None, varied: Results | None) -> list[Change]:
    """Measure what the training set does, and what else does.

    Args:
        compared: Results with the three networks and compressed sensing.
        varied: Results with the variations.

    Returns:
        The largest change first; one that was not run is left out.
    """
    measured = [
        _training_set(compared, 0, "as trained"),
        _training_set(compared, TUNED, f"tuned with {TUNED}"),
        _best_sensing(compared),
        *(_variation(varied, name, what) for name, what in _VARIATIONS.items()),
    ]
    return sorted((change for change in measured if change.by_domain), key=lambda change: change.size, reverse=True)


_VARIATIONS = {
    "equal-updates": "As many updates as the largest number of photographs gets",
    "residual": "Sub-networks that put out a correction of their input",
    "other-seed": "Another seed, for every random choice",
}


def render_changes(compared: Results | None, varied: Results | None) -> Rendered:
    """Tabulate what the training set does to PSNR beside what else does.

    Args:
        compared: As :func:`changes`.
        varied: As :func:`changes`.

    Returns:
        Markdown: differences with their intervals, the largest first.
    """
    table = [
        (
            change.what,
            change.measured_on,
            *(
                f"{claim_tables.value(change.by_domain[domain])} ({claim_tables.interval(change.by_domain[domain])})"
                if domain in change.by_domain
                else ""
                for domain in DOMAINS
            ),
        )
        for change in changes(compared, varied)
    ]
    if not table:
        return note(_NOTHING)
    heads = ("What is changed", "Measured on", *(f"{domain_name(domain)} test" for domain in DOMAINS))
    return render_table(heads, table, "llrr")


def render_people(results: Results | None) -> Rendered:
    """Say on how many slices and people everything rests.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a sentence; a note without results.
    """
    if results is None:
        return note(_NOTHING)
    slices = results.slices.drop_duplicates(["test_domain", "subject", "slice"])
    tests = " and ".join(
        f"{len(group)} {domain_name(str(domain))} slices" for domain, group in slices.groupby("test_domain")
    )
    splits = load_manifest().source(DOMAINS[0], "open").splits
    return Rendered(
        markdown=f"Tested are {tests} of {slices['subject'].nunique()} people. Fine-tuning draws its images from "
        f"{len(splits['pool'])} others, and the T1 and T2 networks were trained on {len(splits['train'])} more."
    )


def render_conclusion(checked: Iterable[Claim]) -> Rendered:
    """Say in two sentences what the claims of few images and of compressed sensing came to.

    Args:
        checked: From :func:`recon_lib.paper.claims.check_best`.

    Returns:
        Markdown; a note where neither could be tested.
    """
    claims = {claim.id: claim for claim in checked}
    sentences = []
    for claim_id, begin, end in (
        (
            ClaimId.FEW_IMAGES_SUFFICE,
            f"A network trained on photographs and tuned with {TUNED} MR images lies",
            f"below one trained on MR images of the test's own contrast and tuned with {REFERENCE}",
        ),
        (
            ClaimId.NETWORKS_BEAT_CS,
            "The worst of the three tuned networks lies",
            "above the best compressed sensing here",
        ),
    ):
        verdicts = [verdict for verdict in claims[claim_id].verdicts if verdict.judged] if claim_id in claims else []
        if verdicts:
            numbers = " and ".join(
                f"{abs(verdict.estimate):.2f} dB ({domain_name(verdict.test_domain)})" for verdict in verdicts
            )
            sentences.append(f"{begin} {numbers} {end}.")
    return Rendered(markdown=" ".join(sentences)) if sentences else note(_NOTHING)


def _training_set(results: Results | None, n_finetune: int, state: str) -> Change:
    """Measure training on the test's own contrast instead of on photographs."""
    by_domain = {}
    for domain in DOMAINS:
        networks = Networks(None if results is None else results.slices, domain)
        change = _difference(networks, (domain, n_finetune), ("natural", n_finetune))
        by_domain |= {} if change is None else {domain: change}
    return Change("**Training set**: the test's own contrast instead of photographs", f"networks {state}", by_domain)


def _best_sensing(results: Results | None) -> Change:
    """Measure the best variant of compressed sensing against the one that adds nothing to what the paper states."""
    by_domain, names = {}, []
    for domain in DOMAINS:
        sensing = Networks(None if results is None else results.slices, domain).sensing()
        if len(sensing) > 1 and PAPER_VARIANT in sensing:
            best = max(sensing, key=lambda method: sensing[method].mean())
            values = side_by_side(sensing[best], sensing[PAPER_VARIANT])
            by_domain[domain] = estimate(values, lambda mean: mean[0] - mean[1], "")
            names.append(label(best, ""))
    measured_on = f"{' and '.join(dict.fromkeys(names))} less {label(PAPER_VARIANT, '')}"
    return Change("Settings of compressed sensing", measured_on, by_domain)


def _variation(results: Results | None, name: str, what: str) -> Change:
    """Measure a variation of the networks as trained against the profile's own."""
    varied, base = rows(results, name), rows(results)
    if varied is None or base is None:
        return Change(what, "", {})
    key = ["training_domain", "n_train", "n_finetune"]
    varied = varied[(varied["method"] == "network") & (varied["n_finetune"] == 0)]
    base = base.merge(varied[key].drop_duplicates(), on=key)
    by_domain = {}
    for domain in DOMAINS:
        sides = (side[side["test_domain"] == domain] for side in (varied, base))
        values = side_by_side(*(side.groupby(["subject", "slice"])["psnr"].mean() for side in sides))
        if values is not None:
            by_domain[domain] = estimate(values, lambda mean: mean[0] - mean[1], "")
    networks = varied.drop_duplicates(key)
    names = (f"{row.n_train} {domain_name(row.training_domain)}" for row in networks.itertuples())
    return Change(what, f"{', '.join(names)}, as trained (profile {results.profile})", by_domain)


def _difference(networks: Networks, minuend: tuple[str, int], subtrahend: tuple[str, int]) -> Estimate | None:
    """Estimate the difference in PSNR of two networks, each a training domain and a number of tuning images."""
    values = side_by_side(networks.score(*minuend), networks.score(*subtrahend))
    return None if values is None else estimate(values, lambda mean: mean[0] - mean[1], "")
