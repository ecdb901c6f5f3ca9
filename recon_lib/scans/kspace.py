"""Raw single-coil k-space in HDF5: fastMRI's ``kspace``, and the acquisitions of ISMRMRD."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import LARGEST
from recon_lib.scans.ismrmrd import read_acquisitions
from recon_lib.scans.ismrmrd_header import NAMESPACE, plain_xml
from recon_lib.scans.limits import mirror

if TYPE_CHECKING:
    import h5py

HDF5 = (".h5", ".hdf5")


@dataclass(frozen=True, eq=False)
class StoredKspace:
    """K-space as a file has it, before it is checked.

    Attributes:
        array: complex64 ``(slices, height, width)``, zero where nothing was sampled.
        limits: Boolean ``(height, width)``, the acquired limits that the header states; ``None`` if it does not.
        mask: The file's own dataset ``mask``, as stored; ``None`` if there is none.
        notes: What was guessed, as :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    array: np.ndarray
    limits: np.ndarray | None = None
    mask: np.ndarray | None = None
    notes: dict[str, str] = field(default_factory=dict)


def read_hdf5(path: Path) -> StoredKspace:
    """Read single-coil k-space.

    Args:
        path: HDF5, either of fastMRI (a dataset ``kspace``, zero where nothing was sampled) or of ISMRMRD
            (a group ``dataset`` with ``data`` and ``xml``).

    Returns:
        K-space with what the file says of it. A header's acquired limits are fastMRI's attributes ``padding_left`` and
        ``padding_right``, or the encoding limits of its ``ismrmrd_header``.

    Raises:
        ReconError: It is unreadable, neither of both, of several coils, or not what the layout allows.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if isinstance(file.get("kspace"), h5py.Dataset):
                kspace = _fastmri(path, file["kspace"])
                return StoredKspace(kspace, padding_of(file, kspace.shape[1:]), _own_mask(file))
            if isinstance(file.get("dataset"), h5py.Group) and "data" in file["dataset"]:
                lines = read_acquisitions(path, file["dataset"])
                return StoredKspace(lines.array[:, 0], notes=lines.notes)
            keys = ", ".join(sorted(file)) or "nothing"
    except ReconError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError and more for damaged files
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error
    raise ReconError(f"{path} holds {keys}: k-space is a dataset 'kspace' (fastMRI) or a group 'dataset' (ISMRMRD).")


def read_own_mask(path: Path) -> np.ndarray | None:
    """Read a file's dataset ``mask``, as stored; ``None`` if it has none.

    Raises:
        ReconError: It is unreadable.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _own_mask(file)
    except Exception as error:  # as in read_hdf5
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error


def _own_mask(file: h5py.File) -> np.ndarray | None:
    import h5py

    mask = file.get("mask")
    if not isinstance(mask, h5py.Dataset) or mask.dtype.kind not in "biuf" or mask.size > LARGEST:
        return None
    return mask[()]


def padding_of(file: h5py.File, size: tuple[int, ...]) -> np.ndarray | None:
    """Return the limits that fastMRI's header states: the columns that were acquired, of all rows.

    Args:
        file: The file, open.
        size: ``(height, width)`` of its k-space.

    Returns:
        Boolean, of that size; ``None`` where it states none, or all of the matrix.
    """
    first, last = file.attrs.get("padding_left"), file.attrs.get("padding_right")
    if first is None or last is None:
        first, last = _header_columns(file, size[1]) or (0, size[1])
    try:
        first, last = int(first), int(last)
    except (TypeError, ValueError):
        return None
    if not 0 <= first < last <= size[1] or last - first == size[1]:
        return None
    limits = np.zeros(size, bool)
    limits[:, first:last] = True
    return limits | mirror(limits)


def _header_columns(file: h5py.File, width: int) -> tuple[int, int] | None:
    """Return the first acquired column and the one after the last, by the encoding limits of ``ismrmrd_header``."""
    try:
        root = ElementTree.fromstring(plain_xml(file["ismrmrd_header"][()]))
        step = root.find(f".//{NAMESPACE}encodingLimits/{NAMESPACE}kspace_encoding_step_1")
        last, centre = (int(step.find(NAMESPACE + name).text) for name in ("maximum", "center"))
    except (KeyError, AttributeError, TypeError, ValueError, ElementTree.ParseError):
        return None
    return width // 2 - centre, width // 2 - centre + last + 1


def _fastmri(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    if dataset.dtype.kind != "c":
        raise ReconError(f"{path} has a kspace of {dataset.dtype}: k-space is complex.")
    if dataset.ndim == 4 and dataset.shape[1] == 1:
        return dataset[:, 0].astype(np.complex64)
    if dataset.ndim == 4:
        raise ReconError(
            f"{path} has k-space of {dataset.shape[1]} coils: combine them into one first, or use recon reconstruct."
        )
    if dataset.ndim not in (2, 3):
        raise ReconError(f"{path} has a kspace of shape {dataset.shape}: it is (slices, height, width).")
    kspace = dataset[()].astype(np.complex64)
    return kspace if kspace.ndim == 3 else kspace[None]
