"""A DICOM series as a volume: its slices in the order of space, each with its own values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import dicom_files, is_localizer, reason, split_images
from recon_lib.scans.dicom.frames import TIMES, Frame, frames_of
from recon_lib.scans.dicom.pixels import Values, read_values
from recon_lib.scans.dicom.series import Series, choose_series, list_series
from recon_lib.scans.options import ReadOptions, mend_values
from recon_lib.scans.scan import Scan
from recon_lib.scans.storage import Storage

_PLACE = 1e-3  # mm: positions closer than this are the same
_NAMES = 5  # so many files are named in a note


def read_series(folder: Path, files: Sequence[Path], options: ReadOptions | None = None) -> Scan:
    """Read one series of 2-D magnitude images, or an enhanced image, as a volume.

    Args:
        folder: Where the files are.
        files: All files of the folder, or of a study's folders; those that are no image of a scan are passed over.
        options: What the user says of it: which series, and what of its values may be mended.

    Returns:
        The scan; its last axis runs along the normal of the slices. Its notes say what was left out, chosen,
        inverted, set to zero or guessed.

    Raises:
        ReconError: There is no image, sizes or contrasts are mixed, a slice is missing, two different images are at
            one place, or an image is in colour, a mosaic, not a magnitude, without geometry or unreadable.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scanners write much that the standard forbids
            return _read(folder, files, options or ReadOptions())
    except ReconError:
        raise
    except Exception as error:  # pydicom raises many kinds of errors when it decodes an element
        raise ReconError(f"Cannot read the DICOM series in {folder} ({reason(error)}): export it again.") from error


def _read(folder: Path, files: Sequence[Path], options: ReadOptions) -> Scan:
    chosen = dicom_files(files)
    images, others = split_images(chosen)
    if not images:
        kinds = ", ".join(f"{path.name} ({kind})" for path, kind in list(others.items())[:_NAMES])
        raise ReconError(f"{folder} holds no DICOM image but {kinds or 'a DICOMDIR'}: name the folder of the images.")
    known = list_series(images)
    member = choose_series(folder, known, options.series)
    notes = _choice_notes(known, member, others, set(files) - set(chosen))
    return _volume(folder, member, notes, options)


def _choice_notes(known: list[Series], member: Series, others: dict[Path, str], rest: set[Path]) -> dict[str, str]:
    notes = {}
    if len(known) > 1:
        names = "; ".join(str(series) for series in known)
        notes["series"] = (
            f"read series {member.number} {member.description!r}, one of {names}; --series chooses another."
        )
    others = {**others, **{path: "no DICOM" for path in rest if not path.name.startswith(".")}}
    if others:
        names = [f"{path.name} ({kind})" for path, kind in sorted(others.items())]
        notes["files left out"] = f"left out {_listed(names)}."
    return notes


def _volume(folder: Path, series: Series, notes: dict[str, str], options: ReadOptions) -> Scan:
    heads = series.heads
    planning = [path for path, head in heads.items() if is_localizer(head)]
    if 0 < len(planning) < len(heads):
        notes["localizers left out"] = f"left out {_listed([path.name for path in planning])}, which only plan others."
        heads = {path: head for path, head in heads.items() if path not in planning}
    frames = [frame for path, head in heads.items() for frame in frames_of(path, head)]
    _check_alike(folder, frames)
    values, images = _decode(frames)
    frames = _order(folder, frames, images, notes)
    first = frames[0]
    array = np.stack([images[frame] for frame in frames]).transpose(2, 1, 0)
    affine = _affine(frames, notes)
    _note_values(values, frames, notes)
    if "inverted" in notes and array.any() and array[array > 0].min() > array.max() / 2:
        # The scanner inverted within fewer bits than the header states, so that black is far from zero.
        darkest = array[array > 0].min()
        array = np.maximum(array - darkest, 0)
        notes["black"] = f"its darkest pixel was worth {darkest:g} and was set to zero."
    array, changes = mend_values(array, options)
    notes |= changes
    head = next(iter(heads.values()))
    subject = str(head.get("PatientID") or folder.name)
    files, storage = tuple(frame.path for frame in frames), _storage(values, frames)
    return Scan(folder, "dicom", array, affine, array.shape, subject, first.times, files, notes, storage)


def _decode(frames: list[Frame]) -> tuple[dict[Path, Values], dict[Frame, np.ndarray]]:
    """Return the values of each file, and each frame's image."""
    members: dict[Path, list[Frame]] = {}
    for frame in frames:
        members.setdefault(frame.path, []).append(frame)
    values = {path: read_values(path, part) for path, part in members.items()}
    images = {
        frame: image for path, part in members.items() for frame, image in zip(part, values[path].images, strict=True)
    }
    return values, images


def _check_alike(folder: Path, frames: list[Frame]) -> None:
    sizes = sorted({frame.size for frame in frames})
    if len(sizes) > 1:
        pairs = " and ".join(f"{r}x{c}" for r, c in sizes)
        raise ReconError(f"{folder} mixes images of {pairs} pixels: give each size a folder of its own.")
    for name, property_names in (("orientation", "orientations"), ("spacing", "pixel sizes")):
        if np.ptp([getattr(frame, name) for frame in frames], axis=0).max() > 1e-3:
            raise ReconError(f"{folder} mixes images of several {property_names}: give each a folder of its own.")
    for name in TIMES:
        values = [frame.times[name] for frame in frames if name in frame.times]
        if values and max(values) - min(values) > 0.01 * max(values):
            raise ReconError(
                f"{folder} mixes contrasts ({name} from {min(values):g} to {max(values):g} ms): "
                "give each a folder of its own."
            )
    stacks = sorted({frame.stack for frame in frames})
    if len(stacks) > 1:
        raise ReconError(f"{folder} holds {len(stacks)} stacks of slices ({', '.join(stacks)}): give each by itself.")


def _order(folder: Path, frames: list[Frame], images: dict[Frame, np.ndarray], notes: dict[str, str]) -> list[Frame]:
    """Sort along the normal of the slices, leave copies out, and see that every step is the same."""
    normal = np.cross(*frames[0].orientation.reshape(2, 3))
    ordered: list[Frame] = []
    copies: list[str] = []

    def rank(frame: Frame) -> tuple[float, int, str, int]:  # "a (1).dcm" is the copy of "a.dcm"
        return round(float(normal @ frame.position), 3), len(frame.path.name), frame.path.name, frame.index

    for frame in sorted(frames, key=rank):
        if not ordered or normal @ (frame.position - ordered[-1].position) > _PLACE:
            ordered.append(frame)
        elif np.array_equal(images[frame], images[ordered[-1]]):
            copies.append(frame.name)
        else:
            raise ReconError(
                f"{folder} holds several images at the place of {ordered[-1].name} (a 4-D series): "
                "give one volume alone."
            )
    if copies:
        notes["copies left out"] = f"left out {_listed(copies)}: equal pixels at the place of another slice."
    if sorted(ordered, key=lambda frame: (frame.path.name, frame.index)) not in (ordered, ordered[::-1]):
        notes["order"] = "the slices are in the order of their positions, which is not that of their names."
    _check_steps(folder, ordered, normal)
    return ordered


def _check_steps(folder: Path, ordered: list[Frame], normal: np.ndarray) -> None:
    if len(ordered) < 2:
        return
    positions = np.array([frame.position for frame in ordered])
    gaps = np.diff(positions @ normal)
    usual = float(gaps.min())
    if (gaps > 1.5 * usual).any():
        k = int(np.argmax(gaps))
        raise ReconError(
            f"{folder} misses a slice between {ordered[k].name} and {ordered[k + 1].name} "
            f"({gaps[k]:.4g} mm apart, {usual:.4g} mm elsewhere): export the series again."
        )
    if np.ptp(gaps) > 0.1 * usual:
        raise ReconError(f"{folder} has slices {gaps.min():.4g} to {gaps.max():.4g} mm apart: they must be evenly so.")
    line = positions[0] + np.linspace(0, 1, len(ordered))[:, None] * (positions[-1] - positions[0])
    if np.abs(positions - line).max() > 0.1 * usual:
        raise ReconError(f"{folder} has slices that are shifted against one another: give them in one stack.")


def _affine(frames: list[Frame], notes: dict[str, str]) -> np.ndarray:
    """Return the affine from (column, row, slice) to mm to the right, front and up (DICOM PS3.3, C.7.6.2.1.1)."""
    first = frames[0]
    along_row, down_column = first.orientation.reshape(2, 3)
    step = np.cross(along_row, down_column) * (first.thickness or 1.0)
    if len(frames) > 1:
        step = (frames[-1].position - first.position) / (len(frames) - 1)
    if len(frames) > 1 and any(frame.guessed for frame in frames):
        notes["positions"] = f"the frames have no positions of their own: taken as {np.linalg.norm(step):g} mm apart."
    elif len(frames) == 1:
        source = f"its thickness, {first.thickness:g} mm" if first.thickness else "unknown: taken as 1 mm"
        notes["slice spacing"] = f"the spacing of a single slice is {source}."
    affine = np.eye(4)
    affine[:3] = np.column_stack([along_row * first.spacing[1], down_column * first.spacing[0], step, first.position])
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # DICOM's axes point to the left and back


def _note_values(values: dict[Path, Values], frames: list[Frame], notes: dict[str, str]) -> None:
    """Say what was done with the stored numbers."""
    scales = {(frame.slope, frame.intercept) for frame in frames}
    if len(scales) > 1:
        slopes = [frame.slope for frame in frames]
        notes["scale"] = (
            f"each slice has a rescale slope of its own, {min(slopes):g} to {max(slopes):g}: each was applied."
        )
    used = [values[path] for path in dict.fromkeys(frame.path for frame in frames)]
    padding = sum(part.padding for part in used)
    if padding:
        notes["padding"] = f"{padding} pixels of padding outside the field of view were set to zero."
    if any(part.inverted for part in used):
        notes["inverted"] = "stored with bright as low (MONOCHROME1): inverted, and written as MONOCHROME2."


def _storage(values: dict[Path, Values], frames: list[Frame]) -> Storage | None:
    dtype = np.result_type(*{part.dtype for part in values.values()})
    if dtype.kind not in "iu":
        return None
    scales = {(frame.slope, frame.intercept) for frame in frames}
    slope, intercept = scales.pop() if len(scales) == 1 else (None, 0.0)
    return Storage(dtype, slope, intercept)


def _listed(names: list[str]) -> str:
    rest = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {rest} more" if rest > 0 else "")
