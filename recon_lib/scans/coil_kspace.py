"""Raw k-space of several coils, read from a file and checked: arrays, fastMRI's HDF5, BART's ``.cfl``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.arrays import ARRAYS, load_array
from recon_lib.scans.bart import CFL, read_cfl_coils
from recon_lib.scans.kspace import HDF5


@dataclass(frozen=True, eq=False)
class CoilKspace:
    """K-space of several coils.

    Attributes:
        path: The file.
        array: complex64 ``(slices, coils, height, width)``, zero frequency in the centre, zero where not sampled.
        mask: Boolean ``(slices, height, width)``, true where it was sampled.
        notes: What a user should know, by topic.
    """

    path: Path
    array: np.ndarray
    mask: np.ndarray
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def acceleration(self) -> float:
        """Grid points over sampled points."""
        return float(self.mask.size / self.mask.sum())


def read_coils(path: Path, coils_axis: int | None = None) -> CoilKspace:
    """Read k-space of several coils.

    Args:
        path: ``.npy`` or ``.npz`` with the coils along ``coils_axis``; fastMRI's HDF5, a dataset ``kspace`` of shape
            ``(slices, coils, height, width)``; or BART's ``.cfl``.
        coils_axis: Which axis of an array holds the coils; the others are rows and columns, and slices before them.

    Returns:
        The k-space, checked.

    Raises:
        ReconError: The file is unreadable or another kind of file, the axis is missing or wrong, there is one coil
            alone, values are not finite, or coils or slices were not sampled as they should be.
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith(ARRAYS):
        array = _ordered(path, load_array(path), coils_axis)
    elif coils_axis is not None:
        raise ReconError(f"{path} says itself which axis holds the coils: leave out --coils.")
    elif name.endswith(CFL):
        array = read_cfl_coils(path)
    elif name.endswith(HDF5):
        array = _fastmri(path)
    else:
        raise ReconError(f"{path} is no file of several coils: give .npy, fastMRI's .h5, or BART's .cfl.")
    return check_kspace(path, array)


def check_kspace(path: Path, array: np.ndarray) -> CoilKspace:
    """Check k-space of several coils, and find out where it was sampled.

    Args:
        path: The file, for messages.
        array: Complex ``(slices, coils, height, width)``.

    Returns:
        The k-space; its notes say where the acceleration is beyond the number of coils.

    Raises:
        ReconError: As :func:`read_coils`.
    """
    if not np.iscomplexobj(array):
        raise ReconError(f"{path} holds real numbers: k-space is complex.")
    if array.shape[1] < 2:
        raise ReconError(f"{path} has one coil: `recon reconstruct` is for one.")
    if not np.isfinite(array).all():
        raise ReconError(f"{path} holds NaN or infinite values: export it again.")
    sampled = array != 0
    silent = np.flatnonzero(~sampled.any(axis=(0, 2, 3)))
    if silent.size:
        raise ReconError(f"Coil {silent[0] + 1} of {array.shape[1]} in {path} is zero everywhere: leave it out.")
    empty = np.flatnonzero(~sampled.any(axis=(1, 2, 3)))
    if empty.size:
        raise ReconError(f"Slice {empty[0]} of {path} is zero everywhere: leave it out.")
    mask = sampled.any(axis=1)
    counts = sampled.sum(axis=(0, 2, 3))
    if counts.min() < 0.99 * mask.sum():  # A few samples may be zero by chance, of whole numbers for example.
        coil = int(counts.argmin())
        raise ReconError(
            f"Coil {coil + 1} of {path} was sampled at {counts[coil]} points and all coils together at {mask.sum()}: "
            "coils share one mask; export it again."
        )
    scan = CoilKspace(path, array.astype(np.complex64), mask)
    if scan.acceleration > array.shape[1]:
        scan.notes["acceleration beyond the coils"] = (
            f"{scan.acceleration:.1f}-fold undersampling is more than {array.shape[1]} coils can make up for: the rest "
            "is the network's guess."
        )
    return scan


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


def _fastmri(path: Path) -> np.ndarray:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            dataset = file.get("kspace")
            if isinstance(dataset, h5py.Dataset) and dataset.ndim == 4:
                return dataset[()]
            shape = getattr(dataset, "shape", None)
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError and more for damaged files
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error
    raise ReconError(f"{path} has a kspace of shape {shape}: several coils are (slices, coils, height, width).")
