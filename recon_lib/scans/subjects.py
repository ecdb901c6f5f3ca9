"""The person whom each scan of a folder shows, so that nobody tunes a network and tests it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import dicom_files, read_header
from recon_lib.scans.kspace import HDF5

_BIDS = re.compile(r"sub-[A-Za-z0-9]+")
# Words of a name that tell visits, contrasts and kinds of a file apart, not people.
_VISIT = re.compile(
    r"(ses|session|visit|scan|run|acq|tp|rec)-?[a-z0-9]*\d|baseline|follow-?up\d*|(t1|t2|pd)w?|flair|mprage"
)
_ENDING = re.compile(r"(\.nii|\.h5|\.mha|\.mhd|\.mgz|\.mgh|\.np[yz]|\.cfl)?(\.gz)?$", re.IGNORECASE)


def name_subjects(paths: Sequence[Path], folder: Path, pattern: str | None = None) -> dict[Path, str]:
    """Name the person whom each scan of a folder shows, from the scans' places.

    Args:
        paths: Scans below the folder.
        folder: What their places are relative to.
        pattern: A regular expression that is sought in the place with forward slashes; the subject is its group, or
            the whole match where it has none.

    Returns:
        By scan: what ``pattern`` gives; without one BIDS' ``sub-01``; else the patient whom the header of DICOM or
        HDF5 names; else the first folder that is not the same for all scans; else the file's name without its ending
        and without words for visits and contrasts.

    Raises:
        ReconError: The pattern is not valid, or a scan's place does not hold it.
    """
    places = {path: path.relative_to(folder) for path in paths}
    if pattern is not None:
        return {path: _match(pattern, place) for path, place in places.items()}
    folders = [place.parts[:-1] for place in places.values()]
    depth = next((k for k in range(min(map(len, folders), default=0)) if len({f[k] for f in folders}) > 1), None)
    return {path: _guess(path, place, depth) for path, place in places.items()}


def read_patient(path: Path) -> str:
    """Return the patient whom the header of a DICOM series or of k-space names; nothing where it names none.

    Args:
        path: A folder of DICOM files, or a file. fastMRI keeps ``patient_id``, ISMRMRD ``patientID``.
    """
    try:
        if path.is_dir():
            files = dicom_files(sorted(file for file in path.iterdir() if file.is_file()))
            head = read_header(files[0]) if files else {}
            return str(head.get("PatientID") or head.get("PatientName") or "").strip()
        if path.name.lower().endswith(HDF5):
            return _hdf5_patient(path)
    except (ReconError, OSError):
        pass  # The command that reads the scan names what is wrong.
    return ""


def _hdf5_patient(path: Path) -> str:
    import h5py

    with h5py.File(path) as file:
        patient = file.attrs.get("patient_id", "")
        header = file["dataset/xml"][()] if "dataset/xml" in file else b""
    text = bytes(header[0] if isinstance(header, np.ndarray) and header.size else header or b"").decode(
        errors="replace"
    )
    match = re.search(r"<patientID>\s*([^<]+?)\s*</patientID>", text)
    return match.group(1) if match else str(patient).strip()


def _match(pattern: str, place: Path) -> str:
    try:
        match = re.search(pattern, place.as_posix())
    except re.error as error:
        raise ReconError(f"--subject-from {pattern!r} is no regular expression ({error}): correct it.") from error
    subject = match and (match.group(1) if match.re.groups else match.group())
    if not subject:
        raise ReconError(
            f"--subject-from {pattern!r} is not in {place.as_posix()}: correct it, or leave that scan out."
        )
    return subject


def _guess(path: Path, place: Path, depth: int | None) -> str:
    """Name a subject where the user says nothing."""
    named = [match.group() for part in reversed(path.parts) for match in [_BIDS.match(part)] if match]
    if named:
        return named[0]
    patient = read_patient(path)
    if patient:
        return patient
    if depth is not None:
        return place.parts[depth]
    stem = _ENDING.sub("", path.name)
    words = [word for word in re.split(r"[_.\s]+", stem) if word and not _VISIT.fullmatch(word.lower())]
    return "_".join(words) or stem
