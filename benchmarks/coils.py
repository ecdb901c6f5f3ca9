"""Slices of eight simulated coils: ESPIRiT's maps, our network, CG-SENSE, and L1-ESPIRiT by SigPy and by BART."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np

from benchmarks import harness, peers
from recon_lib.baselines.coils import cg_sense, l1_bart, l1_sigpy
from recon_lib.data.domains import load_images
from recon_lib.experiment.coil_profile import CoilProfile, load_coil_profile
from recon_lib.imaging.coil_data import acquired_coils, simulate_kspace
from recon_lib.imaging.coil_maps import estimate_maps
from recon_lib.imaging.coil_simulation import CoilSimulation, simulate_maps
from recon_lib.imaging.masks import MaskSpec, poisson_disc_mask
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_inference import reconstruct_coils

COILS, ACCELERATION, SLICES, ROUNDS = 8, 6.0, 2, 3
Slices = list[tuple[np.ndarray, np.ndarray, np.ndarray]]
"""K-space ``(coils, height, width)``, zero where nothing was sampled, the mask, and maps, of each slice."""


def undersampled_slices(profile: CoilProfile, coils: int) -> Slices:
    """Return slices of the test person from the middle of the head, with simulated coils and their true maps.

    Args:
        profile: Whose test images and masks are taken.
        coils: How many.
    """
    whole = load_images(profile.test_domain, "test", profile.domains[profile.test_domain]).images
    middle = len(whole) // 2
    spec = CoilSimulation(coils=(coils, coils))
    slices = []
    for number, image in enumerate(whole[middle : middle + SLICES]):
        rng = np.random.default_rng([number, coils])
        maps = simulate_maps(image.shape, spec, rng)
        mask = poisson_disc_mask(image.shape, number, "test", MaskSpec(ACCELERATION, calibration=profile.calibration))
        slices.append((simulate_kspace(image, maps, spec, rng)[0] * mask, mask, maps))
    return slices


def measure(tiny: bool) -> harness.Rows:
    """Time all methods in turn, a slice at a time; the network's time does not depend on how it was trained."""
    profile = load_coil_profile("smoke" if tiny else "desk")
    slices = undersampled_slices(profile, 3 if tiny else COILS)
    work = _work(profile)
    seconds = harness.interleave(
        {key: lambda call=call: [call(*item) for item in slices] for key, (call, _) in work.items()},
        1 if tiny else ROUNDS,
    )
    maps = statistics.median(seconds.get(_MAPS, [0.0])) / len(slices)
    rows = []
    for key, values in seconds.items():
        taken = harness.timing(values, len(slices))
        row = {"what": key[0], "tool": key[1], "size": list(slices[0][1].shape), "slices": len(slices)}
        if maps and key != _MAPS:
            row["seconds"] = taken["seconds_per_slice"] + maps
        rows.append({**row, "iterations": work[key][1], **taken})
    return rows


_MAPS = ("maps by ESPIRiT", "sigpy")


def _work(profile: CoilProfile) -> dict[tuple[str, str], tuple[Callable[..., object], int | None]]:
    """Name what is timed, with a function of a slice and its iterations; peers only where they are installed."""
    cascade = build_coils(CoilCascade(profile.architecture))
    sense, l1 = max(profile.baselines.sense_iterations), profile.baselines.l1_iterations

    def reconstruct(kspace: np.ndarray, mask: np.ndarray, maps: np.ndarray) -> np.ndarray:
        return reconstruct_coils(cascade, acquired_coils(kspace[None], mask[None], maps[None]))

    work: dict = {
        ("network", "recon_lib"): (reconstruct, None),
        ("CG-SENSE", "recon_lib"): (lambda *item: cg_sense(*item, iterations=sense), sense),
    }
    if peers.there("sigpy"):
        work["L1-ESPIRiT", "sigpy"] = lambda *item: l1_sigpy(*item, iterations=l1), l1
        work[_MAPS] = lambda kspace, mask, _: estimate_maps(kspace, mask), None
    if peers.there("bart"):
        work["L1-ESPIRiT", "bart"] = lambda *item: l1_bart(*item, iterations=l1), l1
    return work


if __name__ == "__main__":
    harness.main("coils", measure, ["keras", "tensorflow"], peers.peer_versions("sigpy"))
