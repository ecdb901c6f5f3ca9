"""The slices that the claims are tested on: of one contrast, by network, ours or as the paper's tables print them."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING

from recon_lib.paper.averages import METRICS, WAYS, tuned_count
from recon_lib.paper.intervals import Unit
from recon_lib.paper.reference import paper
from recon_lib.paper.verdicts import Outcome, Verdict

if TYPE_CHECKING:
    import pandas


class Networks:
    """The slices of one test domain, by network, measured by one metric.

    Args:
        slices: Rows of ``slices.csv.gz``, or ``None`` before anything has been run.
        test_domain: The contrast.
        printed: Whether these are the means of the paper's tables, which have no subjects and allow no interval.

    Attributes:
        metric: ``psnr`` or ``ssim``.
        way: How it is measured, a key of :data:`recon_lib.paper.averages.WAYS`; by default as in the tables.
    """

    def __init__(self, slices: pandas.DataFrame | None, test_domain: str, *, printed: bool = False) -> None:
        self.test_domain = test_domain
        self.printed = printed
        self.metric, self.way = "psnr", ""
        self.slices = None if slices is None else slices[slices["test_domain"] == test_domain]
        self.tuned = tuned_count(self.slices, test_domain)

    def measured_by(self, metric: str, way: str = "") -> Networks:
        """Return the same slices measured otherwise.

        Args:
            metric: ``psnr`` or ``ssim``.
            way: A key of :data:`recon_lib.paper.averages.WAYS`.
        """
        _ = self._cells  # grouped once for all ways
        measured = copy.copy(self)
        measured.metric, measured.way = metric, way
        return measured

    @property
    def unit(self) -> Unit:
        """The unit of differences in the metric."""
        return Unit.DECIBEL if self.metric == "psnr" else Unit.NONE

    @property
    def digits(self) -> int:
        """The digits of a difference: of SSIM one more than the paper prints, since limits are of its last digit."""
        return METRICS[self.metric][1] + (self.metric == "ssim")

    def sizes(self, training_domain: str) -> list[int]:
        """Numbers of training images of a domain's networks, ascending."""
        return sorted({n for method, domain, n, _ in self._cells if (method, domain) == ("network", training_domain)})

    def counts(self, training_domain: str) -> list[int]:
        """Numbers of fine-tuning images of a domain's networks, ascending."""
        return sorted({n for method, domain, _, n in self._cells if (method, domain) == ("network", training_domain)})

    def score(self, training_domain: str, n_finetune: int, n_train: int | None = None) -> pandas.Series | None:
        """Return a network's metric by (subject, slice), mean over draws; ``None`` if that was not run.

        ``n_train`` is by default the largest that any network here was trained on, as in the paper's Tables 1 and 2.
        """
        largest = max((n for method, _, n, _ in self._cells if method == "network"), default=0)
        return self._column(self._cells.get(("network", training_domain, n_train or largest, n_finetune)))

    def sensing(self) -> dict[str, pandas.Series]:
        """Return the metric of every variant of CS by (subject, slice); one that was not measured so is left out."""
        columns = {key[0]: self._column(cell) for key, cell in sorted(self._cells.items()) if key[0].startswith("cs:")}
        return {method: column for method, column in columns.items() if column is not None}

    def untested(self, reason: str) -> Verdict:
        """Return the verdict of a claim that cannot be tested, and why it cannot."""
        return Verdict(self.test_domain, Outcome.UNTESTED, reason=reason)

    def _column(self, cell: pandas.DataFrame | None) -> pandas.Series | None:
        """Return the metric's column without slices that have no value; ``None`` if none has one."""
        name = self.metric + self.way
        column = None if cell is None or name not in cell else cell[name].dropna()
        return column if column is not None and len(column) else None

    @cached_property
    def _cells(self) -> dict[tuple, pandas.DataFrame]:
        """Every metric by (subject, slice), mean over draws, for each method and network; -1 where none applies."""
        if self.slices is None or not len(self.slices):
            return {}
        key = ["method", "training_domain", "n_train", "n_finetune"]
        columns = [metric + way for metric in METRICS for way in WAYS if metric + way in self.slices]
        counts = {name: self.slices[name].fillna(-1).astype(int) for name in key[2:]}
        grouped = self.slices.assign(**counts).groupby([*key, "subject", "slice"])[columns].mean()
        return {cell: rows.droplevel(key) for cell, rows in grouped.groupby(level=key, sort=False)}


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
