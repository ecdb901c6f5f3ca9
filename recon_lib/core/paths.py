"""Every path of the project, and those that a user may move.

A wheel has no clone around it. It carries what the library reads in a folder ``shipped`` that is laid out like the
project: the manifest, the profiles, the default networks with their results.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
IS_CLONE = not _SHIPPED.is_dir()
ROOT = Path(__file__).resolve().parents[2] if IS_CLONE else _SHIPPED
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
    """Return the folder of runs (weights, rows, logs).

    That is ``RECON_RUNS``, or ``runs`` in the project; without a clone, ``runs`` in the platform's folder of a
    program's data.
    """
    folder = os.environ.get("RECON_RUNS")
    if folder:
        return Path(folder).expanduser()
    return (ROOT if IS_CLONE else platformdirs.user_data_path("recon_lib")) / "runs"
