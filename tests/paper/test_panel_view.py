"""Figures: what is drawn is the data, in the order and scale stated, without any global state."""

import re
import subprocess
import sys

import numpy as np
import pytest
from fabricated import PSNR, cell_rows, labelled_panels, make_panels, make_runs, untrained_rows, write_run
from matplotlib.figure import Figure

from recon_lib.core.errors import ReconError
from recon_lib.imaging.masks import mask_stack
from recon_lib.paper import charts, figures23, headline, panel_view
from recon_lib.results import merge, store
from recon_lib.results.panels import PanelKey


@pytest.fixture
def results(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    return store.open_results("desk")


def titles(figure):
    flat = [axes.get_title().replace("\n", " ") for axes in figure.axes if axes.get_title()]
    return [re.sub(r" [0-9.]+ dB, SSIM.*", "", title) for title in flat]


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
    assert own in figure.get_suptitle()


def test_panels_share_a_grey_scale_and_errors_a_scale(results):
    figure = figures23.reconstruction_figure(results, "t1")
    greys = {a.images[0].get_clim() for a in figure.axes if a.images and a.images[0].get_cmap().name == "gray"}
    assert greys == {(0, 1)} | {c for c in greys if c == (False, True)}
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


def test_scores_are_those_of_the_rows(results):
    rows = results.slices.query("test_domain == 't2' and training_domain == 't1' and n_finetune == 20")
    row = rows[(rows["subject"] == "sub-11") & (rows["slice"] == 41)].iloc[0]
    axes = image_of(figures23.reconstruction_figure(results, "t2"), "T1, tuned with 20")[2]
    assert f"{row['psnr']:.1f} dB, SSIM {row['ssim']:.3f}" in axes.get_title()


def test_scores_go_by_the_panels_labels_and_the_first_draw(tmp_path):
    cells = {("natural", 4000, 20, 1): 38.0, ("natural", 4000, 20, 0): 34.0, ("natural", 500, 20, 0): 31.0}
    rows = [*cell_rows("t1", cells), *untrained_rows("t1", {"zero_filled": 26.0, "cs:real": 29.0})]
    labels = ["network-natural-4000-20", "network-natural-500-20"]
    merge.collect([write_run(tmp_path / "run", rows, labelled_panels("t1", labels))], store.root() / "desk", {})
    results = store.open_results("desk")
    scores = panel_view.slice_scores(results, "t1", ("sub-11", 41))
    assert {name: psnr for name, (psnr, _) in scores.items()} == {
        "network-natural-4000-20": 34.0,
        "network-natural-500-20": 31.0,
        "zero_filled": 26.0,
        "cs:real": 29.0,
    }
    axes = image_of(figures23.reconstruction_figure(results, "t1"), "natural images, tuned with 20")[2]
    assert "34.0 dB, SSIM 0.850" in axes.get_title()


def test_upright_panels_are_the_stored_ones_turned(results):
    stored, upright = (
        read(results, "t1", ("sub-11", 41)) for read in (panel_view.slice_panels, panel_view.upright_panels)
    )
    assert stored.keys() == upright.keys()
    for name, image in upright.items():
        assert image.dtype == (bool if name == "mask" else np.float32)
        np.testing.assert_array_equal(image, panel_view.orient(stored[name]).astype(image.dtype))


def test_a_network_that_was_not_run_leaves_its_place_empty(tmp_path):
    chosen = {key: value for key, value in PSNR.items() if key[1] != "t2"}
    merge.collect(make_runs(tmp_path / "runs", psnr=chosen), store.root() / "desk", {})
    figure = figures23.reconstruction_figure(store.open_results("desk"), "t1")
    assert not any(title.startswith("T2") for title in titles(figure))
    assert sum("not run" in t.get_text() for a in figure.axes for t in a.texts) == 2


def test_orientation_puts_the_front_up_and_the_persons_right_on_the_left():
    stored = np.zeros((5, 7))  # x to the person's left, y to the front
    stored[0, 6] = 1  # rightmost, foremost
    assert panel_view.orient(stored)[0, 0] == 1
    assert panel_view.orient(stored).shape == (7, 5)
    exchanged = np.zeros((7, 5))  # y to the front, x to the person's right
    exchanged[6, 4] = 1
    assert panel_view.orient(exchanged, transposed=True)[0, 0] == 1


def test_the_head_box_holds_the_head():
    image = np.zeros((50, 41))
    image[10:30, 20:35] = 1
    rows, columns = panel_view.head_box(image, margin=2)
    assert (rows.start, rows.stop, columns.start, columns.stop) == (8, 32, 18, 37)
    rows, columns = panel_view.head_box(np.zeros((9, 8)))
    assert (rows.stop, columns.stop) == (9, 8)


def test_the_window_is_where_undersampling_did_most_harm():
    reference = np.zeros((60, 48))
    start = reference.copy()
    start[20:26, 22:28] = 0.5
    rows, columns = panel_view.zoom_window(reference, start)
    assert rows.start <= 21
    assert rows.stop >= 25
    assert columns.start <= 23
    assert columns.stop >= 27
    assert rows.stop - rows.start == columns.stop - columns.start == 9


def test_the_slice_shown_is_the_median_of_those_kept(results, tmp_path):
    assert panel_view.median_place(results, "t1") == ("sub-11", 41)
    start = results.slices.query("method == 'zero_filled' and test_domain == 't1' and subject == 'sub-11'")
    by = start.set_index("slice")["psnr"].sort_values()
    content = make_panels("t1", "natural", 0)
    for index in by.index:
        for key, image in content.items():
            results.panels[PanelKey.from_json(key.replace("/41/", f"/{index}/"))] = image
    assert panel_view.median_place(results, "t1") == ("sub-11", int(by.index[2]))


def test_bad_places_are_named(results):
    with pytest.raises(ReconError, match="sub-99 slice 3"):
        figures23.reconstruction_figure(results, "t1", ("sub-99", 3))
    with pytest.raises(ReconError, match="no panels of 't1_bold5000'"):
        panel_view.median_place(results, "t1_bold5000")


def test_curves_put_sub_networks_end_to_end(results):
    history = results.history[(results.history["kind"] == "train") & (results.history["training_domain"] == "t1")]
    figure = charts.training_curves(history, "a title")
    loss, psnr = figure.axes
    lines = [line for line in loss.lines if len(line.get_xdata()) == 4]
    assert len(lines) == 5
    np.testing.assert_array_equal(lines[1].get_xdata(), [500, 600, 700, 800])
    np.testing.assert_allclose(lines[4].get_ydata(), 0.1 / np.arange(1, 5), rtol=1e-6)
    assert [text.get_text() for text in psnr.get_legend().get_texts()] == ["T1"]
    tuned = results.history[results.history["kind"] == "finetune"]
    assert len(charts.training_curves(tuned).axes[0].lines) == 6


def test_empty_tables_are_refused(results):
    with pytest.raises(ReconError, match="history"):
        charts.training_curves(results.history[:0])
    with pytest.raises(ReconError, match="slices"):
        charts.slice_scatter(results.slices[:0])
    with pytest.raises(ReconError, match="stacked"):
        charts.mask_figure(np.ones((4, 4), bool))


def test_the_scatter_has_a_point_a_slice(results):
    rows = results.slices.query("method == 'zero_filled' and test_domain == 't1'")
    figure = charts.slice_scatter(rows)
    assert sum(len(line.get_xdata()) for line in figure.axes[0].lines) == len(rows)


def test_the_summary_shows_ours_and_the_papers(results):
    axes = headline.summary_figure(results).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert lines["T1, the paper"].tolist() == [35.42, 35.89]
    expected = (
        results.slices.query("test_domain == 't1' and training_domain == 't1'").groupby("n_finetune")["psnr"].mean()
    )
    np.testing.assert_allclose(lines["T1, here"], expected)
    only = {line.get_label() for line in headline.summary_figure(None).axes[0].lines}
    assert only == {"natural images, the paper", "T1, the paper", "T2, the paper"}


def test_the_mask_figure_shows_the_masks():
    masks = mask_stack((24, 18), 3)
    figure = charts.mask_figure(masks)
    np.testing.assert_array_equal(np.asarray(figure.axes[0].images[0].get_array()), masks[0])
    np.testing.assert_allclose(np.asarray(figure.axes[1].images[0].get_array()), masks.mean(axis=0))
    assert "24 x 18, R = 4.00" in figure.axes[0].get_title()
    assert np.nanmax(figure.axes[2].lines[0].get_ydata()) == 1.0


def test_a_figure_shows_itself_on_a_white_ground(results):
    figure = headline.summary_figure(results)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure.get_facecolor() == (1, 1, 1, 1)


def test_neither_pyplot_nor_a_training_framework_is_loaded():
    code = (
        "import sys; from recon_lib.paper import claims, figures23, headline, tables12\n"
        "headline.summary_figure(None)._repr_png_()\n"
        "print([n for n in ('tensorflow', 'keras', 'jax', 'torch', 'matplotlib.pyplot') if n in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert process.stdout.strip() == "[]"
