"""Plots of the benchmarks, for the page "Cost"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import choose
from recon_lib.core.style import COLUMN_WIDTH, PALE, PLAIN, SERIES, SMALL, TEXT, blank_figure, plain_axes
from recon_lib.paper.cost.tables import UNMEASURED, slopes, written_size
from recon_lib.paper.cost.targets import TOOLS
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import BENCHMARKS, Benchmark

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = dict(zip(("recon_lib", "pytorch", "bart", "sigpy", "scikit-image"), SERIES, strict=False))
_BARS = {  # what is drawn, in which unit
    "masks": ("seconds_per_mask", 1000, "ms a mask"),
    "feeding": ("seconds_per_slice", 1000, "ms of a step"),
    "sequential": ("seconds_per_slice", 1000, "ms an image and update"),
    "footprint": ("memory_gib", 1, "memory, GiB"),
    "coils": ("seconds_per_slice", 1, "s a slice"),
}


_CAPTIONS = {
    "training": "Operations a second of one update, by size and batch. See how near the bars come to the dashed "
    "line, the "
    "rate of the matrix product.",
    "inference": "Operations a second of a reconstruction, by size and batch. See how near the bars come to the dashed "
    "line, the rate of the matrix product.",
    "sequential": "Time of an image and update while one sub-network is trained. See what keeping the outputs of the "
    "finished ones saves.",
    "masks": "Time of one sampling mask, on a logarithmic scale. Shorter is better.",
    "compressed_sensing": "Time of compressed sensing a slice, every variant beside other tools. Shorter is better.",
    "metrics": "Time of the structural similarity of a slice beside another tool's, and of all metrics. Shorter "
    "is better.",
    "feeding": "The parts of one step of fine-tuning. See which of them takes most of it.",
    "growth": "Time and memory, on logarithmic scales, so that a power is a straight line. See whether its slope "
    "is one.",
    "coils": "Time of a slice of several coils by every method, and of its maps. Shorter is better.",
    "footprint": "The most memory that each command holds. See which command a small machine cannot run.",
}


def render(name: str, measured: Benchmark | None) -> Rendered:
    """Show a benchmark's plot on a page.

    Args:
        name: One of :data:`recon_lib.results.benchmarks.BENCHMARKS`.
        measured: Its measurements; ``None`` before it was run.

    Returns:
        The plot of :func:`draw` with its caption and files, or a line that says that there is nothing to draw.
    """
    figure = draw(name, measured)
    if measured is None:
        return UNMEASURED
    numbers = measured.frame().dropna(axis="columns", how="all")
    return render_figure(figure, f"cost_{name}", numbers, _CAPTIONS[name], f"Plot: {_CAPTIONS[name]}")


def draw(name: str, measured: Benchmark | None) -> Figure | Rendered:
    """Draw a benchmark's measurements as a plot.

    Args:
        name: One of :data:`recon_lib.results.benchmarks.BENCHMARKS`.
        measured: Its measurements; ``None`` before it was run.

    Returns:
        The figure, or a line that says that there is nothing to draw.
    """
    choose("benchmark", name, BENCHMARKS)
    if measured is None:
        return UNMEASURED
    if name == "growth":
        return _growth(measured.frame())
    if name in ("training", "inference"):
        return _rates(name, measured)
    return _bars(name, measured.frame())


def _rates(name: str, measured: Benchmark) -> Figure:
    """Bars of GFLOP/s, a panel a network, the matrix product as a line."""
    rows = measured.frame()
    rows = rows[rows["gflops"].notna() & (rows["what"] != "setting")]
    networks = list(dict.fromkeys(rows["what"]))
    figure, grid = blank_figure((COLUMN_WIDTH, 3.6), 1, len(networks))
    for axes, network in zip(grid[0], networks, strict=True):
        network_rows = rows[rows["what"] == network]
        groups = list(dict.fromkeys(zip(network_rows["size"], network_rows["batch"], strict=True)))
        tools = list(dict.fromkeys(zip(network_rows["tool"], network_rows["precision"], strict=True)))
        for index, (tool, precision) in enumerate(tools):
            is_own = (network_rows["tool"] == tool) & (network_rows["precision"] == precision)
            tool_rows, is_rounded = network_rows[is_own], precision == "bfloat16"
            keys = zip(tool_rows["size"], tool_rows["batch"], strict=True)
            rates = dict(zip(keys, tool_rows["gflops"], strict=True))
            x = np.arange(len(groups)) + (index - (len(tools) - 1) / 2) * 0.8 / len(tools)
            heights = [rates.get(group, math.nan) for group in groups]
            look = {"color": COLOURS[tool], "hatch": "///" if is_rounded else None, "edgecolor": "white"}
            axes.bar(x, heights, 0.8 / len(tools), label=TOOLS[tool] + ", bfloat16" * is_rounded, linewidth=0, **look)
        axes.axhline(measured.machine["matmul_gflops"], color=PLAIN, lw=1, ls="--", label="matrix product")
        labels = [f"{written_size(size)}, {batch}" for size, batch in groups]
        axes.set_xticks(range(len(groups)), labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=SMALL)
        axes.set(title=network, ylabel="GFLOP/s" if network == networks[0] else "")
        plain_axes(axes)
    axes.set_xlabel("size, batch" if name == "inference" else "")
    _legend(figure, grid[0][0])
    return figure


def _bars(name: str, rows: pandas.DataFrame) -> Figure:
    """Horizontal bars of the time, a bar a row."""
    column, factor, unit = _BARS.get(name, ("seconds_per_slice", 1000, "ms a slice"))
    rows = rows[rows[column].notna()]
    with_size = rows["size"].nunique() > 1
    labels = [_bar_label(row, with_size) for row in rows.to_dict("records")]
    figure, grid = blank_figure((COLUMN_WIDTH, 1.2 + 0.32 * len(rows)), 1, 1)
    axes = grid[0][0]
    values = factor * rows[column].to_numpy(dtype=float)
    bars = axes.barh(labels, values, color=[COLOURS[tool] for tool in rows["tool"]])
    axes.bar_label(bars, [f" {value:.3g}" for value in values], fontsize=TEXT)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    if name == "masks":
        axes.set(xscale="log", xlim=(values.min() / 3, values.max() * 3))
    return figure


def _bar_label(row: dict, with_size: bool) -> str:
    name = row["what"].removeprefix("cs:")
    name = f"{name}, {written_size(row['size'])}" if with_size else name
    return f"{name} ({TOOLS[row['tool']]})"


def _growth(rows: pandas.DataFrame) -> Figure:
    """Time above, memory below, a column an axis; both logarithmic, so that a power is a straight line."""
    fitted = slopes(rows)
    figure, grid = blank_figure((COLUMN_WIDTH, 4.6), 2, len(fitted))
    for column, line in enumerate(fitted.to_dict("records")):
        points = rows[rows["axis"] == line["axis"]]
        for axes, quantity, name in zip(
            grid[:, column], ("seconds", "memory_mib"), ("seconds", "memory, MiB"), strict=True
        ):
            axes.plot(points["value"], points[quantity], "o-", color=COLOURS["recon_lib"], ms=4)
            axes.set(xscale="log", yscale="log", ylabel=name if column == 0 else "")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.set_title(f"power {line[quantity]:.2f}", fontsize=TEXT)
            axes.tick_params(labelsize=SMALL, which="both")
            axes.grid(color=PALE, linewidth=0.6)
            _plain_ticks(axes, points["value"])
        grid[1, column].set_xlabel(f"{line['axis']}\n({line['what']})", fontsize=TEXT)
    return figure


def _plain_ticks(axes: Axes, values: pandas.Series) -> None:
    """Label the places that were measured, and no others."""
    axes.set_xticks(list(values), [f"{value / 1000:.0f}k" if value >= 1000 else f"{value:g}" for value in values])
    axes.set_xticks([], minor=True)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=TEXT, frameon=False)
