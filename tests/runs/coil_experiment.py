"""The smallest experiment with several coils, carried out once: images made by code, and k-space for the real slice."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from recon_lib.experiment.coil_profile import load_coil_profile
from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.imaging.coils import CoilAcquisition
from recon_lib.runs import coil_slices, coil_tests, coils

PROFILE = load_coil_profile("smoke")


def fake_slice() -> np.ndarray:
    """Return full k-space of four coils, in units of its own."""
    rng = np.random.default_rng(5)
    y, x = (np.linspace(-1, 1, n) for n in (60, 52))
    image = (np.hypot(y[:, None], x[None, :]) < 0.8) * (1 + 0.2 * rng.random((60, 52)))
    maps = simulate_maps(image.shape, CoilSimulation(coils=(4, 4)), rng)
    kspace = CoilAcquisition(np.ones(image.shape, bool), maps).forward(image)
    return (50 * (kspace + 0.005 * complex_noise(kspace.shape, rng))).astype(np.complex64)


@contextlib.contextmanager
def stage(folder: Path):
    """Put runs and results into a folder, and the fake slice in the place of the real one; without BART."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECON_RUNS", str(folder / "runs"))
        patch.setenv("RECON_RESULTS", str(folder / "results"))
        patch.setattr(coil_slices, "load_raw_slice", fake_slice)
        patch.setattr(coil_tests, "has_bart", lambda: False)
        yield


def run_of(kind: str, label: str = ""):
    """Return the first run of a kind whose label begins so."""
    return next(run for run in coils.planned(PROFILE) if run.kind == kind and run.label.startswith(label))
