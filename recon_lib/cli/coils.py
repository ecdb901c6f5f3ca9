"""The group `coils` of the command line: the experiment with several coils, carried out and collected."""

from __future__ import annotations

import argparse
from pathlib import Path


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
    text = "reconstruct k-space of several coils by a network that was trained for it"
    own = group.add_parser("reconstruct", help=text, description=text)
    own.add_argument("input", type=Path, metavar="FILE", help=".npy with --coils, fastMRI's .h5, or BART's .cfl")
    own.add_argument("--network", type=Path, required=True, metavar="FILE", help="a network of several coils")
    own.add_argument("--coils", type=int, metavar="AXIS", help="which axis of an array holds the coils, from 0")
    own.add_argument("--maps", type=Path, metavar="FILE", help="maps as .npy, (coils, rows, columns); else ESPIRiT")
    own.add_argument("--compress", type=int, metavar="N", help="make N virtual coils first")
    own.add_argument("--magnitude", action="store_true", help="write magnitudes instead of complex images")
    own.add_argument("--output", type=Path, required=True, metavar="FILE", help=".npy, with its record as .json beside")
    own.set_defaults(run=reconstruct)


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


def reconstruct(arguments: argparse.Namespace) -> None:
    """Reconstruct a file of several coils."""
    import io

    import numpy as np

    from recon_lib.core.errors import ReconError
    from recon_lib.core.files import write_bytes, write_json
    from recon_lib.core.progress import Bar
    from recon_lib.scans.arrays import load_array
    from recon_lib.scans.coil_kspace import read_coils
    from recon_lib.scans.coil_reconstruct import reconstruct_coil_scan

    if arguments.output.suffix != ".npy":
        raise ReconError(f"Images are written as .npy, not as {arguments.output.name}: choose another name.")
    scan = read_coils(arguments.input, arguments.coils)
    maps = None if arguments.maps is None else load_array(arguments.maps)
    with Bar("slices") as bar:
        for sentence in scan.notes.values():
            bar.write(f"note: {sentence}")
        images, _, record = reconstruct_coil_scan(
            scan, arguments.network, maps=maps, compress=arguments.compress, progress=bar
        )
    content = io.BytesIO()
    np.save(content, np.abs(images) if arguments.magnitude else images, allow_pickle=False)
    write_bytes(arguments.output, content.getvalue())
    write_json(arguments.output.with_suffix(".json"), {**record, "magnitude": arguments.magnitude})
    print(f"{arguments.output}: {len(images)} slices of {record['coils']} coils.")
