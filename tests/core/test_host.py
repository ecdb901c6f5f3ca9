"""The machine and the source that a record names."""

import os
import platform
import subprocess
from pathlib import Path

import pytest
from archspec.cpu import detect

from recon_lib.core import host, paths


def test_the_machine_has_a_processor_cores_and_a_system():
    machine = host.machine()
    assert machine.keys() == {"processor", "cores", "system"}
    assert machine["cores"] == os.cpu_count()
    assert all(machine.values())


def git(folder, *words):
    options = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    return subprocess.run(
        ["git", "-C", folder, *options, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def source(tmp_path, monkeypatch):
    folder = tmp_path / "source"
    for name in ("recon_lib", "notebooks", "book"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.txt").write_text("a")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    monkeypatch.setattr(paths, "ROOT", folder)
    return folder


def test_the_commit_is_that_of_the_source_and_marked_if_code_has_changed(source):
    head = git(source, "rev-parse", "HEAD")
    assert host.commit() == head
    (source / "book" / "a.txt").write_text("pages decide no result")
    (source / "recon_lib" / "untracked.txt").write_text("b")
    assert host.commit() == head
    for name in ("recon_lib", "notebooks"):
        (source / name / "a.txt").write_text("b")
        assert host.commit() == f"{head}+"
        git(source, "checkout", "-q", name)
    assert host.commit() == head


def test_without_a_checkout_or_without_git_there_is_no_commit(tmp_path, source, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert host.commit() is None
    monkeypatch.setattr(paths, "ROOT", source)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert host.commit() is None


def test_an_installed_package_has_no_commit_though_it_lies_in_anothers_checkout(source, monkeypatch):
    assert host.commit() is not None
    monkeypatch.setattr(paths, "IS_CLONE", False)
    assert host.commit() is None


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="only Linux lists the flags in a file")
def test_the_flags_are_the_processors_own():
    listing = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    lines = [
        line.split(":", 1)[1].split() for line in listing.splitlines() if line.lower().startswith(("flags", "feat"))
    ]
    flags = host.processor_flags()
    assert isinstance(flags, frozenset)
    assert set(lines[0]) <= flags
    assert ("amx_bf16" in flags) == ("amx_bf16" in lines[0])


def test_a_processor_that_does_not_say_has_no_flags(monkeypatch, recwarn):
    def refuse():
        raise OSError("no such file")

    monkeypatch.setattr(detect, "INFO_FACTORY", {platform.system(): [refuse]})
    assert "avx512_bf16" not in host.processor_flags()
    assert not recwarn.list
