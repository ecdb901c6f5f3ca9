"""Reading what the benchmarks wrote: ``book/results/benchmarks/<name>.json``; nothing here measures anything."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError, choose
from recon_lib.results import provenance, store

if TYPE_CHECKING:
    import pandas

#: Their names.
BENCHMARKS = (
    "training", "inference", "sequential", "masks", "compressed_sensing", "metrics", "feeding", "growth", "footprint",
    "coils",
)  # fmt: skip
#: Those that are measured on a graphics card too, into files of their own.
ON_CARD = ("training", "inference")


def on_card(name: str) -> str:
    """Return what a benchmark is called where a card computes.

    Args:
        name: One of :data:`ON_CARD`.

    Raises:
        ReconError: It is another.
    """
    return f"{choose('benchmark of a card', name, ON_CARD)}_card"


@dataclass(frozen=True)
class BenchmarkRow:
    """One measurement of a benchmark: what does not apply, or was not measured, is NaN or ``None``.

    A row of any benchmark has only those of these numbers that its benchmark takes; the file leaves the others out.

    Attributes:
        what: What was run: ``network``, ``cs:<variant>``, ``sub-network``, a command, ...
        tool: ``recon_lib``, ``pytorch``, ``bart``, ``sigpy`` or ``scikit-image``.
        setting: How the tool was set.
        precision: What a network's convolutions were computed in; float32 where nothing is said.
        size: ``(height, width)`` of an image, in pixels.
        batch: Slices at once.
        slices: That were measured.
        rounds: Repetitions that a median is of.
        iterations: Of compressed sensing.
        epochs: Of sequential training.
        images: Of sequential training.
        crop: Side of the squares that were trained on, in pixels; ``None`` for whole images.
        masks: That were drawn in one call.
        drawn: Masks that were checked.
        different: Of them, how many differ from each other.
        best: Whether this is the tool's best batch or setting.
        seconds_per_slice: Median.
        seconds_per_mask: Median.
        fastest: Seconds of the fastest round.
        slowest: Seconds of the slowest round.
        seconds: Of the whole command or step.
        psnr: Mean of the reconstructions, dB.
        gflops: Operations a second, 1e9.
        share: Part of a step's time, 0 to 1.
        times_faster: Than the peer, the same batch.
        times_faster_best: Than the peer, the best batch of each.
        times_faster_bart: Than BART's compressed sensing.
        least_acceleration: Of the masks.
        largest_acceleration: Of the masks.
        largest_difference: From the peer's result.
        memory_gib: Most that was held, GiB.
        memory_mib: Most that was held, MiB.
        disk_mb: Written, MB.
        axis: What grows.
        value: How large it is.
        side: Of the image, in pixels, where another axis grows.
        depth: Layers, likewise.
    """

    what: str
    tool: str = "recon_lib"
    setting: str | None = None
    precision: str = "float32"
    size: tuple[int, int] | None = None
    batch: int | None = None
    slices: int | None = None
    rounds: int | None = None
    iterations: int | None = None
    epochs: int | None = None
    images: int | None = None
    crop: int | None = None
    masks: int | None = None
    drawn: int | None = None
    different: int | None = None
    best: bool | None = None
    seconds_per_slice: float = math.nan
    seconds_per_mask: float = math.nan
    fastest: float = math.nan
    slowest: float = math.nan
    seconds: float = math.nan
    psnr: float = math.nan
    gflops: float = math.nan
    share: float = math.nan
    times_faster: float = math.nan
    times_faster_best: float = math.nan
    times_faster_bart: float = math.nan
    least_acceleration: float = math.nan
    largest_acceleration: float = math.nan
    largest_difference: float = math.nan
    memory_gib: float = math.nan
    memory_mib: float = math.nan
    disk_mb: float = math.nan
    axis: str | None = None
    value: int | None = None
    side: int | None = None
    depth: int | None = None

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> BenchmarkRow:
        """Read and check one row of a file.

        Args:
            row: Name to value, as JSON holds it; ``null`` is what was not measured.

        Raises:
            KeyError: It does not say what was run, or a time of a slice has no size.
            TypeError: A field is unknown, or a value is of another kind.
            ValueError: A time, batch or size is not above zero.
        """
        kinds = {field.name: field.type for field in fields(cls)}
        if unknown := sorted(set(row) - set(kinds)):
            raise TypeError(f"a row has a field {unknown[0]!r} that no benchmark has")
        values = {name: value for name, value in row.items() if value is not None}
        values |= {name: float(value) for name, value in values.items() if kinds[name] == "float"}
        if "size" in values or "seconds_per_slice" in values:
            height, width = (int(side) for side in row["size"])
            values["size"] = (height, width)
        for name in _ABOVE_ZERO & values.keys():
            least = min(values[name]) if name == "size" else values[name]
            if not (math.isfinite(least) and least > 0):
                raise ValueError(f"{name} of {values[name]} cannot be")
        return cls(**{"what": row["what"], **values})


_ABOVE_ZERO = {"seconds_per_slice", "seconds_per_mask", "seconds", "batch", "size"}


@dataclass(frozen=True)
class Benchmark:
    """One benchmark's file.

    Attributes:
        name: The benchmark.
        machine: ``processor, cores, system, memory_gib, matmul_gflops``.
        versions: Of Python and packages, by name.
        commit: Of the source tree; a ``+`` behind it says that code had changed since.
        rows: What was measured, a row a measurement.
    """

    name: str
    machine: dict
    versions: dict
    commit: str
    rows: tuple[BenchmarkRow, ...]

    def frame(self) -> pandas.DataFrame:
        """Return the rows as a table: one column each field of a row, whether or not this benchmark fills it."""
        import pandas

        return pandas.DataFrame([asdict(row) for row in self.rows], columns=[f.name for f in fields(BenchmarkRow)])

    @property
    def processor(self) -> str:
        """Which machine measured it: processor and cores."""
        return f"{self.machine.get('processor')}, {self.machine.get('cores')} cores"


def open_benchmark(name: str) -> Benchmark | None:
    """Read a benchmark's file, after all files beside it have been verified.

    Args:
        name: One of :data:`BENCHMARKS`, or of :func:`on_card`.

    Returns:
        What it holds, or ``None`` if it has not been run.

    Raises:
        ReconError: The name is unknown, or a file was edited, is missing, half-written or no benchmark's.
    """
    path = _path(choose("benchmark", name, (*BENCHMARKS, *map(on_card, ON_CARD))))
    if not path.parent.is_dir():
        return None
    provenance.verify(path.parent)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        machine, versions = dict(content["machine"]), dict(content["versions"])
        rows = tuple(BenchmarkRow.from_json(dict(row)) for row in content["rows"])
        return Benchmark(name, machine, versions, str(content["commit"]), rows)
    except (ValueError, KeyError, TypeError) as error:
        why = f"no {error}" if isinstance(error, KeyError) else error
        raise ReconError(
            f"{path} is not a readable benchmark ({why}): run python -m benchmarks.{name}, or restore it."
        ) from error


def _path(name: str) -> Path:
    return store.root() / store.BENCHMARK_FOLDER / f"{name}.json"
