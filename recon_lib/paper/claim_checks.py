"""One function a claim of the paper: from the slices of a test domain to a verdict.

The same functions run on the paper's own tables (:func:`paper_slices`), so that a page can show what the paper's
numbers give beside what ours give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.experiment.design import NAMES, NETWORKS, REFERENCE
from recon_lib.experiment.profile import CompressedSensing
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.cost import run_time
from recon_lib.paper.intervals import (
    DIFFERS,
    HOLDS,
    UNTESTED,
    Estimate,
    Verdict,
    above,
    below,
    bootstrap,
    both,
    side_by_side,
)
from recon_lib.paper.reference import paper
from recon_lib.paper.words import label

if TYPE_CHECKING:
    import pandas


class Networks:
    """The slices of one test domain, by network.

    Args:
        slices: Rows of ``slices.csv.gz``, or ``None`` before anything has been run.
        test_domain: ``t1`` or ``t2``.
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
        found = self._cells.get(("network", training_domain, n_train or largest, n_finetune))
        return None if found is None else found[metric]

    def sensing(self, metric: str = "psnr") -> dict[str, pandas.Series]:
        """Return a metric of every variant of CS by (subject, slice)."""
        return {key[0]: found[metric] for key, found in sorted(self._cells.items()) if key[0].startswith("cs:")}

    @cached_property
    def _cells(self) -> dict[tuple, pandas.DataFrame]:
        """PSNR and SSIM by (subject, slice), mean over draws, for each method and network; -1 where none applies."""
        if self.slices is None or not len(self.slices):
            return {}
        key = ["method", "training_domain", "n_train", "n_finetune"]
        counts = {name: self.slices[name].fillna(-1).astype(int) for name in key[2:]}
        grouped = self.slices.assign(**counts).groupby([*key, "subject", "slice"])[["psnr", "ssim"]].mean()
        return {cell: rows.droplevel(key) for cell, rows in grouped.groupby(level=key, sort=False)}

    def untested(self, why: str) -> Verdict:
        """Return the verdict of what was not run."""
        return Verdict(self.test_domain, UNTESTED, note=why)


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


def own_domain_wins(networks: Networks, tolerance: float) -> Verdict:
    """Claim 1: as trained, the test contrast's own network leads."""
    own = networks.test_domain
    others = [domain for domain in NETWORKS if domain != own]
    values = side_by_side(*(networks.score(domain, 0) for domain in (own, *others)))
    if values is None:
        return networks.untested("the three networks as trained are not all there")
    leads = tuple(
        _estimate(values, _less(0, place), f"lead over the one trained on {NAMES[name]}")
        for place, name in enumerate(others, start=1)
    )
    note = "lead over the next best network"
    return _judge(networks, values, lambda mean: mean[0] - mean[1:].max(axis=0), above, tolerance, note, leads)


def tuned_are_equal(networks: Networks, tolerance: float) -> Verdict:
    """Claim 2: tuned with 20 images, the three are nearly equal."""
    values = side_by_side(*(networks.score(domain, networks.tuned) for domain in NETWORKS))
    if values is None:
        return networks.untested(f"the three networks tuned with {networks.tuned} images are not all there")
    raw = side_by_side(*(networks.score(domain, 0) for domain in NETWORKS))
    before = () if raw is None else (_estimate(raw, _spread, "the same spread before tuning"),)
    note = "spread of the three: the best minus the worst"
    return _judge(networks, values, _spread, below, tolerance, note, before)


def few_images_suffice(networks: Networks, tolerance: Mapping[str, float]) -> Verdict:
    """Claim 3: photographs and 20 images come near the domain-trained network tuned with 50."""
    own = f"the network of the test contrast tuned with {REFERENCE} images"
    photographs = f"the photographs' tuned with {networks.tuned}"
    values = side_by_side(networks.score(networks.test_domain, REFERENCE), networks.score("natural", networks.tuned))
    if values is None:
        return networks.untested(f"{own} and {photographs} are not both there")
    return _judge(networks, values, _less(0, 1), below, tolerance[networks.test_domain], f"{own}, less {photographs}")


def networks_beat_cs(networks: Networks, tolerance: float) -> Verdict:
    """Claim 4: the worst tuned network leads the best variant of CS, in PSNR and in SSIM."""
    sensing = networks.sensing()
    if not sensing:
        return networks.untested("compressed sensing has not been run")
    tuned = [[networks.score(domain, networks.tuned, metric) for domain in NETWORKS] for metric in ("psnr", "ssim")]
    values = side_by_side(*tuned[0], *sensing.values())
    if values is None:
        return networks.untested(f"the three networks tuned with {networks.tuned} images are not all there")
    structure = side_by_side(*tuned[1], *networks.sensing("ssim").values())

    def lead(mean: np.ndarray) -> float:
        return mean[:3].min(axis=0) - mean[3:].max(axis=0)

    def over(place: int) -> Callable[[np.ndarray], float]:
        return lambda mean: mean[:3].min(axis=0) - mean[place]

    ssim = _estimate(structure, lead, "the same in SSIM", "", 3)
    leads = [_estimate(values, over(at), f"lead over {label(name, '')}") for at, name in enumerate(sensing, start=3)]
    note = "the worst tuned network minus the best variant of CS here"
    verdict = _judge(networks, values, lead, above, tolerance, note, (ssim, *leads))
    return replace(verdict, verdict=both(verdict.verdict, above(ssim.low, ssim.high, 0.0)))


def more_images_help_less(networks: Networks, tolerance: float) -> Verdict:
    """Claim 5: more photographs help, and help less once the network is tuned with many images."""
    sizes = networks.sizes("natural")
    if len(sizes) < 2:
        return networks.untested("fewer than two numbers of training images have been run")
    ends = sizes[0], sizes[-1]
    counts = networks.counts("natural")[::-1]
    raw = [networks.score("natural", 0, n_train=n) for n in ends]
    for count in counts:
        values = side_by_side(*raw, *(networks.score("natural", count, n_train=n) for n in ends))
        if count and values is not None:
            break
    else:
        return networks.untested(f"{ends[0]} and {ends[1]} photographs, both as trained and tuned, are not all there")
    gain = _estimate(values, _less(1, 0), f"gain from {ends[0]} to {ends[1]} photographs, as trained")
    late = _estimate(values, _less(3, 2), f"the same gain, tuned with {count} images")
    every = side_by_side(*(networks.score("natural", 0, n_train=n) for n in sizes))
    step = () if every is None else (_estimate(every, _smallest_step, "the smallest gain from one number to the next"),)
    note = f"gain from {ends[0]} to {ends[1]} photographs as trained, less the same gain tuned with {count} images"
    verdict = _judge(
        networks,
        values,
        lambda mean: (mean[1] - mean[0]) - (mean[3] - mean[2]),
        above,
        tolerance,
        note,
        (gain, *step, late),
    )
    return replace(verdict, verdict=both(verdict.verdict, above(gain.low, gain.high, tolerance)))


def network_is_faster(networks: Networks, tolerance: float) -> Verdict:
    """Claim 6: CS takes far longer than the network, on the same machine."""
    rows = run_time.measured()
    if len({row.machine for row in rows}) > 1:
        return networks.untested("the network and compressed sensing were timed on different machines")
    size = run_time.nearest_size(rows, networks.test_domain)
    if size is None:
        return networks.untested("the network and compressed sensing have not been timed at one size")
    alone = min(
        (row for row in rows if (row.what, row.size, row.batch, row.tool) == ("network", size, 1, "recon_lib")),
        key=lambda row: row.seconds,
    )
    iterations = CompressedSensing().iterations_of(networks.test_domain)

    def whole(one: run_time.Timing) -> float:
        return one.seconds * iterations / one.iterations

    # Of others it is not known what they would take with as many iterations.
    counted = [row for row in rows if row.what.startswith("cs:") and row.size == size and row.iterations]
    if not counted:
        return networks.untested("compressed sensing has not been timed with a known number of iterations")
    quickest = min(counted, key=whole)
    literal = [row for row in counted if (row.what, row.tool) == ("cs:literal", "recon_lib")]  # the paper's method
    sensing = min(literal, key=whole, default=quickest)
    ratio = whole(sensing) / alone.seconds
    where = f"{size[0]} x {size[1]}"
    others = (
        Estimate(f"the network, one slice of {where} at a time", 1000 * alone.seconds, unit="ms", digits=0),
        Estimate(
            f"{label(sensing.what, '')}, {iterations} iterations, {sensing.batch} at a time",
            1000 * whole(sensing),
            unit="ms",
            digits=0,
        ),
        Estimate("the fastest CS of any program", whole(quickest) / alone.seconds, unit="times", digits=1),
    )
    note = (
        f"how many times as long as the network CS takes for a slice of {where} (of those timed the nearest to this "
        f"contrast's), with the {iterations} iterations that this contrast has, on the same machine"
    )
    verdict = HOLDS if ratio >= tolerance else DIFFERS
    return Verdict(networks.test_domain, verdict, ratio, note=note, unit="times", others=others)


def _less(one: int, other: int) -> Callable[[np.ndarray], float]:
    """Return the difference of two columns' means."""
    return lambda mean: mean[one] - mean[other]


def _smallest_step(mean: np.ndarray) -> float:
    """Return the smallest difference of a column's mean and that of the one before it."""
    return np.diff(mean, axis=0).min(axis=0)


def _spread(mean: np.ndarray) -> np.ndarray:
    """Return the best column's mean less the worst's."""
    return np.ptp(mean, axis=0)


def _estimate(values: pandas.DataFrame, statistic: Callable, what: str, unit: str = "dB", digits: int = 2) -> Estimate:
    return Estimate(what, *bootstrap(values, statistic), unit=unit, digits=digits)


def _judge(  # noqa: PLR0917 - one number, how it is judged, and what is said about it
    networks: Networks,
    values: pandas.DataFrame,
    statistic: Callable,
    rule: Callable[..., str],
    threshold: float,
    note: str,
    others: tuple[Estimate, ...] = (),
) -> Verdict:
    estimate, low, high = bootstrap(values, statistic)
    return Verdict(networks.test_domain, rule(low, high, threshold), estimate, low, high, note, others=others)
