"""Tables of the benchmarks' measurements, for the page "Cost"."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.paper.cost.targets import TOOLS
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import Benchmark

if TYPE_CHECKING:
    import pandas

UNMEASURED = Rendered(markdown="*Not measured yet.*")


@dataclass(frozen=True)
class _Column:
    """A column of a table: the field of a row, or a function of the row; how it is written; whether it is words."""

    field: str | Callable[[dict], object]
    written: Callable[[object], str] = str
    is_text: bool = False


def render(name: str, measured: Benchmark | None) -> Rendered:
    """Draw a benchmark's measurements as a table.

    Args:
        name: One of :data:`recon_lib.results.benchmarks.BENCHMARKS`.
        measured: Its measurements; ``None`` before it was run.

    Returns:
        Markdown; an empty cell was not measured, because the peer was not installed, or does not apply.
    """
    columns = _COLUMNS[choose("benchmark", name, _COLUMNS)]
    if measured is None:
        return UNMEASURED
    if "accelerator" in measured.machine:  # whose matrix product is another than the processor's, which was timed
        columns = {head: column for head, column in columns.items() if column is not _SHARE}
    rate = {"rate": measured.machine["matmul_gflops"]}
    rows = ([_cell(asdict(row) | rate, column) for column in columns.values()] for row in measured.rows)
    return render_table(list(columns), rows, "".join("l" if column.is_text else "r" for column in columns.values()))


def slopes(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Fit how time and memory grow: the power of each axis, by least squares of the logarithms.

    Args:
        rows: Of the benchmark ``growth``.

    Returns:
        One row an axis: ``axis, what, least, largest, seconds, memory_mib``, the last two being exponents.
    """
    import pandas

    fitted = []
    for axis, points in rows.groupby("axis", sort=False):
        line = {
            "axis": axis,
            "what": points["what"].iloc[0],
            "least": points["value"].min(),
            "largest": points["value"].max(),
        }
        for column in ("seconds", "memory_mib"):
            known = points[points[column] > 0]
            logarithms = np.log(known[["value", column]].to_numpy(dtype=float))
            line[column] = float(np.polyfit(*logarithms.T, 1)[0]) if len(known) > 1 else math.nan
        fitted.append(line)
    return pandas.DataFrame(fitted)


def render_slopes(measured: Benchmark | None) -> Rendered:
    """Draw :func:`slopes` as a table.

    Args:
        measured: The benchmark ``growth``; ``None`` before it was run.

    Returns:
        Markdown.
    """
    if measured is None:
        return UNMEASURED
    rows = (
        (line.axis, f"{line.least:g}, {line.largest:g}", line.what, f"{line.seconds:.2f}", f"{line.memory_mib:.2f}")
        for line in slopes(measured.frame()).itertuples()
    )
    return render_table(("What grows", "From, to", "Work", "Power of the time", "Power of the memory"), rows, "lrlrr")


def written_size(size: tuple[int, int]) -> str:
    """Write ``(height, width)`` with spaces at which no line breaks."""
    return f"{size[0]}\u00a0x\u00a0{size[1]}"


def _cell(row: dict, column: _Column) -> str:
    """Write one cell, or nothing for what was not measured or does not apply."""
    value = column.field(row) if callable(column.field) else row[column.field]
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else column.written(value)


def _ms(value: float) -> str:
    return f"{1000 * value:.3g}" if value < 1 else f"{1000 * value:.0f}"


_WHAT, _TOOL = _Column("what", is_text=True), _Column("tool", lambda tool: TOOLS[tool], is_text=True)
_PRECISION = _Column("precision", is_text=True)
_SIZE, _BATCH = _Column("size", written_size), _Column("batch")
_MS, _PSNR = _Column("seconds_per_slice", _ms), _Column("psnr", "{:.2f}".format)
_TIMES = _Column("times_faster", "{:.2f}".format)
_SHARE = _Column(lambda row: 100 * row["gflops"] / row["rate"], "{:.0f} %".format)
_DIFFERENCE = _Column("largest_difference", "{:.1g}".format)
_COLUMNS: dict[str, dict[str, _Column]] = {
    "training": {
        "Work": _WHAT, "Size": _SIZE, "Batch": _BATCH, "Tool": _TOOL, "Precision": _PRECISION,
        "Setting": _Column("setting", is_text=True), "ms a slice": _MS, "GFLOP/s": _Column("gflops", "{:.0f}".format),
        "Of the matrix product": _SHARE, "Times PyTorch": _TIMES,
    },
    "inference": {
        "Work": _WHAT, "Size": _SIZE, "Batch": _BATCH, "Tool": _TOOL, "Precision": _PRECISION, "ms a slice": _MS,
        "Of the matrix product": _SHARE, "PSNR, dB": _PSNR, "Times PyTorch": _TIMES,
        "Times BART": _Column("times_faster_bart", "{:.2f}".format),
    },
    "sequential": {
        "Work": _WHAT, "Size": _SIZE, "Images": _Column("images"), "Epochs": _Column("epochs"), "Batch": _BATCH,
        "ms an image and update": _MS, "Times faster": _TIMES, "Largest difference of a weight": _DIFFERENCE,
    },
    "masks": {
        "Work": _WHAT, "Size": _SIZE, "Tool": _TOOL, "ms a mask": _Column("seconds_per_mask", _ms),
        "Drawn": _Column("drawn"), "Least R": _Column("least_acceleration", "{:.3f}".format),
        "Largest R": _Column("largest_acceleration", "{:.3f}".format),
        "Times SigPy": _TIMES,
    },
    "compressed_sensing": {
        "Work": _Column("what", lambda name: name.removeprefix("cs:").replace("_", "-"), is_text=True),
        "Tool": _TOOL, "ms a slice": _MS, "PSNR, dB": _PSNR, "Times BART": _TIMES,
    },
    "metrics": {
        "Work": _WHAT, "Size": _SIZE, "Tool": _TOOL, "Slices": _Column("slices"), "ms a slice": _MS,
        "Times scikit-image": _TIMES, "Largest difference": _DIFFERENCE,
    },
    "feeding": {"Work": _WHAT, "Size": _SIZE, "ms": _MS, "Share of the step": _Column("share", "{:.1%}".format)},
    "coils": {
        "Work": _WHAT, "Size": _SIZE, "Tool": _TOOL, "Iterations": _Column("iterations"),
        "s a slice": _Column("seconds_per_slice", "{:.3g}".format),
        "s with maps": _Column("seconds", "{:.3g}".format),
    },
    "growth": {
        "Work": _WHAT, "What grows": _Column("axis", is_text=True), "To": _Column("value"),
        "ms": _Column("seconds", _ms), "MiB": _Column("memory_mib", "{:.0f}".format),
    },
    "footprint": {
        "Work": _WHAT, "Seconds": _Column("seconds", "{:.3g}".format),
        "Memory, GiB": _Column("memory_gib", "{:.2f}".format), "Written, MB": _Column("disk_mb", "{:.0f}".format),
    },
}  # fmt: skip
