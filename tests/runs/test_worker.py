"""A worker carries out runs in a process of its own, says how each ended, and takes its share of the machine."""

import os

import pytest
import yaml
from tiny_runs import TINY, named

from recon_lib.experiment.profile import parse_profile
from recon_lib.runs import claims, state, worker


@pytest.fixture
def runs():
    return state.plan_profile(parse_profile("tiny", yaml.safe_load(TINY)))


def last(started):
    """The message that ends a run."""
    while (message := started.channel.recv())[0] in {"ready", "progress"}:
        pass
    return message


@pytest.mark.slow
def test_a_worker_says_how_each_run_ended(runs, monkeypatch):
    run, claimed, broken = (named(runs, "evaluate", method=m) for m in ("zero_filled", "cs:literal", "cs:real"))
    network = named(runs, "evaluate", method="network", n_finetune=3)
    started = worker.Worker(1, 1)
    try:
        assert started.channel.recv() == ("ready", None)
        started.start(run)
        word, seconds = last(started)
        assert (word, seconds > 0, state.finished(run)) == ("finished", True, True)
        started.start(run)
        assert last(started) == ("claimed", f"{run.id} has been finished by another process.")
        with claims.claim(state.folder(claimed), wait=False):
            started.start(claimed)
            word, sentence = last(started)
        assert (word, state.finished(claimed)) == ("claimed", False)
        assert f"under way in process {os.getpid()}" in sentence
        state.folder(broken).mkdir(parents=True)
        (state.folder(broken) / "part-00000.safetensors").mkdir()  # an error that is none of ours
        started.start(broken)
        word, sentence = last(started)
        assert (word, str(state.folder(broken) / "error.txt") in sentence) == ("failed", True)
        assert "Traceback" in (state.folder(broken) / "error.txt").read_text(encoding="utf-8")
        state.folder(network.parent.parent).mkdir(parents=True)
        (state.folder(network.parent.parent) / "checkpoint.safetensors").write_bytes(b"no checkpoint")
        started.start(network.parent.parent)
        word, sentence = last(started)
        assert word == "failed"
        assert "checkpoint.safetensors" in sentence
        started.start(claimed)
        assert last(started)[0] == "finished"
    finally:
        started.stop()
    assert started.ending() == "was ended by SIGKILL"


def test_a_worker_alone_has_the_machine_as_it_is():
    assert worker.share(1, 1) == worker.share(3, 3) == {}


def test_a_share_is_of_the_cores_and_of_the_card(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(10)), raising=False)
    for name in worker._THREADS:
        monkeypatch.delenv(name, raising=False)
    variables = worker.share(1, 4)
    assert variables.pop("RECON_CARD_SHARE") == "1/4"
    assert set(variables.values()) == {"2"}
    assert {"OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "PJRT_NPROC"} <= set(variables)
    assert worker.share(1, 16)["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert "OMP_NUM_THREADS" not in worker.share(1, 4)  # the user's own stands


def test_only_the_process_started_meanwhile_inherits_the_variables(monkeypatch):
    monkeypatch.setenv("RECON_CARD_SHARE", "1")
    monkeypatch.delenv("NPROC", raising=False)
    with worker._environment({"RECON_CARD_SHARE": "1/2", "NPROC": "3"}):
        assert (os.environ["RECON_CARD_SHARE"], os.environ["NPROC"]) == ("1/2", "3")
    assert os.environ["RECON_CARD_SHARE"] == "1"
    assert "NPROC" not in os.environ
