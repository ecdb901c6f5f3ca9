"""How far the samples, and the tuning of the network, move a reconstruction: its spread over masks and networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.style import blank_figure
from recon_lib.scans.reconstruct import Network, reconstruct_scan
from recon_lib.scans.sampling import is_undersampled
from recon_lib.scans.scan import Scan

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 3  # slices


def describe(count: int, networks: int) -> str:
    """Say what a spread is, and what it is not.

    Args:
        count: Draws of the masks.
        networks: How many.
    """
    masks = f"{count} draws of the masks"
    draws, causes = {
        (True, False): (masks, "the choice of samples moves"),
        (False, True): (f"{networks} networks", "the tuning of the network moves"),
        (True, True): (f"{masks} by each of {networks} networks", "samples and tuning together move"),
    }[count > 1, networks > 1]
    return (
        f"standard deviation of each pixel over reconstructions from {draws}: how far {causes} it. It is no bound on "
        "the error, of which they may all make a part alike."
    )


def check_spread(scan: Scan, count: int, *, has_mask: bool, networks: int = 1) -> None:
    """Refuse a spread that cannot be.

    Args:
        scan: What is reconstructed.
        count: Draws of the masks.
        has_mask: Whether the user gave the mask.
        networks: How many reconstruct it.

    Raises:
        ReconError: There are fewer than two reconstructions, or several draws of masks where the samples are fixed.
    """
    if count < 1 or count * networks < 2:
        raise ReconError(
            f"--spread {count} gives no spread: ask for 2 draws of the masks or more, or for 1 and further networks by "
            "--spread-weights."
        )
    if count == 1:
        return
    over_networks = "ask for --spread 1 and name further networks by --spread-weights"
    if has_mask:
        raise ReconError(
            f"--spread {count} draws several masks and --mask gives one: leave out --mask, or {over_networks}."
        )
    if is_undersampled(scan):
        raise ReconError(
            f"{scan.path} is undersampled k-space, so its samples are fixed and no other masks can be drawn: leave out "
            f"--spread, or {over_networks}, such as those that finetune gives with other seeds."
        )


def spread_of(
    scan: Scan, networks: Sequence[Network], count: int, volume: np.ndarray, seed: int = 0, **settings: object
) -> tuple[np.ndarray, dict[str, object]]:
    r"""Reconstruct a scan with further networks and families of masks, and take the spread of each pixel.

    .. math:: s = \sqrt{\frac{1}{N - 1} \sum_k (x_k - \bar x)^2}

    Args:
        scan: Magnitudes or k-space.
        networks: Each reconstructs the scan with every family of masks.
        count: Families of masks; times the networks it is ``N``, 2 or more.
        volume: The reconstruction by the first network with the masks of ``seed``, ``x_1``.
        seed: The other families have the seeds after it.
        **settings: As for :func:`~recon_lib.scans.reconstruct.reconstruct_scan`.

    Returns:
        The standard deviations, float32 of the volume's shape and in its units, and the record of how they were made.
    """
    mean, squares = volume.astype(np.float64), np.zeros(volume.shape)
    record: dict[str, object] = {}
    draws = [(network, seed + number) for network in networks for number in range(count)]
    for made, (network, family) in enumerate(draws[1:], start=2):  # Welford's sums hold two volumes, however many.
        image, record = reconstruct_scan(scan, network, seed=family, **settings)
        change = image - mean
        mean += change / made
        squares += change * (image - mean)
    names = [{"name": network.name, "sha256": network.sha256} for network in networks]
    shows = describe(count, len(networks))
    deviations = np.sqrt(squares / (len(draws) - 1)).astype(np.float32)
    return deviations, {**record, "network": names[0], "networks": names, "shows": shows, "intensity": shows}


def spread_figure(slices: np.ndarray, spread: np.ndarray, upright: bool = True) -> Figure:
    """Draw slices of a reconstruction at even distances, and the spread beside each.

    Args:
        slices: The reconstruction, ``(n, height, width)``.
        spread: Of the same shape and units.
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
        axes[1].set_title("standard deviation", fontsize=8)
        figure.colorbar(drawn, ax=axes[1], fraction=0.046)
        for axis in axes:
            axis.set(xticks=[], yticks=[])
    return figure
