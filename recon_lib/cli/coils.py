"""The group `coils` of the command line: the experiment with several coils, carried out and collected."""

from __future__ import annotations

import argparse


def add_commands(groups: argparse._SubParsersAction) -> None:
    """Add the group to the parser.

    Args:
        groups: Where the groups of commands are.
    """
    text = "the experiment with several coils: networks of complex images, and what they are compared with"
    group = groups.add_parser("coils", help=text, description=text).add_subparsers(metavar="COMMAND", required=True)
    for name, run, text in (
        ("list", list_runs, "what remains of a profile, in the order in which it is done"),
        ("execute", execute_runs, "carry out what remains of a profile; stopped in whatever way, it goes on"),
        ("collect", collect_runs, "bring a profile's finished runs into the results"),
    ):
        command = group.add_parser(name, help=text, description=text)
        command.add_argument("profile", metavar="PROFILE", help="desk or smoke")
        command.set_defaults(run=run)
        if name == "execute":
            which = "patterns of ids such as 'train-*'; all by default"
            command.add_argument("runs", nargs="*", metavar="RUN", help=which)


def list_runs(arguments: argparse.Namespace) -> None:
    """Print what remains of a profile."""
    from recon_lib.experiment.coil_profile import load_coil_profile
    from recon_lib.runs import coils

    profile = load_coil_profile(arguments.profile)
    runs = coils.planned(profile)
    remaining = [run.id for run in runs if not coils.finished(profile, run)]
    print("\n".join([*remaining, f"{len(remaining)} of {len(runs)} runs remain."]))


def execute_runs(arguments: argparse.Namespace) -> None:
    """Carry out what remains of a profile, or some of it."""
    from fnmatch import fnmatch

    from recon_lib.core.progress import Bar
    from recon_lib.experiment.coil_profile import load_coil_profile
    from recon_lib.runs import coils

    profile = load_coil_profile(arguments.profile)
    for run in coils.planned(profile):
        chosen = not arguments.runs or any(fnmatch(run.id, pattern) for pattern in arguments.runs)
        if chosen and not coils.finished(profile, run):
            with Bar(run.id) as bar:
                coils.execute(profile, run, bar)


def collect_runs(arguments: argparse.Namespace) -> None:
    """Bring a profile's finished runs into the results."""
    from recon_lib.experiment.coil_profile import load_coil_profile
    from recon_lib.runs.coil_collect import collect

    print(f"{collect(load_coil_profile(arguments.profile))} written.")
