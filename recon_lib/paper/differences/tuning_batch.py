"""The two readings of the paper's batch of fine-tuning, and what each gives at the paper's rate and epochs."""

from __future__ import annotations

from collections.abc import Sequence

from recon_lib.experiment.design import DOMAINS, TUNED, domain_name
from recon_lib.experiment.recipes import FineTuning
from recon_lib.paper.differences.effects import gain, largest, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
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


def gains(results: Results, variation: str) -> dict[str, str]:
    """Measure what tuning the photographs' network with 20 images gains.

    Args:
        results: Of a profile.
        variation: How it was tuned; empty for the profile's own way.

    Returns:
        Test domain to the gain in mean PSNR with its interval, in words; without contrasts that were not run.
    """
    tuned, own = rows(results, variation), rows(results)
    if tuned is None or own is None:
        return {}
    tuned, raw = (largest(side[side["training_domain"] == "natural"]) for side in (tuned, own))
    first_draw = tuned[(tuned["n_finetune"] == TUNED) & (tuned["draw"] == 0)]
    changes = gain(first_draw, raw[raw["n_finetune"] == 0])
    return {domain: with_interval(change) for domain, change in changes.items()}


def render_readings(sources: Sequence[Results]) -> Rendered:
    """Set both readings' gains beside the paper's.

    Args:
        sources: The results of profiles.

    Returns:
        Markdown: a row a reading and profile, the paper's own gain last; what was not run says so.
    """
    by_name = {source.profile: source for source in sources}
    table = []
    for reading, profile, variation in _RUNS:
        measured = gains(by_name[profile], variation) if profile in by_name else {}
        updates = FineTuning().epochs * (TUNED if reading == ONE else 1)
        table.append((reading, profile, str(updates), *(measured.get(domain, NOT_RUN) for domain in DOMAINS)))
    table.append(("the paper", "", "", *map(_printed_gain, DOMAINS)))
    heads = ("Reading", "Profile", "Updates", *(f"Gain on {domain_name(domain)}, dB" for domain in DOMAINS))
    markdown = render_table(heads, table, "llrll").markdown
    return Rendered(markdown=f"{markdown}\n\nIn brackets the 95 % interval of the bootstrap over test subjects.")


def _printed_gain(test_domain: str) -> str:
    """Return what the paper's network of photographs gains by 20 images, from its Table 1 or 2."""
    frame = paper()
    chosen = frame[(frame["table"] == TABLES[test_domain]) & (frame["metric"] == "psnr")]
    means = chosen[chosen["training_domain"] == "natural"].set_index("n_finetune")["mean"]
    return signed(float(means[TUNED] - means[0]), 2)
