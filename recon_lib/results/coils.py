"""What the experiment with several coils gives: rows beside the profiles' results.

``book/results/coils/`` holds ``slices.csv.gz`` (a row a slice, method and acceleration), ``history.csv.gz`` (a row an
epoch), ``effects.csv.gz`` (a row a slice, acceleration and setting of data consistency), ``panels.npz`` (pictures of
the real slice), ``networks/`` and ``provenance.json``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.files import write_bytes
from recon_lib.results import provenance, store
from recon_lib.results.rows import read_rows, write_rows

if TYPE_CHECKING:
    import pandas

_EFFECTS = "effects.csv.gz"
COIL_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("run", "test", "subject"), "str"),
    "slice": "Int64",
    **dict.fromkeys(("method", "network"), "str"),
    "coils": "Int64",
    **dict.fromkeys(("acceleration", "psnr", "ssim", "nmse", "seconds", "seconds_maps"), "float64"),
}
COIL_HISTORY: dict[str, str] = {
    **dict.fromkeys(("run", "kind", "label"), "str"),
    **dict.fromkeys(("subnetwork", "epoch", "updates"), "Int64"),
    **dict.fromkeys(("loss", "psnr"), "float64"),
}
COIL_EFFECTS: dict[str, str] = {
    **dict.fromkeys(("run", "test", "subject"), "str"),
    **dict.fromkeys(("slice", "iterations"), "Int64"),
    "network": "str",
    **dict.fromkeys(("acceleration", "weight", "psnr", "ssim", "nmse", "seconds"), "float64"),
}


def folder() -> Path:
    """Return where the results lie."""
    return store.root() / store.COILS_FOLDER


def write(
    rows: list[dict],
    history: list[dict],
    panels: Mapping[str, np.ndarray],
    details: Mapping[str, object],
    effects: list[dict] | None = None,
) -> Path:
    """Write rows, pictures and their provenance, beside the networks that lie there already.

    Args:
        rows: One mapping a slice, as :data:`COIL_COLUMNS` names them.
        history: One mapping an epoch, as :data:`COIL_HISTORY` names them.
        panels: Magnitudes ``(height, width)`` by name.
        details: How they were made, JSON-serialisable.
        effects: One mapping a slice and setting, as :data:`COIL_EFFECTS` names them; without any there is no file.

    Returns:
        The folder.

    Raises:
        ReconError: A row does not fit the schema.
    """
    write_rows(folder() / "slices.csv.gz", rows, COIL_COLUMNS)
    write_rows(folder() / "history.csv.gz", history, COIL_HISTORY)
    if effects:
        write_rows(folder() / _EFFECTS, effects, COIL_EFFECTS)
    else:
        (folder() / _EFFECTS).unlink(missing_ok=True)
    content = io.BytesIO()
    np.savez_compressed(content, **{name: panels[name].astype(np.float16) for name in sorted(panels)})
    write_bytes(folder() / "panels.npz", content.getvalue())
    provenance.write_provenance(folder(), details)
    return folder()


def read() -> tuple[pandas.DataFrame | None, dict]:
    """Read the rows, after they have been verified.

    Returns:
        One row a slice, method and acceleration, and the provenance; ``None`` and nothing before there are any.

    Raises:
        ReconError: A file is missing or was edited.
    """
    if not folder().is_dir():
        return None, {}
    content = provenance.verify(folder())
    return read_rows(folder() / "slices.csv.gz", COIL_COLUMNS), content


def read_pictures() -> dict[str, np.ndarray]:
    """Read the pictures of the real slice: magnitudes, float16, by name."""
    path = folder() / "panels.npz"
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def read_effects() -> pandas.DataFrame | None:
    """Read what settings of data consistency do to networks; ``None`` where it was not measured."""
    path = folder() / _EFFECTS
    return read_rows(path, COIL_EFFECTS) if path.is_file() else None
