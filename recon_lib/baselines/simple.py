"""Reconstructions without training or iteration: conjugate symmetry."""

from __future__ import annotations

import numpy as np


def fill_by_symmetry(kspace: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill what was not sampled with the conjugate of its mirror image: ``y(-k)* = y(k)`` for a real image.

    Source: D. Feinberg et al., Radiology 161:527-31, 1986, who halved the time of a scan so.

    Args:
        kspace: Complex array of shape ``(..., height, width)``, zero frequency in the centre.
        mask: Boolean array that broadcasts to it, true where it was sampled.

    Returns:
        K-space of the same shape and precision: what was sampled as it is; elsewhere the conjugate of the
        sample at ``-k``, where that was sampled, and zero where neither was.
    """
    mask = np.broadcast_to(np.asarray(mask, dtype=bool), np.shape(kspace))
    return np.where(mask, kspace, np.where(_mirror(mask), np.conj(_mirror(kspace)), 0)).astype(kspace.dtype)


def _mirror(kspace: np.ndarray) -> np.ndarray:
    """Take ``k`` to ``-k`` about the zero frequency, modulo the size."""
    height, width = np.shape(kspace)[-2:]
    rows, columns = ((2 * (n // 2) - np.arange(n)) % n for n in (height, width))
    return kspace[..., rows[:, None], columns]
