"""The slices of a user's k-space of several coils as acquired: undersampled where they are full, with their maps."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.coil_data import CoilAcquired, acquired_coils
from recon_lib.imaging.coil_maps import LEAST, centre_width, check_coils, espirit
from recon_lib.imaging.coils import combine, compress_coils, normalise_maps, sides_text, whiten
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import REFERENCE_MATRIX, MaskSpec
from recon_lib.scans.coil_kspace import CoilKspace
from recon_lib.scans.scan_masks import UserMask, drawn_masks

_CROP = 0.0
"""Maps are kept everywhere: of a small centre ESPIRiT's eigenvalue falls inside the object too, and where maps are zero
there the samples cannot be explained, so that the network diverges."""


@dataclass(frozen=True, eq=False)
class AcquiredCoils:
    """The slices that can be reconstructed, as acquired.

    Attributes:
        data: What the network is given of ``n`` slices; the references are full k-space combined by the same maps.
        numbers: Which slices of the scan they are, integers ``(n,)``.
        image_size: ``(height, width)`` of what is cut from the centre of their images.
        facts: How they were acquired, for the record, JSON-serialisable.
        notes: What a user should know, as :attr:`~recon_lib.scans.coil_kspace.CoilKspace.notes`.
        failures: What is wrong with the slices that cannot be reconstructed, by number.
    """

    data: CoilAcquired
    numbers: np.ndarray
    image_size: tuple[int, int]
    facts: dict[str, object]
    notes: dict[str, str]
    failures: dict[int, str]


def acquire_coil_scan(
    scan: CoilKspace,
    spec: MaskSpec,
    *,
    mask: UserMask | None = None,
    maps: np.ndarray | None = None,
    virtual_coils: int | None = None,
) -> AcquiredCoils:
    """Undersample k-space of several coils where it is full, whiten it by its noise scan, and find its maps.

    Args:
        scan: The k-space; what is undersampled is taken as it is.
        spec: The masks to undersample with.
        mask: Takes the place of the masks that ``spec`` draws.
        maps: Sensitivity maps, complex ``(coils, height, width)`` for all slices or one more axis before; estimated
            slice by slice from the fully sampled centre by default.
        virtual_coils: How many to make of the coils first.

    Returns:
        What was acquired.

    Raises:
        ReconError: Maps do not fit, or cannot be estimated in any slice; a coil holds noise alone; there are fewer
            coils than virtual ones; a mask does not fit.
    """
    if maps is not None and virtual_coils is not None:
        raise ReconError("Maps belong to the coils as they are: leave out --virtual-coils, or the maps.")
    numbers = scan.filled
    masks, facts = _masks(scan, spec if maps is not None else _with_centre(spec, scan.mask.shape[1:]), mask)
    full, given = scan.array[numbers], None if maps is None else _fitting(maps, scan)[numbers]
    if given is None:
        _judge(full, masks)
    noise = scan.stored.noise
    if noise is not None:
        full = whiten(full, noise)
        given = None if given is None else normalise_maps(whiten(given, noise))
    if virtual_coils is not None:
        matrix = compress_coils(np.where(masks[:, None], full, 0), virtual_coils)[1]  # of what was sampled alone
        full = np.einsum("vc,nchw->nvhw", matrix.astype(full.dtype), full)
    kspace = np.where(masks[:, None], full, 0)
    estimated, failures = _estimate(kspace, masks, given, numbers)
    places = np.flatnonzero(~np.isin(numbers, list(failures)))
    references = None
    if "masks" in facts:
        references = combine(ifft2c(full[places]), estimated)
    # Outside the acquired limits k-space counts as sampled and zero, so that nothing is invented there.
    data = acquired_coils(kspace[places], masks[places] | ~scan.limits, estimated, references)
    inside = masks[:, scan.limits]
    facts |= {
        "acceleration": round(float(inside.size / inside.sum()), 4),
        "coils": scan.coils,
        "virtual coils": virtual_coils,
        "maps": "estimated from the fully sampled centre" if maps is None else "given",
        "noise": "not known" if noise is None else "whitened by the file's noise scan",
        "intensity": "in the units of the input" if noise is None else "in standard deviations of a coil's noise",
    }
    return AcquiredCoils(data, numbers[places], scan.image_size, facts, {**scan.notes, **_rate_note(facts)}, failures)


def _masks(scan: CoilKspace, spec: MaskSpec, mask: UserMask | None) -> tuple[np.ndarray, dict[str, object]]:
    """Return the mask of every filled slice, boolean ``(n, height, width)``, and how it came about."""
    sampled = scan.mask[scan.filled]
    facts: dict[str, object] = {"simulation": False}
    if scan.is_undersampled:
        return sampled, facts | {"sampling": "as acquired"}
    if mask is None:
        masks, chosen = drawn_masks(sampled.shape, spec, scan.limits)
    else:
        masks, chosen = mask.fit(scan.mask.shape)[scan.filled], {"masks": {"file": mask.name}}
    return masks & sampled, facts | {"sampling": "retrospective undersampling of raw k-space", **chosen}


def _with_centre(spec: MaskSpec, size: tuple[int, ...]) -> MaskSpec:
    """Return masks whose fully sampled centre is large enough for maps: it is scaled with the matrix, the least not."""
    return replace(spec, calibration=max(spec.calibration, math.ceil(LEAST * REFERENCE_MATRIX / min(size))))


def _fitting(maps: np.ndarray, scan: CoilKspace) -> np.ndarray:
    """Check given maps against the k-space, and repeat those of one slice for all."""
    shape = scan.array.shape
    maps = maps[None] if maps.ndim == 3 else maps
    if maps.shape[1:] != shape[1:] or len(maps) not in (1, shape[0]):
        raise ReconError(
            f"The maps have the shape {maps.shape}, but the k-space is of {shape[0]} slices, {scan.coils} coils, "
            f"{sides_text(scan.array)}: give maps of its coils and size, for one slice or for all."
        )
    return np.broadcast_to(normalise_maps(maps), shape)


def _judge(kspace: np.ndarray, masks: np.ndarray) -> None:
    """Refuse bad coils, by the slices that have a centre: one without it fails alone, if there are others."""
    with_centre = np.array([centre_width(mask) >= LEAST for mask in masks])
    chosen = with_centre if with_centre.any() else slice(None)
    check_coils(kspace[chosen], masks[chosen])


def _estimate(
    kspace: np.ndarray, masks: np.ndarray, maps: np.ndarray | None, numbers: np.ndarray
) -> tuple[np.ndarray, dict[int, str]]:
    """Return the maps of every slice that has some, and what is wrong with the others."""
    estimated, failures = [], {}
    for place, number in enumerate(numbers.tolist()):
        try:
            estimated.append(espirit(kspace[place], masks[place], _CROP) if maps is None else maps[place])
        except ReconError as error:
            failures[number] = str(error)
    if not estimated:
        raise ReconError(f"No slice can be reconstructed: {failures[int(numbers[0])]}")
    return np.stack(estimated), failures


def _rate_note(facts: dict[str, object]) -> dict[str, str]:
    rate, coils = facts["acceleration"], facts["virtual coils"] or facts["coils"]
    if rate <= coils:
        return {}
    note = f"{rate:.3g}-fold undersampling is more than {coils} coils can make up for: the rest is a guess."
    return {"acceleration beyond the coils": note}
