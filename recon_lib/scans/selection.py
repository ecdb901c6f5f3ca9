"""What of a folder is taken, and what is left out and why: listed before any work starts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import is_volume, read_array
from recon_lib.scans.dicom.files import LOCALIZERS, dicom_files, is_localizer, read_header
from recon_lib.scans.headers import complex_part
from recon_lib.scans.read import CONTRASTS, contrast_of, find_scans, is_reconstruction
from recon_lib.scans.subjects import name_subjects

LABEL_VALUES = 256
"""A volume of more distinct values is no label map."""
LABEL_EQUAL = 0.65
"""In a label map this share of neighbours in the object, or more, are equal. In brain images of 8 bits it is 0.16 to
0.26, and still below 0.62 with 16 grey values."""
_MASKS = "mask brainmask bet dseg probseg seg segmentation label labels lesion roi rois aseg aparc parc atlas"
_DERIVATIVES = "derivatives"
_SLICES = 9


@dataclass(frozen=True)
class Candidate:
    """A scan of a folder, and what becomes of it.

    Attributes:
        path: The file, or the folder of a DICOM series.
        subject: The person whom its place names.
        reason: Why it is left out; empty where it is taken.
    """

    path: Path
    subject: str
    reason: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether it is used."""
        return not self.reason


def select_scans(
    folder: Path,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    subject_from: str | None = None,
) -> list[Candidate]:
    """Choose the scans of a folder that show magnitudes of one contrast.

    Left out are reconstructions of this library, masks and label maps (by name or by content), phase images,
    localizers, derivatives of BIDS, and every contrast but the one that most scans have.

    Args:
        folder: Searched with all its sub-folders.
        include: Patterns of the shell, such as ``*T1w*``; only scans whose place or name fits one are used. What is
            included by name is left out only if it is no magnitude.
        exclude: Likewise of scans that are left out.
        subject_from: As ``pattern`` of :func:`~recon_lib.scans.subjects.name_subjects`.

    Returns:
        Every scan in the order of names, taken or not.

    Raises:
        ReconError: There is no scan, or none is taken (the reasons are counted).
    """
    paths = find_scans(folder)
    reasons = {path: _reason(path, Path(folder), include, exclude) for path in paths}
    if not include:
        reasons |= _other_contrasts([path for path in paths if not reasons[path]])
    subjects = name_subjects([path for path in paths if not reasons[path]], Path(folder), subject_from)
    candidates = [Candidate(path, subjects.get(path, ""), reasons[path]) for path in paths]
    if not any(candidate.is_taken for candidate in candidates):
        counts = Counter(candidate.reason for candidate in candidates)
        text = "; ".join(f"{count} {reason}" for reason, count in counts.items())
        raise ReconError(f"No scan of {folder} is taken ({text}): name what you mean with --include PATTERN.")
    return candidates


def subjects_of(candidates: Sequence[Candidate]) -> dict[Path, str]:
    """Return the subject of each scan that is taken, as :func:`~recon_lib.scans.references.gather` wants them."""
    return {candidate.path: candidate.subject for candidate in candidates if candidate.is_taken}


def render_selection(candidates: Sequence[Candidate], folder: Path) -> str:
    """List what is taken and what is left out, for a terminal.

    Args:
        candidates: From :func:`select_scans`.
        folder: What their places are shown relative to.

    Returns:
        A line for each scan, after one that counts them.
    """
    from tabulate import tabulate

    taken = [candidate for candidate in candidates if candidate.is_taken]
    people = len({candidate.subject for candidate in taken})
    head = f"{len(taken)} scans of {people} subject(s) are taken, {len(candidates) - len(taken)} left out:"
    rows = [
        (
            "+" if candidate.is_taken else "-",
            candidate.path.relative_to(folder).as_posix(),
            candidate.subject if candidate.is_taken else candidate.reason,
        )
        for candidate in candidates
    ]
    return f"{head}\n{tabulate(rows, tablefmt='plain', disable_numparse=True)}"


def is_label_map(array: np.ndarray) -> bool:
    """Tell whether a volume holds labels, or a mask: few whole numbers, equal to their neighbours nearly everywhere.

    Args:
        array: Of three axes.

    Returns:
        True if it has two distinct values; or at most :data:`LABEL_VALUES`, all whole, and of all neighbours along
        the first two axes of which one at least is not zero, a share of :data:`LABEL_EQUAL` or more are equal.
    """
    values = np.unique(array)
    if len(values) > LABEL_VALUES or not np.isfinite(values).all() or (values != np.round(values)).any():
        return False
    if len(values) == 2:
        return True
    equal = pairs = 0
    for axis in (0, 1):
        first, second = np.delete(array, -1, axis), np.delete(array, 0, axis)
        inside = (first != 0) | (second != 0)
        pairs += int(inside.sum())
        equal += int((first == second)[inside].sum())
    return pairs > 0 and equal >= LABEL_EQUAL * pairs


def _reason(path: Path, folder: Path, include: Sequence[str], exclude: Sequence[str]) -> str:
    """Say why a scan is left out for what it is, whatever else the folder holds."""
    place = path.relative_to(folder)
    checks = {
        "a reconstruction of this library": lambda: is_reconstruction(path),
        "not included": lambda: include and not _fits(place, include),
        "excluded": lambda: _fits(place, exclude),
        "a derivative": lambda: not include and _DERIVATIVES in place.parts[:-1],
        "a localizer": lambda: not include and (_is_named_localizer(place) or _is_localizer(path)),
    }
    return next((reason for reason, holds in checks.items() if holds()), "") or _no_magnitude(path)


def _is_named_localizer(place: Path) -> bool:
    return any(word.upper() in LOCALIZERS for part in place.parts for word in _words(part))


def _no_magnitude(path: Path) -> str:
    """Say what a scan is if it is no magnitude image; nothing if it is one, or cannot be read here."""
    words = _words(path.name)
    if words[-1:] and words[-1] in _MASKS.split():
        return "a mask or label map"
    if not path.is_file() or not is_volume(path):
        return ""
    part = complex_part(path)
    if part:
        return f"a {part}" if part != "imaginary part" else "an imaginary part"
    try:
        array, _ = read_array(path)
    except ReconError:
        return ""  # The command that reads it names what is wrong.
    return "a mask or label map" if array.ndim == 3 and is_label_map(_some_slices(array)) else ""


def _some_slices(array: np.ndarray) -> np.ndarray:
    """Take a few slices at even distances: they tell labels from an image as well as all do."""
    return array[..., np.unique(np.linspace(0, array.shape[2] - 1, _SLICES).round().astype(int))]


def _is_localizer(path: Path) -> bool:
    """Tell whether the first file of a DICOM series calls itself a localizer."""
    if not path.is_dir():
        return False
    files = dicom_files(sorted(file for file in path.iterdir() if file.is_file()))
    try:
        return is_localizer(read_header(files[0]))
    except (ReconError, IndexError):
        return False


def _other_contrasts(paths: Sequence[Path]) -> dict[Path, str]:
    """Give the reason for scans of another contrast than the one that most scans name; of two, the usual one."""
    contrasts = {path: contrast_of(path) for path in paths}
    counts = Counter(contrast for contrast in contrasts.values() if contrast)
    if len(counts) < 2:
        return {}
    usual = min(counts, key=lambda contrast: (-counts[contrast], CONTRASTS.index(contrast)))
    return {
        path: f"another contrast ({contrast.upper()}) than most ({usual.upper()})"
        for path, contrast in contrasts.items()
        if contrast not in ("", usual)
    }


def _fits(place: Path, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns for text in (place.as_posix(), place.name))


def _words(name: str) -> list[str]:
    """Split a name into its words in lower case, its ending left out."""
    return [
        word
        for word in re.split(r"[^a-z0-9]+", re.sub(r"\.(nii|mha|mhd|mg[zh]|np[yz]|h5)(\.gz)?$", "", name.lower()))
        if word
    ]
