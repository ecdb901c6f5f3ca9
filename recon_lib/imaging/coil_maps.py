"""Sensitivity maps from the fully sampled centre of k-space, by ESPIRiT as SigPy has it."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coils import normalise_maps

WIDTH = 24
"""The side of the centre that maps are estimated from, where so much of it is fully sampled."""
KERNEL = 6
"""The side of ESPIRiT's kernels, in samples."""
CROP = 0.95
"""Where ESPIRiT's eigenvalue is below this there is no object: the maps are zero there."""
NOISE = 3.0
"""A coil whose centre of k-space is not so many times as strong as its rim, in power, holds noise alone."""


def centre_width(mask: np.ndarray) -> int:
    """Return the side of the largest square about the zero frequency that is fully sampled (M. Uecker et al., 2014).

    Args:
        mask: Boolean ``(..., height, width)``; a sample counts if every mask has it.
    """
    sampled = np.asarray(mask, bool).all(axis=tuple(range(np.ndim(mask) - 2)))
    middle = [n // 2 for n in sampled.shape]
    width = 0
    while width < min(sampled.shape):
        start = [m - (width + 1) // 2 for m in middle]
        if not sampled[start[0] : start[0] + width + 1, start[1] : start[1] + width + 1].all():
            break
        width += 1
    return width


def estimate_maps(kspace: np.ndarray, mask: np.ndarray, crop: float = CROP) -> np.ndarray:
    """Estimate maps by ESPIRiT (M. Uecker et al., Magn Reson Med 71:990-1001, 2014).

    Args:
        kspace: Complex ``(coils, height, width)``, zero frequency in the centre.
        mask: Boolean ``(height, width)``, true where it was sampled.
        crop: As :data:`CROP`; 0 gives maps everywhere.

    Returns:
        Normalised maps, complex64 ``(coils, height, width)``, zero where there is no object; their phase is relative
        to the first coil's.

    Raises:
        ReconError: SigPy is not installed, the fully sampled centre is too small, a coil is zero or noise alone, or
            the maps are zero everywhere.
    """
    if not importlib.util.find_spec("sigpy"):
        raise ReconError('Maps are estimated by SigPy, which is not installed: pip install "recon-lib[coils]".')
    width = min(WIDTH, centre_width(mask))
    if width < 2 * KERNEL:
        raise ReconError(
            f"The fully sampled centre of {width}x{width} is too small for coil maps: sample at least "
            f"{2 * KERNEL}x{2 * KERNEL}, or give maps."
        )
    check_coils(kspace, mask, width)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on newer versions of what it needs
        from sigpy.mri.app import EspiritCalib

        data = np.where(mask, kspace, 0).astype(np.complex64)
        scaled = data / np.abs(data).max()
        maps = EspiritCalib(scaled, calib_width=width, kernel_width=KERNEL, crop=crop, show_pbar=False).run()
    if not maps.any():
        raise ReconError("No object is to be seen in the fully sampled centre of k-space: give maps.")
    return normalise_maps(np.asarray(maps))


def check_coils(kspace: np.ndarray, mask: np.ndarray, width: int = WIDTH) -> None:
    """Refuse coils that would spoil the maps (M. Uecker et al., Magn Reson Med 71:990-1001, 2014).

    Args:
        kspace: Complex ``(coils, height, width)``.
        mask: Boolean ``(height, width)``.
        width: The side of the fully sampled centre.

    Raises:
        ReconError: A coil is zero, or its centre is no stronger than its rim, as of noise; numbers count from 1.
    """
    power = np.abs(kspace.astype(np.complex128)) ** 2
    start = [n // 2 - width // 2 for n in mask.shape]
    centre = np.zeros(mask.shape, bool)
    centre[start[0] : start[0] + width, start[1] : start[1] + width] = True
    rim = mask & ~centre
    for number, coil in enumerate(power, start=1):
        if not coil[mask].any():
            raise ReconError(f"Coil {number} of {len(power)} is zero in every sample: leave it out.")
        if rim.any() and coil[centre & mask].mean() < NOISE * coil[rim].mean():
            raise ReconError(f"Coil {number} of {len(power)} holds noise alone: leave it out.")
