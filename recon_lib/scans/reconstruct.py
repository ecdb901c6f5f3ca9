"""A network on the user's own scans: reconstruct them, and measure the network on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib import __version__
from recon_lib.core.errors import ReconError, choose
from recon_lib.core.files import sha256
from recon_lib.core.progress import Progress
from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.masks import KINDS, MaskSpec
from recon_lib.imaging.metrics import psnr, slice_metrics
from recon_lib.network.cascade import Cascade
from recon_lib.network.inference import apply_network
from recon_lib.network.precision import Precision, load_chosen
from recon_lib.results.released import NetworkCard
from recon_lib.scans.references import Slices, bright_slices
from recon_lib.scans.sampling import BY_REFERENCE, BY_ZERO_FILLED, AcquiredScan, acquire_scan, is_undersampled, simulate
from recon_lib.scans.scaling import peaks
from recon_lib.scans.scan import Scan
from recon_lib.scans.scan_masks import UserMask

Observer = Callable[[AcquiredScan, np.ndarray], None]
"""Called with slices as acquired, and the network's reconstructions in their scale, ``(n, height, width)``."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network read from a file.

    Attributes:
        name: The file's name without its ending.
        cascade: Ready to run.
        card: What is known of it.
        sha256: Of the file.
        precision: What its hidden layers compute in here, and why.
    """

    name: str
    cascade: Cascade
    card: NetworkCard
    sha256: str
    precision: Precision

    def masks(self, acceleration: float, seed: int) -> MaskSpec:
        """Return masks like those of its training, but for acceleration and seed."""
        known = {name: self.card.masks[name] for name in KINDS if name in self.card.masks}
        return MaskSpec(acceleration, seed=seed, **known)


def open_network(path: Path, precision: str | None = None, *, tuning: bool = False) -> Network:
    """Read a network, checked by architecture and sha256.

    Args:
        path: The ``.safetensors`` file.
        precision: ``auto``, ``float32`` or ``bfloat16``; by default what ``RECON_PRECISION`` says, or ``auto``.
        tuning: Its weights are going to be changed.

    Raises:
        ReconError: As :func:`~recon_lib.network.precision.load_chosen`, or its normalisation is unknown here.
    """
    cascade, card, chosen = load_chosen(path, precision, tuning=tuning)
    choose(f"normalisation of {path}", card.normalisation, (BY_REFERENCE, BY_ZERO_FILLED))
    return Network(path.stem, cascade, card, sha256(path), chosen)


def reconstruct_scan(
    scan: Scan,
    network: Network,
    *,
    acceleration: float | None = None,
    axis: str | None = None,
    seed: int = 0,
    mask: UserMask | None = None,
    say: Callable[[str], None] | None = None,
    observe: Observer | None = None,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, object]]:
    """Reconstruct every slice of a scan.

    Args:
        scan: Magnitudes, which are undersampled first, or k-space.
        network: The network.
        acceleration: Of the undersampling; 4 by default. K-space that is undersampled already has its own.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.
        seed: Chooses another family of masks.
        mask: Takes the place of the masks that are drawn.
        say: Called with each note on how it was acquired and scaled.
        observe: Called with what was acquired and reconstructed, for a report.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Magnitudes in the scan's intensity units, float32, of its array's shape (slices that were empty
        stay so); and the record of how they were made.

    Raises:
        ReconError: As :func:`~recon_lib.scans.sampling.acquire_scan`.
    """
    acquired = _acquire(scan, network, acceleration=acceleration, axis=axis, seed=seed, mask=mask, say=say)
    after, _ = apply_network(network.cascade, acquired, progress)
    if observe:
        observe(acquired, after)
    images = np.zeros((acquired.slices, *after.shape[1:]), np.float32)
    images[acquired.numbers] = after * acquired.scales[:, None, None]
    record = {
        "reconstructed by": f"recon_lib {__version__}",
        "input": scan.path.name,
        "network": {"name": network.name, "sha256": network.sha256},
        "precision": network.precision.name,
        **acquired.facts,
        "axis": scan.axis(axis),
        "slices": acquired.slices,
        "empty slices": acquired.slices - len(acquired.numbers),
        "scales": [float(f"{value:.7g}") for value in acquired.scales],
        "intensity": "in the units of the input",
        "notes": {**scan.notes, **acquired.notes},
    }
    return scan.restore(images, axis), record


def evaluate_scan(
    scan: Scan,
    network: Network,
    *,
    acceleration: float | None = None,
    axis: str | None = None,
    seed: int = 0,
    mask: UserMask | None = None,
    say: Callable[[str], None] | None = None,
    observe: Observer | None = None,
    progress: Progress | None = None,
) -> list[dict[str, object]]:
    """Measure a network, and zero-filling, on the slices of a scan that show enough.

    Args:
        scan: Magnitudes, or fully sampled k-space.
        network: The network.
        acceleration: Of the undersampling; 4 by default.
        axis: As for :func:`reconstruct_scan`.
        seed: As for :func:`reconstruct_scan`.
        mask: As for :func:`reconstruct_scan`.
        say: As for :func:`reconstruct_scan`.
        observe: As for :func:`reconstruct_scan`.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Two rows a slice: ``scan, slice, method, acceleration, simulation``, the metrics and ``precision``.

    Raises:
        ReconError: There is no reference, because the k-space is undersampled, or no slice shows enough.
    """
    acquired = _acquire(scan, network, acceleration=acceleration, axis=axis, seed=seed, mask=mask, say=say)
    if acquired.target is None:
        raise ReconError(f"{scan.path} is undersampled k-space, so it has no reference: give fully sampled scans.")
    bright = bright_slices(acquired.target[..., 0] * acquired.scales[:, None, None])
    if not bright.size:
        raise ReconError(f"{scan.path} has no slice with enough bright pixels to measure: leave it out.")
    acquired = acquired.take(bright)
    facts = {"scan": scan.path.name, **{key: acquired.facts[key] for key in ("acceleration", "simulation")}}
    rows = measure(network, acquired, progress, observe)
    return [{**facts, **row, "precision": network.precision.name} for row in rows]


def measure(
    network: Network, acquired: AcquiredScan, progress: Progress | None = None, observe: Observer | None = None
) -> list[dict[str, object]]:
    """Compare reconstructions with their references.

    Args:
        network: The network.
        acquired: Slices with references.
        progress: Called with slices done, slices in all and an empty row.
        observe: As for :func:`reconstruct_scan`.

    Returns:
        Two rows a slice, ``zero_filled`` and ``network``: ``slice, method`` and the metrics. Their data range is what
        the reference is scaled by: its maximum, or a percentile where few voxels dominate.
    """
    made = _both(network, acquired, progress)
    if observe:
        observe(acquired, made["network"])
    rows, ranges = [], peaks(acquired.target[..., 0])[0]
    for k, (number, reference) in enumerate(zip(acquired.numbers, acquired.target[..., 0], strict=True)):
        for method, images in made.items():
            values = slice_metrics(reference, images[k], data_range=ranges[k])
            rows.append({"slice": int(number), "method": method, **values})
    return rows


def mean_psnr(
    network: Network, held: Slices, acceleration: float = MaskSpec.acceleration, seed: int = 0
) -> dict[str, float]:
    """Return the mean PSNR over held-out slices.

    Args:
        network: The network.
        held: The slices.
        acceleration: Of the undersampling.
        seed: Chooses another family of masks.

    Returns:
        dB by method: ``zero_filled`` and ``network``.
    """
    acquired = simulate(held.images, network.masks(acceleration, seed), network.card.normalisation)
    made = _both(network, acquired)
    means, ranges = {}, peaks(acquired.target[..., 0])[0]
    for method, images in made.items():
        rows = zip(acquired.target[..., 0], images, ranges, strict=True)
        means[method] = float(np.mean([psnr(reference, image, data_range=peak) for reference, image, peak in rows]))
    return means


def _both(network: Network, acquired: AcquiredScan, progress: Progress | None = None) -> dict[str, np.ndarray]:
    """Reconstruct by zero-filling and by the network: magnitudes by method."""
    return {
        "zero_filled": np.abs(to_complex(acquired.zero_filled)),
        "network": apply_network(network.cascade, acquired, progress)[0],
    }


def _acquire(
    scan: Scan,
    network: Network,
    *,
    acceleration: float | None,
    axis: str | None,
    seed: int,
    mask: UserMask | None,
    say: Callable[[str], None] | None,
) -> AcquiredScan:
    if acceleration is not None and is_undersampled(scan):
        raise ReconError(
            f"{scan.path} is undersampled already: leave out --acceleration, it is reconstructed as it was sampled."
        )
    spec = network.masks(MaskSpec.acceleration if acceleration is None else acceleration, seed)
    if acceleration is not None and mask is not None:
        raise ReconError(f"The mask {mask.name} has an acceleration of its own: leave out --acceleration.")
    acquired = acquire_scan(scan, spec, axis=axis, normalisation=network.card.normalisation, mask=mask)
    for sentence in acquired.notes.values() if say else ():
        say(sentence)
    return acquired
