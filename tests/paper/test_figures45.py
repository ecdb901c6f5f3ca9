"""Figures 4 and 5: each place holds its network's image or says why not, each line is the table's."""

import numpy as np
import pytest
from fabricated import cell_rows, labelled_panels, untrained_rows, write_run
from matplotlib.colors import to_hex

from recon_lib.core import style
from recon_lib.core.errors import ReconError
from recon_lib.paper import figures45, panel_view, tables34
from recon_lib.results import merge, store

CELLS = {
    ("natural", 500, 0, 0): 30.0,
    ("natural", 500, 50, 0): 31.5,
    ("natural", 4000, 0, 0): 33.0,
    ("natural", 4000, 20, 0): 34.0,
    ("natural", 4000, 20, 1): 38.0,
    ("t1", 4000, 50, 0): 36.0,
    ("t1", 500, 50, 0): 35.0,
}
LABELS = [f"network-{d}-{n}-{k}" for d, n, k, draw in CELLS if not draw]


def collected(tmp_path, cells=CELLS, labels=LABELS):
    rows = [*cell_rows("t1", cells), *untrained_rows("t1", {"zero_filled": 26.5})]
    merge.collect([write_run(tmp_path / "run", rows, labelled_panels("t1", labels))], store.root() / "desk", {})
    return store.open_results("desk")


@pytest.fixture
def results(tmp_path):
    return collected(tmp_path)


def wall(figure):
    return figure.axes[0]


def written(figure):
    return [text.get_text() for text in wall(figure).texts]


def image_at(figure, row, column, below=False):
    """Return the image in a place, counted by its corner; the whole reference stands in place 0, 0."""
    pairs = sorted({image.get_extent()[3] for image in wall(figure).images[1:]})
    tops = pairs[0:2] + pairs[2:]  # of the pairs and of their second images, in turn
    lefts = sorted({round(image.get_extent()[0], 6) for image in wall(figure).images[1:]} | {0.0})
    top = tops[2 * row + below]
    images = [
        i
        for i in wall(figure).images[1:]
        if round(i.get_extent()[0], 6) == lefts[column] and i.get_extent()[3] == pytest.approx(top)
    ]
    return images[0] if images else None


def panels_of(results):
    """Return the pictures as they are shown, and the window of the figure."""
    panels = panel_view.upright_panels(results, "t1", ("sub-11", 41))
    return panels, panel_view.zoom_window(panels["reference"], panels["zero_filled"], 0.2, 1.5)


def test_each_network_has_its_image_and_its_error_and_the_rest_was_not_run(results):
    figure = figures45.grid_figure(results, "t1")
    assert len(wall(figure).images) == 2 + 2 + 2 * len(LABELS)
    texts = written(figure)
    assert sum(text == "not run" for text in texts) == 5 * 5 - len(LABELS)
    names = {f"{n}\nphotographs" for n in (500, 1000, 1500, 2000, 4000)}
    assert {*names, "reference", "error"} <= set(texts)
    heads = [text.splitlines()[0] for text in texts]
    columns = ["as trained", "tuned with 5", "tuned with 20", "tuned with 50", "T1, tuned with 50"]
    assert [head for head in heads if head in columns] == columns


def test_places_follow_training_and_fine_tuning_and_the_error_lies_below(results):
    figure, (panels, window) = figures45.grid_figure(results, "t1"), panels_of(results)
    np.testing.assert_array_equal(image_at(figure, 0, 1).get_array(), panels["reference"][window])
    np.testing.assert_array_equal(image_at(figure, 0, 2).get_array(), panels["zero_filled"][window])
    # Columns 0, 20, 50 images and the own contrast; rows 500 and 4000, the only ones that hold images.
    places = {(1, 0): "natural-500-0", (1, 3): "natural-500-50", (1, 4): "t1-500-50"}
    places |= {(2, 0): "natural-4000-0", (2, 2): "natural-4000-20", (2, 4): "t1-4000-50"}
    for place, name in places.items():
        image = panels[f"network-{name}"][window]
        np.testing.assert_array_equal(image_at(figure, *place).get_array(), image)
        assert image_at(figure, *place).get_clim() == (0, 1)
        error = np.abs(image - panels["reference"][window])
        np.testing.assert_allclose(image_at(figure, *place, below=True).get_array(), error)


def test_the_whole_slice_is_shown_once_with_the_window_marked(results):
    figure, (panels, window) = figures45.grid_figure(results, "t1"), panels_of(results)
    box = panel_view.head_box(panels["reference"])
    whole = wall(figure).images[0]
    np.testing.assert_array_equal(whole.get_array(), panels["reference"][box])
    left, right, _, top = whole.get_extent()
    mark = next(patch for patch in wall(figure).patches if to_hex(patch.get_edgecolor()) == style.MARK)
    pixel = (right - left) / (box[1].stop - box[1].start)
    assert mark.get_x() == pytest.approx(left + pixel * (window[1].start - box[1].start))
    assert mark.get_y() == pytest.approx(top + pixel * (window[0].start - box[0].start))
    assert mark.get_width() == pytest.approx(pixel * (window[1].stop - window[1].start))


def test_the_number_above_an_image_is_that_slices_by_the_first_draw(results):
    texts = written(figures45.grid_figure(results, "t1"))
    for expected in ("as trained\n30.0 dB", "tuned with 50\n31.5 dB", "33.0 dB", "34.0 dB"):
        assert texts.count(expected) == 1
    assert "38.0 dB" not in "".join(texts)
    assert any(text.startswith("zero-filled, 26.5 dB") for text in texts)


def test_above_the_own_contrasts_network_stands_how_many_slices_it_saw(tmp_path):
    seen = {500: 90, 4000: 712}
    rows = [row | {"n_images": seen[row["n_train"]]} for row in cell_rows("t1", CELLS)]
    rows += untrained_rows("t1", {"zero_filled": 26.5})
    merge.collect([write_run(tmp_path / "run", rows, labelled_panels("t1", LABELS))], store.root() / "desk", {})
    texts = written(figures45.grid_figure(store.open_results("desk"), "t1"))
    assert "T1, tuned with 50\n90 slices seen, 35.0 dB" in texts
    assert "712 slices seen, 36.0 dB" in texts
    assert sum("seen" in text for text in texts) == 2  # photographs were all seen


def test_all_errors_share_one_scale_and_the_zero_filled_one_is_divided_to_fit(results):
    figure, (panels, window) = figures45.grid_figure(results, "t1"), panels_of(results)
    assert len(figure.axes) == 2  # the scale
    drawn = [image for image in wall(figure).images if image.get_cmap().name == "inferno"]
    assert len(drawn) == 1 + len(LABELS)
    assert len({image.get_clim() for image in drawn}) == 1
    error = np.abs(panels["zero_filled"] - panels["reference"])[window]
    shown = np.asarray(image_at(figure, 0, 2, below=True).get_array())
    share = round(float(error.max() / shown.max()))
    np.testing.assert_allclose(shown, error / share, rtol=1e-6)
    assert (share == 1) == (np.quantile(error, 0.998) <= drawn[0].get_clim()[1])
    note = next(text for text in written(figure) if text.startswith("zero-filled"))
    assert note.endswith(f"error / {share}") == (share > 1)


def test_the_own_contrasts_networks_are_framed(results):
    figure = figures45.grid_figure(results, "t1")
    frames = [patch for patch in wall(figure).patches if to_hex(patch.get_edgecolor()) == style.COLOURS["t1"]]
    assert len(frames) == 5
    assert len({frame.get_x() for frame in frames}) == 1
    assert frames[0].get_x() == pytest.approx(image_at(figure, 1, 4).get_extent()[0])


def test_a_network_with_rows_but_no_image_says_so(tmp_path):
    texts = written(figures45.grid_figure(collected(tmp_path, labels=LABELS[1:]), "t1"))
    assert texts.count("no image\nkept") == 1
    assert "as trained\n30.0 dB" in texts


def test_a_slice_without_any_network_still_makes_the_grid(tmp_path):
    figure = figures45.grid_figure(collected(tmp_path, cells={}, labels=[]), "t1")
    assert len(wall(figure).images) == 4
    assert written(figure).count("not run") == 25
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_the_front_is_up_in_every_place(results):
    figure = figures45.grid_figure(results, "t1")
    assert wall(figure).yaxis_inverted()
    for image in wall(figure).images:
        _, _, bottom, top = image.get_extent()
        assert image.origin == "upper"
        assert top < bottom  # on an axis that points down


def test_no_words_of_the_grid_run_into_each_other_or_into_an_image(results):
    figure = figures45.grid_figure(results, "t1")
    figure.canvas.draw()
    images = [image.get_window_extent().padded(-1) for image in wall(figure).images]
    for text in wall(figure).texts:
        hit = [box for box in images if box.overlaps(text.get_window_extent())]
        assert not hit, text.get_text()
    boxes = [(text.get_text(), text.get_window_extent()) for text in wall(figure).texts if text.get_text()]
    for i, (first, box) in enumerate(boxes):
        for last, second in boxes[i + 1 :]:
            assert not box.overlaps(second), f"{first!r} and {last!r}"


def test_of_the_slices_with_the_grid_the_one_nearest_to_the_median_is_shown(tmp_path):
    places = [
        ("sub-11", 41),
        ("sub-12", 42),
        ("sub-13", 43),
    ]  # zero-filled 26.5, 28.5, 30.5 dB: the second is the median
    panels = labelled_panels("t1", LABELS, places[2])
    panels |= labelled_panels("t1", LABELS[:2], places[1])
    rows = [*cell_rows("t1", CELLS, places), *untrained_rows("t1", {"zero_filled": 26.5}, places)]
    merge.collect([write_run(tmp_path / "run", rows, panels)], store.root() / "desk", {})
    results = store.open_results("desk")
    assert panel_view.median_place(results, "t1") == places[1]
    assert figures45.chosen_place(results, "t1") == places[2]  # the other has fewer of the grid's pictures
    caption = figures45.render_networks(results, "t1", "figure4").markdown
    assert "sub-13, slice 43, at the 83rd percentile of the 3 test slices" in caption
    assert "the images of 6 of these 25 networks were kept, and of the median slice those of 2." in caption


def test_the_numbers_beside_the_figures_are_those_that_are_drawn(results, monkeypatch):
    tables = []
    monkeypatch.setattr(figures45, "render_figure", lambda figure, name, numbers, *texts: tables.append(numbers))
    figures45.render_networks(results, "t1", "figure4")
    figures45.render_curves(results, "t1", "curves")
    assert set(tables[0]["picture"]) == {"zero_filled", *LABELS}
    curve = tables[1].set_index(["training_domain", "n_train", "n_finetune"])
    assert curve.loc[("natural", 4000, 20), "ours_db"] == 37.0
    assert curve.loc[("t1", 4000, 50), "paper_db"] == 36.14


def test_curves_are_the_tables_means(results):
    ours, theirs = figures45.curve_figure(results, "t1").axes
    lines = {line.get_label(): line for line in ours.lines}
    assert set(lines) == {"500", "4000", "T1, tuned with 50"}
    np.testing.assert_array_equal(lines["500"].get_xdata(), [0, 50])
    np.testing.assert_allclose(lines["500"].get_ydata(), [31.0, 32.5])
    np.testing.assert_allclose(lines["4000"].get_ydata(), [34.0, 37.0])  # two draws: 35 and 39
    np.testing.assert_allclose(lines["T1, tuned with 50"].get_ydata(), [37.0, 37.0])
    assert {line.get_linestyle() for line in ours.lines} == {"-"}
    (bars,) = [bar for bar in ours.collections if len(bar.get_segments())]
    np.testing.assert_allclose(bars.get_segments(), [[[20, 35.0], [20, 39.0]]])

    printed = tables34.grid("t1", None).query("metric == 'psnr' and training_domain == 'natural'")
    assert {line.get_linestyle() for line in theirs.lines} == {"--"}
    for line in theirs.lines[:-1]:
        rows = printed[printed["n_train"] == int(line.get_label())]
        np.testing.assert_allclose(line.get_ydata(), rows["paper"])
    np.testing.assert_allclose(theirs.lines[-1].get_ydata(), [36.14, 36.14])


def test_a_size_has_one_colour_and_mark_on_both_sides(results):
    ours, theirs = figures45.curve_figure(results, "t1").axes
    looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in theirs.lines}
    assert len({look for name, look in looks.items() if name.isdigit()}) == 5
    for line in ours.lines:
        assert (line.get_color(), line.get_marker()) == looks[line.get_label()]


def test_without_results_the_papers_curves_stand_alone():
    ours, theirs = figures45.curve_figure(None, "t2").axes
    assert not ours.lines
    assert [text.get_text() for text in ours.texts] == ["not run"]
    assert len(theirs.lines) == 6
    assert theirs.get_title() == "T2 test slices, the paper"


def test_one_training_size_alone_is_drawn(tmp_path):
    results = collected(tmp_path, cells={("natural", 4000, 0, 0): 33.0}, labels=["network-natural-4000-0"])
    assert [line.get_label() for line in figures45.curve_figure(results, "t1").axes[0].lines] == ["4000"]
    assert len(wall(figures45.grid_figure(results, "t1")).images) == 4 + 2


def test_bad_places_and_domains_are_named(results):
    with pytest.raises(ReconError, match="sub-99 slice 3"):
        figures45.grid_figure(results, "t1", ("sub-99", 3))
    with pytest.raises(ReconError, match="no panels of 't2'"):
        figures45.grid_figure(results, "t2")
    with pytest.raises(ReconError, match="Unknown test domain 't3'"):
        figures45.curve_figure(results, "t3")
