"""The long version: break the project in every way known, count what it survived, and write the table."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process that forks has one thread
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks import harness
from recon_lib.core import host
from recon_lib.core.errors import choose
from recon_lib.results import store
from torture import kills, malformed, mutants, scenes, together
from torture.scenes import Scene

NAME = "torture"  # of the table among the results
NAMED = ("keras", "numpy", "tensorflow", "nibabel", "h5py", "safetensors")
WHOLE = {"kills": 50, "malformed": 220, "together": 3, "mutants": 99}
"""Sections of the long version, and how much each tries: moments, inputs, repetitions, mutations at most."""


def kill_rows(count: int, seed: int, folder: Path) -> Iterator[dict]:
    """Stop every scene, at ``count`` moments in all."""
    importlib.import_module("recon_lib.runs.collect")  # once, before the forks; what it holds runs only after them
    kills.undisturbed(Scene("running", scenes.run_all), folder / "all")
    trained = Scene("training", scenes.run_one("train"), None, scenes.RUN)
    kills.undisturbed(trained, folder / "trained")
    with scenes.server(folder / "asked.txt") as port:
        chosen = [
            Scene("downloading", scenes.download(port)),
            Scene("preparing", scenes.prepare(folder / "world")),
            trained,
            Scene("fine-tuning", scenes.run_one("finetune"), folder / "trained", scenes.RUN),
            Scene("reconstructing by compressed sensing", scenes.run_one("evaluate", "cs:literal"), None, scenes.RUN),
            Scene("collecting", scenes.collect, folder / "all", scenes.TABLES),
        ]
        for place, scene in enumerate(chosen):
            moments = len(range(place, count, len(chosen)))
            if moments:
                yield kills.stop_often(scene, moments, seed, folder / f"kills{place}")


SECTIONS: dict[str, Callable[[int, int, Path], Iterable[dict]]] = {
    "kills": kill_rows,
    "malformed": malformed.fuzz,
    "together": together.rows,
    "mutants": mutants.rows,
}


def main(words: list[str] | None = None) -> int:
    """Run sections, print their table and write it; return 1 if anything broke."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help="kills, malformed, together, mutants; all by default"
    )
    parser.add_argument("--count", type=int, help="how much to try in a section")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="write the table into the results, beside the benchmarks")
    given = parser.parse_args(words)
    names = [choose("section", name, SECTIONS) for name in given.sections or SECTIONS]
    if len(names) > 1:
        return int(any([_in_a_process(name, given) for name in names]))
    print(f"{'what':50} {'tried':>6} {'survived':>9} {'seconds':>8}")
    broken = 0
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        for row in SECTIONS[names[0]](given.count or WHOLE[names[0]], given.seed, Path(folder)):
            show(row)
            broken += row["tried"] - row["survived"]
            if given.keep:
                harness.publish(NAME, table(row, given.seed))
    return int(broken > 0)


def _in_a_process(name: str, given: argparse.Namespace) -> int:
    """Run one section by itself: a section that forks must not inherit the threads that another one started."""
    command = [sys.executable, "-m", "torture", name, "--seed", str(given.seed), *(["--keep"] if given.keep else [])]
    return subprocess.run(command + (["--count", str(given.count)] if given.count else []), check=False).returncode


def show(row: dict) -> None:
    """Print a row of the table, and its faults below it."""
    line = f"{row['what']:50} {row['tried']:6} {row['survived']:9} {row['seconds']:8.1f}"
    print(line, *row["faults"], sep="\n  ", flush=True)


def table(row: dict, seed: int) -> dict:
    """Return what is committed: the row and the file's other rows, and where they were made."""
    path = store.root() / store.BENCHMARK_FOLDER / f"{NAME}.json"
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    kept = {key: row[key] for key in ("what", "tried", "survived", "seconds")} | {"commit": host.commit()}
    return {
        "machine": host.machine(),
        "versions": {name: version(name) for name in NAMED},
        "seed": seed,
        "rows": [*(one for one in before if one["what"] != row["what"]), kept],
    }


if __name__ == "__main__":
    sys.exit(main())
