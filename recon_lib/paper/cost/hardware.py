"""Which hardware a profile asks for: time as measured where it was run, and what can be counted where it was not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib.metadata import distributions

import humanize

from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import load_profile
from recon_lib.paper.cost.needs import Needs, Work, count_needs, work_of
from recon_lib.paper.machines import hosts_of, name_machine
from recon_lib.paper.markdown import note, render_table, table
from recon_lib.paper.markup import Rendered
from recon_lib.results.benchmarks import Benchmark, open_benchmark
from recon_lib.results.store import Results

#: Operations a second that a graphics card keeps up: an old one, a good one, the best.
RATES = (5e12, 20e12, 80e12)
NOT_MEASURED = "not measured yet"
#: The benchmark, and its rows, whose rate stands for a kind of work.
_MEASURED = {
    Work.TRAINING: ("training", "sub-network"),
    Work.FINE_TUNING: ("training", "cascade, end to end"),
    Work.NETWORKS: ("inference", "network"),
}
_UNKNOWN = note("The size of the images is not known before something has been run.")


def measured_seconds(results: Results) -> dict[tuple[str, Work], list[float]]:
    """Gather how long each run took, by machine and kind of work.

    Args:
        results: Their records say it; a run that was stopped counts only its time since it was last resumed, and
            one whose record has no time is left out.

    Returns:
        ``(machine, kind of work)`` to seconds, a number a run.
    """
    seconds: dict[tuple[str, Work], list[float]] = {}
    hosts = hosts_of(results)
    for record in results.records.values():
        if record.seconds is None:
            continue
        key = name_machine(record, hosts), work_of(record.kind, record.key)
        seconds.setdefault(key, []).append(float(record.seconds))
    order = list(Work)
    return dict(sorted(seconds.items(), key=lambda item: (item[0][0], order.index(item[0][1]))))


def render_times(results: Results | None) -> Rendered:
    """List what the runs of a profile took, by machine and kind of work.

    Args:
        results: The profile's, or ``None``.

    Returns:
        Markdown; a sentence where no run has a record of its time.
    """
    by_work = {} if results is None else measured_seconds(results)
    if not by_work:
        return note("No run of this profile has recorded its time yet.")
    rows = []
    for (machine, work), seconds in by_work.items():
        middle = sorted(seconds)[(len(seconds) - 1) // 2]
        spans = (span(value) for value in (middle, max(seconds), sum(seconds)))
        rows.append((machine, work, str(len(seconds)), *spans))
    missing = len(results.provenance.get("missing", ()))
    silent = len(results.records) - sum(map(len, by_work.values()))
    notes = [f"{missing} runs of the profile are still to be done."] if missing else []
    notes += [f"{silent} of its runs have no time on record."] if silent else []
    text = table(("Machine", "Work", "Runs", "Median", "Longest", "Together"), rows, "llrrrr")
    return Rendered(markdown=text + ("\n\n" + " ".join(notes) if notes else ""))


def render_needs(names: tuple[str, ...], results: Results | None) -> Rendered:
    """List what profiles need, a column each.

    Args:
        names: Of profiles.
        results: As in :func:`recon_lib.paper.cost.needs.count_needs`.

    Returns:
        Markdown; a profile whose images are of no known size leaves its column empty.
    """
    needs = [_or_none(name, results) for name in names]
    quantities = (
        ("runs", lambda n: str(sum(n.runs.values()))),
        ("operations, training", lambda n: exponent(n.operations[Work.TRAINING])),
        ("operations, fine-tuning", lambda n: exponent(n.operations[Work.FINE_TUNING])),
        ("operations, test slices", lambda n: exponent(n.operations[Work.NETWORKS])),
        ("memory of a training update", lambda n: size(n.training_update)),
        ("memory of a fine-tuning update", lambda n: size(n.tuning_update)),
        ("main memory for training images", lambda n: size(n.images)),
        ("disk: downloads", lambda n: size(n.download)),
        ("disk: prepared images", lambda n: size(n.prepared)),
        ("disk: networks", lambda n: size(n.networks)),
    )
    rows = ((title, *(cell(profile) if profile else "" for profile in needs)) for title, cell in quantities)
    return render_table(("", *(f"`{name}`" for name in names)), rows, "l" + "r" * len(names))


def render_room(name: str, results: Results | None) -> Rendered:
    """Say in a sentence how much memory and disk a profile needs.

    Args:
        name: Of the profile.
        results: As in :func:`recon_lib.paper.cost.needs.count_needs`.

    Returns:
        Markdown; one sentence too where the size of the images is not known.
    """
    needs = _or_none(name, results)
    if needs is None:
        return _UNKNOWN
    update = max(needs.training_update, needs.tuning_update)
    disk = needs.download + needs.prepared + needs.networks
    return Rendered(
        markdown=f"Counted, not measured: {size(needs.images)} of main memory for the images of the largest training "
        f"run, {size(update)} for the largest update (on the card, if there is one), and {size(disk)} of disk for "
        "downloads, prepared images and networks."
    )


def render_measured(command: str) -> Rendered:
    """Say in a sentence what the benchmark ``footprint`` measured of a command.

    Args:
        command: Its row's name, such as ``quick start``.

    Returns:
        Markdown; one sentence too where it was not measured.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    benchmark = open_benchmark("footprint")
    row = next((row for row in benchmark.rows if row.what == command), None) if benchmark else None
    if row is None:
        return Rendered(markdown="Not measured yet.")
    written = f", and wrote {size(1e6 * row.disk_mb)}" if row.disk_mb > 0 else ""
    return Rendered(
        markdown=f"Measured on {benchmark.machine['cores']} cores of {benchmark.machine['processor']}: it took "
        f"{span(row.seconds)}, held {size(row.memory_gib * 2**30)} of memory at most{written}."
    )


def render_gpu_times(name: str, results: Results | None) -> Rendered:
    """List how long a profile's networks take at rates that graphics cards reach, one after the other or side by side.

    Args:
        name: Of the profile.
        results: As in :func:`recon_lib.paper.cost.needs.count_needs`.

    Returns:
        Markdown, computed and not measured.
    """
    needs = _or_none(name, results)
    if needs is None:
        return _UNKNOWN
    total = sum(needs.operations.values())
    rows = ((f"{rate / 1e12:g}", span(total / rate), span(needs.chain / rate)) for rate in RATES)
    return render_table(("The card keeps up, TFLOP/s", "One card", "As many cards as runs"), rows, "rrr")


def render_precisions(name: str, results: Results | None) -> Rendered:
    """List how long a profile's networks take in float32 and in bfloat16, at the rates that the benchmarks measured.

    Args:
        name: Of the profile.
        results: As in :func:`recon_lib.paper.cost.needs.count_needs`.

    Returns:
        Markdown: the operations of each kind of work, divided by the best rate of the same kind of work.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    needs = _or_none(name, results)
    if needs is None:
        return _UNKNOWN
    cells, machines = [], set()
    for work, (file, what) in _MEASURED.items():
        benchmark = open_benchmark(file)
        if benchmark:
            machines.add(benchmark.processor)
        rates = (_rate(benchmark, what, precision) for precision in ("float32", "bfloat16"))
        cells.append((work, *(span(needs.operations[work] / rate) if rate else NOT_MEASURED for rate in rates)))
    text = table(("Work", "float32", "bfloat16"), cells, "lrr")
    source = f"At the rates measured on {' and '.join(sorted(machines))}." if machines else ""
    return Rendered(markdown=f"{text}\n\n{source}".rstrip())


def expected_seconds(operations: Mapping[Work, int]) -> float:
    """Estimate how long operations take in float32 at the rates that :func:`render_precisions` divides by.

    Args:
        operations: By kind of work; kinds without a measured rate have none.

    Returns:
        Seconds; NaN where a rate has not been measured.

    Raises:
        ReconError: As :func:`recon_lib.results.benchmarks.open_benchmark`.
    """
    rates = {work: _rate(open_benchmark(file), what, "float32") for work, (file, what) in _MEASURED.items()}
    return sum(operations[work] / rate if rate else math.nan for work, rate in rates.items())


def _rate(benchmark: Benchmark | None, what: str, precision: str) -> float:
    """Return the most operations a second that ours reached in a kind of work; 0 where it was not measured."""
    rates = (
        row.gflops * 1e9
        for row in (benchmark.rows if benchmark else ())
        if (row.tool, row.what, row.precision) == ("recon_lib", what, precision) and not math.isnan(row.gflops)
    )
    return max(rates, default=0.0)


def environment_bytes() -> int:
    """Count the bytes of all installed packages, as their own lists of files state them."""
    files = (file for package in distributions() for file in package.files or ())
    return sum(file.size or 0 for file in files)


def span(seconds: float) -> str:
    """Write a time for a reader: ``40 s``, ``12 min``, ``3.5 h``.

    The library humanize writes "3 hours" for the last, or "3 hours and 30 minutes", which is too coarse or too long for
    a cell of a table; so this stays ours.
    """
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size(count: float) -> str:
    """Write bytes for a reader, in powers of ten: ``48 MB``, ``9.4 GB``; nothing for none."""
    if not count:
        return ""
    return humanize.naturalsize(count, format="%.3g" if count < 1e9 else "%.1f")


def exponent(count: float) -> str:
    r"""Write a large number as LaTeX: ``$4.1 \times 10^{16}$``; nothing for zero."""
    mantissa, _, power = f"{count:.1e}".partition("e")
    return f"${mantissa} \\times 10^{{{int(power)}}}$" if count else ""


def _or_none(name: str, results: Results | None) -> Needs | None:
    try:
        return count_needs(load_profile(name), results)
    except ReconError:
        return None
