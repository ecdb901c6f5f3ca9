"""A scan as it was read, and its slices along one of its axes and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError, choose
from recon_lib.scans.storage import Storage

PLANES = {"sagittal": 0, "coronal": 1, "axial": 2}
"""The axis of the body, right, front, up, along which the slices of each plane are stacked."""
AXES = ("axial", "coronal", "sagittal", "0", "1", "2")
ORIENTATION = "LAS"
"""Where the axes of a slice point: as those of the scans that the released networks learned from."""
NEGATIVE = 0.01  # of the maximum: interpolation leaves no lower values in a magnitude image


@dataclass(frozen=True, eq=False)
class Scan:
    """A magnitude volume, or k-space slice by slice.

    Attributes:
        path: The file, or the folder of a DICOM series.
        kind: ``nifti``, ``mgh``, ``dicom``, ``meta``, ``npy`` (magnitudes) or ``kspace``.
        array: float32 magnitudes with the axes of the file, 3-D; or complex64 k-space
            ``(slices, height, width)``, zero where nothing was sampled, zero frequency in the centre.
            The transform is orthonormal, and the last two axes are rows and columns.
        affine: From indices to mm to the right, front and up, ``(4, 4)``; ``None`` if the file has none.
        shape: The shape of the file's array, with axes of length 1 that ``array`` lacks.
        subject: The person who was scanned, as far as the file or its name says.
        contrast: Words of the name and times of the sequence, which tell two contrasts apart.
        files: The files of a DICOM series in the order of ``array``'s last axis.
        notes: What was guessed, left out, reordered or scaled on reading: a sentence by the name it has in the record.
        storage: The integers that the file stores, which the output keeps; ``None`` if it stores floats.
        limits: Boolean ``(height, width)``: within what k-space was acquired; ``None`` for magnitudes.
        mask: The mask that an HDF5 file holds beside k-space, as stored; ``None`` if it holds none.
        computed: The k-space was computed from complex images.
    """

    path: Path
    kind: str
    array: np.ndarray
    affine: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    subject: str = ""
    contrast: dict[str, object] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
    storage: Storage | None = None
    limits: np.ndarray | None = None
    mask: np.ndarray | None = None
    computed: bool = False

    def __post_init__(self) -> None:
        """Refuse what no magnitude image and no k-space can be."""
        check_values(self.array, self.path)
        square = None if self.affine is None else self.affine[:3, :3]
        if square is not None and not (np.isfinite(self.affine).all() and np.linalg.matrix_rank(square) == 3):
            raise ReconError(f"{self.path} does not say where its voxels are: its affine is not finite or not regular.")

    def axis(self, plane: str | None = None) -> int:
        """Return the axis of ``array`` along which slices are stacked.

        Args:
            plane: ``axial``, ``coronal``, ``sagittal``, or the number of the axis. By default the axis
                of length 1 of a single slice, else axial; without geometry, and for k-space, the first.

        Returns:
            0, 1 or 2.

        Raises:
            ReconError: The name is unknown, or a plane is asked for where there is no geometry.
        """
        if plane is not None:
            choose("axis", plane, AXES)
        if self.kind == "kspace":
            if plane not in (None, "0"):
                raise ReconError(f"{self.path} is k-space, slice by slice: leave out --axis {plane}.")
            return 0
        single = [k for k, n in enumerate(self.array.shape) if n == 1]
        if plane is None and (single or self.affine is None):
            return single[0] if single else 0
        plane = plane or "axial"
        if plane.isdigit():
            return int(plane)
        if self.affine is None:
            raise ReconError(f"{self.path} has no geometry, so no {plane} slices: give --axis 0, 1 or 2.")
        import nibabel

        along = nibabel.io_orientation(self.affine)[:, 0]
        return int(np.flatnonzero(along == PLANES[plane])[0])

    def slices(self, plane: str | None = None) -> np.ndarray:
        """Cut the scan into slices, in the order of the file.

        Args:
            plane: As for :meth:`axis`.

        Returns:
            ``(n, height, width)``. Where there is geometry, the axes of a slice run to the left, front
            and up, in this order, whatever the file's do: exchanged and flipped, never interpolated.
        """
        return self.cut(self.array, plane)

    def cut(self, volume: np.ndarray, plane: str | None = None) -> np.ndarray:
        """Cut a volume of the scan's own axes into slices, as :meth:`slices` cuts the scan.

        Args:
            volume: Of ``array``'s shape.
            plane: As for :meth:`axis`.
        """
        return np.ascontiguousarray(self._turn(volume, self.axis(plane)))

    def restore(self, images: np.ndarray, plane: str | None = None) -> np.ndarray:
        """Stack slices into a volume with the axes of the file: the inverse of :meth:`slices`.

        Args:
            images: ``(n, height, width)``.
            plane: As it was for :meth:`slices`.

        Returns:
            Array of ``array``'s shape.
        """
        places = self._turn(np.arange(self.array.size).reshape(self.array.shape), self.axis(plane))
        volume = np.empty(self.array.size, images.dtype)
        volume[places.ravel()] = images.ravel()
        return volume.reshape(self.array.shape)

    def _turn(self, array: np.ndarray, axis: int) -> np.ndarray:
        if self.affine is None:
            return np.moveaxis(array, axis, 0)
        import nibabel

        axes = nibabel.io_orientation(self.affine)
        turn = nibabel.orientations.ornt_transform(axes, nibabel.orientations.axcodes2ornt(tuple(ORIENTATION)))
        turn[axis, 1] = 1  # the axis of the slices is not flipped, so that they keep their numbers
        return np.moveaxis(nibabel.orientations.apply_orientation(array, turn), int(turn[axis, 0]), 0)


def check_values(array: np.ndarray, path: Path) -> None:
    """Refuse an array that is no scan.

    Args:
        array: float32 magnitudes or complex64 k-space.
        path: Its file, for the message.

    Raises:
        ReconError: It is not 3-D, is empty, is zero everywhere, or holds NaN, infinite or, for magnitudes,
            clearly negative values.
    """
    if array.ndim != 3 or not array.size:
        raise ReconError(f"{path} is an array of shape {array.shape}: a scan has three axes, none of them empty.")
    bad = int(array.size - np.isfinite(array).sum())
    if bad:
        raise ReconError(f"{path} holds {bad} NaN or infinite values: add --nan-to-zero, or leave this scan out.")
    if not array.any():
        raise ReconError(f"{path} is zero everywhere: leave this scan out.")
    if not np.iscomplexobj(array) and array.min() < -NEGATIVE * array.max():
        raise ReconError(
            f"{path} holds values down to {array.min():.6g}, and a magnitude is never negative: "
            "give magnitudes (phase, real parts and CT are none), or add --clip-negative where resampling left them."
        )
