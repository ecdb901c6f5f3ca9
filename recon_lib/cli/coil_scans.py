"""What ``recon reconstruct`` does with raw k-space of several coils, which it tells by the file's header."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.cli import options
from recon_lib.cli.reports import Report
from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import numpy as np

    from recon_lib.scans.coil_kspace import CoilKspace
    from recon_lib.scans.coil_reconstruct import CoilNetwork
    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.scan import Scan

_ONE_COIL = ("axis", "series", "spread", "spread_weights", "image", "clip_negative")


class PartlyDoneError(ReconError):
    """Some slices of a scan could not be reconstructed; the others were written.

    Attributes:
        line: What is said of those.
    """

    def __init__(self, message: str, line: str) -> None:
        super().__init__(message)
        self.line = line


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what concerns several coils alone.

    Args:
        command: The parser of a command that reconstructs.
    """
    group = command.add_argument_group("raw k-space of several coils", "with a network of several coils")
    options.add_coils(group)
    text = "sensitivity maps (.npy, .npz with coils, rows, columns; or BART's .cfl) instead of estimating them"
    group.add_argument("--maps", type=Path, metavar="FILE", help=text)
    group.add_argument("--virtual-coils", type=int, metavar="N", help="compress the coils to N first")
    group.add_argument("--complex", action="store_true", help="write complex images instead of magnitudes")


def read_any(path: Path, arguments: argparse.Namespace) -> Scan | CoilKspace:
    """Read a scan, or k-space of several coils where the file's header, or ``--coils``, says that it is that."""
    from recon_lib.scans.coil_kspace import count_coils, read_coils
    from recon_lib.scans.read import read_scan

    if count_coils(path, arguments.coils) < 2:
        for name in ("coils", "maps", "virtual_coils", "complex"):
            if _is_given(arguments, name):
                option = name.replace("_", "-")
                raise ReconError(f"{path} is not of several coils: leave out --{option} (--coils is for arrays alone).")
        return read_scan(path, options.reading(arguments))
    for name in _ONE_COIL:
        if _is_given(arguments, name):
            raise ReconError(f"{path} is k-space of several coils: leave out --{name.replace('_', '-')}.")
    return read_coils(path, arguments.coils, options.reading(arguments))


def _is_given(arguments: argparse.Namespace, name: str) -> bool:
    """Tell whether an option was given: 0 is a value, an empty list is none."""
    value = getattr(arguments, name, None)
    return value is not None and value is not False and value != []


def check_format(scan: Scan | CoilKspace, out: Path) -> None:
    """Refuse an output whose format cannot hold what was read."""
    from recon_lib.scans import coil_write, write
    from recon_lib.scans.coil_kspace import CoilKspace

    if isinstance(scan, CoilKspace):
        coil_write.coil_ending(scan, out)
    else:
        write.ending(scan, out)


def place_in(scan: Scan | CoilKspace, place: Path) -> Path:
    """Return where a scan of a folder is written, in a format that can hold what was read."""
    from recon_lib.scans import write
    from recon_lib.scans.arrays import ARRAYS
    from recon_lib.scans.coil_kspace import CoilKspace

    if not isinstance(scan, CoilKspace):
        return write.place_in(scan, place)
    return place.with_suffix(ARRAYS[0]) if place.name.lower().endswith(ARRAYS[1]) else place


def open_any(path: Path, arguments: argparse.Namespace) -> Network | CoilNetwork:
    """Read a network of one coil or of several, as its card says."""
    from recon_lib.results.released import read_card

    if not read_card(path).is_for_coils:
        return options.open_network(path, arguments)
    if arguments.precision == "bfloat16":
        raise ReconError("Networks of several coils compute in float32: leave out --precision bfloat16.")
    from recon_lib.network.quiet import import_backend

    import_backend()
    from recon_lib.scans.coil_reconstruct import open_coil_network

    return open_coil_network(path)


def describe_network(path: Path) -> str:
    """Return what is known of a network of several coils; nothing where a file holds another kind."""
    import json

    from recon_lib.core.files import sha256
    from recon_lib.results.released import read_card

    card = read_card(path)
    if not card.is_for_coils:
        return ""
    shape = card.architecture
    facts = {
        "name": path.stem,
        "made for": "raw k-space of several coils (recon reconstruct)",
        "network": f"{shape['subnetworks']} sub-networks of {shape['filters']} filters, data consistency by "
        f"{shape['iterations']} conjugate gradient iterations, {card.weights:,} weights",
        "file": f"{path.name}, {path.stat().st_size / 1e6:.2f} MB",
        "sha256": sha256(path),
    }
    lines = [f"{key}: {text}" for key, text in facts.items()]
    return "\n".join([*lines, "card:", json.dumps(card.to_json(), indent=2, sort_keys=True)])


def check_network(scan: Scan | CoilKspace, network: Network | CoilNetwork) -> None:
    """Refuse a network of one coil for k-space of several, and the other way round."""
    from recon_lib.scans.coil_kspace import CoilKspace
    from recon_lib.scans.coil_reconstruct import CoilNetwork

    has_coils = isinstance(scan, CoilKspace)
    if has_coils and not isinstance(network, CoilNetwork):
        raise ReconError(
            f"{scan.path} is k-space of {scan.coils} coils, and {network.name} is a network of one coil: name one of "
            "several, such as --weights coils/natural-further."
        )
    if isinstance(network, CoilNetwork) and not has_coils:
        raise ReconError(
            f"{scan.path} is not of several coils, and {network.name} is a network for those: name another network "
            "(recon weights list), or the axis of the coils by --coils."
        )


def reconstruct_coils(
    scan: CoilKspace, network: CoilNetwork, out: Path, arguments: argparse.Namespace, report: Report
) -> str:
    """Reconstruct k-space that was read, write it, and return the line that says so.

    Raises:
        PartlyDoneError: Slices failed; the others are written.
    """
    import numpy as np

    from recon_lib.core.progress import Bar
    from recon_lib.scans import coil_write, write
    from recon_lib.scans.bart import CFL
    from recon_lib.scans.coil_reconstruct import reconstruct_coil_scan
    from recon_lib.scans.records import summary

    if out.suffix.lower() in CFL:
        write.check_output(out.with_suffix(".hdr"), arguments.overwrite)
    report.add_coils(scan)
    with Bar(scan.path.name) as bar:
        images, record, failures = reconstruct_coil_scan(
            scan,
            network,
            maps=_read_maps(arguments.maps),
            virtual_coils=arguments.virtual_coils,
            acceleration=arguments.acceleration,
            seed=arguments.seed,
            mask=options.user_mask(arguments, scan.path, scan.stored.mask),
            observe=report.observe_coils,
            progress=bar,
        )
        for name in record["notes"].keys() - scan.notes.keys():  # the others were said when it was read
            bar.write(options.note(scan, record["notes"][name]), sys.stderr)
    coil_write.write_coil_images(scan, images if arguments.complex else np.abs(images), out, record)
    line = f"{out}: {summary(record)}, {record['coils']} coils"
    if failures:
        numbers = ", ".join(map(str, sorted(failures)))
        first = failures[min(failures)]
        raise PartlyDoneError(f"Slices {numbers} of {scan.path} are zero in {out}, the others are right: {first}", line)
    return line


def _read_maps(path: Path | None) -> np.ndarray | None:
    """Read maps from an array or from BART's file."""
    from recon_lib.scans.arrays import load_array
    from recon_lib.scans.bart import CFL, read_cfl_coils

    if path is None:
        return None
    if not path.is_file():
        raise ReconError(f"There is no file {path}: name one with maps (.npy, .npz, .cfl).")
    return read_cfl_coils(path) if path.name.lower().endswith(CFL) else load_array(path)
