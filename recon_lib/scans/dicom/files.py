"""Which files are DICOM, and which of these hold images of a scan."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError

if TYPE_CHECKING:
    import pydicom

ENDINGS = (".dcm", ".dicom", ".ima")
"""A file of such a name is meant to be DICOM, so one that is not is refused by name."""
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_HEAD = 132  # bytes up to the end of the marker
# Without the preamble a file begins with an element of group 2 or 8, in either order of bytes.
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_NO_SCAN = {"SEG": "a segmentation", "RTDOSE": "a dose", "RTIMAGE": "an image of radiotherapy"}
LOCALIZERS = ("LOCALIZER", "LOCALISER", "LOC", "SCOUT", "SURVEY", "3PLANE")
"""Words by which an image type, a description or a name says that an image only plans others."""


def dicom_files(paths: Sequence[Path]) -> list[Path]:
    """Choose the files that are DICOM, or that are named as such.

    Args:
        paths: Files of any kind.

    Returns:
        Files with the marker ``DICM``; those without that begin with elements of DICOM; and those whose names end
        like DICOM files, which are refused when they are read. A DICOMDIR is none of them.
    """
    return [path for path in paths if not path.name.upper().startswith("DICOMDIR") and _is_dicom(path)]


def read_header(path: Path) -> pydicom.Dataset:
    """Read a file's elements; those longer than 1 kB are read when they are used.

    Args:
        path: A DICOM file, with or without preamble.

    Raises:
        ReconError: It is no DICOM file, or is damaged.
    """
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scanners write much that the standard forbids
            head = pydicom.dcmread(path, defer_size=1024, force=True)
            _ = head.SOPClassUID, head.SOPInstanceUID  # a derived series refers to them
            _ = int(head.get("SeriesNumber") or 0), int(head.get("NumberOfFrames") or 1)
            _complete_meta(head)
            return head
    except Exception as error:  # pydicom raises many kinds of errors
        raise ReconError(f"Cannot read the DICOM image {path} ({reason(error)}): export it again.") from error


def split_images(paths: Sequence[Path]) -> tuple[dict[Path, pydicom.Dataset], dict[Path, str]]:
    """Read headers, and part images from what is none.

    Args:
        paths: DICOM files.

    Returns:
        Headers of the images, and what each of the other files is: a report, a presentation state, a segmentation.

    Raises:
        ReconError: As :func:`read_header`.
    """
    images: dict[Path, pydicom.Dataset] = {}
    others: dict[Path, str] = {}
    for path in paths:
        head = read_header(path)
        modality = str(head.get("Modality") or "").upper()
        if modality in _NO_SCAN:
            others[path] = _NO_SCAN[modality]
        elif any(name in head for name in PIXELS):
            images[path] = head
        elif "Rows" in head:
            raise ReconError(f"{path} has no pixels: copy or export it again.")
        else:
            name = str(head.SOPClassUID.name)
            others[path] = name.removesuffix(" Storage") if not name[:1].isdigit() else modality or "no image"
    return images, others


def image_type(head: pydicom.Dataset) -> list[str]:
    """Return the words of ImageType in capitals."""
    return [str(word).upper() for word in head.get("ImageType") or []]


def is_localizer(head: pydicom.Dataset) -> bool:
    """Tell by image type, or by a word of the series' description, whether an image only plans others."""
    words = str(head.get("SeriesDescription") or "").upper().replace("_", " ").replace("-", " ").split()
    return any(word in LOCALIZERS for word in (*image_type(head), *words))


def reason(error: Exception) -> str:
    """Return the last line of a library's error, for a message."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[-1].strip().rstrip(".")
    return re.sub(r"^'\w+' object has no attribute '(\w+)'$", r"it has no \1", line)


def _is_dicom(path: Path) -> bool:
    if path.suffix.lower() in ENDINGS:
        return True
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[128:] == b"DICM":
        return True
    if head[:2] not in _FIRST_GROUPS:
        return False
    try:
        read_header(path)
    except ReconError:
        return False
    return True


def _complete_meta(head: pydicom.Dataset) -> None:
    """Give a file without preamble the transfer syntax that it was read with."""
    import pydicom

    if "TransferSyntaxUID" in head.file_meta:
        return
    implicit, little = head.original_encoding
    explicit = pydicom.uid.ExplicitVRLittleEndian if little else pydicom.uid.ExplicitVRBigEndian
    head.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian if implicit else explicit
