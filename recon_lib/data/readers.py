"""Volumes as arrays: NIfTI by nibabel, MetaImage (.mha, .mhd) by SimpleITK."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from recon_lib.data.quiet import decoding
from recon_lib.errors import ReconError

NIFTI = (".nii", ".nii.gz")
META = (".mha", ".mhd")
LARGEST = 2**29
"""Voxels of the largest volume that is read: 2 GB in float32. A header can claim any number."""


def is_volume(path: Path) -> bool:
    """Tell by its name whether a file is a volume that :func:`read_volume` reads."""
    return path.name.lower().endswith(NIFTI + META)


def read_volume(path: Path, orientation: str = "RAS") -> tuple[np.ndarray, tuple[float, float, float]]:
    """Read a volume with its axes along the body's.

    Args:
        path: A ``.nii``, ``.nii.gz``, ``.mha`` or ``.mhd`` file.
        orientation: What the axes shall point to, in nibabel's letters. ``RAS`` is nibabel's closest
            canonical orientation. Axes are exchanged and flipped, never interpolated.

    Returns:
        The volume, float32 ``(x, y, z)`` in the file's intensity units, and the voxel size along the
        same axes in mm.

    Raises:
        ReconError: The file cannot be read, is not 3-D, or holds a value that is not finite.
    """
    import nibabel

    path = Path(path)
    if not is_volume(path):
        raise ReconError(f"{path} is no volume this library reads: use {', '.join(NIFTI + META)}.")
    try:
        with decoding():
            array, affine = _read_nifti(path) if path.name.lower().endswith(NIFTI) else _read_meta(path)
    except ReconError:
        raise
    except Exception as error:  # each format's decoder raises its own kinds
        raise ReconError(f"Cannot read the volume {path} ({_line(error)}): fetch it again.") from error
    if array.ndim != 3:
        raise ReconError(f"{path} is an array of shape {array.shape}: a volume is 3-D.")
    if not np.isfinite(array).all():
        raise ReconError(f"{path} holds NaN or infinite values: mend or leave out this volume.")
    if not np.isfinite(affine).all() or not np.linalg.det(affine[:3, :3]):
        raise ReconError(f"{path} does not say where its axes point (its affine is singular): mend its header.")
    stored = nibabel.io_orientation(affine)
    wanted = nibabel.orientations.axcodes2ornt(tuple(orientation))
    turn = nibabel.orientations.ornt_transform(stored, wanted)
    sizes = nibabel.affines.voxel_sizes(affine)
    order = np.argsort(turn[:, 0])
    voxel = tuple(float(sizes[int(axis)]) for axis in order)
    return nibabel.orientations.apply_orientation(array, turn), (voxel[0], voxel[1], voxel[2])


def _read_nifti(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import nibabel

    image = nibabel.load(path)
    if math.prod(image.shape) > LARGEST:
        raise ReconError(f"{path} claims to be an array of shape {image.shape}: no scan is so large; check its header.")
    kind = image.get_data_dtype()
    if kind.kind == "c" or kind.fields:
        raise ReconError(f"{path} is complex or in colour: a volume has one real number a voxel.")
    return np.asarray(image.dataobj, dtype=np.float32), np.asarray(image.affine)


def _read_meta(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import SimpleITK

    image = SimpleITK.ReadImage(str(path))
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise ReconError(f"{path} is not a 3-D volume of one number a voxel.")
    array = SimpleITK.GetArrayFromImage(image).astype(np.float32).transpose(2, 1, 0)
    direction = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine = np.eye(4)
    # ITK's axes point to the left and back, nibabel's to the right and front.
    affine[:3, :3] = np.diag([-1.0, -1.0, 1.0]) @ direction
    return array, affine


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip().rstrip(".")
