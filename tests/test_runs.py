"""Runs are done once, in order, resumed after a stop, and leave rows, pictures and a network behind."""

import json

import numpy as np
import pytest

from recon_lib import collecting, graph, paths, results, runs
from recon_lib.checkpoints import load_arrays
from recon_lib.errors import ReconError
from recon_lib.experiment import Architecture, load_profile
from recon_lib.weights import load_network, save_network

TINY = """
description: Small enough for a test.
test_domains: [t1]
masks: {train: 4, test: 4}
architecture: {subnetworks: 2, hidden_layers: 1, filters: 4}
domains:
  natural: {source: generated, matrix: [32, 32], images: 8}
  t1: {source: generated, matrix: [30, 33], images: 8}
training: {domains: [natural, t1], n_train: [8], batch: 4, epochs: 3, learning_rate: 1.0e-2, crop: 24}
fine_tuning: {n_finetune: [3], epochs: 2, batch: 1, learning_rate: 1.0e-3}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folders of a tiny profile whose runs are all finished."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "profiles").mkdir()
    (folder / "profiles" / "tiny.yaml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        _use(patch, folder)
        profile = load_profile("tiny")
        plan = runs.plan_profile(profile)
        for run in plan:
            runs.execute(run)
    return folder, profile, plan


@pytest.fixture
def tiny(finished, monkeypatch):
    """The tiny profile and its plan, with the paths that its runs are under."""
    folder, profile, plan = finished
    _use(monkeypatch, folder)
    return profile, plan


def _use(patch, folder):
    patch.setattr(paths, "PROFILES", folder / "profiles")
    for name in ("RUNS", "RESULTS", "CACHE"):
        patch.setenv(f"RECON_{name}", str(folder / name.lower()))


def named(plan, kind, **choice):
    return graph.find(plan, kind, **choice)


def test_every_run_leaves_a_record_that_says_all(tiny):
    _, plan = tiny
    for run in plan:
        assert runs.finished(run)
        record = json.loads((runs.folder(run) / "run.json").read_text())
        assert record["id"] == run.id
        assert record["parameters"] == run.parameters
        assert record["inputs"]
        for name, digest in record["files"].items():
            assert results.sha256(runs.folder(run) / name) == digest


def test_every_test_slice_is_a_row_of_every_method_with_the_same_mask(tiny):
    _, plan = tiny
    rows = {}
    for run in plan:
        if run.kind == "evaluate":
            table = results.read_rows(runs.folder(run) / "slices.csv")
            domain = run.choice["test_domain"]
            rows.setdefault(domain, []).append(table[["subject", "slice", "mask"]].to_numpy().tolist())
            assert (table["acceleration"] == 4).all()
            assert table["psnr"].between(5, 80).all()
            assert table["ssim"].between(-1, 1).all()
    assert set(rows) == {"t1"}
    assert len(rows["t1"]) == 1 + 2 + 2
    assert all(table == rows["t1"][0] for table in rows["t1"])


def test_networks_reconstruct_better_than_zero_filling(tiny):
    # What so small a network must show is that evaluation runs the trained one.
    _, plan = tiny
    score = {
        run.choice["method"]: results.read_rows(runs.folder(run) / "slices.csv")["psnr"].mean()
        for run in plan
        if run.kind == "evaluate"
        and run.choice["test_domain"] == "t1"
        and run.choice.get("training_domain", "t1") == "t1"
    }
    assert score["network"] > score["zero_filled"]


def test_fine_tuning_changes_the_network_it_starts_from(tiny):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="natural", test_domain="t1")
    tuned, card = load_network(runs.folder(run) / "network.safetensors")
    raw, _ = load_network(runs.folder(run.parent) / "network.safetensors")
    assert card["test_domain"] == "t1"
    assert card["n_finetune"] == 3
    changed = [not np.array_equal(a, b) for a, b in zip(tuned.get_weights(), raw.get_weights(), strict=True)]
    assert all(changed)


def test_a_finished_run_is_not_done_again(tiny, monkeypatch):
    _, plan = tiny
    monkeypatch.setattr(runs, "_train", None)
    before = (runs.folder(plan[0]) / "run.json").stat().st_mtime_ns
    runs.execute(plan[0])
    assert (runs.folder(plan[0]) / "run.json").stat().st_mtime_ns == before


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "train", training_domain="t1")
    wanted = results.sha256(runs.folder(run) / "network.safetensors")
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))

    def stop(done, total, row):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.execute(run, stop)
    assert not runs.finished(run)
    assert (runs.folder(run) / "checkpoint.safetensors").is_file()
    first = []
    runs.execute(run, lambda done, total, row: first.append(done))
    assert first[0] == 5
    assert results.sha256(runs.folder(run) / "network.safetensors") == wanted
    assert not (runs.folder(run) / "checkpoint.safetensors").exists()


def test_a_stop_before_the_record_loses_no_work(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "train", training_domain="t1")
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(runs, "_record", None)
        with pytest.raises(TypeError):
            runs.execute(run)
    epochs = []
    runs.execute(run, lambda done, total, row: epochs.append(done))
    assert epochs == []


def test_too_few_pool_images_are_named(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="t1", test_domain="t1")
    monkeypatch.setitem(run.parameters, "n_finetune", 1000)
    with pytest.raises(ReconError, match=r"asks for 1000 images, but the pool of 't1' has \d+"):
        runs.execute(run)


def test_collected_results_verify_and_hold_every_run(tiny):
    profile, plan = tiny
    out = collecting.collect(profile)
    assert results.verify(out)["missing"] == []
    found = results.Results("tiny", out, results.verify(out))
    assert set(found.slices["run"]) == {run.id for run in plan if run.kind == "evaluate"}
    assert set(found.history["run"]) == {run.id for run in plan if run.kind != "evaluate"}
    subjects = found.slices.groupby("test_domain")["subject"].nunique()
    labels = {key.split("/", 3)[3] for key in found.panels}
    assert {"reference", "zero_filled", "mask", "network-natural-8-0", "network-natural-8-3"} <= labels
    assert len({tuple(key.split("/")[:3]) for key in found.panels}) == subjects.sum()
    released = sorted(path.name for path in (out / "weights").glob("*.safetensors"))
    assert len(released) == 2 + 2
    _, card = load_network(out / "weights" / "natural-8-t1-3.safetensors")
    assert card["stored"] == "float16"
    assert abs(card["float16_cost_db"]["t1"]) < 0.05
    assert "maximum" in card["normalisation"]


def test_collecting_again_gives_the_same_bytes(tiny):
    profile, _ = tiny
    first = collecting.collect(profile)
    before = {path.name: results.sha256(path) for path in first.rglob("*") if path.is_file()}
    second = collecting.collect(profile)
    assert before == {path.name: results.sha256(path) for path in second.rglob("*") if path.is_file()}


def test_collecting_nothing_says_what_to_do(tiny, monkeypatch, tmp_path):
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    with pytest.raises(ReconError, match="No run of profile 'tiny' is finished"):
        collecting.collect(tiny[0])


class TestTrainingSubset:
    def test_all_of_a_full_share(self):
        assert runs.training_subset(4000, 4000, 1.0, 0).tolist() == list(range(4000))
        assert runs.training_subset(720, 4000, 1.0, 0).tolist() == list(range(720))

    def test_a_small_domain_gives_the_same_share(self):
        assert len(runs.training_subset(720, 500, 0.125, 0)) == 90
        assert len(runs.training_subset(4000, 500, 0.125, 0)) == 500

    def test_a_larger_domain_gives_what_is_asked(self):
        assert len(runs.training_subset(9000, 4000, 1.0, 0)) == 4000

    def test_smaller_sets_lie_in_larger_and_follow_the_seed(self):
        small, large = (set(runs.training_subset(720, n, n / 4000, 0)) for n in (500, 1000))
        assert small < large
        assert small != set(runs.training_subset(720, 500, 0.125, 1))


class TestWeights:
    def network(self):
        from recon_lib.cascade import Cascade, build

        return build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=3), seed=4))

    def test_round_trip(self, tmp_path):
        net = self.network()
        card = save_network(tmp_path / "a.safetensors", net, {"domain": "t1"})
        back, inside = load_network(tmp_path / "a.safetensors", net.architecture)
        assert all(np.array_equal(a, b) for a, b in zip(net.get_weights(), back.get_weights(), strict=True))
        assert inside["domain"] == "t1"
        assert card["weights"] == net.count_params()
        assert card["sha256"] == results.sha256(tmp_path / "a.safetensors")

    def test_half_precision_rounds_and_halves(self, tmp_path):
        net = self.network()
        full = save_network(tmp_path / "a.safetensors", net, {})
        half = save_network(tmp_path / "b.safetensors", net, {}, stored="float16")
        assert half["bytes"] < full["bytes"]
        back, _ = load_network(tmp_path / "b.safetensors")
        for a, b in zip(net.get_weights(), back.get_weights(), strict=True):
            assert np.array_equal(a.astype(np.float16).astype(np.float32), b)

    def test_another_architecture_is_refused(self, tmp_path):
        save_network(tmp_path / "a.safetensors", self.network(), {})
        with pytest.raises(ReconError, match="another architecture"):
            load_network(tmp_path / "a.safetensors", Architecture())

    def test_weights_that_do_not_fit_their_card_are_refused(self, tmp_path):
        from recon_lib.checkpoints import save_arrays

        save_network(tmp_path / "a.safetensors", self.network(), {})
        arrays, state = load_arrays(tmp_path / "a.safetensors")
        arrays.popitem()
        save_arrays(tmp_path / "b.safetensors", arrays, state)
        with pytest.raises(ReconError, match="does not hold the weights of its architecture"):
            load_network(tmp_path / "b.safetensors")
        save_arrays(tmp_path / "c.safetensors", arrays, {})
        with pytest.raises(ReconError, match="holds no network"):
            load_network(tmp_path / "c.safetensors")

    def test_a_changed_byte_is_refused(self, tmp_path):
        path = tmp_path / "a.safetensors"
        save_network(path, self.network(), {})
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ReconError, match="sha256"):
            load_network(path)

    def test_a_missing_or_foreign_file_is_named(self, tmp_path):
        with pytest.raises(ReconError, match="There is no file"):
            load_network(tmp_path / "none.safetensors")
        (tmp_path / "x.safetensors").write_bytes(b"not weights")
        with pytest.raises(ReconError, match="not a readable checkpoint"):
            load_network(tmp_path / "x.safetensors")

    def test_storage_must_be_known(self, tmp_path):
        with pytest.raises(ReconError, match="float8"):
            save_network(tmp_path / "a.safetensors", self.network(), {}, stored="float8")
