"""The group `runs` of the command line: what a profile's runs still lack, and carrying them out without notebooks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError, at_least

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recon_lib.experiment.plan import Run
    from recon_lib.runs.costs import Cost


def add_commands(groups: argparse._SubParsersAction) -> None:
    """Add the group to the parser.

    Args:
        groups: Where the groups of commands are.
    """
    text = "the runs of a profile: what remains, and carrying it out without notebooks"
    group = groups.add_parser("runs", help=text, description=text).add_subparsers(metavar="COMMAND", required=True)
    text = "what remains of a profile, with its cost, in the order in which it is done"
    listing = group.add_parser("list", help=text, description=text)
    text = "carry out what remains of a profile, or some of it"
    execution = group.add_parser(
        "execute", help=text, description=text, epilog="Stopped in whatever way, the same command goes on."
    )
    for command, run in ((listing, list_runs), (execution, execute_runs)):
        command.add_argument("profile", metavar="PROFILE", help="smoke, desk, open or paper")
        command.set_defaults(run=run)
    text = (
        "a run's id, or a pattern of ids such as 'train-*'; all by default. A collected run whose id is written out is "
        "done again if its network is not here"
    )
    execution.add_argument("runs", nargs="*", metavar="RUN", help=text)
    execution.add_argument("--next", type=int, metavar="N", help="only the first N of them that remain")
    execution.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that share the machine, 1 by default; on a card, a training has it to itself",
    )


def list_runs(arguments: argparse.Namespace) -> None:
    """Print what remains of a profile, with its cost."""
    from tabulate import tabulate

    from recon_lib.experiment.profile import load_profile
    from recon_lib.runs import state
    from recon_lib.runs.costs import count_costs

    profile = load_profile(arguments.profile)
    planned, remaining = state.plan_profile(profile), state.remaining(profile)
    runs = [run for run in remaining if not state.finished(run)]
    costs = count_costs(profile, runs, planned)
    if runs:
        heads = ("run", "updates", "images", "minutes", "")
        aligned = ("left", "right", "right", "right", "left")
        rows = [_row(run, costs[run.id]) for run in runs]
        print(tabulate(rows, headers=heads, colalign=aligned, disable_numparse=True))
    print(f"{len(runs)} of {len(planned)} runs remain{_duration(costs)}.")
    if len(remaining) > len(runs):
        print(f"{len(remaining) - len(runs)} more are finished: `recon results collect {profile.name}` collects them.")


def execute_runs(arguments: argparse.Namespace) -> None:
    """Carry out runs of a profile."""
    from recon_lib.core.progress import Bar
    from recon_lib.experiment.profile import load_profile
    from recon_lib.runs import queue, schedule, state
    from recon_lib.runs.costs import count_costs

    at_least(1, **{"--workers": arguments.workers, "--next": arguments.next})
    profile = load_profile(arguments.profile)
    planned = state.plan_profile(profile)
    remaining = [run for run in state.remaining(profile, arguments.runs) if not state.finished(run)]
    runs = schedule.select(profile, planned, remaining, arguments.runs, arguments.next)
    collecting = f"`recon results collect {profile.name}` collects what is finished."
    if not runs:
        print(f"Nothing of that remains to be done: {collecting}")
        return
    costs = count_costs(profile, runs, planned)
    print(f"{len(runs)} of {len(planned)} runs are to be done{_duration(costs)}.", flush=True)
    seconds = {name: cost.seconds for name, cost in costs.items() if cost.seconds is not None}
    with Bar(f"runs of {profile.name}", smoothing=0) as bar:
        outcome = queue.execute_runs(runs, arguments.workers, seconds, bar, bar.write)
    passed = f", {len(outcome.passed)} left to other processes" if outcome.passed else ""
    print(f"{len(outcome.finished)} of {len(runs)} runs finished{passed}. {collecting}")
    if outcome.failed:
        reasons = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in outcome.failed.items())
        raise ReconError(f"{len(outcome.failed)} of {len(runs)} runs failed. {reasons}.")


def _row(run: Run, cost: Cost) -> tuple[str, ...]:
    images = "-" if cost.images is None else str(cost.images)
    minutes = "-" if cost.seconds is None else f"{cost.seconds / 60:.1f}"
    return run.id, str(cost.updates or "-"), images, minutes, _stage(run)


def _duration(costs: Mapping[str, Cost]) -> str:
    """Say how long runs take together on this machine, as far as that is known."""
    timed = [cost.seconds for cost in costs.values() if cost.seconds is not None]
    unknown = len(costs) - len(timed)
    if not timed:
        return "; none like them has been timed on this machine" if unknown else ""
    minutes = max(1, round(sum(timed) / 60))
    span = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    text = f", about {span} of one worker's time on this machine"
    return text + (f"; none like {unknown} of them has been timed here" if unknown else "")


def _stage(run: Run) -> str:
    """Say whether a run is under way, or was stopped with something to go on from."""
    from recon_lib.runs import claims, state

    folder = state.folder(run)
    if claims.claimed(folder):
        return "under way"
    begun = (folder / "checkpoint.safetensors").exists() or any(folder.glob("part-*.safetensors"))
    return "stopped, goes on" if begun else ""
