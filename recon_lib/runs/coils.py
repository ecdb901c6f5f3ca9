"""Carry out the runs of the experiment with several coils; what is finished is not done again.

A training or tuning that was stopped goes on from its last checkpoint, and two processes never work on one run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from recon_lib.core import host, paths
from recon_lib.core.files import sha256, write_json
from recon_lib.core.progress import Progress
from recon_lib.core.strict_yaml import build
from recon_lib.data.domains import domain_hash, load_images
from recon_lib.data.raw_slice import raw_file
from recon_lib.experiment.coil_profile import REAL, CoilProfile, CoilRun, joint_name, plan_coils
from recon_lib.experiment.coil_recipes import CoilArchitecture, JointRecipe
from recon_lib.experiment.recipes import SequentialRecipe
from recon_lib.imaging.coil_data import simulate_slices
from recon_lib.imaging.masks import assign_masks, mask_stack
from recon_lib.network import accelerator
from recon_lib.network.coil_cascade import reweigh
from recon_lib.network.coil_files import NORMALISATION, load_coil_network
from recon_lib.network.coil_training import train_coils, tune_coils
from recon_lib.network.files import save_network
from recon_lib.results.keys import RunKey
from recon_lib.results.released import NetworkCard
from recon_lib.runs.claims import claim
from recon_lib.runs.coil_effects import measure_effects
from recon_lib.runs.coil_slices import masks_of, measure_maps, simulation_of, source_of
from recon_lib.runs.coil_tests import choose_weights, evaluate

NETWORK, RECORD = "network.safetensors", "run.json"


def planned(profile: CoilProfile) -> list[CoilRun]:
    """Plan a profile on the data at hand.

    Args:
        profile: The experiment.
    """
    hashes = {name: domain_hash(name, domain) for name, domain in profile.domains.items()}
    hashes |= {joint_name(name): domain_hash(name, domain) for name, domain in profile.joint_domains.items()}
    return plan_coils(profile, {**hashes, REAL: raw_file().sha256})


def folder(profile: CoilProfile, run: CoilRun) -> Path:
    """Return the folder of a run.

    Args:
        profile: The experiment.
        run: One of its runs.
    """
    return paths.runs() / f"coils-{profile.name}" / run.id


def finished(profile: CoilProfile, run: CoilRun) -> bool:
    """Tell whether a run is finished: its record is written last."""
    return (folder(profile, run) / RECORD).is_file()


def execute(profile: CoilProfile, run: CoilRun, progress: Progress | None = None) -> Path:
    """Carry out a run, and first those that it starts from, unless they are done.

    Args:
        profile: The experiment.
        run: One of :func:`planned`.
        progress: Called with units done, units in all and the newest row.

    Returns:
        The run's folder.

    Raises:
        ReconError: Data cannot be had, or a program that the run needs is not installed.
    """
    for parent in run.parents:
        if not finished(profile, parent):
            execute(profile, parent, progress)
    out = folder(profile, run)
    with claim(out, wait=True):
        if not finished(profile, run):
            start = time.time()
            work = {
                "train": _train,
                "joint": _tune,
                "tune": _tune,
                "maps": lambda *_: measure_maps(run.spec, out, progress),
                "weights": choose_weights,
                "evaluate": evaluate,
                "effects": measure_effects,
            }
            work[run.kind](run, [folder(profile, parent) for parent in run.parents], out, progress)
            (out / "checkpoint.safetensors").unlink(missing_ok=True)
            write_json(out / RECORD, _record(run, out, time.time() - start))
    return out


def _record(run: CoilRun, out: Path, seconds: float) -> dict:
    files = sorted(path for path in out.iterdir() if path.is_file() and not path.name.startswith("."))
    return {
        "id": run.id,
        "kind": run.kind,
        "label": run.label,
        "parameters": dict(run.spec),
        "parents": [parent.id for parent in run.parents],
        "files": {path.name: sha256(path) for path in files},
        "seconds": round(seconds, 1),
        "machine": accelerator.machine(),
        "commit": host.commit(),
    }


def _train(run: CoilRun, _: list[Path], out: Path, progress: Progress | None) -> None:
    spec = run.spec
    images = _images(spec)
    pool = _masks(spec, images.shape[1:])
    masks = pool[assign_masks(len(images), len(pool), spec["seed"])]
    data = simulate_slices(images, masks, simulation_of(spec), spec["seed"], spec["arrays"])
    cascade, history = train_coils(
        data,
        architecture=CoilArchitecture.from_dict(spec["architecture"]),
        recipe=SequentialRecipe.from_dict(spec["recipe"]),
        updates=spec["updates"],
        seed=spec["seed"],
        folder=out,
        progress=progress,
    )
    _keep(run, out, cascade, history)


def _tune(run: CoilRun, parents: list[Path], out: Path, progress: Progress | None) -> None:
    spec = run.spec
    images, recipe = _images(spec), build(JointRecipe, spec["recipe"], "recipe")
    cascade = load_coil_network(parents[0] / NETWORK)[0]
    if recipe.data_consistency is not None:
        cascade = reweigh(cascade, recipe.data_consistency)
    cascade, history = tune_coils(
        cascade,
        images,
        _masks(spec, (recipe.crop, recipe.crop) if recipe.crop else images.shape[1:]),
        simulation=simulation_of(spec),
        recipe=recipe,
        updates=spec["updates"],
        seed=spec["seed"],
        folder=out,
        progress=progress,
    )
    _keep(run, out, cascade, history)


def _images(spec: Mapping) -> np.ndarray:
    """Draw the images of a training, float32 ``(n, height, width)``."""
    images = load_images(spec["domain"], spec["split"], source_of(spec)).images
    chosen = np.random.default_rng([spec["seed"], len(images)]).permutation(len(images))[: spec["n_train"]]
    return images[np.sort(chosen)]


def _masks(spec: Mapping, size: tuple[int, int]) -> np.ndarray:
    """Draw the masks of all accelerations, boolean ``(m, height, width)``."""
    specs = [masks_of(spec, acceleration) for acceleration in spec["accelerations"]]
    return np.concatenate([mask_stack(tuple(size), spec["masks"], "train", masks) for masks in specs])


def _keep(run: CoilRun, out: Path, cascade: object, history: list[dict]) -> None:
    key = RunKey(training_domain=run.label, n_train=run.spec["n_train"])
    card = NetworkCard(key, kind=run.kind, run=run.id, parameters=dict(run.spec), normalisation=NORMALISATION)
    save_network(out / NETWORK, cascade, card)
    names = {"run": run.id, "kind": run.kind, "label": run.label}
    write_json(out / "history.json", [{**names, **row} for row in history])


def read_history(path: Path) -> list[dict]:
    """Read the rows of a training.

    Args:
        path: The run's folder.
    """
    file = path / "history.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
