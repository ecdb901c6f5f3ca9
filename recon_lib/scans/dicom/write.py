"""A reconstruction as a DICOM series that is derived from its scan's."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import read_header, reason
from recon_lib.scans.scan import Scan
from recon_lib.scans.storage import Storage, Stored, store

if TYPE_CHECKING:
    import pydicom

# These elements describe the pixels of the source, which are replaced.
_STALE = (
    *("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RealWorldValueMappingSequence", "RescaleSlope", "RescaleIntercept", "RescaleType", "IconImageSequence"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod", "ModalityLUTSequence"),
    *("FloatPixelData", "DoubleFloatPixelData", "FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue"),
)
# These belong to images that are shown inverted.
_WINDOWS = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTSequence", "PresentationLUTShape")
# These describe the frames of an enhanced image. Its derived series has one slice a file.
_FRAMES = (
    *("NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("DimensionOrganizationSequence", "DimensionIndexSequence", "DimensionOrganizationType", "FrameIncrementPointer"),
    *("ConcatenationUID", "InConcatenationNumber", "ConcatenationFrameOffsetNumber"),
)
_CLASSIC = {"MR": "1.2.840.10008.5.1.4.1.1.4", "CT": "1.2.840.10008.5.1.4.1.1.2", "PT": "1.2.840.10008.5.1.4.1.1.128"}
_SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def write_series(scan: Scan, volume: np.ndarray, out: Path, text: str) -> dict[str, object]:
    """Write a volume as a new series derived from a scan's, one file a slice.

    Patient, study, frame of reference, geometry and sequence are those of the scan's files; the new series
    has identifiers of its own, says that it is derived, how, and from which images. Values keep their scale: as
    integers of 16 bits (8 where the scan has 8) with the scan's own slope, or with one that reaches the maximum.

    Args:
        scan: A DICOM series, or an enhanced image.
        volume: float32, of the scan's shape, not negative.
        out: The folder, which is there.
        text: What was done, for DerivationDescription and ImageComments.

    Returns:
        How the values are stored, for the record.

    Raises:
        ReconError: An element of the scan's files cannot be written.
    """
    content = hashlib.sha256(np.ascontiguousarray(volume)).hexdigest()
    stored = stored_series(scan, volume)
    for index, path in enumerate(scan.files):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                head = read_header(path)
                head.SourceImageSequence = [_reference(head)]
                _clean(head)
                if "NumberOfFrames" in head:
                    _set_place(head, scan, index)
                _set_pixels(head, stored, index)
                _derive(head, content, text, index)
                head.save_as(out / f"{index + 1:04d}.dcm", enforce_file_format=True)
        except (ReconError, OSError):
            raise
        except Exception as error:  # pydicom raises many kinds of errors when it encodes an element
            raise ReconError(f"Cannot write what is derived from {path} ({reason(error)}): write a NIfTI.") from error
    return stored.facts()


def stored_series(scan: Scan, volume: np.ndarray) -> Stored:
    """Return a volume as a DICOM series can store it: unsigned integers of 8 or 16 bits and a slope."""
    storage = scan.storage or Storage(np.dtype(np.uint16), None)
    dtype = np.dtype(np.uint8 if storage.dtype.itemsize == 1 else np.uint16)
    # A decimal string of DICOM has 16 characters.
    return store(volume, Storage(dtype, storage.slope, storage.intercept), lambda slope: float(f"{slope:.10g}"))


def _clean(head: pydicom.Dataset) -> None:
    """Take away what describes the pixels that are replaced, and the order of bytes of the source."""
    import pydicom

    head.remove_private_tags()  # some of them scale the pixels that are replaced
    inverted = head.get("PhotometricInterpretation") == "MONOCHROME1"
    for name in (*_STALE, *(_WINDOWS if inverted else ())):
        if name in head:
            del head[name]
    if not head.original_encoding[1]:  # big-endian: numbers are decoded here, but for those that are bare bytes
        for element in list(head):
            if isinstance(element.value, bytes):
                del head[element.tag]
        _ = list(head.iterall())
        head.set_original_encoding(False, True, head.original_character_set)
    head.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian


def _set_place(head: pydicom.Dataset, scan: Scan, index: int) -> None:
    """Turn the head of an enhanced image into that of one of its slices."""
    for name in _FRAMES:
        if name in head:
            del head[name]
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ scan.affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    axes = affine[:3, :3] / spacing
    head.ImagePositionPatient = [_decimal(v) for v in (affine @ [0, 0, index, 1])[:3]]
    head.ImageOrientationPatient = [_decimal(v) for v in axes.T[:2].ravel()]
    head.PixelSpacing = [_decimal(spacing[1]), _decimal(spacing[0])]
    head.SliceThickness = head.SpacingBetweenSlices = _decimal(spacing[2])
    for name, value in scan.contrast.items():
        setattr(head, name, _decimal(value))
    head.InstanceNumber = index + 1
    head.SOPClassUID = _CLASSIC.get(str(head.get("Modality")), _SECONDARY)


def _set_pixels(head: pydicom.Dataset, stored: Stored, index: int) -> None:
    if (stored.slope, stored.intercept) != (1.0, 0.0):
        head.RescaleSlope, head.RescaleIntercept, head.RescaleType = stored.slope, stored.intercept, "US"
    bits = 8 * stored.array.dtype.itemsize
    head.BitsAllocated, head.BitsStored, head.HighBit, head.PixelRepresentation = bits, bits, bits - 1, 0
    head.SamplesPerPixel, head.PhotometricInterpretation = 1, "MONOCHROME2"
    pixels = stored.array[:, :, index].T.astype(stored.array.dtype.newbyteorder("<")).tobytes()
    head.PixelData = pixels + b"\0" * (len(pixels) % 2)
    head["PixelData"].VR = "OB" if bits == 8 else "OW"


def _reference(head: pydicom.Dataset) -> pydicom.Dataset:
    from pydicom.dataset import Dataset

    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = head.SOPClassUID, head.SOPInstanceUID
    return source


def _derive(head: pydicom.Dataset, content: str, text: str, index: int) -> None:
    """Give a slice identifiers of its own, and say how it was derived."""
    import pydicom

    head.ImageType = ["DERIVED", "SECONDARY", *list(head.get("ImageType") or [])[2:]]
    head.DerivationDescription, head.ImageComments = text[:1024], text[:10240]
    head.SeriesDescription = f"{str(head.get('SeriesDescription') or 'series')[:48]} reconstructed"
    head.SeriesNumber = int(head.get("SeriesNumber") or 0) + 1000
    series = str(head.get("SeriesInstanceUID") or "")
    head.SeriesInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[series, content, text])
    head.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[head.SOPInstanceUID, content, text, str(index)])
    head.file_meta.MediaStorageSOPClassUID = head.SOPClassUID
    head.file_meta.MediaStorageSOPInstanceUID = head.SOPInstanceUID


def _decimal(value: float) -> float:
    return float(f"{value:.10g}")
