"""Open choices: read from the library's defaults and the profile, each with an id, and a label that a profile runs."""

from fabricated import cell, line, made, plain, untrained

from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.profile import CompressedSensing, Masks, Profile, load_profile
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper.differences import open_choices, page

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


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
        ("Seed of all random choices", "one seed for all, 7"), ("Output layer", "ReLU"),
        ("Where a sub-network starts", "from those of the one before"),
        ("Terms of the loss", "both means over pixels and batch, of weights 1 and 0.5"),
    ):  # fmt: skip
        assert line(text, title).split(" | ")[2].startswith(ours), title


def test_a_profile_s_own_values_are_named():
    profile = {"name": "desk", "training": {"crop": 32, "learning_rate": 1e-3, "batch": 50, "schedule": "cosine"}}
    text = plain(page.render_choices(made(BASE, profile=profile)))
    assert "whole images; profile `desk`: crops of 32 x 32 (" in line(text, "What sequential training sees")
    assert "the paper's; profile `desk`: 1e-3, schedule cosine (" in line(text, "Rate of training")
    assert "profile" not in line(text, "Batch of fine-tuning")


def test_the_batch_s_updates_stand_beside_it():
    text = plain(page.render_choices(made(BASE, profile={"name": "desk", "fine_tuning": {"epochs": 15}})))
    text = line(text, "Batch of fine-tuning")
    assert "*5, as many epochs: 60 updates*" in text
    assert "*all images at once, as many epochs: 15 updates*" in text


def test_every_label_of_the_page_is_one_that_a_profile_can_run():
    names = {name for choice in open_choices.choices() for name in choice.variations or {}}
    assert names == {
        "masks-power-1", "masks-power-3", "masks-calibration-16", "masks-calibration-32", "loss-after-dc",
        "paper-rate", "paper-finetune-rate", "finetune-batch-5", "finetune-batch-all", "scale-zero-filled",
        "other-masks", "finetune-epsilon-1e-7", "masks-no-dither", "masks-no-corners", "kernel-5", "residual",
        "he-weights", "other-seed", "finetune-no-penalty", "paper-finetuning", "ssim-uniform", "wavelet-db4",
        "phase-kept", "relu-output", "squares-alone", "start-before",
            "bfloat16", "bfloat16-finetuning", "finetune-all-150",
    }  # fmt: skip
    assert names <= set(load_profile("desk").variations)


def test_the_committed_profile_is_read_from_its_provenance():
    profile = load_profile("desk")
    own = {"name": "desk", "training": profile.training.as_dict(), "fine_tuning": profile.fine_tuning.as_dict()}
    text = plain(page.render_choices(made(BASE, profile=own)))
    assert f"crops of {profile.training.crop} x {profile.training.crop}" in text
