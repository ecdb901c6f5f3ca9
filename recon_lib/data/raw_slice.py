"""The real slice of several coils: fully sampled k-space that tests undersample."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data import fetch
from recon_lib.data.manifest import File, load_manifest

NAME = "raw_kspace/MPRAGE_multi_channel.mat"


def raw_file() -> File:
    """Return the slice's entry of the manifest."""
    return load_manifest().file(NAME)


def load_raw_slice(path: Path | None = None) -> np.ndarray:
    """Read the real slice, fetching it if need be.

    Args:
        path: A copy of the file; by default the verified one of the manifest.

    Returns:
        complex64 k-space ``(coils, height, width)``, zero frequency about the centre.

    Raises:
        ReconError: It cannot be had, or is not the array it should be.
    """
    import scipy.io

    path = path or fetch.obtain(raw_file())
    try:
        kspace = scipy.io.loadmat(path, variable_names=["kData"])["kData"]
    except Exception as error:  # scipy raises errors of its own, and those of zlib and struct, for damaged files
        reason = str(error).strip().rstrip(".")
        raise ReconError(f"{path} holds no array kData ({reason}): fetch it again.") from error
    if kspace.ndim != 3 or not np.iscomplexobj(kspace):
        raise ReconError(f"kData of {path} has the shape {kspace.shape}: it is complex, (height, width, coils).")
    return np.ascontiguousarray(np.moveaxis(kspace, 2, 0), np.complex64)
