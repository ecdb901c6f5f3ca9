"""Every kind of input from the field comes out right; the table says so, and says what does not."""

import re

import pytest
from field import __main__ as table
from field.catalogue import KINDS
from field.kinds import Commands, Kind
from scan_files import tiny_coil_network, tiny_network


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    networks = tiny_network(folder / "tiny.safetensors"), tiny_coil_network(folder / "coils.safetensors")
    return Commands(*map(str, networks))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_of_input_comes_out_right(kind, tmp_path, run):
    assert kind.check(tmp_path, run)


def test_names_are_words_and_none_comes_twice():
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_the_table_says_what_is_not_right(monkeypatch, capsys):
    def wrong(*_):
        raise AssertionError("3.0 dB")

    monkeypatch.setattr(table, "KINDS", [Kind("good", "b", "r", lambda *_: "fine"), Kind("bad", "b", "r", wrong)])
    assert table.main(["good"]) == 0
    assert table.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].split() == ["bad", "b", "r", "AssertionError:", "3.0", "dB", "NO"]
    assert lines[-2].split() == ["good", "b", "r", "fine", "yes"]
