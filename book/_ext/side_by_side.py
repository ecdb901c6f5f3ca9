"""Read and execute several pages at once, on every core: jupyter-book has no option for it.

Two of jupyter-book's own extensions do not say that this is safe for them. It is: one numbers the sections after all
pages are read, the other writes LaTeX alone.
"""

from __future__ import annotations

import os

from sphinx.util.parallel import make_chunks

_SILENT = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")
_READERS = 2  # a core: while one waits for its page's kernel, the other reads


def _allow(app: object) -> None:
    for name in _SILENT:
        app.extensions[name].parallel_read_safe = True
    app.parallel = _READERS * (os.cpu_count() or 1)


def deal(pages: list[str], readers: int) -> list[str]:
    """Reorder pages so that each reader gets some of every folder, where Sphinx gives it a run of neighbours.

    Args:
        pages: Their names, in order.
        readers: How many processes read at once.
    """
    shares = len(make_chunks(pages, readers)) or 1
    return [page for share in range(shares) for page in pages[share::shares]]


def _deal(app: object, env: object, pages: list[str]) -> None:
    del env
    pages[:] = deal(pages, app.parallel)


def setup(app: object) -> dict[str, bool]:
    """Give Sphinx every core."""
    app.connect("builder-inited", _allow)
    app.connect("env-before-read-docs", _deal)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
