"""The option ``--spread`` of ``reconstruct``: how far pixels move with the masks, and with the tuning of networks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import numpy as np

    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.scan import Scan


def add_options(command: argparse.ArgumentParser) -> None:
    """Add the options.

    Args:
        command: The parser of ``reconstruct``.
    """
    text = "reconstruct with N draws of the masks, and write the standard deviation of each pixel beside OUT"
    command.add_argument("--spread", metavar="N", type=int, help=text)
    text = "take the spread over this network too, such as one tuned with another draw of images (may be repeated)"
    command.add_argument("--spread-weights", metavar="NAME", action="append", default=[], help=text)


def check_options(arguments: argparse.Namespace, scan: Scan, out: Path) -> list[Path]:
    """Refuse a spread that cannot be taken or written, before anything is reconstructed.

    Args:
        arguments: Of ``reconstruct``.
        scan: What is reconstructed.
        out: Where the reconstruction is written.

    Returns:
        The files of the further networks.

    Raises:
        ReconError: As :func:`~recon_lib.scans.spread.check_spread`; a network is not there, or networks are named
            without ``--spread``.
    """
    names = arguments.spread_weights
    if arguments.spread is None:
        if names:
            raise ReconError("--spread-weights adds networks to a spread: give --spread N too, the draws of the masks.")
        return []
    from recon_lib.data.networks import obtain_network
    from recon_lib.scans.spread import check_spread
    from recon_lib.scans.write import check_output

    check_spread(scan, arguments.spread, has_mask=arguments.mask is not None, networks=1 + len(names))
    check_output(spread_path(out), arguments.overwrite, folder=True)
    return [obtain_network(name) for name in names]


def take_spread(
    arguments: argparse.Namespace,
    scan: Scan,
    network: Network,
    others: list[Path],
    volume: np.ndarray,
    settings: dict[str, object],
) -> tuple[np.ndarray, dict[str, object]]:
    """Reconstruct a scan with further masks and networks.

    Args:
        arguments: Of ``reconstruct``.
        scan: The scan.
        network: The one that reconstructed ``volume``.
        others: Files of the further ones.
        volume: The reconstruction.
        settings: As it was made.

    Returns:
        The standard deviation of each pixel, and its record.

    Raises:
        ReconError: A file holds the network that reconstructed ``volume``, or the same as another.
    """
    from recon_lib.scans.reconstruct import open_network
    from recon_lib.scans.spread import spread_of

    networks = [network, *(open_network(path, arguments.precision) for path in others)]
    if len({each.sha256 for each in networks}) < len(networks):
        raise ReconError("--spread-weights names a network twice, or the one of --weights: name others.")
    return spread_of(scan, networks, arguments.spread, volume, **{**settings, "say": None})


def spread_path(out: Path) -> Path:
    """Name the map of the spread: ``a_spread.nii.gz`` beside ``a.nii.gz``."""
    name, dot, endings = out.name.partition(".")
    return out.with_name(f"{name}_spread{dot}{endings}")
