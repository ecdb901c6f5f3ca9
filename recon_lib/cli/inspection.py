"""The command ``inspect``: what is read of a user's scan, before anything is made of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from recon_lib.cli import coil_scans, options
from recon_lib.cli.reports import Report, check_report


def add_command(groups: argparse._SubParsersAction) -> None:
    """Add ``inspect`` to the parser of the command line.

    Args:
        groups: Where it belongs.
    """
    text = "report what is read of a scan: geometry, scale, slices, k-space with its acquired part"
    command = options.add_scan_command(groups, "inspect", text, inspect, network=False)
    command.add_argument("input", metavar="IN", type=Path, help=options.INPUTS)
    options.add_series(command)
    options.add_coils(command)
    text = "the report; its picture is written beside it (default: <IN>-report.html in this folder)"
    command.add_argument("--output", metavar="HTML", type=Path, help=text)
    command.add_argument("--overwrite", action="store_true", help="replace HTML and its picture if they exist")


def inspect(arguments: argparse.Namespace) -> None:
    """Report what is read of a scan."""
    from recon_lib.scans.coil_kspace import CoilKspace

    name = arguments.input.resolve().name.split(".")[0]
    path = arguments.output or Path(f"{name}-report.html")
    check_report(path, arguments.overwrite)
    report = Report(path, arguments.axis)
    scan = coil_scans.read_any(arguments.input, arguments)
    add = report.add_coils if isinstance(scan, CoilKspace) else report.add_scan
    add(scan)
    options.announce(scan)
    for heading, text in report.facts.items():
        print(f"{heading}: {text}")
    print(report.write(f"What was read of {scan.path.name}"))
