"""The numbers of a slice's pictures, as the file beside a figure holds them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.paper.panel_view import slice_panels, slice_scores
from recon_lib.results.places import Place, percentile, zero_filled_psnr
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

COLUMNS = ("test_domain", "subject", "slice", "percentile", "picture", "psnr_db", "ssim", "mean_error", "largest_error")


def panel_numbers(
    results: Results, test_domain: str, place: Place, pictures: Collection[str] | None = None
) -> pandas.DataFrame:
    """List the pictures of a slice with their numbers.

    Args:
        results: Where panels and rows are.
        test_domain: The contrast.
        place: ``(subject, slice)``.
        pictures: Labels of those that a figure draws; all reconstructions by default.

    Returns:
        A row a reconstruction, columns :data:`COLUMNS`: the slice's percentile by zero-filled PSNR, PSNR and SSIM of
        the full frame as its row has them, and the mean and the largest modulus of its error, the reference's maximum
        being 1.

    Raises:
        ReconError: Nothing was kept of that slice.
    """
    import pandas

    images = slice_panels(results, test_domain, place)
    scores = slice_scores(results, test_domain, place)
    quality = zero_filled_psnr(results.slices, test_domain)
    rank = percentile(quality, place) if place in quality else np.nan
    reference = images["reference"].astype(np.float32)
    rows = []
    for label in sorted(images):
        if label in ("reference", "mask") or (pictures is not None and label not in pictures):
            continue
        error = np.abs(images[label].astype(np.float32) - reference)
        psnr, ssim = scores.get(label, (np.nan, np.nan))
        rows.append((test_domain, *place, rank, label, psnr, ssim, float(error.mean()), float(error.max())))
    return pandas.DataFrame(rows, columns=list(COLUMNS))
