"""Plots of numbers: the figure holds the numbers that it was given, and bad input is one sentence."""

import numpy as np
import pandas as pd
import pytest
from fabricated import make_history, make_runs

from recon_lib.core.errors import ReconError
from recon_lib.core.style import COLOURS
from recon_lib.imaging.masks import mask_stack
from recon_lib.paper import charts
from recon_lib.results import merge, store


def test_sub_networks_stand_one_after_another_and_losses_are_those_of_the_rows():
    history = pd.DataFrame(make_history("r", "natural", "t1", 0))
    loss, psnr = charts.training_curves(history.sample(frac=1, random_state=0)).axes
    curves = [line for line in loss.lines if len(line.get_xdata()) == 4]
    assert len(curves) == 5
    np.testing.assert_array_equal(np.concatenate([line.get_xdata() for line in curves]), np.arange(100, 2001, 100))
    for line in curves:
        np.testing.assert_allclose(line.get_ydata(), [0.1, 0.05, 0.1 / 3, 0.025])
        assert line.get_color() == COLOURS["natural"]
    assert loss.get_yscale() == "log"
    assert loss.get_xlabel() == "updates, sub-networks 1 to 5 in turn"
    np.testing.assert_array_equal(psnr.lines[0].get_ydata(), [30, 31, 32, 33])
    borders = [line.get_xdata()[0] for line in psnr.lines if len(line.get_xdata()) == 2]
    assert borders == [400, 800, 1200, 1600, 2000]
    assert loss.get_title() == "trained on natural images"


def test_every_domain_has_its_row_of_panels_in_order():
    runs = [("b", "t2"), ("a", "t1"), ("c", "natural")]
    rows = [row for name, domain in runs for row in make_history(name, domain, "t1", 20)]
    panels = charts.training_curves(pd.DataFrame(rows)).axes
    titles = [panel.get_title() for panel in panels]
    names = [charts.NAMES[domain] for domain in charts.NAMES if domain in ("natural", "t1", "t2")]
    assert titles == [f"trained on {name}" for name in names for _ in range(2)]
    assert all(len(panel.lines) == 1 for panel in panels)
    assert panels[-1].get_xlabel() == "updates"


@pytest.mark.parametrize("comparable", [True, False])
def test_rows_share_their_scales_where_the_runs_saw_the_same_images(comparable):
    rows = make_history("a", "natural", "t1", 20)
    rows += [{**row, "psnr": row["psnr"] + 9, "loss": row["loss"] / 9} for row in make_history("b", "t1", "t1", 20)]
    first, second = np.reshape(charts.training_curves(pd.DataFrame(rows), comparable=comparable).axes, (2, 2))
    for panel, other in zip(first, second, strict=True):
        assert (panel.get_ylim() == other.get_ylim()) == comparable
        for axes in (panel, other):
            low, high = axes.get_ylim()
            assert all(low <= value <= high for line in axes.lines for value in line.get_ydata())


def test_of_a_domains_runs_the_one_of_most_images_and_of_the_first_draw_is_drawn():
    runs = [("a", 500, 0, 0.0), ("b", 4000, 1, 5.0), ("c", 4000, 0, 7.0)]
    rows = [
        {**row, "n_train": n_train, "draw": draw, "psnr": row["psnr"] + shift}
        for name, n_train, draw, shift in runs
        for row in make_history(name, "natural", "t1", 20)
    ]
    psnr = charts.training_curves(pd.DataFrame(rows)).axes[1]
    (line,) = psnr.lines
    np.testing.assert_array_equal(line.get_ydata(), [37, 38, 39, 40])


def test_each_subject_is_a_colour_and_each_slice_a_point():
    slices = pd.DataFrame(
        {
            "subject": ["b", "a", "b", "a"],
            "slice": [3, 5, 4, 6],
            "psnr": [30.0, 31.0, 32.0, 33.0],
            "ssim": [0.9, 0.8, 0.7, 0.6],
        }
    )
    psnr, ssim = charts.slice_scatter(slices).axes
    assert [line.get_label() for line in psnr.lines] == ["a", "b"]
    assert psnr.lines[0].get_color() != psnr.lines[1].get_color()
    for axes, metric in ((psnr, "psnr"), (ssim, "ssim")):
        for line in axes.lines:
            rows = slices[slices["subject"] == line.get_label()]
            np.testing.assert_array_equal(line.get_xdata(), rows["slice"])
            np.testing.assert_array_equal(line.get_ydata(), rows[metric])


def test_masks_are_drawn_with_their_share_and_its_mean_over_the_radius():
    masks = np.zeros((2, 9, 12), bool)
    masks[0, 4, 6] = masks[1, 4, 6] = masks[1, 0, 0] = masks[0, :, 0] = True
    figure = charts.mask_figure(masks)
    mask, share, radial = figure.axes[:3]
    np.testing.assert_array_equal(mask.images[0].get_array(), masks[0])
    assert mask.get_title() == "a mask, 9 x 12, R = 10.80"
    np.testing.assert_array_equal(share.images[0].get_array(), masks.mean(axis=0))
    assert share.get_title() == "share of 2 masks"
    radius, density = radial.lines[0].get_data()
    assert density[0] == 1  # the middle, which both masks sample, is alone in the first ring
    assert radius[0] == pytest.approx(1 / 40)
    y, x = np.meshgrid((np.arange(9) - 4) / 4.5, (np.arange(12) - 6) / 6, indexing="ij")
    ring = np.hypot(y, x) >= 1.3
    outer = (masks.mean(axis=0) * ring).sum() / ring.sum()
    counts = [((np.hypot(y, x) >= r - 1 / 40) & (np.hypot(y, x) < r + 1 / 40)).sum() for r in radius]
    beyond = radius >= 1.3
    assert np.average(density[beyond], weights=np.array(counts)[beyond]) == pytest.approx(outer)


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: charts.training_curves(pd.DataFrame()), "no training history"),
        (lambda: charts.slice_scatter(pd.DataFrame()), "no slices"),
        (lambda: charts.mask_figure(np.zeros((4, 5))), r"not of shape \(4, 5\)"),
        (lambda: charts.mask_figure(np.zeros((0, 4, 5))), r"not of shape \(0, 4, 5\)"),
    ],
)
def test_nothing_to_draw_is_one_sentence(draw, words):
    with pytest.raises(ReconError, match=words):
        draw()


@pytest.fixture
def results(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    return store.open_results("desk")


def test_curves_put_sub_networks_end_to_end(results):
    history = results.history[(results.history["kind"] == "train") & (results.history["training_domain"] == "t1")]
    loss, psnr = charts.training_curves(history).axes
    lines = [line for line in loss.lines if len(line.get_xdata()) == 4]
    assert len(lines) == 5
    np.testing.assert_array_equal(lines[1].get_xdata(), [500, 600, 700, 800])
    np.testing.assert_allclose(lines[4].get_ydata(), 0.1 / np.arange(1, 5), rtol=1e-6)
    assert psnr.get_title() == "trained on T1"


def test_the_pages_figures_are_of_the_most_images_and_of_the_tables_tuning(results, monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "render_figure", lambda figure, name, numbers, *texts: drawn.append((name, numbers)))
    charts.render_sequential(results)
    charts.render_tuning(results, "t2")
    (first, trained), (second, tuned) = drawn
    assert (first, second) == ("training", "tuning_t2")
    assert len(trained) == 3 * 5 * 4
    assert set(trained["n_train"]) == {4000}
    assert len(tuned) == 3 * 4
    assert set(tuned["test_domain"]) == {"t2"}
    assert set(tuned["n_finetune"]) == {20}
    rows = results.history[results.history["kind"] == "train"]
    np.testing.assert_array_equal(sorted(trained["psnr_db"]), sorted(rows["psnr"]))


def test_a_page_without_training_says_so(results):
    for shown in (
        charts.render_sequential(None),
        charts.render_tuning(None, "t1"),
        charts.render_tuning(results, "t9"),
    ):
        assert "Nothing has been run yet" in shown.markdown


def test_the_file_of_masks_holds_the_curve_that_is_drawn(monkeypatch):
    drawn = []
    monkeypatch.setattr(charts, "render_figure", lambda figure, name, numbers, *texts: drawn.append((figure, numbers)))
    charts.render_masks(mask_stack((24, 18), 3), "masks", "Masks of T1 slices")
    ((figure, numbers),) = drawn
    np.testing.assert_array_equal(figure.axes[2].lines[0].get_xydata(), numbers[["radius", "share"]])


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


def test_the_mask_figure_shows_the_masks():
    masks = mask_stack((24, 18), 3)
    figure = charts.mask_figure(masks)
    np.testing.assert_array_equal(np.asarray(figure.axes[0].images[0].get_array()), masks[0])
    np.testing.assert_allclose(np.asarray(figure.axes[1].images[0].get_array()), masks.mean(axis=0))
    assert "24 x 18, R = 4.00" in figure.axes[0].get_title()
    assert np.nanmax(figure.axes[2].lines[0].get_ydata()) == 1.0


def test_each_contrast_has_a_panel_with_its_own_rows():
    numbers = pd.DataFrame({"test_domain": ["t1", "t2", "t1"], "psnr": [1.0, 2.0, 3.0]})
    figure, panels = charts.contrast_panels(numbers, 3.0, "images", "PSNR, dB", "held-out {} slices")
    assert figure.get_size_inches()[1] == 3.0
    assert [axes.get_title() for axes, _ in panels] == ["held-out T1 slices", "held-out T2 slices"]
    assert [list(part["psnr"]) for _, part in panels] == [[1.0, 3.0], [2.0]]
    assert {(axes.get_xlabel(), axes.get_ylabel()) for axes, _ in panels} == {("images", "PSNR, dB")}
