"""The quick start as a command: it leaves a picture, numbers and a tuned network, and replaces nothing unasked."""

import csv
import re

import pytest
from laws import ROOT

from recon_lib import quickstart as steps
from recon_lib.cli import main, quickstart
from recon_lib.experiment.named_recipes import NETWORKS, RECIPES, find_recipe
from recon_lib.network import precision
from recon_lib.network.files import load_network

SMALL = ["--source", "generated", "--weights", "", "--test", "2", "--images", "2", "--epochs", "1"]


def test_the_command_leaves_pictures_numbers_and_a_network(tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    words = ["quickstart", *SMALL, "--output", str(out)]
    assert main.main(words) == 0
    said = capsys.readouterr()
    assert re.search(r"Before \d+\.\d\d dB, after \d+\.\d\d dB", said.out)
    assert len(re.findall(r"^precision float32: ", said.err, re.MULTILINE)) == 1
    for name in ("quickstart.png", "slices.png"):
        assert (out / name).read_bytes().startswith(b"\x89PNG"), name
    rows = list(csv.DictReader((out / "slices.csv").read_text(encoding="utf-8").splitlines()))
    assert {(row["place"], row["image"]) for row in rows} == {
        (place, image) for place in "01" for image in ("zero-filled", "before", "after")
    }
    _, card = load_network(out / "network.safetensors")
    assert (card.kind, card.key.test_domain, card.key.n_finetune) == ("finetune", "t1_bold5000", 2)
    assert card.parameters["recipe"]["precision"] == "float32"

    written = (out / "slices.csv").stat().st_mtime_ns
    assert main.main(words) == 2
    assert re.search(r"error: .*quickstart\.png exists: .*--overwrite", capsys.readouterr().err)
    assert (out / "slices.csv").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--test", "0"], "0 slices"),
        (["--epochs", "0"], "epochs"),
        (["--precision", "half"], "precision 'half'"),
        (["--recipe", "few"], "Unknown recipe 'few'"),
    ],
)
def test_impossible_numbers_are_one_sentence_and_leave_nothing(words, message, tmp_path, capsys):
    assert main.main(["quickstart", *SMALL, "--output", str(tmp_path / "out"), *words]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_command_and_make_quickstart_start_alike():
    line = re.search(r"^QUICKSTART := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE).group(1)
    settings = dict(re.findall(r"-p (\w+) (\S+)", line))
    assert settings == {
        "source": quickstart.SOURCES[0],
        "network": quickstart.NETWORK,
        "n_test": str(quickstart.TEST),
        "n_finetune": str(quickstart.IMAGES),
        "epochs": str(quickstart.EPOCHS),
    }


def test_the_precision_that_is_asked_for_tunes_the_network(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    words = ["quickstart", *SMALL, "--output", str(tmp_path), "--precision", "bfloat16"]
    assert main.main(words) == 0
    assert "precision bfloat16: " in capsys.readouterr().err
    assert load_network(tmp_path / "network.safetensors")[1].parameters["recipe"]["precision"] == "mixed_bfloat16"


@pytest.mark.parametrize("recipe", RECIPES)
def test_either_recipe_changes_the_images_as_it_says_and_starts_from_its_network(recipe, tmp_path, monkeypatch):
    asked = []

    def stop(name, _precision):
        asked.append(name)
        raise KeyboardInterrupt

    words = ["quickstart", *SMALL, "--recipe", recipe, "--output", str(tmp_path)]
    assert main.main(words) == 0
    kept = load_network(tmp_path / "network.safetensors")[1].parameters["recipe"]
    assert kept.get("augmentation", {}) == find_recipe(recipe, None).augmentation.as_dict()
    monkeypatch.setattr(steps, "starting_network", stop)
    place = words.index("--weights")
    assert main.main([*words[:place], *words[place + 2 :], "--overwrite"]) == 130
    assert asked == [NETWORKS[recipe]]
