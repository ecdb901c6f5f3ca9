"""The page of differences: choices read from the library, effects from results, what is missing said."""

import re
from dataclasses import replace

import pytest
from fabricated import cell, line, made, plain, untrained

from recon_lib.experiment.plan import plan
from recon_lib.experiment.profile import CompressedSensing, Masks, Profile, load_profile
from recon_lib.experiment.recipes import Architecture, FineTuning, Training
from recon_lib.paper.differences import controls, open_choices, page
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


def variation(name, t1, t2, **changes):
    return cell({"t1": t1, "t2": t2}, **{"variation": name, "n_finetune": 20, **changes})


def test_every_choice_has_what_the_page_needs():
    choices = open_choices.choices()
    assert len({choice.id for choice in choices}) == len({choice.title for choice in choices}) == len(choices) >= 20
    for choice in choices:
        assert all((choice.title, choice.paper, choice.ours, choice.reference))
        assert "|" not in choice.title + choice.paper + choice.ours + choice.reference


def test_values_are_the_library_s_defaults():
    text = plain(page.render_choices(None))
    assert f"power {Masks().power:g} of the radius (" in text
    assert f"{Masks().calibration} x {Masks().calibration} on a 256 grid" in text
    assert f"| {open_choices.short(Training().learning_rate)}, constant |" in text
    assert line(text, "Batch of fine-tuning").split(" | ")[2].startswith(f"{FineTuning().batch} (")
    assert open_choices.short(1e-4) == "1e-4"
    assert open_choices.short(3e-4) == "3e-4"
    assert open_choices.short(1e-10) == "1e-10"
    assert open_choices.short(2.5e-4) == "2.5e-4"


def test_a_default_that_changes_changes_the_page(monkeypatch):
    shape = Architecture(kernel=5, residual=True, initial_weights="he_normal", phase="kept", output="relu")
    monkeypatch.setattr(open_choices, "Training", lambda: Training(start="before", absolute=0.5))
    monkeypatch.setattr(open_choices, "Architecture", lambda: shape)
    monkeypatch.setattr(open_choices, "Masks", lambda: Masks(corners=False, dither=False))
    monkeypatch.setattr(open_choices, "FineTuning", lambda: FineTuning(loss_on="after_dc"))
    monkeypatch.setattr(open_choices, "CompressedSensing", lambda: CompressedSensing(wavelet="db4"))
    for name, value in (("ssim", "uniform"), ("scale", "zero_filled"), ("seed", 7)):
        monkeypatch.setattr(Profile, name, value)
    text = plain(page.render_choices(None))
    for title, ours in (
        ("Kernel", "5 x 5 ("), ("Output of a sub-network", "a correction"), ("Initial weights", "He-normal kernels"),
        ("From one channel to two (eq. 9)", "the output takes the phase"), ("Corners of k-space", "left out; R"),
        ("Distances on the grid", "not rounded"), ("What the loss judges", "after data"), ("Wavelets", "of 8 taps"),
        ("SSIM", "equal weights, a sample covariance"), ("Scale of an image", "by the zero-filled"),
        ("All that is drawn", "drawn once, by seed 7"), ("Output layer", "ReLU"),
        ("Where a sub-network starts", "from those of the one before"),
        ("Terms of the loss", "both means over pixels and batch, of weights 1 and 0.5"),
    ):  # fmt: skip
        assert line(text, title).split(" | ")[2].startswith(ours), title


def test_the_batch_s_updates_stand_beside_it():
    text = plain(page.render_choices(made(BASE, profile={"name": "desk", "fine_tuning": {"epochs": 15}})))
    text = line(text, "Batch of fine-tuning")
    assert "*5, as many epochs: 60 updates*" in text
    assert "*all images at once, as many epochs: 15 updates*" in text


def test_a_profile_s_own_values_are_named():
    profile = {"name": "desk", "training": {"crop": 32, "learning_rate": 1e-3, "batch": 50, "schedule": "cosine"}}
    text = plain(page.render_choices(made(BASE, profile=profile)))
    assert "whole images; profile `desk`: crops of 32 x 32 (" in line(text, "What sequential training sees")
    assert "the paper's; profile `desk`: 1e-3, schedule cosine (" in line(text, "Rate of training")
    assert "profile" not in line(text, "Batch of fine-tuning")


def test_what_was_not_run_says_so():
    for results in (None, made(BASE)):
        text = plain(page.render_choices(results))
        assert "*5*: not run yet<br>*all images at once*: not run yet" in line(text, "Batch of fine-tuning")
        assert line(text, "Initial weights").split(" | ")[3].startswith("*He-normal*: not run yet")
        assert not re.search(r"[+−]\d", text)  # noqa: RUF001
        assert "not run yet" in plain(page.render_crops(results))
        assert "not run yet" in plain(controls.render_equal_updates(results))
        assert "not run yet" in plain(controls.render_symmetry(results))
        assert "not run yet" in plain(controls.render_rates(results))
    assert "No variation has been run yet" in plain(page.render_effects(None))


def test_effects_stand_beside_their_choice():
    rows = variation("finetune-batch-5", 34.5, 36.25) + variation("masks-power-1", 34.0, 35.0)
    rows += cell({"t1": 24.0}, **{**untrained("zero_filled"), "variation": "masks-power-1"})
    results = made(BASE, rows)
    text = plain(page.render_choices(results))
    assert "| *5*: T1 −0.50, T2 +0.25<br>*all images at once*: not run yet |" in line(text, "Batch of fine-tuning")  # noqa: RUF001
    full = plain(page.render_effects(results))
    network = "4000 natural images, tuned with 20"
    assert f"| Batch of fine-tuning: *5* | {network} | −0.50 (−0.50 to −0.50) | +0.25 (+0.25 to +0.25) |" in full  # noqa: RUF001
    assert "| | zero-filled | −2.00 (−2.00 to −2.00) | |" in full  # noqa: RUF001


def test_an_effect_on_ssim_names_it():
    rows = [{**row, "ssim": row["ssim"] - 0.012} for row in variation("ssim-uniform", 35.0, 36.0)]
    results = made(BASE, rows)
    assert line(plain(page.render_choices(results)), "SSIM").endswith("covariance*: SSIM T1 −0.012, T2 −0.012 |")  # noqa: RUF001
    assert "| SSIM −0.012 (−0.012 to −0.012) |" in plain(page.render_effects(results))  # noqa: RUF001


def test_every_label_of_the_page_is_one_that_a_profile_can_run():
    names = {name for choice in open_choices.choices() for name in choice.variations or {}}
    assert names == {
        "masks-power-1", "masks-power-3", "masks-calibration-16", "masks-calibration-32", "loss-after-dc",
        "paper-rate", "paper-finetune-rate", "finetune-batch-5", "finetune-batch-all", "scale-zero-filled",
        "other-masks", "finetune-epsilon-1e-7", "masks-no-dither", "masks-no-corners", "kernel-5", "residual",
        "he-weights", "other-seed", "finetune-no-penalty", "paper-finetuning", "ssim-uniform", "wavelet-db4",
        "phase-kept", "relu-output", "squares-alone", "start-before",
    }  # fmt: skip
    assert names <= set(load_profile("desk").variations)


def test_crops_are_compared_with_whole_images():
    rows = [
        *variation("one-subnetwork-whole-images", 30.2, 31.0, n_finetune=0),
        *variation("one-subnetwork", 30.0, 31.1, n_finetune=0),
        *variation("one-subnetwork-equal-time", 31.2, 32.0, n_finetune=0),
    ]
    results = made(BASE, rows)
    key = RunKey(training_domain="natural", n_train=500, variation="one-subnetwork")
    smoke = load_profile("smoke")
    spec = replace(plan(smoke, dict.fromkeys(smoke.domains, ""))[0].spec, updates=200)
    results.records["a"] = RunRecord("a", "evaluate", key, {}, seconds=9.0)
    results.records["b"] = RunRecord("b", "train", key, spec.to_json(), seconds=156.0)
    text = plain(page.render_crops(results))
    assert line(text, "crops, as many updates").startswith("| crops, as many updates | 200 | 3 | 29.63 |")
    assert "−0.20 (−0.20 to −0.20)" in line(text, "crops, as many updates")  # noqa: RUF001
    assert "+1.00 (+1.00 to +1.00)" in line(text, "crops, as much time")
    assert line(text, "whole images").endswith("| |")


def test_the_updates_share_of_the_gain():
    rows = variation("equal-updates", 32.0, 33.0, n_finetune=0, n_train=500)
    table = controls.equal_updates(made(BASE, rows))
    assert table["share"].to_list() == pytest.approx([2 / 3, 2 / 3])
    assert (table["few"] == 500).all()
    assert (table["many"] == 4000).all()
    text = plain(controls.render_equal_updates(made(BASE, rows)))
    assert text.splitlines()[2].endswith("| 67 % |")


def test_the_control_compares_the_same_draw():
    many = cell({"t1": 41.0}, n_finetune=20, draw=1)
    few = cell({"t1": 31.0}, n_finetune=20, n_train=500)
    rows = variation("equal-updates", {"t1": 34.0}["t1"], 35.0, n_train=500)
    table = controls.equal_updates(made([*BASE, *many, *few], rows)).set_index("test_domain")
    # 35 is draw 0 of the base; with draw 1 beside it the mean would be 38, and the share 3/7.
    assert table.loc["t1", "share"] == pytest.approx(3 / 4)


def test_the_control_in_short():
    rows = [
        *variation("equal-updates", 32.0, 33.5, n_finetune=0, n_train=500),
        *variation("equal-updates", 50.0, 50.0, n_finetune=20, n_train=500),  # tuned networks are not in it
    ]
    text = plain(controls.render_updates_in_short(made(BASE, rows)))
    assert text.split("Where")[0] == (
        "On T1 slices, 500 photographs instead of 4000 change PSNR by −3.00 (−3.00 to −3.00) dB; "  # noqa: RUF001
        "given as many updates, by −1.00 (−1.00 to −1.00) dB. "  # noqa: RUF001
        "On T2 slices, 500 photographs instead of 4000 change PSNR by −3.00 (−3.00 to −3.00) dB; "  # noqa: RUF001
        "given as many updates, by −0.50 (−0.50 to −0.50) dB. "  # noqa: RUF001
    )
    text = plain(controls.render_updates_in_short(made(BASE, rows[-1:])))
    assert "as trained: not run yet" in text
    assert "not run yet" in plain(controls.render_updates_in_short(made(BASE)))


def test_a_cell_of_the_control_that_was_not_run_stays_empty():
    rows = variation("equal-updates", 32.0, 33.0, n_finetune=50, n_train=500)
    text = plain(controls.render_equal_updates(made(BASE, rows)))
    assert re.fullmatch(r"\| T1 \| 50 \| \| \d\d\.\d\d \| \| \| \|", text.splitlines()[2])
    same = [*cell({"t1": 30.0}, n_finetune=0), *cell({"t1": 30.0}, n_finetune=0, n_train=500)]
    flat = controls.equal_updates(made(same, variation("equal-updates", 32.0, 33.0, n_finetune=0, n_train=500)))
    assert flat["share"].isna().all()


def test_conjugate_symmetry_beside_every_method():
    rows = [
        *BASE,
        *cell({"t1": 29.0, "t2": 30.5}, **untrained("conjugate_symmetry")),
        *cell({"t1": 31.0}, **untrained("cs:real")),
    ]
    text = plain(controls.render_symmetry(made(rows)))
    assert "| +3.00 (+3.00 to +3.00) |" in line(text, "conjugate symmetry")
    assert "+3.50" in line(text, "conjugate symmetry")
    assert line(text, "CS (real)").endswith("| | |")
    assert "+9.00" in line(text, "network trained on photographs, tuned with 20")
    assert "+7.00" in line(text, "network trained on photographs, as trained")


def test_the_best_rate_is_marked_and_the_subjects_are_counted():
    trained = {"subjects": ("sub-01", "sub-02"), "n_finetune": 0}
    rows = [
        *variation("rate-3e-4", 33.0, 34.0, **trained),
        *variation("rate-1e-3", 34.0, 33.5, **trained),
        *variation("finetune-rate-1e-4", 35.0, 35.0, subjects=("sub-01",)),
    ]
    lines = plain(controls.render_rates(made(BASE, rows))).splitlines()
    assert [row_text.split(" | ")[1] for row_text in lines[2:]] == ["3e-4", "1e-3", "1e-4"]
    assert [row_text.split(" | ")[4] for row_text in lines[3:]] == [
        "natural images, 4000, as trained",
        "natural images, 4000, tuned with 20",
    ]
    assert lines[2].split(" | ")[3].startswith("**")
    assert not lines[2].split(" | ")[2].startswith("**")
    assert lines[3].split(" | ")[2].startswith("**")
    assert lines[2].endswith("| 2 training subjects |")


def test_a_rate_that_was_not_tried_in_a_contrast_says_so():
    rows = cell({"t2": 34.0}, variation="rate-1e-3", n_finetune=0)
    (*_, last) = plain(controls.render_rates(made(BASE, rows))).splitlines()
    assert last.startswith("| training | 1e-3 | not run | **3")


def test_chance_is_that_of_another_seed_and_of_another_draw():
    nothing = plain(controls.render_chance(made(BASE)))
    assert "was not run yet" in nothing
    drawn = cell({"t1": 35.2}, n_finetune=20, draw=1)  # beside 35.0: a deviation of 0.14
    seed = cell({"t1": 29.9, "t2": 31.2}, n_finetune=0, n_train=500, variation="other-seed")
    text = plain(controls.render_chance(made([*BASE, *drawn], seed)))
    assert "another seed changed PSNR by \u22120.10 dB (T1) and +0.20 dB (T2), measured on 500 natural images" in text
    assert "means of T1 slices after tuning with another draw of 20 images vary by 0.14 dB" in text
    assert "T2 slices" not in text


def test_the_committed_profile_is_read_from_its_provenance():
    profile = load_profile("desk")
    own = {"name": "desk", "training": profile.training.as_dict(), "fine_tuning": profile.fine_tuning.as_dict()}
    text = plain(page.render_choices(made(BASE, profile=own)))
    assert f"crops of {profile.training.crop} x {profile.training.crop}" in text
