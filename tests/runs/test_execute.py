"""Runs are done once, in order, resumed after a stop, and leave rows, pictures and a network behind."""

import json
from dataclasses import replace

import numpy as np
import pytest
import yaml

from recon_lib.baselines import compressed_sensing
from recon_lib.core import files, paths
from recon_lib.core.arrays import load_arrays
from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import load_profile, parse_profile
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.files import load_network, save_network
from recon_lib.paper import panel_view
from recon_lib.results import merge, provenance, store
from recon_lib.results.panels import PanelKey
from recon_lib.results.released import NetworkCard
from recon_lib.results.rows import read_rows
from recon_lib.runs import collect as runs_collect
from recon_lib.runs import evaluate, execute

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
compressed_sensing: {variants: [literal, real], iterations: {t1: 4}}
variations:
  lower-rate:
    change: {fine_tuning: {learning_rate: 1.0e-4}}
    evaluations: {training_domain: natural, n_finetune: 3}
  other-masks:
    change: {masks: {power: 1.0}}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: 0}
    networks: base
  acceleration-2:
    change: {acceleration: 2.0}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: [0, 3]}
    networks: base
  scale:
    change: {scale: zero_filled}
    evaluations: {method: network, training_domain: natural, n_finetune: 0}
    networks: base
  window:
    change: {ssim: uniform}
    evaluations: {method: [zero_filled, network], training_domain: natural, n_finetune: 0}
    networks: base
  wavelet:
    change: {compressed_sensing: {wavelet: db4}}
    evaluations: {method: "cs:literal"}
  corners:
    change: {masks: {corners: false}}
    evaluations: {method: zero_filled}
  residual:
    change: {architecture: {residual: true, initial_weights: he_normal, phase: kept}}
    evaluations: {method: network, training_domain: natural, n_finetune: 0}
  training-slices:
    evaluations: {method: zero_filled}
    split: train
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folders of a tiny profile, which no file holds, and whose runs are all finished."""
    folder = tmp_path_factory.mktemp("tiny")
    profile = parse_profile("tiny", yaml.safe_load(TINY))
    with pytest.MonkeyPatch.context() as patch:
        _use(patch, folder)
        plan = execute.plan_profile(profile)
        for run in plan:
            execute.execute(run)
    return folder, profile, plan


@pytest.fixture
def tiny(finished, monkeypatch):
    """The tiny profile and its plan, with the paths that its runs are under."""
    folder, profile, plan = finished
    _use(monkeypatch, folder)
    return profile, plan


def _use(patch, folder):
    for name in ("RUNS", "RESULTS", "CACHE"):
        patch.setenv(f"RECON_{name}", str(folder / name.lower()))


def named(plan, kind, **choice):
    return find(plan, kind, **choice)


def test_every_run_leaves_a_record_that_says_all(tiny):
    _, plan = tiny
    for run in plan:
        assert execute.finished(run)
        record = json.loads((execute.folder(run) / "run.json").read_text(encoding="utf-8"))
        assert record["id"] == run.id
        assert record["parameters"] == json.loads(json.dumps(run.spec.to_json()))
        assert record["inputs"]
        for name, digest in record["files"].items():
            assert files.sha256(execute.folder(run) / name) == digest


@pytest.mark.parametrize(
    ("kind", "choice", "result"),
    [
        ("train", {"training_domain": "t1"}, "network.safetensors"),
        ("evaluate", {"method": "cs:literal"}, "slices.csv"),
        ("evaluate", {"method": "zero_filled", "variation": "acceleration-2"}, "panels.npz"),
    ],
)
def test_a_profile_edited_while_a_run_is_under_way_changes_nothing_in_it(
    kind, choice, result, tiny, monkeypatch, tmp_path
):
    _, plan = tiny
    run = named(plan, kind, **choice)
    wanted = files.sha256(execute.folder(run) / result)
    edited = TINY.replace("{train: 4, test: 4}", "{train: 3, test: 2, power: 1.0}").replace("[30, 33]", "[36, 34]")
    (tmp_path / "tiny.yaml").write_text(edited.replace("acceleration: 2.0", "acceleration: 3.0"))
    monkeypatch.setattr(paths, "PROFILES", tmp_path)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    replanned = execute.plan_profile(load_profile("tiny"))
    assert run.id not in {other.id for other in replanned}  # the edited file plans other runs
    assert files.sha256(execute.execute(run) / result) == wanted


def own(plan):
    """The profile's own evaluations."""
    return [run for run in plan if run.kind == "evaluate" and run.key.variation is None]


def varied(plan, name):
    return [run for run in plan if run.kind == "evaluate" and run.key.variation == name]


def table(run):
    return read_rows(execute.folder(run) / "slices.csv")


def test_every_test_slice_is_a_row_of_every_method_with_the_same_mask(tiny):
    _, plan = tiny
    rows = {}
    for run in own(plan):
        found = table(run)
        rows.setdefault(run.key.test_domain, []).append(found[["subject", "slice", "mask"]].to_numpy().tolist())
        assert (found["acceleration"] == 4).all()
        assert found["psnr"].between(5, 80).all()
        assert found["ssim"].between(-1, 1).all()
    assert set(rows) == {"t1"}
    assert len(rows["t1"]) == 2 + 2 + 2 + 2  # baselines, CS, raw and tuned networks
    assert all(one == rows["t1"][0] for one in rows["t1"])


def test_networks_reconstruct_better_than_zero_filling(tiny):
    # What so small a network must show is that evaluation runs the trained one.
    _, plan = tiny
    score = {
        run.key.method: read_rows(execute.folder(run) / "slices.csv")["psnr"].mean()
        for run in own(plan)
        if run.key.training_domain in (None, "t1")
    }
    assert score["network"] > score["zero_filled"]


def test_fine_tuning_changes_the_network_it_starts_from(tiny):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="natural", test_domain="t1")
    tuned, card = load_network(execute.folder(run) / "network.safetensors")
    raw, _ = load_network(execute.folder(run.parent) / "network.safetensors")
    assert card.key == run.key
    assert (card.key.test_domain, card.key.n_finetune) == ("t1", 3)
    changed = [not np.array_equal(a, b) for a, b in zip(tuned.get_weights(), raw.get_weights(), strict=True)]
    assert all(changed)


def test_a_finished_run_is_not_done_again(tiny, monkeypatch):
    _, plan = tiny
    monkeypatch.setattr(execute, "_train", None)
    before = (execute.folder(plan[0]) / "run.json").stat().st_mtime_ns
    execute.execute(plan[0])
    assert (execute.folder(plan[0]) / "run.json").stat().st_mtime_ns == before


def test_a_stopped_run_goes_on_and_ends_with_the_same_weights(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "train", training_domain="t1")
    wanted = files.sha256(execute.folder(run) / "network.safetensors")
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))

    def stop(done, total, row):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute.execute(run, stop)
    assert not execute.finished(run)
    assert (execute.folder(run) / "checkpoint.safetensors").is_file()
    first = []
    execute.execute(run, lambda done, total, row: first.append(done))
    assert first[0] == 5
    assert files.sha256(execute.folder(run) / "network.safetensors") == wanted
    assert not (execute.folder(run) / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("choice", [{"training_domain": "t1"}, {"method": "cs:literal"}], ids=["training", "cs"])
def test_a_stop_before_the_record_loses_no_work(choice, tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "evaluate" if "method" in choice else "train", **choice)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(execute, "_record", None)
        with pytest.raises(TypeError):
            execute.execute(run)
    monkeypatch.setattr(evaluate, "reconstruct_cs", None)
    epochs = []
    execute.execute(run, lambda done, total, row: epochs.append(done) if "loss" in row else None)
    assert epochs == []
    assert execute.finished(run)


def test_what_a_kill_after_the_record_left_is_cleared_away(tiny):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="natural", test_domain="t1")
    left = [execute.folder(run) / name for name in ("checkpoint.safetensors", "part-000.safetensors")]
    for path in left:
        path.write_bytes(b"")
    execute.execute(run)
    assert not any(path.exists() for path in left)
    assert (execute.folder(run) / "network.safetensors").is_file()


def test_too_few_pool_images_are_named(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "finetune", training_domain="t1", test_domain="t1")
    run = replace(run, spec=replace(run.spec, n_finetune=1000))
    with pytest.raises(ReconError, match=r"asks for 1000 images, but the pool of 't1' has \d+"):
        execute.execute(run)


def test_collected_results_verify_and_hold_every_run(tiny):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    assert provenance.verify(out)["missing"] == []
    found = store.Results("tiny", out, provenance.verify(out))
    assert set(found.slices["run"]) == {run.id for run in own(plan)}
    assert set(found.variations["variation"]) == {
        "lower-rate", "other-masks", "acceleration-2", "scale", "training-slices", "window", "wavelet", "corners",
        "residual",
    }  # fmt: skip
    trained = {run.id for run in plan if run.kind != "evaluate" and run.key.variation is None}
    assert set(found.history["run"]) == trained
    assert set(found.records) == {run.id for run in plan}
    assert all(record.machine["cores"] > 0 for record in found.records.values())
    subjects = found.slices.groupby("test_domain")["subject"].nunique()
    labels = {key.picture for key in found.panels}
    assert labels == {
        "reference", "mask", "zero_filled", "conjugate_symmetry", "cs:literal", "cs:real",
        "network-natural-8-0", "network-natural-8-3", "network-t1-8-0", "network-t1-8-3",
    }  # fmt: skip
    assert len({(key.test_domain, key.place) for key in found.panels}) == subjects.sum()
    released = sorted(path.name for path in (out / "weights").glob("*.safetensors"))
    assert len(released) == 2 + 2
    _, card = load_network(out / "weights" / "natural-8-t1-3.safetensors")
    assert card.stored == "float16"
    assert abs(card.float16_cost_db["t1"]) < 0.05
    assert "maximum" in card.normalisation


def test_collecting_again_gives_the_same_bytes(tiny):
    profile, _ = tiny
    first = runs_collect.collect(profile)
    before = {path.name: files.sha256(path) for path in first.rglob("*") if path.is_file()}
    second = runs_collect.collect(profile)
    assert before == {path.name: files.sha256(path) for path in second.rglob("*") if path.is_file()}


def test_a_stopped_collection_releases_no_network_twice(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    monkeypatch.setenv("RECON_RESULTS", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(merge, "collect", None)
        with pytest.raises(TypeError):
            runs_collect.collect(profile)
    assert store.collected(profile.name) == set()
    monkeypatch.setattr(runs_collect, "save_network", None)
    out = runs_collect.collect(profile)
    assert set(store.Results(profile.name, out, provenance.verify(out)).records) == {run.id for run in plan}
    assert len(list((out / "weights").glob("*.safetensors"))) == 4


def test_executed_notebooks_are_published_trimmed_and_kept(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    page = {"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# A run"]}], "metadata": {}}
    shown = [named(plan, "train", training_domain="t1"), named(plan, "evaluate", method="cs:real")]
    for run in [*shown, varied(plan, "scale")[0]]:
        (execute.folder(run) / f"{run.kind}.ipynb").write_text(json.dumps(page))
    out = runs_collect.collect(profile)
    wanted = {f"notebooks/{run.id.replace(':', '-')}.ipynb" for run in shown}  # Windows refuses a colon
    assert {name for name in provenance.verify(out)["files"] if name.startswith("notebooks/")} == wanted
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    assert wanted < set(provenance.verify(runs_collect.collect(profile))["files"])


def test_what_was_collected_is_not_run_again_anywhere(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    before = {path.name: files.sha256(path) for path in out.rglob("*") if path.is_file()}
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))  # another machine: nothing but the results
    assert execute.remaining(profile) == []
    again = runs_collect.collect(profile)
    after = {path.name: files.sha256(path) for path in again.rglob("*") if path.is_file()}
    assert after.pop("provenance.json")
    assert after == {name: digest for name, digest in before.items() if name != "provenance.json"}
    assert provenance.verify(again)["runs"].keys() == {run.id for run in plan}
    assert provenance.verify(again)["missing"] == []


def test_what_is_missing_starts_from_the_released_network(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    runs_collect.collect(profile)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    tuned = named(plan, "finetune", training_domain="natural", variation="lower-rate")
    collected = {run.id for run in plan} - {tuned.id, *(run.id for run in plan if run.parent is tuned)}
    monkeypatch.setattr(store, "collected", lambda _: collected)
    left = execute.remaining(profile)
    assert [run.kind for run in left] == ["finetune", "evaluate"]
    assert execute.network_file(tuned.parent).parent.name == "weights"
    assert execute.network_file(tuned) is None
    execute.execute(left[1])
    assert not execute.finished(tuned.parent)
    assert execute.finished(tuned)


def test_a_released_network_of_another_recipe_is_not_taken(tiny, monkeypatch, tmp_path):
    profile, plan = tiny
    runs_collect.collect(profile)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    run = named(plan, "train", training_domain="natural")
    assert execute.network_file(run) is not None
    assert execute.network_file(replace(run, spec=replace(run.spec, seed=5))) is None


def test_a_scale_without_reference_only_changes_what_the_network_sees(tiny):
    _, plan = tiny
    scaled = table(varied(plan, "scale")[0])
    plain = table(named(plan, "evaluate", method="network", training_domain="natural", n_finetune=0))
    assert (scaled["mask"] == plain["mask"]).all()
    assert not np.allclose(scaled["psnr"], plain["psnr"])
    # The biases are all that a factor does not pass through, so the two stay close.
    assert np.allclose(scaled["psnr"], plain["psnr"], atol=3)


def test_another_window_changes_ssim_alone(tiny):
    _, plan = tiny
    for run in varied(plan, "window"):
        choice = replace(run.key, variation=None).to_json()
        found, plain = table(run), table(named(own(plan), "evaluate", **choice))
        assert found["psnr"].equals(plain["psnr"])
        columns = [name for name in found if name.startswith("ssim") and found[name].notna().any()]
        assert len(columns) == (3 if run.key.method == "zero_filled" else 4)
        for name in columns:
            assert not np.allclose(found[name], plain[name], atol=1e-4), name


def test_another_wavelet_and_the_corners_reach_the_reconstruction(tiny):
    _, plan = tiny
    for name, method in (("wavelet", "cs:literal"), ("corners", "zero_filled")):
        (run,) = varied(plan, name)
        plain = table(named(own(plan), "evaluate", method=method))
        assert not np.allclose(table(run)["psnr"], plain["psnr"], atol=1e-3)


def test_a_residual_network_is_read_back_as_one(tiny):
    _, plan = tiny
    (run,) = varied(plan, "residual")
    assert run.parent.key.variation == "residual"
    cascade, _ = load_network(execute.network_file(run.parent))
    made = cascade.architecture
    assert (made.residual, made.initial_weights, made.phase) == (True, "he_normal", "kept")


def test_other_masks_change_the_evaluation_and_not_the_network(tiny):
    _, plan = tiny
    found = varied(plan, "other-masks")
    assert [run.key.method for run in found] == ["zero_filled", "network"]
    base = named(plan, "evaluate", method="zero_filled")
    assert not np.allclose(table(found[0])["psnr"], table(base)["psnr"])
    assert execute.finished(found[1].parent)
    assert found[1].parent.key.variation is None


def test_another_acceleration_reaches_the_masks_and_the_rows(tiny):
    _, plan = tiny
    base = {run.key.method: run for run in own(plan) if run.key.training_domain in (None, "natural")}
    for run in varied(plan, "acceleration-2"):
        found, before = table(run), table(base[run.key.method])
        assert (found["acceleration"] == 2).all()
        assert found[["subject", "slice", "mask"]].equals(before[["subject", "slice", "mask"]])
        assert run.parent is None or run.parent.key.variation is None
    assert len(varied(plan, "acceleration-2")) == 3
    start = table(varied(plan, "acceleration-2")[0])["psnr"].mean()
    assert start > table(base["zero_filled"])["psnr"].mean() + 1  # twice the samples


def test_another_acceleration_keeps_the_slice_that_opens_first_with_its_mask(tiny):
    profile, plan = tiny
    out = runs_collect.collect(profile)
    found = store.Results("tiny", out, provenance.verify(out))
    (place,) = {(key.test_domain, *key.place) for key in found.varied_panels}
    assert place == ("t1", *panel_view.median_place(found, "t1"))
    varied_to, pictures = "acceleration-2", found.varied_panels
    assert set(pictures) == {
        PanelKey(*place, name, varied_to)
        for name in ("mask", "zero_filled", "network-natural-8-0", "network-natural-8-3")
    }
    assert pictures[PanelKey(*place, "mask", varied_to)].mean() == pytest.approx(1 / 2, abs=1e-3)
    assert found.panels[PanelKey(*place, "mask")].mean() == pytest.approx(1 / 4, abs=1e-3)
    reference = found.panels[PanelKey(*place, "reference")].astype(float)
    for run in varied(plan, "acceleration-2"):
        image = pictures[PanelKey(*place, run.key.picture, varied_to)].astype(float)
        row = table(run).query(f"subject == '{place[1]}' and slice == {place[2]}").iloc[0]
        assert 10 * np.log10(1 / np.mean((image - reference) ** 2)) == pytest.approx(row["psnr"], abs=0.05)


def test_other_variations_keep_no_pictures(tiny):
    _, plan = tiny
    for name in ("lower-rate", "other-masks", "scale", "training-slices"):
        assert not any((execute.folder(run) / "panels.npz").exists() for run in varied(plan, name))


def test_training_slices_are_of_training_subjects(tiny):
    _, plan = tiny
    seen = set(table(varied(plan, "training-slices")[0])["subject"])
    tested = set(table(named(plan, "evaluate", method="zero_filled"))["subject"])
    assert seen
    assert not seen & tested


def test_stopped_compressed_sensing_keeps_its_finished_slices(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "evaluate", method="cs:literal")
    wanted = files.sha256(execute.folder(run) / "slices.csv")
    monkeypatch.setenv("RECON_RUNS", str(tmp_path))
    monkeypatch.setattr(evaluate, "_PART", 3)
    done = []
    solve = compressed_sensing.reconstruct_cs

    def once(kspace, *others):
        if done:
            raise KeyboardInterrupt
        done.append(len(kspace))
        return solve(kspace, *others)

    monkeypatch.setattr(evaluate, "reconstruct_cs", once)
    with pytest.raises(KeyboardInterrupt):
        execute.execute(run)
    monkeypatch.setattr(
        evaluate, "reconstruct_cs", lambda kspace, *rest: done.append(len(kspace)) or solve(kspace, *rest)
    )
    execute.execute(run)
    assert done == [3, *(3 for _ in done[1:-1]), done[-1]]
    assert sum(done) == len(table(run))
    assert files.sha256(execute.folder(run) / "slices.csv") == wanted
    assert not list(execute.folder(run).glob("part-*"))


def test_of_the_grids_inner_cells_only_the_median_slice_is_kept(tiny, monkeypatch):
    profile, plan = tiny
    run = named(plan, "evaluate", method="network", training_domain="natural", n_finetune=3)
    monkeypatch.setattr(evaluate, "in_headline", lambda run: False)
    images = domains.load_images("t1", "test", profile.domains["t1"])
    _, masks = evaluate.masks_of_test_slices(images.images, profile.mask_spec, profile.masks.test)
    kept = evaluate._pictured(images, masks, every=False)
    assert len(kept) == 1
    every = evaluate._pictured(images, masks, every=True)
    assert len(every) == len(set(images.subjects))
    start = table(named(plan, "evaluate", method="zero_filled"))["psnr"].to_numpy()
    assert sorted(start[every])[(len(every) - 1) // 2] == pytest.approx(start[kept[0]], rel=1e-5)
    assert run.key.n_finetune == 3


def test_collecting_nothing_says_what_to_do(tiny, monkeypatch, tmp_path):
    for name in ("RUNS", "RESULTS"):
        monkeypatch.setenv(f"RECON_{name}", str(tmp_path / name))
    with pytest.raises(ReconError, match="No run of profile 'tiny' is finished"):
        runs_collect.collect(tiny[0])


class TestTrainingSubset:
    def test_all_of_a_full_share(self):
        assert execute.training_subset(4000, 4000, 1.0, 0).tolist() == list(range(4000))
        assert execute.training_subset(720, 4000, 1.0, 0).tolist() == list(range(720))

    def test_a_small_domain_gives_the_same_share(self):
        assert len(execute.training_subset(720, 500, 0.125, 0)) == 90
        assert len(execute.training_subset(4000, 500, 0.125, 0)) == 500

    def test_a_larger_domain_gives_what_is_asked(self):
        assert len(execute.training_subset(9000, 4000, 1.0, 0)) == 4000

    def test_smaller_sets_lie_in_larger_and_follow_the_seed(self):
        small, large = (set(execute.training_subset(720, n, n / 4000, 0)) for n in (500, 1000))
        assert small < large
        assert small != set(execute.training_subset(720, 500, 0.125, 1))


class TestWeights:
    def network(self):
        from recon_lib.network.cascade import Cascade, build

        return build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=3), seed=4))

    def test_round_trip(self, tmp_path):
        net = self.network()
        card = save_network(tmp_path / "a.safetensors", net, NetworkCard(extra={"domain": "t1"}))
        back, inside = load_network(tmp_path / "a.safetensors", net.architecture)
        assert all(np.array_equal(a, b) for a, b in zip(net.get_weights(), back.get_weights(), strict=True))
        assert inside.extra["domain"] == "t1"
        assert card.weights == net.count_params()
        assert card.sha256 == files.sha256(tmp_path / "a.safetensors")

    def test_precision_is_that_of_the_hidden_layers(self, tmp_path):
        save_network(tmp_path / "a.safetensors", self.network(), NetworkCard())
        back, _ = load_network(tmp_path / "a.safetensors", precision="mixed_bfloat16")
        first, last = back.subnetworks[0].layers
        assert first.compute_dtype == "bfloat16"
        assert last.compute_dtype == "float32"

    def test_half_precision_rounds_and_halves(self, tmp_path):
        net = self.network()
        full = save_network(tmp_path / "a.safetensors", net, NetworkCard())
        half = save_network(tmp_path / "b.safetensors", net, NetworkCard(), stored="float16")
        assert half.bytes < full.bytes
        back, _ = load_network(tmp_path / "b.safetensors")
        for a, b in zip(net.get_weights(), back.get_weights(), strict=True):
            assert np.array_equal(a.astype(np.float16).astype(np.float32), b)

    def test_another_architecture_is_refused(self, tmp_path):
        save_network(tmp_path / "a.safetensors", self.network(), NetworkCard())
        with pytest.raises(ReconError, match="another architecture"):
            load_network(tmp_path / "a.safetensors", Architecture())

    def test_weights_that_do_not_fit_their_card_are_refused(self, tmp_path):
        from recon_lib.core.arrays import save_arrays

        save_network(tmp_path / "a.safetensors", self.network(), NetworkCard())
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
        save_network(path, self.network(), NetworkCard())
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
            save_network(tmp_path / "a.safetensors", self.network(), NetworkCard(), stored="float8")
