"""A small world for the data's tests: its own manifest and mirror, and no variable of the machine's."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.tiny import World


@pytest.fixture(autouse=True)
def _no_folders_of_the_user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ILSVRC", "MIDAS", "IXI"):
        monkeypatch.delenv(f"RECON_DATA_{name}", raising=False)
    if "mirror" not in request.keywords:
        monkeypatch.delenv("RECON_DATA_MIRROR", raising=False)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a small world; call its ``use`` after changing it."""
    return World(tmp_path, monkeypatch)
