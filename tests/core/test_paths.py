"""Where the project's files lie, and the folders that a user may move."""

import os
import sys
from pathlib import Path

import pytest

from recon_lib.core import paths

FOLDERS = {"RECON_CACHE": paths.cache, "RECON_RUNS": paths.runs, "RECON_DATA_MIRROR": paths.mirror}


@pytest.mark.parametrize("variable", FOLDERS)
def test_a_variable_moves_its_folder_and_no_other(variable, monkeypatch, tmp_path):
    for name in FOLDERS:
        monkeypatch.delenv(name, raising=False)
    usual = {name: folder() for name, folder in FOLDERS.items()}
    monkeypatch.setenv(variable, str(tmp_path / "mine"))
    for name, folder in FOLDERS.items():
        assert folder() == (tmp_path / "mine" if name == variable else usual[name])


@pytest.mark.parametrize("variable", FOLDERS)
def test_a_tilde_is_the_home_folder(variable, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, "~/mine")
    assert FOLDERS[variable]() == tmp_path / "mine"


@pytest.mark.parametrize("variable", FOLDERS)
def test_an_empty_variable_is_none(variable, monkeypatch):
    monkeypatch.delenv(variable, raising=False)
    usual = FOLDERS[variable]()
    monkeypatch.setenv(variable, "")
    assert FOLDERS[variable]() == usual


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders for caches")
def test_the_cache_lies_where_the_platform_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("RECON_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.cache() == tmp_path / ".cache" / "recon_lib"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert paths.cache() == tmp_path / "elsewhere" / "recon_lib"


def test_usual_places_are_in_the_project(monkeypatch):
    monkeypatch.delenv("RECON_RUNS", raising=False)
    monkeypatch.delenv("RECON_DATA_MIRROR", raising=False)
    assert paths.runs() == paths.ROOT / "runs"
    assert paths.mirror() is None


@pytest.mark.parametrize("path", [paths.MANIFEST, paths.NOTEBOOKS, paths.PROFILES, paths.BOOK, paths.RESULTS])
def test_the_project_has_every_path_that_is_named(path):
    assert path.exists()
    assert path.is_relative_to(paths.ROOT)
    assert Path(os.path.commonpath([path, __file__])) == paths.ROOT
