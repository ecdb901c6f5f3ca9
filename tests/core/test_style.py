"""The look of figures: a domain has a colour, and a figure shows itself without pyplot."""

import sys

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
