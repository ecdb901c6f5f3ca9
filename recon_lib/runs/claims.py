"""Claims on runs: a lock file in a run's folder, so that no two processes carry out one run.

The operating system holds the lock for the process, on folders shared between machines too, and lets go of it however
the process ends. A file beside the lock says whose it is; it only informs, and a killed process leaves it behind.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import filelock

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json

_LOCK, _HOLDER = ".lock", ".claim.json"
_PATIENCE = 0.5  # seconds: who only looks whether there is a claim holds the lock for less


class ClaimedError(ReconError):
    """Another process is carrying out the run."""


@contextlib.contextmanager
def claim(folder: Path, *, wait: bool) -> Iterator[None]:
    """Hold the claim on a run while its work is done.

    Args:
        folder: The run's folder; it is made.
        wait: Wait for another process that holds the claim, rather than refuse.

    Raises:
        ClaimedError: Another process holds it; the message says which.
        ReconError: The folder lies on a file system without locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=-1 if wait else _PATIENCE)
    except filelock.Timeout:
        raise ClaimedError(f"{folder.name} is under way in {_holder(folder)}.") from None
    except (RuntimeError, OSError) as error:  # of either kind, as the version of filelock has it
        if getattr(error, "errno", errno.ENOLCK) not in {errno.ENOLCK, errno.ENOSYS}:
            raise
        raise ReconError(
            f"The file system of {folder} has no locks, without which two processes would do one run: "
            "set RECON_RUNS to a folder on another."
        ) from error
    try:
        since = time.strftime("%Y-%m-%d %H:%M")
        write_json(folder / _HOLDER, {"process": os.getpid(), "machine": platform.node(), "since": since})
        yield
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def claimed(folder: Path) -> bool:
    """Tell whether a process holds the claim on a run at this moment.

    Args:
        folder: The run's folder.
    """
    if not (folder / _LOCK).exists():
        return False
    try:
        with filelock.FileLock(folder / _LOCK, timeout=0):
            return False
    except filelock.Timeout:
        return True


def _holder(folder: Path) -> str:
    """Name the process that holds a claim, as far as it has said who it is."""
    try:
        content = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        return f"process {content['process']} on {content['machine']} since {content['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
