"""Means over slices, and which numbers of images stand for the paper's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recon_lib.experiment.design import TUNED

if TYPE_CHECKING:
    import pandas

METRICS = {"psnr": ("PSNR, dB", 2), "ssim": ("SSIM", 3)}
#: How a metric scales an image and which pixels it counts, by the end of its column's name.
WAYS = {"": "the reference's scale", "_own_max": "own maximum", "_brain": "head only"}
KEY = ["method", "training_domain", "n_train", "n_finetune"]


def summarise(slices: pandas.DataFrame, by: Sequence[str] = ("test_domain", *KEY)) -> pandas.DataFrame:
    """Average PSNR and SSIM over slices.

    Args:
        slices: Rows of ``slices.csv.gz``.
        by: The columns whose values make a row of the summary.

    Returns:
        One row a group: ``by``, then ``psnr, psnr_std, ssim, ssim_std, slices, subjects``.
    """
    means = slices.groupby([*by, "subject", "slice"], dropna=False, as_index=False)[list(METRICS)].mean()
    groups = means.groupby(list(by), dropna=False)
    return groups.agg(
        psnr=("psnr", "mean"),
        psnr_std=("psnr", "std"),
        ssim=("ssim", "mean"),
        ssim_std=("ssim", "std"),
        slices=("slice", "size"),
        subjects=("subject", "nunique"),
    ).reset_index()


def images_seen(slices: pandas.DataFrame) -> dict[tuple[str, int], int]:
    """Return how many different images the networks were trained on, where there were fewer than was asked for too.

    Args:
        slices: Rows of ``slices.csv.gz``.

    Returns:
        The number by training domain and the number that was asked for; a network without it on record is left out.
    """
    networks = slices[(slices["method"] == "network") & slices["n_images"].notna()]
    counts = networks.groupby(["training_domain", "n_train"])["n_images"].max()
    return {(str(domain), int(n_train)): int(count) for (domain, n_train), count in counts.items()}


def tuned_count(slices: pandas.DataFrame | None, test_domain: str) -> int:
    """Return the fine-tuning images that stand for the paper's 20: those, or the largest number that was run."""
    if slices is None:
        return TUNED
    rows = slices[(slices["test_domain"] == test_domain) & (slices["method"] == "network")]
    counts = {int(n) for n in rows["n_finetune"].dropna() if n > 0}
    return TUNED if TUNED in counts or not counts else max(counts)
