"""Markdown tables: read back by a parser that shares no code with what writes them."""

from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from recon_lib.paper import markdown


def parsed(text):
    """The rows of a table's cells as a Markdown parser sees them, and the alignment of each column."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows, styles = [], []
    for token, following in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        if token.type in ("th_open", "td_open"):
            rows[-1].append(following.content)
            if len(rows) == 1:
                styles.append(token.attrs.get("style", "").removeprefix("text-align:"))
    return rows, styles


def test_cells_come_back_as_they_were_given():
    rows = [("a", "1.50", "x | y"), ("", "−2", "$|x|$"), ("007", "1e5", "**b**<br>c")]  # noqa: RUF001
    read, styles = parsed(markdown.table(("", "head", "more"), rows, "lrc"))
    assert read == [["", "head", "more"], *map(list, rows)]
    assert styles == ["left", "right", "center"]


def test_without_rows_the_head_stands_alone():
    text = markdown.table(("a", "b"), [], "lr")
    assert len(text.splitlines()) == 2
    assert parsed(text) == ([["a", "b"]], ["left", "right"])


def test_heads_may_be_empty():
    read, _ = parsed(markdown.render_table(("", ""), [("a", "b")], "ll").markdown)
    assert read == [["", ""], ["a", "b"]]


@pytest.mark.parametrize(
    ("heads", "rows", "alignment"),
    [(("a", "b"), [("c",)], "ll"), (("a", "b"), [("c", "d"), ("e", "f", "g")], "ll"), (("a", "b"), [], "l")],
)
def test_a_table_of_several_widths_is_refused(heads, rows, alignment):
    with pytest.raises(ValueError, match="one number of columns"):
        markdown.table(heads, rows, alignment)


def test_a_note_is_a_box_of_its_own():
    assert markdown.note("Not yet.").markdown == "```{note}\nNot yet.\n```"
