"""The series of a study: listed, and one of them chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import is_localizer
from recon_lib.scans.dicom.frames import fault_of

if TYPE_CHECKING:
    import pydicom

_GEOMETRY = ("PixelSpacing", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


@dataclass(frozen=True, eq=False)
class Series:
    """The images of one series.

    Attributes:
        uid: SeriesInstanceUID.
        number: SeriesNumber, or 0.
        description: SeriesDescription, or the identifier.
        heads: The header of each file.
        images: How many slices they hold.
        fault: Why it is no scan of magnitudes, as far as a header tells; empty if it may be one.
    """

    uid: str
    number: int
    description: str
    heads: Mapping[Path, pydicom.Dataset]
    images: int
    fault: str = ""

    def __str__(self) -> str:
        """Return number, description and size, as a list of series has them."""
        fault = f", {self.fault}" if self.fault else ""
        return f"{self.number} {self.description!r} ({self.images} images{fault})"


def list_series(heads: Mapping[Path, pydicom.Dataset]) -> list[Series]:
    """Sort images into their series.

    Args:
        heads: The header of each file with an image.

    Returns:
        The series by number, description and identifier.
    """
    parts: dict[str, dict[Path, pydicom.Dataset]] = {}
    for path, head in heads.items():
        parts.setdefault(str(head.get("SeriesInstanceUID") or ""), {})[path] = head
    series = [_series(uid, part) for uid, part in parts.items()]
    return sorted(series, key=lambda member: (member.number, member.description, member.uid))


def choose_series(folder: Path, series: Sequence[Series], name: str | None = None) -> Series:
    """Choose one series of a folder.

    Args:
        folder: The folder, for messages.
        series: Of :func:`list_series`, not empty.
        name: Number, description or identifier. By default the one with the most images, and of those that may be
            scans of magnitudes if there is any.

    Raises:
        ReconError: No series has this name, or several have it.
    """
    if name is None:
        return max(series, key=lambda member: (not member.fault, member.images))
    wish = name.strip().lower()
    chosen = [member for member in series if wish in (member.uid, str(member.number), member.description.lower())]
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(map(str, series))
    if not chosen:
        raise ReconError(f"{folder} has no series {name!r}: choose by number or description from {listed}.")
    descriptions = [member.description for member in chosen]
    unique = len(set(descriptions)) == len(chosen)
    names = " or ".join(map(repr, descriptions) if unique else [member.uid for member in chosen])
    raise ReconError(f"{folder} has several series {name!r}: name one by --series {names}.")


def _series(uid: str, heads: dict[Path, pydicom.Dataset]) -> Series:
    first = next(iter(heads.values()))
    faults = [fault_of(head)[0] or ("a localizer" if is_localizer(head) else "") for head in heads.values()]
    fault = faults[0] if all(faults) else ""
    if not fault and not any(name in head for head in heads.values() for name in _GEOMETRY):
        fault = "without geometry"
    images = sum(int(head.get("NumberOfFrames") or 1) for head in heads.values())
    description = str(first.get("SeriesDescription") or uid)
    return Series(uid, int(first.get("SeriesNumber") or 0), description, heads, images, fault)
