"""What a page displays: differences whose colour and sign agree, readable in both themes and by the colour-blind."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from recon_lib.paper import markup

NAN = float("nan")


# Ground and text of the book's theme, light and dark.
THEMES = {"light": ("#ffffff", "#323232"), "dark": ("#121212", "#ced6dd")}


# Linear RGB as a dichromat sees it (Viénot, Brettel and Mollon, 1999).
BLIND = {
    "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


def parsed(style):
    red, green, blue, opacity = re.fullmatch(r"background: rgba\((\d+), (\d+), (\d+), ([\d.]+)\)", style).groups()
    return np.array([int(red), int(green), int(blue)]) / 255, float(opacity)


def hexadecimal(text):
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def linear(colour):
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)


def encoded(colour):
    colour = np.clip(colour, 0, 1)
    return np.where(colour <= 0.0031308, colour * 12.92, 1.055 * colour ** (1 / 2.4) - 0.055)


def luminance(colour):
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def over(style, ground):
    colour, opacity = parsed(style)
    return opacity * colour + (1 - opacity) * ground


def test_above_is_blue_and_below_is_orange():
    above, below = (parsed(markup.tint(value, 3.0))[0] for value in (1.0, -1.0))
    assert above[2] > above[0]
    assert below[0] > below[2]


@pytest.mark.parametrize("value", [0.0, -0.0, NAN])
def test_no_difference_has_no_colour(value):
    assert markup.tint(value, 3.0) == ""
    assert markup.tinted_cell("x", value, 3.0) == "<td>x</td>"


def test_a_larger_difference_has_a_stronger_colour_up_to_the_full_one():
    opacities = [parsed(markup.tint(value, 3.0))[1] for value in (0.1, 1.0, 2.0, 3.0, 30.0)]
    assert opacities == sorted(opacities)
    assert len(set(opacities[:4])) == 4
    assert opacities[3] == opacities[4]
    assert [parsed(markup.tint(-v, 3.0))[1] for v in (0.1, 1.0)] == opacities[:2]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("value", [0.1, 3.0, -0.1, -3.0])
def test_text_on_a_colour_can_be_read_in_both_themes(theme, value):
    ground, text = map(hexadecimal, THEMES[theme])
    assert contrast(over(markup.tint(value, 3.0), ground), text) > 4.5  # the web's guideline for small text


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", BLIND)
def test_the_colour_blind_tell_above_from_below(theme, kind):
    ground = hexadecimal(THEMES[theme][0])
    seen = [
        encoded(np.array(BLIND[kind]) @ linear(over(markup.tint(value, 3.0), ground))).reshape(1, 1, 3)
        for value in (3.0, -3.0)
    ]
    assert deltaE_ciede2000(*map(rgb2lab, seen)).item() > 20  # about 1 is just seen


def test_the_sign_says_what_the_colour_says():
    cell = markup.tinted_cell(markup.signed(-0.5, 2), -0.5, 3.0)
    assert cell == '<td style="background: rgba(213, 94, 0, 0.14)">\u22120.50</td>'
    assert "rgba(0, 114, 178, 0.14)" in markup.tinted_cell(markup.signed(0.5, 2), 0.5, 3.0)


def test_a_table_scrolls_in_a_box_that_the_keyboard_reaches():
    page = markup.table_box("what", "<tr><th>a</th></tr>", "<tr><td>1</td></tr>", "recon-grid")
    root = ElementTree.fromstring(f"<page>{page.replace('&', '&amp;')}</page>")
    box = root.find("div")
    assert box.get("tabindex") == "0"
    assert "recon-scroll" in box.get("class")
    table = box.find("table")
    assert table.get("class").split() == ["recon-table", "recon-grid"]
    assert [part.tag for part in table] == ["caption", "thead", "tbody"]
    assert "".join(table.find("caption").itertext()) == "what"


def test_two_lines_escape_their_text():
    assert markup.two_lines("1.00 ± 0.10") == "1.00<small>± 0.10</small>"
    assert markup.two_lines("<b>") == "&lt;b&gt;"


def test_numbers_are_written_for_readers():
    assert markup.spread(33.444, 3.4, 2) == "33.44 ± 3.40"
    assert markup.spread(33.444, float("nan"), 2) == "33.44"
    assert markup.spread(float("nan"), float("nan"), 2) == ""
    assert markup.signed(-0.034, 2) == "\u22120.03"
    assert markup.signed(-0.004, 2) == "+0.00"
    assert markup.signed(0.5, 1) == "+0.5"
    assert markup.signed(float("nan"), 1) == ""


def test_what_is_empty_displays_nothing():
    assert markup.Rendered()._repr_mimebundle_() == {"text/markdown": ""}
    assert markup.Rendered(html="<p>a</p>")._repr_mimebundle_() == {"text/html": "<p>a</p>"}
