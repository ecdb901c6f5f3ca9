"""Draw formulas as SVG when the book is built, so that it needs no script of another site and reads without a network.

matplotlib typesets the LaTeX it knows (no environments); a formula it does not know fails the build. The drawing takes
the text's colour, so it follows the light and the dark theme, and carries its LaTeX for those who cannot see it.
"""

from __future__ import annotations

import functools
import html
import re

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser
from matplotlib.textpath import TextPath
from sphinx.util import logging

_SIZE = 10.0  # units of the drawing to one em of the page
_TAG = re.compile(r"\\tag\{(.*?)\}")
_LETTERS = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
_logger = logging.getLogger(__name__)


@functools.cache
def draw(latex: str) -> str:
    """Return one formula as an SVG element, baseline on the line's.

    Args:
        latex: Without dollar signs.

    Raises:
        ValueError: matplotlib cannot typeset it.
    """
    font = FontProperties(size=_SIZE * 1.15, math_fontfamily="stix")
    text = f"${' '.join(latex.split())}$"
    width, height, depth, *_ = MathTextParser("path").parse(text, 72, font)
    path = TextPath((0, 0), text, prop=font)
    steps = []
    for points, code in path.iter_segments(simplify=False, curves=True):
        numbers = " ".join(f"{v:.2f}" for v in (points if code != 79 else ()))
        steps.append(_LETTERS[int(code)] + numbers)
    box = f"0 {-(height - depth) - 1:.2f} {width + 1:.2f} {height + 2:.2f}"
    sizes = {"width": width + 1, "height": height + 2, "vertical-align": -(depth + 1)}
    style = ";".join(f"{name}:{size / _SIZE:.3f}em" for name, size in sizes.items())
    return (
        f'<svg class="drawn-math" role="img" aria-label="{html.escape(latex)}" viewBox="{box}" style="{style};'
        f'max-width:100%"><path transform="scale(1 -1)" fill="currentColor" d="{"".join(steps)}"/></svg>'
    )


def _checked(latex: str, node: nodes.Node) -> str:
    try:
        return draw(latex)
    except ValueError as error:
        _logger.warning("matplotlib cannot typeset %r: %s", latex, " ".join(str(error).split()), location=node)
        return f"<code>{html.escape(latex)}</code>"


def _inline(translator: nodes.NodeVisitor, node: nodes.Element) -> None:
    translator.body.append(f'<span class="drawn-line">{_checked(node.astext(), node)}</span>')
    raise nodes.SkipNode


def _block(translator: nodes.NodeVisitor, node: nodes.Element) -> None:
    latex = node.astext()
    tags = _TAG.findall(latex)
    lines = [part for part in re.split(r"\\\\", _TAG.sub("", latex)) if part.strip()]
    drawn = "".join(f'<div style="margin:0.3em 0">{_checked(line, node)}</div>' for line in lines)
    number = f"<div>({html.escape(tags[0])})</div>" if tags else ""
    translator.body.append(
        '<div class="drawn-block" style="display:flex;align-items:center;gap:1em;margin:1em 0;overflow-x:auto">'
        f'<div style="flex:1;text-align:center">{drawn}</div>{number}</div>\n'
    )
    raise nodes.SkipNode


def setup(app: object) -> dict[str, bool]:
    """Register the renderer under the name ``drawn``."""
    app.add_html_math_renderer("drawn", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
