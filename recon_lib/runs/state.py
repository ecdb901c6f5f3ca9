"""Which runs a profile has, which of them are finished, and where their networks lie.

A run is known by its folder, so this is read from the disk anew each time, and Keras is never loaded for it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from recon_lib.core import paths
from recon_lib.data import domains
from recon_lib.experiment.plan import Run, plan
from recon_lib.experiment.profile import Profile
from recon_lib.results import store
from recon_lib.results.released import read_card, released_name


def plan_profile(profile: Profile) -> list[Run]:
    """List a profile's runs, with the identities of its data.

    Args:
        profile: The experiment.

    Returns:
        The runs, parents first.
    """
    return plan(profile, {name: domains.domain_hash(name, domain) for name, domain in profile.domains.items()})


def folder(run: Run) -> Path:
    """Return a run's folder, ``runs/<profile>/<run-id>``."""
    return paths.runs() / run.profile.name / run.id


def finished(run: Run) -> bool:
    """Tell whether a run is done: its record is written last."""
    return (folder(run) / "run.json").is_file()


def network_file(run: Run) -> Path | None:
    """Find the network that a run made: in its folder or, if it was collected, among the released ones.

    Args:
        run: A training or fine-tuning run.

    Returns:
        The file, or ``None`` if the run is still to be done. A released network is in half precision.
    """
    if finished(run):
        return folder(run) / "network.safetensors"
    released = store.root() / run.profile.name / "weights" / released_name(run.key)
    return released if released.is_file() and read_card(released).run == run.id else None


def remaining(profile: Profile, again: Collection[str] = ()) -> list[Run]:
    """List what the collected results of a profile still lack, so that it can be done anywhere.

    Args:
        profile: The experiment.
        again: Ids of runs whose network is needed here, though their rows may be collected.

    Returns:
        The runs of the plan whose rows are not collected, and the runs they need a network from that is
        neither in its folder nor released; parents first. A finished run that is not collected is one.
    """
    runs, collected = plan_profile(profile), store.collected(profile.name)
    needed: set[str] = set()

    def need(run: Run) -> None:
        if run.parent is not None and network_file(run.parent) is None:
            need(run.parent)
        needed.add(run.id)

    for run in runs:
        if run.id not in collected or (run.id in again and network_file(run) is None):
            need(run)
    return [run for run in runs if run.id in needed]
