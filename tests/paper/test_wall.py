"""Images on a wall: each in its place, the second below the first, no word over a picture."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from recon_lib.core import style
from recon_lib.paper.wall import Wall

SHAPE = (10, 15)


@pytest.fixture
def wall():
    return Wall(SHAPE, 2, 3, style.PAGE_WIDTH)


def extents(wall):
    return [tuple(image.get_extent()) for image in wall.axes.images]


def test_a_pair_has_one_place_its_second_image_below_the_first(wall):
    image = np.arange(150).reshape(SHAPE)
    wall.hang(1, 2, image, "a title", style.GREY)
    wall.hang(1, 2, -image, "", style.error_style(0.5), below=True)
    (left, right, bottom, top), (left_below, right_below, bottom_below, top_below) = extents(wall)
    assert (left, right) == (left_below, right_below)
    assert top < bottom < top_below < bottom_below  # the axis points down
    assert right - left == pytest.approx(15)
    assert [bottom - top, bottom_below - top_below] == pytest.approx([10, 10])
    assert wall.axes.images[1].get_clim() == (0, 0.5)
    np.testing.assert_array_equal(wall.axes.images[1].get_array(), -image)


def test_places_follow_rows_and_columns(wall):
    for row in range(2):
        for column in range(3):
            wall.hang(row, column, np.zeros(SHAPE), "", style.GREY)
    lefts, tops = ([extent[i] for extent in extents(wall)] for i in (0, 3))
    assert lefts[:3] == sorted(set(lefts)) == lefts[3:]
    assert tops[0] == tops[2] < tops[3] == tops[5]


def test_the_whole_image_fits_the_place_of_a_pair_and_marks_the_window(wall):
    wall.hang_whole(0, 0, np.zeros((40, 20)), "whole", (slice(10, 20), slice(4, 14)))
    wall.hang(0, 0, np.zeros(SHAPE), "", style.GREY)
    wall.hang(0, 0, np.zeros(SHAPE), "", style.GREY, below=True)
    whole, first, second = extents(wall)
    assert first[0] <= whole[0] < whole[1] <= first[1]
    assert whole[3] == first[3]
    assert whole[2] <= second[2] + 1e-9
    assert (whole[2] - whole[3]) / (whole[1] - whole[0]) == pytest.approx(2)  # the image's own proportions
    (mark,) = wall.axes.patches
    assert mark.get_y() == pytest.approx(whole[3] + (whole[2] - whole[3]) / 4)
    assert mark.get_x() == pytest.approx(whole[0] + (whole[1] - whole[0]) / 5)
    assert to_hex(mark.get_edgecolor()) == style.MARK


def test_an_empty_place_says_why_and_a_frame_surrounds_a_pair(wall):
    wall.leave(1, 0, "its title", "not run")
    wall.frame(1, 0, "#ff0000")
    pale, red = wall.axes.patches
    assert (pale.get_x(), pale.get_y(), pale.get_height()) == (red.get_x(), red.get_y(), red.get_height())
    assert red.get_height() > 20
    assert [text.get_text() for text in wall.axes.texts] == ["not run", "its title"]


def test_words_stay_clear_of_images_and_inside_the_figure(wall):
    for row in range(2):
        wall.name_row(row, f"{4000 + row}\nphotographs", "error")
        for column in range(3):
            title = "two lines\nhere" if row else "30.0 dB"
            wall.hang(row, column, np.zeros(SHAPE), title, style.GREY)
            wall.hang(row, column, np.zeros(SHAPE), "", style.error_style(1.0), below=True)
    wall.bar()
    wall.figure.canvas.draw()
    boxes = [image.get_window_extent().padded(-1) for image in wall.axes.images]
    for text in wall.axes.texts:
        extent = text.get_window_extent()
        assert not any(box.overlaps(extent) for box in boxes), text.get_text()
        assert extent.x0 >= 0
    assert len(wall.figure.axes) == 2
