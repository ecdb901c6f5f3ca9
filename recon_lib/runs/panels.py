"""Complete the pictures of collected evaluations: one more slice of each, reconstructed again by the same method."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile
from recon_lib.imaging.metrics import psnr
from recon_lib.results import merge, store
from recon_lib.results.panels import PanelKey
from recon_lib.results.places import Place, median_place
from recon_lib.results.store import Results
from recon_lib.runs.evaluate import is_pictured, masks_of_test_slices, panels_of_slice, reconstruct_slices
from recon_lib.runs.images import planned_images
from recon_lib.runs.state import network_file, plan_profile

AGREE = 0.02
"""The largest difference in dB between a slice's row and its reconstruction here: released networks are in half
precision, which costs less than 0.001 dB on average, and another machine rounds otherwise."""


@dataclass(frozen=True)
class Completion:
    """What was added to the pictures of a profile.

    Attributes:
        places: The slice of each test domain.
        added: Pictures that were added.
        lacking: The evaluations whose network was not released, so that nothing can be added of them.
        largest: The largest difference between a row's PSNR and that of its reconstruction here, in dB.
    """

    places: dict[str, Place]
    added: list[PanelKey]
    lacking: list[str]
    largest: float


def complete_panels(profile: Profile, report: Callable[[str], None] | None = None) -> Completion:
    """Add the pictures of the median test slice to a profile's results, from its released networks.

    Every evaluation that was collected and of which pictures are kept is done again for that slice alone. A picture is
    taken only if its PSNR is that of the slice's row; otherwise the results stay as they were.

    Args:
        profile: The experiment.
        report: Called with the name of each run that is done.

    Returns:
        What was added. A second call adds nothing.

    Raises:
        ReconError: There are no results, the data are not those of the runs, or a reconstruction has another PSNR
            than its row.
    """
    out = store.root() / profile.name
    with merge.lock(out):
        merge.recover(out)
        results = store.open_results(profile.name)
        places = {name: median_place(results.slices, name) for name in sorted(set(results.slices["test_domain"]))}
        known = results.panels | results.varied_panels
        added: dict[PanelKey, np.ndarray] = {}
        loaded: dict[tuple, tuple[ImageSet, np.ndarray]] = {}
        lacking, differences = [], [0.0]
        for run in plan_profile(profile):
            if run.id not in results.records or run.kind != "evaluate" or run.key.draw or not is_pictured(run):
                continue
            place = places[run.key.test_domain]
            if PanelKey(run.key.test_domain, *place, run.key.picture, run.key.variation or "") in known:
                continue
            network = None if run.parent is None else network_file(run.parent)
            if run.parent is not None and network is None:
                lacking.append(run.id)
                continue
            panels, difference = _reconstruct(run, results, place, network, loaded)
            added |= panels
            differences.append(difference)
            if report:
                report(run.id)
        if added:
            merge.add_panels(out, added)
    return Completion(places, sorted(added), lacking, max(differences))


def _reconstruct(
    run: Run, results: Results, place: Place, network: Path | None, loaded: dict[tuple, tuple[ImageSet, np.ndarray]]
) -> tuple[dict[PanelKey, np.ndarray], float]:
    """Reconstruct one slice as the evaluation did, and compare its PSNR with the slice's row.

    Many runs test the same slices with the same masks, so these are loaded once.
    """
    spec = run.spec
    sampled = (spec.test_domain, spec.split, spec.masks, spec.counts)
    if sampled not in loaded:
        images = planned_images(run, spec.test_domain, spec.split)
        loaded[sampled] = images, masks_of_test_slices(images.images, spec.masks, spec.counts[1])[1]
    images, masks = loaded[sampled]
    index = list(zip(images.subjects, map(int, images.slices), strict=True)).index(place)
    only = slice(index, index + 1)
    with tempfile.TemporaryDirectory() as scratch:
        after, _ = reconstruct_slices(spec, images.images[only], masks[only], Path(scratch), network)
    reference = images.images[index]
    rows = results.variations if run.key.variation else results.slices
    row = rows[(rows["run"] == run.id) & (rows["subject"] == place[0]) & (rows["slice"] == place[1])]
    if len(row) != 1:
        raise ReconError(f"{run.id} has {len(row)} rows of {place[0]} slice {place[1]}: collect it again.")
    expected, measured = float(row["psnr"].iloc[0]), psnr(reference, after[0], data_range=reference.max())
    if not abs(measured - expected) <= AGREE:
        raise ReconError(
            f"{run.id} gives {measured:.3f} dB on {place[0]} slice {place[1]}, but its row says {expected:.3f} dB: "
            f"the network or the data are not those of the run. Nothing was changed; collect the run again."
        )
    return panels_of_slice(run, images, index, masks[index], after[0]), abs(measured - expected)
