"""Slices that the experiment with several coils is tested on: their full k-space, references and estimated maps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.progress import Progress
from recon_lib.core.strict_yaml import build
from recon_lib.data.domains import Domain, load_images
from recon_lib.data.imageset import ImageSet
from recon_lib.data.raw_slice import load_raw_slice
from recon_lib.experiment.coil_profile import REAL
from recon_lib.imaging.coil_data import simulate_kspace
from recon_lib.imaging.coil_maps import estimate_maps
from recon_lib.imaging.coil_simulation import CoilSimulation, simulate_maps
from recon_lib.imaging.coils import combine
from recon_lib.imaging.fourier import ifft2c
from recon_lib.imaging.masks import MaskSpec, calibration_block, poisson_disc_mask

FILE = "maps.safetensors"


@dataclass(frozen=True, eq=False)
class CoilSlice:
    """A slice with everything that a test of it needs.

    Attributes:
        subject: The person, or the name of the real slice's file.
        number: Of the slice.
        kspace: Full k-space, complex64 ``(coils, height, width)``.
        reference: Complex ``(height, width)``: of a simulated slice without noise, of the real one combined.
        maps: Estimated from the centre that every mask samples, complex64 ``(coils, height, width)``.
        seconds: What the maps took.
    """

    subject: str
    number: int
    kspace: np.ndarray
    reference: np.ndarray
    maps: np.ndarray
    seconds: float

    def mask(self, masks: MaskSpec) -> np.ndarray:
        """Return the mask that undersamples this slice, of the test set.

        Args:
            masks: Which family of masks.
        """
        return poisson_disc_mask(self.reference.shape, self.number, "test", masks)


def source_of(spec: Mapping) -> Domain:
    """Return where a run's images come from.

    Args:
        spec: The run's parameters.
    """
    return build(Domain, spec["source"], "source")


def masks_of(spec: Mapping, acceleration: float) -> MaskSpec:
    """Return what a run's masks are drawn by.

    Args:
        spec: The run's parameters.
        acceleration: One of its accelerations.
    """
    return MaskSpec(acceleration, calibration=spec["calibration"], seed=spec["seed"])


def simulation_of(spec: Mapping) -> CoilSimulation:
    """Return what a run's coils are drawn from.

    Args:
        spec: The run's parameters.
    """
    return build(CoilSimulation, spec["simulation"], "simulation")


def measure_maps(spec: Mapping, out: Path, progress: Progress | None = None) -> None:
    """Estimate the coil maps of all slices of a test, from the block that every mask samples.

    Args:
        spec: The parameters of a run of the kind ``maps``.
        out: Its folder; it receives one file.
        progress: Called with slices done, slices in all and an empty row.
    """
    arrays, seconds = {}, []
    slices = [(subject, number, kspace) for subject, number, kspace, _ in _full_slices(spec)]
    for done, (_, _, kspace) in enumerate(slices):
        block = calibration_block(kspace.shape[1:], masks_of(spec, spec["accelerations"][0]))
        start = time.perf_counter()
        maps = estimate_maps(kspace, block)
        arrays[f"{done:04d}"] = np.stack((maps.real, maps.imag))
        seconds.append(time.perf_counter() - start)
        if progress:
            progress(done + 1, len(slices), {})
    save_arrays(out / FILE, arrays, {"seconds": seconds})


def open_slices(spec: Mapping, out: Path) -> list[CoilSlice]:
    """Give the slices of a test, whose maps are estimated already.

    Args:
        spec: The parameters of a run of the kind ``maps``.
        out: Its folder.
    """
    arrays, state = load_arrays(out / FILE)
    slices = []
    for place, (subject, number, kspace, image) in enumerate(_full_slices(spec)):
        maps = (arrays[f"{place:04d}"][0] + 1j * arrays[f"{place:04d}"][1]).astype(np.complex64)
        reference = combine(ifft2c(kspace), maps) if image is None else image
        slices.append(CoilSlice(subject, number, kspace, reference, maps, state["seconds"][place]))
    return slices


def _full_slices(spec: Mapping) -> list[tuple[str, int, np.ndarray, np.ndarray | None]]:
    """Return subject, number, full k-space and noiseless image of every slice; of the real one there is none."""
    if spec["domain"] == REAL:
        return [(REAL, 0, load_raw_slice(), None)]
    whole = load_images(spec["domain"], spec["split"], source_of(spec))
    images = whole.at(whole.evenly_spread(min(spec["slices"], len(whole))))
    return [_simulated(images, place, spec) for place in range(len(images))]


def _simulated(images: ImageSet, place: int, spec: Mapping) -> tuple[str, int, np.ndarray, np.ndarray]:
    """Give an image coils, a phase and noise, which its subject and number decide."""
    simulation, image = simulation_of(spec), images.images[place]
    subject, number = images.subjects[place], images.slices[place]
    rng = np.random.default_rng([spec["seed"], 5, number, *subject.encode()])
    maps = simulate_maps(image.shape, simulation, rng)
    maps = maps[maps.any(axis=(1, 2))]
    return subject, number, *simulate_kspace(image, maps, simulation, rng)
