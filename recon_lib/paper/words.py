"""Methods, networks and results put into words for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
from recon_lib.paper.markdown import note
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def state(n_finetune: int) -> str:
    """Say whether a network was tuned, for a reader."""
    return f"tuned with {n_finetune}" if n_finetune else "as trained"


def render_source(results: Results | None) -> Rendered:
    """Say in a sentence which results a page shows.

    Args:
        results: What is shown, or ``None``.

    Returns:
        Markdown.
    """
    if results is None:
        return note("Nothing has been run yet, so only the paper's side is shown.")
    slices = results.slices
    counts = slices.drop_duplicates(["test_domain", "subject", "slice"]).groupby("test_domain")
    tests = " and ".join(
        f"{len(rows)} {domain_name(name)} slices of {rows['subject'].nunique()} subjects" for name, rows in counts
    )
    description = (results.provenance.get("profile") or {}).get("description", "").rstrip(".")
    phrase = f" ({description[0].lower()}{description[1:]})" if description else ""
    text = f"Shown here: profile **{results.profile}**{phrase}, tested on {tests}.{_fewer(slices)}"
    if results.profile == "smoke":
        text += " It is the quick check on generated images: its numbers say nothing about the paper."
    return Rendered(markdown=text)


def _fewer(slices: pandas.DataFrame) -> str:
    """Say on how many images a network was trained, where its domain has fewer than its column says."""
    largest = slices["n_train"].max()
    rows = slices[(slices["training_domain"] != "natural") & (slices["n_images"] < slices["n_train"])]
    counts = rows[rows["n_train"] == largest].groupby("training_domain")["n_images"].max()
    phrases = [f"{count} of {domain_name(domain)}" for domain, count in counts.items()]
    if not phrases:
        return ""
    return f" In place of {largest} MR slices, of which there are fewer, a network saw {' or '.join(phrases)}."


def label(method: str, training_domain: str) -> str:
    """Name a method for a reader.

    Args:
        method: As in the column ``method``.
        training_domain: As in its column.

    Returns:
        For instance ``"trained on T1"``.
    """
    if method == "network":
        return f"trained on {domain_name(training_domain)}"
    untrained = {"zero_filled": "zero-filled", "conjugate_symmetry": "conjugate symmetry", "cs": "CS"}
    return untrained.get(method) or f"CS ({method.partition(':')[2]})"
