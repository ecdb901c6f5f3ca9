"""Test the released networks on a scanner that no profile trains or tests on, a row a slice.

Of each name that several profiles have released, all are tested on the same slices through the same masks: it is what
:mod:`recon_lib.results.defaults` asks before it prefers one.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from recon_lib import __version__
from recon_lib.core import host
from recon_lib.core.progress import Progress
from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.design import UNSEEN
from recon_lib.experiment.profile import Profile
from recon_lib.imaging.metrics import slice_metrics
from recon_lib.network.files import load_network
from recon_lib.network.inference import reconstruct
from recon_lib.results import scanner
from recon_lib.results.defaults import Released, gains, released_networks
from recon_lib.runs.evaluate import BASELINES, masks_of_test_slices

PROFILE = Profile("scanner", domains={name: Domain() for name in ("natural", "t1", "t2")})
"""The masks are those that every profile has by default."""


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


def measure(networks: Sequence[Released], count: int, source: str = "open", progress: Progress | None = None) -> Path:
    """Reconstruct slices of the unseen scanner's test subject by each network, and write a row a slice.

    Args:
        networks: Which.
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
    rows = _rows({"method": "zero_filled"}, images, BASELINES["zero_filled"](images.images, masks), places)
    for done, network in enumerate(networks, start=1):
        cascade, card = load_network(network.path)
        names = {**card.key.to_json(), "n_finetune": card.key.n_finetune or 0, "test_domain": UNSEEN}
        names |= {"run": card.run, "method": "network", "n_images": card.n_images, "seed": card.parameters.get("seed")}
        rows += _rows(names, images, reconstruct(cascade, images.images, masks)[0], places)
        if progress:
            progress(done, len(networks), {})
    return scanner.write(rows, _details(networks, whole))


def _rows(names: dict, images: ImageSet, reconstructed: np.ndarray, places: list[dict]) -> list[dict]:
    """Measure each slice."""
    pairs = zip(images.images, reconstructed, places, strict=True)
    return [
        {**names, **place, **slice_metrics(reference, image, data_range=reference.max())}
        for reference, image, place in pairs
    ]


def _details(networks: Sequence[Released], images: ImageSet) -> dict:
    """State how the rows were made."""
    versions = {name: version(name) for name in ("keras", "numpy", keras.backend.backend())}
    return {
        "networks": {network.full_name: network.card.sha256 for network in networks},
        "data": {UNSEEN: images.sha256},
        "versions": {**versions, "recon_lib": __version__, "python": platform.python_version()},
        "machine": host.machine(),
        "commit": host.commit(),
    }
