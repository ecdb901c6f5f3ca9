"""A network on the user's own scans: reconstruct them, and measure the network on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from keras import ops

from recon_lib import __version__
from recon_lib.core.errors import ReconError, choose
from recon_lib.core.files import sha256
from recon_lib.imaging.acquisition import to_channels, to_complex
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import KINDS, MaskSpec
from recon_lib.imaging.metrics import psnr, slice_metrics
from recon_lib.network.cascade import Cascade
from recon_lib.network.files import load_network
from recon_lib.network.inference import parts
from recon_lib.network.training import Progress
from recon_lib.scans.references import Slices, bright_slices
from recon_lib.scans.sampling import BY_REFERENCE, BY_ZERO_FILLED, Acquired, acquire_scan, is_undersampled, simulate
from recon_lib.scans.scan import Scan


@dataclass(frozen=True, eq=False)
class Network:
    """A network read from a file.

    Attributes:
        name: The file's name without its ending.
        cascade: Ready to run.
        card: What is known of it.
        sha256: Of the file.
    """

    name: str
    cascade: Cascade
    card: dict
    sha256: str

    def masks(self, acceleration: float, seed: int) -> MaskSpec:
        """Return masks like those of its training, but for acceleration and seed."""
        trained = self.card.get("parameters", {}).get("masks", {})
        known = {key: trained[key] for key in KINDS if key in trained}
        return MaskSpec(acceleration, seed=seed, **known)


def open_network(path: Path) -> Network:
    """Read a network, checked by architecture and sha256.

    Args:
        path: The ``.safetensors`` file.

    Raises:
        ReconError: As :func:`~recon_lib.network.files.load_network`, or its normalisation is unknown here.
    """
    cascade, card = load_network(path)
    choose(f"normalisation of {path}", card.get("normalisation"), (BY_REFERENCE, BY_ZERO_FILLED))
    return Network(path.stem, cascade, card, sha256(path))


def apply_network(cascade: Cascade, acquired: Acquired, progress: Progress | None = None) -> np.ndarray:
    """Reconstruct what was acquired.

    Args:
        cascade: A network.
        acquired: Slices of a scan.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Magnitudes after the last data consistency, float32 ``(n, height, width)``, in the scale of
        ``acquired.kspace``.
    """
    count, after = len(acquired.kspace), []
    for part in parts(count, acquired.kspace.shape[1:], cascade):
        places = np.arange(count)[part]
        after.append(np.abs(_run(cascade, acquired.take(places))))
        if progress:
            progress(int(places[-1]) + 1, count, {})
    return np.concatenate(after)


def _run(cascade: Cascade, part: Acquired) -> np.ndarray:
    """Return the complex images after the last data consistency.

    Where there is a phase ``p``, a sub-network sees ``p* x`` instead of ``x``, and data consistency sees ``p C(p* x)``:
    the samples belong to the image with its phase. A network that keeps the phase of what it sees needs none.
    """
    zero_filled, mask = ifft2c(part.kspace), part.mask.astype(np.float32)
    if part.phase is None or cascade.architecture.phase == "kept":
        output = cascade.predict_on_batch((to_channels(zero_filled), mask))
        return to_complex(ops.convert_to_numpy(output["image"]))
    image = zero_filled
    for subnetwork in cascade.subnetworks:
        real = ops.convert_to_numpy(subnetwork.predict_on_batch(to_channels(image * part.phase.conj())))[..., 0]
        consistent = cascade.consistency(to_channels(real * part.phase), to_channels(zero_filled), mask)
        image = to_complex(ops.convert_to_numpy(consistent))
    return image


def reconstruct_scan(
    scan: Scan,
    network: Network,
    *,
    acceleration: float | None = None,
    axis: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[np.ndarray, dict[str, object]]:
    """Reconstruct every slice of a scan.

    Args:
        scan: Magnitudes, which are undersampled first, or k-space.
        network: The network.
        acceleration: Of the undersampling; 4 by default. K-space that is undersampled already has its own.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.
        seed: Chooses another family of masks.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Magnitudes in the scan's intensity units, float32, of its array's shape (slices that were empty
        stay so); and the record of how they were made.

    Raises:
        ReconError: As :func:`~recon_lib.scans.sampling.acquire_scan`.
    """
    acquired = _acquire(scan, network, acceleration, axis, seed)
    after = apply_network(network.cascade, acquired, progress)
    images = np.zeros((acquired.slices, *after.shape[1:]), np.float32)
    images[acquired.numbers] = after * acquired.scales[:, None, None]
    record = {
        "reconstructed by": f"recon_lib {__version__}",
        "input": scan.path.name,
        "network": {"name": network.name, "sha256": network.sha256},
        **acquired.facts,
        "axis": scan.axis(axis),
        "slices": acquired.slices,
        "empty slices": acquired.slices - len(acquired.numbers),
        "scales": [float(f"{value:.7g}") for value in acquired.scales],
        "intensity": "in the units of the input",
    }
    return scan.restore(images, axis), record


def evaluate_scan(
    scan: Scan,
    network: Network,
    *,
    acceleration: float | None = None,
    axis: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[dict[str, object]]:
    """Measure a network, and zero-filling, on the slices of a scan that show enough.

    Args:
        scan: Magnitudes, or fully sampled k-space.
        network: The network.
        acceleration: Of the undersampling; 4 by default.
        axis: As for :func:`reconstruct_scan`.
        seed: As for :func:`reconstruct_scan`.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Two rows a slice: ``scan, slice, method, acceleration, simulation`` and the metrics.

    Raises:
        ReconError: There is no reference, because the k-space is undersampled, or no slice shows enough.
    """
    acquired = _acquire(scan, network, acceleration, axis, seed)
    if acquired.reference is None:
        raise ReconError(f"{scan.path} is undersampled k-space, so it has no reference: give fully sampled scans.")
    shown = bright_slices(acquired.reference * acquired.scales[:, None, None])
    if not shown.size:
        raise ReconError(f"{scan.path} has no slice with enough bright pixels to measure: leave it out.")
    acquired = acquired.take(shown)
    about = {"scan": scan.path.name, **{key: acquired.facts[key] for key in ("acceleration", "simulation")}}
    return [{**about, **row} for row in measure(network, acquired, progress)]


def measure(network: Network, acquired: Acquired, progress: Progress | None = None) -> list[dict[str, object]]:
    """Compare reconstructions with their references.

    Args:
        network: The network.
        acquired: Slices with references.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        Two rows a slice, ``zero_filled`` and ``network``: ``slice, method`` and the metrics.
    """
    made = _both(network, acquired, progress)
    rows = []
    for k, (number, reference) in enumerate(zip(acquired.numbers, acquired.reference, strict=True)):
        for method, images in made.items():
            values = slice_metrics(reference, images[k], data_range=reference.max())
            rows.append({"slice": int(number), "method": method, **values})
    return rows


def mean_psnr(network: Network, held: Slices, acceleration: float = 4.0, seed: int = 0) -> dict[str, float]:
    """Return the mean PSNR over held-out slices.

    Args:
        network: The network.
        held: The slices.
        acceleration: Of the undersampling.
        seed: Chooses another family of masks.

    Returns:
        dB by method: ``zero_filled`` and ``network``.
    """
    acquired = simulate(held.images, network.masks(acceleration, seed), network.card["normalisation"])
    made = _both(network, acquired)
    means = {}
    for method, images in made.items():
        pairs = zip(acquired.reference, images, strict=True)
        means[method] = float(
            np.mean([psnr(reference, image, data_range=reference.max()) for reference, image in pairs])
        )
    return means


def _both(network: Network, acquired: Acquired, progress: Progress | None = None) -> dict[str, np.ndarray]:
    """Reconstruct by zero-filling and by the network: magnitudes by method."""
    return {
        "zero_filled": np.abs(ifft2c(acquired.kspace)),
        "network": apply_network(network.cascade, acquired, progress),
    }


def _acquire(scan: Scan, network: Network, acceleration: float | None, axis: str | None, seed: int) -> Acquired:
    if acceleration is not None and is_undersampled(scan):
        raise ReconError(
            f"{scan.path} is undersampled already: leave out --acceleration, it is reconstructed as it was sampled."
        )
    spec = network.masks(4.0 if acceleration is None else acceleration, seed)
    return acquire_scan(scan, spec, axis=axis, normalisation=network.card["normalisation"])
