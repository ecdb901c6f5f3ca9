"""Fixtures of every test: folders of its own, a reproducible hypothesis, and no word from TensorFlow's start."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "agg")

# A time-out for each example would judge the machine; the same examples every time make a failure repeatable.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None, max_examples=40)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move cache, runs and results into the test's own folder, which is returned."""
    for name in ("CACHE", "RUNS", "RESULTS"):
        monkeypatch.setenv(f"RECON_{name}", str(tmp_path / name.lower()))
    return tmp_path


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator with a fixed seed."""
    return np.random.default_rng(20171002)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is slow last, with more time, and skip what needs real data where there is no mirror of them."""
    items.sort(key=lambda item: "slow" in item.keywords)
    for item in items:
        if "slow" in item.keywords and "timeout" not in item.keywords:
            item.add_marker(pytest.mark.timeout(900))
        if "mirror" in item.keywords and not os.environ.get("RECON_DATA_MIRROR"):
            item.add_marker(pytest.mark.skip(reason="RECON_DATA_MIRROR is not set"))
