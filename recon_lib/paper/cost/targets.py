"""What the library costs: the benchmarks' measurements, verified, and the targets beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.paper.markup import Rendered
from recon_lib.results import benchmarks
from recon_lib.results.benchmarks import BENCHMARKS, Benchmark

NO_BREAK = "\u00a0"
TOOLS = {
    "recon_lib": "recon_lib",
    "pytorch": "PyTorch",
    "bart": "BART",
    "sigpy": "SigPy",
    "scikit-image": "scikit-image",
}
_OPTIONAL = ("gflops", "times_faster", "times_faster_best", "times_faster_bart")  # columns that not every run fills


@dataclass(frozen=True)
class Target:
    """What was asked of a measurement.

    Attributes:
        what: In words.
        bound: The least or the largest value allowed.
        value: The worst one measured; ``nan`` where it was not.
        at_least: Whether the bound is the least value.
        unit: Behind the numbers.
        digits: After the decimal point.
    """

    what: str
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


def load(name: str) -> Benchmark | None:
    """Read a benchmark's file as a table.

    Args:
        name: One of :data:`recon_lib.results.benchmarks.BENCHMARKS`.

    Returns:
        What it holds, its rows a frame; ``None`` if it has not been run.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.load`.
    """
    import pandas

    found = benchmarks.load(name)
    if found is None:
        return None
    rows = pandas.DataFrame(found.rows)
    rows["size"] = rows["size"].map(tuple) if "size" in rows else None
    rows = rows.assign(**{column: rows.get(column, math.nan) for column in _OPTIONAL})
    return replace(found, rows=rows)


def targets(name: str, measured: Benchmark | None) -> list[Target]:
    """List what was asked of a benchmark, beside what was measured.

    Args:
        name: One of :data:`BENCHMARKS`.
        measured: Its measurements, ``None`` before it was run.

    Returns:
        The targets; where several sizes were measured, the worst of them counts.
    """
    found = _TARGETS.get(choose("benchmark", name, BENCHMARKS))
    return found(_Reader(measured)) if found else []


def render_targets(name: str, measured: Benchmark | None) -> Rendered:
    """Draw the targets of a benchmark as a table.

    Args:
        name: One of :data:`BENCHMARKS`.
        measured: Its measurements; ``None`` leaves them unmeasured.

    Returns:
        Markdown.
    """
    lines = ["| What is measured | Goal | Measured | |", "|:--|--:|--:|:--|"]
    for target in targets(name, measured):
        sign = "at least" if target.at_least else "at most"
        asked = f"{sign} {_number(target, target.bound)}"
        value = "" if target.reached is None else _number(target, target.value)
        verdict = {True: "met", False: "**not met**", None: "not measured yet"}[target.reached]
        lines.append(f"| {target.what} | {asked} | {value} | {verdict} |")
    return Rendered(markdown="\n".join(lines))


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
        self._rows = None if measured is None else measured.rows
        self.rate = math.nan if measured is None else measured.machine["matmul_gflops"]

    def worst(self, column: str, pick: Callable = min, **where: object) -> float:
        rows = self._rows
        if rows is None or column not in rows:
            return math.nan
        for key, value in where.items():
            same = [found == value for found in rows[key]] if key in rows else []  # a size is a tuple
            rows = rows[np.array(same, dtype=bool)] if key in rows else rows[:0]
        values = rows[column].dropna()
        return float(pick(values)) if len(values) else math.nan

    def smallest_size(self) -> object:
        return None if self._rows is None else min(self._rows["size"], key=math.prod)


def _training(read: _Reader) -> list[Target]:
    sub, end = ({"what": what, "tool": "recon_lib", "best": True} for what in ("sub-network", "cascade, end to end"))
    fastest = read.worst("seconds_per_slice", size=read.smallest_size(), **end)
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
    sizes = [] if read._rows is None else sorted(set(read._rows["size"]))
    parts = ("data feeding", "FFT and data consistency")
    shares = [100 * sum(read.worst("share", what=part, size=size) for part in parts) for size in sizes]
    return [
        Target("data feeding, FFT and data consistency of a step", 10, max(shares, default=math.nan), False, "%", 1)
    ]


def _footprint(read: _Reader) -> list[Target]:
    def least(what: str, column: str, bound: float, unit: str, digits: int = 0) -> Target:
        words = {"seconds": "time", "memory_gib": "memory"}[column]
        return Target(f"{what}: {words}", bound, read.worst(column, max, what=what), False, unit, digits)

    return [
        least("import the library", "seconds", 0.2, "s", 2),
        least("build the book", "seconds", 60, "s"),
        least("quick start", "seconds", 300, "s"),
        least("quick start", "memory_gib", 2, "GiB", 1),
        least("explore with live networks", "memory_gib", 1.86, "GiB", 2),  # Binder's 2 GB
        least("train on the images of `desk`", "memory_gib", 4, "GiB", 1),
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
