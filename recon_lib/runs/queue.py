"""Carry out runs by workers: parents before what starts from them, none twice, one bad run not stopping the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from recon_lib.core.errors import ReconError, at_least
from recon_lib.core.progress import Progress
from recon_lib.data import domains
from recon_lib.experiment.counting import run_update_bytes
from recon_lib.experiment.plan import Run
from recon_lib.runs import state
from recon_lib.runs.schedule import choose_next, width
from recon_lib.runs.worker import Worker

_PAUSE = 2.0  # seconds between two looks at what other processes have done


@dataclass
class Outcome:
    """How runs ended.

    Attributes:
        finished: Their ids.
        passed: Ids of those that another process is carrying out.
        failed: Why, by id.
    """

    finished: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def execute_runs(
    runs: Sequence[Run],
    workers: int,
    seconds: Mapping[str, float],
    progress: Progress,
    announce: Callable[[str], None],
    start_worker: Callable[[int, int], Worker] = Worker,
) -> Outcome:
    """Carry out runs side by side.

    Args:
        runs: Parents first.
        workers: Processes that share the machine; on a card, a training has it to itself.
        seconds: What runs are expected to take, by id; the others count as their mean, for the progress.
        progress: Called with the expected seconds of what is done, of all, and the newest row.
        announce: Called with a sentence when a run has ended.
        start_worker: Starts a worker of a width, of so many.

    Returns:
        How each run ended; all are named.

    Raises:
        ReconError: ``workers`` is below 1, or the card is too small for their shares: nothing was started.
    """
    at_least(1, workers=workers)
    if not runs:
        return Outcome()
    queue = _Queue(runs, workers, seconds, progress, announce, start_worker)
    try:
        return queue.work()
    finally:
        queue.stop()


class _Queue:
    def __init__(
        self,
        runs: Sequence[Run],
        workers: int,
        seconds: Mapping[str, float],
        progress: Progress,
        announce: Callable[[str], None],
        start_worker: Callable[[int, int], Worker],
    ) -> None:
        self.workers, self.progress, self.announce, self.start_worker = workers, progress, announce, start_worker
        self.pending, self.total = list(runs), len(runs)
        self.idle: list[Worker] = []
        self.busy: dict[Worker, Run] = {}
        self.waits: dict[str, float] = {}  # until when a run that another process has claimed is left alone
        self.outcome = Outcome()
        mean = sum(seconds.values()) / len(seconds) if seconds else 60.0
        self.weights = {run.id: seconds.get(run.id, mean) for run in runs}
        self.shares = dict.fromkeys(self.weights, 0.0)  # how much of each run is done
        self.on_card = False

    def work(self) -> Outcome:
        first = self.start_worker(1, self.workers)
        self.idle.append(first)
        memory = self._memory(first)
        self.on_card = memory is not None
        if self.on_card and self.workers > 1:
            _check_shares(self.pending, memory, self.workers)
        while self.pending or self.busy:
            while run := choose_next(self.pending, self._ready, self._fits):
                self._start(run)
            if not self.busy:
                time.sleep(_PAUSE)
            for channel in wait([worker.channel for worker in self.busy], _PAUSE):
                self._hear(next(worker for worker in self.busy if worker.channel is channel))
        return self.outcome

    def stop(self) -> None:
        for worker in (*self.idle, *self.busy):
            worker.stop()

    def _memory(self, worker: Worker) -> int | None:
        try:
            return worker.channel.recv()[1]
        except EOFError:
            raise ReconError(f"No run was started: a worker {worker.ending()} before its first.") from None

    def _ready(self, run: Run) -> bool:
        free = time.monotonic() >= self.waits.get(run.id, 0.0)
        return free and (run.parent is None or state.network_file(run.parent) is not None)

    def _fits(self, run: Run) -> bool:
        taken = sum(worker.width for worker in self.busy)
        return taken + width(run, self.workers, self.on_card) <= self.workers

    def _start(self, run: Run) -> None:
        """Give a run to an idle worker of its width, or to a new one that takes the place of others."""
        needed = width(run, self.workers, self.on_card)
        worker = next((worker for worker in self.idle if worker.width == needed), None)
        if worker is None:
            while self.idle and sum(each.width for each in (*self.idle, *self.busy)) + needed > self.workers:
                self.idle.pop().stop()
            worker = self.start_worker(needed, self.workers)
        else:
            self.idle.remove(worker)
        self.pending.remove(run)
        self.busy[worker] = run
        worker.start(run)

    def _hear(self, worker: Worker) -> None:
        run = self.busy[worker]
        try:
            word, content = worker.channel.recv()
        except (EOFError, OSError):
            del self.busy[worker]
            worker.stop()
            self._fail(run, f"its worker {worker.ending()}; the same command goes on from its last checkpoint")
            return
        if word == "progress":
            units, total, row = content
            self._report(run, units / total, row)
        elif word != "ready":
            del self.busy[worker]
            self.idle.append(worker)
            {"finished": self._finish, "claimed": self._pass, "failed": self._fail}[word](run, content)

    def _report(self, run: Run, share: float, row: dict) -> None:
        self.shares[run.id] = share
        done = sum(self.weights[name] * part for name, part in self.shares.items())
        self.progress(round(done), round(sum(self.weights.values())), row)

    def _finish(self, run: Run, seconds: float) -> None:
        self.outcome.finished.append(run.id)
        self._report(run, 1.0, {})
        self.announce(f"{run.id}: finished in {seconds:.0f} s, {len(self.outcome.finished)} of {self.total}")

    def _pass(self, run: Run, reason: str) -> None:
        """Leave a run to the process that has claimed it; what starts from it here waits for it."""
        if self._children(run) and not state.finished(run):
            if run.id not in self.waits:
                self.announce(f"{reason} What starts from it waits.")
            self.waits[run.id] = time.monotonic() + _PAUSE
            self.pending.insert(0, run)
            return
        self.outcome.passed.append(run.id)
        self._report(run, 1.0, {})
        self.announce(f"{reason} Passed over.")

    def _fail(self, run: Run, reason: str) -> None:
        self.outcome.failed[run.id] = reason
        self._report(run, 1.0, {})
        self.announce(f"{run.id}: failed, {reason}")
        for child in self._children(run):
            self.pending.remove(child)
            self._fail(child, f"because it starts from {run.id}")

    def _children(self, run: Run) -> list[Run]:
        return [child for child in self.pending if child.parent is not None and child.parent.id == run.id]


def _check_shares(runs: Sequence[Run], memory: int, workers: int) -> None:
    """Refuse so many workers that a share of the card does not hold the largest update of a tuning."""
    from recon_lib.network.sharing import check_share

    tunings = [run for run in runs if run.kind == "finetune"]
    sizes = {name: _size(run, name) for run in tunings for name in [run.spec.test_domain]}
    largest = max((run_update_bytes(run, sizes) for run in tunings), default=0)
    check_share(memory, workers, largest)


def _size(run: Run, domain: str) -> tuple[int, int]:
    return domains.load_images(domain, "pool", run.profile.domains[domain]).images.shape[1:]
