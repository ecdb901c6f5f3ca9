"""The acquired limits of k-space: inside them undersampling is judged, outside of them nothing is invented."""

from __future__ import annotations

import numpy as np

WHOLE = 0.95
"""Limits that hold so much of the matrix are the whole matrix: masks leave a few of its outermost samples out."""
FULL = 0.9
"""Share of the samples within the limits from which on k-space counts as fully sampled."""


def acquired_limits(sampled: np.ndarray) -> np.ndarray:
    """Return the limits that the sampled points tell: a rectangle, an ellipse, whatever they fill.

    Every row and column is filled from its first to its last sample, until nothing is left to fill. Limits are
    symmetric about the zero frequency: the other half of partial Fourier sampling was left out, but it is needed. An
    edge that is no further than the widest gap between sampled lines belongs to them too.

    Args:
        sampled: Boolean ``(height, width)``, zero frequency in the centre, in any slice.

    Returns:
        Boolean ``(height, width)``; everything where that is :data:`WHOLE` or more.
    """
    limits = _reach_edges(sampled)
    limits, count = limits | mirror(limits), -1
    while limits.sum() != count:
        count = limits.sum()
        for axis in (0, 1):
            before = np.logical_or.accumulate(limits, axis)
            after = np.flip(np.logical_or.accumulate(np.flip(limits, axis), axis), axis)
            limits = before & after
    return limits if limits.mean() < WHOLE else np.ones_like(limits)


def _reach_edges(sampled: np.ndarray) -> np.ndarray:
    """Let lines that are left out within the limits be left out at an edge too: repeat the outermost line there."""
    reached = sampled.copy()
    for axis in (0, 1):
        lines, view = np.flatnonzero(sampled.any(axis=1 - axis)), np.moveaxis(reached, axis, 0)
        gap = np.diff(lines).max(initial=1) - 1
        if lines.size and 0 < lines[0] <= gap:
            view[0] |= view[lines[0]]
        if lines.size and 0 < len(view) - 1 - lines[-1] <= gap:
            view[-1] |= view[lines[-1]]
    return reached


def mirror(mask: np.ndarray) -> np.ndarray:
    """Turn a mask about the zero frequency, ``k`` to ``-k``; the lowest frequency of an even axis is its own mirror.

    Args:
        mask: ``(height, width)``, zero frequency in the centre.
    """
    return np.roll(np.flip(mask), [1 - n % 2 for n in mask.shape], (0, 1))


def is_full(sampled: np.ndarray, limits: np.ndarray) -> bool:
    """Tell whether k-space was fully sampled within its limits.

    Args:
        sampled: Boolean ``(n, height, width)``.
        limits: Boolean ``(height, width)``.
    """
    return bool(sampled[:, limits].mean() >= FULL)
