"""Runs by workers: parents first, none twice, a bad one alone, a card shared as it should be; kills lose nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe

import pytest
import yaml
from tiny_runs import TINY

from recon_lib.core import files, paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.experiment.profile import parse_profile
from recon_lib.runs import queue, state


@pytest.fixture
def runs():
    return state.plan_profile(parse_profile("tiny", yaml.safe_load(TINY)))


class Crew:
    """Workers that only tell what was asked of them; a run leaves its record, or ends as `endings` says."""

    def __init__(self, memory=None, **endings):
        self.memory, self.endings = memory, endings
        self.events, self.workers, self.done = [], [], []

    def __call__(self, width, workers):
        self.workers.append(Member(self, width))
        alive = sum(worker.width for worker in self.workers if not worker.channel.closed)
        assert alive <= workers
        return self.workers[-1]

    def execute(self, runs, workers=1, **seconds):
        progress = []

        def announce(text):
            self.events.append(("end", text))

        outcome = queue.execute_runs(
            runs, workers, seconds, lambda units, total, row: progress.append((units, total)), announce, self
        )
        assert all(worker.channel.closed for worker in self.workers)
        assert progress == sorted(progress)
        assert progress[-1][0] == progress[-1][1]
        assert len(outcome.finished) + len(outcome.passed) + len(outcome.failed) == len(runs)
        return outcome

    def side_by_side(self):
        """The kinds of the runs that were under way at each moment."""
        under_way, moments = {}, []
        for word, content in self.events:
            if word == "start":
                under_way[content.id] = content.kind
                moments.append(sorted(under_way.values()))
            else:
                under_way.pop(content.split(": ")[0], None)
        return moments


class Member:
    def __init__(self, crew, width):
        self.crew, self.width = crew, width
        self.channel, self.end = Pipe()
        self.end.send(("ready", crew.memory and crew.memory * width))

    def start(self, run):
        self.crew.events.append(("start", run))
        ending = self.crew.endings.get(run.kind)
        if ending is not None and (answer := ending(self, run)):
            self.end.send(answer)
        elif not self.end.closed:
            write_json(state.folder(run) / "run.json", {})
            self.end.send(("progress", (1, 2, {"loss": 1.0})))
            self.end.send(("finished", 1.0))

    def stop(self):
        self.channel.close()

    def ending(self):
        return "was ended by SIGKILL"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(queue, "_PAUSE", 0.01)


@pytest.mark.parametrize("workers", [1, 3])
def test_every_run_is_carried_out_once_after_what_it_starts_from(runs, workers):
    crew = Crew()
    outcome = crew.execute(runs, workers)
    started = [content.id for word, content in crew.events if word == "start"]
    assert sorted(started) == sorted(outcome.finished) == sorted(run.id for run in runs)
    for run in runs:
        if run.parent is not None:
            assert started.index(run.parent.id) < started.index(run.id)
    assert max(map(len, crew.side_by_side())) == workers
    assert len(crew.workers) == workers  # they are kept from run to run


def test_on_a_card_a_training_goes_alone_and_tunings_together(runs):
    crew = Crew(memory=2**30)
    crew.execute(runs, 3)
    moments = crew.side_by_side()
    assert all(kinds == ["train"] for kinds in moments if "train" in kinds)
    assert ["finetune"] * 3 in moments
    assert {worker.width for worker in crew.workers} == {1, 3}


def test_one_worker_on_a_card_has_it_whole(runs):
    crew = Crew(memory=2**10)  # what does not fit is refused by the run itself, which says what does
    crew.execute(runs)
    assert [worker.width for worker in crew.workers] == [1]


def test_shares_that_are_too_small_are_refused_before_anything_starts(runs):
    # TINY's tuning: 1 image of 30 x 33, 2 sub-networks of 7 numbers of 4 bytes a pixel, twice
    update = 2 * 2 * 4 * 7 * 30 * 33
    crew = Crew(memory=2 * update // 4)  # four shares hold two updates, of which a fifth is the backend's
    with pytest.raises(ReconError, match=r"4 workers have 0\.00 GiB of the card each.*: ask for --workers 1\.$"):
        queue.execute_runs(runs, 4, {}, lambda *_: None, print, crew)
    assert crew.events == []
    assert all(worker.channel.closed for worker in crew.workers)
    Crew(memory=2 * update).execute(runs, 4)


def test_a_bad_run_fails_with_what_starts_from_it_and_no_other(runs):
    def ending(_, run):
        return ("failed", "out of luck") if run.key.training_domain == "t1" else None

    outcome = Crew(train=ending).execute(runs, 2)
    bad = {run.id for run in runs if run.key.training_domain == "t1"}
    assert set(outcome.failed) == bad
    assert len(bad) > 2
    training = next(run.id for run in runs if run.kind == "train" and run.id in bad)
    assert outcome.failed.pop(training) == "out of luck"
    assert all(reason.startswith("because it starts from ") for reason in outcome.failed.values())
    assert set(outcome.finished) == {run.id for run in runs} - bad


def test_a_killed_worker_is_named_and_another_goes_on(runs):
    def ending(worker, run):
        if run.key.test_domain == "t1" and run.key.method == "cs:literal" and not run.key.variation:
            worker.end.close()

    crew = Crew(evaluate=ending)
    (reason,) = crew.execute(runs).failed.values()
    assert reason == "its worker was ended by SIGKILL; the same command goes on from its last checkpoint"
    assert len(crew.workers) == 2


def test_a_worker_that_does_not_start_is_one_sentence(runs):
    class Dead(Member):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.channel.recv()
            self.end.close()

    with pytest.raises(ReconError, match="No run was started: a worker was ended by SIGKILL before its first"):
        queue.execute_runs(runs, 1, {}, lambda *_: None, print, lambda width, _: Dead(Crew(), width))


def test_a_claimed_run_is_passed_over(runs):
    def ending(_, run):
        return ("claimed", "It is under way.") if run.key.method == "zero_filled" else None

    crew = Crew(evaluate=ending)
    outcome = crew.execute(runs)
    assert set(outcome.passed) == {run.id for run in runs if run.key.method == "zero_filled"}
    assert ("end", "It is under way. Passed over.") in crew.events


def test_what_starts_from_a_claimed_run_waits_for_it(runs):
    asked = []

    def ending(_, run):
        asked.append(run.id)
        if asked.count(run.id) == 3:  # the process that held the claim has finished it
            write_json(state.folder(run) / "run.json", {})
        return ("claimed", f"{run.id} is under way.")

    crew = Crew(train=ending)
    outcome = crew.execute(runs)
    trainings = {run.id for run in runs if run.kind == "train"}
    assert set(outcome.passed) == trainings
    assert set(outcome.finished) == {run.id for run in runs} - trainings
    waiting = [content for word, content in crew.events if word == "end" and "waits" in content]
    assert len(waiting) == len(trainings)


def test_progress_is_weighed_by_the_time_that_runs_take(runs):
    chosen = [run for run in runs if run.kind == "train"][:2]
    progress = []
    queue.execute_runs(
        chosen, 1, {chosen[0].id: 30.0, chosen[1].id: 10.0}, lambda *row: progress.append(row[:2]), print, Crew()
    )
    assert progress == [(15, 40), (30, 40), (35, 40), (40, 40)]
    progress.clear()
    queue.execute_runs(chosen, 1, {chosen[0].id: 30.0}, lambda *row: progress.append(row[:2]), print, Crew())
    assert progress[-1] == (60, 60)  # a run of unknown time counts as the mean of the others


def test_no_workers_are_refused_and_no_runs_need_none(runs):
    with pytest.raises(ReconError, match="workers is 1 or more, not 0"):
        queue.execute_runs(runs, 0, {}, lambda *_: None, print, Crew())
    crew = Crew()
    assert queue.execute_runs([], 1, {}, lambda *_: None, print, crew) == queue.Outcome()
    assert crew.workers == []


# Real processes

DRIVER = """
import json, sys
import yaml
from recon_lib.experiment.profile import parse_profile
from recon_lib.runs import queue, schedule, state
profile = parse_profile("tiny", yaml.safe_load(sys.argv[1]))
runs = state.plan_profile(profile)
runs = schedule.select(profile, runs, [run for run in runs if not state.finished(run)], sys.argv[2:], None)
outcome = queue.execute_runs(runs, 1, {}, lambda *_: None, lambda text: print(text, file=sys.stderr, flush=True))
print(json.dumps([outcome.finished, outcome.passed, outcome.failed]))
"""


def drive(profile, *names, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, profile, *names],
        cwd=paths.ROOT,
        env={**os.environ, "PYTHONPATH": str(paths.ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def ended(process):
    out, error = process.communicate(timeout=800)
    assert process.returncode == 0, error.decode()[-3000:]
    return json.loads(out.decode().splitlines()[-1])


@pytest.mark.slow
def test_two_processes_on_one_folder_do_each_run_once(runs):
    networks = "train-natural-8-??????????", "evaluate-network-natural-8-t1-0-??????????"
    names = (*networks, "evaluate-zero_filled-*", "evaluate-cs*")
    one, two = (ended(process) for process in [drive(TINY, *names), drive(TINY, *names)])
    assert one[2] == two[2] == {}
    assert set(one[0]) & set(two[0]) == set()
    finished = {run.id for run in runs if state.finished(run)}
    assert set(one[0]) | set(two[0]) == finished
    assert len(finished) > 8


@pytest.mark.slow
def test_a_training_killed_twice_goes_on_to_the_same_bytes(tmp_path):
    long = TINY.replace("epochs: 3", "epochs: 60")
    whole = drive(long, "train-natural-8-??????????", RECON_RUNS=str(tmp_path / "whole"))
    (run,), _, failed = ended(whole)
    assert failed == {}
    folder = paths.runs() / "tiny" / run
    for kill in (os.kill, os.killpg):  # the process that started the worker, then both at once
        written = checkpoint(folder)
        broken = drive(long, run)
        while checkpoint(folder) == written:
            assert broken.poll() is None
            time.sleep(0.01)
        kill(broken.pid, signal.SIGKILL)
        broken.communicate()  # until the worker has ended too
        assert not (folder / "run.json").exists()
    assert ended(drive(long, run))[0] == [run]  # at once: the claim of a killed process is free
    for result in ("network.safetensors", "history.csv"):
        assert files.sha256(folder / result) == files.sha256(tmp_path / "whole/tiny" / run / result)


def checkpoint(folder):
    """When the last checkpoint was written."""
    path = folder / "checkpoint.safetensors"
    return path.stat().st_mtime_ns if path.exists() else None
