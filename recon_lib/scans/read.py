"""Find scans below a folder, and read each kind of file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import META, MGH, NIFTI, is_volume, read_array
from recon_lib.scans.arrays import ARRAYS, load_array
from recon_lib.scans.bart import CFL, read_cfl
from recon_lib.scans.dicom.files import dicom_files, read_header
from recon_lib.scans.dicom.volume import read_series
from recon_lib.scans.headers import complex_part, read_storage
from recon_lib.scans.kspace import HDF5, StoredKspace, read_hdf5
from recon_lib.scans.kspace_order import check_kspace
from recon_lib.scans.options import ReadOptions, mend_values
from recon_lib.scans.scan import Scan, check_values
from recon_lib.scans.storage import Storage

READABLE = (
    "a NIfTI (.nii, .nii.gz), FreeSurfer (.mgz), MetaImage (.mha, .mhd), NumPy (.npy, .npz), BART (.cfl) or HDF5 (.h5) "
    "file, "
    "or the folder of a DICOM series"
)
CONTRASTS = ("t1", "t2", "pd", "flair", "swi", "dwi", "bold", "adc")
_SEQUENCES = {"mprage": "t1", "t2star": "swi"}  # what names a contrast by its sequence


def find_scans(folder: Path) -> list[Path]:
    """List the scans below a folder: files by their names, and folders that hold DICOM files.

    Args:
        folder: Searched with all its sub-folders; hidden ones are passed over.

    Returns:
        Paths in the order of their names.

    Raises:
        ReconError: There is no such folder, or no scan in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ReconError(f"There is no folder {folder}: name one that holds scans.")
    paths, series = [], set()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        if is_volume(path) or path.name.lower().endswith(ARRAYS + CFL + HDF5):
            paths.append(path)
        elif path.parent not in series and dicom_files([path]):
            series.add(path.parent)
    if not paths and not series:
        raise ReconError(f"{folder} holds no scans: put {READABLE} there.")
    return sorted([*paths, *series])


def read_scan(path: Path, options: ReadOptions | None = None) -> Scan:
    """Read a scan with its geometry.

    Args:
        path: A file, or the folder of a DICOM series or study.
        options: What the user says of it.

    Returns:
        The scan.

    Raises:
        ReconError: It is missing, unreadable, no scan (4-D, in colour, complex, a phase, empty, NaN), a series
            that is mixed or lacks a slice, or itself a reconstruction of this library.
    """
    path, options = Path(path), options or ReadOptions()
    name = path.name.lower()
    if not path.exists():
        raise ReconError(f"There is no file or folder {path}: name {READABLE}.")
    if is_reconstruction(path):
        raise ReconError(f"{path} is a reconstruction that this library wrote, not a scan: name what it was made of.")
    if path.is_dir():
        return read_series(path, _study_files(path), options)
    if dicom_files([path]):
        if int(read_header(path).get("NumberOfFrames") or 1) > 1:
            return read_series(path, [path], options)
        raise ReconError(f"{path} is one file of a DICOM series: name its folder, {path.parent}.")
    if options.series is not None:
        raise ReconError(f"{path} is no folder of DICOM files: leave out --series {options.series}.")
    if name.endswith(HDF5):
        return _kspace_scan(path, read_hdf5(path), (), options)
    if name.endswith((*ARRAYS, *CFL)):
        return _array_scan(path, read_cfl(path) if name.endswith(CFL) else load_array(path), options)
    if not is_volume(path):
        raise ReconError(f"{path} is no scan that this library reads: name {READABLE}.")
    part = complex_part(path)
    if part:
        raise ReconError(f"{path} is one part of complex images ({part}): give the magnitudes.")
    array, affine = read_array(path)
    shape = array.shape
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim > 3:
        axes = "x".join(map(str, shape))
        raise ReconError(f"{path} is {array.ndim}-D ({axes}), but a scan is one volume: write each into its own file.")
    array = array.reshape(array.shape + (1,) * (3 - array.ndim))
    kind = next(kind for kind, names in (("nifti", NIFTI), ("mgh", MGH), ("meta", META)) if name.endswith(names))
    array, notes = mend_values(array, options)
    contrast = {"contrast": contrast_of(path)}
    return Scan(path, kind, array, affine, shape, subject_of(path), contrast, notes=notes, storage=read_storage(path))


def is_series(folder: Path) -> bool:
    """Tell whether DICOM files lie in a folder itself."""
    return bool(dicom_files(sorted(p for p in folder.iterdir() if p.is_file())))


def is_reconstruction(path: Path) -> bool:
    """Tell whether this library wrote a scan: its record stands beside it and names it, or stands in its folder."""
    try:
        record = json.loads(record_path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(record, dict) or "reconstructed by" not in record:
        return False
    # Beside dir.mha, dir.json may be the record of dir.nii.gz.
    return path.is_dir() or record.get("output", path.name) == path.name


def record_path(path: Path) -> Path:
    """Return where the record of a reconstruction stands: ``out.json``, or in a folder of DICOM files."""
    for suffix in (*NIFTI[::-1], *META, *MGH, *ARRAYS, *CFL, *HDF5):
        if path.name.lower().endswith(suffix):
            return path.with_name(path.name[: -len(suffix)] + ".json")
    return path / "reconstruction.json"


def subject_of(path: Path) -> str:
    """Return the subject that a path names, ``sub-01`` in the way of BIDS; else the file's own name."""
    subjects = [part for part in reversed(path.parts) if re.match(r"sub-[A-Za-z0-9]+", part)]
    return re.match(r"sub-[A-Za-z0-9]+", subjects[0]).group() if subjects else path.name


def contrast_of(path: Path) -> str:
    """Return the contrast that a file's name holds as a word, or nothing.

    ``t1`` is that of ``sub-01_T1w.nii``, ``sub-01_inplaneT1.nii`` and ``mprage.nii``.
    """
    words = [word.removesuffix("w").removeprefix("inplane") for word in re.split(r"[^a-z0-9]+", path.name.lower())]
    return next((_SEQUENCES.get(word, word) for word in words if word in CONTRASTS or word in _SEQUENCES), "")


def _study_files(folder: Path) -> list[Path]:
    """Return the files of a folder that holds DICOM files, or of the folders below it that do."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    if dicom_files(files):
        return files
    scans = find_scans(folder)
    volumes = [path for path in scans if path.is_file()]
    if volumes:
        raise ReconError(f"{folder} holds no DICOM series but {volumes[0].relative_to(folder)}: name one file of it.")
    return [path for scan in scans if not is_reconstruction(scan) for path in sorted(scan.iterdir()) if path.is_file()]


def _array_scan(path: Path, array: np.ndarray, options: ReadOptions) -> Scan:
    """Take an array without geometry: magnitudes, or k-space where it is complex."""
    shape = array.shape
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise ReconError(
            f"{path} is an array of shape {shape}: a scan is one slice (height, width) or (slices, height, width); "
            "combine the coils of k-space first, or name their axis to `recon reconstruct` by --coils."
        )
    raw = array.dtype.kind == "c"
    storage = Storage(array.dtype.newbyteorder("=")) if array.dtype.kind in "iu" else None
    with np.errstate(over="ignore"):  # a value that is too large becomes infinite, which a scan refuses
        array = array.astype(np.complex64 if raw else np.float32)
    if raw:
        return _kspace_scan(path, StoredKspace(array), shape, options)
    array, notes = mend_values(array, options)
    contrast = {"contrast": contrast_of(path)}
    return Scan(path, "npy", array, None, shape, subject_of(path), contrast, notes=notes, storage=storage)


def _kspace_scan(path: Path, stored: StoredKspace, shape: tuple[int, ...], options: ReadOptions) -> Scan:
    """Check k-space, and bring it to the convention."""
    array, notes = mend_values(stored.array, options)
    check_values(array, path)
    checked = check_kspace(array, path, options, stored.limits)
    return Scan(
        path,
        "kspace",
        checked.array,
        shape=shape,
        subject=subject_of(path),
        notes={**stored.notes, **notes, **checked.notes},
        limits=checked.limits,
        mask=stored.mask,
        computed=options.as_image,
    )
