"""Measured times of reconstruction: the page of run times. They are of one machine, the one the page names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from recon_lib.paper.markup import Rendered
from recon_lib.paper.reference import PAPER_MS, PAPER_SIZES
from recon_lib.results import benchmarks
from recon_lib.results.benchmarks import Benchmark

BENCHMARKS = ("inference", "compressed_sensing")
_TOOLS = {"recon_lib": "this library", "bart": "BART", "sigpy": "SigPy", "pytorch": "the same network in PyTorch"}


@dataclass(frozen=True)
class Timing:
    """One measurement.

    Attributes:
        what: ``network``, or ``cs:<variant>``.
        size: ``(height, width)`` of the slices.
        batch: Slices at once.
        seconds: For a slice.
        psnr: Mean of the reconstructions, dB; NaN if it was not measured.
        tool: ``recon_lib``, ``bart``, ``sigpy`` or ``pytorch``.
        iterations: Of compressed sensing; 0 of anything else.
        machine: What measured it: processor and cores.
    """

    what: str
    size: tuple[int, int]
    batch: int
    seconds: float
    psnr: float
    tool: str
    iterations: int = 0
    machine: str = ""


def load(name: str) -> Benchmark | None:
    """Read a benchmark's timings.

    Args:
        name: One of :data:`recon_lib.results.benchmarks.BENCHMARKS`.

    Returns:
        What it holds, each row a :class:`Timing`; ``None`` if it has not been measured yet.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.load`; or a row is no timing.
    """
    found = benchmarks.load(name)
    if found is None:
        return None
    timed = (row for row in found.rows if row.get("seconds_per_slice", 0) is not None)  # some have only a quality
    try:
        return replace(found, rows=tuple(_timing(row, found.machine) for row in timed))
    except (ValueError, KeyError, TypeError) as error:
        raise benchmarks.damaged(name, error) from error


def measured() -> tuple[Timing, ...]:
    """Return every measurement there is, of both benchmarks.

    Raises:
        ReconError: As :func:`load`.
    """
    found = (load(name) for name in BENCHMARKS)
    return tuple(row for one in found if one for row in one.rows)


def nearest_size(rows: tuple[Timing, ...], test_domain: str) -> tuple[int, int] | None:
    """Choose the size that stands for a contrast of the paper's.

    Args:
        rows: Measurements.
        test_domain: ``t1`` or ``t2``.

    Returns:
        Of the sizes that both the network (batch 1, this library) and CS were measured at, the one whose number of
        pixels is nearest to the paper's; ``None`` if there is none.
    """
    networks = {row.size for row in rows if row.what == "network" and row.tool == "recon_lib" and row.batch == 1}
    common = networks & {row.size for row in rows if row.what.startswith("cs:")}
    wanted = math.prod(PAPER_SIZES[test_domain])
    return min(common, key=lambda size: (abs(math.prod(size) - wanted), size), default=None)


def render_network_times() -> Rendered:
    """List the network's time a slice for each size: alone (batch 1) and at its best batch, beside the paper's.

    Returns:
        Markdown; one sentence if nothing has been measured yet.

    Raises:
        ReconError: As :func:`load`.
    """
    benchmark = load("inference")
    rows = () if benchmark is None else tuple(row for row in benchmark.rows if row.what == "network")
    if not rows:
        return _not_yet("The network")
    lines = [
        "| Size | By | One at a time, ms | At its best batch, ms | Best batch | PSNR, dB |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for size, tool in sorted({(row.size, row.tool) for row in rows}, key=lambda key: (key[0], key[1] != "recon_lib")):
        same = [row for row in rows if (row.size, row.tool) == (size, tool)]
        alone = min((row.seconds for row in same if row.batch == 1), default=math.nan)
        best = min(same, key=lambda row: row.seconds)
        who = _TOOLS.get(tool, tool)
        quality = _db(best.psnr)
        lines.append(f"| {_size(size)} | {who} | {_ms(alone)} | {_ms(best.seconds)} | {best.batch} | {quality} |")
    sizes = " and ".join(_size(size) for size in PAPER_SIZES.values())
    lines.append(f"| {sizes} | the paper, one Titan X Pascal | {PAPER_MS:g} | | | |")
    return Rendered(markdown="\n".join(lines))


def render_cs_times() -> Rendered:
    """List the time a slice of compressed sensing, beside the network's at the same size.

    Returns:
        Markdown: for each size, variant and tool the fastest measurement whose iterations are known, and how many
        times as long as the network alone, one slice at a time, it takes; one sentence if nothing was measured yet.

    Raises:
        ReconError: As :func:`load`.
    """
    rows = measured()
    sensing = [row for row in rows if row.what.startswith("cs:") and row.iterations]
    if not sensing:
        return _not_yet("Compressed sensing")
    lines = [
        "| Size | Variant | By | Iterations | ms a slice | PSNR, dB | As long as the network |",
        "|:--|:--|:--|--:|--:|--:|--:|",
    ]
    for size, what, tool in sorted({(r.size, r.what, r.tool) for r in sensing}):
        best = min((r for r in sensing if (r.size, r.what, r.tool) == (size, what, tool)), key=lambda row: row.seconds)
        network = [r.seconds for r in rows if (r.what, r.size, r.batch, r.tool) == ("network", size, 1, "recon_lib")]
        ratio = f"{best.seconds / min(network):.2g} times" if network else ""
        who, quality = _TOOLS.get(tool, tool), _db(best.psnr)
        cells = (_size(size), what.removeprefix("cs:"), who, str(best.iterations), _ms(best.seconds), quality, ratio)
        lines.append("| " + " | ".join(cells) + " |")
    return Rendered(markdown="\n".join(lines))


def render_rival() -> Rendered:
    """Say how the best CS of another program compares with our best variant, on the benchmark's slices.

    Returns:
        Markdown; empty if no other program was measured.

    Raises:
        ReconError: As :func:`load`.
    """
    found = load("compressed_sensing")
    rows = [] if found is None else [r for r in found.rows if r.what.startswith("cs:") and not math.isnan(r.psnr)]
    ours, theirs = ([r for r in rows if (r.tool == "recon_lib") == own] for own in (True, False))
    if not ours or not theirs:
        return Rendered(markdown="")
    best, rival = (max(side, key=lambda row: row.psnr) for side in (ours, theirs))
    lead = rival.psnr - best.psnr
    compared = f"{abs(lead):.2f} dB {'above' if lead > 0 else 'below'} our best, {best.what.removeprefix('cs:')}"
    program = f"{_TOOLS[rival.tool]}, {rival.what.removeprefix('cs:')}"
    return Rendered(
        markdown="The variants are this library's. On the slices of the [benchmark](#cs-benchmark), of another data "
        f"set, the best compressed sensing of another program ({program}) came out {compared}. It was not run on the "
        "test slices here."
    )


def render_machine() -> Rendered:
    """Say on which machine the times were measured, with which versions.

    Returns:
        Markdown, one line a benchmark.

    Raises:
        ReconError: As :func:`load`.
    """
    lines = []
    for one in filter(None, map(load, BENCHMARKS)):
        about = one.machine
        rate = f"a matrix product at {about['matmul_gflops']:.0f} GFLOP/s" if about.get("matmul_gflops") else ""
        memory = f"{about['memory_gib']:.0f} GiB of memory" if about.get("memory_gib") else ""
        parts = [f"{about.get('processor', 'processor unknown')}, {about.get('cores', '?')} cores", memory, rate]
        parts.append(str(about.get("system", "")))
        versions = ", ".join(f"{name} {number}" for name, number in sorted(one.versions.items()))
        title = one.name.replace("_", " ")
        lines.append(f"- *{title}*: {'; '.join(filter(None, parts))}. {versions}. Commit `{one.commit[:9]}`.")
    return Rendered(markdown="\n".join(lines) or "No machine has been measured yet.")


def _timing(row: Mapping[str, object], machine: Mapping[str, object]) -> Timing:
    """Check one row."""
    height, width = (int(n) for n in row["size"])
    seconds, batch = float(row["seconds_per_slice"]), int(row["batch"])
    if not (seconds > 0 and math.isfinite(seconds)) or batch < 1 or min(height, width) < 1:
        raise ValueError(f"a time of {seconds} s at batch {batch} and size {height} x {width} cannot be")
    quality = math.nan if row.get("psnr") is None else float(row["psnr"])
    iterations = int(row.get("iterations") or 0)
    where = f"{machine.get('processor')}, {machine.get('cores')} cores"
    return Timing(str(row["what"]), (height, width), batch, seconds, quality, str(row["tool"]), iterations, where)


def _not_yet(what: str) -> Rendered:
    return Rendered(markdown=f"```{{note}}\n{what} has not been measured yet.\n```")


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}\u00a0x\u00a0{size[1]}"  # spaces at which no line breaks


def _db(psnr: float) -> str:
    return "" if math.isnan(psnr) else f"{psnr:.2f}"


def _ms(seconds: float) -> str:
    if math.isnan(seconds):
        return ""
    return f"{1000 * seconds:.0f}" if seconds >= 0.1 else f"{1000 * seconds:.3g}"
