"""The paper's Figure 1, drawn by code: the cascade, one of its sub-networks, and the transfer.

Vector graphics inside the page: the ink takes the page's own colour, and every fill is see-through, so that it can be
read on a light and a dark page. All counts come from the profile's defaults and from the paper's tables.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.style import COLOURS, FILE_DPI, GREY
from recon_lib.experiment.design import domain_name
from recon_lib.experiment.recipes import Architecture
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.domains import tested_domains
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markup import Rendered
from recon_lib.paper.panel_view import head_box, median_place, network_label, upright_panels
from recon_lib.paper.reference import paper
from recon_lib.results.store import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#010203"  # a colour that nothing else has, replaced by the page's
_WIDTH, _HEIGHT = 7.4, 5.3  # inches, and the units of everything below
_MOST = {"sub-networks": 5, "layers": 4}  # that are drawn one by one; of more, the middle ones become dots
_LAYER, _CONSISTENCY = "#888888", "#cc79a7"
_PLACES = {  # of the thumbnails: middle across and upwards, and the longer side
    "zero_filled": [(0.49, 3.79, 0.6)],
    "reconstruction": [(_WIDTH - 0.49, 3.79, 0.6)],
    "photograph": [(0.34, 1.40, 0.58)],
    "t1": [(0.34, 0.56, 0.58), (_WIDTH - 0.74, 0.36, 0.52)],
    "t2": [(_WIDTH - 0.24, 0.36, 0.44)],
}


def scheme_figure(
    architecture: Architecture | None = None, thumbnails: Mapping[str, np.ndarray] | None = None
) -> Figure:
    """Draw the scheme.

    Args:
        architecture: The network's shape; the paper's by default.
        thumbnails: Images in grey, their maximum 1, by what they show: ``zero_filled``, ``reconstruction``,
            ``photograph``, ``t1``, ``t2``; the place of one that is missing stays empty.

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
    for name, image in (thumbnails or {}).items():
        for x, y, side in _PLACES[name]:
            _show(axes, image, x, y, side)
    axes.set(xlim=(0, _WIDTH), ylim=(0, _HEIGHT), aspect="auto")  # each image moves the limits to its own
    return figure


def thumbnails_of(results: Results | None) -> dict[str, np.ndarray]:
    """Gather the images of the scheme: a photograph, and slices of the results.

    Args:
        results: Where the slices are; ``None`` leaves them out.

    Returns:
        As :func:`scheme_figure` takes them. The photograph is scikit-image's cat, which nobody's rights restrict (CC0);
        it is none of the training images.
    """
    from skimage import data
    from skimage.color import rgb2gray

    images = {"photograph": rgb2gray(data.chelsea())[:, 75:375][::3, ::3]}
    tested = set() if results is None else set(tested_domains(results))
    for domain in ("t1", "t2"):
        if domain not in tested or not any(key.test_domain == domain for key in results.panels):
            continue
        panels = upright_panels(results, domain, median_place(results, domain))
        box = head_box(panels["reference"])
        images[domain] = panels["reference"][box]
        tuned = network_label(panels, "natural", tuned_count(results.slices, domain))
        if domain == "t1" and {"zero_filled", tuned} <= panels.keys():
            images |= {"zero_filled": panels["zero_filled"][box], "reconstruction": panels[tuned][box]}
    return images


def render_scheme(results: Results | None = None, architecture: Architecture | None = None) -> Rendered:
    """Draw the scheme for a page, as vector graphics with a title and a description for those who cannot see it.

    Args:
        results: Where the slices of its thumbnails are.
        architecture: The network's shape; the paper's by default.

    Returns:
        HTML, which scrolls inside its own box on a narrow page, with caption and files, and the caption as Markdown.
    """
    import pandas

    shape = architecture or Architecture()
    figure, text = scheme_figure(shape, thumbnails_of(results)), describe(shape)
    caption = (
        f"(a) The network. {text} (b) The transfer: where the network learns is not where it is used. See what the "
        f"acquired samples feed: every data consistency, never a sub-network. The photograph is Chelsea the cat "
        f"by Stefan "
        f"van der Walt (CC0), not one of the training images."
    )
    quantities = {"sub-networks": shape.subnetworks, "convolutions before the last": shape.hidden_layers}
    quantities |= {"side of a kernel": shape.kernel, "channels": shape.filters}
    quantities |= {"training images": _range("n_train"), "fine-tuning images": _range("n_finetune")}
    numbers = pandas.DataFrame(list(quantities.items()), columns=["quantity", "value"])
    return render_figure(figure, "figure1", numbers, caption, text, _inline(figure, text))


def _inline(figure: Figure, text: str) -> str:
    """Draw the scheme inside a page, whose own colour its ink takes."""
    import matplotlib

    content = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "scheme", "svg.fonttype": "path"}):
        figure.savefig(content, format="svg", metadata={"Date": None}, dpi=FILE_DPI)
    drawing = content.getvalue()
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing[drawing.index("<svg") :], flags=re.S)
    drawing = drawing.replace(_INK, "currentColor")
    head = (
        f'<svg role="img" aria-labelledby="scheme-title scheme-text" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 {_WIDTH * 72:g} {_HEIGHT * 72:g}" '
        f'style="width: 100%; min-width: 36rem; height: auto">'
        f'<title id="scheme-title">Cascade and transfer</title><desc id="scheme-text">{html.escape(text)}</desc>'
    )
    return head + drawing[drawing.index(">") + 1 :]


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
    _heading(axes, "(a) the network: the cascade", 5.14)
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
    y, height, left, wide = 0.98, 0.62, 0.72, 1.15
    _heading(axes, "(b) the transfer", 1.98)
    natural, own = y + 0.42, y - 0.42
    named = f"{domain_name('natural')}\n{_range('n_train')}"
    _box(axes, left, natural, wide, height, named, colour=COLOURS["natural"])
    _box(axes, left, own, wide, height, "T1 or T2 slices\n(for comparison)", colour=COLOURS["t1"])
    xs = [2.85, 5.1]
    _box(axes, xs[0], y, 1.0, height, "network\nas trained")
    _box(axes, xs[1], y, 0.9, height, "tuned\nnetwork")
    _box(axes, _WIDTH - 0.97, y, 0.95, height, "test: T1, T2,\nother people", colour=COLOURS["t2"])
    for source in (natural, own):
        _arrow(axes, left + wide, source, xs[0], y + 0.12 * np.sign(source - y))
    _write(axes, left + wide + 0.42, y, "one $C_p$\nat a time", ha="center")
    _arrow(axes, xs[0] + 1.0, y, xs[1], y)
    _write(axes, (xs[0] + 1.0 + xs[1]) / 2, y + 0.24, "fine-tuning,\nend to end")
    _write(axes, (xs[0] + 1.0 + xs[1]) / 2, y - 0.24, f"{_range('n_finetune')} images of\nthe test contrast")
    _arrow(axes, xs[1] + 0.9, y, _WIDTH - 0.97, y)


def _show(axes: Axes, image: np.ndarray, x: float, y: float, side: float) -> None:
    """Show a thumbnail in the middle of a place, its longer side as long as the place's."""
    height, width = (side * length / max(image.shape) for length in image.shape)
    axes.imshow(image, extent=(x - width / 2, x + width / 2, y - height / 2, y + height / 2), zorder=2, **GREY)


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
