"""A figure on a page: its files hold the figure and its numbers, and the links lead to them."""

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from recon_lib.core import style
from recon_lib.paper import figure_files


@pytest.fixture
def numbers():
    return pd.DataFrame({"x": [0, 5], "psnr_db": [30.123456, np.nan]})


def plot():
    figure, axes = style.blank_figure((4.0, 2.0), 1, 1)
    axes[0, 0].plot([0, 5], [30, 31])
    return figure


def picture():
    figure, axes = style.blank_figure((4.0, 2.0), 1, 1)
    axes[0, 0].imshow(np.eye(8), **style.GREY)
    return figure


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page in a folder of a book that is being built."""
    (tmp_path / "book" / "figures").mkdir(parents=True)
    monkeypatch.setenv("RECON_BOOK_SOURCE", str(tmp_path / "book"))
    monkeypatch.setenv("RECON_BOOK_OUTPUT", str(tmp_path / "html"))
    monkeypatch.chdir(tmp_path / "book" / "figures")
    return tmp_path / "html" / "figures"


def links(html):
    return dict((ending.lower(), address) for address, ending in re.findall(r'href="([^"]+)"[^>]*>([A-Z]+)</a>', html))


def test_the_files_lie_next_to_the_page_and_the_links_lead_there(page, numbers):
    html = figure_files.render_figure(plot(), "figure9", numbers, "See it.", "A line.").html
    assert links(html) == {ending: f"figure9.{ending}" for ending in ("svg", "png", "csv")}
    assert list(links(html)) == ["svg", "png", "csv"]
    assert {path.name for path in page.iterdir()} == set(links(html).values())
    assert (page / "figure9.csv").read_text() == "x,psnr_db\n0,30.1235\n5,\n"
    assert ElementTree.parse(page / "figure9.svg").getroot().get("viewBox") == "0 0 288 144"
    with Image.open(page / "figure9.png") as image:
        assert image.size == (4 * style.FILE_DPI, 2 * style.FILE_DPI)


def test_a_plot_is_shown_as_lines_and_a_picture_as_pixels(page, numbers):
    for draw, ending in ((plot, "svg"), (picture, "png")):
        html = figure_files.render_figure(draw(), "figure9", numbers, "See it.", "What is seen").html
        assert re.search(rf'<img [^>]*src="figure9.{ending}" width="384" height="192" alt="What is seen"', html)


def test_a_file_of_vectors_holds_the_pixels_of_each_image(page, numbers):
    rng = np.random.default_rng(0)
    shown = {(4, 6): rng.random((4, 6)), (5, 3): rng.random((5, 3))}
    figure, axes = style.blank_figure((4.0, 2.0), 1, 1)
    for left, image in enumerate(shown.values()):
        axes[0, 0].imshow(image, extent=(left, left + 1, 0, 1), **style.GREY)
    axes[0, 0].set(xlim=(0, 2), ylim=(0, 1))
    figure_files.render_figure(figure, "figure9", numbers, "See it.", "Noise.")
    addresses = re.findall(r'xlink:href="data:image/png;base64,([^"]+)"', (page / "figure9.svg").read_text())
    kept = [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L")) for text in addresses]
    assert {image.shape for image in kept} == set(shown)
    for image in kept:
        upside_down = image[::-1]
        assert min(np.abs(view - 255 * shown[image.shape]).max() for view in (image, upside_down)) <= 1


def test_both_files_of_a_figure_are_laid_out_alike(page, numbers):
    figure, axes = style.blank_figure((4.0, 2.0), 1, 2)
    axes[0, 1].set_ylabel("a label that needs room", fontsize=style.TITLE)
    places = []
    savefig = figure.savefig

    def noted(*words, **options):
        savefig(*words, **options)
        places.append([panel.get_position().bounds for panel in axes[0]])

    figure.savefig = noted
    figure_files.render_figure(figure, "figure9", numbers, "See it.", "A line.")
    assert len(places) == 2
    assert places[0] == places[1]
    assert places[0][0][2] < 0.45  # laid out: the label has its room


def test_caption_and_description_are_text(page, numbers):
    shown = figure_files.render_figure(plot(), "figure9", numbers, "Is a < b & c?", 'A "line"')
    assert "<figcaption><p>Is a &lt; b &amp; c?</p>" in shown.html
    assert 'alt="A &quot;line&quot;"' in shown.html
    assert shown.markdown == "Is a &lt; b &amp; c?"


def test_another_picture_stands_in_the_place_of_the_file(page, numbers):
    html = figure_files.render_figure(plot(), "figure9", numbers, "See it.", "A line.", "<svg></svg>").html
    assert '<div class="recon-scroll" tabindex="0"><svg></svg></div>' in html
    assert "<img" not in html
    assert len(links(html)) == 3


@pytest.mark.parametrize("variable", ["RECON_BOOK_SOURCE", "RECON_BOOK_OUTPUT"])
def test_outside_a_build_the_files_lie_inside_the_output(page, numbers, monkeypatch, variable):
    monkeypatch.delenv(variable)
    html = figure_files.render_figure(plot(), "figure9", numbers, "See it.", "A line.").html
    assert not page.exists()
    files = {ending: base64.b64decode(address.partition(",")[2]) for ending, address in links(html).items()}
    assert files["csv"] == b"x,psnr_db\n0,30.1235\n5,\n"
    assert Image.open(io.BytesIO(files["png"])).format == "PNG"
    assert 'download="figure9.svg"' in html


def test_a_page_outside_the_book_writes_nothing_into_it(page, numbers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert figure_files.page_folder() is None


def test_the_same_figure_gives_the_same_files(page, numbers):
    contents = []
    for _ in range(2):
        figure_files.render_figure(picture(), "figure9", numbers, "See it.", "A line.")
        contents.append({path.name: path.read_bytes() for path in page.iterdir()})
    assert contents[0] == contents[1]
