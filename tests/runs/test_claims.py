"""A run is claimed by one process at a time, and by nobody once that process has ended, however it did."""

import errno
import os
import subprocess
import sys
import time
from contextlib import ExitStack

import filelock
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.runs import claims

HOLD = """
import sys, time
from pathlib import Path
from recon_lib.runs.claims import claim
with claim(Path(sys.argv[1]), wait=False):
    print("held", flush=True)
    time.sleep(100)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the claim on a run."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_claim_is_held_until_its_work_is_done(tmp_path):
    folder = tmp_path / "run"
    assert not claims.claimed(folder)
    with claims.claim(folder, wait=False):
        assert claims.claimed(folder)
        assert (folder / ".claim.json").is_file()
    assert not claims.claimed(folder)
    assert not (folder / ".claim.json").exists()
    with pytest.raises(KeyError), claims.claim(folder, wait=True):
        raise KeyError
    assert not claims.claimed(folder)


def test_another_process_is_refused_and_told_who_holds_it(tmp_path, holder):
    with pytest.raises(claims.ClaimedError) as error, claims.claim(tmp_path / "run", wait=False):
        pass
    assert str(error.value).startswith(f"run is under way in process {holder.pid} on {os.uname().nodename} since 20")
    assert str(error.value).endswith(".")
    (tmp_path / "run/.claim.json").write_text("[")
    with pytest.raises(claims.ClaimedError, match="under way in another process"):
        claims.claim(tmp_path / "run", wait=False).__enter__()


def test_the_claim_of_a_killed_process_is_free_again(tmp_path, holder):
    assert claims.claimed(tmp_path / "run")
    holder.kill()
    holder.wait()
    assert (tmp_path / "run/.claim.json").exists()  # what it said of itself stays, and claims nothing
    assert not claims.claimed(tmp_path / "run")
    with claims.claim(tmp_path / "run", wait=False):
        pass


def test_who_waits_gets_the_claim_when_it_is_free(tmp_path, holder):
    holder.kill()
    with claims.claim(tmp_path / "run", wait=True):
        assert claims.claimed(tmp_path / "run")


def test_who_only_looks_turns_nobody_away(tmp_path, monkeypatch):
    looking = filelock.FileLock(tmp_path / ".lock")
    looking.acquire()
    begin = time.monotonic()
    monkeypatch.setattr(filelock._api.time, "sleep", lambda _: looking.release())
    with ExitStack() as stack:
        stack.enter_context(claims.claim(tmp_path, wait=False))
    assert time.monotonic() - begin < claims._PATIENCE


@pytest.mark.parametrize("error", [RuntimeError(), OSError(errno.ENOLCK, "No locks available")])
def test_a_file_system_without_locks_is_one_sentence(tmp_path, monkeypatch, error):
    def acquire(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.raises(ReconError, match=r"has no locks.*set RECON_RUNS to a folder on another"):
        claims.claim(tmp_path, wait=True).__enter__()


def test_a_folder_that_may_not_be_written_is_no_matter_of_locks(tmp_path, monkeypatch):
    def acquire(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.raises(PermissionError):
        claims.claim(tmp_path, wait=True).__enter__()
