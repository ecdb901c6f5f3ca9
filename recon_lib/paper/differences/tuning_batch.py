"""The two readings of the paper's batch of fine-tuning, and what each gives at the paper's rate and epochs."""

from __future__ import annotations

from collections.abc import Sequence

from recon_lib.experiment.design import DOMAINS, TUNED, domain_name
from recon_lib.experiment.grid import FineTuning
from recon_lib.paper.differences.effects import gain, largest, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.paper.reference import TABLES, paper
from recon_lib.results.store import Results

ONE, ALL = "one image an update", "all images in one update"
# Which runs are of a reading, at the paper's 150 epochs and constant 1e-5: profile, variation.
_RUNS = (
    (ONE, "open", ""),
    (ONE, "desk", "paper-finetuning"),
    (ALL, "open", "finetune-batch-all"),
    (ALL, "desk", "finetune-all-150"),
)


def gains(results: Results, variation: str) -> dict[str, Estimate]:
    """Measure what tuning the photographs' network with 20 images gains.

    Args:
        results: Of a profile.
        variation: How it was tuned; empty for the profile's own way.

    Returns:
        Test domain to the gain in mean PSNR, dB, with its interval; without contrasts that were not run.
    """
    tuned, own = rows(results, variation), rows(results)
    if tuned is None or own is None:
        return {}
    tuned, raw = (largest(side[side["training_domain"] == "natural"]) for side in (tuned, own))
    first_draw = tuned[(tuned["n_finetune"] == TUNED) & (tuned["draw"] == 0)]
    return gain(first_draw, raw[raw["n_finetune"] == 0])


def render_readings(sources: Sequence[Results]) -> Rendered:
    """Set both readings' gains beside the paper's.

    Args:
        sources: The results of profiles.

    Returns:
        Markdown: a row a reading and profile that ran it, the paper's own gain last; then which comes nearest to it.
    """
    by_name = {source.profile: source for source in sources}
    every = [(*run, gains(by_name[run[1]], run[2]) if run[1] in by_name else {}) for run in _RUNS]
    measured = [(reading, profile, changes) for reading, profile, _, changes in every if changes]
    table = []
    for reading, profile, changes in measured:
        updates = FineTuning().epochs * (TUNED if reading == ONE else 1)
        cells = (with_interval(changes[domain]) if domain in changes else NOT_RUN for domain in DOMAINS)
        table.append((reading, profile, str(updates), *cells))
    table.append(("the paper", "", "", *(signed(printed_gain(domain), 2) for domain in DOMAINS)))
    heads = ("Reading", "Profile", "Updates", *(f"Gain on {domain_name(domain)}, dB" for domain in DOMAINS))
    markdown = render_table(heads, table, "llrll").markdown
    sentences = ["In brackets is the 95 % interval of the bootstrap over test subjects."]
    sentences += [_nearest(domain, measured) for domain in DOMAINS if any(domain in row[-1] for row in measured)]
    return Rendered(markdown=f"{markdown}\n\n{' '.join(sentences)}")


def printed_gain(test_domain: str) -> float:
    """Return what the paper's network of photographs gains by 20 images, from its Table 1 or 2, in dB.

    Args:
        test_domain: ``t1`` or ``t2``.
    """
    frame = paper()
    chosen = frame[(frame["table"] == TABLES[test_domain]) & (frame["metric"] == "psnr")]
    means = chosen[chosen["training_domain"] == "natural"].set_index("n_finetune")["mean"]
    return float(means[TUNED] - means[0])


def _nearest(test_domain: str, measured: Sequence[tuple[str, str, dict[str, Estimate]]]) -> str:
    """Say which of the gains of a contrast comes nearest to the paper's, and how far from it that is."""
    printed = printed_gain(test_domain)
    distances = [
        (changes[test_domain].value - printed, reading, profile)
        for reading, profile, changes in measured
        if test_domain in changes
    ]
    distance, reading, profile = min(distances, key=lambda row: abs(row[0]))
    return (
        f"On {domain_name(test_domain)} *{reading}* (profile {profile}) comes nearest to the paper's gain: it is "
        f"{abs(distance):.2f} dB {'more' if distance > 0 else 'less'}."
    )
