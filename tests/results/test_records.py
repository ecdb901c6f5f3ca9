"""Records of runs are read as they were written, those that are committed too."""

import json

import pytest

from recon_lib.core import paths
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord

COMMITTED = sorted(paths.RESULTS.glob("*/records.json"))


def test_there_are_committed_records():
    assert [path.parent.name for path in COMMITTED] == ["desk", "open"]


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.parent.name)
def test_every_committed_record_comes_back(path):
    for run, content in json.loads(path.read_text(encoding="utf-8")).items():
        record = RunRecord.from_json(content)
        assert record.id == run
        assert json.loads(json.dumps(record.to_json())) == content


def test_a_record_without_times_has_none():
    record = RunRecord.from_json({"id": "a", "kind": "train", "choice": {"n_train": 4}, "parameters": {"seed": 1}})
    assert (record.seconds, record.machine, record.key) == (None, {}, RunKey(n_train=4))
    assert record.to_json() == {"id": "a", "kind": "train", "choice": {"n_train": 4}, "parameters": {"seed": 1},
                                "parent": None}  # fmt: skip


def test_a_record_says_what_its_network_computed_in():
    record = RunRecord("a", "train", RunKey(), {}, precision="mixed_bfloat16")
    assert record.to_json()["precision"] == "mixed_bfloat16"
    assert RunRecord.from_json(record.to_json()) == record
