"""Reconstructions of several coils on disk, complex or as magnitudes, with a record of how they were made."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes, write_json
from recon_lib.scans.bart import CFL, encode_cfl
from recon_lib.scans.coil_kspace import CoilKspace
from recon_lib.scans.kspace import HDF5
from recon_lib.scans.read import record_path
from recon_lib.scans.write import encode_hdf5

FORMATS = (".npy", *HDF5, *CFL)
"""The endings that an output may have."""


def coil_ending(scan: CoilKspace, out: Path) -> str:
    """Return the ending of an output, if it is one of :data:`FORMATS`.

    Args:
        scan: What was read.
        out: The file to write.

    Raises:
        ReconError: It is not.
    """
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise ReconError(f"{out} does not suit {scan.path}: the output ends with {' or '.join(FORMATS)}.")
    return suffix


def write_coil_images(scan: CoilKspace, images: np.ndarray, out: Path, record: dict[str, object]) -> None:
    """Write images of several coils, and their record beside them.

    Args:
        scan: What was reconstructed.
        images: ``(slices, height, width)``: complex64, or float32 magnitudes.
        out: See :data:`FORMATS`; BART's ``.cfl`` holds magnitudes as complex numbers and has its ``.hdr`` beside it.
        record: How they were made, JSON-serialisable; written as ``<out without its ending>.json``.

    Raises:
        ReconError: As :func:`coil_ending`.
    """
    kind = coil_ending(scan, out)
    record = {**record, "output": out.name, "stored as": str(images.dtype)}
    if kind in CFL:
        content, header = encode_cfl(images)
        files = {out.with_suffix(".hdr"): header, out: content}
    else:
        files = {out: _encode(images, record, kind)}
    new = [path for path in (record_path(out), *files) if not path.exists()]
    try:
        write_json(record_path(out), record)
        for path, content in files.items():
            write_bytes(path, content)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _encode(images: np.ndarray, record: dict[str, object], kind: str) -> bytes:
    if kind in HDF5:
        return encode_hdf5(images, record)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, images, allow_pickle=False)
    return buffer.getvalue()
