"""The look of figures: a domain has a colour, and a figure shows itself without pyplot."""

import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from recon_lib.core import style


def test_a_domain_without_a_colour_is_drawn_in_grey():
    assert style.domain_colour("t1_elsewhere") == "#555555"
    assert style.domain_colour("t1_elsewhere") not in style.COLOURS.values()


def test_a_figure_is_white_and_shows_itself():
    figure, axes = style.blank_figure((3.0, 2.0), 2, 3, height_ratios=(1, 2))
    assert axes.shape == (2, 3)
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    figure.canvas.draw()
    heights = [axes[row, 0].get_position().height for row in (0, 1)]
    assert heights[1] > 1.5 * heights[0]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "matplotlib.pyplot" not in sys.modules or figure not in map(
        sys.modules["matplotlib.pyplot"].figure, sys.modules["matplotlib.pyplot"].get_fignums()
    )


# Confusion of the colour-blind: what protanopes and deuteranopes see of linear RGB (Vienot, Brettel and Mollon, 1999).
_SEEN = {
    "protanope": [[0.1121, 0.8853, -0.0005], [0.1127, 0.8897, -0.0001], [0.0045, 0.0, 1.0019]],
    "deuteranope": [[0.2920, 0.7054, -0.0003], [0.2934, 0.7089, 0.0], [-0.02098, 0.02559, 1.0019]],
}


@pytest.mark.parametrize("eye", [None, *_SEEN])
def test_the_colours_of_domains_are_told_apart_by_every_eye(eye):
    linear = np.array([to_rgb(colour) for colour in style.COLOURS.values()]) ** 2.2
    seen = np.clip(linear if eye is None else linear @ np.array(_SEEN[eye]).T, 0, 1) ** (1 / 2.2)
    for i, first in enumerate(seen):
        for second in seen[i + 1 :]:
            assert np.linalg.norm(first - second) > 0.12


def test_the_error_scale_grows_lighter_all_the_way():
    from matplotlib import colormaps

    colours = colormaps[style.error_style(1.0)["cmap"]](np.linspace(0, 1, 64))[:, :3]
    lightness = colours @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


def test_the_end_of_an_error_scale_lets_two_pixels_in_a_thousand_pass():
    errors = [np.linspace(0, 1, 501), np.linspace(0, 1, 501)]
    assert style.error_end(errors) == pytest.approx(0.998, abs=0.002)
    assert style.error_end([np.zeros(5)]) == 1e-3
    assert style.error_end([]) == 1.0


def test_an_error_bar_is_that_of_the_map_and_stands_at_the_right():
    figure, axes = style.blank_figure((3.0, 2.0), 1, 1)
    drawn = axes[0, 0].imshow(np.eye(3), **style.error_style(0.25))
    style.error_bar(figure, drawn, [axes[0, 0]])
    figure.canvas.draw()
    bar = figure.axes[1]
    assert bar.get_ylim() == (0, 0.25)
    assert "reference's maximum = 1" in bar.get_ylabel()
    assert bar.get_position().x0 > axes[0, 0].get_position().x1


def test_letters_of_a_plot_have_the_sizes_of_the_style():
    figure, axes = style.blank_figure((3.0, 2.0), 1, 1)
    axes[0, 0].set(xlabel="x", ylabel="y", title="t", yscale="log")
    style.plain_axes(axes[0, 0])
    figure.canvas.draw()
    assert axes[0, 0].title.get_fontsize() == style.TITLE
    assert axes[0, 0].xaxis.label.get_fontsize() == axes[0, 0].yaxis.label.get_fontsize() == style.TEXT
    ticks = [*axes[0, 0].get_yticklabels(), *axes[0, 0].get_yticklabels(minor=True), *axes[0, 0].get_xticklabels()]
    assert {tick.get_fontsize() for tick in ticks} == {style.SMALL}
    assert style.SMALL >= 7  # what can still be read in print
