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


def image_at(figure, row, column):
    """Return the image in a place, counted by its corner."""
    lefts = sorted({image.get_extent()[0] for image in wall(figure).images})
    tops = sorted({image.get_extent()[3] for image in wall(figure).images})
    images = [i for i in wall(figure).images if i.get_extent()[0] == lefts[column] and i.get_extent()[3] == tops[row]]
    return images[0] if images else None


def panel(results, label):
    panels = panel_view.upright_panels(results, "t1", ("sub-11", 41))
    return panels[label][panel_view.head_box(panels["reference"])], panels["reference"][
        panel_view.head_box(panels["reference"])
    ]


def test_each_network_has_its_image_and_the_rest_says_that_it_was_not_run(results):
    figure = figures45.grid_figure(results, "t1")
    assert len(wall(figure).images) == 2 + len(LABELS)
    texts = written(figure)
    assert sum(text == "not run" for text in texts) == 5 * 8 - len(LABELS)
    assert {"500", "1000", "1500", "2000", "4000", "reference"} <= set(texts)
    heads = [text.splitlines()[0] for text in texts if text.splitlines()[0] in {"0", "5", "10", "20", "30", "40", "50"}]
    assert heads == ["0", "5", "10", "20", "30", "40", "50"]
    assert figure.get_suptitle() == "T1 test slice: sub-11, slice 41"


def test_places_follow_training_and_fine_tuning(results):
    figure = figures45.grid_figure(results, "t1")
    reference, zero_filled = image_at(figure, 0, 0), image_at(figure, 0, 1)
    np.testing.assert_array_equal(reference.get_array(), panel(results, "reference")[0])
    np.testing.assert_array_equal(zero_filled.get_array(), panel(results, "zero_filled")[0])
    # Columns that hold an image: 0, 5 (the zero-filled above it), 20, 50 images, the own contrast; rows 500 and 4000.
    places = {(1, 0): "natural-500-0", (1, 3): "natural-500-50", (1, 4): "t1-500-50"}
    places |= {(2, 0): "natural-4000-0", (2, 2): "natural-4000-20", (2, 4): "t1-4000-50"}
    for place, name in places.items():
        drawn = image_at(figure, *place)
        np.testing.assert_array_equal(drawn.get_array(), panel(results, f"network-{name}")[0])
        assert drawn.get_clim() == (0, 1)


def test_the_number_above_an_image_is_that_slices_by_the_first_draw(results):
    texts = written(figures45.grid_figure(results, "t1"))
    for expected in ("0\n30.0 dB", "50\n31.5 dB", "T1, 50\n35.0 dB", "33.0 dB", "34.0 dB", "36.0 dB"):
        assert texts.count(expected) == 1
    assert "zero-filled\n26.5 dB" in texts
    assert not any("38.0" in text or "36.0 dB\n" in text for text in texts)


def test_error_maps_share_one_scale(results):
    figure = figures45.grid_figure(results, "t1", errors=True)
    assert len(figure.axes) == 2  # the scale
    drawn = [image for image in wall(figure).images if image.get_cmap().name == "inferno"]
    assert len(drawn) == 1 + len(LABELS)
    assert len({image.get_clim() for image in drawn}) == 1
    image, reference = panel(results, "network-natural-500-50")
    np.testing.assert_allclose(image_at(figure, 1, 3).get_array(), np.abs(image - reference))
    assert image_at(figure, 0, 0).get_cmap().name == "gray"


def test_the_own_contrasts_networks_are_framed(results):
    figure = figures45.grid_figure(results, "t1")
    frames = [patch for patch in wall(figure).patches if to_hex(patch.get_edgecolor()) == style.COLOURS["t1"]]
    assert len(frames) == 5
    assert len({frame.get_x() for frame in frames}) == 1
    assert frames[0].get_x() == image_at(figure, 1, 4).get_extent()[0]


def test_a_network_with_rows_but_no_image_says_so(tmp_path):
    texts = written(figures45.grid_figure(collected(tmp_path, labels=LABELS[1:]), "t1"))
    assert texts.count("no image\nkept") == 1
    assert "0\n30.0 dB" in texts


def test_a_slice_without_any_network_still_makes_the_grid(tmp_path):
    results = collected(tmp_path, cells={}, labels=[])
    for errors in (False, True):
        figure = figures45.grid_figure(results, "t1", errors=errors)
        assert len(wall(figure).images) == 2
        assert written(figure).count("not run") == 40
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
    assert len(wall(figures45.grid_figure(results, "t1")).images) == 3


def test_bad_places_and_domains_are_named(results):
    with pytest.raises(ReconError, match="sub-99 slice 3"):
        figures45.grid_figure(results, "t1", ("sub-99", 3))
    with pytest.raises(ReconError, match="no panels of 't2'"):
        figures45.grid_figure(results, "t2")
    with pytest.raises(ReconError, match="Unknown test domain 't3'"):
        figures45.curve_figure(results, "t3")
