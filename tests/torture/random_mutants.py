"""Random wrong lines, and whether a test sees each: ``PYTHONPATH=tests python -m torture.random_mutants --help``.

Each mutant is tried in a copy of the tree: by the tests of its module, then of its package, then by those of packages
that import it, until one fails; with ``--slow`` also by slow ones and by all that it reaches. A result is a line of
the file ``--out``; what stands there is not tried again, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

from isolated import copy_tree

from recon_lib.core import paths
from torture.changes import Change, changes, is_other
from torture.choice_of_tests import stages

PACKAGES = ("imaging", "network", "baselines", "experiment", "results", "runs", "scans", "data")
STAGES = ("module", "package", "others", "slow")
LIMIT = 900  # seconds of one stage; a test has 120


@dataclass(frozen=True)
class Mutant:
    """A module with one wrong line.

    Attributes:
        file: Below the root.
        kind: Of the change.
        line: Its number.
        text: The whole module, changed.
        diff: The lines that differ.
    """

    file: str
    kind: str
    line: int
    text: str
    diff: str


def draw(count: int, seed: int, packages: tuple[str, ...] = PACKAGES) -> list[Mutant]:
    """Draw mutants, any place of any module as likely as another.

    Args:
        count: How many.
        seed: Another gives others. Where a module was changed, only what was drawn of its changed lines changes.
        packages: Where.
    """
    pool = {}
    for package in packages:
        for path in sorted((paths.ROOT / "recon_lib" / package).rglob("*.py")):
            name, source = str(path.relative_to(paths.ROOT)), path.read_text(encoding="utf-8")
            lines = source.splitlines()
            for change in changes(source, random.Random(f"{seed} {name}")):
                place = lines[source.encode()[: change.start].count(b"\n")]
                rank = sha256(f"{seed} {name} {place} {change.kind} {change.text}".encode()).hexdigest()
                pool[rank] = (name, source, change)
    drawn = (pool[rank] for rank in sorted(pool))
    return [_mutant(*place) for place in islice((p for p in drawn if is_other(*p[1:])), count)]


def _mutant(name: str, source: str, change: Change) -> Mutant:
    text = change.apply(source)
    lines = difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm="")
    diff = "\n".join(line for line in lines if line[:3] not in {"---", "+++"} and line[0] in "+-")
    return Mutant(name, change.kind, source.encode()[: change.start].count(b"\n") + 1, text, diff)


def write(path: Path, text: str) -> None:
    """Write a module, and forget what was compiled of it: two mutants of one second may have one size."""
    path.write_text(text, encoding="utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def run_tests(files: list[str], marks: str, folder: Path) -> tuple[str, str]:
    """Run tests of a tree until one fails.

    Returns:
        ``passed``, ``failed`` or ``timeout``, and the test that failed.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", marks, "-o", "timeout=120", "--tb=no"]
    command += ["-p", "no:cacheprovider", "-p", "no:randomly", *files]
    environment = {**os.environ, "PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "timeout", ""
        output.seek(0)
        lines = output.read().splitlines()
    failed = next((line.split()[1] for line in lines if line.startswith(("FAILED", "ERROR "))), "")
    return ("passed", "") if code in (0, 5) else ("failed", failed or f"exit {code}: {' '.join(lines[-1:])}"[:300])


def attempt(mutant: Mutant, folder: Path, names: tuple[str, ...]) -> dict:
    """Try one mutant in a copy of the tree, and put the copy right again."""
    began, result, name, test = time.monotonic(), "passed", "", ""
    path = folder / mutant.file
    right = path.read_text(encoding="utf-8")
    try:
        write(path, mutant.text)
        for name, files in _batches(mutant, folder, names):
            result, test = run_tests(files, "not browser" if name == "slow" else "not browser and not slow", folder)
            if result != "passed":
                break
    finally:
        write(path, right)
    row = {key: value for key, value in asdict(mutant).items() if key != "text"}
    verdict = "survived" if result == "passed" else "killed"
    return {**row, "verdict": verdict, "stage": name, "test": test or result, "seconds": int(time.monotonic() - began)}


def _batches(mutant: Mutant, folder: Path, names: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    files = dict(zip(STAGES, stages(Path(mutant.file), folder), strict=False))
    yield from ((name, files[name]) for name in names if files[name])


def run(mutants: list[Mutant], jobs: int, out: Path, names: tuple[str, ...]) -> None:
    """Try mutants, some at a time, and append a line for each."""
    guard, trees = threading.Lock(), SimpleQueue()

    def work(mutant: Mutant) -> None:
        tree = trees.get()
        try:
            row = attempt(mutant, tree, names)
        finally:
            trees.put(tree)
        with guard, out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{row['verdict']:8} {row['seconds']:4} s {row['stage']:8} {row['file']}:{row['line']}", flush=True)

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for number in range(jobs):
            copy_tree(Path(folder) / str(number))
            trees.put(Path(folder) / str(number))
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(work, mutants))


def rows_of(out: Path) -> dict[tuple[str, str], dict]:
    """Return what was tried, by file and difference; of two tries the last."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    return {(row["file"], row["diff"]): row for row in map(json.loads, lines)}


def report(rows: list[dict]) -> str:
    """Say how many were killed, by package and by kind, and show the survivors."""
    lines = []
    for title, key in (("package", lambda row: row["file"].split("/")[1]), ("kind", lambda row: row["kind"])):
        every, killed = Counter(map(key, rows)), Counter(key(row) for row in rows if row["verdict"] == "killed")
        lines += [f"{title} {name}: {killed[name]} of {every[name]} killed" for name in sorted(every)]
    killed = sum(row["verdict"] == "killed" for row in rows)
    lines.append(f"all: {killed} of {len(rows)} killed, {killed / max(1, len(rows)):.1%}")
    lines += [
        f"\n{row['file']}:{row['line']} ({row['kind']})\n{row['diff']}" for row in rows if row["verdict"] == "survived"
    ]
    return "\n".join(lines)


def doubtful(rows: list[dict]) -> list[str]:
    """Run the tests that failed once more, on the right tree: which fail there too, and so have seen nothing?"""
    names = sorted({row["test"] for row in rows if "::" in row["test"]})
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy_tree(Path(folder))
        return [name for name in names if run_tests([name], "not browser", Path(folder))[0] != "passed"]


def main(words: list[str] | None = None) -> int:
    """Draw mutants, try those that were not tried, and report."""
    parser = argparse.ArgumentParser(prog="python -m torture.random_mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--out", type=Path, default=Path("mutants.jsonl"), help="a line for each")
    parser.add_argument("--packages", nargs="+", default=PACKAGES)
    parser.add_argument("--slow", action="store_true", help="try the slow tests too on what the others let live")
    parser.add_argument("--again", action="store_true", help="try the survivors again: tests were added")
    parser.add_argument("--check", action="store_true", help="see that the tests which failed pass on the right tree")
    options = parser.parse_args(words)
    mutants = draw(options.count, options.seed, tuple(options.packages))
    tried = rows_of(options.out)
    key = {mutant: (mutant.file, mutant.diff) for mutant in mutants}
    run([mutant for mutant in mutants if key[mutant] not in tried], options.jobs, options.out, STAGES[:3])
    if options.slow or options.again:
        alive = {name for name, row in rows_of(options.out).items() if row["verdict"] == "survived"}
        names = STAGES if options.again and options.slow else STAGES[3:] if options.slow else STAGES[:3]
        run([mutant for mutant in mutants if key[mutant] in alive], options.jobs, options.out, names)
    rows = [row for name, row in rows_of(options.out).items() if name in set(key.values())]
    print(report(rows))
    if options.check:
        print("Tests that fail on the right tree too:", *doubtful(rows) or ["none"], sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
