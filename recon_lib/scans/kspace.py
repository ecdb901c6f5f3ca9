"""Raw single-coil k-space in HDF5: fastMRI's ``kspace``, and the acquisitions of ISMRMRD."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import h5py

HDF5 = (".h5", ".hdf5")
_NAMESPACE = "{http://www.ismrm.org/ISMRMRD}"
# These bits of an acquisition's flags, which the standard counts from 1, mark lines that are no part of the image.
_NOT_IMAGE = sum(1 << (bit - 1) for bit in (19, 20, 23, 24, 26, 27, 28, 29))
_REVERSED = 1 << (22 - 1)
# These counters must not move, since each of their values is another image.
_SINGLE = ("kspace_encode_step_2", "average", "contrast", "phase", "repetition", "set")


def read_hdf5(path: Path) -> np.ndarray:
    """Read single-coil k-space.

    Args:
        path: HDF5, either of fastMRI (a dataset ``kspace``, zero where nothing was sampled) or of ISMRMRD
            (a group ``dataset`` with ``data`` and ``xml``).

    Returns:
        complex64 ``(slices, height, width)``, zero where nothing was sampled, zero frequency in the centre.

    Raises:
        ReconError: It is unreadable, neither of both, of several coils, or not what the layout allows.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if isinstance(file.get("kspace"), h5py.Dataset):
                return _fastmri(path, file["kspace"])
            if isinstance(file.get("dataset"), h5py.Group) and "data" in file["dataset"]:
                return _ismrmrd(path, file["dataset"])
            keys = ", ".join(sorted(file)) or "nothing"
    except ReconError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError and more for damaged files
        raise ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.") from error
    raise ReconError(f"{path} holds {keys}: k-space is a dataset 'kspace' (fastMRI) or a group 'dataset' (ISMRMRD).")


def _fastmri(path: Path, dataset: h5py.Dataset) -> np.ndarray:
    if dataset.dtype.kind != "c":
        raise ReconError(f"{path} has a kspace of {dataset.dtype}: k-space is complex.")
    if dataset.ndim == 4:
        raise ReconError(f"{path} has k-space of {dataset.shape[1]} coils: combine them into one first.")
    if dataset.ndim not in (2, 3):
        raise ReconError(f"{path} has a kspace of shape {dataset.shape}: it is (slices, height, width).")
    kspace = dataset[()].astype(np.complex64)
    return kspace if kspace.ndim == 3 else kspace[None]


def _ismrmrd(path: Path, group: h5py.Group) -> np.ndarray:
    size, centre = _encoding(path, group["xml"][0])
    lines = group["data"][()]
    head = lines["head"]
    image = (head["flags"] & np.uint64(_NOT_IMAGE)) == 0
    lines, head = lines[image], head[image]
    if not len(lines):
        raise ReconError(f"{path} holds no acquisition of an image: export the scan, not its calibration.")
    channels = int(head["active_channels"].max())
    if channels != 1:
        raise ReconError(f"{path} has k-space of {channels} coils: combine them into one first.")
    counters = head["idx"]
    for name in _SINGLE:
        if np.ptp(counters[name].astype(int)):
            raise ReconError(f"{path} has several values of {name}: only one 2-D image a slice is read; split it.")
    numbers = np.unique(counters["slice"])
    kspace = np.zeros((len(numbers), *size), np.complex64)
    for samples, header in zip(lines["data"], head, strict=True):
        values = np.asarray(samples, np.float32).view(np.complex64).copy()
        count, middle = len(values), int(header["center_sample"])
        values[: int(header["discard_pre"])] = 0
        values[count - int(header["discard_post"]) :] = 0
        if int(header["flags"]) & _REVERSED:
            values, middle = values[::-1], count - 1 - middle
        row = int(header["idx"]["kspace_encode_step_1"]) - centre + size[0] // 2
        start = size[1] // 2 - middle
        fits = 0 <= row < size[0] and 0 <= start <= size[1] - count
        if count != header["number_of_samples"] or not fits:
            raise ReconError(f"{path} has a line outside its encoded matrix {size[0]}x{size[1]}: export it again.")
        kspace[np.searchsorted(numbers, header["idx"]["slice"]), row, start : start + count] = values
    return kspace


def _encoding(path: Path, text: bytes | str) -> tuple[tuple[int, int], int]:
    """Return ``(height, width)`` of the encoded matrix and the line of zero frequency."""
    xml = text.decode() if isinstance(text, bytes) else str(text)
    if "<!" in xml.replace("<!--", ""):
        raise ReconError(f"{path} has a header with declarations of its own: export it again.")
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
