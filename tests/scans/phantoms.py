"""Complex images and k-space of many kinds for the tests of k-space, by the transform's definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from laws import direct_fft2c
from scan_files import head

from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.scans.coil_hdf5 import StoredCoils
from recon_lib.scans.coil_kspace import check_coil_kspace
from recon_lib.scans.options import ReadOptions

SIZES = [(48, 40), (47, 40), (40, 47), (45, 39), (64, 32)]
"""Even and odd, square and not."""
sizes = st.sampled_from(SIZES)


def images(size=(48, 40), slices=2, seed=0, phase=1.0):
    """Heads with a smooth phase, the image's origin in the centre: complex128 ``(slices, height, width)``."""
    volume = np.moveaxis(head((*size, slices), seed=seed), 2, 0).astype(float)
    y, x = np.meshgrid(*(np.linspace(-1, 1, n) for n in size), indexing="ij")
    return volume * np.exp(1j * phase * (0.7 + 0.5 * x - 0.4 * y + 0.8 * x * y))


def kspace(size=(48, 40), **options):
    """Their k-space as the convention has it."""
    return direct_fft2c(images(size, **options))


def random_mask(size, share=0.4, seed=0):
    """Scattered samples with a full centre, boolean ``size``."""
    mask = np.random.default_rng(seed).random(size) < share
    mask[tuple(slice(n // 2 - 4, n // 2 + 5) for n in size)] = True
    return mask


def coil_kspace(size=(48, 40), slices=2, coils=4, seed=0, noise=1.0):
    """Full k-space of several coils with noise, ``(slices, coils, *size)``, the images and the maps that made it."""
    rng = np.random.default_rng(seed)
    objects = images(size, slices, seed)
    maps = simulate_maps(size, CoilSimulation(coils=(coils, coils)), rng)
    full = direct_fft2c(objects[:, None] * maps)
    return (full + noise * complex_noise(full.shape, rng)).astype(np.complex64), objects, maps


def coil_scan(array, path="raw.h5", options=None, **stored):
    """K-space of several coils as if it had been read from a file that states more."""
    return check_coil_kspace(Path(path), StoredCoils(array, **stored), options or ReadOptions())


def coil_mask(size=(48, 40), share=0.3, side=16, seed=0):
    """Scattered samples with a full centre that is large enough for maps, boolean ``size``."""
    mask = np.random.default_rng(seed).random(size) < share
    mask[tuple(slice(n // 2 - side // 2, n // 2 - side // 2 + side) for n in size)] = True
    return mask


def ellipse(size):
    """The ellipse that touches the edges."""
    y, x = np.meshgrid(*((np.arange(n) - n // 2) / (n / 2) for n in size), indexing="ij")
    return y**2 + x**2 <= 1
