"""Values of a DICOM file: each stored number times slope plus intercept, in floating point."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.decoding import decoding
from recon_lib.scans.dicom.files import read_header, reason
from recon_lib.scans.dicom.frames import Frame

if TYPE_CHECKING:
    import pydicom


@dataclass(frozen=True, eq=False)
class Values:
    """The slices of a file.

    Attributes:
        images: float32 ``(n, rows, columns)``, in the units that the file's scale gives.
        dtype: Type of the stored numbers.
        padding: How many pixels were padding of another value than zero, and are zero now.
        inverted: Whether the file stores bright as low (MONOCHROME1).
    """

    images: np.ndarray
    dtype: np.dtype
    padding: int
    inverted: bool


def read_values(path: Path, frames: Sequence[Frame]) -> Values:
    """Decode frames of a file, and give them their values.

    A value is ``stored * slope + intercept`` of its own frame (DICOM PS3.3, C.11.1). Where low numbers are bright
    (MONOCHROME1), a stored number is first counted from the other end of its range. Padding becomes 0.

    Args:
        path: The file.
        frames: Some of its frames.

    Returns:
        Their values in the order of ``frames``.

    Raises:
        ReconError: The pixels cannot be decompressed, or are damaged.
    """
    head = read_header(path)
    stored = _decode(path, head)[[frame.index for frame in frames]]
    padding = _padding(head, stored)
    inverted = str(head.get("PhotometricInterpretation") or "").strip() == "MONOCHROME1"
    if "ModalityLUTSequence" in head:
        images = _looked_up(path, head, stored, inverted)
    else:
        numbers = stored.astype(np.float64)
        if inverted:
            numbers = sum(_range(head, stored.dtype)) - numbers
        slopes, intercepts = (np.array([getattr(f, n) for f in frames]) for n in ("slope", "intercept"))
        images = numbers * slopes[:, None, None] + intercepts[:, None, None]
    count = int((images[padding] != 0).sum())
    images[padding] = 0
    with np.errstate(over="ignore"):  # a value that is too large becomes infinite, which a scan refuses
        return Values(images.astype(np.float32), stored.dtype, count, inverted)


def _decode(path: Path, head: pydicom.Dataset) -> np.ndarray:
    """Return the stored numbers, ``(frames, rows, columns)``: by pydicom, or what it cannot decompress by ITK."""
    compressed = head.file_meta.TransferSyntaxUID.is_compressed
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                stored = head.pixel_array
            except Exception:  # pydicom raises many kinds of errors
                if not compressed:
                    raise
                stored = _decompress(head)
    except Exception as error:
        name = f"of {head.file_meta.TransferSyntaxUID.name} " if compressed else ""
        raise ReconError(
            f"Cannot decode the pixels {name}in {path}: export it without compression ({reason(error)})."
        ) from error
    frames, size = int(head.get("NumberOfFrames") or 1), (int(head.Rows), int(head.Columns))
    if stored.size != frames * size[0] * size[1]:
        raise ReconError(f"{path} does not hold {frames} images of {size[0]}x{size[1]} pixels: export it again.")
    return stored.reshape(frames, *size)


def _decompress(head: pydicom.Dataset) -> np.ndarray:
    """Decompress by ITK, which scales and inverts what it reads unless the file says nothing of that."""
    import SimpleITK

    for name in (
        "RescaleSlope",
        "RescaleIntercept",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
    ):
        if name in head:
            del head[name]
    photometric, head.PhotometricInterpretation = head.get("PhotometricInterpretation"), "MONOCHROME2"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.dcm"
        head.save_as(copy, enforce_file_format=True)
        head.PhotometricInterpretation = photometric
        with decoding():
            return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(copy)))


def _padding(head: pydicom.Dataset, stored: np.ndarray) -> np.ndarray:
    """Mark the pixels outside the field of view: PixelPaddingValue, or from it to PixelPaddingRangeLimit."""
    value = head.get("PixelPaddingValue")
    if value is None or stored.dtype.kind == "f":
        return np.zeros(stored.shape, bool)
    limit = head.get("PixelPaddingRangeLimit")
    # Some files give the bits of a signed number as an unsigned one, or the other way round.
    low, high = sorted(_wrapped(int(end), stored.dtype) for end in (value, value if limit is None else limit))
    return (stored >= low) & (stored <= high)


def _wrapped(value: int, dtype: np.dtype) -> int:
    limits = np.iinfo(dtype)
    span = 2 ** (8 * dtype.itemsize)
    return value - span if value > limits.max else value + span if value < limits.min else value


def _range(head: pydicom.Dataset, dtype: np.dtype) -> tuple[float, float]:
    """Return the lowest and the highest number of the stored bits."""
    bits = int(head.get("BitsStored") or 8 * dtype.itemsize)
    return (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if dtype.kind == "i" else (0.0, 2.0**bits - 1)


def _looked_up(path: Path, head: pydicom.Dataset, stored: np.ndarray, inverted: bool) -> np.ndarray:
    import pydicom

    if inverted:
        raise ReconError(f"{path} has a table of values and low numbers that are bright: convert it to NIfTI.")
    return np.asarray(pydicom.pixels.apply_modality_lut(stored, head), np.float64)
