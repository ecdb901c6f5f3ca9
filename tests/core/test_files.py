"""Files: writes that are atomic, JSON with the same bytes each time, and hashes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from recon_lib.core import files


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    files.write_json(tmp_path / "a.json", {"a": 1})

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write_json(tmp_path / "a.json", {"a": 2})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_json_has_sorted_keys_and_ends_with_a_line(tmp_path):
    files.write_json(tmp_path / "deep" / "a.json", {"b": [1, None], "a": "é"})
    expected = b'{\n  "a": "\\u00e9",\n  "b": [\n    1,\n    null\n  ]\n}\n'
    assert (tmp_path / "deep" / "a.json").read_bytes() == expected


def test_the_content_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    events = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (events.append("fsync"), fsync(number)))
    monkeypatch.setattr(os, "replace", lambda *names: (events.append("replace"), replace(*names)))
    files.write_bytes(tmp_path / "a", b"content")
    assert events == ["fsync", "replace"]
    assert (tmp_path / "a").read_bytes() == b"content"


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f".a.{ended.pid}.part", f".a.{os.getppid()}.part", f".b.{ended.pid}.part", ".a.word.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    files.write_bytes(tmp_path / "a", b"content")
    assert {path.name for path in tmp_path.iterdir()} == {"a", *names[1:]}


def test_a_name_with_signs_of_a_pattern_sweeps_its_own_remnants_only(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in ("[ab]", "a"):
        (tmp_path / f".{name}.{ended.pid}.part").write_bytes(b"half")
    files.write_bytes(tmp_path / "[ab]", b"content")
    assert {path.name for path in tmp_path.iterdir()} == {"[ab]", f".a.{ended.pid}.part"}


def test_the_hash_is_that_of_the_standard(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert files.sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_whatever_is_wrong_with_an_archive_is_one_of_the_errors_that_are_named(tmp_path):
    path, rng = tmp_path / "a.npz", np.random.default_rng(0)
    np.savez_compressed(path, a=rng.integers(0, 4, 500))
    sound, refused = path.read_bytes(), 0
    for place in range(len(sound)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x55]) + sound[place + 1 :])
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                archive["a"]
        except files.DAMAGED:
            refused += 1
    assert refused > len(sound) / 2
