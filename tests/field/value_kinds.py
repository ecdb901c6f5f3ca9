"""Kinds of values that are no magnitudes: NaN, negative values, a few voxels that outshine the rest."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
from scan_files import head, save_nifti

from field.kinds import Commands, Kind

SHAPE = (96, 80, 2)


def volume() -> np.ndarray:
    """Return the phantom: a bright head, and a background that is nearly zero."""
    return head(SHAPE)


def mended(folder: Path, run: Commands, spoilt: np.ndarray, option: str, field: str, expected: np.ndarray) -> str:
    """Expect a refusal that names the option, and with it the reconstruction of ``expected``."""
    source = save_nifti(folder / "spoilt.nii.gz", spoilt, dtype=np.float32)
    out = folder / "out.nii.gz"
    assert option in run("reconstruct", source, "--output", out).error()
    outcome = run("reconstruct", source, option, "--output", out)
    assert outcome.status == 0, outcome
    note = json.loads((folder / "out.json").read_text(encoding="utf-8"))["notes"][field]
    assert note in outcome.err
    plain = save_nifti(folder / "plain.nii.gz", expected, dtype=np.float32)
    assert run("reconstruct", plain, "--output", folder / "right.nii.gz").status == 0
    image, right = (nibabel.load(path).get_fdata() for path in (out, folder / "right.nii.gz"))
    np.testing.assert_allclose(image, right, atol=1e-3 * right.max())
    return note


def nan(folder: Path, run: Commands) -> str:
    """A background of NaN."""
    right = np.where(volume() > 50, volume(), 0)
    spoilt = np.where(volume() > 50, volume(), np.nan)
    return mended(folder, run, spoilt, "--nan-to-zero", "nan to zero", right)


def negative(folder: Path, run: Commands) -> str:
    """A background below zero, as resampling by splines leaves it."""
    right = np.where(volume() > 50, volume(), 0)
    return mended(folder, run, np.where(volume() > 50, volume(), -12), "--clip-negative", "negative to zero", right)


def spike(folder: Path, run: Commands) -> str:
    """One voxel 15 times as bright as the rest: the rest is reconstructed as without it."""
    spoilt = volume()
    spoilt[60, 20] = 15 * spoilt.max()
    made = {}
    for name, array in (("spike", spoilt), ("plain", volume())):
        source = save_nifti(folder / f"{name}.nii.gz", array, dtype=np.float32)
        outcome = run("reconstruct", source, "--output", folder / f"{name}-out.nii.gz")
        assert ("99.9% percentile" in outcome.err) == (name == "spike"), outcome
        made[name] = nibabel.load(folder / f"{name}-out.nii.gz").get_fdata()
    rest = np.ones(SHAPE[:2], bool)
    rest[58:63, 18:23] = False
    errors = {name: image[rest] / volume().max() - volume()[rest] / volume().max() for name, image in made.items()}
    psnr = {name: -10 * np.log10(np.mean(error**2)) for name, error in errors.items()}
    assert psnr["spike"] > psnr["plain"] - 1, psnr
    return f"{psnr['spike']:.2f} dB beside the voxel; without it {psnr['plain']:.2f} dB; scaled by a percentile, said"


KINDS = [
    Kind("nan", "refused without a way round", "--nan-to-zero, said how many", nan),
    Kind("spike", "costs 10 dB", "scaled by a percentile, said", spike),
    Kind("neg", "refused without a way round", "--clip-negative, said how many", negative),
]
