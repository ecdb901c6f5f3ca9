"""Tables and images on disk: their schema, and writes that are atomic and give the same bytes each time."""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.errors import ReconError, choose

if TYPE_CHECKING:
    import pandas

DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, zlib.error, zipfile.BadZipFile)
"""What reading an ``.npz`` raises that is cut short or has a wrong byte, the decompressor's own error too."""
VARIED = "@"
"""Stands in a panel's label between the picture's name and the variation it belongs to."""
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


def write_panels(path: Path, panels: Mapping[str, np.ndarray]) -> None:
    """Write ``panels.npz`` atomically and with the same bytes each time.

    Args:
        path: The file; its folder is made.
        panels: Arrays by ``<test_domain>/<subject>/<slice>/<label>``.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in sorted(panels):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(panels[key]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue())
    write_bytes(path, buffer.getvalue())


def read_panels(path: Path) -> dict[str, np.ndarray]:
    """Read the images of ``panels.npz``.

    Args:
        path: The file; one that is not there holds no images.

    Returns:
        Arrays by key.

    Raises:
        ReconError: The file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # numpy leaves a bad file open
            return {key: archive[key] for key in archive.files}
    except DAMAGED as error:
        raise ReconError(f"{path} is not a readable set of images ({error}): write it again.") from error


def write_json(path: Path, content: object) -> None:
    """Write JSON atomically, keys sorted, indented, newline at the end.

    Args:
        path: The file; its folder is made.
        content: JSON-serialisable.
    """
    write_bytes(path, (json.dumps(content, indent=2, sort_keys=True) + "\n").encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of one.

    Args:
        path: The file; its folder is made.
        data: Its content.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what processes that were killed left half-written beside a file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        number = left.name.split(".")[-2]
        if number.isdigit() and not _alive(int(number)):
            left.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes in hexadecimal.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
