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
}


def write_rows(path: Path, rows: Iterable[Mapping[str, object]], columns: Mapping[str, str] = SLICE_COLUMNS) -> None:
    """Write a table as CSV, gzipped if the name ends with ``.gz``, atomically and with the same bytes each time.

    Args:
        path: The file; its folder is made.
        rows: One mapping a row; a column it lacks is left empty.
        columns: The schema, name to type.

    Raises:
        ReconError: A row has a column the schema does not know.
    """
    lines = [",".join(columns)]
    for row in rows:
        for name in row:
            choose("column", name, columns)
        lines.append(",".join(_cell(row.get(name)) for name in columns))
    data = ("\n".join(lines) + "\n").encode()
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
        found = list(pandas.read_csv(path, nrows=0).columns)
        columns = columns or (HISTORY_COLUMNS if "loss" in found else SLICE_COLUMNS)
        empty = {name: [""] for name, kind in columns.items() if kind != _TEXT}
        frame = pandas.read_csv(path, dtype=dict(columns), keep_default_na=False, na_values=empty)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise ReconError(f"{path} is not a readable table ({error}): write it again.") from error
    unknown = [name for name in found if name not in columns]
    if unknown or not found:
        raise ReconError(f"{path} has columns that no table of results has ({', '.join(unknown)}): write it again.")
    for name in columns:
        if name not in frame:
            frame[name] = pandas.Series("" if columns[name] == _TEXT else None, frame.index, dtype=columns[name])
    return frame[list(columns)]


def _cell(value: object) -> str:
    if value is None or value is np.ma.masked:
        return ""
    if isinstance(value, bool | np.bool_):
        raise ReconError(f"A table of results holds no truth values ({value}): write text or a number.")
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else format(float(value), ".7g")
    text = str(value)
    if text == "<NA>":
        return ""
    if any(sign in text for sign in ',"\n\r'):
        raise ReconError(f"A cell of a table of results may not hold a comma, quote or line break: {text!r}.")
    return text
