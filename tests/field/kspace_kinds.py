"""Kinds of k-space: where its zero frequency is, and what of it was acquired."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from laws import direct_fft2c
from scan_files import head

from field.kinds import Commands, Kind

SHAPE = (3, 96, 80)


def images() -> np.ndarray:
    """Return the phantom, ``(slices, height, width)``."""
    _, height, width = SHAPE
    return np.moveaxis(head((height, width, SHAPE[0])), 2, 0)


def save(folder: Path, array: np.ndarray, name: str = "k.npy") -> Path:
    """Save an array as complex64."""
    np.save(folder / name, array.astype(np.complex64))
    return folder / name


def centred(folder: Path, run: Commands) -> str:
    """K-space as the convention has it: no note, and the PSNR that the other kinds are compared with."""
    outcome = run("evaluate", save(folder, direct_fft2c(images())))
    assert (outcome.status, outcome.err) == (0, ""), outcome
    return f"{outcome.psnr():.1f} dB"


KINDS = [
    Kind("k_centred", "as right", "nothing is said", centred),
]
