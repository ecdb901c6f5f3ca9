"""A worker: a process that carries out runs, one after the other, with its share of the cores and of the card."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection

from recon_lib.core.errors import ReconError
from recon_lib.experiment.plan import Run
from recon_lib.runs import state
from recon_lib.runs.claims import ClaimedError

_PAUSE = 0.5  # seconds between two reports of progress
# What numpy's libraries, TensorFlow and XLA read their number of threads from.
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"),
    *("TF_NUM_INTEROP_THREADS", "NPROC", "PJRT_NPROC"),
)


class Worker:
    """A process of its own for runs.

    Args:
        width: How many workers' share of the machine it takes.
        workers: All that share it.

    Attributes:
        width: As given.
        channel: Where its messages come from, each a pair of a word and what belongs to it: ``ready`` with the bytes
            of its share of the card (``None`` on a processor), ``progress`` with units done, units in all and the
            newest row, and at the end of a run ``finished`` with seconds, ``claimed`` or ``failed`` with a sentence.
    """

    def __init__(self, width: int, workers: int) -> None:
        context = multiprocessing.get_context("spawn")  # a backend does not survive a fork
        self.width = width
        self.channel, end = context.Pipe()
        self._process = context.Process(target=_work, args=(end,), daemon=True)
        with _environment(share(width, workers)):
            self._process.start()
        end.close()

    def start(self, run: Run) -> None:
        """Have a run carried out; its messages come through the channel."""
        self.channel.send(run)

    def stop(self) -> None:
        """End the process at once, as a kill does: its claim is free again, and its run goes on from its checkpoint."""
        self._process.kill()
        self._process.join()
        self.channel.close()

    def ending(self) -> str:
        """Say how the process ended, once its channel is closed."""
        self._process.join()
        code = self._process.exitcode or 0
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"


def share(width: int, workers: int) -> dict[str, str]:
    """Return the environment of a worker: its threads, and its share of a card.

    Args:
        width: How many workers' share it takes.
        workers: All that share the machine.

    Returns:
        Variables; none for one that has the machine to itself. A number of threads that the user set stays.
    """
    if width == workers:
        return {}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = str(max(1, cores * width // workers))
    return {"RECON_CARD_SHARE": f"{width}/{workers}"} | {name: threads for name in _THREADS if name not in os.environ}


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables that a process started now inherits; libraries read them before any code of ours runs."""
    saved = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in saved.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _work(channel: Connection) -> None:
    """Carry out the runs that come through a channel, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that started this one, which ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from recon_lib.network.device import device_memory
    from recon_lib.network.sharing import take_share

    take_share()
    channel.send(("ready", device_memory()))
    with contextlib.suppress(EOFError):
        while True:
            channel.send(_carry_out(channel.recv(), channel))


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however that came."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _carry_out(run: Run, channel: Connection) -> tuple[str, object]:
    from recon_lib.runs.execute import execute

    start = reported = time.monotonic()

    def report(units: int, total: int, row: dict) -> None:
        nonlocal reported
        if time.monotonic() - reported >= _PAUSE:
            reported = time.monotonic()
            channel.send(("progress", (units, total, row)))

    try:
        execute(run, report, wait=False)
    except ClaimedError as error:
        return "claimed", str(error)
    except ReconError as error:
        return "failed", str(error)
    except Exception as error:
        log = state.folder(run) / "error.txt"
        log.write_text(traceback.format_exc(), encoding="utf-8")
        return "failed", f"{type(error).__name__}: {error} (more in {log})"
    return "finished", time.monotonic() - start
