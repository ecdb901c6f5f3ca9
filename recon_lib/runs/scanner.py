"""Test networks on a scanner that no profile trains or tests on, a row a slice.

Of each name that several profiles have released, all are tested on the same slices through the same masks: it is what
:mod:`recon_lib.results.defaults` asks before it prefers one. So are the networks of the recipe for few images, and
those that they have to equal.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from recon_lib import __version__
from recon_lib.core import host
from recon_lib.core.files import sha256
from recon_lib.core.progress import Progress
from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.design import REFERENCE, TUNED, UNSEEN
from recon_lib.experiment.named_recipes import SOURCE, is_of_recipe
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile, load_profile
from recon_lib.imaging.metrics import slice_metrics
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.results import scanner
from recon_lib.results.defaults import Released, gains, released_networks
from recon_lib.runs import state
from recon_lib.runs.evaluate import BASELINES, masks_of_test_slices

PROFILE = Profile("scanner", domains={name: Domain() for name in ("natural", "t1", "t2")})
"""The masks are those that every profile has by default."""
CONTRAST = "t1"
"""That of the unseen scanner's images."""


def contested() -> list[Released]:
    """List the networks of which a lesser profile has one of the same name that is no better on its own tests.

    Returns:
        Both of each pair: a network that loses in a domain of the profiles stays the lesser one wherever else it is
        tested.

    Raises:
        ReconError: Results fail their check.
    """
    networks: dict[str, Released] = {}
    for holders in released_networks().values():
        for place, network in enumerate(holders):
            for lesser in holders[place + 1 :]:
                if min(gains(network, lesser, None).values(), default=-1.0) >= 0:
                    networks |= {network.full_name: network, lesser.full_name: lesser}
    return list(networks.values())


def recipe_runs() -> list[Run]:
    """List the networks by which the recipe for few images is tested on the unseen scanner.

    Returns:
        Runs of the profile that states the recipe: the networks of the recipe, and those of the profile that they have
        to equal, of the most images. What is tuned is tuned with T1, which the scanner's images are.
    """
    profile = load_profile(SOURCE)
    return [run for run in state.plan_profile(profile) if run.kind != "evaluate" and _is_compared(run)]


def candidates() -> dict[str, Path | None]:
    """List the networks that are tested.

    Returns:
        Files by name: those of :func:`contested`, and those of :func:`recipe_runs`, ``None`` for one that is not here.
        A network that is both is named once.
    """
    released = contested()
    runs = [run for run in recipe_runs() if run.id not in {network.card.run for network in released}]
    return {network.full_name: network.path for network in released} | {run.id: state.network_file(run) for run in runs}


def _is_compared(run: Run) -> bool:
    key = run.key
    if key.test_domain not in (None, CONTRAST):
        return False
    if key.variation is not None:
        return is_of_recipe(key)
    largest = key.n_train == max(run.profile.training.n_train)
    counts = {"natural": (None, TUNED, REFERENCE), CONTRAST: (REFERENCE,)}.get(key.training_domain, ())
    return largest and key.n_finetune in counts


def measure(networks: Mapping[str, Path], count: int, source: str = "open", progress: Progress | None = None) -> Path:
    """Reconstruct slices of the unseen scanner's test subject by each network, and write a row a slice.

    Rows of networks of :func:`recipe_runs` that were tested before, perhaps on another machine, stay if they are of the
    same slices and the network is not among those that are tested now.

    Args:
        networks: Their files by name.
        count: Slices, evenly spread over the head.
        source: ``open``, or ``generated`` for images made by code.
        progress: Called with networks done and networks in all.

    Returns:
        The folder of the rows.

    Raises:
        ReconError: There are fewer slices, or the data cannot be had.
    """
    whole = domains.load_images(UNSEEN, "test", Domain(source=source))
    images = whole.at(whole.evenly_spread(count))
    index, masks = masks_of_test_slices(images.images, PROFILE.mask_spec, PROFILE.masks.test)
    places = [
        {"subject": subject, "slice": number, "scale": scale, "mask": mask, "test_domain": UNSEEN}
        | {"acceleration": PROFILE.acceleration}
        for subject, number, scale, mask in zip(images.subjects, images.slices, images.scales, index, strict=True)
    ]
    details = _details(networks, whole)
    rows = _rows({"method": "zero_filled"}, images, BASELINES["zero_filled"](images.images, masks), places)
    tested = set()
    for done, path in enumerate(networks.values(), start=1):
        cascade, card = load_network(path)
        names = {**card.key.to_json(), "n_finetune": card.key.n_finetune or 0, "test_domain": UNSEEN}
        names |= {"run": card.run, "method": "network", "n_images": card.n_images, "seed": card.parameters.get("seed")}
        rows += _rows(names, images, reconstruct(cascade, images.images, masks)[0], places)
        tested.add(card.run)
        if progress:
            progress(done, len(networks), {})
    kept, hashes = _kept(places, details["data"], {run.id for run in recipe_runs()} - tested)
    details["networks"] |= hashes
    return scanner.write([*rows, *kept], details)


def _kept(places: list[dict], data: Mapping[str, str], runs: Collection[str]) -> tuple[list[dict], dict[str, str]]:
    """Take the rows of networks that were tested before on the same slices, and the hashes of their files."""
    rows, known = scanner.read()
    if rows is None or known["data"] != data:
        return [], {}
    wanted = {(place["subject"], int(place["slice"]), int(place["mask"])) for place in places}
    kept, hashes = [], {}
    for run, part in rows[rows["run"].isin(runs)].groupby("run"):
        alike = set(zip(part["subject"], part["slice"], part["mask"], strict=True)) == wanted
        if alike and str(run) in known["networks"]:
            kept += [dict(row[row.notna()]) for _, row in part.iterrows()]
            hashes[str(run)] = known["networks"][str(run)]
    return kept, hashes


def _rows(names: dict, images: ImageSet, reconstructed: np.ndarray, places: list[dict]) -> list[dict]:
    """Measure each slice."""
    pairs = zip(images.images, reconstructed, places, strict=True)
    return [
        {**names, **place, **slice_metrics(reference, image, data_range=reference.max())}
        for reference, image, place in pairs
    ]


def _details(networks: Mapping[str, Path], images: ImageSet) -> dict:
    """State how the rows were made."""
    versions = {name: version(name) for name in ("keras", "numpy", keras.backend.backend())}
    return {
        "networks": {name: sha256(path) for name, path in networks.items()},
        "data": {UNSEEN: images.sha256},
        "versions": {**versions, "recon_lib": __version__, "python": platform.python_version()},
        "machine": host.machine(),
        "commit": host.commit(),
    }
