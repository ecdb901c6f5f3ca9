"""Leave Thebe out of the pages: Jupyter Book brings it unasked.

Its script, which would load code of another site, is declared twice in each page, an error in every browser's console.
"""

from __future__ import annotations


def _silence(app: object, config: object) -> None:
    """Take its listeners away, before any of them has added something to a page."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [one for one in listeners if one.handler.__module__ != "sphinx_thebe"]
    styles = app.registry.css_files  # one of them is its own, which nothing copies now
    styles[:] = [style for style in styles if style[0] != "sphinx-thebe.css"]


def setup(app: object) -> dict[str, bool]:
    """Wait until every extension has been set up, in whatever order."""
    app.connect("config-inited", _silence)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
