"""The quick start: which slices it takes, what it says of them, and that its numbers are the metrics'."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml
from fabricated import make_runs
from laws import ROOT

from recon_lib import quickstart
from recon_lib.core.errors import ReconError
from recon_lib.data import generated
from recon_lib.data.manifest import load_manifest
from recon_lib.experiment.design import UNSEEN
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS
from recon_lib.experiment.recipes import Architecture, TuningRecipe
from recon_lib.imaging.masks import MaskSpec
from recon_lib.imaging.metrics import psnr, ssim
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.files import save_network
from recon_lib.paper import panel_view
from recon_lib.results import merge
from recon_lib.results.keys import RunKey
from recon_lib.results.released import NetworkCard, PrecisionCost


@pytest.fixture
def four_slices():
    return quickstart.load_slices("generated", 4, 3)[0]


def test_slices_are_evenly_spread_over_one_subject_each():
    test, tuning = quickstart.load_slices("generated", 3, 2)
    every = generated.generate("t1_bold5000", "test")
    own = [n for n, s in enumerate(every.subjects) if s == every.subjects[0]]
    assert len(own) == 6
    assert np.array_equal(test.images, every.images[[1, 3, 5]])
    assert test.slices == tuple(every.slices[n] for n in (1, 3, 5))
    assert len(set(test.subjects)) == len(set(tuning.subjects)) == 1
    assert test.subjects[0] != tuning.subjects[0]
    assert np.array_equal(test.scales, every.scales[[1, 3, 5]])


@pytest.mark.parametrize("count", [0, -1, 7])
def test_a_number_that_a_subject_does_not_have_is_refused(count):
    with pytest.raises(ReconError, match=f"{count} slices of generated-07.* it has 6"):
        quickstart.load_slices("generated", count, 2)


def test_the_real_subjects_are_strangers_to_every_training():
    """By the manifest: the scanner's collection trains nothing, and test and tuning subjects differ."""
    manifest = load_manifest()
    source = manifest.source(UNSEEN, "open")
    assert set(source.splits) == {"pool", "test"}
    assert not set(source.splits["pool"]) & set(source.splits["test"])
    titles = {name: manifest.source(name, "open").collection.title for name in ("natural", "t1", "t2")}
    assert source.collection.title not in titles.values()
    for path in (ROOT / "notebooks/params").glob("*.yaml"):
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert UNSEEN not in profile.get("training", {}).get("domains", [])


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        (RunKey(training_domain="natural"), ["natural images"]),
        (RunKey(training_domain="t2", test_domain="t1"), ["T1", "T2"]),
    ],
)
def test_it_says_which_images_a_network_has_seen(key, seen):
    table = quickstart.provenance(NetworkCard(key), *quickstart.load_slices("generated", 1, 1))
    assert list(table["images"]) == ["natural images", "T1", "T2", "T1 (BOLD5000)"]
    assert list(table["images"][table["role"] == "trained this network"]) == seen
    assert "tested on generated-07, tuned on generated-05" in table["role"].iloc[-1]


def test_measured_numbers_are_the_metrics(four_slices, rng):
    noisy = four_slices.images + 0.1 * rng.standard_normal(four_slices.images.shape)
    measured = quickstart.measure(four_slices.images, {"a": noisy, "b": 0.5 * four_slices.images})
    assert list(measured["image"]) == ["a"] * 4 + ["b"] * 4
    row = measured[(measured["image"] == "a") & (measured["place"] == 2)].iloc[0]
    peak = four_slices.images[2].max()
    assert row["psnr"] == psnr(four_slices.images[2], noisy[2], data_range=peak)
    assert row["ssim"] == ssim(four_slices.images[2], noisy[2], data_range=peak)


def test_the_gain_is_the_mean_over_slices():
    rows = [(0, "before", 30.0), (1, "before", 32.0), (0, "after", 33.0), (1, "after", 31.5), (0, "zero-filled", 20.0)]
    said = quickstart.gain(pd.DataFrame(rows, columns=["place", "image", "psnr"]))
    assert said == "Before 31.00 dB, after 32.25 dB: +1.25 dB, mean of 2 slices (-0.50 to +3.00 dB, better on 1)."


def test_progress_says_what_is_left(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(quickstart.time, "monotonic", lambda: now[0])
    report = quickstart.reporter("epoch")
    now[0] += 8
    report(2, 6, {"psnr": 31.5, "loss": 0.1})
    assert capsys.readouterr().out == "epoch: 2 of 6, PSNR 31.50 dB, 16 s left\n"


def test_the_comparison_shows_images_and_errors_of_one_slice(four_slices):
    before, after = 0.9 * four_slices.images, 0.95 * four_slices.images
    masks = np.random.default_rng(0).random(four_slices.images.shape) < 0.25
    drawn = quickstart.comparison_figure(four_slices, masks, {"before": before, "after": after}, 1).axes
    turned = [panel_view.orient(stack[1], True) for stack in (four_slices.images, before, after)]
    box = panel_view.head_box(turned[0])
    for axes, image in zip(drawn[:3], turned, strict=True):
        assert np.array_equal(axes.images[0].get_array(), image[box])
    assert np.array_equal(drawn[3].images[0].get_array(), panel_view.orient(masks[1], True))
    for axes, image in zip(drawn[4:6], turned[1:], strict=True):
        assert np.allclose(axes.images[0].get_array(), np.abs(image - turned[0])[box])
    limits = {tuple(axes.images[0].get_clim()) for axes in drawn[4:6]}
    assert len(limits) == 1
    peak = four_slices.images[1].max()
    assert f"{psnr(four_slices.images[1], after[1], data_range=peak):.2f} dB" in drawn[2].get_title()


def test_a_slice_that_is_not_there_is_refused(four_slices):
    with pytest.raises(ReconError, match="no slice 4"):
        quickstart.comparison_figure(four_slices, four_slices.images > 1, {"before": four_slices.images}, 4)


def test_every_slice_and_image_is_plotted(four_slices):
    measured = quickstart.measure(
        four_slices.images, {"before": 0.9 * four_slices.images, "after": 0.95 * four_slices.images}
    )
    lines = quickstart.slices_figure(measured, four_slices).axes[0].lines
    assert [line.get_label() for line in lines] == ["before", "after"]
    assert list(lines[1].get_xdata()) == list(four_slices.slices)
    assert list(lines[1].get_ydata()) == list(measured["psnr"][4:])


def test_the_two_scanners_stand_side_by_side(folders, four_slices):
    alone = quickstart.scanners_figure(four_slices)
    assert len(alone.axes) == 1
    merge.collect(make_runs(folders / "runs"), folders / "results" / "desk", {})
    both = quickstart.scanners_figure(four_slices).axes
    assert len(both) == 2
    assert "the book's T1, 48 x 30" in both[0].get_title()
    assert np.array_equal(both[1].images[0].get_array(), panel_view.orient(four_slices.images[2], True))


def test_a_released_network_is_opened_by_name(folders):
    out = folders / "results" / "desk" / "weights"
    out.mkdir(parents=True)
    network = build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=2), 3))
    name = NETWORKS[DEFAULT]
    save_network(out / f"{name}.safetensors", network, NetworkCard(RunKey(training_domain="natural")))
    merge.collect(make_runs(folders / "runs"), out.parent, {})
    found, card, precision = quickstart.starting_network("default")
    assert card.key.training_domain == "natural"
    assert (precision.name, found.precision) == ("float32", "float32")  # what bfloat16 costs it was not measured
    assert all(np.array_equal(a, b) for a, b in zip(found.get_weights(), network.get_weights(), strict=True))
    assert quickstart.starting_network(name)[1] == card
    with pytest.raises(ReconError, match=rf"{name[:-1]}'.*{name}'"):
        quickstart.starting_network(name[:-1])


def test_without_results_a_name_is_refused():
    with pytest.raises(ReconError, match="released network 'natural-4000'"):
        quickstart.starting_network("natural-4000")


def test_the_real_run_names_parameters_of_the_notebook_and_a_network_that_is_there():
    given = dict(
        part.split()
        for part in (ROOT / "Makefile")
        .read_text(encoding="utf-8")
        .split("QUICKSTART := ")[1]
        .splitlines()[0]
        .split("-p ")[1:]
    )
    cells = json.loads((ROOT / "notebooks/quickstart.ipynb").read_text(encoding="utf-8"))["cells"]
    (defaults,) = ("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", []))
    assert all(f"{name} = " in defaults for name in given)
    assert given["source"] == "open"
    assert given["network"] == "default"
    assert list((ROOT / "book/results").glob(f"*/weights/{NETWORKS[DEFAULT]}.safetensors"))
    # An update of one 256 x 176 slice takes about 0.7 s on two cores, and five minutes are promised for everything.
    assert int(given["n_finetune"]) * int(given["epochs"]) * 0.7 < 150


def test_the_tuned_networks_card_says_how_and_claims_nothing_of_the_one_before(four_slices):
    cost = PrecisionCost(0.0, 0.0, 3)
    start = NetworkCard(
        RunKey(training_domain="natural", n_train=8),
        file="natural-8.safetensors",
        sha256="0",
        n_images=8,
        float16_cost_db={"t1": 0.1},
        bfloat16_cost={"t1": cost},
    )
    recipe = TuningRecipe(precision="mixed_bfloat16")
    card = quickstart.tuned_card(start, four_slices, recipe, MaskSpec(acceleration=5.0), 3)
    assert card.parameters["recipe"]["precision"] == "mixed_bfloat16"
    assert (card.masks["acceleration"], card.parameters["seed"]) == (5.0, 3)
    assert (card.key.n_train, card.key.n_finetune, card.key.test_domain) == (8, len(four_slices), four_slices.domain)
    assert card.tuned_from == {"name": "natural-8", "sha256": "0"}
    assert (card.bfloat16_cost, card.float16_cost_db, card.n_images) == ({}, {}, 8)
