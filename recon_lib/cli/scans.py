"""Commands for the user's own scans: ``reconstruct``, ``evaluate``, ``weights list|show``.

As in :mod:`recon_lib.cli.main`, a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.cli import coil_scans, finetune, inspection, options, reports, spread
from recon_lib.cli.coil_scans import PartlyDoneError
from recon_lib.cli.reports import Report
from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    from recon_lib.scans.coil_kspace import CoilKspace
    from recon_lib.scans.coil_reconstruct import CoilNetwork
    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.scan import Scan


def add_commands(groups: argparse._SubParsersAction) -> None:
    """Add the commands to the parser of the command line.

    Args:
        groups: Where they belong.
    """
    text = "reconstruct a scan with a network, in its geometry and intensity scale"
    command = options.add_scan_command(groups, "reconstruct", text, reconstruct)
    command.add_argument("input", metavar="IN|DIR", type=Path, help=f"a scan, or a folder of scans: {options.INPUTS}")
    options.add_series(command)
    options.add_selection(command)
    text = "in the input's format (or NIfTI); of a folder, a folder with the same names"
    command.add_argument("--output", metavar="OUT", type=Path, required=True, help=text)
    command.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    options.add_mask(command)
    coil_scans.add_options(command)
    spread.add_options(command)
    reports.add_report(command)

    text = "measure a network and zero-filling on scans that are fully sampled"
    command = options.add_scan_command(groups, "evaluate", text, evaluate)
    command.add_argument("input", metavar="DIR|IN", type=Path, help=f"a folder of scans, or one: {options.INPUTS}")
    options.add_series(command)
    options.add_selection(command)
    command.add_argument("--output", metavar="CSV", type=Path, help="a table with a row for each slice and method")
    command.add_argument("--overwrite", action="store_true", help="replace CSV if it exists")
    options.add_mask(command)
    reports.add_report(command)

    finetune.add_command(groups)
    inspection.add_command(groups)

    weights = groups.add_parser("weights", help="the released networks", description="The released networks.")
    kinds = weights.add_subparsers(metavar="COMMAND", required=True)
    text = "table of the released networks: what they learned from, PSNR and SSIM on test slices, size, sha256, licence"
    kinds.add_parser("list", help=text, description=text).set_defaults(run=weights_list)
    text = "the card of a network"
    show = kinds.add_parser("show", help=text, description=text)
    show.add_argument("weights", metavar="NAME", help="a released network, or a .safetensors file")
    show.set_defaults(run=weights_show)


def reconstruct(arguments: argparse.Namespace) -> None:
    """Reconstruct a scan, or all that are taken of a folder."""
    from recon_lib.scans import read, write

    reports.check_report(arguments.report, arguments.overwrite)
    report = Report(arguments.report, arguments.axis)
    if _is_folder_of_scans(arguments):
        _reconstruct_folder(arguments, report)
        return
    out = arguments.output
    sidecar = read.record_path(out)
    write.check_output(out, arguments.overwrite, arguments.input, sidecar=sidecar, folder=True)
    path = options.network_file(arguments)
    scan = coil_scans.read_any(arguments.input, arguments)
    coil_scans.check_format(scan, out)
    options.announce(scan)
    network = coil_scans.open_any(path, arguments)
    partly = None
    try:
        print(_reconstruct(scan, network, out, arguments, report))
    except PartlyDoneError as error:
        print(error.line)
        partly = error
    if arguments.report:
        print(report.write(f"{scan.path.name}, reconstructed by {network.name}"))
    if partly:
        raise partly


def _reconstruct(
    scan: Scan | CoilKspace, network: Network | CoilNetwork, out: Path, arguments: argparse.Namespace, report: Report
) -> str:
    """Reconstruct a scan that was read, write it, and return the line that says so."""
    from recon_lib.scans.coil_kspace import CoilKspace

    coil_scans.check_network(scan, network)
    work = coil_scans.reconstruct_coils if isinstance(scan, CoilKspace) else _reconstruct_scan
    try:
        return work(scan, network, out, arguments, report)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"interrupted; {out} was not written.") from stop


def _reconstruct_scan(scan: Scan, network: Network, out: Path, arguments: argparse.Namespace, report: Report) -> str:
    """Reconstruct magnitudes or k-space of one coil."""
    from recon_lib.core.progress import Bar
    from recon_lib.scans import write
    from recon_lib.scans.reconstruct import reconstruct_scan
    from recon_lib.scans.records import summary

    others = spread.check_options(arguments, scan, out)
    report.add_scan(scan)
    with Bar(scan.path.name) as bar:
        settings = options.sampling(arguments, scan, bar)
        volume, record = reconstruct_scan(scan, network, **settings, observe=report.observe, progress=bar)
        if arguments.spread is not None:
            deviations, facts = spread.take_spread(arguments, scan, network, others, volume, settings)
    write.write_scan(scan, volume, out, record)
    line = f"{out}: {summary(record)}"
    if arguments.spread is None:
        return line
    place = spread.spread_path(out)
    write.write_scan(scan, deviations, place, facts)
    report.add_spread(scan, volume, deviations, str(facts["shows"]))
    return f"{line}\n{place}: {facts['shows']}"


def _reconstruct_folder(arguments: argparse.Namespace, report: Report) -> None:
    """Reconstruct each scan of a folder into the same place of another; one that is bad does not lose the others."""
    from recon_lib.scans import read, write

    folder, target = arguments.input, arguments.output
    if target.resolve().is_relative_to(folder.resolve()):
        raise ReconError(f"{target} lies in {folder}: name a folder elsewhere, or its scans would be taken next time.")
    path = options.network_file(arguments)
    scans = options.select(arguments, folder)
    network = coil_scans.open_any(path, arguments)

    def work(place: Path) -> str:
        scan = coil_scans.read_any(place, arguments)
        out = coil_scans.place_in(scan, target / place.relative_to(folder))
        write.check_output(out, arguments.overwrite, place, sidecar=read.record_path(out), folder=True)
        options.announce(scan)
        return _reconstruct(scan, network, out, arguments, report)

    failures = _each(scans, folder, work)
    if arguments.report and report.has_images:
        print(report.write(f"{folder.name}, reconstructed by {network.name}"))
    _raise_failures(failures, len(scans))


def evaluate(arguments: argparse.Namespace) -> None:
    """Measure a network on one scan or on all that are taken of a folder."""
    from recon_lib.core.progress import Bar
    from recon_lib.scans import read, write

    reports.check_report(arguments.report, arguments.overwrite)
    if arguments.output:
        write.check_output(arguments.output, arguments.overwrite, arguments.input)
    path = options.network_file(arguments)
    folder = arguments.input
    single = not folder.is_dir() or read.is_series(folder) or arguments.series is not None
    scans = {folder: ""} if single else options.select(arguments, folder)
    network = options.open_network(path, arguments)
    from recon_lib.scans.reconstruct import evaluate_scan

    report, rows = Report(arguments.report, arguments.axis), []

    def measure(place: Path) -> str:
        name = place.name if single else place.relative_to(folder).as_posix()
        scan = read.read_scan(place, options.reading(arguments))
        options.announce(scan)
        report.add_scan(scan)
        with Bar(name) as bar:
            settings = options.sampling(arguments, scan, bar)
            measured = evaluate_scan(scan, network, **settings, observe=report.observe, progress=bar)
        rows.extend({**row, "scan": name} for row in measured)
        return _means(name, measured)

    try:
        failures = _each(scans, folder, measure, keep_going=not single)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("interrupted; no table was written.") from stop
    if any(row["simulation"] for row in rows):
        print(f"note: {options.SIMULATION}")
    if arguments.output and rows:
        write.write_table(arguments.output, rows)
        print(f"{arguments.output}: {len(rows)} rows")
    if arguments.report and rows:
        print(report.write(f"{folder.name}, measured with {network.name}", rows))
    _raise_failures(failures, len(scans))


def weights_list(_: argparse.Namespace) -> None:
    """Print a table of the released networks."""
    from recon_lib.paper import networks
    from recon_lib.results.defaults import coil_networks, default_networks

    print(networks.plain_list([*default_networks().values()]))
    if coil_networks():
        print(f"\nfor raw k-space of several coils: {', '.join(coil_networks())}")


def weights_show(arguments: argparse.Namespace) -> None:
    """Print everything that is known of a network."""
    from recon_lib.data.networks import obtain_network
    from recon_lib.paper import networks
    from recon_lib.results.defaults import released_networks

    path = obtain_network(arguments.weights)
    released = [network for holders in released_networks().values() for network in holders]
    print(coil_scans.describe_network(path) or networks.plain_card(path, released))


def _is_folder_of_scans(arguments: argparse.Namespace) -> bool:
    """Tell a folder of scans from a DICOM series, and from a study: several series of one patient."""
    from recon_lib.scans import read
    from recon_lib.scans.subjects import read_patient

    folder = arguments.input
    if not folder.is_dir() or read.is_series(folder) or arguments.series is not None:
        return False
    scans = read.find_scans(folder)
    return any(scan.is_file() for scan in scans) or len({read_patient(scan) for scan in scans}) > 1


def _each(scans: Iterable[Path], folder: Path, work: Callable[[Path], str], *, keep_going: bool = True) -> list[str]:
    """Do the work of each scan and print what it returns; return what is wrong with those that cannot be done."""
    failures = []
    for place in scans:
        try:
            print(work(place), flush=True)
        except PartlyDoneError as error:
            failures.append(str(error))
            print(error.line, flush=True)
        except ReconError as error:
            if not keep_going:
                raise
            failures.append(str(error))
            print(f"{place.relative_to(folder).as_posix()}: left out, see the error below", flush=True)
    return failures


def _raise_failures(failures: Sequence[str], count: int) -> None:
    """End with an error that names every scan that could not be done, after the work of the others is kept."""
    if failures:
        raise ReconError(f"{len(failures)} of {count} scans could not be done: {' '.join(failures)}")


def _means(name: str, rows: Sequence[dict]) -> str:
    parts = []
    for method in ("zero_filled", "network"):
        chosen = [row for row in rows if row["method"] == method]
        psnr, ssim = (sum(row[key] for row in chosen) / len(chosen) for key in ("psnr", "ssim"))
        parts.append(f"{method.replace('_', '-')} {psnr:.2f} dB, SSIM {ssim:.4f}")
    return f"{name}: {len(rows) // 2} slices, {'; '.join(parts)}"
