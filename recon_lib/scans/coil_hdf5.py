"""Raw k-space of several coils in HDF5: fastMRI's ``kspace`` of four axes, and ISMRMRD of several channels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.geometry import Geometry, geometry_of, unplaced
from recon_lib.scans.ismrmrd import count_channels, read_acquisitions
from recon_lib.scans.ismrmrd_header import stated_image
from recon_lib.scans.kspace import padding_of, read_own_mask
from recon_lib.scans.oversampling import crop_readout

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True, eq=False)
class StoredCoils:
    """K-space of several coils as a file has it, before it is checked.

    Attributes:
        array: complex64 ``(images, coils, height, width)``, zero where nothing was sampled. The slices of the first
            repetition come first.
        limits: Boolean ``(height, width)``, the acquired limits that the header states; ``None`` if it does not.
        mask: The file's own dataset ``mask``, as stored; ``None`` if there is none.
        noise: Samples of noise alone, complex64 ``(coils, samples)``; ``None`` if there are none.
        image: ``(height, width)`` of the image that is to be cut from the centre; ``None`` for all of it.
        geometry: Where its voxels are; ``None`` where no field of view is stated.
        repetitions: How many images there are of every slice.
        notes: What was guessed or done, as :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    array: np.ndarray
    limits: np.ndarray | None = None
    mask: np.ndarray | None = None
    noise: np.ndarray | None = None
    image: tuple[int, int] | None = None
    geometry: Geometry | None = None
    repetitions: int = 1
    notes: dict[str, str] = field(default_factory=dict)


def hdf5_coils(path: Path) -> int:
    """Return of how many coils the k-space of a file is; 1 for a file that holds none.

    Args:
        path: HDF5, as for :func:`read_hdf5_coils`.

    Raises:
        ReconError: It is unreadable.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            kspace, group = file.get("kspace"), file.get("dataset")
            if isinstance(kspace, h5py.Dataset):
                return kspace.shape[1] if kspace.ndim == 4 else 1
            return count_channels(group) if isinstance(group, h5py.Group) and "data" in group else 1
    except Exception as error:  # as in read_hdf5_coils
        raise _unreadable(path, error) from error


def read_hdf5_coils(path: Path) -> StoredCoils:
    """Read k-space of several coils, without the oversampling of its readout where that can be cut away.

    Args:
        path: HDF5 of fastMRI, whose ``kspace`` is ``(slices, coils, height, width)``, the readout along the height; or
            of ISMRMRD.

    Returns:
        K-space with what the file says of it.

    Raises:
        ReconError: It is unreadable, or not what the layout allows.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if isinstance(file.get("kspace"), h5py.Dataset):
                return _fastmri(path, file)
            return _ismrmrd(path, file["dataset"])
    except ReconError:
        raise
    except Exception as error:  # h5py raises OSError, KeyError, RuntimeError and more for damaged files
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ReconError:
    return ReconError(f"Cannot read {path} ({str(error).strip().rstrip('.')}): copy or export it again.")


def _fastmri(path: Path, file: h5py.File) -> StoredCoils:
    """Read fastMRI's layout; its own reconstructions are cut to the same size."""
    dataset = file["kspace"]
    if dataset.ndim != 4:
        raise ReconError(f"{path} has a kspace of shape {dataset.shape}: of several coils it has four axes.")
    if dataset.dtype.kind != "c":
        raise ReconError(f"{path} has a kspace of {dataset.dtype}: k-space is complex.")
    size = dataset.shape[2:]
    stated, voxel = stated_image(file["ismrmrd_header"][()] if "ismrmrd_header" in file else None)
    made = file.get("reconstruction_rss")
    image = stated if made is None else made.shape[-2:]
    image = size if image is None else tuple(min(n, m) for n, m in zip(size, image, strict=True))
    array, is_cropped = crop_readout(dataset[()], -2, image[0])
    return StoredCoils(
        array,
        padding_of(file, array.shape[2:]),
        read_own_mask(path),
        image=image,
        geometry=None if voxel is None else unplaced(voxel),
        notes=_crop_notes(size, image, is_cropped),
    )


def _ismrmrd(path: Path, group: h5py.Group) -> StoredCoils:
    lines = read_acquisitions(path, group, several=True)
    encoding = lines.encoding
    array, is_cropped = crop_readout(lines.array, -1, encoding.image[1])
    geometry = None if encoding.voxel is None else geometry_of(lines.heads, encoding.voxel, encoding.image)
    notes = {**lines.notes, **_crop_notes(encoding.size, encoding.image, is_cropped)}
    repetitions = len(array) // len(lines.heads)
    if repetitions > 1:
        notes["repetitions"] = f"{repetitions} repetitions were read, each as images of its own."
    return StoredCoils(
        array, noise=lines.noise, image=encoding.image, geometry=geometry, repetitions=repetitions, notes=notes
    )


def _crop_notes(size: tuple[int, int], image: tuple[int, int], is_cropped: bool) -> dict[str, str]:
    if size == image:
        return {}
    when = "before" if is_cropped else "after"
    note = (
        f"the header states an image of {image[0]}x{image[1]}, and {size[0]}x{size[1]} was encoded: the oversampled "
        f"readout was cut away {when} the reconstruction."
    )
    return {"oversampling cut": note}
