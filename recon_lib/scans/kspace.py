"""Raw single-coil k-space in HDF5: fastMRI's ``kspace``, and the acquisitions of ISMRMRD."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import LARGEST
from recon_lib.scans.limits import mirror

if TYPE_CHECKING:
    import h5py

HDF5 = (".h5", ".hdf5")
_NAMESPACE = "{http://www.ismrm.org/ISMRMRD}"
# These bits of an acquisition's flags, which the standard counts from 1, mark lines that are no part of the image.
_NOT_IMAGE = sum(1 << (bit - 1) for bit in (19, 20, 23, 24, 26, 27, 28, 29))
_REVERSED = 1 << (22 - 1)
# These counters must not move, since each of their values is another image.
_SINGLE = ("kspace_encode_step_2", "average", "contrast", "phase", "repetition", "set")


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
                return StoredKspace(kspace, _padding(file, kspace.shape[1:]), _own_mask(file))
            if isinstance(file.get("dataset"), h5py.Group) and "data" in file["dataset"]:
                return StoredKspace(*_ismrmrd(path, file["dataset"]))
            keys = ", ".join(sorted(file)) or "nothing"
    except ReconError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError and more for damaged files
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error
    raise ReconError(f"{path} holds {keys}: k-space is a dataset 'kspace' (fastMRI) or a group 'dataset' (ISMRMRD).")


def hdf5_coils(path: Path) -> int:
    """Return of how many coils the k-space of a file is; 1 for a file that holds none.

    Args:
        path: HDF5, as for :func:`read_hdf5`.

    Raises:
        ReconError: It is unreadable.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            kspace = file.get("kspace")
            return kspace.shape[1] if isinstance(kspace, h5py.Dataset) and kspace.ndim == 4 else 1
    except Exception as error:  # as in read_hdf5
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error


def read_hdf5_coils(path: Path) -> StoredKspace:
    """Read k-space of several coils.

    Args:
        path: HDF5 of fastMRI, whose ``kspace`` is ``(slices, coils, height, width)``.

    Returns:
        As :func:`read_hdf5`, but its array is ``(slices, coils, height, width)``.

    Raises:
        ReconError: It is unreadable, or another kind of file.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            dataset = file["kspace"]
            if dataset.ndim == 4:
                return StoredKspace(dataset[()], _padding(file, dataset.shape[2:]), _own_mask(file))
            shape = dataset.shape
    except Exception as error:  # as in read_hdf5
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error
    raise ReconError(f"{path} has a kspace of shape {shape}: several coils are (slices, coils, height, width).")


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


def _padding(file: h5py.File, size: tuple[int, ...]) -> np.ndarray | None:
    """Return the columns that fastMRI's header says were acquired, of all rows."""
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
        root = ElementTree.fromstring(_plain_xml(file["ismrmrd_header"][()]))
        step = root.find(f".//{_NAMESPACE}encodingLimits/{_NAMESPACE}kspace_encoding_step_1")
        last, centre = (int(step.find(_NAMESPACE + name).text) for name in ("maximum", "center"))
    except (KeyError, AttributeError, TypeError, ValueError, ElementTree.ParseError):
        return None
    return width // 2 - centre, width // 2 - centre + last + 1


def _plain_xml(text: bytes | str) -> str:
    """Return a header as text.

    Raises:
        ValueError: It declares entities, which may grow without bound.
    """
    xml = text.decode() if isinstance(text, bytes) else str(text)
    if "<!" in xml.replace("<!--", ""):
        raise ValueError("declarations of its own")
    return xml


def _fastmri(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    if dataset.dtype.kind != "c":
        raise ReconError(f"{path} has a kspace of {dataset.dtype}: k-space is complex.")
    if dataset.ndim == 4:
        raise ReconError(
            f"{path} has k-space of {dataset.shape[1]} coils: combine them into one first, or use recon reconstruct."
        )
    if dataset.ndim not in (2, 3):
        raise ReconError(f"{path} has a kspace of shape {dataset.shape}: it is (slices, height, width).")
    kspace = dataset[()].astype(np.complex64)
    return kspace if kspace.ndim == 3 else kspace[None]


def _ismrmrd(path: Path, group: h5py.Group) -> tuple[np.ndarray, None, None, dict[str, str]]:
    size, centre = _encoding(path, group["xml"][0])
    lines = group["data"][()]
    head = lines["head"]
    image = (head["flags"] & np.uint64(_NOT_IMAGE)) == 0
    lines, head = lines[image], head[image]
    if not len(lines):
        raise ReconError(f"{path} holds no acquisition of an image: export the scan, not its calibration.")
    channels = int(head["active_channels"].max())
    if channels != 1:
        raise ReconError(
            f"{path} has k-space of {channels} coils: combine them into one first, or use recon reconstruct."
        )
    counters = head["idx"]
    for name in _SINGLE:
        if np.ptp(counters[name].astype(int)):
            raise ReconError(f"{path} has several values of {name}: only one 2-D image a slice is read; split it.")
    notes = {}
    middles, counts = head["center_sample"].astype(int), head["number_of_samples"].astype(int)
    if middles.any():
        middles = np.where(head["flags"] & np.uint64(_REVERSED), counts - 1 - middles, middles)
    else:  # what ismrmrd-python leaves where nobody says: zero frequency in the first sample of every line
        middles = counts // 2
        notes["centre assumed"] = "no line says which of its samples is the centre: the middle one was taken."
    numbers = np.unique(counters["slice"])
    kspace = np.zeros((len(numbers), *size), np.complex64)
    for samples, header, middle in zip(lines["data"], head, middles.tolist(), strict=True):
        values = np.asarray(samples, np.float32).view(np.complex64).copy()
        count = len(values)
        values[: int(header["discard_pre"])] = 0
        values[count - int(header["discard_post"]) :] = 0
        if int(header["flags"]) & _REVERSED:
            values = values[::-1]
        row = int(header["idx"]["kspace_encode_step_1"]) - centre + size[0] // 2
        start = size[1] // 2 - middle
        fits = 0 <= row < size[0] and 0 <= start <= size[1] - count
        if count != header["number_of_samples"] or not fits:
            raise ReconError(f"{path} has a line outside its encoded matrix {size[0]}x{size[1]}: export it again.")
        kspace[np.searchsorted(numbers, header["idx"]["slice"]), row, start : start + count] = values
    return kspace, None, None, notes


def _encoding(path: Path, text: bytes | str) -> tuple[tuple[int, int], int]:
    """Return ``(height, width)`` of the encoded matrix and the line of zero frequency."""
    try:
        xml = _plain_xml(text)
    except ValueError as error:
        raise ReconError(f"{path} has a header with {error}: export it again.") from error
    try:
        encodings = ElementTree.fromstring(xml).findall(f"{_NAMESPACE}encoding")
        matrix = encodings[0].find(f"{_NAMESPACE}encodedSpace/{_NAMESPACE}matrixSize")
        width, height, depth = (int(matrix.find(_NAMESPACE + axis).text) for axis in "xyz")
        path_text = encodings[0].find(f"{_NAMESPACE}trajectory").text
        centre = encodings[0].find(f"{_NAMESPACE}encodingLimits/{_NAMESPACE}kspace_encoding_step_1/{_NAMESPACE}center")
    except (ElementTree.ParseError, IndexError, AttributeError, TypeError, ValueError) as error:
        raise ReconError(f"{path} has no readable ISMRMRD header ({error}): export it again.") from error
    if len(encodings) != 1 or path_text.strip().lower() != "cartesian" or depth != 1:
        raise ReconError(f"{path} is not 2-D Cartesian of one encoding: only that is read.")
    if not 0 < height <= 4096 or not 0 < width <= 8192:
        raise ReconError(f"{path} states an encoded matrix of {height}x{width}: export it again.")
    return (height, width), height // 2 if centre is None else int(centre.text)
