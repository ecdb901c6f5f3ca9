"""K-space brought to the library's convention, and checked before it is believed.

K-space is centred (zero frequency at ``(height // 2, width // 2)``, the image's origin likewise) and orthonormal, and
its last two axes are rows and columns. What is stored otherwise is mostly a linear phase away from that: where the
zero frequency stands in k-space is a linear phase of the image, and where the image's origin stands is one of k-space.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c
from recon_lib.scans.kspace_checks import crosses_border, find_peak, is_volume_kspace, kind_of
from recon_lib.scans.limits import acquired_limits
from recon_lib.scans.options import ReadOptions

FAR = 0.25
"""Share of an axis beyond which a peak off the centre is an order that starts in the corner, not a late echo."""
_AXES = ("rows", "columns")


@dataclass(frozen=True, eq=False)
class CheckedKspace:
    """K-space in the library's convention.

    Attributes:
        array: complex64 ``(slices, height, width)``.
        limits: Boolean ``(height, width)``: the acquired limits.
        notes: What was found and done, as in :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    array: np.ndarray
    limits: np.ndarray
    notes: dict[str, str]


def check_kspace(
    kspace: np.ndarray,
    path: Path,
    options: ReadOptions,
    stated_limits: np.ndarray | None = None,
    *,
    coils: int = 1,
) -> CheckedKspace:
    """Look at k-space and bring it to the convention, or say why it cannot be.

    Args:
        kspace: Complex, ``(slices, height, width)``, finite, not zero everywhere.
        path: Its file, for messages.
        options: An order that the user vouches for is not looked for; a complex image is transformed.
        stated_limits: Boolean ``(height, width)``, the acquired limits that the file states, if it does.
        coils: So many images in a row are of one slice. With several a late echo stays: complex images keep their
            phase, and the phase of a coil alone moves its peak.

    Returns:
        K-space, its limits and what was done.

    Raises:
        ReconError: It looks like an image, or like three-dimensional k-space, or like neither.
    """
    if options.as_image:
        note = "a complex image by --image: its k-space was computed, so its undersampling is a simulation."
        whole = np.ones(kspace.shape[1:], bool)
        return CheckedKspace(fft2c(kspace).astype(np.complex64), whole, {"complex image": note})
    if options.kspace_order is None and _refuse_others(kspace, path, coils) == "neither":
        options = replace(options, kspace_order="centred")
    notes: dict[str, str] = {}
    size = kspace.shape[1:]
    centre = tuple(n // 2 for n in size)
    peak = (
        find_peak(kspace) if options.kspace_order is None else centre if options.kspace_order == "centred" else (0, 0)
    )
    shifts = [c - p for c, p in zip(centre, peak, strict=True)]
    far = [abs(shift) > FAR * n for shift, n in zip(shifts, size, strict=True)]
    if coils > 1:
        shifts = [c if is_far else 0 for c, is_far in zip(centre, far, strict=True)]
        peak = tuple(c - shift for c, shift in zip(centre, shifts, strict=True))
    # Limits are symmetric about the order's own centre: a late echo moves the peak, not what was acquired.
    order = [c if is_far else 0 for c, is_far in zip(centre, far, strict=True)]
    kspace = np.roll(kspace, order, (1, 2))
    limits = _limits(kspace, stated_limits if not any(far) else None, notes)
    rest = [shift - part for shift, part in zip(shifts, order, strict=True)]
    kspace, limits = np.roll(kspace, rest, (1, 2)), np.roll(limits, rest, (0, 1))
    if any(shifts):
        notes["k-space centred"] = _moved(peak, centre, far, options)
    kspace = _centre_object(kspace, far, notes)
    return CheckedKspace(np.ascontiguousarray(kspace, np.complex64), limits, notes)


def _refuse_others(kspace: np.ndarray, path: Path, coils: int) -> str:
    """Refuse what does not peak as k-space of slices does, and return what it was taken for.

    Coils may be so uneven that neither k-space nor images are spread widely. Their order is then not looked for, and
    what is noise alone is told by each coil.
    """
    kind = kind_of(kspace)
    vouch = "--kspace-order centred or corner if it is k-space all the same"
    if kind == "image":
        raise ReconError(
            f"{path} looks like a complex image: the energy of k-space peaks in its centre, and that of this array "
            f"does not. Add --image if it is one, {vouch}."
        )
    if kind == "neither" and coils == 1:
        raise ReconError(f"{path} is neither k-space nor an image: the energy of neither peaks anywhere. Add {vouch}.")
    if is_volume_kspace(kspace[::coils]):
        raise ReconError(
            f"{path} looks like three-dimensional k-space: transform it along its first axis to have slices, or add "
            f"{vouch}."
        )
    return kind


def _limits(kspace: np.ndarray, stated: np.ndarray | None, notes: dict[str, str]) -> np.ndarray:
    """Return what the file states, unless there are samples outside of it, or else what the samples tell."""
    sampled = kspace.any(axis=0)
    source = "as its zeros tell"
    limits = acquired_limits(sampled)
    if stated is not None and (sampled & ~stated).any():
        notes["stated limits"] = (
            "it has samples outside the limits that its header states: the header was not believed."
        )
    elif stated is not None:
        limits, source = stated, "as its header states"
    if not limits.all():
        notes["acquired limits"] = (
            f"{limits.mean():.0%} of the matrix lies within the acquired limits, {source}: undersampling is judged "
            "inside them, and what lies outside stays zero."
        )
    return limits


def _moved(peak: tuple[int, int], centre: tuple[int, ...], far: list[bool], options: ReadOptions) -> str:
    steps = " and ".join(f"{c - p:+d} {axis}" for p, c, axis in zip(peak, centre, _AXES, strict=True) if p != c)
    vouched = "by --kspace-order corner" if options.kspace_order else f"its energy peaks at {peak}, not at {centre}"
    corner = "the zero frequency is in the corner, as fft2 leaves it; " if all(far) else ""
    corner = corner or (f"the zero frequency is at the start of {_AXES[far.index(True)]}; " if any(far) else "")
    converted = "as by --kspace-order corner; " if all(far) else ""
    hint = "" if options.kspace_order else f" ({converted}--kspace-order centred leaves it where it is)"
    return f"{vouched}: {corner}k-space was moved by {steps}, a linear phase of the image{hint}."


def _centre_object(kspace: np.ndarray, far: list[bool], notes: dict[str, str]) -> np.ndarray:
    """Roll an object back that lies across the border along axes in the corner order, and note along which others."""
    across = crosses_border(kspace)
    turned = [axis for axis in (0, 1) if across[axis] and far[axis]]
    for axis in turned:
        kspace = _roll_object(kspace, axis)
    if turned:
        axes = " and ".join(_AXES[axis] for axis in turned)
        notes["origin moved"] = (
            f"the object lay across the border along {axes}, as fft2 without ifftshift leaves it: rolled back by half."
        )
    left = " and ".join(_AXES[axis] for axis in (0, 1) if across[axis] and not far[axis])
    if left:
        notes["object across the border"] = (
            f"the object lies across the border along {left}, as fftshift(fft2(image)) leaves it, and comes back so: "
            "transform fftshift(fft2(ifftshift(image))) to have it in the middle."
        )
    return kspace


def _roll_object(kspace: np.ndarray, axis: int) -> np.ndarray:
    """Roll the image back by ``n // 2`` through the phase of k-space, so that what is zero stays exactly zero."""
    count = kspace.shape[axis + 1]
    frequency = np.arange(count) - count // 2
    phase = np.exp(2j * np.pi * frequency * (count // 2) / count)
    return kspace * np.expand_dims(phase, (0, 2 - axis))
