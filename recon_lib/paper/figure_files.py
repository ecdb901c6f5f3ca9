"""A figure on a page: the picture, a caption that says what to see, and its files one click away.

While the book is built, the files lie next to the page: SVG, PNG, and the numbers that are drawn as CSV. Elsewhere,
in a notebook say, they lie inside the output itself.
"""

from __future__ import annotations

import base64
import html
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.files import write_bytes
from recon_lib.core.style import FILE_DPI
from recon_lib.paper.markup import Rendered

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

STYLE = """<style>
.text_html:has(.recon-figure) {background: transparent !important; color: inherit !important; padding: 0 !important;}
figure.recon-figure {margin: 1rem 0; text-align: left;}
.recon-figure .recon-scroll {overflow-x: auto; margin: 0;}
.recon-figure img {display: block; width: 100%; height: auto; max-width: none; background: #fff;}
.recon-figure img.recon-legible {min-width: 38rem;}
.recon-figure figcaption {font-size: 0.9em; margin: 0.5rem 0 0; text-align: left; max-width: 52rem; color: inherit;}
.recon-figure figcaption p {margin: 0 0 0.3rem; font-size: inherit; font-weight: normal; color: inherit;}
</style>"""
_TYPES = {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv"}
_DIGITS = 4  # after the point, of numbers in a CSV


def render_figure(
    figure: Figure, name: str, numbers: pandas.DataFrame, caption: str, description: str, picture: str = ""
) -> Rendered:
    """Show a figure on a page with its caption and links to its files.

    Args:
        figure: What is drawn. On a phone it scrolls inside a box of its own.
        name: Of the files, without ending; no other figure in the page's folder has it.
        numbers: What the figure shows, a row a picture or a point.
        caption: What to see, plain text.
        description: The picture in words, for those who cannot see it, plain text.
        picture: HTML that shows the figure otherwise than by one of its files.

    Returns:
        HTML, and the caption as Markdown.
    """
    contents = {ending: _drawn(figure, ending) for ending in ("png", "svg")}
    contents["csv"] = numbers.round(_DIGITS).to_csv(index=False, lineterminator="\n").encode()
    addresses = {ending: _address(f"{name}.{ending}", content) for ending, content in contents.items()}
    links = ", ".join(
        f'<a href="{addresses[ending]}" download="{html.escape(name)}.{ending}">{ending.upper()}</a>'
        for ending in _TYPES
    )
    if not picture:
        # Pixels stay pixels; a plot of lines is sharp at any size.
        shown = addresses["png" if any(axes.images for axes in figure.axes) else "svg"]
        width, height = (round(96 * inches) for inches in figure.get_size_inches())
        size = f'width="{width}" height="{height}"'
        picture = f'<img class="dark-light recon-legible" src="{shown}" {size} alt="{html.escape(description)}">'
    page = (
        f'{STYLE}<figure class="recon-figure" id="{html.escape(name)}">'
        f'<div class="recon-scroll" tabindex="0">{picture}</div>'
        f"<figcaption><p>{html.escape(caption)}</p><p>This figure as {links} (its numbers).</p></figcaption></figure>"
    )
    return Rendered(page, html.escape(caption, quote=False))


def _drawn(figure: Figure, ending: str) -> bytes:
    """Write a figure as a file; the same figure gives the same bytes."""
    import matplotlib

    content = io.BytesIO()
    metadata = {"Date": None} if ending == "svg" else {"Software": None}
    # Images stay apart in a file of vectors: joined, they would be enlarged first, which takes seconds.
    with matplotlib.rc_context({"svg.hashsalt": "figure", "svg.fonttype": "path", "image.composite_image": False}):
        figure.savefig(content, format=ending, dpi=FILE_DPI, facecolor="white", metadata=metadata)
    figure.set_layout_engine(None)  # it stays as it was laid out, which takes longer than the drawing
    return content.getvalue()


def _address(file: str, content: bytes) -> str:
    """Write a file next to the page that is being built and return its address, or put it into the address itself."""
    folder = page_folder()
    if folder is None:
        return f"data:{_TYPES[file.rpartition('.')[2]]};base64,{base64.b64encode(content).decode()}"
    write_bytes(folder / file, content)
    return file


def page_folder() -> Path | None:
    """Return where the page that runs will lie in the built book.

    The book's build names its source in ``RECON_BOOK_SOURCE`` and its output in ``RECON_BOOK_OUTPUT``; a page runs in
    its own folder of the source.

    Returns:
        The folder; ``None`` where no book is being built.
    """
    source, output = (os.environ.get(name) for name in ("RECON_BOOK_SOURCE", "RECON_BOOK_OUTPUT"))
    here = Path.cwd()
    if not source or not output or not here.is_relative_to(source):
        return None
    return Path(output) / here.relative_to(source)
