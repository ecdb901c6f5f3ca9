"""Figures: what is drawn is the data, in the order and scale stated, without any global state."""

import subprocess
import sys

import numpy as np
import pytest
from fabricated import cell_rows, labelled_panels, make_panels, make_runs, untrained_rows, write_run
from paper.test_figures23 import image_of

from recon_lib.core.errors import ReconError
from recon_lib.paper import figures23, panel_view
from recon_lib.results import merge, store
from recon_lib.results.panels import PanelKey


@pytest.fixture
def results(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    return store.open_results("desk")


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


def test_the_slice_shown_is_the_one_nearest_to_the_median_of_all_that_has_pictures(results):
    assert panel_view.median_place(results, "t1") == ("sub-11", 41)
    start = results.slices.query("method == 'zero_filled' and test_domain == 't1'")
    ranked = start.drop_duplicates(["subject", "slice"]).sort_values("psnr")[["subject", "slice"]].to_numpy()
    places = [(str(subject), int(number)) for subject, number in ranked]
    assert len(places) == 20
    content = make_panels("t1", "natural", 0)
    for subject, number in (places[1], places[7], places[18]):
        for key, image in content.items():
            moved = key.replace("sub-11/41", f"{subject}/{number}")
            results.panels[PanelKey.from_json(moved)] = image
    nearest = min((abs(places.index(p) - 9.5), p) for p in (places[1], places[7], places[18], ("sub-11", 41)))[1]
    assert panel_view.median_place(results, "t1") == nearest
    only = f"network-t2-4000-{20}"  # of one slice alone
    results.panels[PanelKey("t1", *places[18], only)] = content["t1/sub-11/41/reference"]
    del results.panels[PanelKey("t1", "sub-11", 41, only)]
    assert panel_view.median_place(results, "t1", [only]) == places[18]
    assert panel_view.median_place(results, "t1", [only, "nothing"]) == places[18]


def test_a_place_is_named_with_its_percentile(results):
    start = results.slices.query("method == 'zero_filled' and test_domain == 't1'")
    psnr = start.groupby(["subject", "slice"])["psnr"].mean()
    below = int((psnr < psnr["sub-11", 41]).sum())
    rank = panel_view.ordinal(round(100 * (below + 0.5) / 20))
    assert panel_view.describe_place(results, "t1", ("sub-11", 41)) == (
        f"sub-11, slice 41, at the {rank} percentile of the 20 test slices by zero-filled PSNR"
    )
    assert panel_view.describe_place(results, "t1", ("sub-99", 3)) == "sub-99, slice 3"


def test_ordinals():
    numbers = (0, 1, 2, 3, 4, 11, 12, 13, 21, 50, 100)
    expected = ["0th", "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "50th", "100th"]
    assert [panel_view.ordinal(number) for number in numbers] == expected


def test_a_window_has_the_part_and_the_proportions_that_are_asked_for():
    reference, start = np.zeros((60, 48)), np.zeros((60, 48))
    start[20:26, 22:28] = 0.5
    rows, columns = panel_view.zoom_window(reference, start, part=0.2, aspect=1.5)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (12, 18)
    assert rows.start <= 20
    assert rows.stop >= 26
    wide = panel_view.zoom_window(reference, start, part=0.9, aspect=2.0)
    assert (wide[0].stop - wide[0].start, wide[1]) == (54, slice(0, 48))


def test_bad_places_are_named(results):
    with pytest.raises(ReconError, match="sub-99 slice 3"):
        figures23.reconstruction_figure(results, "t1", ("sub-99", 3))
    with pytest.raises(ReconError, match="no panels of 't1_bold5000'"):
        panel_view.median_place(results, "t1_bold5000")


def test_neither_pyplot_nor_a_training_framework_is_loaded():
    code = (
        "import sys; from recon_lib.paper import claims, figures23, headline, tables12\n"
        "headline.summary_figure(None)._repr_png_()\n"
        "print([n for n in ('tensorflow', 'keras', 'jax', 'torch', 'matplotlib.pyplot') if n in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert process.stdout.strip() == "[]"
