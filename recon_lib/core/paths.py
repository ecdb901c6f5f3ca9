"""Every path of the project, and the two that a user may move."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "data_manifest.yaml"
NOTEBOOKS = ROOT / "notebooks"
PROFILES = NOTEBOOKS / "params"
BOOK = ROOT / "book"
RESULTS = BOOK / "results"


def cache() -> Path:
    """Return the folder of downloads and prepared data: ``RECON_CACHE``, or the platform's cache folder."""
    chosen = os.environ.get("RECON_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import pooch  # 0.2 s, and only this line needs it

    return Path(pooch.os_cache("recon_lib"))


def mirror() -> Path | None:
    """Return the folder ``RECON_DATA_MIRROR`` names, which holds copies of public files, if it is set."""
    chosen = os.environ.get("RECON_DATA_MIRROR")
    return Path(chosen).expanduser() if chosen else None


def runs() -> Path:
    """Return the folder of runs (weights, rows, logs): ``RECON_RUNS``, or ``runs`` in the project."""
    chosen = os.environ.get("RECON_RUNS")
    return Path(chosen).expanduser() if chosen else ROOT / "runs"
