"""The slices that the claims are tested on: of one contrast, by network, ours or as the paper's tables print them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from recon_lib.paper.averages import tuned_count
from recon_lib.paper.intervals import Outcome, Verdict
from recon_lib.paper.reference import paper

if TYPE_CHECKING:
    import pandas


class Networks:
    """The slices of one test domain, by network.

    Args:
        slices: Rows of ``slices.csv.gz``, or ``None`` before anything has been run.
        test_domain: The contrast.
    """

    def __init__(self, slices: pandas.DataFrame | None, test_domain: str) -> None:
        self.test_domain = test_domain
        self.slices = None if slices is None else slices[slices["test_domain"] == test_domain]
        self.tuned = tuned_count(self.slices, test_domain)

    def sizes(self, training_domain: str) -> list[int]:
        """Numbers of training images of a domain's networks, ascending."""
        return sorted({n for method, domain, n, _ in self._cells if (method, domain) == ("network", training_domain)})

    def counts(self, training_domain: str) -> list[int]:
        """Numbers of fine-tuning images of a domain's networks, ascending."""
        return sorted({n for method, domain, _, n in self._cells if (method, domain) == ("network", training_domain)})

    def score(
        self,
        training_domain: str,
        n_finetune: int,
        metric: str = "psnr",
        n_train: int | None = None,
    ) -> pandas.Series | None:
        """Return a network's metric by (subject, slice), mean over draws; ``None`` if that was not run.

        ``n_train`` is by default the largest that any network here was trained on, as in the paper's Tables 1 and 2.
        """
        largest = max((n for method, _, n, _ in self._cells if method == "network"), default=0)
        cell = self._cells.get(("network", training_domain, n_train or largest, n_finetune))
        return None if cell is None else cell[metric]

    def sensing(self, metric: str = "psnr") -> dict[str, pandas.Series]:
        """Return a metric of every variant of CS by (subject, slice)."""
        return {key[0]: cell[metric] for key, cell in sorted(self._cells.items()) if key[0].startswith("cs:")}

    @cached_property
    def _cells(self) -> dict[tuple, pandas.DataFrame]:
        """PSNR and SSIM by (subject, slice), mean over draws, for each method and network; -1 where none applies."""
        if self.slices is None or not len(self.slices):
            return {}
        key = ["method", "training_domain", "n_train", "n_finetune"]
        counts = {name: self.slices[name].fillna(-1).astype(int) for name in key[2:]}
        grouped = self.slices.assign(**counts).groupby([*key, "subject", "slice"])[["psnr", "ssim"]].mean()
        return {cell: rows.droplevel(key) for cell, rows in grouped.groupby(level=key, sort=False)}

    def untested(self, reason: str) -> Verdict:
        """Return the verdict of a claim that cannot be tested, and why it cannot."""
        return Verdict(self.test_domain, Outcome.UNTESTED, note=reason)


def paper_slices() -> pandas.DataFrame:
    """Return the paper's tables as if each mean were one slice, for the checks to run on.

    Returns:
        Columns ``method, training_domain, n_train, n_finetune, test_domain, subject, slice, psnr, ssim``; the paper's
        CS is ``cs:literal``.
    """
    frame = paper()
    key = ["test_domain", "method", "training_domain", "n_train", "n_finetune"]
    wide = frame.pivot_table(index=[*key, "table"], columns="metric", values="mean", dropna=False).dropna()
    means = wide.reset_index().groupby(key, dropna=False)[["psnr", "ssim"]].mean().reset_index()
    means["method"] = means["method"].replace("cs", "cs:literal")
    return means.assign(subject="paper", slice=0)
