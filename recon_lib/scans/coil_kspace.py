"""Raw k-space of several coils, read from a file and checked: arrays, fastMRI's HDF5, BART's ``.cfl``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.arrays import ARRAYS, load_array
from recon_lib.scans.bart import CFL, cfl_coils, read_cfl_coils
from recon_lib.scans.coil_hdf5 import StoredCoils, hdf5_coils, read_hdf5_coils
from recon_lib.scans.kspace import HDF5
from recon_lib.scans.kspace_order import check_kspace
from recon_lib.scans.limits import is_full
from recon_lib.scans.options import ReadOptions, mend_values
from recon_lib.scans.read import is_reconstruction

_ALIKE = 0.99  # Of the samples of all coils: a few of a coil may be zero by chance, of whole numbers for example.


@dataclass(frozen=True, eq=False)
class CoilKspace:
    """K-space of several coils.

    Attributes:
        path: The file.
        stored: Its content in the library's convention: zero frequency in the centre, zero where not sampled.
        mask: Boolean ``(slices, height, width)``, true where it was sampled.
        limits: Boolean ``(height, width)``: within what k-space was acquired.
        notes: What a user should know: a sentence by the name it has in the record.
    """

    path: Path
    stored: StoredCoils
    mask: np.ndarray
    limits: np.ndarray
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def array(self) -> np.ndarray:
        """The samples, complex64 ``(slices, coils, height, width)``."""
        return self.stored.array

    @property
    def image_size(self) -> tuple[int, int]:
        """``(height, width)`` of its images: less than that of k-space where an oversampled axis is left."""
        return self.stored.image or self.mask.shape[1:]

    @property
    def coils(self) -> int:
        """The number of coils."""
        return self.array.shape[1]

    @property
    def filled(self) -> np.ndarray:
        """The slices that hold samples, integers ``(n,)``."""
        return np.flatnonzero(self.mask.any(axis=(1, 2)))

    @property
    def is_undersampled(self) -> bool:
        """Whether it was not fully sampled within its limits, empty slices apart."""
        return not is_full(self.mask[self.filled], self.limits)


def count_coils(path: Path, coils_axis: int | None = None) -> int:
    """Return how many coils a file is of, by its header alone; 1 for whatever is no raw k-space.

    Args:
        path: A file, or a folder.
        coils_axis: Which axis of an array holds the coils; an array is of one coil if that is not said.

    Raises:
        ReconError: Its header cannot be read.
    """
    name = path.name.lower()
    if not path.is_file():
        return 1
    if name.endswith(HDF5):
        return hdf5_coils(path)
    if name.endswith(CFL):
        return cfl_coils(path)
    # How many there are is found out when it is read, and one alone refused then.
    return 1 if coils_axis is None else 2


def read_coils(path: Path, coils_axis: int | None = None, options: ReadOptions | None = None) -> CoilKspace:
    """Read k-space of several coils.

    Args:
        path: ``.npy`` or ``.npz`` with the coils along ``coils_axis``; fastMRI's HDF5, a dataset ``kspace`` of shape
            ``(slices, coils, height, width)``; or BART's ``.cfl``.
        coils_axis: Which axis of an array holds the coils; the others are rows and columns, and slices before them.
        options: What the user says of it.

    Returns:
        The k-space, in the library's convention.

    Raises:
        ReconError: The file is unreadable, another kind of file, or a reconstruction of this library; the axis is
            missing or wrong, there is one coil alone, values are not finite, the coils were not sampled alike, or it
            does not look like k-space.
    """
    path, options = Path(path), options or ReadOptions()
    name = path.name.lower()
    if is_reconstruction(path):
        raise ReconError(f"{path} is a reconstruction that this library wrote, not a scan: name what it was made of.")
    if not name.endswith((*ARRAYS, *CFL, *HDF5)):
        raise ReconError(f"{path} is no file of several coils: give .npy, .npz, .h5 or BART's .cfl.")
    if coils_axis is not None and not name.endswith(ARRAYS):
        raise ReconError(f"{path} says itself which axis holds the coils: leave out --coils.")
    if name.endswith(ARRAYS):
        stored = StoredCoils(_ordered(path, load_array(path), coils_axis))
    elif name.endswith(CFL):
        stored = StoredCoils(read_cfl_coils(path))
    else:
        stored = read_hdf5_coils(path)
    return check_coil_kspace(path, stored, options)


def check_coil_kspace(path: Path, stored: StoredCoils, options: ReadOptions) -> CoilKspace:
    """Check k-space of several coils, bring it to the convention, and find out where it was sampled.

    Args:
        path: The file, for messages.
        stored: What it holds.
        options: What the user says of it.

    Returns:
        The k-space; its notes say what was changed.

    Raises:
        ReconError: As :func:`read_coils`.
    """
    array = stored.array
    if not np.iscomplexobj(array):
        raise ReconError(f"{path} holds real numbers: k-space is complex.")
    if array.shape[1] < 2:
        raise ReconError(f"{path} has one coil along that axis: leave out --coils, or name another axis.")
    array, notes = mend_values(array, options)
    if not np.isfinite(array).all():
        raise ReconError(
            f"{path} holds {(~np.isfinite(array)).sum()} NaN or infinite values: export it again, or add --nan-to-zero."
        )
    _check_sampling(path, array != 0)
    checked = check_kspace(array.reshape(-1, *array.shape[-2:]), path, options, stored.limits, coils=array.shape[1])
    array = checked.array.reshape(array.shape)
    notes = {**stored.notes, **notes, **checked.notes}
    return CoilKspace(path, replace(stored, array=array), array.any(axis=1), checked.limits, notes)


def _check_sampling(path: Path, sampled: np.ndarray) -> None:
    """Refuse coils that are zero, and coils that were not sampled as the others."""
    silent = np.flatnonzero(~sampled.any(axis=(0, 2, 3)))
    if silent.size == sampled.shape[1]:
        raise ReconError(f"{path} is zero everywhere: export it again.")
    if silent.size:
        raise ReconError(f"Coil {silent[0] + 1} of {sampled.shape[1]} in {path} is zero everywhere: leave it out.")
    together = sampled.any(axis=1).sum()
    counts = sampled.sum(axis=(0, 2, 3))
    if counts.min() < _ALIKE * together:
        coil = int(counts.argmin())
        raise ReconError(
            f"Coil {coil + 1} of {path} was sampled at {counts[coil]} points and all coils together at {together}: "
            "coils share one mask; export it again."
        )


def _ordered(path: Path, array: np.ndarray, coils_axis: int | None) -> np.ndarray:
    """Bring an array to ``(slices, coils, height, width)``."""
    if array.ndim not in (3, 4):
        raise ReconError(f"{path} has the shape {array.shape}: it is coils, rows, columns, and slices at most.")
    if coils_axis is None:
        raise ReconError(f"{path} has the shape {array.shape}: say which axis holds the coils, such as --coils 0.")
    if not -array.ndim <= coils_axis < array.ndim:
        raise ReconError(f"{path} has {array.ndim} axes, 0 to {array.ndim - 1}: there is no axis {coils_axis}.")
    slices = np.moveaxis(array, coils_axis, -3)
    return slices if slices.ndim == 4 else slices[None]
