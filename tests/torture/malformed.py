"""Feed malformed files to whatever reads them: a clear error of the project's own, or a right result."""

from __future__ import annotations

import contextlib
import io
import random
import resource
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from recon_lib.cli import main
from recon_lib.core.errors import ReconError
from torture import documents, image_files, kspace_files, pictures

Attempt = Callable[[], object]
Maker = Callable[[random.Random, Path, pytest.MonkeyPatch], tuple[str, Attempt]]
"""Writes a malformed input into a folder; returns what it is, and what reads it."""

MAKERS: dict[str, Maker] = {**pictures.MAKERS, **documents.MAKERS, **image_files.MAKERS, **kspace_files.MAKERS}
SECONDS, MEMORY = 30, 4 << 30
"""What one input may take: time, and memory beyond what the process has."""


def fuzz(count: int, seed: int, folder: Path, kinds: list[str] | None = None) -> Iterator[dict]:
    """Try malformed inputs of each kind in turn.

    Args:
        count: How many in all.
        seed: Decides what they are; an input's own seed is named with its fault.
        folder: For all that is written.
        kinds: Names of ``MAKERS``; all by default.

    Yields:
        A row of the table for each kind: what, tried, survived, seconds, faults.
    """
    chosen = kinds or list(MAKERS)
    for place, kind in enumerate(chosen):
        began, faults = time.monotonic(), []
        numbers = range(place, count, len(chosen))
        for number in numbers:
            about, fault = try_one(kind, f"{seed}-{number}", folder / "case")
            faults += [f"{seed}-{number} {about}: {fault}"] if fault else []
        tried = len(numbers)
        row = {"what": f"malformed: {kind}", "tried": tried, "survived": tried - len(faults)}
        yield {**row, "seconds": round(time.monotonic() - began, 1), "faults": faults}


def try_one(kind: str, seed: str, folder: Path) -> tuple[str, str]:
    """Try one input.

    Returns:
        What it was, and what went wrong: empty if nothing did.
    """
    shutil.rmtree(folder, ignore_errors=True)
    inside, elsewhere = folder / "inside", folder / "elsewhere"
    for one in (inside, elsewhere):
        one.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CACHE", "RUNS", "RESULTS"):
            patch.setenv(f"RECON_{name}", str(inside / name.lower()))
        for name in ("MIRROR", "MIDAS", "ILSVRC", "IXI"):
            patch.delenv(f"RECON_DATA_{name}", raising=False)
        patch.chdir(elsewhere)
        about, attempt = MAKERS[kind](random.Random(seed), inside, patch)
        fault = judge(attempt)
    written = [p.name for p in folder.iterdir() if p not in (inside, elsewhere)] + [p.name for p in elsewhere.iterdir()]
    return about, fault or (f"wrote {written} outside its folder" if written else "")


def judge(attempt: Attempt) -> str:
    """Read an input and say what went wrong: empty for a right result or one clear error."""
    with warnings.catch_warnings(record=True) as warned, limits():
        warnings.simplefilter("always")
        try:
            attempt()
        except ReconError as error:
            return _unclear(str(error)) or _warned(warned)
        except BaseException as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {str(error)[:100]} ({Path(place.filename).name}:{place.lineno})"
    return _warned(warned)


def command(*words: str) -> None:
    """Run a command line as a user does.

    Raises:
        ReconError: With what it printed, if it ended with status 2 and one line.
        AssertionError: It ended in another way.
    """
    out, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(said):
        status = main.main(words)
    lines = [line for line in said.getvalue().replace("\r", "\n").splitlines() if not _harmless(line)]
    if status == 0:
        assert not lines, lines
        return
    assert status == 2, status
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: "), lines
    raise ReconError(lines[0].removeprefix("error: "))


def _harmless(line: str) -> bool:
    return not line.strip() or line.startswith("note: ") or "%|" in line or "it/s" in line or "?it" in line


def _unclear(text: str) -> str:
    text = text.replace("new\nline", "new line")  # a file's own name, which the command line mends
    if not text.strip() or "\n" in text:
        return f"not one line: {text[:200]!r}"
    return f"an endless message of {len(text)} characters" if len(text) > 1000 else ""


def _warned(warned: list[warnings.WarningMessage]) -> str:
    ours = [one for one in warned if not issubclass(one.category, DeprecationWarning | ResourceWarning)]
    return f"warned: {ours[0].message}" if ours else ""


@contextlib.contextmanager
def limits() -> Iterator[None]:
    """Bound the time and memory of what is done inside."""

    def late(*_: object) -> None:
        raise TimeoutError(f"longer than {SECONDS} s")

    pages = (
        int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[0]) if Path("/proc/self/statm").exists() else 0
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
