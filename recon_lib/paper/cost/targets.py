"""What the library costs: the benchmarks' measurements, verified, and the targets beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import BENCHMARKS, Benchmark

NO_BREAK = "\u00a0"
TOOLS = {
    "recon_lib": "recon_lib",
    "pytorch": "PyTorch",
    "bart": "BART",
    "sigpy": "SigPy",
    "scikit-image": "scikit-image",
}


@dataclass(frozen=True)
class Target:
    """The goal of a measurement.

    Attributes:
        label: What is measured, in words.
        bound: The least or the largest value allowed.
        value: The worst one measured; ``nan`` where it was not.
        at_least: Whether the bound is the least value.
        unit: Behind the numbers.
        digits: After the decimal point.
    """

    label: str
    bound: float
    value: float
    at_least: bool = True
    unit: str = "x"
    digits: int = 2

    @property
    def reached(self) -> bool | None:
        """Whether it was reached; ``None`` where nothing was measured."""
        if math.isnan(self.value):
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def targets(name: str, measured: Benchmark | None) -> list[Target]:
    """List the goals of a benchmark, beside what was measured.

    Args:
        name: One of :data:`BENCHMARKS`.
        measured: Its measurements, ``None`` before it was run.

    Returns:
        The targets; where several sizes were measured, the worst of them counts.
    """
    rule = _TARGETS.get(choose("benchmark", name, BENCHMARKS))
    return rule(_Reader(measured)) if rule else []


def render_targets(name: str, measured: Benchmark | None) -> Rendered:
    """Draw the targets of a benchmark as a table.

    Args:
        name: One of :data:`BENCHMARKS`.
        measured: Its measurements; ``None`` leaves them unmeasured.

    Returns:
        Markdown.
    """
    rows = []
    for target in targets(name, measured):
        goal = f"{'at least' if target.at_least else 'at most'} {_number(target, target.bound)}"
        value = "" if target.reached is None else _number(target, target.value)
        outcome = {True: "met", False: "**not met**", None: "not measured yet"}[target.reached]
        rows.append((target.label, goal, value, outcome))
    return render_table(("What is measured", "Goal", "Measured", ""), rows, "lrrl")


def render_machine(measured: Benchmark | None) -> Rendered:
    """Say on which machine, with which versions and at which commit a benchmark was run.

    Args:
        measured: Its measurements, ``None`` before it was run.

    Returns:
        Markdown.
    """
    if measured is None:
        return Rendered(markdown="Not measured yet: `make bench` measures it.")
    machine = measured.machine
    versions = ", ".join(f"{name} {version}" for name, version in measured.versions.items())
    return Rendered(
        markdown=f"Measured on {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']:.0f} GiB, "
        f"{machine['system']}; float32 matrix product {machine['matmul_gflops']:.0f} GFLOP/s. "
        f"{versions}; commit {measured.commit[:8]}{'+' * measured.commit.endswith('+')}."
    )


class _Reader:
    """Looks values up; ``nan`` where there is no row, or the peer was missing."""

    def __init__(self, measured: Benchmark | None) -> None:
        self._rows = None if measured is None else measured.frame()
        self.rate = math.nan if measured is None else measured.machine["matmul_gflops"]

    def worst(self, column: str, pick: Callable = min, **conditions: object) -> float:
        """Return the worst value of a column in the rows that meet all conditions, a field's name and its value."""
        rows = self._rows
        if rows is None:
            return math.nan
        for field, value in conditions.items():
            # Compared one by one: pandas would take a size, which is a tuple, for a column of two numbers.
            rows = rows[np.array([cell == value for cell in rows[field]], dtype=bool)]
        values = rows[column].dropna()
        return float(pick(values)) if len(values) else math.nan

    def sizes(self) -> list[tuple[int, int]]:
        """Return the sizes that were measured, that of the fewest pixels first."""
        return [] if self._rows is None else sorted(set(self._rows["size"].dropna()), key=math.prod)


def _training(read: _Reader) -> list[Target]:
    sub, end = ({"what": what, "tool": "recon_lib", "best": True} for what in ("sub-network", "cascade, end to end"))
    fastest = read.worst("seconds_per_slice", size=next(iter(read.sizes()), None), **end)
    return [
        Target(
            "sub-network: times as fast as PyTorch, best batch of each", 1.6, read.worst("times_faster_best", **sub)
        ),
        Target(
            "sub-network: share of the matrix product",
            75,
            100 * read.worst("gflops", **sub) / read.rate,
            unit="%",
            digits=0,
        ),
        Target("end to end: times as fast as PyTorch, best batch of each", 1.4, read.worst("times_faster_best", **end)),
        Target("end to end: an image of the smallest size", 0.55, fastest, at_least=False, unit="s"),
    ]


def _inference(read: _Reader) -> list[Target]:
    ours = {"what": "network", "tool": "recon_lib"}
    rate = read.rate
    return [
        Target("times as fast as PyTorch, best batch of each", 1.3, read.worst("times_faster_best", **ours)),
        Target(
            "share of the matrix product, best batch",
            85,
            100 * read.worst("gflops", best=True, **ours) / rate,
            unit="%",
            digits=0,
        ),
        Target(
            "time over that of its operations, batch 1",
            1.3,
            rate / read.worst("gflops", batch=1, **ours),
            at_least=False,
        ),
        Target(
            "time over that of its operations, best batch",
            1.3,
            rate / read.worst("gflops", best=True, **ours),
            at_least=False,
        ),
        Target(
            "times as fast as BART's compressed sensing, batch 1", 1.0, read.worst("times_faster_bart", batch=1, **ours)
        ),
    ]


def _sequential(read: _Reader) -> list[Target]:
    return [
        Target("times as fast as running predecessors again", 1.5, read.worst("times_faster")),
        Target("largest difference of a weight", 0.0, read.worst("largest_difference", max), False, "", 2),
    ]


def _masks(read: _Reader) -> list[Target]:
    least, largest = (read.worst(f"{end}_acceleration", tool="recon_lib") for end in ("least", "largest"))
    off = max(abs(least - 4), abs(largest - 4)) if not math.isnan(least) else math.nan
    return [
        Target("times as fast as SigPy", 50, read.worst("times_faster"), digits=0),
        Target("acceleration off 4.00", 0.01, off, at_least=False, unit="", digits=2),
    ]


def _compressed_sensing(read: _Reader) -> list[Target]:
    ours = read.worst("psnr", max, tool="recon_lib")
    complex_, real = (read.worst("psnr", tool="bart", what=f"cs:l1-wavelet{how}") for how in ("", ", real"))
    return [
        Target(
            "`literal`: times as fast as BART", 1.0, read.worst("times_faster", what="cs:literal", tool="recon_lib")
        ),
        Target("best variant: PSNR above BART's", 0.0, ours - complex_, unit="dB"),
        Target("best variant: PSNR above that of BART told that the image is real", 0.0, ours - real, unit="dB"),
    ]


def _metrics(read: _Reader) -> list[Target]:
    return [
        Target("SSIM: times as fast as scikit-image", 1.0, read.worst("times_faster")),
        Target("SSIM: largest difference", 1e-6, read.worst("largest_difference", max), False, "", 2),
    ]


def _feeding(read: _Reader) -> list[Target]:
    # Shares of different sizes are not mixed: the worst size counts.
    parts = ("data feeding", "FFT and data consistency")
    shares = [100 * sum(read.worst("share", what=part, size=size) for part in parts) for size in read.sizes()]
    return [
        Target("data feeding, FFT and data consistency of a step", 10, max(shares, default=math.nan), False, "%", 1)
    ]


def _footprint(read: _Reader) -> list[Target]:
    def at_most(command: str, column: str, bound: float, unit: str, digits: int = 0) -> Target:
        words = {"seconds": "time", "memory_gib": "memory"}[column]
        return Target(f"{command}: {words}", bound, read.worst(column, max, what=command), False, unit, digits)

    return [
        at_most("import the library", "seconds", 0.2, "s", 2),
        at_most("build the book", "seconds", 60, "s"),
        at_most("quick start", "seconds", 300, "s"),
        at_most("quick start", "memory_gib", 2, "GiB", 1),
        at_most("explore with live networks", "memory_gib", 1.86, "GiB", 2),  # Binder's 2 GB
        at_most("train on the images of `desk`", "memory_gib", 4, "GiB", 1),
    ]


_TARGETS: dict[str, Callable[[_Reader], list[Target]]] = {
    "training": _training,
    "inference": _inference,
    "sequential": _sequential,
    "masks": _masks,
    "compressed_sensing": _compressed_sensing,
    "metrics": _metrics,
    "feeding": _feeding,
    "footprint": _footprint,
}


def _number(target: Target, value: float) -> str:
    if not target.unit:
        return f"{value:.{target.digits}g}"
    return f"{value:.{target.digits}f}{'' if target.unit == 'x' else NO_BREAK}{target.unit}"
