"""Reconstructions on disk: in the format and geometry of their scan, with a record of how they were made.

Nothing is half-written: a file or folder appears under its name when it is whole.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_bytes, write_json
from recon_lib.data.readers import META, MGH, NIFTI, open_image
from recon_lib.scans.dicom.write import write_series
from recon_lib.scans.kspace import HDF5
from recon_lib.scans.read import is_reconstruction, record_path
from recon_lib.scans.records import describe_nifti, encode_hdf5, summary
from recon_lib.scans.scan import Scan
from recon_lib.scans.storage import Stored, store

_READ_ENDINGS = (*NIFTI[::-1], *META, *MGH, ".npy", ".npz", ".cfl", ".hdr", *HDF5)
# The endings that the output of each kind of scan may have. The empty one stands for a folder of DICOM files.
FORMATS: dict[str, tuple[str, ...]] = {
    "nifti": NIFTI,
    "dicom": ("", *NIFTI),
    "meta": (META[0], *NIFTI),
    "mgh": (*MGH, *NIFTI),
    "npy": (".npy",),
    "kspace": (".npy", *HDF5),
}


def check_output(
    out: Path, overwrite: bool = False, source: Path | None = None, *, sidecar: Path | None = None, folder: bool = False
) -> None:
    """Refuse an output before any work is done for it.

    Args:
        out: The file or folder to write.
        overwrite: It may exist, and its sidecar; a folder only if this library wrote all that is in it.
        source: The scan, which is never written over.
        sidecar: A file that is written with it.
        folder: The output may be a folder. An empty one is as good as none.

    Raises:
        ReconError: It or its sidecar exists, is the scan itself, or its folder cannot be written.
    """
    out = Path(out)
    if source is not None and out.resolve() == Path(source).resolve():
        raise ReconError(f"{out} is the input itself: name another output.")
    if out.is_dir():
        if not folder or "." in out.name:
            raise ReconError(f"{out} is a folder: name a file.")
        if any(out.iterdir()) and not overwrite:
            raise ReconError(f"{out} exists: name another output, or add --overwrite.")
        if any(out.iterdir()) and not _is_ours(out):
            raise ReconError(f"{out} is a folder that this library did not write: name another output.")
    elif not overwrite:
        for path in (out, *([sidecar] if sidecar else [])):
            if path.exists():
                raise ReconError(f"{path} exists: name another output, or add --overwrite.")
    folder = next(parent for parent in out.resolve().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ReconError(f"Nothing can be written below {folder}: name another output.")


def ending(scan: Scan, out: Path) -> str:
    """Return the ending of an output, if its format can hold what was read.

    Raises:
        ReconError: It cannot.
    """
    name = Path(out).name.lower()
    endings = FORMATS[scan.kind]
    suffix = next((end for end in (".nii.gz", ".nii", ".mha", *MGH, ".npy", *HDF5) if name.endswith(end)), None)
    if suffix is None and "" in endings and "." not in name:
        suffix = ""
    if suffix not in endings:
        allowed = " or ".join(end or "a folder's name without a dot (a DICOM series)" for end in endings)
        raise ReconError(f"{out} does not suit {scan.path}: the output ends with {allowed}.")
    return suffix


def place_in(scan: Scan, place: Path) -> Path:
    """Return where a scan of a folder of scans is written: its own name, in a format that its kind can have.

    Args:
        scan: What was read.
        place: The scan's place in the folder that is written.
    """
    endings = FORMATS[scan.kind]
    if "" in endings:
        return place.with_name(place.name.replace(".", "_"))
    name, suffix = next(
        ((place.name[: -len(end)], end) for end in _READ_ENDINGS if place.name.lower().endswith(end)),
        (place.name, ""),
    )
    return place if suffix in endings else place.with_name(name + endings[0])


def write_scan(scan: Scan, volume: np.ndarray, out: Path, record: dict[str, object]) -> None:
    """Write a reconstruction in the place of its scan, and its record beside it.

    Args:
        scan: What was reconstructed.
        volume: float32 magnitudes in the scan's intensity units, of its array's shape.
        out: See :data:`FORMATS`. The record is ``<out without its ending>.json``, or inside the folder.
            Where the scan's file stores integers, so does this one, if its format can hold their scale.
        record: How it was made, JSON-serialisable; it stands in a NIfTI's header too.

    Raises:
        ReconError: The format does not suit the scan.
    """
    out = Path(out)
    kind = ending(scan, out)
    record = {**record, "output": out.name}
    volume = np.ascontiguousarray(volume, dtype=np.float32)
    if kind == "":
        with _whole_folder(out) as folder:
            stored_as = write_series(scan, volume, folder, summary(record))
            write_json(record_path(folder), {**record, "stored as": stored_as})
        return
    stored = store(volume, scan.storage, _nifti_slope if kind in NIFTI else None)
    record["stored as"] = stored.facts()
    write: Callable[[], None]
    if kind in META:
        write = lambda: _write_meta(scan, stored.array, record, out)  # noqa: E731
    else:
        data = _encode(scan, stored, record, kind)
        write = lambda: write_bytes(out, data)  # noqa: E731
    new = not out.exists()
    write_json(record_path(out), record)
    try:
        write()
    except BaseException:
        if new:
            record_path(out).unlink(missing_ok=True)
        raise


def write_table(out: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as CSV, atomically.

    Args:
        out: The file.
        rows: Of the same columns.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: format(v, ".7g") if isinstance(v, float) else v for key, v in row.items()})
    write_bytes(Path(out), buffer.getvalue().encode())


def _encode(scan: Scan, stored: Stored, record: dict[str, object], kind: str) -> bytes:
    """Return the bytes of a file of one of the formats that are written as a whole."""
    if kind in NIFTI:
        return _nifti(scan, stored, record, kind)
    if kind in MGH:
        return _mgh(scan, stored.array, kind)
    if kind in HDF5:
        return encode_hdf5(stored.array, record)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, stored.array.reshape(scan.shape or stored.array.shape), allow_pickle=False)
    return buffer.getvalue()


def _nifti_slope(slope: float) -> float:
    return float(np.nextafter(np.float32(slope), np.float32(np.inf)))  # a NIfTI's header holds it in single precision


def _nifti(scan: Scan, stored: Stored, record: dict[str, object], kind: str) -> bytes:
    import nibabel

    volume, dtype = stored.array, stored.array.dtype
    if scan.kind == "nifti":
        source = nibabel.load(scan.path)
        # The affine is the header's own, so that both of its forms and their codes stay as they are.
        image = type(source)(volume.reshape(scan.shape), source.affine, source.header, dtype=dtype)
    else:
        image = nibabel.Nifti1Image(volume, scan.affine, dtype=dtype)
        image.header.set_xyzt_units("mm", "sec")
        image.set_sform(scan.affine, 1)
        image.set_qform(scan.affine, 1)
        if not np.allclose(image.get_qform(), scan.affine, atol=1e-3):
            image.set_qform(scan.affine, 0)  # a quaternion cannot say that slices are stacked askew
    header = image.header
    header.set_data_dtype(dtype)
    header.set_slope_inter(stored.slope, stored.intercept)
    describe_nifti(header, record)
    data = image.to_bytes()
    return gzip.compress(data, mtime=0) if kind == ".nii.gz" else data


def _mgh(scan: Scan, volume: np.ndarray, kind: str) -> bytes:
    import nibabel

    source = open_image(scan.path)
    image = nibabel.MGHImage(volume.reshape(scan.shape), source.affine, source.header)
    image.header.set_data_dtype(volume.dtype)
    data = image.to_bytes()
    return gzip.compress(data, mtime=0) if kind == ".mgz" else data


def _write_meta(scan: Scan, volume: np.ndarray, record: dict[str, object], out: Path) -> None:
    import SimpleITK

    image = SimpleITK.GetImageFromArray(volume.transpose(2, 1, 0))
    image.CopyInformation(SimpleITK.ReadImage(str(scan.path)))
    image.SetMetaData("Reconstruction", summary(record))
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.stem}.{os.getpid()}.part.mha")
    try:
        SimpleITK.WriteImage(image, str(part), useCompression=True)
        os.replace(part, out)
    except RuntimeError as error:
        raise ReconError(f"Cannot write {out}: is the disk full? ({str(error).strip().splitlines()[-1]})") from error
    finally:
        part.unlink(missing_ok=True)


def _is_ours(folder: Path) -> bool:
    """Tell whether this library wrote everything in a folder."""
    names = [path.name for path in folder.iterdir()]
    return is_reconstruction(folder) and all(re.fullmatch(r"\d{4,}\.dcm|reconstruction\.json", name) for name in names)


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """Fill a hidden folder, and give it its name when it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part, aside = (out.with_name(f".{out.name}.{os.getpid()}.{role}") for role in ("part", "old"))
    part.mkdir()
    try:
        yield part
        if out.exists():
            os.replace(out, aside)
        os.replace(part, out)
    finally:
        if aside.exists() and not out.exists():
            os.replace(aside, out)
        for remnant in (part, aside):
            shutil.rmtree(remnant, ignore_errors=True)
