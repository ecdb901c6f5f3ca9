"""Methods, networks and results put into words for a reader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
from recon_lib.paper.machines import name_machines
from recon_lib.paper.markdown import note
from recon_lib.paper.markup import Rendered
from recon_lib.results.keys import RunKey
from recon_lib.results.selection import Selection
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
    details = "; ".join(filter(None, (_recipe(results), name_machines(results))))
    text = f"Shown here: profile **{results.profile}**{f' ({details})' if details else ''}, tested on {tests}."
    text += _fewer(slices)
    if results.profile == "smoke":
        text += " It is the quick check on generated images: its numbers say nothing about the paper."
    return Rendered(markdown=text)


def render_selection(selection: Selection) -> Rendered:
    """Say which results a page shows, and what better ones lack.

    Args:
        selection: From :func:`recon_lib.paper.evidence.select`.

    Returns:
        Markdown: :func:`render_source`, then for each profile that lacks rows of the page how many and which.
    """
    sentences = [render_source(selection.results).markdown]
    for profile, rows in selection.lacking.items():
        needed = len(selection.needs.rows)
        count = f"{len(rows)} of the {needed} reconstructions" if len(rows) < needed else "everything"
        missing = f"**{profile}** lacks {count} that this page needs: {_listed(rows)}."
        own = selection.results is not None and profile == selection.results.profile
        sentences.append(f"No profile has all. {missing}" if own else f"Profile {missing}")
    return Rendered(markdown=" ".join(sentences))


def _listed(rows: Iterable[RunKey]) -> str:
    """List rows, those of one network together by the number of images that it was tuned with."""
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(_described(row), []).append(row.n_finetune or 0)
    phrases = []
    for words, numbers in counts.items():
        tuned = [str(number) for number in numbers if number]
        phrases.append(f"{words}, tuned with {', '.join(tuned)}" if tuned else words)
    return "; ".join(phrases)


def _described(row: RunKey) -> str:
    """Name a row without the images that its network was tuned with."""
    test = f"{domain_name(row.test_domain)} test: " if row.test_domain else ""
    if row.method == "network":
        return f"{test}{row.n_train} {domain_name(row.training_domain or '')}"
    return f"{test}{label(row.method, '')}" if row.method else f"variation {row.variation}"


def _fewer(slices: pandas.DataFrame) -> str:
    """Say on how many images a network was trained, where its domain has fewer than its column says."""
    largest = slices["n_train"].max()
    rows = slices[(slices["training_domain"] != "natural") & (slices["n_images"] < slices["n_train"])]
    counts = rows[rows["n_train"] == largest].groupby("training_domain")["n_images"].max()
    phrases = [f"{count} {domain_name(domain)}" for domain, count in counts.items()]
    if not phrases:
        return ""
    seen = " or ".join(phrases)
    return f" There are fewer MR slices than photographs: a network of {largest} MR images saw {seen}."


def _recipe(results: Results) -> str:
    """Say in short how a profile trains and tunes, from the profile that was run."""
    profile = results.provenance.get("profile") or {}
    training, tuning, domains = (profile.get(name) or {} for name in ("training", "fine_tuning", "domains"))
    photographs = domains.get("natural") or {}
    phrases = []
    if photographs.get("source") == "generated":
        phrases.append("images made by code")
    elif photographs.get("matrix"):
        phrases.append("photographs of {} x {}".format(*photographs["matrix"]))
    if training:
        phrases.append(f"trained on crops of {training['crop']}" if training.get("crop") else "trained on whole images")
    if tuning.get("max_updates"):
        phrases.append(f"tuned with at most {tuning['max_updates']} updates")
    elif tuning:
        phrases.append(f"tuned for {tuning['epochs']} epochs")
    return ", ".join(phrases)


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
