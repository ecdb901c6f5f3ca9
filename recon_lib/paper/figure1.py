"""The paper's Figure 1, drawn by code: the cascade, one of its sub-networks, and the transfer.

Vector graphics inside the page: the ink takes the page's own colour, and every fill is see-through, so that it can be
read on a light and a dark page. All counts come from the profile's defaults and from the paper's tables.
"""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import COLOURS
from recon_lib.experiment.design import domain_name
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper.markup import STYLE, Rendered
from recon_lib.paper.reference import paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#010203"  # a colour that nothing else has, replaced by the page's
_WIDTH, _HEIGHT = 7.4, 5.3  # inches, and the units of everything below
_MOST = {"sub-networks": 5, "layers": 4}  # that are drawn one by one; of more, the middle ones become dots
_LAYER, _CONSISTENCY = "#888888", "#cc79a7"


def scheme_figure(architecture: Architecture | None = None) -> Figure:
    """Draw the scheme.

    Args:
        architecture: The network's shape; the paper's by default.

    Returns:
        A figure without a ground: the cascade above, one sub-network in the middle, the transfer below.
    """
    from matplotlib.figure import Figure

    shape = architecture or Architecture()
    figure = Figure(figsize=(_WIDTH, _HEIGHT), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
    axes.set(xlim=(0, _WIDTH), ylim=(0, _HEIGHT))
    axes.set_axis_off()
    _draw_cascade(axes, shape)
    _draw_subnetwork(axes, shape)
    _draw_transfer(axes)
    return figure


def render_scheme(architecture: Architecture | None = None) -> Rendered:
    """Draw the scheme for a page, as vector graphics with a title and a description for those who cannot see it.

    Args:
        architecture: The network's shape; the paper's by default.

    Returns:
        HTML, which scrolls inside its own box on a narrow page, and the description as Markdown.
    """
    import matplotlib

    shape = architecture or Architecture()
    content = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "scheme", "svg.fonttype": "path"}):
        scheme_figure(shape).savefig(content, format="svg", metadata={"Date": None})
    drawing = content.getvalue()
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing[drawing.index("<svg") :], flags=re.S)
    drawing = drawing.replace(_INK, "currentColor")
    title, text = "Cascade and transfer", describe(shape)
    head = (
        f'<svg role="img" aria-labelledby="scheme-title scheme-text" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {_WIDTH * 72:g} {_HEIGHT * 72:g}" '
        f'style="width: 100%; min-width: 36rem; height: auto">'
        f'<title id="scheme-title">{title}</title><desc id="scheme-text">{html.escape(text)}</desc>'
    )
    drawing = head + drawing[drawing.index(">") + 1 :]
    return Rendered(f'{STYLE}<div class="recon-scroll recon-drawing" tabindex="0">{drawing}</div>', text)


def describe(shape: Architecture) -> str:
    """Say in words what the scheme shows.

    Args:
        shape: The network's shape.

    Returns:
        Two sentences.
    """
    subnetworks = _count(shape.subnetworks, "sub-network")
    convolutions = f"{_count(shape.hidden_layers, 'convolution')} of {shape.kernel} by {shape.kernel}"
    return (
        f"The zero-filled image, as a real and an imaginary channel, passes {subnetworks} in series, each followed by "
        f"data consistency, which puts the acquired samples back; a sub-network has {convolutions} with "
        f"{shape.filters} channels and ReLU, and one with a single channel. The cascade is trained on "
        f"{_range('n_train')} natural images (or on T1 or T2 slices), one sub-network at a time, then tuned end to end "
        f"with {_range('n_finetune')} images of the test contrast, and tested on other people's slices of it."
    )


def _draw_cascade(axes: Axes, shape: Architecture) -> None:
    """Draw the first row: sub-networks and data consistency in turn."""
    y, height = 4.45, 0.62
    _heading(axes, "the cascade", 5.14)
    names = _shortened(shape.subnetworks, _MOST["sub-networks"])
    left, right = 1.12, _WIDTH - 1.02
    step = (right - left) / len(names)
    gap = 0.12
    _box(axes, 0.02, y, 0.95, height, "zero-filled\nimage $x_u$\n2 channels")
    _box(axes, _WIDTH - 0.97, y, 0.95, height, "image\n$|x|$")
    edge, rail, feeds = 0.97, y - 0.62, []
    for index, name in enumerate(names):
        start = left + index * step
        if name is None:
            _arrow(axes, edge, y, start + 0.12, y)
            _write(axes, start + step / 2 - 0.06, y, "· · ·", 11)
            edge = start + step - 0.24
            continue
        wide = (step - 2 * gap) * 0.5
        _arrow(axes, edge, y, start, y)
        _box(axes, start, y, wide, height, f"$C_{{{name}}}$", colour=COLOURS["natural"])
        _arrow(axes, start + wide, y, start + wide + gap, y)
        _box(axes, start + wide + gap, y, wide, height, "DC", colour=_CONSISTENCY)
        feeds.append(start + wide + gap + wide / 2)
        edge = start + 2 * wide + gap
    _arrow(axes, edge, y, _WIDTH - 0.97, y)
    axes.plot([feeds[0], feeds[-1]], [rail, rail], color=_INK, linewidth=0.8)
    for x in feeds:
        _arrow(axes, x, rail, x, y - height / 2)
    _write(axes, (feeds[0] + feeds[-1]) / 2, rail - 0.14, "acquired samples $y_u$ at the mask's points $\\Omega$")


def _draw_subnetwork(axes: Axes, shape: Architecture) -> None:
    """Draw the second row: the layers of one sub-network."""
    y, height = 2.82, 0.66
    _heading(axes, f"a sub-network, one of {shape.subnetworks}" if shape.subnetworks > 1 else "the sub-network", 3.36)
    layers = _shortened(shape.hidden_layers, _MOST["layers"])
    kernel = f"{shape.kernel} × {shape.kernel}"  # noqa: RUF001 - the sign of multiplication
    left, right, gap = 1.13, _WIDTH - 1.13, 0.16
    wide = (right - left - gap * len(layers)) / (len(layers) + 1)
    _box(axes, 0.02, y, 0.95, height, "real and\nimaginary\n2 channels")
    edge, x = 0.97, left
    for name in layers:
        if name is None:
            _arrow(axes, edge, y, x + 0.1, y)
            _write(axes, x + wide / 2, y, "· · ·", 11)
            edge = x + wide - 0.1
        else:
            _arrow(axes, edge, y, x, y)
            _box(axes, x, y, wide, height, f"{kernel}\n{shape.filters} channels\nReLU", colour=_LAYER)
            edge = x + wide
        x += wide + gap
    _arrow(axes, edge, y, x, y)
    _box(axes, x, y, wide, height, f"{kernel}\n1 channel\nlinear", colour=_LAYER)
    _arrow(axes, x + wide, y, _WIDTH - 0.97, y)
    _box(axes, _WIDTH - 0.97, y, 0.95, height, "image\n1 channel")


def _draw_transfer(axes: Axes) -> None:
    """Draw the third row: training on one domain, fine-tuning and test on another."""
    y, height, wide = 0.98, 0.62, 1.3
    _heading(axes, "the transfer", 1.98)
    natural, own = y + 0.42, y - 0.42
    _box(axes, 0.02, natural, wide, height, f"{domain_name('natural')}\n{_range('n_train')}", colour=COLOURS["natural"])
    _box(axes, 0.02, own, wide, height, "T1 or T2 slices\n(for comparison)", colour=COLOURS["t1"])
    xs = [2.62, 5.0]
    _box(axes, xs[0], y, 1.05, height, "network\nas trained")
    _box(axes, xs[1], y, 0.95, height, "tuned\nnetwork")
    _box(axes, _WIDTH - 0.97, y, 0.95, height, "test: T1, T2,\nother people", colour=COLOURS["t2"])
    for source in (natural, own):
        _arrow(axes, 0.02 + wide, source, xs[0], y + 0.12 * np.sign(source - y))
    _write(axes, 1.98, y, "one $C_p$\nat a time", ha="center")
    _arrow(axes, xs[0] + 1.05, y, xs[1], y)
    _write(axes, (xs[0] + 1.05 + xs[1]) / 2, y + 0.24, "fine-tuning,\nend to end")
    _write(axes, (xs[0] + 1.05 + xs[1]) / 2, y - 0.24, f"{_range('n_finetune')} images of\nthe test contrast")
    _arrow(axes, xs[1] + 0.95, y, _WIDTH - 0.97, y)


def _heading(axes: Axes, text: str, y: float) -> None:
    axes.text(0.02, y, text, fontsize=9.5, color=_INK, fontweight="bold", va="center")


def _box(axes: Axes, x: float, y: float, width: float, height: float, text: str, *, colour: str = _INK) -> None:
    """Draw a box, ``x`` its left edge and ``y`` its middle, with text in it."""
    from matplotlib.patches import FancyBboxPatch

    style = {"boxstyle": "round,pad=0,rounding_size=0.06", "linewidth": 1.0}
    corner = (x, y - height / 2)
    if colour != _INK:
        axes.add_patch(FancyBboxPatch(corner, width, height, facecolor=colour, edgecolor="none", alpha=0.22, **style))
    axes.add_patch(FancyBboxPatch(corner, width, height, facecolor="none", edgecolor=colour, **style))
    _write(axes, x + width / 2, y, text)


def _arrow(axes: Axes, x0: float, y0: float, x1: float, y1: float) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 7, "color": _INK, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=(x1, y1), xytext=(x0, y0), arrowprops=style)


def _write(axes: Axes, x: float, y: float, text: str, size: float = 8.0, ha: str = "center") -> None:
    axes.text(x, y, text, ha=ha, va="center", fontsize=size, color=_INK, linespacing=1.15)


def _shortened(count: int, most: int) -> list[int | None]:
    """Number the boxes from 1; of many, the first ones and the last, ``None`` for those between."""
    return list(range(1, count + 1)) if count <= most else [*range(1, most - 1), None, count]


def _range(column: str) -> str:
    """Write the least and the largest number of the paper's tables, without zero."""
    values = [int(n) for n in paper()[column].dropna() if n > 0]
    return f"{min(values)} to {max(values)}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
