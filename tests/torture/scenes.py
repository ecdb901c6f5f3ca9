"""What is stopped and started again: each scene is a piece of real work in a folder of its own.

A scene's work runs in a child process. What it leaves under the folder is compared, byte for byte, with
what an undisturbed process leaves; what it says through ``log`` is one line for each unit it finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from data.tiny import World

from recon_lib.core import paths
from recon_lib.data import domains, fetch, transfer
from recon_lib.data.manifest import File
from recon_lib.experiment import profile

TINY = """
description: Small enough for a test.
test_domains: [t1]
masks: {train: 4, test: 4}
architecture: {subnetworks: 2, hidden_layers: 1, filters: 4}
domains:
  natural: {source: generated, matrix: [32, 32], images: 8}
  t1: {source: generated, matrix: [30, 33], images: 36}
training: {domains: [natural], n_train: [8], batch: 4, epochs: 3, learning_rate: 1.0e-2, crop: 24}
fine_tuning: {n_finetune: [3], epochs: 3, batch: 1, learning_rate: 1.0e-3}
compressed_sensing: {variants: [literal], iterations: {t1: 6}}
"""
CONTENT = bytes(range(256)) * 2000
"""What the server has."""
RUN = ("history.csv", "network.safetensors", "network.json", "slices.csv", "panels.npz")
"""Of a run, written anew until its record stands; its units are epochs and parts."""
TABLES = ("slices.csv.gz", "history.csv.gz", "panels.npz", "records.json", "provenance.json")
"""Of a collection."""
Log = Callable[[object], None]


@dataclass(frozen=True)
class Scene:
    """A piece of work.

    Attributes:
        name: What is going on when it is stopped.
        work: Does it, in the folders that the environment names.
        start: A folder whose content is there before, or ``None``.
        anew: Names of files that every repetition of the work writes anew.
    """

    name: str
    work: Callable[[Log], None]
    start: Path | None = None
    anew: tuple[str, ...] = ()


def enter(folder: Path) -> None:
    """Make ``folder`` the place of cache, runs and results of this process, and the tiny profile one it knows."""
    for name in ("CACHE", "RUNS", "RESULTS"):
        os.environ[f"RECON_{name}"] = str(folder / name.lower())
    os.environ.pop("RECON_DATA_MIRROR", None)
    paths.PROFILES = folder.parent / "profiles"
    paths.PROFILES.mkdir(exist_ok=True)
    (paths.PROFILES / "tiny.yaml").write_text(TINY)


def run_one(kind: str, method: str = "network") -> Callable[[Log], None]:
    """Return the work of one run of the tiny profile, with the runs that it starts from.

    Args:
        kind: ``train``, ``finetune`` or ``evaluate``.
        method: Of an evaluation: ``network``, ``cs:literal``.
    """

    def work(log: Log) -> None:
        from recon_lib.core import arrays
        from recon_lib.runs import execute, state

        save = arrays.save_arrays

        def save_part(path: Path, *rest: object) -> None:
            save(path, *rest)
            log(f"cs:{path.name}")

        arrays.save_arrays = save_part
        plan = state.plan_profile(profile.load_profile("tiny"))
        run = [r for r in plan if r.kind == kind and r.key.method in (None, method)][-1]
        epochs = kind != "evaluate"
        execute.execute(run, lambda done, _, row: log(f"{row.get('subnetwork', 'tuning')}:{done}") if epochs else None)

    return work


def run_all(log: Log) -> None:
    """Execute every run of the tiny profile."""
    from recon_lib.runs import execute, state

    for run in state.plan_profile(profile.load_profile("tiny")):
        execute.execute(run, lambda done, total, row, run=run: log(f"{run.id}:{done}"))


def collect(_: Log) -> None:
    """Collect the tiny profile, all of whose runs are finished."""
    from recon_lib.runs import collect as runs_collect

    runs_collect.collect(profile.load_profile("tiny"))


def prepare(folder: Path) -> Callable[[Log], None]:
    """Make a small mirror, and return the work of preparing both splits of a domain from its volumes."""
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        world = World(folder, patch)
        world.geometry["matrix"] = [8, 14]
        world.use()
        manifest = paths.MANIFEST

    def work(_: Log) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(paths, "MANIFEST", manifest)
            patch.setenv("RECON_DATA_MIRROR", str(world.mirror))
            for split in ("train", "test"):
                domains.load_images("t1", split)

    return work


def download(port: int) -> Callable[[Log], None]:
    """Return the work of fetching a file from the server on a port of this machine."""

    def get(url: str, part: Path, *, size: int) -> None:
        transfer.download(f"http://127.0.0.1:{port}/file", part, size=size, pause=0.01)

    def work(_: Log) -> None:
        digest = hashlib.sha256(CONTENT).hexdigest()
        file = File("set/a.bin", "volume", "t1", digest, len(CONTENT), url="https://example.org/a.bin")
        fetch.obtain(file, get)

    return work


class _Slow(http.server.BaseHTTPRequestHandler):
    """Serves ``CONTENT`` piece by piece, from where it is asked to."""

    asked: Path

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        start = int(wanted[6:-1]) if wanted else 0
        with self.asked.open("a") as file:
            file.write(f"{start}\n")
        self.send_response(206 if start else 200)
        self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        with contextlib.suppress(OSError):  # whom we serve was killed
            for place in range(start, len(CONTENT), 1 << 14):
                self.wfile.write(CONTENT[place : min(place + (1 << 14), len(CONTENT))])
                time.sleep(0.005)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def server(asked: Path) -> Iterator[int]:
    """Serve from a process of its own; yield its port. ``asked`` gets a line for each request: its first byte."""
    handler = type("Handler", (_Slow,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        child = os.fork()
        if not child:
            running.serve_forever(poll_interval=0.05)
    try:
        yield running.server_address[1]
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
