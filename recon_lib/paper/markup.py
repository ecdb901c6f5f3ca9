"""What a page displays: the look of its tables, numbers written for readers, differences signed and coloured.

Colours are see-through, over the page's own ground, so that they suit a light and a dark page. Blue (above) and orange
(below) are told apart by the colour-blind, and the sign says the same without any colour.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

STYLE = """<style>
.text_html:has(.recon-table), .text_html:has(.recon-drawing) {background: transparent !important;
  color: inherit !important; padding: 0 !important;}
.recon-scroll {overflow-x: auto; margin: 1rem 0; container-type: inline-size;}
.recon-caption {display: inline-block; max-width: 100cqw; position: sticky; left: 0;}
.recon-table {border-collapse: collapse; margin: 0; font-size: 0.85em; font-variant-numeric: tabular-nums;}
.recon-table caption {caption-side: top; text-align: left; padding-bottom: 0.5em; color: inherit;}
.recon-table th, .recon-table td {padding: 0.25em 0.4em; text-align: right; white-space: nowrap; color: inherit;
  background: transparent; border: 0; vertical-align: top; line-height: 1.25;}
.recon-table th:first-child, .recon-table td:first-child {text-align: left; padding-left: 0;}
.recon-table thead th {border-bottom: 1px solid rgba(128, 128, 128, 0.6); vertical-align: bottom;}
.recon-table thead th[colspan] {text-align: center;}
.recon-table tr.recon-group th {text-align: left; font-weight: normal; font-style: italic;
  border-top: 1px solid rgba(128, 128, 128, 0.35); padding-top: 0.6em;}
.recon-table tbody th {font-weight: normal;}
.recon-table small {display: block; opacity: 0.8; font-size: 0.85em;}
.recon-table.recon-grid th, .recon-table.recon-grid td {padding: 0.25em 0.35em;}
.recon-table.recon-grid td {border: 1px solid rgba(128, 128, 128, 0.25);}
.recon-table.recon-grid td small {opacity: 1;}
.recon-table.recon-grid td span {font-size: 0.85em;}
.recon-table tr > th:first-child:not([colspan]) {position: sticky; left: 0; z-index: 1;
  background: var(--pst-color-background, Canvas);}
</style>"""
# The difference that takes the strongest colour.
FULL = {"psnr": 3.0, "ssim": 0.03}
_ABOVE, _BELOW = (0, 114, 178), (213, 94, 0)  # of Okabe and Ito
_FAINT, _STRONG = 0.08, 0.45  # opacity
_HATCH = "repeating-linear-gradient(45deg, rgba(128, 128, 128, 0.4) 0 1px, transparent 1px 6px)"


@dataclass(frozen=True)
class Rendered:
    """What a page displays.

    Attributes:
        html: For a browser; empty for text alone.
        markdown: For the book, which resolves its links, or for any plain reader.
    """

    html: str = ""
    markdown: str = ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        kinds = {"text/html": self.html, "text/markdown": self.markdown}
        # Empty markdown is nothing on a page; an empty bundle would be this object's representation.
        return {kind: text for kind, text in kinds.items() if text} or {"text/markdown": ""}


def spread(mean: float, deviation: float, digits: int) -> str:
    """Write ``mean ± deviation``, or nothing for a mean that is missing."""
    if mean != mean:  # noqa: PLR0124 - NaN
        return ""
    return f"{mean:.{digits}f}" + (f" ± {deviation:.{digits}f}" if deviation == deviation else "")  # noqa: PLR0124


def signed(value: float, digits: int) -> str:
    """Write a difference with its sign (a true minus), or nothing if it is missing."""
    if value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")  # noqa: RUF001 - and no minus before a zero


def tint(value: float, full: float) -> str:
    """Choose the ground of a difference.

    Args:
        value: The difference.
        full: The size from which on the colour is strongest.

    Returns:
        CSS: blue above zero, orange below, stronger the larger; ``""`` for zero or a missing difference.
    """
    if value != value or value == 0:  # noqa: PLR0124 - NaN
        return ""
    opacity = _FAINT + (_STRONG - _FAINT) * min(1.0, abs(value) / full)
    red, green, blue = _ABOVE if value > 0 else _BELOW
    return f"background: rgba({red}, {green}, {blue}, {opacity:.2f})"


def tinted_cell(content: str, value: float, full: float) -> str:
    """Draw a cell of a table on the ground that its difference has.

    Args:
        content: HTML.
        value: The difference; missing, the cell keeps the page's ground.
        full: As in :func:`tint`.
    """
    style = tint(value, full)
    return f'<td style="{style}">{content}</td>' if style else f"<td>{content}</td>"


def hatched_cell(content: str) -> str:
    """Draw a cell whose difference means nothing: hatched in grey, whatever its size.

    Args:
        content: HTML.
    """
    return f'<td style="background: {_HATCH}">{content}</td>'


def two_lines(cell: str) -> str:
    """Put the deviation of :func:`spread` below the mean, so that a table fits a narrow page; HTML."""
    mean, _, deviation = html.escape(cell).partition(" ± ")
    return f"{mean}<small>± {deviation}</small>" if deviation else mean


def table_box(caption: str, head: str, body: str, kind: str = "") -> str:
    """Put a table into a box of its own, inside which it scrolls on a narrow page while its caption stays.

    Args:
        caption: HTML.
        head: Rows of the head, HTML.
        body: Rows of the body, HTML.
        kind: A further class, ``recon-grid`` for a table of many narrow columns.

    Returns:
        HTML, the style included.
    """
    return (
        f'{STYLE}<div class="recon-scroll" tabindex="0"><table class="recon-table {kind}">'
        f'<caption><span class="recon-caption">{caption}</span></caption>'
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )
