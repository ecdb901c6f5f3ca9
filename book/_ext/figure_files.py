"""Tell the pages where the book is written, so that the files of their figures lie next to them."""

from __future__ import annotations

import os


def _announce(app: object) -> None:
    """Hand the folders down to the kernels, which inherit the environment."""
    if app.builder.format == "html":
        os.environ["RECON_BOOK_SOURCE"] = os.path.realpath(app.srcdir)
        os.environ["RECON_BOOK_OUTPUT"] = os.path.realpath(app.outdir)


def setup(app: object) -> dict[str, bool]:
    """Do it before the first page runs."""
    app.connect("builder-inited", _announce)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
