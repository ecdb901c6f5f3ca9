"""The runs of the experiment with several coils: parents first, nothing twice, stopped ones go on, all recorded."""

import json

import numpy as np
import pytest
from network.test_training import tracing
from runs.coil_experiment import PROFILE, run_of, stage

from recon_lib.core.files import sha256
from recon_lib.network.cascade import named_weights
from recon_lib.network.coil_files import load_coil_network
from recon_lib.runs import coils


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Carry out a tuning, and with it the trainings that it starts from."""
    folder, calls = tmp_path_factory.mktemp("coils"), []
    with stage(folder), tracing(False):
        coils.execute(PROFILE, run_of("tune"), lambda *row: calls.append(row[:2]))
    return folder, calls


def test_parents_are_carried_out_first_and_nothing_twice(tuned, monkeypatch):
    folder, calls = tuned
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4), (1, 2), (2, 2), (1, 1)]
    with stage(folder):
        for kind in ("train", "joint", "tune"):
            assert coils.finished(PROFILE, run_of(kind))
        before = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()}
        monkeypatch.setattr(coils, "_tune", None)
        coils.execute(PROFILE, run_of("tune"))
        after = {path: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*") if path.is_file()}
    assert {name: time for name, time in after.items() if name.suffix != ".lock"} == {
        name: time for name, time in before.items() if name.suffix != ".lock"
    }


def test_a_record_states_the_hashes_of_all_files_and_no_checkpoint_stays(tuned):
    folder, _ = tuned
    with stage(folder):
        place = coils.folder(PROFILE, run_of("joint"))
    record = json.loads((place / "run.json").read_text(encoding="utf-8"))
    assert record["files"] == {
        name: sha256(place / name) for name in ("history.json", "network.json", "network.safetensors")
    }
    assert record["parents"] == [run_of("train").id]
    assert not (place / "checkpoint.safetensors").exists()


def test_every_stage_changes_the_network_and_keeps_its_history(tuned):
    folder, _ = tuned
    networks = []
    with stage(folder):
        for kind, rows in (("train", 4), ("joint", 2), ("tune", 1)):
            run = run_of(kind)
            place = coils.folder(PROFILE, run)
            cascade, card = load_coil_network(place / coils.NETWORK)
            history = coils.read_history(place)
            assert len(history) == rows
            assert {row["run"] for row in history} == {run.id} == {card.run}
            networks.append(np.concatenate([value.ravel() for value in named_weights(cascade).values()]))
        assert coils.read_history(folder) == []
    assert not np.array_equal(networks[0], networks[1])
    assert not np.array_equal(networks[1], networks[2])


def test_a_stopped_run_ends_with_the_same_network(tuned, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done, *_):
        if done == 3:
            raise StoppedError

    with stage(tmp_path), tracing(False):
        with pytest.raises(StoppedError):
            coils.execute(PROFILE, run_of("train"), stop)
        assert not coils.finished(PROFILE, run_of("train"))
        place = coils.execute(PROFILE, run_of("train"))
        resumed = named_weights(load_coil_network(place / coils.NETWORK)[0])
    with stage(tuned[0]):
        whole = named_weights(load_coil_network(coils.folder(PROFILE, run_of("train")) / coils.NETWORK)[0])
    assert all(np.array_equal(whole[name], value) for name, value in resumed.items())
