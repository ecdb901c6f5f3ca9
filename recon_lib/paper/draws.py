"""What the draw of the fine-tuning images does to the mean over slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.paper.averages import METRICS, images_seen, summarise
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, spread
from recon_lib.paper.words import label
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def draws(results: Results | None, test_domain: str) -> pandas.DataFrame:
    """Return how the mean over slices varies with the draw of the fine-tuning images.

    Args:
        results: Ours, or ``None``.
        test_domain: The contrast.

    Returns:
        One row a network with more than one draw: ``training_domain, n_train, n_finetune, draws``, and for
        ``psnr`` and ``ssim`` the mean of the draws' means, their sample standard deviation (``_std``), the lowest
        (``_low``) and the highest (``_high``).
    """
    import pandas

    key = ["training_domain", "n_train", "n_finetune"]
    statistics = {f"{metric}{end}": (metric, how) for metric in METRICS for end, how in _ENDS.items()}
    if results is None:
        return pandas.DataFrame(columns=[*key, "draws", *statistics])
    slices = results.slices
    rows = slices[(slices["test_domain"] == test_domain) & (slices["method"] == "network") & (slices["n_finetune"] > 0)]
    means = summarise(rows, by=[*key, "draw"])
    networks = means.groupby(key).agg(draws=("draw", "size"), **statistics).reset_index()
    return networks[networks["draws"] > 1].reset_index(drop=True)


_ENDS = {"": "mean", "_std": "std", "_low": "min", "_high": "max"}


def render_draws(test_domain: str, results: Results | None) -> Rendered:
    """Tabulate how PSNR varies with the draw of the fine-tuning images.

    Args:
        test_domain: The contrast.
        results: Ours, or ``None``.

    Returns:
        Markdown: a table, or a sentence where nothing was drawn more than once.
    """
    networks = draws(results, test_domain)
    if not len(networks):
        return Rendered(
            markdown="No network was tuned with several draws of its images yet, so their spread is unknown."
        )
    seen = images_seen(results.slices)
    rows = (
        (
            label("network", network.training_domain),
            str(seen.get((network.training_domain, network.n_train), network.n_train)),
            str(network.n_finetune),
            str(network.draws),
            spread(network.psnr, network.psnr_std, 2),
            f"{network.psnr_low:.2f} to {network.psnr_high:.2f}",
        )
        for network in networks.itertuples()
    )
    return render_table(
        ("Network", "Images seen", "Tuned with", "Draws", "Mean PSNR, dB", "Lowest to highest"), rows, "lrrrrr"
    )
