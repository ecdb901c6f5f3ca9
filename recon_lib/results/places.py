"""Which test slice a figure shows: its rank among all of them by the PSNR of its zero-filled image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError
from recon_lib.results.panels import median_key

if TYPE_CHECKING:
    import pandas

Place = tuple[str, int]  # subject and number of the slice


def zero_filled_psnr(slices: pandas.DataFrame, test_domain: str) -> dict[Place, float]:
    """Return how good every test slice is before any reconstruction.

    Args:
        slices: Rows of the profile's own runs.
        test_domain: The contrast.

    Returns:
        PSNR of the zero-filled image in dB, by subject and slice.
    """
    rows = slices[(slices["method"] == "zero_filled") & (slices["test_domain"] == test_domain)]
    means = rows.groupby(["subject", "slice"])["psnr"].mean()
    return {(str(subject), int(number)): float(value) for (subject, number), value in means.items()}


def median_place(slices: pandas.DataFrame, test_domain: str) -> Place:
    """Choose a slice without looking: of all test slices, the one whose zero-filled PSNR is the median.

    Args:
        slices: Rows of the profile's own runs.
        test_domain: The contrast.

    Returns:
        Subject and slice, the lower one of an even number.

    Raises:
        ReconError: There is no row of zero-filled slices of that contrast.
    """
    quality = zero_filled_psnr(slices, test_domain)
    if not quality:
        raise ReconError(f"There are no zero-filled slices of {test_domain!r}: collect its evaluations.")
    return median_key(quality)


def percentile(quality: Mapping[Place, float], place: Place) -> float:
    """Return the percentile of a slice: the share of slices below it, and half of those that equal it.

    Args:
        quality: By slice, as :func:`zero_filled_psnr` gives it.
        place: Subject and slice.

    Returns:
        Per cent, between 0 and 100.

    Raises:
        ReconError: The slice is not among them.
    """
    if place not in quality:
        raise ReconError(f"Slice {place[1]} of {place[0]} has no zero-filled row: choose one of the test slices.")
    values = list(quality.values())
    below = sum(value < quality[place] for value in values)
    return 100 * (below + values.count(quality[place]) / 2) / len(values)
