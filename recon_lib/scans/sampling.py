"""What a network sees of a scan: k-space with its mask, scaled, and the reference where there is one.

Magnitude images are undersampled after the fact. That is a simulation: their k-space never left a
scanner, it has no phase, no coil and less noise, so every method looks better than on raw data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from recon_lib.imaging.acquisition import Acquired, Acquisition, to_channels
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import MaskSpec, mask_stack
from recon_lib.scans.scan import Scan

WHY = (
    "SIMULATION: the k-space was computed from magnitude images and undersampled retrospectively; it has no phase, "
    "no coils and processed noise, so every method looks better than on raw data ('data crimes', Shimron et al., "
    "PNAS 119:e2117203119, 2022)."
)
FULL = 0.9
"""Share of k-space from which on it counts as fully sampled: scanners leave some of its edges zero."""
BY_REFERENCE = "each slice divided by the maximum of its reference"
BY_ZERO_FILLED = "each slice divided by the maximum of its zero-filled magnitude"
PHASE_WINDOW = 0.14
"""Half width of the window on k-space that the phase is estimated in, 1 being the middle of an edge."""
_MASKS = 20  # So many masks are shared by the slices of a scan in turn.


@dataclass(frozen=True, eq=False, kw_only=True)
class AcquiredScan(Acquired):
    """The slices of a scan that are not empty, as acquired and divided by their scales.

    The networks learned from images without phase, so of raw k-space there is a ``phase``, estimated from its centre.
    There is a ``target`` where the k-space is full: its magnitude.

    Attributes:
        scales: float64 ``(n,)``, intensity units of the scan.
        numbers: Which slices of the scan they are, ``(n,)``.
        slices: How many it has, with the empty ones.
        facts: How they were acquired and scaled, for the record, JSON-serialisable.
    """

    scales: np.ndarray
    numbers: np.ndarray
    slices: int
    facts: dict[str, object]


def acquire_scan(
    scan: Scan, spec: MaskSpec | None = None, *, axis: str | None = None, normalisation: str = BY_REFERENCE
) -> AcquiredScan:
    """Undersample a scan's slices, or take raw k-space as it was sampled.

    Args:
        scan: Magnitudes, or k-space. K-space that is sampled by less than :data:`FULL` is taken as it is.
        spec: The masks to undersample with, 4-fold by default; of no use where :func:`is_undersampled`.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.
        normalisation: :data:`BY_REFERENCE` or :data:`BY_ZERO_FILLED`, as the network was trained; without a
            reference it is always the latter.

    Returns:
        What was acquired.

    Raises:
        ReconError: No mask of this size reaches the acceleration.
    """
    slices = scan.slices(axis)
    numbers = np.flatnonzero(slices.any(axis=(1, 2)))
    signal, spec = slices[numbers], spec or MaskSpec()
    if scan.kind == "kspace":
        acquired = _acquire_raw(signal, None if is_undersampled(scan) else spec, normalisation)
        return replace(acquired, numbers=numbers, slices=len(slices))
    acquired = simulate(np.maximum(signal, 0), spec, normalisation)
    facts = {**acquired.facts, "negative values set to zero": int((slices < 0).sum())}
    return replace(acquired, numbers=numbers, slices=len(slices), facts=facts)


def is_undersampled(scan: Scan) -> bool:
    """Tell whether a scan is k-space of which less than :data:`FULL` was sampled, empty slices apart."""
    if scan.kind != "kspace":
        return False
    slices = scan.slices()
    return bool((slices[slices.any(axis=(1, 2))] != 0).mean() < FULL)


def simulate(images: np.ndarray, spec: MaskSpec, normalisation: str = BY_REFERENCE) -> AcquiredScan:
    """Undersample magnitude images, each with one of a few test masks in turn.

    Args:
        images: float32 ``(n, height, width)``, none of them zero everywhere.
        spec: The masks.
        normalisation: As for :func:`acquire_scan`.

    Returns:
        What a scanner would have acquired of them, had they been its objects.

    Raises:
        ReconError: No mask of this size reaches the acceleration.
    """
    masks, description = _masks(images.shape, spec)
    facts = {"simulation": True, "sampling": "retrospective undersampling of magnitude images", **description}
    facts["why"] = WHY
    return _scaled(Acquisition(masks).forward(images), masks, images, normalisation, facts)


def _acquire_raw(kspace: np.ndarray, spec: MaskSpec | None, normalisation: str) -> AcquiredScan:
    """Undersample full k-space with masks, or take k-space as it is where there is no specification of them."""
    mask = kspace != 0
    facts: dict[str, object] = {"simulation": False, "phase": "estimated from the centre of k-space, slice by slice"}
    reference = None
    if spec is None:
        facts["sampling"] = "as acquired"
    else:
        masks, description = _masks(kspace.shape, spec)
        facts |= {"sampling": "retrospective undersampling of raw k-space", **description}
        reference, mask = np.abs(ifft2c(kspace)), mask & masks
    acquired = _scaled(kspace, mask, reference, normalisation, facts)
    return replace(acquired, phase=to_channels(smooth_phase(np.where(mask, kspace, 0))))


def _masks(shape: tuple[int, ...], spec: MaskSpec) -> tuple[np.ndarray, dict[str, object]]:
    pool = mask_stack(shape[1:], min(_MASKS, shape[0]), "test", spec)
    description = {"power": spec.power, "calibration": spec.calibration, "seed": spec.seed, "count": len(pool)}
    return pool[np.arange(shape[0]) % len(pool)], {"masks": description}


def _scaled(
    kspace: np.ndarray, mask: np.ndarray, reference: np.ndarray | None, normalisation: str, facts: dict[str, object]
) -> AcquiredScan:
    """Zero-fill the slices and divide each by its scale; without a reference that is the zero-filled maximum."""
    zero_filled = Acquisition(mask).adjoint(kspace)
    normalisation = BY_ZERO_FILLED if reference is None else normalisation
    measured = reference if normalisation == BY_REFERENCE else np.abs(zero_filled)
    scales = measured.max(axis=(1, 2)).astype(np.float64)
    divisor = scales[:, None, None].astype(np.float32)
    facts = {**facts, "acceleration": round(float(mask.size / mask.sum()), 4), "normalisation": normalisation}
    return AcquiredScan(
        zero_filled=to_channels(zero_filled / divisor),
        mask=mask.astype(np.float32),
        target=None if reference is None else (reference / divisor).astype(np.float32)[..., None],
        scales=scales,
        numbers=np.arange(len(kspace)),
        slices=len(kspace),
        facts=facts,
    )


def smooth_phase(kspace: np.ndarray) -> np.ndarray:
    """Estimate the phase of images from the centre of their k-space, through a Hann window.

    Args:
        kspace: ``(n, height, width)``, zero frequency in the centre.

    Returns:
        complex64 of the same shape and modulus 1.
    """
    window = np.ones((1, 1))
    for axis, count in enumerate(kspace.shape[1:]):
        distance = np.abs(np.arange(count) - count // 2) / (count / 2) / PHASE_WINDOW
        hann = np.where(distance < 1, 0.5 + 0.5 * np.cos(np.pi * distance), 0)
        window = window * np.expand_dims(hann, 1 - axis)
    low = ifft2c(kspace * window)
    return np.exp(1j * np.angle(low)).astype(np.complex64)
