"""Figures 2 and 3: every panel in its place, one grey scale and one error scale, no image where none was run."""

import re

import numpy as np
import pytest
from fabricated import PSNR, make_runs
from matplotlib.figure import Figure

from recon_lib.paper import figures23, panel_view
from recon_lib.results import merge, store


@pytest.fixture
def results(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    return store.open_results("desk")


def titles(figure):
    flat = [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]
    return [re.sub(r" [0-9.]+ dB, SSIM.*", "", title).strip() for title in flat]


def image_of(figure, title):
    axes = next(a for a in figure.axes if a.get_title().replace("\n", " ").startswith(title))
    return np.asarray(axes.images[0].get_array()), axes.images[0].get_clim(), axes


@pytest.mark.parametrize(("domain", "own"), [("t1", "T1"), ("t2", "T2")])
def test_the_reconstruction_figure_has_every_panel_reference_first(results, domain, own):
    figure = figures23.reconstruction_figure(results, domain)
    assert isinstance(figure, Figure)
    labels = titles(figure)
    assert labels[0] == "reference"
    expected = {f"{n}, {s}" for n in ("natural images", "T1", "T2") for s in ("as trained", "tuned with 20")}
    assert expected | {"reference", "zero-filled"} <= set(labels)
    rendered = figures23.render_reconstructions(results, domain, "figure2")
    assert rendered.markdown.startswith(f"{own} test slice: sub-11, slice 41, at the ")
    assert "The networks as trained rank on this slice, best PSNR first: trained on" in rendered.markdown


def test_panels_share_a_grey_scale_and_errors_a_scale(results):
    figure = figures23.reconstruction_figure(results, "t1")
    greys = {a.images[0].get_clim() for a in figure.axes if a.images and a.images[0].get_cmap().name == "gray"}
    assert greys == {(0, 1)}
    errors = [a.images[0].get_clim() for a in figure.axes if a.images and a.images[0].get_cmap().name == "inferno"]
    assert len(errors) == 7
    assert len(set(errors)) == 1


def test_a_panel_is_the_data_and_the_map_below_it_its_error(results):
    figure = figures23.reconstruction_figure(results, "t1")
    panels = panel_view.slice_panels(results, "t1", ("sub-11", 41))
    reference = panel_view.orient(panels["reference"].astype(np.float32))
    box = panel_view.head_box(reference)
    tuned = panel_view.orient(panels["network-t2-4000-20"].astype(np.float32))
    drawn, _, axes = image_of(figure, "T2, tuned with 20")
    np.testing.assert_array_equal(drawn, tuned[box])
    below = figure.axes[[id(a) for a in figure.axes].index(id(axes)) + 4]
    np.testing.assert_allclose(np.asarray(below.images[0].get_array()), np.abs(tuned - reference)[box])
    inset = axes.child_axes[0].images[0].get_array()
    window = panel_view.zoom_window(reference, panel_view.orient(panels["zero_filled"].astype(np.float32)))
    np.testing.assert_array_equal(np.asarray(inset), tuned[window])


def test_a_network_that_was_not_run_leaves_its_place_empty(tmp_path):
    chosen = {key: value for key, value in PSNR.items() if key[1] != "t2"}
    merge.collect(make_runs(tmp_path / "runs", psnr=chosen), store.root() / "desk", {})
    figure = figures23.reconstruction_figure(store.open_results("desk"), "t1")
    assert not any(title.startswith("T2") for title in titles(figure))
    assert sum("not run" in t.get_text() for a in figure.axes for t in a.texts) == 2


def test_the_mask_stands_in_the_middle_of_its_place(results):
    mask, _, axes = image_of(figures23.reconstruction_figure(results, "t1"), "mask")
    height, width = mask.shape
    assert sum(axes.get_xlim()) / 2 == (width - 1) / 2
    assert sum(axes.get_ylim()) / 2 == (height - 1) / 2
    reference = image_of(figures23.reconstruction_figure(results, "t1"), "reference")[0]
    wide, high = (abs(np.diff(limits).item()) for limits in (axes.get_xlim(), axes.get_ylim()))
    assert high / wide == pytest.approx(reference.shape[0] / reference.shape[1])
    assert high >= height
    assert wide >= width


def test_the_zero_filled_error_is_divided_until_it_fits(results):
    figure = figures23.reconstruction_figure(results, "t1")
    panels = panel_view.upright_panels(results, "t1", ("sub-11", 41))
    error = np.abs(panels["zero_filled"] - panels["reference"])[panel_view.head_box(panels["reference"])]
    drawn, (_, end), axes = (
        image_of(figure, "its error") if "its error" in "".join(titles(figure)) else (error, (0, 1), None)
    )
    share = 1 if axes is None else int(axes.get_title().rpartition(" ")[2])
    np.testing.assert_allclose(drawn, error / share, rtol=1e-6)
    assert np.quantile(error, 0.998) / share <= end


@pytest.mark.parametrize(("largest", "end", "expected"), [(0.3, 0.1, 3), (0.31, 0.1, 4), (0.1, 0.1, 1), (0.05, 0.1, 1)])
def test_the_divisor_is_the_smallest_whole_number_that_fits(largest, end, expected):
    assert figures23.divisor(np.full((5, 5), largest), end) == expected
