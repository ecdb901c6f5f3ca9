"""A short ``make torture``: a few kills, malformed inputs of each kind, a full disk, a cache that is read-only."""

import errno
import os
import re
import resource
import subprocess
import sys

import pytest
from laws import ROOT
from torture import malformed, mutants

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.data import domains, fetch, manifest, store
from recon_lib.data.domains import Domain
from recon_lib.results import merge
from recon_lib.results.rows import read_rows, write_rows

KILLS = """
import sys
from pathlib import Path
from torture import kills, scenes
from torture.scenes import Scene
folder = Path(sys.argv[1])
with scenes.server(folder / "asked.txt") as port:
    scene = Scene("downloading", scenes.download(port))
    rows = [kills.stop_often(scene, 3, 1, folder / "a")]
rows.append(kills.stop_often(Scene("preparing", scenes.prepare(folder / "world")), 4, 1, folder / "b"))
assert all(row["tried"] == row["survived"] for row in rows), rows
"""


def test_killed_downloads_and_preparations_end_as_if_undisturbed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", KILLS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda one: one.about)
def test_a_wrong_line_has_its_place_and_a_test_that_is_there(mutant):
    assert (ROOT / "recon_lib" / mutant.file).read_text(encoding="utf-8").count(mutant.right) == 1
    file, _, name = mutant.tests.split(" ")
    assert re.search(rf"(def test_\w*|class \w*){name}", (ROOT / "tests" / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", malformed.MAKERS)
def test_malformed_inputs_are_refused_in_one_sentence(tmp_path, kind):
    (row,) = malformed.fuzz(4, 7, tmp_path, [kind])
    assert row["tried"] == 4
    assert row["faults"] == []


def test_the_judge_finds_what_it_looks_for():
    def wrong():
        raise KeyError("x")

    def unclear():
        raise ReconError("two\nlines")

    assert malformed.judge(wrong).startswith("KeyError: 'x' (test_torture.py:")
    assert malformed.judge(unclear).startswith("not one line")
    assert malformed.judge(lambda: None) == ""


@pytest.fixture
def full_disk():
    """No file of this process grows beyond 1000 bytes: the kernel refuses the next one."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(folders, full_disk):
    images = domains.load_images("t1", "test", Domain(source="generated"))
    path = store.path_of("t1", "open", "test", "0" * 64)
    with pytest.raises(ReconError, match=r"Cannot read or write .* make room there, or set RECON_CACHE"):
        store.once(path, "t1", "test", lambda: images)
    assert [p.name for p in path.parent.iterdir() if p.suffix != ".lock"] == []
    with pytest.raises((OSError, ReconError)):
        write_json(folders / "runs" / "a.json", "x" * 5000)
    assert list((folders / "runs").iterdir()) == []


def test_a_cache_for_reading_only_is_read_and_says_what_to_set_otherwise(monkeypatch):
    images = domains.load_images("t1", "test", Domain(source="generated"))
    path = store.path_of("t1", "open", "test", "0" * 64)
    store.once(path, "t1", "test", lambda: images)

    def refuse(*_, **__):
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert store.once(path, "t1", "test", lambda: None).sha256 == images.sha256
    with pytest.raises(ReconError, match=r"Read-only file system\): make room there, or set RECON_CACHE"):
        store.once(path.with_name("other.npz"), "t1", "test", lambda: images)
    with pytest.raises(ReconError, match="Read-only file system"):
        fetch.obtain(manifest.File("a", "volume", "t1", "0" * 64, url="https://example.org/a"))


def test_a_results_table_edited_by_hand_is_refused(tmp_path):
    from fabricated import make_runs

    folder = tmp_path / "results" / "desk"
    merge.collect(make_runs(tmp_path / "made", slices=1), folder, {"commit": "0"})
    rows = read_rows(folder / "slices.csv.gz")
    rows.loc[3, "psnr"] += 0.01
    write_rows(folder / "slices.csv.gz", rows.to_dict("records"))
    with pytest.raises(ReconError, match=r"slices\.csv\.gz is not what was written"):
        malformed.command("results", "verify")
