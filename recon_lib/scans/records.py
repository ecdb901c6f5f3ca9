"""The record of a reconstruction inside the file that holds its images, as far as a format has room for it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import nibabel

_COMMENT = 6  # the code of a NIfTI extension that holds text


def summary(record: dict[str, object]) -> str:
    """Say in one line of ASCII how an image was made: what a header has room for."""
    network = record.get("network")
    name = network.get("name") if isinstance(network, dict) else network
    factor = f"{record.get('acceleration'):.3g}-fold"
    if record.get("simulation"):
        images = "complex images" if "complex" in str(record.get("sampling")) else "magnitudes"
        how = f"SIMULATION: {factor} undersampled {images}"
    elif record.get("sampling") == "as acquired":
        how = f"k-space as acquired, {factor}"
    else:
        how = f"raw k-space, {factor} undersampled"
    return f"{how}, network {name}".encode("ascii", "replace").decode()


def describe_nifti(header: nibabel.Nifti1Header, record: dict[str, object]) -> None:
    """Put the record of a reconstruction into a NIfTI's header.

    Args:
        header: Of the image that is to be written.
        record: How it was made, JSON-serialisable.
    """
    import nibabel

    header["descrip"] = summary(record).encode()[:79]
    header.extensions.append(nibabel.nifti1.Nifti1Extension(_COMMENT, json.dumps(record, sort_keys=True).encode()))


def encode_hdf5(volume: np.ndarray, record: dict[str, object]) -> bytes:
    """Return images as an HDF5 file, with their record as an attribute.

    Args:
        volume: Magnitudes or complex images, ``(slices, height, width)``; the dataset has fastMRI's name for it.
        record: How they were made, JSON-serialisable.
    """
    import h5py

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["reconstruction"] = volume
        file.attrs["record"] = json.dumps(record, sort_keys=True)
        file.attrs["max"] = float(np.abs(volume).max())
    return buffer.getvalue()
