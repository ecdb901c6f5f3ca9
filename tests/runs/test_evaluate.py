"""An evaluation gives a row a slice and a few pictures, by the masks and options that its run states."""

from dataclasses import replace

import numpy as np
import pytest
from tiny_runs import named, own, table, varied

from recon_lib.baselines import compressed_sensing
from recon_lib.core import files
from recon_lib.data import domains
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import parse_profile
from recon_lib.results.rows import read_rows
from recon_lib.runs import evaluate, execute, state


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


def test_rows_measure_a_reconstruction_against_its_reference(tiny):
    _, plan = tiny
    run = named(own(plan), "evaluate", method="zero_filled")
    images = domains.load_images("t1", "test", run.profile.domains["t1"]).images.astype(np.float64)
    _, masks = evaluate.masks_of_test_slices(images, run.spec.masks, run.spec.counts[1])
    for row, reference, mask in zip(table(run).itertuples(), images, masks, strict=True):
        kspace = np.fft.fft2(reference) * np.fft.ifftshift(mask)
        error = np.abs(np.fft.ifft2(kspace)) - reference
        assert row.nmse == pytest.approx((error**2).sum() / (reference**2).sum(), rel=1e-4)
        assert row.psnr == pytest.approx(10 * np.log10(reference.max() ** 2 / (error**2).mean()), rel=1e-4)


def test_networks_reconstruct_better_than_zero_filling(tiny):
    # What so small a network must show is that evaluation runs the trained one.
    _, plan = tiny
    score = {
        run.key.method: read_rows(state.folder(run) / "slices.csv")["psnr"].mean()
        for run in own(plan)
        if run.key.training_domain in (None, "t1")
    }
    assert score["network"] > score["zero_filled"]


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


def test_other_masks_change_the_evaluation_and_not_the_network(tiny):
    _, plan = tiny
    found = varied(plan, "other-masks")
    assert [run.key.method for run in found] == ["zero_filled", "network"]
    base = named(plan, "evaluate", method="zero_filled")
    assert not np.allclose(table(found[0])["psnr"], table(base)["psnr"])
    assert state.finished(found[1].parent)
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


def test_other_variations_keep_no_pictures(tiny):
    _, plan = tiny
    for name in ("lower-rate", "other-masks", "scale", "training-slices"):
        assert not any((state.folder(run) / "panels.npz").exists() for run in varied(plan, name))


def test_training_slices_are_of_training_subjects(tiny):
    _, plan = tiny
    seen = set(table(varied(plan, "training-slices")[0])["subject"])
    tested = set(table(named(plan, "evaluate", method="zero_filled"))["subject"])
    assert seen
    assert not seen & tested


def test_a_few_slices_are_spread_over_the_split_and_keep_their_masks(tiny):
    _, plan = tiny
    every, few = (table(varied(plan, name)[0]) for name in ("training-slices", "few-training-slices"))
    places = [0, len(every) // 2, len(every) - 1]  # an even number of slices: the middle rounds to the even place
    assert len(every) == 8
    assert few.drop(columns="run").equals(
        every.iloc[places].assign(variation="few-training-slices").reset_index(drop=True).drop(columns="run")
    )


def test_stopped_compressed_sensing_keeps_its_finished_slices(tiny, monkeypatch, tmp_path):
    _, plan = tiny
    run = named(plan, "evaluate", method="cs:literal")
    wanted = files.sha256(state.folder(run) / "slices.csv")
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
    assert files.sha256(state.folder(run) / "slices.csv") == wanted
    assert not list(state.folder(run).glob("part-*"))


def test_of_the_grids_inner_cells_the_median_of_all_slices_and_of_the_middle_ones_are_kept(tiny, monkeypatch):
    profile, plan = tiny
    run = named(plan, "evaluate", method="network", training_domain="natural", n_finetune=3)
    monkeypatch.setattr(evaluate, "in_headline", lambda run: False)
    images = domains.load_images("t1", "test", profile.domains["t1"])
    _, masks = evaluate.masks_of_test_slices(images.images, profile.mask_spec, profile.masks.test)
    kept = evaluate._pictured(images, masks, every=False)
    every = evaluate._pictured(images, masks, every=True)
    start = table(named(plan, "evaluate", method="zero_filled"))["psnr"].to_numpy()
    median = int(np.flatnonzero(start == sorted(start)[(len(start) - 1) // 2])[0])
    subjects = np.array(images.subjects)
    middle = [int(np.flatnonzero(subjects == subject)[(subjects == subject).sum() // 2]) for subject in set(subjects)]
    lower = sorted(middle, key=lambda i: start[i])[(len(middle) - 1) // 2]
    assert kept == sorted({median, lower})
    assert every == sorted({median, *middle})
    assert run.key.n_finetune == 3


def test_a_network_reports_the_slices_that_are_done(monkeypatch):
    monkeypatch.setattr(evaluate, "reconstruct", lambda _, images, masks: (images, images))
    images, reports = np.ones((20, 4, 6), np.float32), []
    evaluate._by_network(None, images, np.ones(images.shape, bool), None, lambda *report: reports.append(report))
    assert reports == [(16, 20, {}), (20, 20, {})]


@pytest.mark.parametrize(
    ("n_train", "n_finetune", "expected"),
    [(4000, 0, True), (4000, 20, True), (4000, 5, False), (500, 20, False), (500, 0, False)],
)
def test_the_headline_is_of_the_largest_networks_at_the_tables_numbers_of_images(n_train, n_finetune, expected):
    profile = parse_profile(
        "grid",
        {
            "domains": {"natural": {}, "t1": {}},
            "test_domains": ["t1"],
            "training": {"domains": ["natural"], "n_train": [500, 4000]},
            "fine_tuning": {"n_finetune": [5, 20], "n_headline": [20]},
        },
    )
    plan = state.plan_profile(profile)
    run = find(plan, "evaluate", method="network", test_domain="t1", n_train=n_train, n_finetune=n_finetune)
    assert evaluate.in_headline(run) is expected


def test_what_is_not_a_network_is_in_the_headline(tiny):
    _, plan = tiny
    assert evaluate.in_headline(find(plan, "evaluate", method="zero_filled"))
