"""Measured effects of choices: mean differences in PSNR between two ways of doing one thing, slice by slice.

A *variation* is a run that differs from the profile's own in one choice, labelled in the column ``variation``; its
base has the same training domain, numbers of images and draw, so the networks compared differ in that choice alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import TUNED, domain_name
from recon_lib.paper.intervals import Estimate, bootstrap, side_by_side
from recon_lib.paper.words import label, state
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_CELL = ["method", "training_domain", "n_train", "n_finetune"]
_PAIR = ["test_domain", *_CELL, "draw", "subject", "slice"]


@dataclass(frozen=True)
class Effect:
    """What a choice changes for one network (or another method).

    Attributes:
        method: As in the results.
        training_domain: Likewise.
        n_train: Training images; 0 where it does not apply.
        n_finetune: Fine-tuning images; 0 for a network as trained, or where it does not apply.
        by_domain: Test domain to the mean difference, with its interval over subjects.
        metric: What it is a difference of: ``psnr``, dB, or ``ssim``.
    """

    method: str
    training_domain: str
    n_train: int
    n_finetune: int
    by_domain: dict[str, Estimate]
    metric: str = "psnr"

    @property
    def name(self) -> str:
        """What it was measured on, for a reader."""
        if self.method != "network":
            return label(self.method, self.training_domain)
        return f"{self.n_train} {domain_name(self.training_domain)}, {self.state}"

    @property
    def state(self) -> str:
        """Whether the network was tuned, for a reader."""
        return state(self.n_finetune)


def largest(slices: pandas.DataFrame) -> pandas.DataFrame:
    """Keep the rows of the networks trained on the most images.

    Args:
        slices: Rows of slices.
    """
    networks = slices[slices["method"] == "network"]
    return networks[networks["n_train"] == networks["n_train"].max()]


def of_photographs(slices: pandas.DataFrame, counts: Iterable[int]) -> dict[str, pandas.DataFrame]:
    """Take the rows of the networks trained on the most photographs.

    Args:
        slices: Rows of slices.
        counts: Numbers of fine-tuning images.

    Returns:
        A name for a reader to the rows of each; none where that was not run.
    """
    networks = largest(slices[slices["training_domain"] == "natural"])
    return {
        f"network trained on photographs, {state(count)}": networks[networks["n_finetune"] == count] for count in counts
    }


def effects(results: Results | None, variation: str, base: str = "", metric: str = "psnr") -> list[Effect]:
    """Measure a variation against its base.

    Args:
        results: Ours, or ``None``.
        variation: Its label.
        base: Another variation to compare with; by default the profile's own runs.
        metric: A column of the slices.

    Returns:
        One effect a method and network, the network tuned with 20 images or else the one tuned with most first;
        empty where a side is missing.
    """
    varied, against = rows(results, variation), rows(results, base)
    return [] if varied is None or against is None else compare(varied, against, metric)


def rows(results: Results | None, variation: str = "") -> pandas.DataFrame | None:
    """Return the slices of a variation, or of the profile's own runs; ``None`` if there are none.

    Args:
        results: Ours, or ``None``.
        variation: Its label; empty for the profile's own runs.
    """
    if results is None:
        return None
    slices = results.slices
    if variation:
        slices = results.variations[results.variations["variation"] == variation]
    return slices if len(slices) else None


def compare(varied: pandas.DataFrame, base: pandas.DataFrame, metric: str = "psnr") -> list[Effect]:
    """Pair rows slice by slice and average their differences.

    Args:
        varied: Rows of slices.
        base: Rows of slices.
        metric: A column of both.

    Returns:
        Varied less base, one effect a method, training domain and numbers of images, mean over draws.
    """
    for name in ("test_domain", "method", "training_domain"):  # at once, before all else is done to every row
        base = base[base[name].isin(varied[name].unique())]
    varied, base = _filled(varied), _filled(base)
    base = base.merge(varied[["test_domain", *_CELL]].drop_duplicates(), on=["test_domain", *_CELL])
    sides = [side.groupby(_PAIR, as_index=False)[metric].mean() for side in (varied, base)]
    pairs = sides[0].merge(sides[1], on=_PAIR, suffixes=("", "_base"))
    pairs["difference"] = pairs[metric] - pairs[f"{metric}_base"]
    measured = []
    for key, cell_rows in pairs.dropna(subset="difference").groupby(_CELL, sort=True):
        by_domain = {}
        for domain, domain_rows in cell_rows.groupby("test_domain", sort=True):
            values = domain_rows.groupby(["subject", "slice"])[["difference"]].mean()
            by_domain[str(domain)] = Estimate("", *bootstrap(values, lambda mean: mean[0]))
        method, training, n_train, n_finetune = key
        measured.append(Effect(method, training, max(0, int(n_train)), max(0, int(n_finetune)), by_domain, metric))
    return sorted(measured, key=_order)


def drawn_alike(base: pandas.DataFrame, varied: pandas.DataFrame) -> pandas.DataFrame:
    """Keep of the base what the variation has too: the same draws of the fine-tuning images.

    Args:
        base: Rows of slices.
        varied: Rows of slices.
    """
    return base[base["draw"].fillna(0).isin(varied["draw"].fillna(0))]


def of_columns(results: Results | None, column: str) -> list[Effect]:
    """Measure a way of measuring: a column of the same rows less ``psnr``.

    Args:
        results: Ours, or ``None``.
        column: dB.

    Returns:
        As :func:`compare`, for the networks trained on the most images.
    """
    slices = rows(results)
    if slices is None:
        return []
    base = largest(slices)
    return compare(base.assign(psnr=base[column]), base)


def of_methods(results: Results | None, method: str, base: str) -> list[Effect]:
    """Measure one method without training against another, for instance two variants of CS.

    Args:
        results: Ours, or ``None``.
        method: As in the column.
        base: Likewise.

    Returns:
        At most one effect.
    """
    slices = rows(results)
    if slices is None:
        return []
    gains = gain(slices[slices["method"] == method], slices[slices["method"] == base])
    return [Effect(method, "", 0, 0, gains)] if gains else []


def gain(varied: pandas.DataFrame, base: pandas.DataFrame) -> dict[str, Estimate]:
    """Average the difference in PSNR of two methods over the slices that both reconstructed.

    Args:
        varied: Rows of one method or network.
        base: Rows of another.

    Returns:
        Test domain to varied less base, dB, with its interval over subjects; without domains that share no slice.
    """
    key = ["test_domain", "subject", "slice"]
    pairs = side_by_side(*(side.groupby(key)["psnr"].mean() for side in (varied, base)))
    gains = {}
    for domain, values in () if pairs is None else pairs.groupby(level="test_domain", sort=True):
        estimate = bootstrap(values.droplevel("test_domain"), lambda mean: mean[0] - mean[1])
        gains[str(domain)] = Estimate("", *estimate)
    return gains


def mean_psnr(slices: pandas.DataFrame | None, test_domain: str, n_finetune: int | None = None) -> float:
    """Average PSNR over slices, each the mean of its draws.

    Args:
        slices: Rows of one method or network, or ``None``.
        test_domain: The contrast.
        n_finetune: Only these; by default all rows.

    Returns:
        dB; NaN if there are none.
    """
    if slices is None:
        return float("nan")
    chosen = slices[slices["test_domain"] == test_domain]
    if n_finetune is not None:
        chosen = chosen[chosen["n_finetune"] == n_finetune]
    return float(chosen.groupby(["subject", "slice"])["psnr"].mean().mean()) if len(chosen) else float("nan")


def labels(results: Results | None, prefix: str) -> list[str]:
    """List the variations whose label is a word and a number, in the order of that.

    Args:
        results: Ours, or ``None``.
        prefix: For instance ``"rate-"``.
    """
    names: Iterable[str] = () if results is None else results.variations["variation"].unique()
    numbered = re.compile(re.escape(prefix) + r"([0-9][0-9.e+-]*)")
    return sorted(filter(numbered.fullmatch, names), key=lambda name: float(name.removeprefix(prefix)))


def _filled(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Give counts that do not apply a number, so that rows pair by them."""
    counts = ["n_train", "n_finetune", "draw"]
    return frame.assign(**{name: frame[name].fillna(-1).astype(int) for name in counts})


def _order(effect: Effect) -> tuple:
    """Order: natural images' network tuned with 20, other tuned ones, raw ones, other methods."""
    return (
        effect.method != "network",
        effect.training_domain != "natural",
        effect.n_finetune != TUNED,
        -effect.n_finetune,
        -effect.n_train,
        effect.method,
    )
