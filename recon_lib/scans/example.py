"""Scans made by code, as files: to try the commands and the notebook without data of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon_lib.core.files import write_bytes
from recon_lib.data.generated import generate

# Oblique, with voxels that are longer along the third axis, as clinical scans are.
_DIRECTION = np.array([[0.99, -0.10, 0.10], [0.09, 0.99, 0.11], [-0.11, -0.10, 0.99]])
_VOXEL = (1.2, 1.0, 4.0)  # mm


def write_examples(folder: Path, matrix: tuple[int, int] = (40, 48), slices: int = 4) -> list[Path]:
    """Write a few generated heads as NIfTI volumes, one a subject.

    Args:
        folder: Made if it is not there.
        matrix: ``(height, width)`` of a slice.
        slices: Of each volume.

    Returns:
        The files, ``sub-05_T1w.nii.gz`` and so on.
    """
    import nibabel

    left, _ = np.linalg.qr(_DIRECTION)
    affine = nibabel.affines.from_matvec(left * np.sign(np.diag(left)) * _VOXEL, [-24.0, -20.0, 10.0])
    paths = []
    for split in ("pool", "test"):
        made = generate("t1", split, matrix, 2 * slices)
        for subject in dict.fromkeys(made.subjects):
            chosen = [k for k, name in enumerate(made.subjects) if name == subject]
            volume = np.stack([made.images[k] * made.scales[k] for k in chosen], axis=2)
            image = nibabel.Nifti1Image(np.rint(volume).astype(np.int16), affine)
            path = folder / f"sub-{subject.split('-')[1]}_T1w.nii"
            write_bytes(path, image.to_bytes())
            paths.append(path)
    return paths
