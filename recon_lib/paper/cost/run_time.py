"""Measured times of reconstruction: the page of run times. They are of one machine, the one the page names."""

from __future__ import annotations

import math
from collections.abc import Collection

from recon_lib.paper.machines import name_machines
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.paper.reference import PAPER_MACHINE, PAPER_MS, PAPER_SIZES
from recon_lib.results.benchmarks import Benchmark, BenchmarkRow, open_benchmark
from recon_lib.results.store import Results

BENCHMARKS = ("inference", "compressed_sensing")
_TOOLS = {"recon_lib": "this library", "bart": "BART", "sigpy": "SigPy", "pytorch": "the same network in PyTorch"}


def measured(names: Collection[str] = BENCHMARKS) -> tuple[BenchmarkRow, ...]:
    """Return every time of a slice in float32, which the evaluations compute in; rows of a quality alone are left out.

    Args:
        names: Of :data:`BENCHMARKS`.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    chosen = (benchmark for benchmark in opened() if benchmark.name in names)
    rows = (row for benchmark in chosen for row in benchmark.rows if row.precision == "float32")
    return tuple(row for row in rows if not math.isnan(row.seconds_per_slice))


def processors() -> set[str]:
    """Return the machines that the benchmarks were run on, by processor and cores.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    return {benchmark.processor for benchmark in opened()}


def opened() -> list[Benchmark]:
    """Read the benchmarks of :data:`BENCHMARKS` that have been run.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    return list(filter(None, map(open_benchmark, BENCHMARKS)))


def nearest_size(rows: tuple[BenchmarkRow, ...], test_domain: str) -> tuple[int, int] | None:
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
    pixels = math.prod(PAPER_SIZES[test_domain])
    return min(common, key=lambda size: (abs(math.prod(size) - pixels), size), default=None)


def render_network_times() -> Rendered:
    """List the network's time a slice for each size: alone (batch 1) and at its best batch, beside the paper's.

    Returns:
        Markdown; one sentence if nothing has been measured yet.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    rows = [row for row in measured() if row.what == "network"]
    if not rows:
        return _not_yet("The network")
    cells = []
    for size, tool in sorted({(row.size, row.tool) for row in rows}, key=lambda key: (key[0], key[1] != "recon_lib")):
        same = [row for row in rows if (row.size, row.tool) == (size, tool)]
        alone = min((row.seconds_per_slice for row in same if row.batch == 1), default=math.nan)
        best = min(same, key=_seconds)
        times = _milliseconds(alone), _milliseconds(best.seconds_per_slice)
        cells.append((_size(size), _TOOLS.get(tool, tool), *times, str(best.batch), _decibels(best.psnr)))
    sizes = " and ".join(_size(size) for size in PAPER_SIZES.values())
    cells.append((sizes, f"the paper, {PAPER_MACHINE}", f"{PAPER_MS:g}", "", "", ""))
    heads = ("Size", "By", "One at a time, ms", "At its best batch, ms", "Best batch", "PSNR, dB")
    return render_table(heads, cells, "llrrrr")


def render_cs_times() -> Rendered:
    """List the time a slice of compressed sensing, beside the network's at the same size.

    Returns:
        Markdown: for each size, variant and tool the fastest measurement whose iterations are known, and how many
        times as long as the network alone, one slice at a time, it takes; one sentence if nothing was measured yet.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    rows = measured()
    sensing = [row for row in rows if row.what.startswith("cs:") and row.iterations]
    if not sensing:
        return _not_yet("Compressed sensing")
    cells = []
    for size, method, tool in sorted({(row.size, row.what, row.tool) for row in sensing}):
        best = min((row for row in sensing if (row.size, row.what, row.tool) == (size, method, tool)), key=_seconds)
        network = [
            row.seconds_per_slice
            for row in rows
            if (row.what, row.size, row.batch, row.tool) == ("network", size, 1, "recon_lib")
        ]
        ratio = f"{best.seconds_per_slice / min(network):.2g} times" if network else ""
        numbers = str(best.iterations), _milliseconds(best.seconds_per_slice), _decibels(best.psnr), ratio
        cells.append((_size(size), method.removeprefix("cs:"), _TOOLS.get(tool, tool), *numbers))
    heads = ("Size", "Variant", "By", "Iterations", "ms a slice", "PSNR, dB", "As long as the network")
    return render_table(heads, cells, "lllrrrr")


def render_rival() -> Rendered:
    """Say how the best CS of another program compares with our best variant, on the benchmark's slices.

    Returns:
        Markdown; empty if no other program was measured.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    pair = _best_and_rival()
    if pair is None:
        return Rendered(markdown="")
    best, rival = pair
    lead = rival.psnr - best.psnr
    program = f"{_program(rival)}, with {rival.what.removeprefix('cs:').removesuffix(_REAL)}"
    return Rendered(
        markdown="The variants are this library's. Another program was run on the slices of the "
        f"[benchmark](#cs-benchmark), of another data set: {program}. Its PSNR was {abs(lead):.2f} dB "
        f"{'above' if lead > 0 else 'below'} that of {best.what.removeprefix('cs:')}, the best of our variants that "
        "were run there. It was not run on the test slices here."
    )


def explain_rival() -> str:
    """Say for a verdict which other program did better than the best of our variants, on the benchmark's slices.

    Returns:
        Half a sentence; empty if no other program did better.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    pair = _best_and_rival()
    if pair is None or pair[1].psnr <= pair[0].psnr:
        return ""
    best, rival = pair
    return (
        f"this is over the variants of this library; {_program(rival)}, was {rival.psnr - best.psnr:.2f} dB above "
        f"{best.what.removeprefix('cs:')} on the slices of the benchmark, and was not run on these"
    )


def _best_and_rival() -> tuple[BenchmarkRow, BenchmarkRow] | None:
    """Find the benchmark's best CS by PSNR: of this library, and of the other programs; ``None`` without either."""
    rows = measured(["compressed_sensing"])
    rows = [row for row in rows if row.what.startswith("cs:") and not math.isnan(row.psnr)]
    ours, theirs = ([row for row in rows if (row.tool == "recon_lib") == own] for own in (True, False))
    if not ours or not theirs:
        return None
    best, rival = (max(side, key=lambda row: row.psnr) for side in (ours, theirs))
    return best, rival


def _program(row: BenchmarkRow) -> str:
    """Name the program of a row, and whether it was told that the image is real."""
    told = ", told that the image is real" if row.what.endswith(_REAL) else ""
    return f"{_TOOLS.get(row.tool, row.tool)}{told}"


_REAL = ", real"  # ends the method of a program that was told so


def render_machine() -> Rendered:
    """Say on which machine the times were measured, with which versions.

    Returns:
        Markdown, one line a benchmark.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    lines = []
    for benchmark in opened():
        machine = benchmark.machine
        rate = f"a matrix product at {machine['matmul_gflops']:.0f} GFLOP/s" if machine.get("matmul_gflops") else ""
        memory = f"{machine['memory_gib']:.0f} GiB of memory" if machine.get("memory_gib") else ""
        parts = [f"{machine.get('processor', 'processor unknown')}, {machine.get('cores', '?')} cores", memory, rate]
        parts.append(str(machine.get("system", "")))
        versions = ", ".join(f"{name} {number}" for name, number in sorted(benchmark.versions.items()))
        title = benchmark.name.replace("_", " ")
        lines.append(f"- *{title}*: {'; '.join(filter(None, parts))}. {versions}. Commit `{benchmark.commit[:9]}`.")
    return Rendered(markdown="\n".join(lines) or "No machine has been measured yet.")


def _not_yet(method: str) -> Rendered:
    return note(f"{method} has not been measured yet.")


def _seconds(row: BenchmarkRow) -> float:
    return row.seconds_per_slice


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}\u00a0x\u00a0{size[1]}"  # spaces at which no line breaks


def _decibels(psnr: float) -> str:
    return "" if math.isnan(psnr) else f"{psnr:.2f}"


def _milliseconds(seconds: float) -> str:
    if math.isnan(seconds):
        return ""
    return f"{1000 * seconds:.0f}" if seconds >= 0.1 else f"{1000 * seconds:.3g}"


def render_other_machines(results: Results | None) -> Rendered:
    """Say whether the machine of the benchmarks is one of those that trained a profile's networks.

    Args:
        results: The profile's, or ``None``.

    Returns:
        Markdown: a sentence; empty where either is unknown.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    timed = processors()
    runs = {} if results is None else results.records
    records = [record for record in runs.values() if record.kind == "train" and record.machine]
    if not timed or not records:
        return Rendered(markdown="")
    hosts = [f"{record.machine['processor']}, {record.machine['cores']} cores" for record in records]
    alike, networks = (
        sum(host in timed for host in hosts),
        f"The networks of profile **{results.profile}** were trained",
    )
    if not alike:
        text = f"{networks} on another machine ({name_machines(results)}). The times here are not of that machine."
    elif alike == len(hosts):
        text = f"{networks} on such a machine too."
    else:
        text = f"Of profile **{results.profile}** {alike} of {len(hosts)} trainings ran on such a machine."
    return Rendered(markdown=text)
