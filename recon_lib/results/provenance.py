"""The provenance of a folder of results: the sha256 of every file, and how they were made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json

PROVENANCE = "provenance.json"


def write_provenance(folder: Path, details: Mapping[str, object]) -> dict:
    """Write ``provenance.json``: the hash of every other file of the folder, and how they came to be.

    Args:
        folder: The folder of results; call this last, and again after any change.
        details: Parameters, versions, hashes of the data, commit, machine: JSON-serialisable.

    Returns:
        What was written.
    """
    content = {**details, "files": {name: sha256(folder / name) for name in _files(folder)}}
    content["digest"] = _digest(content)
    write_json(folder / PROVENANCE, content)
    return content


def verify(folder: Path) -> dict:
    """Check a folder against its provenance.

    A wheel brings only a part of a folder: there, a file that is listed may be missing.

    Args:
        folder: The folder of results.

    Returns:
        The provenance.

    Raises:
        ReconError: A file is missing, edited, half-written or not listed, the provenance itself included; the
            message names it.
    """
    path = Path(folder) / PROVENANCE
    mend = "collect the results again or restore the committed ones."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        hashes, digest = dict(content["files"]), content["digest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReconError(f"{path} is missing or not readable ({error}): {mend}") from error
    if digest != _digest(content):
        raise ReconError(f"{path} was edited after it was written: {mend}")
    present = _files(path.parent)
    for name in sorted(set(hashes) | set(present)):
        if name not in present:
            if not paths.IS_CLONE:
                continue
            raise ReconError(f"{path.parent / name} is missing, but {PROVENANCE} lists it: {mend}")
        if name not in hashes:
            raise ReconError(f"{path.parent / name} is not listed in {PROVENANCE}: remove it, or {mend}")
        if sha256(path.parent / name) != hashes[name]:
            raise ReconError(f"{path.parent / name} is not what was written (its sha256 differs): {mend}")
    return content


def _files(folder: Path) -> list[str]:
    """List every file of a folder but its provenance, temporary and hidden ones included."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in paths)
    return sorted(name for name in names if name != PROVENANCE)


def _digest(content: Mapping[str, object]) -> str:
    digested = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(digested, sort_keys=True).encode()).hexdigest()
