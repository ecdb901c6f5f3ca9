"""Results on disk: the schema of their tables, atomic writes, provenance with hashes, and what the book reads.

``book/results/<profile>/`` holds ``slices.csv.gz`` (one row a reconstructed slice), ``history.csv.gz`` (one row an
epoch), ``panels.npz`` (images of a few slices), ``weights/`` and ``provenance.json`` with the sha256 of all of
them. The same runs always give the same bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import paths
from recon_lib.core.errors import choose
from recon_lib.results.keys import RunKey
from recon_lib.results.panels import PanelKey, read_panels
from recon_lib.results.provenance import PROVENANCE, verify
from recon_lib.results.records import RunRecord
from recon_lib.results.rows import HISTORY_COLUMNS, SLICE_COLUMNS, read_rows

if TYPE_CHECKING:
    import pandas

# From the best down. Each page shows the first that has all of its rows (recon_lib.results.selection).
PROFILES = ("paper", "open", "desk", "smoke")
# These stand next to the profiles: what the benchmarks measured, tests on a third scanner, and several coils.
BENCHMARK_FOLDER, SCANNER_FOLDER, COILS_FOLDER = _OTHERS = ("benchmarks", "scanner", "coils")
# What was opened last in each folder. Its tables are read once: the same provenance is that of the same files.
_OPENED: dict[Path, Results] = {}


@dataclass(frozen=True)
class Results:
    """A verified folder of results.

    Attributes:
        profile: The name of the profile.
        folder: The folder of its results.
        provenance: What :func:`write_provenance` wrote: ``files`` (name to sha256), and how they were made.
    """

    profile: str
    folder: Path
    provenance: dict

    @cached_property
    def slices(self) -> pandas.DataFrame:
        """One row a slice reconstructed by the profile's own runs, columns as in ``SLICE_COLUMNS``."""
        return self._slices[self._slices["variation"] == ""].reset_index(drop=True)

    @cached_property
    def variations(self) -> pandas.DataFrame:
        """One row a slice of the controls and measured choices, which the column ``variation`` names."""
        return self._slices[self._slices["variation"] != ""].reset_index(drop=True)

    @cached_property
    def history(self) -> pandas.DataFrame:
        """One row an epoch of the profile's own runs, columns as in ``HISTORY_COLUMNS``."""
        return self._history[self._history["variation"] == ""].reset_index(drop=True)

    @cached_property
    def varied_history(self) -> pandas.DataFrame:
        """One row an epoch of the controls and measured choices, which the column ``variation`` names."""
        return self._history[self._history["variation"] != ""].reset_index(drop=True)

    @cached_property
    def records(self) -> dict[str, RunRecord]:
        """What each run says of itself, by its id."""
        path = self.folder / "records.json"
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return {run: RunRecord.from_json(record) for run, record in content.items()}

    @cached_property
    def keys(self) -> frozenset[RunKey]:
        """What was evaluated, the variations too: the names of each that its rows have."""
        names = [field.name for field in fields(RunKey)]
        distinct = self._slices[names].drop_duplicates().astype(object)
        rows = distinct.where(distinct.notna() & (distinct != ""), None).to_dict("records")
        return frozenset(map(RunKey.from_json, rows))

    @cached_property
    def _history(self) -> pandas.DataFrame:
        return read_rows(self.folder / "history.csv.gz", HISTORY_COLUMNS)

    @cached_property
    def _slices(self) -> pandas.DataFrame:
        return read_rows(self.folder / "slices.csv.gz", SLICE_COLUMNS)

    @cached_property
    def panels(self) -> dict[PanelKey, np.ndarray]:
        """The profile's own images, float16, reference's maximum 1."""
        return {key: image for key, image in self._panels.items() if not key.variation}

    @cached_property
    def varied_panels(self) -> dict[PanelKey, np.ndarray]:
        """The same of the variations of which any are kept, each with its ``mask``."""
        return {key: image for key, image in self._panels.items() if key.variation}

    @cached_property
    def _panels(self) -> dict[PanelKey, np.ndarray]:
        return read_panels(self.folder / "panels.npz")


def root() -> Path:
    """Return the folder of all results: ``RECON_RESULTS``, or the book's."""
    value = os.environ.get("RECON_RESULTS")
    return Path(value).expanduser() if value else paths.RESULTS


def profiles() -> list[str]:
    """Return the profiles that have results: those of ``PROFILES``, best first, then a user's own by name."""
    names = (path.parent.name for path in root().glob(f"*/{PROVENANCE}"))
    known = (*PROFILES, *_OTHERS)
    own = sorted(name for name in names if name not in known and not name.startswith("."))
    return [*filter(_begun, PROFILES), *own]


def verify_all() -> dict[str, dict]:
    """Check every profile's results, what the benchmarks measured, and what stands beside them.

    Returns:
        Name of the folder to provenance.

    Raises:
        ReconError: As :func:`verify`.
    """
    others = [name for name in _OTHERS if (root() / name).is_dir()]
    return {name: verify(root() / name) for name in [*profiles(), *others]}


def open_results(profile: str) -> Results:
    """Verify a profile's results and open them.

    Args:
        profile: Its name.

    Returns:
        The results; the same object as before, with the tables that it has read, if nothing has changed since.

    Raises:
        ReconError: There are none, or they fail :func:`verify`.
    """
    choose("profile with results", profile, profiles())
    folder = root() / profile
    provenance = verify(folder)
    if folder not in _OPENED or _OPENED[folder].provenance != provenance:
        _OPENED[folder] = Results(profile, folder, provenance)
    return _OPENED[folder]


def best() -> Results | None:
    """Return the results of the first profile that has any, or ``None`` when nothing has been run yet.

    A page of the book needs certain rows: it asks :func:`recon_lib.results.selection.select`.

    Raises:
        ReconError: They fail :func:`verify`: a damaged result must not be hidden behind a lesser one.
    """
    present = profiles()
    return open_results(present[0]) if present else None


def collected(profile: str) -> set[str]:
    """Return the names of the runs that a profile's results hold; none before anything was collected.

    Args:
        profile: Its name.

    Raises:
        ReconError: The results fail :func:`verify`.
    """
    return set(verify(root() / profile).get("runs", {})) if _begun(profile) else set()


def _begun(profile: str) -> bool:
    """Tell whether a profile has results: a workflow makes the folder before anything is written to it."""
    folder = root() / profile
    return folder.is_dir() and any(folder.iterdir())
