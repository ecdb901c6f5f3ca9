"""What released networks give on a scanner that no profile trains or tests on: rows beside the profiles' results.

``book/results/scanner/`` holds ``slices.csv.gz`` and ``provenance.json``. A row is a slice and a network, which the
column ``run`` names by the run that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.results import provenance, store
from recon_lib.results.rows import read_rows, write_rows

if TYPE_CHECKING:
    import pandas

_SLICES = "slices.csv.gz"


def folder() -> Path:
    """Return where the rows lie."""
    return store.root() / store.SCANNER_FOLDER


def read() -> tuple[pandas.DataFrame | None, dict]:
    """Read the rows, after they have been verified.

    Returns:
        One row a slice and network, columns as in ``SLICE_COLUMNS``, and the provenance; ``None`` and nothing if no
        network has been tested.

    Raises:
        ReconError: A file is missing or was edited.
    """
    if not folder().is_dir():
        return None, {}
    content = provenance.verify(folder())
    return read_rows(folder() / _SLICES), content


def write(rows: list[dict], details: Mapping[str, object]) -> Path:
    """Write the rows and their provenance.

    Stopped between the two, the folder fails ``results verify`` until they are written again.

    Args:
        rows: As :func:`recon_lib.results.rows.write_rows` takes them.
        details: How they were made, as :func:`recon_lib.results.provenance.write_provenance` takes it.

    Returns:
        The folder.

    Raises:
        ReconError: A row does not fit the schema.
    """
    write_rows(folder() / _SLICES, rows)
    provenance.write_provenance(folder(), details)
    return folder()


def mean_psnr(run: str | None, rows: pandas.DataFrame | None) -> float | None:
    """Return the mean PSNR of a network, in dB.

    Args:
        run: The id of the run that made it.
        rows: From :func:`read`.

    Returns:
        ``None`` if the network was not tested.
    """
    own = None if rows is None else rows[(rows["run"] == run) & (rows["method"] == "network")]
    return float(own["psnr"].mean()) if own is not None and len(own) else None
