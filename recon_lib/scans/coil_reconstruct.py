"""A network of several coils on the user's own k-space: maps, then complex images in its units."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon_lib import __version__
from recon_lib.core.errors import ReconError
from recon_lib.core.progress import Progress
from recon_lib.imaging.coil_data import acquired_coils
from recon_lib.imaging.coil_maps import estimate_maps
from recon_lib.imaging.coils import compress_coils, normalise_maps, sides_text
from recon_lib.network.coil_files import load_coil_network
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.scans.coil_kspace import CoilKspace


def reconstruct_coil_scan(
    scan: CoilKspace,
    network: Path,
    *,
    maps: np.ndarray | None = None,
    compress: int | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """Reconstruct every slice of k-space of several coils.

    Args:
        scan: The k-space.
        network: File of a network of several coils.
        maps: Sensitivity maps, complex ``(coils, height, width)`` for all slices or one more axis before; estimated
            slice by slice from the fully sampled centre by default.
        compress: Virtual coils to make of the coils first.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Complex images ``(slices, height, width)`` in the units of the k-space; the maps, ``(slices, coils, height,
        width)``; and the record of how they were made.

    Raises:
        ReconError: Maps do not fit, or cannot be estimated; fewer coils than are asked for; no such network.
    """
    cascade, card = load_coil_network(network)
    kspace = scan.array
    if compress is not None:
        if maps is not None:
            raise ReconError("Maps belong to the coils as they are: leave out --compress, or the maps.")
        kspace = compress_coils(kspace, compress)[0]
    if maps is None:
        pairs = zip(kspace, scan.mask, strict=True)
        maps = np.stack([estimate_maps(coils, mask) for coils, mask in pairs])
        source = "estimated from the fully sampled centre"
    else:
        maps, source = _fitting(maps, kspace), "given"
    images = reconstruct_coils(cascade, acquired_coils(kspace, scan.mask, maps), progress)
    record = {
        "reconstructed by": f"recon_lib {__version__}",
        "input": scan.path.name,
        "network": {"name": network.stem, "sha256": card.sha256},
        "coils": int(scan.array.shape[1]),
        "virtual coils": compress,
        "maps": source,
        "acceleration": round(scan.acceleration, 4),
        "slices": len(images),
        "notes": dict(scan.notes),
    }
    return images, maps, record


def _fitting(maps: np.ndarray, kspace: np.ndarray) -> np.ndarray:
    """Check given maps against the k-space, and repeat those of one slice for all."""
    maps = maps if maps.ndim == 4 else maps[None]
    if maps.shape[1:] != kspace.shape[1:] or len(maps) not in (1, len(kspace)):
        raise ReconError(
            f"The maps have the shape {maps.shape[1:]}, but the k-space is of {kspace.shape[1]} coils, "
            f"{sides_text(kspace)}: give maps of its coils and size."
        )
    return np.broadcast_to(normalise_maps(maps), kspace.shape)
