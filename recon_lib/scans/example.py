"""Scans made by code, as files: to try the commands and the notebook without data of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon_lib.core.files import write_bytes
from recon_lib.data.generated import generate

# The volumes are oblique and have voxels that are longer along the third axis, as clinical scans do.
_DIRECTION = np.array([[0.99, -0.10, 0.10], [0.09, 0.99, 0.11], [-0.11, -0.10, 0.99]])
_VOXEL = (1.2, 1.0, 4.0)  # mm


def write_examples(folder: Path, matrix: tuple[int, int] = (40, 48), slices: int = 4) -> list[Path]:
    """Write a few generated heads as NIfTI volumes, one a subject.

    Args:
        folder: Made if it is not there.
        matrix: ``(height, width)`` of a slice.
        slices: How many each volume has.

    Returns:
        The files, ``sub-05_T1w.nii.gz`` and so on.
    """
    import nibabel

    basis, _ = np.linalg.qr(_DIRECTION)
    affine = nibabel.affines.from_matvec(basis * np.sign(np.diag(basis)) * _VOXEL, [-24.0, -20.0, 10.0])
    paths = []
    for split in ("pool", "test"):
        images = generate("t1", split, matrix, 2 * slices)
        for subject in dict.fromkeys(images.subjects):
            indices = [k for k, name in enumerate(images.subjects) if name == subject]
            volume = np.stack([images.images[k] * images.scales[k] for k in indices], axis=2)
            image = nibabel.Nifti1Image(np.rint(volume).astype(np.int16), affine)
            path = folder / f"sub-{subject.split('-')[1]}_T1w.nii"
            write_bytes(path, image.to_bytes())
            paths.append(path)
    return paths
