"""The live explorer reconstructs what is chosen, by its definition."""

import gc
import re
from dataclasses import replace

import numpy as np
import pytest
from fabricated import SUBJECTS, make_runs
from laws import direct_fft2c, direct_ifft2c

from recon_lib.core.errors import ReconError
from recon_lib.explorer.live import material
from recon_lib.explorer.live import reconstruct as live
from recon_lib.imaging.metrics import psnr
from recon_lib.network import precision
from recon_lib.network.cascade import Cascade
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.paper import panel_view
from recon_lib.results import merge
from recon_lib.results.panels import PanelKey
from recon_lib.results.released import PrecisionCost, read_cards

PLACE = (SUBJECTS[0], 41)


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


def test_the_smoke_profile_needs_no_results_and_takes_them_where_they_are(explorer, folders, monkeypatch):
    monkeypatch.setattr(material, "from_runs", lambda name: replace(explorer.material, profile=f"runs of {name}"))
    assert live.open_explorer("smoke").material.profile == "runs of smoke"  # beside results of another profile
    assert live.open_explorer("desk").material.profile == "desk"
    merge.collect(make_runs(folders / "smoke-runs"), folders / "results" / "smoke", {"profile": {}})
    assert live.open_explorer("smoke").material.profile == "smoke"


def test_an_unknown_profile_is_refused(shown):
    with pytest.raises(ReconError, match="desk"):
        live.open_explorer("dusk")
    assert live.open_explorer().material.profile == "desk"


def test_each_network_computes_in_what_its_card_allows(shown, explorer, monkeypatch):
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    choices = {name: live.Choice("t1", PLACE, f"network-{name}") for name in ("natural", "t1")}
    plain = {name: explorer.reconstruct(choice).image for name, choice in choices.items()}
    cards = {card.name: card for card in read_cards(shown)}
    cost = {"t1": PrecisionCost(0.001, 0.01, 4)}
    merge.replace_card(shown.folder, replace(cards["t1-4000"], bfloat16_cost=cost))
    opened = live.open_explorer("desk")
    assert np.array_equal(opened.reconstruct(choices["natural"]).image, plain["natural"])
    rounded = opened.reconstruct(choices["t1"]).image
    assert opened._network.precision == "mixed_bfloat16"
    assert not np.array_equal(rounded, plain["t1"])
    np.testing.assert_allclose(rounded, plain["t1"], atol=0.02)
    assert np.array_equal(opened.reconstruct(choices["natural"]).image, plain["natural"])
