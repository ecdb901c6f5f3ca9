"""Read and execute several pages at once, as many as there are cores: jupyter-book has no option for it.

Two of jupyter-book's own extensions do not say that this is safe for them. It is: one numbers the sections after all
pages are read, the other writes LaTeX alone.
"""

from __future__ import annotations

import os

_SILENT = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")


def _allow(app: object) -> None:
    for name in _SILENT:
        app.extensions[name].parallel_read_safe = True
    app.parallel = os.cpu_count() or 1


def setup(app: object) -> dict[str, bool]:
    """Give Sphinx every core."""
    app.connect("builder-inited", _allow)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
