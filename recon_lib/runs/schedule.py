"""Which runs are carried out, in which order, and which of them side by side."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence

from recon_lib.core.errors import ReconError, at_least
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile


def select(
    profile: Profile, planned: Sequence[Run], remaining: Sequence[Run], names: Sequence[str], count: int | None
) -> list[Run]:
    """Choose runs of what remains, with the runs that they start from.

    Args:
        profile: The experiment.
        planned: All of its runs.
        remaining: Those still to be done, parents first.
        names: Run ids, or patterns of them with ``*`` and ``?``; none stands for all.
        count: The first so many of them; ``None`` for all.

    Returns:
        The runs, parents first; those that start from a run still to be done bring it along.

    Raises:
        ReconError: A name fits no run of the profile, or ``count`` is below 1.
    """
    at_least(1, next=count)
    for name in names:
        if not any(fnmatch.fnmatchcase(run.id, name) for run in planned):
            raise ReconError(f"Profile {profile.name!r} has no run {name!r}: `recon runs list` shows what remains.")
    chosen = [run for run in remaining if not names or any(fnmatch.fnmatchcase(run.id, name) for name in names)]
    needed: set[str] = set()
    for run in chosen[:count]:
        link: Run | None = run
        while link is not None:
            needed.add(link.id)
            link = link.parent
    return [run for run in remaining if run.id in needed]


def width(run: Run, workers: int, on_card: bool) -> int:
    """Return how many workers' share of the machine a run takes: on a card, a training takes it whole.

    A training's updates fill a card, and tunings beside it starve it; tunings and evaluations leave much of a card
    idle, so they go side by side. Of a processor, every run takes one worker's share of the cores.

    Args:
        run: The run.
        workers: Processes that share the machine.
        on_card: Whether they compute on one card.
    """
    return workers if on_card and run.kind == "train" else 1


def choose_next(pending: Sequence[Run], ready: Callable[[Run], bool], fits: Callable[[Run], bool]) -> Run | None:
    """Choose the run that is started next.

    Args:
        pending: Runs not yet started, in order.
        ready: Tells whether a run can be started: what it starts from is there.
        fits: Tells whether there is room for it at this moment.

    Returns:
        The first that is ready, or ``None`` if there is no room for it: what comes later never overtakes a training
        that waits for the whole card.
    """
    first = next((run for run in pending if ready(run)), None)
    return first if first is not None and fits(first) else None
