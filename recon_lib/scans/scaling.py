"""What a slice is divided by: its maximum, or a percentile where a few voxels outshine the rest."""

from __future__ import annotations

import numpy as np

FEW = 0.001
"""Share of a slice's voxels that are few: those above its 99.9th percentile."""
FEWEST = 4
"""So many voxels are few in a small slice."""
DOMINANT = 4.0
"""A slice is dominated by few voxels if its maximum is more than this many times the brightest of the others, in the
slice and in the whole scan: of 1316 real slices that show enough of the head no maximum is more than 2.9 times that."""


def peaks(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by what each slice is divided.

    Args:
        images: Magnitudes ``(n, height, width)``, none of them zero everywhere: the slices of one scan.

    Returns:
        float64 ``(n,)``, each slice's maximum, or the brightest of its voxels but the :data:`FEW` where those dominate;
        and boolean ``(n,)``, where they do.
    """
    strongest = images.max(axis=(1, 2)).astype(np.float64)
    rest = brightest_of_the_rest(images)
    scan_rest = brightest_of_the_rest(images.reshape(1, -1, images.shape[-1]))[0]
    dominated = (strongest > DOMINANT * np.maximum(rest, scan_rest)) & (rest > 0)
    return np.where(dominated, rest, strongest), dominated


def limit(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take the few voxels that dominate a slice for as bright as the brightest of the others.

    A voxel 15 times as bright as the rest is a fault of the scanner or of resampling. Undersampled it folds over the
    whole slice, which no scaling mends.

    Args:
        images: Magnitudes ``(n, height, width)``, none of them zero everywhere: the slices of one scan.

    Returns:
        float32 images, the given ones where nothing dominates; and boolean ``(n,)``, where something did.
    """
    scales, dominated = peaks(images)
    if not dominated.any():
        return images, dominated
    ceiling = np.where(dominated, scales, np.inf)[:, None, None]
    return np.minimum(images, ceiling).astype(np.float32), dominated


def brightest_of_the_rest(images: np.ndarray) -> np.ndarray:
    """Return the brightest voxel of each slice when its few brightest are left out.

    Args:
        images: ``(n, height, width)``.

    Returns:
        float64 ``(n,)``.
    """
    flat = images.reshape(len(images), -1)
    few = min(max(FEWEST, int(FEW * flat.shape[1])), flat.shape[1] - 1)
    return np.partition(flat, -few - 1, axis=1)[:, -few - 1].astype(np.float64)
