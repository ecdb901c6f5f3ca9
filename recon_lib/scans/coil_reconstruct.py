"""A network of several coils on the user's own k-space: complex images in its units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib import __version__
from recon_lib.core.errors import ReconError
from recon_lib.core.progress import Progress
from recon_lib.imaging.masks import MaskSpec
from recon_lib.network.coil_cascade import CoilCascade
from recon_lib.network.coil_files import load_coil_network
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.results.released import NetworkCard
from recon_lib.scans.coil_kspace import CoilKspace
from recon_lib.scans.coil_sampling import AcquiredCoils, acquire_coil_scan
from recon_lib.scans.oversampling import cut_centre
from recon_lib.scans.scan_masks import UserMask

CoilObserver = Callable[[AcquiredCoils, np.ndarray], None]
"""Called with slices as acquired, and the network's complex images in their scale, ``(n, height, width)``."""


@dataclass(frozen=True, eq=False)
class CoilNetwork:
    """A network of several coils, read from a file.

    Attributes:
        name: The file's name without its ending.
        cascade: Ready to run.
        card: What is known of it, with the file's sha256.
    """

    name: str
    cascade: CoilCascade
    card: NetworkCard

    def masks(self, acceleration: float, seed: int) -> MaskSpec:
        """Return masks like those of its training, but for acceleration and seed."""
        calibration = self.card.parameters.get("calibration", MaskSpec.calibration)
        return MaskSpec(acceleration, calibration=calibration, seed=seed)


def open_coil_network(path: Path) -> CoilNetwork:
    """Read a network of several coils.

    Args:
        path: The ``.safetensors`` file.

    Raises:
        ReconError: As :func:`~recon_lib.network.coil_files.load_coil_network`.
    """
    return CoilNetwork(path.stem, *load_coil_network(path))


def reconstruct_coil_scan(
    scan: CoilKspace,
    network: CoilNetwork,
    *,
    maps: np.ndarray | None = None,
    virtual_coils: int | None = None,
    acceleration: float | None = None,
    seed: int = 0,
    mask: UserMask | None = None,
    observe: CoilObserver | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, object], dict[int, str]]:
    """Reconstruct every slice of k-space of several coils.

    Args:
        scan: The k-space. What is full is undersampled first.
        network: The network.
        maps: As for :func:`~recon_lib.scans.coil_sampling.acquire_coil_scan`.
        virtual_coils: How many to make of the coils first.
        acceleration: Of the undersampling, 4 by default; k-space that is undersampled already has its own.
        seed: Chooses another family of masks.
        mask: Takes the place of the masks that are drawn.
        observe: Called with what was acquired and reconstructed, for a report.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        complex64 images ``(slices, height, width)`` in the units of the k-space, or of its noise where that
        is known; zero in slices that were empty or
        could not be reconstructed; the record of how they were made; and what is wrong with slices, by number.

    Raises:
        ReconError: As :func:`~recon_lib.scans.coil_sampling.acquire_coil_scan`, or an acceleration or a mask is given
            for k-space that is undersampled already.
    """
    for option, value in (("--acceleration", acceleration), ("--mask", mask)):
        if value is not None and scan.is_undersampled:
            raise ReconError(f"{scan.path} is undersampled already: leave out {option}, it is taken as it was sampled.")
    if acceleration is not None and mask is not None:
        raise ReconError(f"The mask {mask.name} has an acceleration of its own: leave out --acceleration.")
    spec = network.masks(MaskSpec.acceleration if acceleration is None else acceleration, seed)
    acquired = acquire_coil_scan(scan, spec, mask=mask, maps=maps, virtual_coils=virtual_coils)
    images = reconstruct_coils(network.cascade, acquired.data, progress)
    images = cut_centre(images, acquired.image_size)
    if observe:
        observe(acquired, images / acquired.data.scales[:, None, None])
    whole = np.zeros((len(scan.array), *images.shape[1:]), np.complex64)
    whole[acquired.numbers] = images
    record = {
        "reconstructed by": f"recon_lib {__version__}",
        "input": scan.path.name,
        "network": {"name": network.name, "sha256": network.card.sha256},
        **acquired.facts,
        "slices": len(scan.array),
        "empty slices": len(scan.array) - len(scan.filled),
        "failed slices": sorted(acquired.failures),
        "notes": acquired.notes,
    }
    return whole, record, acquired.failures
