"""Results on disk: the schema of their tables, atomic writes, provenance with hashes, and what the book reads.

``book/results/<profile>/`` holds ``slices.csv.gz`` (one row a reconstructed slice), ``history.csv.gz`` (one row an
epoch), ``panels.npz`` (images of a few slices), ``weights/`` and ``provenance.json`` with the sha256 of all of
them. The same runs always give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib import paths
from recon_lib.errors import ReconError, choose
from recon_lib.storage import (
    HISTORY_COLUMNS,
    SLICE_COLUMNS,
    read_panels,
    read_rows,
    sha256,
    write_json,
    write_panels,
    write_rows,
)

if TYPE_CHECKING:
    import pandas

PROFILES = ("paper", "open", "desk", "smoke")  # best first: the book shows the first that is there
PROVENANCE = "provenance.json"
_NETWORK = ["test_domain", "method", "training_domain", "n_train", "n_finetune", "draw", "seed"]
_SLICE_KEY = [*_NETWORK, "subject", "slice", "mask", "acceleration"]
_EPOCH_KEY = ["run", "kind", "subnetwork", "epoch"]
_AGREE = 1e-4  # relative: two machines round the same reconstruction differently


@dataclass(frozen=True)
class Results:
    """A verified folder of results.

    Attributes:
        profile: Its profile's name.
        folder: Where it is.
        provenance: What :func:`write_provenance` wrote: ``files`` (name to sha256), and how they were made.
    """

    profile: str
    folder: Path
    provenance: dict

    @cached_property
    def slices(self) -> pandas.DataFrame:
        """One row a reconstructed slice, columns as in ``SLICE_COLUMNS``."""
        return read_rows(self.folder / "slices.csv.gz", SLICE_COLUMNS)

    @cached_property
    def history(self) -> pandas.DataFrame:
        """One row an epoch, columns as in ``HISTORY_COLUMNS``."""
        return read_rows(self.folder / "history.csv.gz", HISTORY_COLUMNS)

    @cached_property
    def panels(self) -> dict[str, np.ndarray]:
        """Images by ``<test_domain>/<subject>/<slice>/<label>``, float16, reference's maximum 1."""
        return read_panels(self.folder / "panels.npz")


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
        content = json.loads(path.read_text())
        listed, digest = dict(content["files"]), content["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReconError(f"{path} is missing or not readable ({error}): {mend}") from error
    if digest != _digest(content):
        raise ReconError(f"{path} was edited after it was written: {mend}")
    present = _files(path.parent)
    for name in sorted(set(listed) | set(present)):
        if name not in present:
            raise ReconError(f"{path.parent / name} is missing, but {PROVENANCE} lists it: {mend}")
        if name not in listed:
            raise ReconError(f"{path.parent / name} is not listed in {PROVENANCE}: remove it, or {mend}")
        if sha256(path.parent / name) != listed[name]:
            raise ReconError(f"{path.parent / name} is not what was written (its sha256 differs): {mend}")
    return content


def root() -> Path:
    """Return the folder of all results: ``RECON_RESULTS``, or the book's."""
    chosen = os.environ.get("RECON_RESULTS")
    return Path(chosen).expanduser() if chosen else paths.RESULTS


def profiles() -> list[str]:
    """Return the profiles that have results, best first."""
    return [name for name in PROFILES if (root() / name).is_dir()]


def verify_all() -> dict[str, dict]:
    """Check every profile's results.

    Returns:
        Profile to provenance.

    Raises:
        ReconError: As :func:`verify`.
    """
    return {name: verify(root() / name) for name in profiles()}


def load(profile: str) -> Results:
    """Verify a profile's results and open them.

    Args:
        profile: Its name.

    Returns:
        The results.

    Raises:
        ReconError: There are none, or they fail :func:`verify`.
    """
    choose("profile with results", profile, profiles())
    return Results(profile, root() / profile, verify(root() / profile))


def best_profile() -> str | None:
    """Return the profile the book shows: the first of ``PROFILES`` that has results.

    Returns:
        Its name, or ``None`` when nothing has been run yet.

    Raises:
        ReconError: It fails :func:`verify`: a damaged result must not be hidden behind a lesser one.
    """
    present = profiles()
    if present:
        verify(root() / present[0])
    return present[0] if present else None


def best() -> Results | None:
    """Return the results the book shows, or ``None`` when nothing has been run yet.

    Raises:
        ReconError: As :func:`best_profile`.
    """
    name = best_profile()
    return load(name) if name else None


def collect(run_folders: Iterable[Path], out: Path, details: Mapping[str, object]) -> dict:
    """Merge runs into one folder of results, which replaces the old one in one step and keeps its ``weights/``.

    A row or image that several runs hold (the zero-filled reconstruction, say) is kept once if all agree.

    Args:
        run_folders: Folders with ``slices.csv`` and ``panels.npz`` (evaluations) or ``history.csv`` (training);
            their order does not matter.
        out: The folder of results, ``book/results/<profile>``.
        details: For the provenance, as in :func:`write_provenance`.

    Returns:
        The provenance.

    Raises:
        ReconError: A folder is missing or holds nothing to collect, or two runs disagree.
    """
    folders = sorted({Path(folder) for folder in run_folders})
    if not folders:
        raise ReconError("There are no runs to collect: run the experiment first.")
    panels: dict[str, np.ndarray] = {}
    for folder in folders:
        if not any((folder / name).is_file() for name in ("slices.csv", "history.csv", "panels.npz")):
            raise ReconError(f"{folder} holds no slices.csv, history.csv or panels.npz: finish or remove that run.")
        for key, image in read_panels(folder / "panels.npz").items():
            if key in panels and not _alike(panels[key], image):
                raise ReconError(f"{folder} has another image {key} than an earlier run: evaluate both again.")
            panels.setdefault(key, image)
    building = out.with_name(f".{out.name}.{os.getpid()}.part")
    shutil.rmtree(building, ignore_errors=True)
    try:
        write_rows(building / "slices.csv.gz", _merge(folders, "slices.csv", SLICE_COLUMNS, _SLICE_KEY))
        history = _merge(folders, "history.csv", HISTORY_COLUMNS, _EPOCH_KEY)
        write_rows(building / "history.csv.gz", history, HISTORY_COLUMNS)
        write_panels(building / "panels.npz", panels)
        if (out / "weights").is_dir():
            shutil.copytree(out / "weights", building / "weights")
        content = write_provenance(building, details)
        _swap(building, out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return content


def _merge(folders: list[Path], name: str, columns: Mapping[str, str], key: list[str]) -> list[dict]:
    """Read one table of every run, keep a repeated row once if all agree about it, and sort."""
    import pandas

    frames = [read_rows(folder / name, columns) for folder in folders if (folder / name).is_file()]
    if not frames:
        return []
    merged = pandas.concat(frames, ignore_index=True).sort_values([*key, "run"], ignore_index=True)
    first = merged.groupby(key, dropna=False, sort=False).ngroup()
    numbers = [column for column, kind in columns.items() if kind == "float64"]
    table = merged[numbers].to_numpy()
    kept = table[np.flatnonzero(~first.duplicated())][first]
    apart = ~np.isclose(table, kept, rtol=_AGREE, atol=_AGREE, equal_nan=True).all(axis=1)
    if apart.any():
        one = merged[apart].iloc[0]
        which = ", ".join(f"{column} {one[column]}" for column in key)
        raise ReconError(f"Run {one['run']} contradicts another one's {name} ({which}): collect only one of them.")
    merged = merged[~first.duplicated()]
    return merged.to_dict("records")


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two images are one but for the rounding of another machine."""
    same = one.shape == other.shape and one.dtype == other.dtype
    return same and bool(np.allclose(one.astype(np.float32), other.astype(np.float32), rtol=0, atol=0.002))


def _swap(new: Path, old: Path) -> None:
    """Put a folder in another's place; should the second rename fail, the old one comes back."""
    aside = old.with_name(f".{old.name}.{os.getpid()}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        os.replace(old, aside)
    try:
        os.replace(new, old)
    except OSError:
        if aside.exists():
            os.replace(aside, old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _files(folder: Path) -> list[str]:
    """List every file of a folder but its provenance, temporary and hidden ones included."""
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    names = (path.relative_to(folder).as_posix() for path in found)
    return sorted(name for name in names if name != PROVENANCE)


def _digest(content: Mapping[str, object]) -> str:
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
