"""Carry out the runs of a profile: train, fine-tune, evaluate, collect.

Each run has a folder named by its identity. What is finished is not done again; what was killed goes
on from its last checkpoint; two processes never work on one run.
"""

from __future__ import annotations

import platform
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from recon_lib import __version__
from recon_lib.core import host
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json
from recon_lib.core.progress import Progress
from recon_lib.experiment.plan import Run
from recon_lib.experiment.specs import TrainSpec, TuneSpec
from recon_lib.imaging.masks import assign_masks
from recon_lib.network.accelerator import machine
from recon_lib.network.augmentation import training_masks
from recon_lib.network.cascade import Cascade
from recon_lib.network.files import load_network, save_network
from recon_lib.network.sharing import take_share
from recon_lib.network.training import train_sequential
from recon_lib.network.tuning import fine_tune
from recon_lib.results.records import RunRecord
from recon_lib.results.released import NetworkCard
from recon_lib.results.rows import HISTORY_COLUMNS, write_rows
from recon_lib.runs.claims import ClaimedError, claim
from recon_lib.runs.evaluate import evaluate
from recon_lib.runs.images import planned_images, training_images
from recon_lib.runs.state import finished, folder, network_file

_HELD = 5  # Images of the pool that a tuning never draws measure it on its way: beside fifty, a pool of T2 has no more.


def execute(run: Run, progress: Progress | None = None, *, wait: bool = True) -> Path:
    """Carry out a run, and first the run it starts from, unless they are done or its network is released.

    Args:
        run: One of :func:`recon_lib.runs.state.plan_profile`.
        progress: Called as work goes on with units done, units in all and the newest row.
        wait: Wait for another process that is carrying out the run, rather than refuse.

    Returns:
        The run's folder, with ``run.json``, ``history.csv`` and ``network.safetensors`` (train,
        finetune), or ``slices.csv`` and ``panels.npz`` (evaluate; few variations have pictures).

    Raises:
        ClaimedError: Another process is carrying it out, or has done so since, and ``wait`` is false.
        ReconError: The run's data are no longer those that it was planned with, or too few.
    """
    take_share()
    if run.parent is not None and network_file(run.parent) is None:
        execute(run.parent, progress, wait=wait)
    out = folder(run)
    with claim(out, wait=wait):
        if finished(run) and not wait:
            raise ClaimedError(f"{run.id} has been finished by another process.")
        if not finished(run):
            start = time.time()
            work = {"train": _train, "finetune": _fine_tune, "evaluate": _evaluate}[run.kind]
            inputs = work(run, out, progress)
            write_json(out / "run.json", _record(run, out, inputs, time.time() - start).to_json())
        # Last: until the record stands, a stopped run goes on from these; a kill may have come just before this line.
        for path in (out / "checkpoint.safetensors", *out.glob("part-*.safetensors")):
            path.unlink(missing_ok=True)
    return out


def _evaluate(run: Run, out: Path, progress: Progress | None) -> dict:
    return evaluate(run, out, network_file(run.parent) if run.parent else None, progress)


def _record(run: Run, out: Path, inputs: dict, seconds: float) -> RunRecord:
    return RunRecord(
        id=run.id,
        kind=run.kind,
        key=run.key,
        parameters=run.spec.to_json(),
        parent=run.parent.id if run.parent else None,
        inputs=inputs,
        files={path.name: sha256(path) for path in sorted(out.iterdir()) if _is_result(path)},
        seconds=round(seconds, 1),
        versions={
            "recon_lib": __version__,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        precision=_precision(run),
        machine=machine(),
        commit=host.commit(),
        executor=_executor(),
    )


def _executor() -> str:
    """Tell whether a notebook's kernel runs this code."""
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    return "notebook" if hasattr(shell, "kernel") else "library"


def _precision(run: Run) -> str | None:
    """Tell what hidden layers computed in: as the recipe says; in an evaluation float32, whatever the machine has."""
    if isinstance(run.spec, TrainSpec | TuneSpec):
        return run.spec.recipe.precision
    return "float32" if run.parent else None


def _is_result(path: Path) -> bool:
    return path.name in {"history.csv", "network.safetensors", "slices.csv", "panels.npz"}


def _train(run: Run, out: Path, progress: Progress | None) -> dict:
    spec: TrainSpec = run.spec
    pixels, data = training_images(run)
    pool = training_masks(pixels.shape[1:], spec.counts[0], spec.masks, spec.accelerations)
    cascade, history = train_sequential(
        pixels,
        pool[assign_masks(len(pixels), len(pool), spec.seed)],
        architecture=spec.architecture,
        recipe=spec.recipe,
        updates=spec.updates,
        seed=spec.seed,
        folder=out,
        progress=progress,
    )
    card = NetworkCard(run.key, data=data, n_images=len(pixels))
    return _keep_network(run, out, cascade, history, card)


def _fine_tune(run: Run, out: Path, progress: Progress | None) -> dict:
    spec: TuneSpec = run.spec
    images = planned_images(run, spec.test_domain, "pool")
    if spec.n_finetune > len(images.images):
        raise ReconError(
            f"Fine-tuning asks for {spec.n_finetune} images, but the pool of {spec.test_domain!r} has "
            f"{len(images.images)}: ask for fewer."
        )
    order = np.random.default_rng([spec.seed, 1, spec.draw]).permutation(len(images.images))
    pixels = images.images[np.sort(order[: spec.n_finetune])]
    rest = order[spec.n_finetune :][-_HELD:]  # those of the order's end are the same whatever the number of images
    start = network_file(run.parent)
    cascade, card = load_network(start, precision=spec.recipe.precision)
    pool = training_masks(pixels.shape[1:], spec.counts[0], spec.masks, spec.recipe.augmentation.accelerations)
    cascade, history = fine_tune(
        cascade,
        pixels,
        pool,
        recipe=spec.recipe,
        seed=spec.seed + spec.draw,
        folder=out,
        held=images.images[np.sort(rest)] if len(rest) else None,
        progress=progress,
    )
    data = {"pool": images.sha256, "network": sha256(start)}
    return _keep_network(run, out, cascade, history, NetworkCard(run.key, data=data, n_images=card.n_images))


def _keep_network(run: Run, out: Path, cascade: Cascade, history: list[dict], card: NetworkCard) -> dict:
    names = {"run": run.id, "kind": run.kind, **run.key.to_json()}
    write_rows(out / "history.csv", [{**names, **row} for row in history], HISTORY_COLUMNS)
    card = replace(card, run=run.id, kind=run.kind, profile=run.profile.name, parameters=run.spec.to_json())
    save_network(out / "network.safetensors", cascade, card)
    return dict(card.data)
