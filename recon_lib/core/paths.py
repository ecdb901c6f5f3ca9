"""Every path of the project, and the two that a user may move."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "data_manifest.yaml"
NOTEBOOKS = ROOT / "notebooks"
PROFILES = NOTEBOOKS / "params"
BOOK = ROOT / "book"
RESULTS = BOOK / "results"


def cache() -> Path:
    """Return the folder of downloads and prepared data: ``RECON_CACHE``, or the platform's cache folder."""
    folder = os.environ.get("RECON_CACHE")
    return Path(folder).expanduser() if folder else platformdirs.user_cache_path("recon_lib")


def mirror() -> Path | None:
    """Return the folder ``RECON_DATA_MIRROR`` names, which holds copies of public files, if it is set."""
    folder = os.environ.get("RECON_DATA_MIRROR")
    return Path(folder).expanduser() if folder else None


def runs() -> Path:
    """Return the folder of runs (weights, rows, logs): ``RECON_RUNS``, or ``runs`` in the project."""
    folder = os.environ.get("RECON_RUNS")
    return Path(folder).expanduser() if folder else ROOT / "runs"
