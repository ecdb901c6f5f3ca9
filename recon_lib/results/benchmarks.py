"""Reading what the benchmarks wrote: ``book/results/benchmarks/<name>.json``; nothing here measures anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError, choose
from recon_lib.results import provenance, store

if TYPE_CHECKING:
    import pandas

#: Their names.
BENCHMARKS = (
    "training", "inference", "sequential", "masks", "compressed_sensing", "metrics", "feeding", "growth", "footprint",
)  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """One benchmark's file.

    Attributes:
        name: The benchmark.
        machine: ``processor, cores, system, memory_gib, matmul_gflops``.
        versions: Of Python and packages, by name.
        commit: Of the source tree; a ``+`` behind it says that code had changed since.
        rows: What was measured, a row a timing; ``seconds_per_slice`` is a median. Pages read them in a form of
            their own: :func:`recon_lib.paper.cost.targets.load` as a frame,
            :func:`recon_lib.paper.cost.run_time.load` as checked timings.
    """

    name: str
    machine: dict
    versions: dict
    commit: str
    rows: Sequence | pandas.DataFrame


def load(name: str) -> Benchmark | None:
    """Read a benchmark's file, after all files beside it have been verified.

    Args:
        name: One of :data:`BENCHMARKS`.

    Returns:
        What it holds, or ``None`` if it has not been run.

    Raises:
        ReconError: The name is unknown, or a file was edited, is missing, half-written or no benchmark's.
    """
    path = _path(choose("benchmark", name, BENCHMARKS))
    if not path.parent.is_dir():
        return None
    provenance.verify(path.parent)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        machine, versions = dict(content["machine"]), dict(content["versions"])
        return Benchmark(name, machine, versions, str(content["commit"]), tuple(map(dict, content["rows"])))
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(name, error) from error


def damaged(name: str, error: Exception) -> ReconError:
    """Return the error for a benchmark's file that does not hold what it should.

    Args:
        name: The benchmark.
        error: What reading it raised.
    """
    why = f"no {error}" if isinstance(error, KeyError) else error
    return ReconError(
        f"{_path(name)} is not a readable benchmark ({why}): run python -m benchmarks.{name}, or restore it."
    )


def _path(name: str) -> Path:
    return store.root() / store.BENCHMARK_FOLDER / f"{name}.json"
