"""Volumes as arrays: NIfTI and FreeSurfer's MGH by nibabel, MetaImage (.mha, .mhd) by SimpleITK."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.decoding import decoding

if TYPE_CHECKING:
    import nibabel
    import SimpleITK

NIFTI = (".nii", ".nii.gz")
META = (".mha", ".mhd")
MGH = (".mgz", ".mgh")
LARGEST = 2**29
"""Voxels of the largest volume that is read: 2 GB in float32. A header can claim any number."""


def is_volume(path: Path) -> bool:
    """Tell by its name whether a file is a volume that :func:`read_volume` reads."""
    return path.name.lower().endswith(NIFTI + META + MGH)


def read_volume(path: Path, orientation: str = "RAS") -> tuple[np.ndarray, tuple[float, float, float]]:
    """Read a volume with its axes along the body's.

    Args:
        path: A ``.nii``, ``.nii.gz``, ``.mgz``, ``.mgh``, ``.mha`` or ``.mhd`` file.
        orientation: What the axes shall point to, in nibabel's letters. ``RAS`` is nibabel's closest
            canonical orientation. Axes are exchanged and flipped, never interpolated.

    Returns:
        The volume, float32 ``(x, y, z)`` in the file's intensity units, and the voxel size along the
        same axes in mm.

    Raises:
        ReconError: The file cannot be read, is not 3-D, or holds a value that is not finite.
    """
    import nibabel

    array, affine = read_array(path)
    if array.ndim != 3:
        raise ReconError(f"{path} is an array of shape {array.shape}: a volume is 3-D.")
    if not np.isfinite(array).all():
        raise ReconError(f"{path} holds NaN or infinite values: mend or leave out this volume.")
    if not np.isfinite(affine).all() or not np.linalg.det(affine[:3, :3]):
        raise ReconError(f"{path} does not say where its axes point (its affine is singular): mend its header.")
    axes = nibabel.io_orientation(affine)
    target_axes = nibabel.orientations.axcodes2ornt(tuple(orientation))
    turn = nibabel.orientations.ornt_transform(axes, target_axes)
    sizes = nibabel.affines.voxel_sizes(affine)
    order = np.argsort(turn[:, 0])
    voxel = tuple(float(sizes[int(axis)]) for axis in order)
    return nibabel.orientations.apply_orientation(array, turn), (voxel[0], voxel[1], voxel[2])


def read_array(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a volume as it is stored.

    Args:
        path: A ``.nii``, ``.nii.gz``, ``.mgz``, ``.mgh``, ``.mha`` or ``.mhd`` file.

    Returns:
        The array, float32 with the axes of the file, in its intensity units; and the affine, float64
        ``(4, 4)``, from indices to mm to the right, to the front and upwards.

    Raises:
        ReconError: The file cannot be read, or holds colours or complex numbers.
    """
    path = Path(path)
    if not is_volume(path):
        raise ReconError(f"{path} is no volume this library reads: use {', '.join(NIFTI + META + MGH)}.")
    try:
        # A value that is too large for float32 becomes infinite, which the caller refuses.
        with decoding(), np.errstate(over="ignore", invalid="ignore"):
            return _read_meta(path) if path.name.lower().endswith(META) else _read_nibabel(path)
    except ReconError:
        raise
    except Exception as error:  # each format's decoder raises errors of its own
        raise ReconError(f"Cannot read the volume {path} ({_line(error)}): fetch it again.") from error


def open_image(path: Path) -> nibabel.spatialimages.SpatialImage:
    """Open a NIfTI or MGH file; its values are read when they are used.

    Args:
        path: The file.
    """
    import nibabel

    if path.suffix.lower() == ".mgh":  # nibabel would leave the file open
        return nibabel.MGHImage.from_bytes(path.read_bytes())
    return nibabel.load(path)


def itk_volume(image: SimpleITK.Image) -> tuple[np.ndarray, np.ndarray]:
    """Return the array and the affine of an image of SimpleITK, in nibabel's conventions.

    Args:
        image: 3-D, one number a voxel.

    Returns:
        float32 ``(i, j, k)``, and the affine as :func:`read_array` gives it.
    """
    import SimpleITK

    array = SimpleITK.GetArrayFromImage(image).astype(np.float32).transpose(2, 1, 0)
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    # ITK's axes point to the left and back, nibabel's to the right and front.
    return array, np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def _read_nibabel(path: Path) -> tuple[np.ndarray, np.ndarray]:
    _check_compression(path)
    image = open_image(path)
    if math.prod(image.shape) > LARGEST:
        raise ReconError(f"{path} claims to be an array of shape {image.shape}: no scan is so large; check its header.")
    kind = image.get_data_dtype()
    if kind.kind == "c":
        raise ReconError(f"{path} holds complex numbers: a volume is made of magnitudes.")
    if kind.fields:
        raise ReconError(f"{path} is in colour: a volume has one number a voxel.")
    return np.asarray(image.dataobj, dtype=np.float32), np.asarray(image.affine, dtype=np.float64)


def _check_compression(path: Path) -> None:
    """Refuse a file whose name does not say whether it is compressed by gzip."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    name = path.name
    plain = {".gz": name[:-3], ".mgz": f"{name[:-4]}.mgh"}.get(path.suffix.lower())
    if compressed and plain is None:
        packed = f"{name[:-4]}.mgz" if path.suffix.lower() == ".mgh" else f"{name}.gz"
        raise ReconError(f"{path} is compressed by gzip, which its name does not say: rename it to {packed}.")
    if not compressed and plain is not None and path.stat().st_size:
        raise ReconError(
            f"{path} is not compressed by gzip, as its name says: rename it to {plain}, or fetch it again."
        )


def _read_meta(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import SimpleITK

    image = SimpleITK.ReadImage(str(path))
    if "complex" in image.GetPixelIDTypeAsString():
        raise ReconError(f"{path} holds complex numbers: a volume is made of magnitudes.")
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise ReconError(f"{path} is not a 3-D volume of one number a voxel.")
    return itk_volume(image)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip().rstrip(".")
