"""What a user says of a scan before it is read, and what is done to its values then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recon_lib.core.errors import choose

ORDERS = ("centred", "corner")
"""Where the zero frequency of k-space may stand: at ``n // 2`` of each axis, or at index 0."""


@dataclass(frozen=True)
class ReadOptions:
    """How a scan is read. By default nothing is assumed, and what is doubtful is refused or noted.

    Attributes:
        kspace_order: One of :data:`ORDERS`: the user vouches for it, so that it is not looked for. ``None`` looks.
        as_image: A complex array is an image, not k-space.
        nan_to_zero: NaN and infinite values become zero.
        clip_negative: Negative values of magnitudes become zero, however many and low they are.
        series: Number, description or identifier of the DICOM series; ``None`` is the one with the most images.

    Raises:
        ReconError: The order is unknown.
    """

    kspace_order: str | None = None
    as_image: bool = False
    nan_to_zero: bool = False
    clip_negative: bool = False
    series: str | None = None

    def __post_init__(self) -> None:
        """Check the order."""
        if self.kspace_order is not None:
            choose("k-space order", self.kspace_order, ORDERS)


def mend_values(array: np.ndarray, options: ReadOptions) -> tuple[np.ndarray, dict[str, str]]:
    """Set to zero what the user said may be, before a scan refuses it.

    Args:
        array: Magnitudes or complex numbers, of any shape.
        options: Says what may be mended.

    Returns:
        An array of the same shape and type, the given one if nothing was done; and a sentence for each change, as in
        :attr:`~recon_lib.scans.scan.Scan.notes`.
    """
    notes = {}
    if options.nan_to_zero:
        bad = ~np.isfinite(array)
        if bad.any():
            array = np.where(bad, 0, array).astype(array.dtype)
            notes["nan to zero"] = f"{int(bad.sum())} NaN or infinite values were set to zero."
    if options.clip_negative and not np.iscomplexobj(array):
        negative = array < 0
        if negative.any():
            notes["negative to zero"] = (
                f"{int(negative.sum())} negative values, down to {array.min():.6g}, were set to zero."
            )
            array = np.where(negative, 0, array).astype(array.dtype)
    return array, notes
