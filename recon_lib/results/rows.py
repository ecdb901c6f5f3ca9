"""Tables of results on disk: their schema, and writes that are atomic and give the same bytes each time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError, choose
from recon_lib.core.files import write_bytes

if TYPE_CHECKING:
    import pandas

_TEXT, _COUNT, _NUMBER = "str", "Int64", "float64"
SLICE_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("run", "method", "training_domain"), _TEXT),
    **dict.fromkeys(("n_train", "n_images", "n_finetune", "draw", "seed"), _COUNT),
    **dict.fromkeys(("test_domain", "subject"), _TEXT),
    **dict.fromkeys(("slice", "mask"), _COUNT),
    **dict.fromkeys(("acceleration", "psnr", "ssim", "nmse", "psnr_own_max", "ssim_own_max"), _NUMBER),
    **dict.fromkeys(("psnr_brain", "ssim_brain", "psnr_before_dc", "ssim_before_dc", "scale"), _NUMBER),
    "variation": _TEXT,
}
HISTORY_COLUMNS: dict[str, str] = {
    **dict.fromkeys(("run", "kind", "training_domain"), _TEXT),
    "n_train": _COUNT,
    "test_domain": _TEXT,
    **dict.fromkeys(("n_finetune", "draw", "subnetwork", "epoch", "updates"), _COUNT),
    **dict.fromkeys(("loss", "psnr"), _NUMBER),
    "variation": _TEXT,
    **dict.fromkeys(("psnr_held", "kspace_held"), _NUMBER),
}
_LATER = {"psnr_held", "kspace_held"}
"""Columns that came after tables had been published: a table in which they are empty is written without them."""


def write_rows(path: Path, rows: Iterable[Mapping[str, object]], columns: Mapping[str, str] = SLICE_COLUMNS) -> None:
    """Write a table as CSV, gzipped if the name ends with ``.gz``, atomically and with the same bytes each time.

    Numbers have seven significant digits. The format is frozen: published tables are written again byte by byte.

    Args:
        path: The file; its folder is made.
        rows: One mapping a row; a column it lacks is left empty.
        columns: The schema, name to type.

    Raises:
        ReconError: A row has a column that the schema does not know, or a cell does not fit the type of its column, is
            a truth value, or holds a comma, a quote or a line break.
    """
    import pandas

    records = list(rows)
    for record in records:
        if not record.keys() <= columns.keys():
            choose("column", next(name for name in record if name not in columns), columns)
        for value in record.values():
            if isinstance(value, bool | np.bool_):  # pandas would write it in silence, as 1.0 or as True
                raise ReconError(f"A table of results holds no truth values ({value}): write text or a number.")
    frame = pandas.DataFrame(records, columns=list(columns))
    frame = frame.drop(columns=[name for name in _LATER.intersection(columns) if frame[name].isna().all()])
    for name, kind in ((name, columns[name]) for name in frame):
        try:
            frame[name] = frame[name].astype(kind)
        except (TypeError, ValueError) as error:
            raise ReconError(f"Column {name} of a table of results has the type {kind}: {error}.") from error
        if kind == _TEXT:
            _check_texts(frame[name])
    data = frame.to_csv(index=False, float_format="%.7g", lineterminator="\n").encode()
    write_bytes(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def read_rows(path: Path, columns: Mapping[str, str] | None = None) -> pandas.DataFrame:
    """Read a table of slices or of history.

    Args:
        path: The file.
        columns: The schema, name to type; the one that the file's first line fits by default.

    Returns:
        A frame with exactly these columns, those that the file lacks being empty: text (empty where it does not
        apply), nullable integers, float64.

    Raises:
        ReconError: The file is missing, damaged, or has a column that the schema does not know.
    """
    import pandas

    path = Path(path)
    if not path.is_file():
        raise ReconError(f"There is no file {path}: run the experiment that writes it.")
    try:
        header = list(pandas.read_csv(path, nrows=0).columns)
        columns = columns or (HISTORY_COLUMNS if "loss" in header else SLICE_COLUMNS)
        empty = {name: [""] for name, kind in columns.items() if kind != _TEXT}
        frame = pandas.read_csv(path, dtype=dict(columns), keep_default_na=False, na_values=empty)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise ReconError(f"{path} is not a readable table ({error}): write it again.") from error
    unknown = [name for name in header if name not in columns]
    if unknown or not header:
        raise ReconError(f"{path} has columns that no table of results has ({', '.join(unknown)}): write it again.")
    for name in columns:
        if name not in frame:
            frame[name] = pandas.Series("" if columns[name] == _TEXT else None, frame.index, dtype=columns[name])
    return frame[list(columns)]


def _check_texts(column: pandas.Series) -> None:
    """Refuse texts that a reader who splits lines at commas would misread."""
    damaging = column[column.str.contains('[,"\n\r]', na=False)]
    if len(damaging):
        raise ReconError(
            f"A cell of a table of results may not hold a comma, quote or line break: {str(damaging.iloc[0])!r}."
        )
