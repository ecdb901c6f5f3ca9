"""A manifest of three small volumes, and the mirror that holds them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
import yaml

from recon_lib.core import paths


def phantom(seed: int, shape: tuple[int, int, int] = (12, 14, 9)) -> np.ndarray:
    """Return a head-like int16 volume: a bright ellipsoid in weak noise, empty at the ends."""
    rng = np.random.default_rng(seed)
    axes = [np.linspace(-1, 1, n) for n in shape]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    ellipsoid = x**2 + y**2 + z**2 < 0.8
    return (rng.integers(0, 20, shape) + ellipsoid * rng.integers(300, 1000, shape)).astype(np.int16)


def save_nifti(path: Path, volume: np.ndarray, codes: str = "RAS", voxel: tuple[float, ...] = (1, 1, 1)) -> Path:
    """Write a volume whose axes point where ``codes`` says."""
    start = nibabel.orientations.axcodes2ornt(tuple(codes))
    affine = nibabel.orientations.inv_ornt_aff(start, volume.shape) @ np.diag([1, 1, 1, 1.0])
    affine[:3, :3] = affine[:3, :3] * np.asarray(voxel, float)
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(volume, affine), path)
    return path


class World:
    """A manifest of two T1 people, and the mirror that holds their volumes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        self.mirror = folder / "mirror"
        self.volumes = {s: phantom(n) for n, s in enumerate(("sub-a", "sub-b", "sub-c"))}
        self.geometry = {"orientation": "LAS", "coverage": 0.1, "below_top": 4, "matrix": [8, 14]}
        self.splits = {"train": ["sub-a", "sub-b"], "test": ["sub-c"]}
        self.content = {"version": 1, "collections": {}, "domains": {}}
        files = []
        for subject, volume in self.volumes.items():
            path = save_nifti(self.mirror / f"set/{subject}.nii.gz", volume, "LAS")
            files.append(self.entry(path, f"set/{subject}.nii.gz", role="volume", domain="t1", subject=subject))
        self.content["collections"]["set"] = self.collection(files=files)
        source = {"collection": "set", "splits": self.splits, "geometry": self.geometry}
        self.content["domains"]["t1"] = {"open": source}

    @staticmethod
    def entry(path: Path, name: str, **fields: str) -> dict:
        content = path.read_bytes()
        url = {"url": f"https://example.org/{name}"}
        return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), **url, **fields}

    @staticmethod
    def collection(**fields: object) -> dict:
        return {
            "title": "A set",
            "licence": "PDDL-1.0",
            "homepage": "https://example.org",
            "citation": "None",
            **fields,
        }

    def use(self, *, mirror: bool = True) -> None:
        """Write the manifest and put it, and the mirror, in the place of the real ones."""
        number = len(list(self.folder.glob("manifest*.yaml")))
        path = self.folder / f"manifest{number}.yaml"
        path.write_text(yaml.safe_dump(self.content, sort_keys=False))
        self.monkeypatch.setattr(paths, "MANIFEST", path)
        if mirror:
            self.monkeypatch.setenv("RECON_DATA_MIRROR", str(self.mirror))
