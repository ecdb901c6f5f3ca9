"""How far the choice of samples moves a reconstruction: its spread over several families of masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.style import blank_figure
from recon_lib.scans.reconstruct import Network, reconstruct_scan
from recon_lib.scans.sampling import is_undersampled
from recon_lib.scans.scan import Scan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABEL = (
    "standard deviation of each pixel over reconstructions from {count} draws of the masks: how far the choice of "
    "samples moves it. It is no bound on the error, which the network may make alike with every mask."
)
_SHOWN = 3  # slices


def check_spread(scan: Scan, count: int, has_mask: bool) -> None:
    """Refuse a spread that cannot be.

    Args:
        scan: What is reconstructed.
        count: Draws of the masks.
        has_mask: Whether the user gave the mask.

    Raises:
        ReconError: There are fewer than two draws, or the samples are fixed.
    """
    if count < 2:
        raise ReconError(f"--spread {count} gives no spread: ask for 2 draws of the masks or more.")
    if has_mask:
        raise ReconError("--spread draws several masks and --mask gives one: leave out either.")
    if is_undersampled(scan):
        raise ReconError(
            f"{scan.path} is undersampled k-space, so its samples are fixed and no other masks can be drawn: leave out "
            "--spread, and compare networks that were tuned with other draws (--seed of finetune) instead."
        )


def spread_of(
    scan: Scan, network: Network, count: int, volume: np.ndarray, seed: int = 0, **settings: object
) -> tuple[np.ndarray, dict[str, object]]:
    r"""Reconstruct a scan with further families of masks, and take the spread of each pixel.

    .. math:: s = \sqrt{\frac{1}{N - 1} \sum_k (x_k - \bar x)^2}

    Args:
        scan: Magnitudes, or fully sampled k-space.
        network: The network.
        count: ``N``, 2 or more.
        volume: The reconstruction with the masks of ``seed``, ``x_1``.
        seed: The others have the seeds after it.
        **settings: As for :func:`~recon_lib.scans.reconstruct.reconstruct_scan`.

    Returns:
        The standard deviations, float32 of the volume's shape and in its units, and the record of how they were made.
    """
    mean, squares = volume.astype(np.float64), np.zeros(volume.shape)
    record: dict[str, object] = {}
    for number in range(1, count):  # Welford's sums hold two volumes, however many there are.
        image, record = reconstruct_scan(scan, network, seed=seed + number, **settings)
        change = image - mean
        mean += change / (number + 1)
        squares += change * (image - mean)
    label = LABEL.format(count=count)
    return np.sqrt(squares / (count - 1)).astype(np.float32), {**record, "shows": label, "intensity": label}


def spread_figure(slices: np.ndarray, spread: np.ndarray, count: int, upright: bool = True) -> Figure:
    """Draw slices of a reconstruction at even distances, and the spread beside each.

    Args:
        slices: The reconstruction, ``(n, height, width)``.
        spread: Of the same shape and units.
        count: Draws of the masks.
        upright: Draw the second axis upwards, as slices with geometry are; else rows downwards.

    Returns:
        The figure, a row a slice; the map's scale ends at the largest spread of the slices that are drawn.
    """
    filled = np.flatnonzero(slices.any(axis=(1, 2)))
    places = filled[np.unique(np.linspace(0, len(filled) - 1, _SHOWN).round().astype(int))]
    figure, grid = blank_figure((5.4, 2.7 * len(places)), len(places), 2)
    turn: Callable = np.rot90 if upright else np.asarray
    largest = float(spread[places].max())
    for axes, place in zip(grid, places, strict=True):
        axes[0].imshow(turn(slices[place]), cmap="gray", vmin=0, interpolation="nearest")
        axes[0].set_title(f"slice {place}", fontsize=8)
        drawn = axes[1].imshow(turn(spread[place]), cmap="magma", vmin=0, vmax=largest, interpolation="nearest")
        axes[1].set_title(f"standard deviation over {count} masks", fontsize=8)
        figure.colorbar(drawn, ax=axes[1], fraction=0.046)
        for axis in axes:
            axis.set(xticks=[], yticks=[])
    return figure
