"""One function a claim of the paper: from the slices of a test domain to a verdict.

The same functions run on the paper's own tables (:func:`recon_lib.paper.claim_slices.paper_slices`), so that a page
can show what the paper's numbers give beside what ours give.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.experiment.design import NETWORKS, REFERENCE, domain_name
from recon_lib.experiment.profile import CompressedSensing
from recon_lib.paper.claim_slices import Networks
from recon_lib.paper.cost import run_time
from recon_lib.paper.intervals import Estimate, Measure, Quantity, Unit, estimate, side_by_side
from recon_lib.paper.reference import PAPER_SIZES
from recon_lib.paper.verdicts import Outcome, Verdict, above, below, combine
from recon_lib.paper.words import label
from recon_lib.results.benchmarks import BenchmarkRow

if TYPE_CHECKING:
    import pandas


def own_domain_wins(networks: Networks, tolerance: float) -> Verdict:
    """Claim 1: as trained, the test contrast's own network leads."""
    own = networks.test_domain
    rivals = [domain for domain in NETWORKS if domain != own]
    values = side_by_side(*(networks.score(domain, 0) for domain in (own, *rivals)))
    if values is None:
        missing = "three networks" if own in NETWORKS else "test contrast's own network and the three others"
        return networks.untested(f"the {missing} as trained are not all there")
    leads = tuple(
        _estimate(
            networks,
            values,
            _less(0, column),
            f"lead over the one trained on {domain_name(rival)}",
            Quantity(Measure.LEAD_OVER_NETWORK, (rival,)),
        )
        for column, rival in enumerate(rivals, start=1)
    )
    judged = _estimate(
        networks,
        values,
        lambda mean: mean[0] - mean[1:].max(axis=0),
        "lead over the next best network",
        Quantity(Measure.OWN_LEAD),
    )
    return _verdict(networks, judged, above, tolerance, leads)


def tuned_are_equal(networks: Networks, tolerance: float) -> Verdict:
    """Claim 2: tuned with 20 images, the three are nearly equal."""
    values = side_by_side(*(networks.score(domain, networks.tuned) for domain in NETWORKS))
    if values is None:
        return networks.untested(f"the three networks tuned with {networks.tuned} images are not all there")
    raw = side_by_side(*(networks.score(domain, 0) for domain in NETWORKS))
    raw_spread = ()
    if raw is not None:
        raw_quantity = Quantity(Measure.RAW_SPREAD)
        raw_spread = (_estimate(networks, raw, _spread, "the same spread before tuning", raw_quantity),)
    words = "spread of the three: the best minus the worst"
    judged = _estimate(networks, values, _spread, words, Quantity(Measure.TUNED_SPREAD))
    return _verdict(networks, judged, below, tolerance, raw_spread)


def few_images_suffice(networks: Networks, tolerance: Mapping[str, float]) -> Verdict:
    """Claim 3: photographs and 20 images come near the domain-trained network tuned with 50."""
    own = f"the network of the test contrast tuned with {REFERENCE} images"
    photographs = f"the photographs' tuned with {networks.tuned}"
    if networks.test_domain not in tolerance:
        return networks.untested("the paper states no distance for this contrast")
    values = side_by_side(networks.score(networks.test_domain, REFERENCE), networks.score("natural", networks.tuned))
    if values is None:
        return networks.untested(f"{own} and {photographs} are not both there")
    quantity = Quantity(Measure.FEW_IMAGES_DISTANCE, (REFERENCE, networks.tuned))
    judged = _estimate(networks, values, _less(0, 1), f"{own}, less {photographs}", quantity)
    return _verdict(networks, judged, below, tolerance[networks.test_domain])


def networks_beat_cs(networks: Networks, tolerance: float) -> Verdict:
    """Claim 4: the worst tuned network leads the best variant of CS."""
    sensing = networks.sensing()
    if not sensing:
        return networks.untested("compressed sensing has not been run")
    values = side_by_side(*(networks.score(domain, networks.tuned) for domain in NETWORKS), *sensing.values())
    if values is None:
        return networks.untested(f"the three networks tuned with {networks.tuned} images are not all there")

    def lead_over(column: int) -> Callable[[np.ndarray], float]:
        return lambda mean: mean[:3].min(axis=0) - mean[column]

    leads = tuple(
        _estimate(
            networks,
            values,
            lead_over(column),
            f"lead over {label(method, '')}",
            Quantity(Measure.LEAD_OVER_CS, (method, networks.metric)),
        )
        for column, method in enumerate(sensing, start=3)
    )
    judged = _estimate(
        networks,
        values,
        lambda mean: mean[:3].min(axis=0) - mean[3:].max(axis=0),
        "the worst tuned network minus the best variant of CS here",
        Quantity(Measure.LEAD_OVER_BEST_CS, (networks.metric,)),
    )
    return _verdict(networks, judged, above, tolerance, leads)


def more_images_help_less(networks: Networks, tolerance: float) -> Verdict:
    """Claim 5: more photographs help, and help less once the network is tuned with many images."""
    sizes = networks.sizes("natural")
    if len(sizes) < 2:
        return networks.untested("fewer than two numbers of training images have been run")
    ends = sizes[0], sizes[-1]
    raw = [networks.score("natural", 0, n_train=n) for n in ends]
    for count in networks.counts("natural")[::-1]:
        values = side_by_side(*raw, *(networks.score("natural", count, n_train=n) for n in ends))
        if count and values is not None:
            break
    else:
        return networks.untested(f"{ends[0]} and {ends[1]} photographs, both as trained and tuned, are not all there")
    gain = _estimate(
        networks,
        values,
        _less(1, 0),
        f"gain from {ends[0]} to {ends[1]} photographs, as trained",
        Quantity(Measure.GAIN, (*ends, 0)),
    )
    tuned_gain = _estimate(
        networks,
        values,
        _less(3, 2),
        f"the same gain, left after tuning with {count} images",
        Quantity(Measure.GAIN, (*ends, count)),
    )
    grid = side_by_side(*(networks.score("natural", 0, n_train=n) for n in sizes))
    steps = ()
    if grid is not None:
        words = "the smallest gain from one number to the next"
        steps = (_estimate(networks, grid, _smallest_step, words, Quantity(Measure.SMALLEST_GAIN)),)
    judged = _estimate(
        networks,
        values,
        lambda mean: (mean[1] - mean[0]) - (mean[3] - mean[2]),
        f"gain from {ends[0]} to {ends[1]} photographs as trained, less the same gain tuned with {count} images",
        Quantity(Measure.GAIN_LOST, (*ends, count)),
    )
    verdict = _verdict(networks, judged, above, tolerance, (gain, *steps, tuned_gain))
    return replace(verdict, outcome=combine(verdict.outcome, above(gain.low, gain.high, tolerance)))


def network_is_faster(networks: Networks, tolerance: float) -> Verdict:
    """Claim 6: the network takes less time than the paper's CS, on the same machine."""
    rows = run_time.measured()
    if networks.test_domain not in PAPER_SIZES:
        return networks.untested("the paper states no size of this contrast's images")
    machines = run_time.processors()
    if len(machines) > 1:
        return networks.untested("the network and compressed sensing were timed on different machines")
    size = run_time.nearest_size(rows, networks.test_domain)
    if size is None:
        return networks.untested("the network and compressed sensing have not been timed at one size")
    network = min(
        row.seconds_per_slice
        for row in rows
        if (row.what, row.size, row.batch, row.tool) == ("network", size, 1, "recon_lib")
    )
    iterations = CompressedSensing().iterations_of(networks.test_domain)

    def seconds(row: BenchmarkRow) -> float:
        return row.seconds_per_slice * iterations / row.iterations

    # Of measurements that do not state their iterations it is not known what as many iterations would take.
    counted = [row for row in rows if row.what.startswith("cs:") and row.size == size and row.iterations]
    if not counted:
        return networks.untested("compressed sensing has not been timed with a known number of iterations")
    quickest = min(counted, key=seconds)
    literal = [row for row in counted if (row.what, row.tool) == ("cs:literal", "recon_lib")]  # the paper's method
    sensing = min(literal, key=seconds, default=quickest)
    ratio = seconds(sensing) / network
    method = f"{label(sensing.what, '')}, {iterations} iterations, {sensing.batch} at a time"
    others = _compared_times(size, network, (method, seconds(sensing)), seconds(quickest))
    words = (
        f"time of CS with the {iterations} iterations of this contrast over that of the network, a slice of "
        f"{size[0]} x {size[1]}, on a machine that is not the paper's ({', '.join(machines)})"
    )
    outcome = Outcome.HOLDS if ratio > tolerance else Outcome.DIFFERS
    judged = Estimate(words, ratio, unit=Unit.TIMES, digits=1, quantity=Quantity(Measure.TIME_RATIO, size))
    explanation = _faster_reading(quickest.what, seconds(quickest) / network, tolerance)
    return Verdict(networks.test_domain, outcome, judged, others=others, explanation=explanation)


def _compared_times(
    size: tuple[int, int], network: float, sensing: tuple[str, float], quickest: float
) -> tuple[Estimate, ...]:
    """State the times behind the ratio that is judged.

    Args:
        size: Of a slice, in pixels.
        network: Time of the network for a slice, in seconds.
        sensing: What the paper's CS is called, and its time for a slice in seconds.
        quickest: Time of the fastest CS of any program, in seconds.
    """
    words, seconds = sensing
    milliseconds = {"unit": Unit.MILLISECONDS, "digits": 0}
    return (
        Estimate(
            f"the network, one slice of {size[0]} x {size[1]} at a time",
            1000 * network,
            quantity=Quantity(Measure.NETWORK_TIME, size),
            **milliseconds,
        ),
        Estimate(words, 1000 * seconds, quantity=Quantity(Measure.CS_TIME, size), **milliseconds),
        Estimate(
            "the fastest CS of any program",
            quickest / network,
            unit=Unit.TIMES,
            digits=1,
            quantity=Quantity(Measure.FASTEST_TIME_RATIO, size),
        ),
    )


def _faster_reading(method: str, ratio: float, tolerance: float) -> str:
    """Say that a reading of CS is as fast as the network, or nothing if the fastest is slower."""
    if ratio > tolerance:
        return ""
    return (
        f"but the fastest compressed sensing there, {label(method, '')}, takes {ratio:.1f} times as long as the network"
    )


def _less(minuend: int, subtrahend: int) -> Callable[[np.ndarray], float]:
    """Return the difference of two columns' means."""
    return lambda mean: mean[minuend] - mean[subtrahend]


def _smallest_step(mean: np.ndarray) -> float:
    """Return the smallest difference of a column's mean and that of the column to its left."""
    return np.diff(mean, axis=0).min(axis=0)


def _spread(mean: np.ndarray) -> np.ndarray:
    """Return the best column's mean less the worst's."""
    return np.ptp(mean, axis=0)


def _estimate(
    networks: Networks, values: pandas.DataFrame, statistic: Callable, words: str, quantity: Quantity
) -> Estimate:
    """Estimate a difference in the metric; one of the paper's printed means stands alone, as its own interval."""
    look = {"quantity": quantity, "unit": networks.unit, "digits": networks.digits}
    if networks.printed:
        value = float(statistic(values.mean().to_numpy()))
        return Estimate(words, value, value, value, **look)
    return estimate(values, statistic, words, **look)


def _verdict(
    networks: Networks,
    judged: Estimate,
    rule: Callable[..., Outcome],
    threshold: float,
    others: tuple[Estimate, ...] = (),
) -> Verdict:
    """Judge a number by the interval over subjects' means."""
    return Verdict(networks.test_domain, rule(judged.low, judged.high, threshold), judged, others=others)
