"""The explorer as one piece of HTML: markup, style, script and pictures, with nothing to fetch."""

from __future__ import annotations

import json
from pathlib import Path

from recon_lib.explorer.frames import collect_frames
from recon_lib.paper.markup import Rendered
from recon_lib.paper.words import render_source
from recon_lib.results.store import Results

_FOLDER = Path(__file__).parent


def render_explorer(results: Results | None) -> Rendered:
    """Draw the explorer for a page of the book.

    Args:
        results: Where pictures and numbers come from, or ``None``.

    Returns:
        HTML that works without a kernel, a server or a network; a sentence instead, if there are no pictures.
    """
    content = collect_frames(results) if results is not None else {"contrasts": []}
    slices = [entry for contrast in content["contrasts"] for entry in contrast["slices"]]
    if not any(sampling["frames"] for entry in slices for sampling in entry["samplings"]):
        return render_source(None)
    parts = {name: (_FOLDER / f"explorer.{name}").read_text(encoding="utf-8") for name in ("html", "css", "js")}
    # "<" ends a script element only as "</" or "<!", and JSON may write it as an escape everywhere.
    data = json.dumps(content, separators=(",", ":"), sort_keys=True, allow_nan=False).replace("<", "\\u003c")
    page = parts["html"].replace("@DATA@", data).replace("@STYLE@", parts["css"]).replace("@SCRIPT@", parts["js"])
    return Rendered(html=page, markdown="The explorer needs a browser that runs JavaScript.")
