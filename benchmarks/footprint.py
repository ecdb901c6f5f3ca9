"""Time, memory and disk of what a reader and a researcher start with one command, each in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import harness
from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.data.domains import Domain
from recon_lib.experiment.profile import load_profile
from recon_lib.runs import execute, state

PAUSE = 0.1  # seconds between two looks at the memory
EXPLORE = ("papermill", "--kernel", "python3", "--no-progress-bar", "notebooks/explore.ipynb")
TRAIN = "import sys; from benchmarks.footprint import train; train(sys.argv[1], sys.argv[2] == 'tiny')"


@dataclass(frozen=True)
class Started:
    """What is started, and where it writes."""

    what: str
    command: tuple[str, ...]
    writes: Path | None = None


def measure(tiny: bool) -> harness.Rows:
    """Start each, watch it and its children until it ends, and count what it has written."""
    if not importlib.util.find_spec("psutil"):
        raise ReconError("psutil is not installed, so memory cannot be watched: pip install psutil.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = (sys.executable, "-c")
        chosen = [
            Started("import the library", (*python, "import recon_lib")),
            Started("train on the images of `desk`", (*python, TRAIN, scratch, "tiny" if tiny else "whole")),
        ]
        if not tiny:
            chosen[1:1] = [
                Started("build the book", ("make", "book"), paths.ROOT / "book" / "_build"),
                Started("quick start", ("make", "quickstart"), folder / "quickstart"),
                Started("explore with live networks", (sys.executable, "-m", *EXPLORE, str(folder / "explore.ipynb"))),
            ]
        return [_watch(one, folder) for one in chosen]


def train(folder: str, tiny: bool) -> None:
    """Train two sub-networks for an update each, on as many generated images as the profile has photographs.

    Memory is highest between two sub-networks; how many there are, and how long they train, does not matter.

    Args:
        folder: For the checkpoint.
        tiny: A few small images instead.
    """
    profile = load_profile("desk")
    count, matrix = max(profile.training.n_train), profile.domains["natural"].matrix
    count, matrix = (8, (16, 16)) if tiny else (count, matrix)
    profile = replace(profile, domains={**profile.domains, "natural": Domain("generated", matrix=matrix, images=count)})
    shape = replace(profile.architecture, subnetworks=2, filters=2 if tiny else profile.architecture.filters)
    profile = replace(profile, architecture=shape)
    run = next(run for run in state.plan_profile(profile) if run.key.training_domain == "natural")
    recipe = replace(run.spec.recipe, epochs=1)
    spec = replace(run.spec, n_train=count, share=1.0, updates=1, recipe=recipe)
    where = Path(folder) / "training"
    where.mkdir()
    execute._train(replace(run, spec=spec), where, None)


def _watch(one: Started, folder: Path) -> dict:
    """Run a command; return its row: seconds, the most memory that it and its children held, bytes written."""
    import psutil

    print(f"  {one.what} ...", flush=True)
    environment = {**os.environ, "RECON_RUNS": str(folder), "PYTHONPATH": str(paths.ROOT)}
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment
    began, most = time.perf_counter(), 0
    with (folder / "said.txt").open("w+", encoding="utf-8") as said:
        started = subprocess.Popen(one.command, cwd=paths.ROOT, env=environment, stdout=said, stderr=said)
        while started.poll() is None:
            most = max(most, _held(psutil.Process(started.pid)))
            time.sleep(PAUSE)
        if started.returncode:
            said.seek(0)
            raise ReconError(f"{' '.join(one.command)[:60]} failed: {said.read().strip()[-300:]}")
    row = {"what": one.what, "tool": "recon_lib", "seconds": time.perf_counter() - began, "memory_gib": most / 2**30}
    if one.writes is None:
        return row
    written = sum(path.stat().st_size for path in one.writes.rglob("*") if path.is_file())
    return {**row, "disk_mb": written / 1e6}


def _held(process: object) -> int:
    """Add up what a process and its children hold; what they share counts more than once."""
    import psutil

    held = 0
    try:
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in family:
        try:
            held += member.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return held


if __name__ == "__main__":
    harness.main("footprint", measure, ["jupyter-book", "keras", "tensorflow"])
