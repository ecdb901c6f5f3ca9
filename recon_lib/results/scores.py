"""What a released network gives on the test slices of its profile."""

from __future__ import annotations

from recon_lib.results.released import NetworkCard
from recon_lib.results.store import Results


def scores(results: Results, card: NetworkCard) -> dict[str, dict[str, float]]:
    """Return what a network gives on the test slices, from the results.

    Args:
        results: A verified folder of results.
        card: The network's card.

    Returns:
        By test domain: mean ``psnr`` in dB and ``ssim``, those of the zero-filled images (``psnr_zero_filled``,
        ``ssim_zero_filled``), and ``slices``. A domain on which it was not tested is left out.
    """
    rows, key = results.slices, card.key
    start = rows[rows["method"] == "zero_filled"].groupby("test_domain")[["psnr", "ssim"]].mean()
    if key.variation is not None:
        rows = results.variations[results.variations["variation"] == key.variation]
    chosen = (
        (rows["method"] == "network")
        & (rows["training_domain"] == key.training_domain)
        & (rows["n_train"] == (key.n_train or -1))
        & (rows["n_finetune"] == (key.n_finetune or 0))
        & (rows["draw"].fillna(0) == (key.draw or 0))
    )
    if card.kind == "finetune":
        chosen &= rows["test_domain"] == key.test_domain
    means_of = {}
    for domain, part in rows[chosen.fillna(False)].groupby("test_domain"):
        means = {"psnr": float(part["psnr"].mean()), "ssim": float(part["ssim"].mean()), "slices": len(part)}
        if domain in start.index:
            means |= {f"{key}_zero_filled": float(start.loc[domain, key]) for key in ("psnr", "ssim")}
        means_of[str(domain)] = means
    return means_of
