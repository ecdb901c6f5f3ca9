"""How the networks of several coils were trained, stage by stage, as the records of their runs say."""

from __future__ import annotations

from collections.abc import Mapping

from recon_lib.paper.machines import name_computer
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.paper.several_coils import MISSING, NAMES, REAL, read_methods, span
from recon_lib.results import coils

_STAGES = ("train", "joint", "tune")
_ALIKE = ("natural-joint", "t1_bold5000-joint")
_HEADS = ("Network", "Images", "Updates", "Batch", "Crop, pixels", "lambda", "Phase with edges", "Minutes", "On")


def render_trainings() -> Rendered:
    """List the trainings, each after the one that it starts from.

    Returns:
        A table: updates are of each sub-network where these are trained apart. A stage that names no ``lambda`` keeps
        that of the stage before it.
    """
    runs = coils.read()[1].get("runs", {}).values()
    labels = list(NAMES)
    rows = [
        _row(run) for run in sorted(runs, key=lambda run: labels.index(run["label"]) if run["label"] in NAMES else -1)
    ]
    rows = [row for row in rows if row]
    return render_table(_HEADS, rows, "lrrrrrrrl") if rows else note(MISSING)


def render_domains() -> Rendered:
    """Say what a network of T1 slices gives more than one of photographs, of as many updates of the same kind.

    Returns:
        A sentence; a note before both were tested.
    """
    rows = read_methods()
    if rows is None or not set(_ALIKE) <= set(rows["name"]):
        return note(MISSING)
    means = rows.pivot_table("psnr", ["test", "acceleration"], "name")
    leads = means[_ALIKE[1]] - means[_ALIKE[0]]
    real = leads.index.get_level_values("test") == REAL
    return Rendered(
        markdown="Trained alike, end to end with a smooth phase, a network of T1 slices differs from that of "
        f"photographs by {span(leads[~real])} with simulated coils and by {span(leads[real])} on the real slice."
    )


def _row(run: Mapping) -> tuple[str, ...] | None:
    """Write the row of a training; ``None`` for a run of another kind."""
    if run["kind"] not in _STAGES:
        return None
    spec = run["parameters"]
    recipe = spec["recipe"]
    weight = spec.get("architecture", recipe).get("data_consistency")
    edges = spec["simulation"].get("structure")
    return (
        NAMES[run["label"]],
        str(spec["n_train"]),
        str(spec["updates"]),
        str(recipe["batch"]),
        str(recipe.get("crop") or "whole"),
        "" if weight is None else f"{weight:g}",
        f"{edges:g} rad" if edges else "no",
        f"{run['seconds'] / 60:.0f}",
        name_computer(run["machine"]),
    )
