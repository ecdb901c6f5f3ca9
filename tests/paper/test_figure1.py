"""Figure 1: what it says are the defaults, no words run into each other, vector graphics that can be read aloud."""

import itertools
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.patches import FancyBboxPatch

from recon_lib.experiment.recipes import Architecture
from recon_lib.paper import figure1

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = [
    Architecture(),
    Architecture(subnetworks=1, hidden_layers=0),
    Architecture(subnetworks=3, hidden_layers=2, filters=8),
    Architecture(subnetworks=12, hidden_layers=9, filters=128, kernel=11),
]
NAMES = ["paper", "smallest", "small", "large"]


def words(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_it_says_what_the_defaults_are():
    texts, shape = words(figure1.scheme_figure()), Architecture()
    layer = f"{shape.kernel} \u00d7 {shape.kernel}\n{shape.filters} channels\nReLU"
    assert texts.count(layer) == shape.hidden_layers == 4
    assert texts.count(f"{shape.kernel} \u00d7 {shape.kernel}\n1 channel\nlinear") == 1
    assert texts.count("DC") == shape.subnetworks == 5
    assert [name for name in texts if name.startswith("$C_{")] == [f"$C_{{{p}}}$" for p in range(1, 6)]
    assert f"a sub-network, one of {shape.subnetworks}" in texts
    assert "natural images\n500 to 4000" in texts
    assert "5 to 50 images of\nthe test contrast" in texts


def test_another_architecture_is_another_scheme():
    texts = words(figure1.scheme_figure(SHAPES[2]))
    assert texts.count("3 \u00d7 3\n8 channels\nReLU") == 2
    assert texts.count("DC") == 3
    large = words(figure1.scheme_figure(SHAPES[3]))
    assert [name for name in large if name.startswith("$C_{")] == ["$C_{1}$", "$C_{2}$", "$C_{3}$", "$C_{12}$"]
    assert large.count("11 \u00d7 11\n128 channels\nReLU") == 3
    assert sum(name.startswith("·") for name in large) == 2
    assert "the sub-network" in words(figure1.scheme_figure(SHAPES[1]))


@pytest.mark.parametrize("shape", SHAPES, ids=NAMES)
def test_no_words_run_into_each_other_or_out_of_their_box(shape):
    figure = figure1.scheme_figure(shape)
    figure.canvas.draw()
    axes = figure.axes[0]
    texts = [(text.get_text(), text.get_window_extent()) for text in axes.texts if text.get_text()]
    for (first, box), (last, second) in itertools.combinations(texts, 2):
        assert not box.overlaps(second), f"{first!r} and {last!r}"
    patches = [patch.get_window_extent() for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    whole = figure.bbox
    for text, box in texts:
        assert whole.contains(box.x0, box.y0), text
        assert whole.contains(box.x1, box.y1), text
        for patch in patches:
            contained = patch.contains(box.x0, box.y0) and patch.contains(box.x1, box.y1)
            assert contained or not patch.overlaps(box), text


def drawing(shape=None):
    page = figure1.render_scheme(None, shape).html
    return page, ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])


def test_the_page_gets_vector_graphics_with_a_title_and_a_description():
    page, root = drawing()
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert len(title.text) > 10
    for part in ("5 sub-networks", "4 convolutions of 3 by 3 with 64 channels", "500 to 4000", "5 to 50"):
        assert part in description.text
    assert description.text in figure1.render_scheme().markdown
    assert len(list(root.iter(f"{SVG}image"))) == 1  # the photograph alone is drawn in pixels
    assert '<div class="recon-scroll" tabindex="0"><svg' in page
    assert 'download="figure1.svg"' in page
    assert "Stefan van der Walt (CC0)" in page


def test_its_ink_is_the_pages_own_and_it_has_no_ground():
    page, root = drawing()
    assert "currentColor" in page
    assert "#010203" not in page
    black_or_white = ("#000000", "#ffffff", "white", "black")
    assert not [colour for colour in black_or_white if f"fill: {colour}" in page or f"stroke: {colour}" in page]
    assert root.get("viewBox") == "0 0 532.8 381.6"


def test_the_same_scheme_is_the_same_bytes_and_no_setting_is_changed():
    settings = dict(matplotlib.rcParams)
    assert figure1.render_scheme().html == figure1.render_scheme().html
    assert dict(matplotlib.rcParams) == settings


def test_counts_are_written_as_words_are():
    assert "1 sub-network in series" in figure1.describe(SHAPES[1])
    assert "0 convolutions" in figure1.describe(SHAPES[1])
