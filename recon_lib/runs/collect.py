"""Bring a profile's finished runs into the folder that the book is drawn from, with released networks."""

from __future__ import annotations

import json
import platform
import tempfile
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from recon_lib import __version__
from recon_lib.core import files, host, paths
from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.experiment.design import TUNED
from recon_lib.experiment.named_recipes import FEW_IMAGES, is_of_recipe
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile
from recon_lib.imaging.metrics import psnr
from recon_lib.network.cascade import Cascade
from recon_lib.network.files import load_network, save_network
from recon_lib.network.inference import reconstruct
from recon_lib.network.precision import machine_bfloat16
from recon_lib.results import merge, notebooks, provenance, store
from recon_lib.results.merge import lock, recover, stage_networks
from recon_lib.results.released import NetworkCard, PrecisionCost, released_name
from recon_lib.runs.evaluate import in_headline, masks_of_test_slices
from recon_lib.runs.rounding import measure_cost
from recon_lib.runs.state import finished, folder, plan_profile

_NAMED = ("keras", keras.backend.backend(), "numpy", "scikit-image")  # packages whose version a result depends on
_COMPARED = 24  # test slices on which the cost of half-precision storage is measured


def collect(profile: Profile) -> Path:
    """Merge the finished runs of a profile into ``book/results/<profile>/``.

    What was collected there before, perhaps on another machine, stays if it is still planned and is not
    finished here.

    Args:
        profile: The experiment; runs that are not finished are left out, and listed in the provenance.

    Returns:
        The folder of results: slices, history, panels, released networks and provenance.

    Raises:
        ReconError: Nothing is finished yet.
    """
    out = store.root() / profile.name
    with lock(out):  # two collections at once would move each other's folder away
        recover(out)
        _collect(profile, out)
    return out


def _collect(profile: Profile, out: Path) -> None:
    runs, known = plan_profile(profile), store.collected(profile.name)
    executed = [run for run in runs if finished(run)]
    collected = [run for run in runs if run.id in known and run not in executed]
    if not executed and not collected:
        raise ReconError(f"No run of profile {profile.name!r} is finished: run it first, with make {profile.name}.")
    details = _details(profile, runs, executed, collected)
    networks = stage_networks(out)
    for run in executed:
        if _released(run):
            release(run, networks)
    keep = {run.id: run.key if run.kind == "evaluate" else None for run in collected}
    merge.collect([folder(run) for run in executed], out, details, keep, _notebooks(executed))


def _notebooks(executed: list[Run]) -> dict[str, bytes]:
    """Trim the executed notebooks that are published: of the profile's own runs, and of the grid one draw."""
    pages = {}
    for run in executed:
        path = folder(run) / f"{run.kind}.ipynb"
        inner = run.kind == "evaluate" and not in_headline(run)
        if path.is_file() and not inner and run.key.variation is None and not run.key.draw:
            pages[run.id] = notebooks.as_bytes(notebooks.trim(json.loads(path.read_text(encoding="utf-8"))))
    return pages


def release(run: Run, networks: Path) -> Path:
    """Write a run's network in half precision; its card states what that costs, and what bfloat16 does.

    Args:
        run: A finished training or fine-tuning run.
        networks: The folder of released networks.

    Returns:
        The file, named by :func:`recon_lib.results.released.released_name`.
    """
    source = folder(run) / "network.safetensors"
    path = networks / released_name(run.key)
    cascade, card = load_network(source)
    card = replace(card, profile=run.profile.name, source_sha256=files.sha256(source), **_start(run, card))
    if _is_released(path, card.source_sha256):
        return path
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / path.name
        save_network(trial, cascade, card, stored="float16")
        half, _ = load_network(trial)
        costs = {name: _cost(cascade, half, name, run.profile) for name in _tests(run)}
        rounded = _bfloat16_costs(half, path.stem, str(card.source_sha256), run.profile)
    save_network(path, cascade, replace(card, float16_cost_db=costs, bfloat16_cost=rounded), stored="float16")
    return path


def _start(run: Run, card: NetworkCard) -> dict[str, dict[str, str]]:
    """Name the network that one of the recipe for few images was tuned from; a card of Tables 1 and 2 names none."""
    if run.parent is None or not is_of_recipe(run.key):
        return {}
    name = released_name(run.parent.key).removesuffix(".safetensors")
    return {"tuned_from": {"name": name, "sha256": card.data["network"]}}


def _bfloat16_costs(half: Cascade, name: str, source: str, profile: Profile) -> dict[str, PrecisionCost]:
    """Measure what bfloat16 costs on every contrast; nothing where this machine does not compute in it."""
    _, obstacle = machine_bfloat16()
    tests = () if obstacle else profile.test_domains
    return {domain: measure_cost(half, name, source, domain, profile) for domain in tests}


def _is_released(path: Path, source: str) -> bool:
    """Tell whether a network stands there with its card, both of this source: a kill may have come between them."""
    stated = path.with_suffix(".json")
    if not (path.is_file() and stated.is_file()):
        return False
    card = NetworkCard.from_json(json.loads(stated.read_text(encoding="utf-8")))
    return (card.source_sha256, card.sha256) == (source, files.sha256(path))


def _tests(run: Run) -> tuple[str, ...]:
    return (run.key.test_domain,) if run.kind == "finetune" else run.profile.test_domains


def _cost(cascade: keras.Model, half: keras.Model, name: str, profile: Profile) -> float:
    """Return the mean PSNR that storing the weights in half precision loses, in dB."""
    images = domains.load_images(name, "test", profile.domains[name]).images
    _, masks = masks_of_test_slices(images, profile.mask_spec, profile.masks.test)
    chosen = np.linspace(0, len(images) - 1, min(_COMPARED, len(images))).round().astype(int)
    full = reconstruct(cascade, images[chosen], masks[chosen])[0]
    rounded = reconstruct(half, images[chosen], masks[chosen])[0]
    quality = [
        [
            psnr(reference, image, data_range=reference.max())
            for reference, image in zip(images[chosen], reconstructed, strict=True)
        ]
        for reconstructed in (full, rounded)
    ]
    return float(np.mean(np.subtract(*quality)))


def _released(run: Run) -> bool:
    """Release every raw network, from which fine-tuning can go on anywhere, and the tuned ones of Tables 1 and 2.

    Of the recipe for few images, the network that it starts from, and the first draw of the fewest images.
    """
    if run.kind != "evaluate" and is_of_recipe(run.key):
        fewest = min(run.profile.varied(FEW_IMAGES).fine_tuning.n_finetune)
        return run.kind == "train" or (run.key.draw, run.key.n_finetune) == (0, fewest)
    if run.kind == "evaluate" or run.key.variation is not None:
        return False
    if run.kind == "train":
        return True
    counts = run.profile.fine_tuning.headline
    n_finetune = TUNED if TUNED in counts else max(counts, default=None)
    largest = run.key.n_train == max(run.profile.training.n_train)
    return largest and run.key.draw == 0 and run.key.n_finetune == n_finetune


def _details(profile: Profile, runs: list[Run], executed: list[Run], collected: list[Run]) -> dict:
    known = provenance.verify(store.root() / profile.name)["runs"] if collected else {}
    hashes = {run.id: known[run.id] for run in collected}
    return {
        "profile": {**asdict(profile), "architecture": profile.architecture.as_dict()},
        "data": {name: domains.domain_hash(name, domain) for name, domain in profile.domains.items()},
        "manifest": files.sha256(paths.MANIFEST),
        "runs": hashes | {run.id: files.sha256(folder(run) / "run.json") for run in executed},
        "missing": [run.id for run in runs if run not in executed and run not in collected],
        "versions": {"recon_lib": __version__, **{name: version(name) for name in _NAMED}},
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
        "machine": host.machine(),
        "commit": host.commit(),
    }
