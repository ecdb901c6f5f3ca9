"""What the library costs: the benchmarks' measurements, verified, and the targets beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import BENCHMARKS, ON_CARD, Benchmark, on_card

if TYPE_CHECKING:
    import pandas

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
        name: One of :data:`BENCHMARKS`, or of :func:`recon_lib.results.benchmarks.on_card`.
        measured: Its measurements, ``None`` before it was run.

    Returns:
        The targets; where several sizes were measured, the worst of them counts.
    """
    rule = _TARGETS.get(choose("benchmark", name, (*BENCHMARKS, *map(on_card, ON_CARD))))
    return rule(_Reader(measured)) if rule else []


def render_targets(name: str, measured: Benchmark | None) -> Rendered:
    """Draw the targets of a benchmark as a table.

    Args:
        name: As :func:`targets` takes it.
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


def render_machines(measured: Iterable[Benchmark | None]) -> Rendered:
    """Say on which machine, with which versions and at which commit benchmarks were run, once for all that agree.

    Args:
        measured: Their measurements; ``None`` is one that was not run.

    Returns:
        Markdown: a sentence a machine and commit, which names its benchmarks if there are several.
    """
    runs: dict[tuple, list[Benchmark]] = {}
    for benchmark in filter(None, measured):
        machine = benchmark.machine
        card = (machine.get("accelerator") or {}).get("kind")
        parts = f"{machine['cores']} cores of {machine['processor']}", card, f"{machine['memory_gib']:.0f} GiB"
        commit = f"{benchmark.commit[:8]}{'+' * benchmark.commit.endswith('+')}"
        runs.setdefault((", ".join(filter(None, parts)), machine["system"], commit, card), []).append(benchmark)
    if not runs:
        return Rendered(markdown="Not measured yet: `make bench` measures it.")
    lines = []
    for (machine, system, commit, card), benchmarks in runs.items():
        names = ", ".join(benchmark.name.replace("_", " ") for benchmark in benchmarks)
        rates = [f"{benchmark.machine['matmul_gflops']:.0f}" for benchmark in benchmarks]
        ends = dict.fromkeys((min(rates, key=float), max(rates, key=float)))
        versions = dict(sorted(item for benchmark in benchmarks for item in benchmark.versions.items()))
        packages = ", ".join(f"{package} {version}" for package, version in versions.items())
        product = "" if card else f"; float32 matrix product {' to '.join(ends)} GFLOP/s"
        lines.append(
            f"{f'- *{names}*: measured' if len(runs) > 1 else 'Measured'} on {machine}, {system}{product}. {packages}; "
            f"commit {commit}."
        )
    return Rendered(markdown="\n".join(lines))


class _Reader:
    """Looks values up; ``nan`` where there is no row, or the peer was missing."""

    def __init__(self, measured: Benchmark | None) -> None:
        self._rows = None if measured is None else measured.frame()
        self.rate = math.nan if measured is None else measured.machine["matmul_gflops"]

    def worst(self, column: str, pick: Callable = min, **conditions: object) -> float:
        """Return the worst value of a column in the rows that meet all conditions, a field's name and its value."""
        rows = self._met(conditions)
        values = [] if rows is None else rows[column].dropna()
        return float(pick(values)) if len(values) else math.nan

    def sizes(self, **conditions: object) -> list[tuple[int, int]]:
        """Return the sizes in the rows that meet all conditions, that of the fewest pixels first."""
        rows = self._met(conditions)
        return [] if rows is None else sorted(set(rows["size"].dropna()), key=math.prod)

    def _met(self, conditions: Mapping[str, object]) -> pandas.DataFrame | None:
        rows = self._rows
        for field, value in conditions.items() if rows is not None else ():
            # Compared one by one: pandas would take a size, which is a tuple, for a column of two numbers.
            rows = rows[np.array([cell == value for cell in rows[field]], dtype=bool)]
        return rows


_AHEAD = "times as fast as PyTorch, best batch of each"
_ROUNDED = "in bfloat16, times as fast as PyTorch in bfloat16, best batch of each"


def _training(read: _Reader) -> list[Target]:
    sub, end = ({"what": what, "tool": "recon_lib", "best": True} for what in ("sub-network", "cascade, end to end"))
    single, rounded = {"precision": "float32"}, {"precision": "bfloat16"}
    smallest = next(iter(read.sizes(**end)), None)
    fastest = read.worst("seconds_per_slice", size=smallest, **end, **single)
    share = 100 * read.worst("gflops", **sub, **single) / read.rate
    return [
        Target(f"sub-network: {_AHEAD}", 1.6, read.worst("times_faster_best", **sub, **single)),
        Target("sub-network: share of the matrix product", 75, share, unit="%", digits=0),
        Target(f"sub-network: {_ROUNDED}", 1.0, read.worst("times_faster_best", **sub, **rounded)),
        Target(f"end to end: {_AHEAD}", 1.4, read.worst("times_faster_best", **end, **single)),
        Target("end to end: an image of the smallest size", 0.55, fastest, at_least=False, unit="s"),
        Target(f"end to end: {_ROUNDED}", 1.0, read.worst("times_faster_best", **end, **rounded)),
    ]


def _training_on_card(read: _Reader) -> list[Target]:
    update = {"what": "sub-network", "tool": "recon_lib", "precision": "float32", "batch": 50}
    ours = {"tool": "recon_lib", "best": True}
    milliseconds = 50 * 1000 * read.worst("seconds_per_slice", max, **update)
    return [
        Target("an update of a sub-network, 50 photographs", 15, milliseconds, False, "ms", 1),
        Target(_AHEAD, 1.0, read.worst("times_faster_best", precision="float32", **ours)),
        Target(_ROUNDED, 1.0, read.worst("times_faster_best", precision="bfloat16", **ours)),
    ]


def _inference(read: _Reader) -> list[Target]:
    ours = {"what": "network", "tool": "recon_lib", "precision": "float32"}
    share = read.worst("gflops", best=True, **ours) / read.rate
    alone = read.rate / read.worst("gflops", batch=1, **ours)
    bart = read.worst("times_faster_bart", batch=1, **ours)
    return [
        Target(_AHEAD, 1.3, read.worst("times_faster_best", **ours)),
        Target("share of the matrix product, best batch", 85, 100 * share, unit="%", digits=0),
        Target("time over that of its operations, batch 1", 1.3, alone, at_least=False),
        Target("time over that of its operations, best batch", 1.3, 1 / share, at_least=False),
        Target("times as fast as BART's compressed sensing, batch 1", 1.0, bart),
        Target(_ROUNDED, 1.0, read.worst("times_faster_best", **ours | {"precision": "bfloat16"})),
    ]


def _inference_on_card(read: _Reader) -> list[Target]:
    ours = {"what": "network", "tool": "recon_lib"}
    return [
        Target(_AHEAD, 1.0, read.worst("times_faster_best", precision="float32", **ours)),
        Target(_ROUNDED, 1.0, read.worst("times_faster_best", precision="bfloat16", **ours)),
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
        at_most("quick start", "seconds", 60, "s"),
        at_most("quick start", "memory_gib", 2, "GiB", 1),
        at_most("explore with live networks", "memory_gib", 1.86, "GiB", 2),  # Binder's 2 GB
        at_most("train on the images of `desk`", "memory_gib", 4, "GiB", 1),
    ]


_TARGETS: dict[str, Callable[[_Reader], list[Target]]] = {
    "training": _training,
    on_card("training"): _training_on_card,
    "inference": _inference,
    on_card("inference"): _inference_on_card,
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
