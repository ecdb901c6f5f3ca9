"""Fair timing in one run, the machine it was done on, and the file that the book's page "Cost" is drawn from."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from recon_lib.core import files, host
from recon_lib.core.errors import ReconError
from recon_lib.network import accelerator
from recon_lib.results import provenance, store
from recon_lib.results.benchmarks import on_card

Rows = list[dict]


def interleave(work: Mapping[str, Callable[[], object]], rounds: int, warm: bool = True) -> dict[str, list[float]]:
    """Time pieces of work in turn, A B A B, so that what disturbs the machine disturbs all of them.

    Args:
        work: What to time, by name.
        rounds: Times that each is timed.
        warm: Call each once before, untimed, so that compilers and caches are warm; not for work of minutes.

    Returns:
        Seconds of each call, by name, in the order of the rounds.
    """
    for call in work.values() if warm else ():
        call()
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, call in work.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def timing(seconds: Sequence[float], slices: int = 1) -> dict:
    """Summarise repeated timings.

    Args:
        seconds: Of each call.
        slices: Slices that a call handles.

    Returns:
        ``seconds_per_slice``, the median; ``fastest`` and ``slowest``, likewise a slice; ``rounds``.
    """
    each = [value / slices for value in seconds]
    return {
        "seconds_per_slice": statistics.median(each),
        "fastest": min(each),
        "slowest": max(each),
        "rounds": len(each),
    }


def times_faster(ours: Sequence[float], peer: Sequence[float], slices: tuple[int, int] = (1, 1)) -> float:
    """Compare two pieces of work pair by pair: what slowed one round slowed both of its calls.

    Args:
        ours: Seconds of each call.
        peer: Those of the peer's calls, in the same rounds.
        slices: Slices that a call of ours and of the peer's handles.

    Returns:
        The median of the peer's time over ours: above 1, ours is faster.
    """
    pairs = zip(ours, peer, strict=True)
    return statistics.median((theirs / slices[1]) / (mine / slices[0]) for mine, theirs in pairs)


def machine() -> dict:
    """Describe the machine, with the rate of a float32 matrix product measured on it now.

    Returns:
        ``processor, cores, system, memory_gib, matmul_gflops``.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rate = round(matrix_product_rate(), 1)
    return {**accelerator.machine(), "memory_gib": round(memory, 1), "matmul_gflops": rate}


def matrix_product_rate(side: int = 2048, rounds: int = 9) -> float:
    """Measure the float32 matrix product, in GFLOP/s: numpy's, or the network's backend's where that is faster.

    Args:
        side: Of the square matrices.
        rounds: Products timed; the median counts.

    Returns:
        ``2 side^3`` operations over the time.
    """
    import numpy as np

    matrix = np.random.default_rng(0).standard_normal((side, side)).astype(np.float32)
    work: dict[str, Callable[[], object]] = {"numpy": lambda: matrix @ matrix}
    if "keras" in sys.modules:  # a benchmark without a network is not to load it for this
        from keras import ops

        tensor = ops.convert_to_tensor(matrix)
        # One number is read, to wait for the product without bringing all of it home from a card.
        work["keras"] = lambda: ops.convert_to_numpy(ops.matmul(tensor, tensor)[0, 0])
    fastest = min(statistics.median(seconds) for seconds in interleave(work, rounds).values())
    return 2 * side**3 / fastest / 1e9


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python, the library, numpy and other installed packages."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("recon-lib", "numpy", *packages)}}


def publish(name: str, content: Mapping[str, object]) -> Path:
    """Write ``<results>/benchmarks/<name>.json`` and the folder's provenance, both atomically.

    Stopped between the two, the folder fails ``results verify`` by this file's name until the benchmark runs again.

    Args:
        name: The benchmark.
        content: JSON-serialisable.

    Returns:
        The file.

    Raises:
        ReconError: Another file of the folder is not what was written: a new provenance would hide that.
    """
    folder = store.root() / store.BENCHMARK_FOLDER
    for other, digest in _recorded(folder).items():
        path = folder / other
        if other != f"{name}.json" and not (path.is_file() and files.sha256(path) == digest):
            raise ReconError(f"{path} is not what was written: restore it, or run python -m benchmarks.{path.stem}.")
    path = folder / f"{name}.json"
    files.write_json(path, content)
    provenance.write_provenance(folder, {"benchmarks": sorted(file.stem for file in folder.glob("[!.p]*.json"))})
    return path


def main(
    name: str,
    measure: Callable[[bool], Rows],
    packages: Sequence[str] = (),
    peers: Mapping[str, str] | None = None,
) -> None:
    """Run one benchmark from the command line.

    Args:
        name: The benchmark, and its file.
        measure: Returns the rows; true asks for the tiniest sizes, whose timings mean nothing and are not kept.
        packages: Whose versions belong to the numbers.
        peers: Versions of the peers, by package.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=sys.modules[measure.__module__].__doc__
    )
    parser.add_argument(
        "--tiny", action="store_true", help="run at the tiniest sizes, to see that it works; keep nothing"
    )
    tiny = parser.parse_args().tiny
    try:
        start = time.monotonic()
        rows = measure(tiny)
        for row in rows:
            print("  " + ", ".join(f"{key} {_short(value)}" for key, value in row.items()), flush=True)
        if not tiny:
            described = machine()
            content = {
                "machine": described,
                "versions": versions(*packages) | dict(peers or {}),
                "commit": host.commit() or "",
                "rows": rows,
            }
            file = on_card(name) if described.get("accelerator") else name
            print(f"{publish(file, content)}: {time.monotonic() - start:.0f} s", flush=True)
    except ReconError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from error


def _recorded(folder: Path) -> dict[str, str]:
    path = folder / provenance.PROVENANCE
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ReconError(f"{path} is not readable ({error}): remove it, then run make bench.") from error


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
