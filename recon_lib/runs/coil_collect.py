"""Bring finished runs of the experiment with several coils into the results that the book draws."""

from __future__ import annotations

import itertools
import json
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import mean

import keras

from recon_lib import __version__
from recon_lib.core import host
from recon_lib.core.arrays import load_arrays
from recon_lib.core.errors import ReconError
from recon_lib.experiment.coil_profile import REAL, CoilProfile, CoilRun
from recon_lib.results import coils as results
from recon_lib.runs import coils
from recon_lib.runs.coil_effects import read_effects
from recon_lib.runs.coil_tests import PICTURES, ROWS, WEIGHTS

RELEASE_ABOVE = "cg_sense"
"""A network that is not better than this on every test is not released."""


def collect(profile: CoilProfile) -> Path:
    """Write rows, history, effects, pictures and networks of all finished runs.

    Args:
        profile: The experiment.

    Returns:
        The folder of the results.

    Raises:
        ReconError: No evaluation is finished.
    """
    runs = [run for run in coils.planned(profile) if coils.finished(profile, run)]
    rows, history, effects, pictures, records = [], [], [], {}, {}
    for run in runs:
        place = coils.folder(profile, run)
        records[run.id] = json.loads((place / coils.RECORD).read_text(encoding="utf-8"))
        history += coils.read_history(place)
        effects += read_effects(place)
        if run.kind == "evaluate":
            rows += json.loads((place / ROWS).read_text(encoding="utf-8"))
        if (place / PICTURES).is_file():
            pictures |= load_arrays(place / PICTURES)[0]
        if run.kind == "weights":
            records[run.id]["weights"] = json.loads((place / WEIGHTS).read_text(encoding="utf-8"))
    if not rows:
        raise ReconError(f"No test of {profile.name!r} is finished: `recon coils execute {profile.name}` does them.")
    _release(profile, [run for run in runs if run.kind in ("joint", "tune")], rows)
    versions = {name: _version(name) for name in ("keras", "numpy", "sigpy", keras.backend.backend())}
    details = {"profile": profile.name, "runs": records, "versions": {**versions, "recon_lib": __version__}}
    details |= {"machine": host.machine(), "commit": host.commit()}
    return results.write(rows, history, pictures, details, effects)


def _release(profile: CoilProfile, networks: list[CoilRun], rows: list[dict]) -> None:
    """Copy the networks that are better than CG-SENSE on every test at every acceleration; remove all others."""
    place = results.folder() / "networks"
    tests = list(itertools.product((profile.test_domain, REAL), profile.accelerations))
    shutil.rmtree(place, ignore_errors=True)
    for run in networks:
        if _beats(run.label, rows, tests):
            place.mkdir(parents=True, exist_ok=True)
            source = coils.folder(profile, run) / coils.NETWORK
            shutil.copyfile(source, place / f"{run.label}.safetensors")
            shutil.copyfile(source.with_suffix(".json"), place / f"{run.label}.json")


def _beats(network: str, rows: list[dict], places: list[tuple[str, float]]) -> bool:
    """Tell whether a network's mean PSNR is above that of :data:`RELEASE_ABOVE`, on the same slices, everywhere.

    Args:
        network: Its label.
        rows: Those of all methods.
        places: Every test with every acceleration; a network that was not tested at one of them does not pass.
    """

    def values(name: str, value: str, place: tuple[str, float]) -> dict[tuple, float]:
        chosen = [row for row in rows if row[name] == value and (row["test"], row["acceleration"]) == place]
        return {(row["subject"], row["slice"]): row["psnr"] for row in chosen}

    for place in places:
        own, baseline = values("network", network, place), values("method", RELEASE_ABOVE, place)
        if not own or own.keys() != baseline.keys() or mean(own.values()) <= mean(baseline.values()):
            return False
    return True


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
