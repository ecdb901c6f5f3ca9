"""The live explorer: what it offers, what it computes, and that its controls change what is shown."""

import gc
import re

import numpy as np
import pytest
from fabricated import SUBJECTS, make_runs
from laws import direct_fft2c, direct_ifft2c

from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.explorer.live import panel
from recon_lib.explorer.live import reconstruct as live
from recon_lib.explorer.live.material import from_results
from recon_lib.imaging.metrics import psnr
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.files import load_network, save_network
from recon_lib.network.inference import reconstruct
from recon_lib.paper import panel_view
from recon_lib.results import merge, store
from recon_lib.results.panels import PanelKey
from recon_lib.results.released import NetworkCard

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=3)
PROFILE = {"acceleration": 4.0, "masks": {"power": 2.0, "calibration": 24}, "seed": 0}
PLACE = (SUBJECTS[0], 41)


@pytest.fixture
def shown(folders):
    """Fabricated results with four tiny networks: natural raw and tuned on T1, T1 raw, natural of fewer images."""
    out = folders / "results" / "desk"
    for seed, (name, card) in enumerate(
        {
            "natural-500": {"training_domain": "natural", "n_train": 500},
            "natural-4000": {"training_domain": "natural", "n_train": 4000},
            "natural-4000-t1-20": {
                "training_domain": "natural",
                "n_train": 4000,
                "test_domain": "t1",
                "n_finetune": 20,
            },
            "t1-4000": {"training_domain": "t1", "n_train": 4000},
        }.items()
    ):
        (out / "weights").mkdir(parents=True, exist_ok=True)
        save_network(out / "weights" / f"{name}.safetensors", build(Cascade(TINY, seed)), NetworkCard.from_json(card))
    merge.collect(make_runs(folders / "runs"), out, {"profile": PROFILE})
    return store.open_results("desk")


@pytest.fixture
def explorer(shown):
    return live.Explorer(from_results(shown))


def test_it_offers_what_the_results_hold(shown, explorer):
    material = explorer.material
    assert set(material.references) == {"t1", "t2"}
    assert list(material.references["t1"]) == [PLACE]
    assert np.array_equal(material.references["t1"][PLACE], shown.panels[PanelKey("t1", *PLACE, "reference")])
    assert material.methods()[0] == "zero_filled"
    assert material.methods()[-2:] == ["network-natural", "network-t1"]
    assert material.networks["natural", "", 0].name == "natural-4000.safetensors"
    assert material.counts("network-natural", "t1") == [0, 20]
    assert material.counts("network-natural", "t2") == [0]
    assert material.counts("network-t1", "t1") == [0]
    assert material.counts("zero_filled", "t1") == material.counts("cs:real", "t1") == []


def test_zero_filling_is_what_the_definition_gives(explorer):
    shown = explorer.reconstruct(live.Choice("t1", PLACE, "zero_filled"))
    expected = np.abs(direct_ifft2c(direct_fft2c(shown.reference.astype(float)) * shown.mask))
    assert np.abs(shown.image - expected).max() < 1e-5
    assert shown.psnr == pytest.approx(psnr(shown.reference, expected, data_range=shown.reference.max()), abs=1e-3)


def test_at_the_own_acceleration_the_mask_is_the_one_of_the_results(shown, explorer):
    kept = shown.panels[PanelKey("t1", *PLACE, "mask")]
    assert np.array_equal(explorer.reconstruct(live.Choice("t1", PLACE, "zero_filled")).mask, kept)
    other = explorer.reconstruct(live.Choice("t1", PLACE, "zero_filled", acceleration=2.0)).mask
    assert other.sum() == other.size / 2


@pytest.mark.parametrize(("count", "name"), [(0, "natural-4000"), (20, "natural-4000-t1-20")])
def test_a_network_gives_what_its_file_gives(shown, explorer, count, name):
    choice = live.Choice("t1", PLACE, "network-natural", 20 - count)
    explorer.reconstruct(choice)  # another network first, in whose place this one comes
    got = explorer.reconstruct(live.Choice("t1", PLACE, "network-natural", count))
    cascade, _ = load_network(shown.folder / "weights" / f"{name}.safetensors")
    expected = reconstruct(cascade, got.reference[None], got.mask[None])[0][0]
    assert np.allclose(got.image, expected, atol=1e-6)


def test_one_network_is_in_memory_at_a_time(explorer):
    explorer.reconstruct(live.Choice("t1", PLACE, "network-natural", 0))
    first = explorer._network
    for method, count in (("network-t1", 0), ("network-natural", 20)):
        explorer.reconstruct(live.Choice("t1", PLACE, method, count))
        assert explorer._network is first
    gc.collect()
    held = {id(thing) for thing in vars(explorer).values() if isinstance(thing, Cascade)}
    assert held == {id(first)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": ("sub-99", 1)}, "sub-99"),
        ({"contrast": "t3"}, "t3"),
        ({"n_finetune": 50}, r"50 images of t1.*\[0, 20\]"),
        ({"method": "network-moon"}, "network-moon"),
        ({"method": "cs:wishful"}, "wishful"),
        ({"acceleration": 0.5}, "0.5"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(explorer, changes, said):
    choice = live.Choice(**{"contrast": "t1", "place": PLACE, **changes})
    with pytest.raises(ReconError, match=said):
        explorer.reconstruct(choice)
    page = explorer.picture(choice)
    assert page.startswith("<p>")
    assert "<img" not in page


def test_the_picture_is_described_with_its_numbers(explorer):
    choice = live.Choice("t1", PLACE, "network-natural", 20, 6.0)
    alt = re.search(r'alt="([^"]*)"', explorer.picture(choice)).group(1)
    for part in ("T1", "sub-11, slice 41", "trained on natural images", "tuned with 20", "acceleration 6"):
        assert part in alt
    assert f"{explorer.reconstruct(choice).psnr:.2f} dB" in alt


def test_a_figure_shows_the_slice_as_the_book_does(explorer):
    choice = live.Choice("t1", PLACE, "zero_filled")
    shown = explorer.reconstruct(choice)
    drawn = explorer.figure(choice).axes
    reference = panel_view.orient(shown.reference)
    box = panel_view.head_box(reference)
    assert np.array_equal(drawn[0].images[0].get_array(), reference[box])
    error = np.abs(panel_view.orient(shown.image) - reference)[box]
    assert np.allclose(drawn[3].images[0].get_array(), error)
    assert np.array_equal(drawn[2].images[0].get_array(), panel_view.orient(shown.mask))


def test_every_control_changes_the_picture(explorer):
    box = panel.controls(explorer)
    (contrast, place, method, tuned, factor), picture = box.children[0].children, box.children[1]
    assert (contrast.value, place.value, method.value, tuned.value, factor.value) == (
        "t1", PLACE, "network-natural", 20, 4.0,
    )  # fmt: skip
    seen = {picture.value}
    for control, value in (
        (factor, 6.0),
        (tuned, 0),
        (method, "zero_filled"),
        (method, "network-t1"),
        (contrast, "t2"),
    ):
        control.value = value
        assert picture.value not in seen
        assert "<img" in picture.value
        seen.add(picture.value)


def test_what_has_no_network_is_not_offered_and_a_choice_is_kept(explorer):
    box = panel.controls(explorer)
    contrast, _, method, tuned, _ = box.children[0].children
    method.value = "zero_filled"
    assert tuned.disabled
    assert tuned.options == ()
    method.value = "network-natural"
    assert not tuned.disabled
    assert tuned.value == 20
    contrast.value = "t2"
    assert [value for _, value in tuned.options] == [0]
    assert tuned.value == 0
    assert "as trained" in box.children[1].value


@pytest.mark.slow
def test_without_results_it_trains_the_smoke_profile():
    opened = live.open_explorer()
    assert opened.material.profile == "smoke"
    assert opened.material.counts("network-natural", "t2") == [0, 4]
    first = opened.first()
    assert first.n_finetune == 4
    start = opened.reconstruct(live.Choice("t1", first.place, "zero_filled"))
    assert opened.reconstruct(first).psnr > 0
    assert start.mask.sum() == round(start.mask.size / 4)


def test_an_unknown_profile_is_refused(shown):
    with pytest.raises(ReconError, match="desk"):
        live.open_explorer("dusk")
    assert live.open_explorer().material.profile == "desk"


def test_results_without_pictures_are_refused(folders):
    runs = [run for run in make_runs(folders / "runs") if run.name.startswith("history")]
    merge.collect(runs, folders / "results" / "desk", {})
    with pytest.raises(ReconError, match="no pictures"):
        live.open_explorer("desk")
