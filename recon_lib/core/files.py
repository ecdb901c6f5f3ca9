"""Files on disk: writes that are atomic, JSON that gives the same bytes each time, hashes."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import tokenize
import zipfile
import zlib
from pathlib import Path

DAMAGED = (
    *(OSError, ValueError, EOFError, KeyError, RuntimeError),
    *(zlib.error, zipfile.BadZipFile, tokenize.TokenError),
)
"""What reading an ``.npz`` raises that is cut short or has a wrong byte: errors of the decompressor, and of Python's
tokenizer, by which numpy reads an array's header, are among them.
"""


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
    for remnant in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        number = remnant.name.split(".")[-2]
        if number.isdigit() and not _alive(int(number)):
            remnant.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # the process is alive, and belongs to another user
        return True
    return True


def sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes in hexadecimal.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
