"""The comparison figure: each image in its place, errors below it on one scale, odd and non-square sizes."""

import numpy as np
import pytest

from recon_lib.core.comparison import comparison_figure


@pytest.mark.parametrize("shape", [(7, 12), (13, 9), (8, 8)])
def test_each_reconstruction_stands_above_its_error(rng, shape):
    reference = rng.random(shape)
    images = {"first\n30 dB": reference + 0.1, "second\n20 dB": reference * 0.5}
    mask = rng.random(shape) < 0.25
    figure = comparison_figure(reference, images, 0.2, mask, "a slice")
    axes = figure.axes
    assert [panel.get_title() for panel in axes[:3]] == ["reference", *images]
    assert axes[3].get_title() == f"mask, {100 * mask.mean():.1f} %"
    np.testing.assert_array_equal(axes[0].images[0].get_array(), reference)
    np.testing.assert_array_equal(axes[3].images[0].get_array(), mask)
    for column, image in enumerate(images.values(), start=1):
        np.testing.assert_array_equal(axes[column].images[0].get_array(), image)
        np.testing.assert_allclose(axes[3 + column].images[0].get_array(), np.abs(image - reference))
        assert axes[column].images[0].get_clim() == (0, 1)
        assert axes[3 + column].images[0].get_clim() == (0, 0.2)
    assert {panel.images[0].origin for panel in axes[:6]} == {"upper"}
    assert len(axes) == 7  # the scale
    assert figure.get_suptitle() == "a slice"
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_without_a_mask_its_place_stays_empty(rng):
    reference = rng.random((6, 5))
    figure = comparison_figure(reference, {"image": reference}, 1.0)
    assert not figure.axes[2].images
    assert figure.get_suptitle() == ""


def test_a_long_title_is_broken_and_stays_inside(rng):
    reference = rng.random((16, 12))
    title = "T1, sub-11, slice 41: network trained on natural images, tuned with 20 images, acceleration 4"
    figure = comparison_figure(reference, {"image": reference}, 1.0, title=title)
    figure.canvas.draw()
    box = figure._suptitle.get_window_extent()
    assert figure.get_suptitle().replace("\n", " ") == title
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1


@pytest.mark.parametrize("images", [{}, {"image": np.zeros((5, 6))}])
def test_images_of_another_shape_are_refused(images):
    with pytest.raises(ValueError, match=r"of an image of \(6, 5\)"):
        comparison_figure(np.zeros((6, 5)), images, 1.0)
