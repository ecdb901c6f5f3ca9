"""Reconstructions of several coils on disk, complex or as magnitudes, with a record of how they were made."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes, write_json
from recon_lib.data.readers import NIFTI
from recon_lib.scans.bart import CFL, encode_cfl
from recon_lib.scans.coil_hdf5 import StoredCoils
from recon_lib.scans.coil_kspace import CoilKspace
from recon_lib.scans.kspace import HDF5
from recon_lib.scans.read import record_path
from recon_lib.scans.records import describe_nifti, encode_hdf5

FORMATS = (".npy", *HDF5, *CFL)
"""The endings that an output may have."""
PLACED = NIFTI[::-1]
"""Those that it may have too where the voxel's size is known."""


def coil_ending(scan: CoilKspace, out: Path) -> str:
    """Return the ending of an output, if it is one of :data:`FORMATS`, or of :data:`PLACED`.

    Args:
        scan: What was read.
        out: The file to write.

    Raises:
        ReconError: It is not.
    """
    name = out.name.lower()
    endings = FORMATS if scan.stored.geometry is None else (*PLACED, *FORMATS)
    suffix = next((ending for ending in endings if name.endswith(ending)), None)
    if suffix is None:
        reason = ", since its header states no field of view" if name.endswith(NIFTI) else ""
        raise ReconError(f"{out} does not suit {scan.path}{reason}: the output ends with {' or '.join(endings)}.")
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
        files = {out: _encode(scan, images, record, kind)}
    new = [path for path in (record_path(out), *files) if not path.exists()]
    try:
        write_json(record_path(out), record)
        for path, content in files.items():
            write_bytes(path, content)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _encode(scan: CoilKspace, images: np.ndarray, record: dict[str, object], kind: str) -> bytes:
    if kind in NIFTI:
        return _nifti(scan.stored, images, record, kind)
    if kind in HDF5:
        return encode_hdf5(images, record)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, images, allow_pickle=False)
    return buffer.getvalue()


def _nifti(stored: StoredCoils, images: np.ndarray, record: dict[str, object], kind: str) -> bytes:
    """Return a NIfTI of rows, columns and slices, and repetitions where there are several."""
    import nibabel

    count = len(images) // stored.repetitions
    volume = images.reshape(stored.repetitions, count, *images.shape[1:]).transpose(2, 3, 1, 0)
    volume = volume if stored.repetitions > 1 else volume[..., 0]
    image = nibabel.Nifti1Image(volume, stored.geometry.affine, dtype=images.dtype)
    code = int(stored.geometry.is_placed)  # 0 says that the place is not known, 1 that it is the scanner's
    image.set_sform(stored.geometry.affine, code)
    image.set_qform(stored.geometry.affine, code)
    image.header.set_xyzt_units("mm", "sec")
    describe_nifti(image.header, record)
    data = image.to_bytes()
    return gzip.compress(data, mtime=0) if kind.endswith(".gz") else data
