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
LEAST = 2 * KERNEL
"""The side of the smallest fully sampled centre that gives maps."""
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
    """Estimate maps by ESPIRiT (M. Uecker et al., Magn Reson Med 71:990-1001, 2014), after a look at the coils.

    Args:
        kspace: Complex ``(coils, height, width)``, zero frequency in the centre.
        mask: Boolean ``(height, width)``, true where it was sampled.
        crop: As :data:`CROP`; 0 gives maps everywhere.

    Returns:
        As :func:`espirit`.

    Raises:
        ReconError: As :func:`check_coils` and :func:`espirit`.
    """
    check_coils(kspace, mask)
    return espirit(kspace, mask, crop)


def espirit(kspace: np.ndarray, mask: np.ndarray, crop: float = CROP) -> np.ndarray:
    """Estimate maps by ESPIRiT of coils that are sound (M. Uecker et al., Magn Reson Med 71:990-1001, 2014).

    Args:
        kspace: Complex ``(coils, height, width)``, zero frequency in the centre.
        mask: Boolean ``(height, width)``, true where it was sampled.
        crop: As :data:`CROP`; 0 gives maps everywhere.

    Returns:
        Normalised maps, complex64 ``(coils, height, width)``, zero where there is no object; their phase is relative
        to the first coil's.

    Raises:
        ReconError: SigPy is not installed, the fully sampled centre is too small, or the maps are zero everywhere.
    """
    width = _calibration_width(mask)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, on newer versions of what it needs
        from sigpy.mri.app import EspiritCalib

        data = np.where(mask, kspace, 0).astype(np.complex64)
        scaled = data / np.abs(data).max()
        maps = EspiritCalib(scaled, calib_width=width, kernel_width=KERNEL, crop=crop, show_pbar=False).run()
    if not maps.any():
        raise ReconError("No object is to be seen in the fully sampled centre of k-space: give maps.")
    return normalise_maps(np.asarray(maps))


def check_coils(kspace: np.ndarray, mask: np.ndarray) -> None:
    """Refuse coils that would spoil the maps (M. Uecker et al., Magn Reson Med 71:990-1001, 2014).

    A coil that sees nothing of one slice may see another, so slices are judged together.

    Args:
        kspace: Complex ``(..., coils, height, width)``.
        mask: Boolean ``(..., height, width)``.

    Raises:
        ReconError: A coil is zero, or its centre is no stronger than its rim, as of noise (numbers count from 1); or
            as :func:`espirit`, where SigPy or the centre is missing.
    """
    width, count = _calibration_width(mask), kspace.shape[-3]
    start = [n // 2 - width // 2 for n in mask.shape[-2:]]
    block = np.zeros(mask.shape[-2:], bool)
    block[start[0] : start[0] + width, start[1] : start[1] + width] = True
    centre, rim = mask & block, mask & ~block
    for coil in range(count):
        power = np.abs(kspace[..., coil, :, :].astype(np.complex128)) ** 2
        if not power[mask].any():
            raise ReconError(f"Coil {coil + 1} of {count} is zero in every sample: leave it out.")
        if rim.any() and power[centre].mean() < NOISE * power[rim].mean():
            raise ReconError(f"Coil {coil + 1} of {count} holds noise alone: leave it out.")


def _calibration_width(mask: np.ndarray) -> int:
    """Return the side of the centre that maps are estimated from, or say what is missing for that."""
    if not importlib.util.find_spec("sigpy"):
        raise ReconError('Maps are estimated by SigPy, which is not installed: pip install "recon-lib[coils]".')
    width = min(WIDTH, centre_width(mask))
    if width < LEAST:
        raise ReconError(
            f"The fully sampled centre of {width}x{width} is too small for coil maps: sample at least "
            f"{LEAST}x{LEAST}, or give maps."
        )
    return width
