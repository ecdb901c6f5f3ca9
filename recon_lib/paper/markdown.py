"""Markdown for a page: tables, and notes of what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from recon_lib.paper.markup import Rendered

_ALIGNMENTS = {"l": "left", "r": "right", "c": "center"}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> str:
    """Write a Markdown table.

    Args:
        heads: A head for each column; empty where a column needs none.
        rows: The cells of each row, written for a reader and shown as they are: nothing is taken for a number, and a
            bar inside a cell is escaped.
        alignment: A letter for each column: ``l`` left, ``r`` right, ``c`` centred.

    Returns:
        The table, its columns padded to one width; only its head where there are no rows.

    Raises:
        ValueError: A row or the alignment has another number of columns than there are heads.
    """
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lengths = {len(heads), len(alignment), *map(len, body)}
    if len(lengths) > 1:
        raise ValueError(f"A table has one number of columns, not {sorted(lengths)}.")
    sides = [_ALIGNMENTS[letter] for letter in alignment]
    # Without a row tabulate knows no columns, so it is given an empty one, which is cut off again.
    text = tabulate(
        body or [[""] * len(heads)], headers=list(heads), tablefmt="pipe", colalign=sides, disable_numparse=True
    )
    return text if body else text.rpartition("\n")[0]


def render_table(heads: Sequence[str], rows: Iterable[Sequence[str]], alignment: str) -> Rendered:
    """Show a table on a page; the arguments are those of :func:`table`."""
    return Rendered(markdown=table(heads, rows, alignment))


def note(text: str) -> Rendered:
    """Say in a box of its own that something is missing.

    Args:
        text: One sentence or a few, Markdown.
    """
    return Rendered(markdown=f"```{{note}}\n{text}\n```")
