"""Tables and plots of the benchmarks, for the page "Cost"."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.core.style import blank_figure
from recon_lib.paper.cost.targets import TOOLS
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import Benchmark

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "recon_lib": "#0072b2",
    "pytorch": "#d55e00",
    "bart": "#009e73",
    "sigpy": "#cc79a7",
    "scikit-image": "#e69f00",
}
_BARS = {  # what is drawn, in which unit
    "masks": ("seconds_per_mask", 1000, "ms a mask"),
    "feeding": ("seconds_per_slice", 1000, "ms of a step"),
    "sequential": ("seconds_per_slice", 1000, "ms an image and update"),
    "footprint": ("memory_gib", 1, "memory, GiB"),
}
_UNMEASURED = Rendered(markdown="*Not measured yet.*")


def render(name: str, measured: Benchmark | None) -> Rendered:
    """Draw a benchmark's measurements as a table.

    Args:
        name: One of ``costs.BENCHMARKS``.
        measured: Its measurements; ``None`` before it was run.

    Returns:
        Markdown; an empty cell was not measured, because the peer was not installed, or does not apply.
    """
    columns = _COLUMNS[choose("benchmark", name, _COLUMNS)]
    if measured is None:
        return _UNMEASURED
    lines = ["| " + " | ".join(columns) + " |", "|" + "".join(":--|" if c in _WORDS else "--:|" for c in columns)]
    for row in measured.rows.to_dict("records"):
        row["rate"] = measured.machine["matmul_gflops"]
        lines.append("| " + " | ".join(_cell(row, *column) for column in columns.values()) + " |")
    return Rendered(markdown="\n".join(lines))


def draw(name: str, measured: Benchmark | None) -> Figure | Rendered:
    """Draw a benchmark's measurements as a plot.

    Args:
        name: One of ``costs.BENCHMARKS``.
        measured: Its measurements; ``None`` before it was run.

    Returns:
        The figure, or a line that says that there is nothing to draw.
    """
    choose("benchmark", name, _COLUMNS)
    if measured is None:
        return _UNMEASURED
    if name == "growth":
        return _growth(measured.rows)
    if name in ("training", "inference"):
        return _rates(name, measured)
    return _bars(name, measured.rows)


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
        return _UNMEASURED
    lines = ["| What grows | From, to | Work | Power of the time | Power of the memory |", "|:--|--:|:--|--:|--:|"]
    for row in slopes(measured.rows).itertuples():
        span = f"{row.least:g}, {row.largest:g}"
        lines.append(f"| {row.axis} | {span} | {row.what} | {row.seconds:.2f} | {row.memory_mib:.2f} |")
    return Rendered(markdown="\n".join(lines))


def _rates(name: str, measured: Benchmark) -> Figure:
    """Bars of GFLOP/s, a panel a network, the matrix product as a line."""
    rows = measured.rows[measured.rows["gflops"].notna() & (measured.rows["what"] != "setting")]
    networks = list(dict.fromkeys(rows["what"]))
    figure, grid = blank_figure((8.0, 3.6), 1, len(networks))
    for axes, network in zip(grid[0], networks, strict=True):
        some = rows[rows["what"] == network]
        places = list(dict.fromkeys(zip(some["size"], some["batch"], strict=True)))
        tools = list(dict.fromkeys(some["tool"]))
        for turn, tool in enumerate(tools):
            found = {
                (r.size_, r.batch): r.gflops
                for r in some[some["tool"] == tool].rename(columns={"size": "size_"}).itertuples()
            }
            x = np.arange(len(places)) + (turn - (len(tools) - 1) / 2) * 0.8 / len(tools)
            heights = [found.get(place, math.nan) for place in places]
            axes.bar(x, heights, 0.8 / len(tools), color=COLOURS[tool], label=TOOLS[tool])
        axes.axhline(measured.machine["matmul_gflops"], color="#555555", lw=1, ls="--", label="matrix product")
        labels = [f"{_size(size)}, {batch}" for size, batch in places]
        axes.set_xticks(range(len(places)), labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
        axes.set(title=network, ylabel="GFLOP/s" if network == networks[0] else "")
    axes.set_xlabel("size, batch" if name == "inference" else "")
    _legend(figure, grid[0][0])
    return figure


def _bars(name: str, rows: pandas.DataFrame) -> Figure:
    """Horizontal bars of the time, a bar a row."""
    column, factor, unit = _BARS.get(name, ("seconds_per_slice", 1000, "ms a slice"))
    rows = rows[rows[column].notna()]
    several = "size" in rows and rows["size"].nunique() > 1
    labels = [_bar_label(row, several) for row in rows.to_dict("records")]
    figure, grid = blank_figure((8.0, 1.2 + 0.32 * len(rows)), 1, 1)
    axes = grid[0][0]
    values = factor * rows[column].to_numpy(dtype=float)
    bars = axes.barh(labels, values, color=[COLOURS[tool] for tool in rows["tool"]])
    axes.bar_label(bars, [f" {value:.3g}" for value in values], fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    if name == "masks":
        axes.set(xscale="log", xlim=(values.min() / 3, values.max() * 3))
    return figure


def _bar_label(row: dict, several: bool) -> str:
    what = row["what"].removeprefix("cs:")
    what = f"{what}, {_size(row['size'])}" if several else what
    return f"{what} ({TOOLS[row['tool']]})"


def _growth(rows: pandas.DataFrame) -> Figure:
    """Time above, memory below, a column an axis; both logarithmic, so that a power is a straight line."""
    fitted = slopes(rows)
    figure, grid = blank_figure((8.0, 4.6), 2, len(fitted))
    for column, line in enumerate(fitted.to_dict("records")):
        points = rows[rows["axis"] == line["axis"]]
        for axes, quantity, name in zip(
            grid[:, column], ("seconds", "memory_mib"), ("seconds", "memory, MiB"), strict=True
        ):
            axes.plot(points["value"], points[quantity], "o-", color=COLOURS["recon_lib"], ms=4)
            axes.set(xscale="log", yscale="log", ylabel=name if column == 0 else "")
            axes.set_title(f"power {line[quantity]:.2f}", fontsize=9)
            axes.tick_params(labelsize=7, which="both")
            axes.grid(color="#dddddd", linewidth=0.6)
            _plain_ticks(axes, points["value"])
        grid[1, column].set_xlabel(f"{line['axis']}\n({line['what']})", fontsize=8)
    return figure


def _plain_ticks(axes: Axes, values: pandas.Series) -> None:
    """Label the places that were measured, and no others."""
    axes.set_xticks(list(values), [f"{value / 1000:.0f}k" if value >= 1000 else f"{value:g}" for value in values])
    axes.set_xticks([], minor=True)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8, frameon=False)


def _cell(row: dict, key: str | Callable[[dict], object], form: Callable[[object], str]) -> str:
    value = key(row) if callable(key) else row.get(key)
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else form(value)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}\u00a0x\u00a0{size[1]}"  # never broken over two lines


def _ms(value: float) -> str:
    return f"{1000 * value:.3g}" if value < 1 else f"{1000 * value:.0f}"


_WORDS = {"Work", "Tool", "Setting", "What grows"}
_WHAT, _TOOL, _SIZE = ("what", str), ("tool", lambda tool: TOOLS[tool]), ("size", _size)
_BATCH, _MS, _PSNR = ("batch", str), ("seconds_per_slice", _ms), ("psnr", "{:.2f}".format)
_TIMES = ("times_faster", "{:.2f}".format)
_SHARE = (lambda row: 100 * row["gflops"] / row["rate"] if row.get("gflops") else None, "{:.0f} %".format)
_DIFFERENCE = ("largest_difference", "{:.1g}".format)
_COLUMNS: dict[str, dict[str, tuple]] = {
    "training": {
        "Work": _WHAT, "Size": _SIZE, "Batch": _BATCH, "Tool": _TOOL, "Setting": ("setting", str), "ms a slice": _MS,
        "GFLOP/s": ("gflops", "{:.0f}".format), "Of the matrix product": _SHARE, "Times PyTorch": _TIMES,
    },
    "inference": {
        "Work": _WHAT, "Size": _SIZE, "Batch": _BATCH, "Tool": _TOOL, "ms a slice": _MS,
        "Of the matrix product": _SHARE, "PSNR, dB": _PSNR, "Times PyTorch": _TIMES,
        "Times BART": ("times_faster_bart", "{:.2f}".format),
    },
    "sequential": {
        "Work": _WHAT, "Size": _SIZE, "Images": ("images", str), "Epochs": ("epochs", str), "Batch": _BATCH,
        "ms an image and update": _MS, "Times faster": _TIMES, "Largest difference of a weight": _DIFFERENCE,
    },
    "masks": {
        "Work": _WHAT, "Size": _SIZE, "Tool": _TOOL, "ms a mask": ("seconds_per_mask", _ms), "Drawn": ("drawn", str),
        "Least R": ("least_acceleration", "{:.3f}".format), "Largest R": ("largest_acceleration", "{:.3f}".format),
        "Times SigPy": _TIMES,
    },
    "compressed_sensing": {
        "Work": ("what", lambda what: what.removeprefix("cs:").replace("_", "-")), "Tool": _TOOL, "ms a slice": _MS,
        "PSNR, dB": _PSNR, "Times BART": _TIMES,
    },
    "metrics": {
        "Work": _WHAT, "Size": _SIZE, "Tool": _TOOL, "Slices": ("slices", str), "ms a slice": _MS,
        "Times scikit-image": _TIMES, "Largest difference": _DIFFERENCE,
    },
    "feeding": {"Work": _WHAT, "Size": _SIZE, "ms": _MS, "Share of the step": ("share", "{:.1%}".format)},
    "growth": {
        "Work": _WHAT, "What grows": ("axis", str), "To": ("value", str), "ms": ("seconds", _ms),
        "MiB": ("memory_mib", "{:.0f}".format),
    },
    "footprint": {
        "Work": _WHAT, "Seconds": ("seconds", "{:.3g}".format), "Memory, GiB": ("memory_gib", "{:.2f}".format),
        "Written, MB": ("disk_mb", "{:.0f}".format),
    },
}  # fmt: skip
