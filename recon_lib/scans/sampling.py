"""What a network sees of a scan: k-space with its mask, scaled, and the reference where there is one.

Magnitude images are undersampled after the fact. That is a simulation: their k-space never left a
scanner, it has no phase, no coil and less noise, so methods may look better than on raw data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.acquisition import Acquired, Acquisition, to_channels
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import MaskSpec
from recon_lib.scans.kspace_checks import low_pass
from recon_lib.scans.limits import acquired_limits, is_full
from recon_lib.scans.scaling import FEW, limit, peaks
from recon_lib.scans.scan import Scan
from recon_lib.scans.scan_masks import UserMask, drawn_masks

WHY = (
    "SIMULATION: the k-space was computed from magnitude images and undersampled retrospectively; it has no phase, "
    "no coils and processed noise, so methods may look better than on raw data ('data crimes', Shimron et al., "
    "PNAS 119:e2117203119, 2022)."
)
WHY_COMPLEX = WHY.replace("magnitude images", "complex images").replace("it has no phase, no coils", "it has no coils")
BY_REFERENCE = "each slice divided by the maximum of its reference"
BY_ZERO_FILLED = "each slice divided by the maximum of its zero-filled magnitude"
PHASE_WINDOW = 0.14
"""Half width of the window on k-space that the phase is estimated in, 1 being the middle of an edge."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AcquiredScan(Acquired):
    """The slices of a scan that are not empty, as acquired and divided by their scales.

    The networks learned from images without phase, so of raw k-space there is a ``phase``, estimated from its centre.
    There is a ``target`` where the k-space is full: its magnitude. Outside the acquired limits of k-space the ``mask``
    is 1 and the k-space zero, so that data consistency invents nothing there.

    Attributes:
        scales: float64 ``(n,)``, intensity units of the scan.
        numbers: Which slices of the scan they are, ``(n,)``.
        slices: How many it has, with the empty ones.
        facts: How they were acquired and scaled, for the record, JSON-serialisable.
        notes: What the user is told of it, as :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    scales: np.ndarray
    numbers: np.ndarray
    slices: int
    facts: dict[str, object]
    notes: dict[str, str] = field(default_factory=dict)


def acquire_scan(
    scan: Scan,
    spec: MaskSpec | None = None,
    *,
    axis: str | None = None,
    normalisation: str = BY_REFERENCE,
    mask: UserMask | None = None,
) -> AcquiredScan:
    """Undersample a scan's slices, or take raw k-space as it was sampled.

    Args:
        scan: Magnitudes, or k-space. K-space that :func:`is_undersampled` is taken as it is.
        spec: The masks to undersample with, 4-fold by default; of no use where :func:`is_undersampled`.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.
        normalisation: :data:`BY_REFERENCE` or :data:`BY_ZERO_FILLED`, as the network was trained; without a
            reference it is always the latter.
        mask: Takes the place of the masks that ``spec`` draws.

    Returns:
        What was acquired.

    Raises:
        ReconError: No mask of this size reaches the acceleration, or the user's mask does not fit, or has no use.
    """
    slices = scan.slices(axis)
    numbers = np.flatnonzero(slices.any(axis=(1, 2)))
    signal, shape = slices[numbers], (len(numbers), *slices.shape[1:])
    undersampled = is_undersampled(scan)
    if undersampled and mask is not None:
        raise ReconError(f"{scan.path} is undersampled already: leave out --mask, it is taken as it was sampled.")
    limits = limits_of(scan) if scan.kind == "kspace" else None
    if undersampled:
        masks, chosen = None, {}
    elif mask is None:
        masks, chosen = drawn_masks(shape, spec or MaskSpec(), limits)
    else:
        masks, chosen = mask.fit(slices.shape)[numbers], {"masks": {"file": mask.name}}
    if limits is None:
        acquired = _undersample(np.maximum(signal, 0), masks, chosen, normalisation)
        acquired.facts["negative values set to zero"] = int((slices < 0).sum())
    else:
        acquired = _acquire_raw(signal, masks, limits, chosen, normalisation)
        if scan.computed:
            acquired.facts.update(simulation=True, why=WHY_COMPLEX, sampling="undersampled complex images")
    notes = {**acquired.notes, **_mask_notes(scan, mask, undersampled, acquired.facts)}
    return replace(acquired, numbers=numbers, slices=len(slices), notes=notes)


def is_undersampled(scan: Scan) -> bool:
    """Tell whether a scan is k-space that was not fully sampled within its acquired limits, empty slices apart."""
    if scan.kind != "kspace" or scan.computed:
        return False
    slices = scan.slices()
    return not is_full(slices[slices.any(axis=(1, 2))] != 0, limits_of(scan))


def limits_of(scan: Scan) -> np.ndarray:
    """Return the acquired limits of k-space, boolean ``(height, width)``: as read, or else as its zeros tell."""
    return acquired_limits(scan.slices().any(axis=0)) if scan.limits is None else scan.limits


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
    return _undersample(images, *drawn_masks(images.shape, spec), normalisation)


def _undersample(images: np.ndarray, masks: np.ndarray, chosen: dict[str, object], normalisation: str) -> AcquiredScan:
    facts = {"simulation": True, "sampling": "retrospective undersampling of magnitude images", **chosen, "why": WHY}
    images, dominated = limit(images)
    acquired = _scaled(Acquisition(masks).forward(images), masks, None, images, normalisation, facts)
    notes = _scale_notes(dominated, ", and what is brighter was taken for as bright as that")
    return replace(acquired, notes={**acquired.notes, **notes})


def _acquire_raw(
    kspace: np.ndarray, masks: np.ndarray | None, limits: np.ndarray, chosen: dict[str, object], normalisation: str
) -> AcquiredScan:
    """Undersample full k-space with masks, or take k-space as it is where there are none."""
    sampled = kspace != 0
    facts: dict[str, object] = {"simulation": False, "phase": "estimated from the centre of k-space, slice by slice"}
    reference = None
    if masks is None:
        facts["sampling"] = "as acquired"
    else:
        facts |= {"sampling": "retrospective undersampling of raw k-space", **chosen}
        reference, sampled = np.abs(ifft2c(np.where(limits, kspace, 0))), sampled & masks
    kspace = np.where(limits & sampled, kspace, 0)
    acquired = _scaled(kspace, sampled, limits, reference, normalisation, facts)
    return replace(acquired, phase=to_channels(smooth_phase(kspace)))


def _scaled(
    kspace: np.ndarray,
    mask: np.ndarray,
    limits: np.ndarray | None,
    reference: np.ndarray | None,
    normalisation: str,
    facts: dict[str, object],
) -> AcquiredScan:
    """Zero-fill the slices and divide each by its scale; without a reference that is the zero-filled maximum."""
    limits = np.ones(mask.shape[1:], bool) if limits is None else limits
    zero_filled = Acquisition(mask).adjoint(kspace)
    normalisation = BY_ZERO_FILLED if reference is None else normalisation
    scales, dominated = peaks(reference if normalisation == BY_REFERENCE else np.abs(zero_filled))
    divisor = scales[:, None, None].astype(np.float32)
    inside = mask[:, limits]
    facts = {**facts, "acceleration": round(float(inside.size / inside.sum()), 4), "normalisation": normalisation}
    if not limits.all():
        facts["acquired limits"] = {
            "share of the matrix": round(float(limits.mean()), 4),
            "acceleration": "inside them",
        }
    return AcquiredScan(
        zero_filled=to_channels(zero_filled / divisor),
        mask=(mask | ~limits).astype(np.float32),
        target=None if reference is None else (reference / divisor).astype(np.float32)[..., None],
        scales=scales,
        numbers=np.arange(len(kspace)),
        slices=len(kspace),
        facts=facts,
        notes=_scale_notes(dominated),
    )


def _scale_notes(dominated: np.ndarray, limited: str = "") -> dict[str, str]:
    if not dominated.any():
        return {}
    note = (
        f"in {int(dominated.sum())} of {len(dominated)} slices a few voxels outshine the rest: those were scaled by "
        f"the {1 - FEW:.1%} percentile of their magnitude instead of its maximum{limited}."
    )
    return {"scaled by a percentile": note}


def _mask_notes(scan: Scan, mask: UserMask | None, undersampled: bool, facts: dict[str, object]) -> dict[str, str]:
    if mask is not None:
        used = f"undersampled with the mask {mask.name}, {facts['acceleration']:.3g}-fold."
        return {**mask.notes, "mask used": used}
    if scan.mask is not None and not undersampled:
        unused = (
            "its k-space is full and it holds a mask of its own, which was not used: --mask own undersamples by it."
        )
        return {"mask not used": unused}
    return {}


def smooth_phase(kspace: np.ndarray) -> np.ndarray:
    """Estimate the phase of images from the centre of their k-space, through a Hann window.

    Args:
        kspace: ``(n, height, width)``, zero frequency in the centre.

    Returns:
        complex64 of the same shape and modulus 1.
    """
    low = ifft2c(kspace * low_pass(kspace.shape[1:], PHASE_WINDOW))
    return np.exp(1j * np.angle(low)).astype(np.complex64)
