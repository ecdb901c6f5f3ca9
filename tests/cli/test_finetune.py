"""Tuning on a user's scans: subjects kept apart, in the time there is."""

import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from scan_files import head, save_nifti

from recon_lib.cli import finetune, options
from recon_lib.data import networks
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS, RECIPES
from recon_lib.network.files import load_network
from recon_lib.scans import duration
from recon_lib.scans.references import Slices

TUNE = ("--epochs", "2", "--learning-rate", "0.003", "--images", "4")


@pytest.fixture
def folder(tmp_path):
    for k, name in enumerate(("pat1/T1.nii", "pat1/T1_second.nii", "pat2/T1.nii")):
        save_nifti(tmp_path / "in" / name, head(seed=k))
    return tmp_path / "in"


def test_the_subject_is_the_folder_so_two_visits_of_a_person_stay_together(folder, tmp_path, run):
    status, out, _ = run("finetune", folder, *TUNE, "--output", tmp_path / "n.safetensors")
    assert status == 0
    assert "tuning with 4 of 10 slices; 5 slices of 1 subject(s) are held out" in out
    assert "flatters" not in out


def test_one_subject_is_refused_unless_that_is_allowed(folder, tmp_path, run):
    words = ("finetune", folder / "pat1", *TUNE, "--subject-from", "T1", "--output", tmp_path / "n.safetensors")
    status, _, errors = run(*words)
    assert status == 2
    assert "T1 would tune the network and test it" in errors[0]
    status, out, _ = run(*words, "--allow-same-subject")
    assert status == 0
    assert "flatters" in out


def test_equal_pixels_under_another_name_are_refused(folder, tmp_path, run):
    other = save_nifti(tmp_path / "test" / "sub-9.nii", head(seed=1)).parent
    words = ("finetune", folder, *TUNE, "--test", other, "--output", tmp_path / "n.safetensors")
    for allowed in ([], ["--allow-same-subject"]):
        status, _, errors = run(*words, *allowed)
        assert status == 2
        assert "are one image, to tune with and to test on" in errors[0]


def test_a_file_of_several_slices_can_tune(folder, tmp_path, run):
    out = tmp_path / "n.safetensors"
    status, printed, _ = run("finetune", folder / "pat1/T1.nii", *TUNE, "--allow-same-subject", "--output", out)
    assert status == 0
    assert "tuning with 4 of 4 slices; 1 slices" in printed
    assert (
        "There is no file or folder"
        in run("finetune", tmp_path / "gone.nii", "--output", tmp_path / "m.safetensors")[2][0]
    )


def test_the_time_is_said_beforehand_and_bounds_the_passes(folder, tmp_path, run, monkeypatch):
    monkeypatch.setattr(duration, "measure_update", lambda *_: 1.5)
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, "--images", "4", "--output", out, "--overwrite")
    status, printed, _ = run(*words, "--minutes", "0.31")  # 18.6 s: three passes of 6 s
    assert status == 0
    assert "an update takes 1.5 s here: 3 epochs of 4 updates, 0.3 minutes" in printed
    assert len(load_network(out)[1].history) == 3
    status, printed, _ = run(*words, *TUNE, "--minutes", "0.01")
    assert "2 epochs of 4 updates, 0.2 minutes" in printed  # the user's own number stands
    assert len(load_network(out)[1].history) == 2
    for minutes in ("0", "-1", "nan"):
        status, _, errors = run(*words, "--minutes", minutes)
        assert (status, len(errors)) == (2, 1)
        assert "leaves no time" in errors[0]


def test_a_tuning_that_was_stopped_goes_on_with_its_passes(folder, tmp_path, run, monkeypatch):
    """A slower machine would bound them otherwise, and the checkpoint would not fit."""
    from recon_lib.scans import finetune as tuning

    monkeypatch.setattr(duration, "measure_update", lambda *_: 1.5)
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, "--images", "4", "--output", out, "--minutes")
    whole = tuning.fine_tune

    def stopped(*positions, progress, **options):
        def stop(done, total, row):
            if done == 2:
                raise KeyboardInterrupt

        return whole(*positions, progress=stop, **options)

    monkeypatch.setattr(tuning, "fine_tune", stopped)
    assert run(*words, "0.31")[0] == 130
    monkeypatch.setattr(tuning, "fine_tune", whole)
    monkeypatch.setattr(duration, "measure_update", lambda *_: 99.0)
    assert run(*words, "0.31")[0] == 0
    assert len(load_network(out)[1].history) == 3


def test_the_default_time_is_in_the_help(capsys, run):
    with pytest.raises(SystemExit):
        run("finetune", "--help", weights=None)
    text = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert f"one at least (default: {finetune.MINUTES:g})" in text


def test_a_recipe_and_ingredients_are_named_and_stand_on_the_card(folder, tmp_path, run):
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, *TUNE, "--recipe", "few-images", "--add", "shift=3", "--accept-worse", "--output", out)
    status, printed, _ = run(*words)
    assert status == 0
    assert "images are mirrored along both axes of a slice, whatever their orientation is" in printed
    recipe = load_network(out)[1].parameters["recipe"]
    assert recipe["augmentation"] == {"intensity": 0.3, "mirrors": True, "shift": 3}
    assert "recipe few-images: " in printed


@pytest.mark.parametrize("recipe", [None, *RECIPES])
def test_who_names_no_network_gets_the_one_that_the_recipe_starts_from(recipe, folder, tmp_path, run, monkeypatch):
    asked = []

    def stop(name):
        asked.append(name)
        raise KeyboardInterrupt

    monkeypatch.setattr(networks, "obtain_network", stop)
    words = () if recipe is None else ("--recipe", recipe)
    assert run("finetune", folder, *words, "--output", tmp_path / "n.safetensors", weights=None)[0] == 130
    assert asked == [NETWORKS[recipe or DEFAULT]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--recipe", "few"), "Unknown recipe 'few'"),
        (("--add", "rotations"), "Unknown ingredient 'rotations'"),
        (("--add", "average=3"), "average is a part of all updates"),
        (("--curve", "c.pdf"), "c.pdf is no name for a report"),
    ],
)
def test_an_unknown_recipe_or_an_impossible_ingredient_is_refused_before_reading(words, message, tmp_path, run):
    status, _, errors = run("finetune", tmp_path / "gone", *words, "--output", tmp_path / "n.safetensors")
    assert (status, len(errors)) == (2, 1)
    assert message in errors[0]


def notes(chosen, pool=("a", "b"), held=("c",), recipe="paper", add=()):
    """What is said before slices that show these subjects tune a network."""
    parts = [Slices(np.ones((len(p), 4, 4)), (Path("x"),) * len(p), p, (0,) * len(p)) for p in (pool, held, chosen)]
    return "\n".join(finetune._notes(Namespace(recipe=recipe, add=list(add)), *parts))


def test_one_image_and_images_of_one_subject_are_said():
    assert "note: all images show one subject, a: images of several people may gain more" in notes(("a", "a"))
    assert "note: one image tunes the network" in notes(("a",))
    assert "all images show" not in notes(("a",))
    assert "one" not in notes(("a", "b")).replace(options.SIMULATION, "")


def test_mirrors_and_a_shared_subject_are_said():
    words = "images are mirrored along both axes of a slice, whatever their orientation is"
    assert words in notes(("a", "b"), add=["mirrors"])
    assert words in notes(("a", "b"), recipe="few-images")
    assert words not in notes(("a", "b"), recipe="few-images", add=["mirrors=false"])
    assert "flatters" in notes(("a", "b"), held=("b",))
    assert "flatters" not in notes(("a", "b"))


def test_a_tuning_that_makes_held_out_slices_worse_keeps_the_old_network(folder, tmp_path, run, monkeypatch):
    from recon_lib.scans import finetune as tuning

    quality = iter([31.0, 30.5] * 2)
    monkeypatch.setattr(tuning, "mean_psnr", lambda *_: {"zero_filled": 20.0, "network": next(quality)})
    out = tmp_path / "n.safetensors"
    words = ("finetune", folder, *TUNE, "--output", out)
    status, _, errors = run(*words)
    assert (status, len(errors)) == (2, 1)
    assert "worse, 31.00 dB before and 30.50 dB after: keep tiny" in errors[0]
    assert "Time cut" not in errors[0]
    assert not out.exists()
    epochs = []
    whole = tuning.fine_tune
    monkeypatch.setattr(
        tuning, "fine_tune", lambda *a, **k: whole(*a, **{**k, "progress": lambda done, *_: epochs.append(done)})
    )
    status, printed, _ = run(*words, "--accept-worse")
    assert status == 0
    assert "before 31.00 dB, after 30.50 dB" in printed
    assert out.exists()
    assert epochs == []  # nothing was tuned again


def test_a_worse_tuning_that_time_cut_says_so(folder, tmp_path, run, monkeypatch):
    from recon_lib.scans import finetune as tuning

    quality = iter([31.0, 30.5])
    monkeypatch.setattr(tuning, "mean_psnr", lambda *_: {"zero_filled": 20.0, "network": next(quality)})
    monkeypatch.setattr(duration, "measure_update", lambda *_: 1.5)
    out = tmp_path / "n.safetensors"
    status, _, errors = run("finetune", folder, "--images", "4", "--minutes", "0.11", "--output", out)
    assert (status, len(errors)) == (2, 1)
    remedy = f"to give it more, remove {out}.checkpoint and raise --minutes."
    assert re.search(rf"Time cut its passes to 1 of \d+: {re.escape(remedy)}$", errors[0])


def test_the_curve_chooses_how_many_images_tune(folder, tmp_path, run, monkeypatch):
    from recon_lib.scans import curve

    def measure(network, pool, held, recipe_for, *, most, note, **_):
        assert recipe_for(2).epochs == 2
        steps = (curve.Step(0, 30.0), curve.Step(1, 31.0, gain, 0.1), curve.Step(2, 31.0, 0.0, 0.1))
        for step in steps[: most + 1]:
            note(step)
        rows = [{"images": n, "slice": 0, "method": "network", "psnr": 30.0} for n in (0, 1, 2)]
        return curve.Curve(steps, tuple(rows))

    monkeypatch.setattr(curve, "measure_curve", measure)
    out, page, gain = tmp_path / "n.safetensors", tmp_path / "c.html", 1.0
    words = ("finetune", folder, *TUNE, "--accept-worse", "--curve", page, "--output", out)
    status, printed, _ = run(*words)
    assert status == 0
    assert "1 images: held-out PSNR 31.00 dB, +1.00 dB with a noise of 0.10 dB" in printed
    assert "Up to 2 images nothing more was gained above noise: 1 image will do" in printed
    assert "tuning with 1 of 10 slices" in printed
    assert load_network(out)[1].key.n_finetune == 1
    assert page.exists()
    assert page.with_suffix(".png").exists()
    gain = 0.0
    status, _, errors = run(*words, "--overwrite")
    assert status == 2
    assert "No number of images gains more than noise: keep tiny" in errors[0]
