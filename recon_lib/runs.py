"""Carry out the runs of a profile: train, fine-tune, evaluate, collect.

Each run has a folder named by its identity. What is finished is not done again; what was killed goes
on from its last checkpoint; two processes never work on one run.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

import filelock
import keras
import numpy as np

from recon_lib import __version__, data, paths
from recon_lib.cascade import Cascade
from recon_lib.errors import ReconError
from recon_lib.experiment import Architecture, Profile, Recipe, load_profile
from recon_lib.fourier import undersample, zero_filled
from recon_lib.graph import Run, plan
from recon_lib.inference import reconstruct
from recon_lib.masks import assign_masks, mask_stack
from recon_lib.metrics import slice_metrics
from recon_lib.results import HISTORY_COLUMNS, sha256, write_json, write_panels, write_rows
from recon_lib.training import Progress, fine_tune, train_sequential
from recon_lib.weights import load_network, save_network


def plan_profile(profile: Profile) -> list[Run]:
    """List a profile's runs, with the identities of its data.

    Args:
        profile: The experiment.

    Returns:
        The runs, parents first.
    """
    return plan(profile, {name: data.domain_hash(name, domain) for name, domain in profile.domains.items()})


def folder(run: Run) -> Path:
    """Return a run's folder, ``runs/<profile>/<run-id>``."""
    return paths.runs() / run.profile / run.id


def finished(run: Run) -> bool:
    """Tell whether a run is done: its record is written last."""
    return (folder(run) / "run.json").is_file()


def execute(run: Run, progress: Progress | None = None) -> Path:
    """Carry out a run, and first the run it starts from, unless they are done.

    Args:
        run: One of :func:`plan_profile`.
        progress: Called as work goes on with units done, units in all and the newest row.

    Returns:
        The run's folder, with ``run.json``, ``history.csv`` and ``network.safetensors`` (train,
        finetune), or ``slices.csv`` and ``panels.npz`` (evaluate).
    """
    if run.parent is not None and not finished(run.parent):
        execute(run.parent, progress)
    where = folder(run)
    where.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(where / ".lock"):
        if not finished(run):
            started = time.time()
            work = {"train": _train, "finetune": _fine_tune, "evaluate": _evaluate}[run.kind]
            inputs = work(run, load_profile(run.profile), where, progress)
            _record(run, where, inputs, time.time() - started)
            # Last: until the record stands, a stopped run goes on from here.
            (where / "checkpoint.safetensors").unlink(missing_ok=True)
    return where


def _record(run: Run, where: Path, inputs: dict, seconds: float) -> None:
    files = {path.name: sha256(path) for path in sorted(where.iterdir()) if _is_result(path)}
    record = {
        "id": run.id,
        "kind": run.kind,
        "choice": run.choice,
        "parameters": run.parameters,
        "parent": run.parent.id if run.parent else None,
        "inputs": inputs,
        "files": files,
        "seconds": round(seconds, 1),
        "versions": {
            "recon_lib": __version__,
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    write_json(where / "run.json", record)


def _is_result(path: Path) -> bool:
    return path.suffix in {".csv", ".npz", ".safetensors"} and path.name != "checkpoint.safetensors"


def _train(run: Run, profile: Profile, where: Path, progress: Progress | None) -> dict:
    given = run.parameters
    images = data.load(given["domain"], "train", profile.domains[given["domain"]])
    chosen = training_subset(len(images.images), given["n_train"], given["share"], given["seed"])
    pixels = images.images[chosen]
    pool = mask_stack(pixels.shape[1:], profile.masks.train, "train", profile.mask_spec)
    cascade, history = train_sequential(
        pixels,
        pool[assign_masks(len(pixels), len(pool), given["seed"])],
        architecture=Architecture.from_dict(given["architecture"]),
        recipe=Recipe(**given["recipe"]),
        updates=given["updates"],
        seed=given["seed"],
        folder=where,
        progress=progress,
    )
    return _keep_network(run, where, cascade, history, {"train": images.sha256}, {"n_images": len(pixels)})


def training_subset(available: int, n_train: int, share: float, seed: int) -> np.ndarray:
    """Choose the images of a training run.

    Args:
        available: Images the domain has.
        n_train: Images asked for.
        share: The same, as a share of the profile's largest number: what a domain gives that has too
            few.
        seed: Decides the order from which the first are taken, so that smaller sets lie in larger.

    Returns:
        Sorted indices, all of them for a share of 1.
    """
    count = n_train if available >= round(n_train / share) else max(1, round(share * available))
    return np.sort(np.random.default_rng([seed, available]).permutation(available)[:count])


def _fine_tune(run: Run, profile: Profile, where: Path, progress: Progress | None) -> dict:
    given = run.parameters
    images = data.load(given["test_domain"], "pool", profile.domains[given["test_domain"]])
    if given["n_finetune"] > len(images.images):
        raise ReconError(
            f"Fine-tuning asks for {given['n_finetune']} images, but the pool of {given['test_domain']!r} has "
            f"{len(images.images)}: ask for fewer."
        )
    order = np.random.default_rng([given["seed"], 1, given["draw"]]).permutation(len(images.images))
    pixels = images.images[np.sort(order[: given["n_finetune"]])]
    recipe = Recipe(**given["recipe"])
    cascade, card = load_network(folder(run.parent) / "network.safetensors")
    pool = mask_stack(pixels.shape[1:], profile.masks.train, "train", profile.mask_spec)
    cascade, history = fine_tune(
        cascade, pixels, pool, recipe=recipe, seed=given["seed"] + given["draw"], folder=where, progress=progress
    )
    return _keep_network(run, where, cascade, history, {"pool": images.sha256}, {"n_images": card["n_images"]})


def _keep_network(run: Run, where: Path, cascade: Cascade, history: list[dict], inputs: dict, facts: dict) -> dict:
    named = {"run": run.id, "kind": run.kind, **run.choice}
    write_rows(where / "history.csv", [{**named, **row} for row in history], HISTORY_COLUMNS)
    card = {**named, **facts, "profile": run.profile, "data": inputs, "parameters": run.parameters}
    save_network(where / "network.safetensors", cascade, card)
    return inputs


def _evaluate(run: Run, profile: Profile, where: Path, progress: Progress | None) -> dict:
    name = run.parameters["test_domain"]
    images = data.load(name, "test", profile.domains[name])
    index, masks = test_masks(images.images, profile)
    row = {
        "run": run.id,
        **run.choice,
        "seed": profile.seed,
        "acceleration": profile.acceleration,
    }
    if run.parent is None:
        after = np.abs(zero_filled(undersample(images.images, masks))).astype(np.float32)
        before = None
    else:
        cascade, card = load_network(folder(run.parent) / "network.safetensors")
        row["n_images"] = card["n_images"]
        after, before = _with_progress(cascade, images.images, masks, progress)
    rows = []
    for i, target in enumerate(images.images):
        values = slice_metrics(after[i], target)
        if before is not None:
            own = slice_metrics(before[i], target)
            values |= {"psnr_before_dc": own["psnr"], "ssim_before_dc": own["ssim"]}
        place = {"subject": images.subjects[i], "slice": images.slices[i], "mask": index[i], "scale": images.scales[i]}
        rows.append({**row, **place, **values})
    write_rows(where / "slices.csv", rows)
    _write_panels(where / "panels.npz", run, images, masks, after)
    return {"test": images.sha256}


def test_masks(images: np.ndarray, profile: Profile) -> tuple[np.ndarray, np.ndarray]:
    """Give each test slice its mask, the same for every method.

    Args:
        images: ``(n, height, width)``.
        profile: The experiment.

    Returns:
        The index of each slice's mask, ``(n,)``, and the masks, ``(n, height, width)``.
    """
    pool = mask_stack(images.shape[1:], profile.masks.test, "test", profile.mask_spec)
    index = assign_masks(len(images), len(pool), profile.seed)
    return index, pool[index]


test_masks.__test__ = False  # a name that pytest would collect


def _with_progress(
    cascade: Cascade, images: np.ndarray, masks: np.ndarray, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    for start in range(0, len(images), 32):
        part = slice(start, start + 32)
        parts.append(reconstruct(cascade, images[part], masks[part]))
        if progress:
            progress(min(start + 32, len(images)), len(images), {})
    after, before = zip(*parts, strict=True)
    return np.concatenate(after), np.concatenate(before)


def _write_panels(path: Path, run: Run, images: data.ImageSet, masks: np.ndarray, after: np.ndarray) -> None:
    """Keep the middle slice of each test subject as a picture."""
    name = run.parameters["test_domain"]
    label = run.choice["method"]
    if run.parent is not None:
        label = f"network-{run.choice['training_domain']}-{run.choice['n_train']}-{run.choice['n_finetune']}"
    panels = {}
    if run.choice.get("draw", 0) == 0:
        for subject in sorted(set(images.subjects)):
            places = [i for i, s in enumerate(images.subjects) if s == subject]
            i = places[len(places) // 2]
            key = f"{name}/{subject}/{images.slices[i]}"
            panels[f"{key}/{label}"] = after[i].astype(np.float16)
            if run.parent is None:
                panels[f"{key}/reference"] = images.images[i].astype(np.float16)
                panels[f"{key}/mask"] = masks[i]
    write_panels(path, panels)
