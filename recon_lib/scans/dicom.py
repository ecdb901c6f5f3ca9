"""A DICOM series: checked file by file, read as a volume, and written as a derived series."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import itk_volume
from recon_lib.scans.scan import Scan

if TYPE_CHECKING:
    import pydicom

_TIMES = ("EchoTime", "RepetitionTime", "InversionTime")
_PLACE = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_COMPLEX = {"P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY"}
# These elements describe the pixels of the source, which are replaced.
_STALE = (
    *("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RealWorldValueMappingSequence", "RescaleSlope", "RescaleIntercept", "RescaleType", "IconImageSequence"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
)


class _Head(NamedTuple):
    """What is needed of an image's header: position in mm, two unit vectors, spacing in mm, times in ms."""

    series: str
    described: str
    subject: str
    size: tuple[int, int]
    position: np.ndarray
    orientation: np.ndarray
    spacing: np.ndarray
    times: dict[str, float]


def dicom_files(paths: list[Path]) -> list[Path]:
    """Choose the files that begin as DICOM files do, whatever their names."""
    files = []
    for path in paths:
        with path.open("rb") as file:
            if path.name.upper() != "DICOMDIR" and file.read(132)[128:] == b"DICM":
                files.append(path)
    return files


def read_series(folder: Path, files: list[Path]) -> Scan:
    """Read one series of 2-D magnitude images as a volume.

    Args:
        folder: Where they are.
        files: DICOM files, all of one series.

    Returns:
        The scan; its last axis runs along the normal of the slices.

    Raises:
        ReconError: There are several series, sizes or contrasts, a slice is missing, or an image is in
            colour, of several frames, not a magnitude, without geometry or unreadable.
    """
    import SimpleITK

    heads = {path: _head(path) for path in files}
    _check_alike(folder, list(heads.values()))
    ordered = _order(folder, heads)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in ordered])
    try:
        array, affine = itk_volume(reader.Execute())
    except RuntimeError as error:
        raise ReconError(f"Cannot decode the DICOM series in {folder}: export it again ({_reason(error)}).") from error
    first = heads[ordered[0]]
    return Scan(folder, "dicom", array, affine, array.shape, first.subject, first.times, tuple(ordered))


def write_series(scan: Scan, volume: np.ndarray, out: Path, text: str) -> None:
    """Write a volume as a new series derived from a scan's, one file a slice.

    Patient, study, frame of reference, geometry and sequence are those of the scan's files; the new series
    has identifiers of its own, says that it is derived, how, and from which images. Intensities keep their
    scale: integers as they are where the scan has no rescale slope, else 16 bits with a slope.

    Args:
        scan: A DICOM series.
        volume: float32, of the scan's shape, not negative.
        out: The folder, which is there.
        text: What was done, for DerivationDescription and ImageComments.
    """
    import pydicom
    from pydicom.dataset import Dataset

    content = hashlib.sha256(np.ascontiguousarray(volume)).hexdigest()
    slope = None
    for index, path in enumerate(scan.files):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            head = pydicom.dcmread(path)
            if slope is None:
                slope = _slope(head, volume)
            source = Dataset()
            source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = head.SOPClassUID, head.SOPInstanceUID
            head.remove_private_tags()  # some of them scale the pixels that are replaced
            for name in _STALE:
                if name in head:
                    del head[name]
            if slope != 1:
                head.RescaleSlope, head.RescaleIntercept, head.RescaleType = slope, 0, "US"
            head.BitsAllocated, head.BitsStored, head.HighBit, head.PixelRepresentation = 16, 16, 15, 0
            pixels = np.rint(volume[:, :, index].T / np.float64(slope)).astype("<u2")
            head.PixelData = pixels.tobytes()
            head["PixelData"].VR = "OW"
            kind = list(head.get("ImageType") or [])
            head.ImageType = ["DERIVED", "SECONDARY", *kind[2:]]
            head.SourceImageSequence = [source]
            head.DerivationDescription, head.ImageComments = text[:1024], text[:10240]
            head.SeriesDescription = f"{str(head.get('SeriesDescription') or 'series')[:48]} reconstructed"
            head.SeriesNumber = int(head.get("SeriesNumber") or 0) + 1000
            head.SeriesInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[head.SeriesInstanceUID, content, text])
            head.SOPInstanceUID = pydicom.uid.generate_uid(entropy_srcs=[head.SOPInstanceUID, content, text])
            head.file_meta.MediaStorageSOPInstanceUID = head.SOPInstanceUID
            head.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
            head.save_as(out / f"{index + 1:04d}.dcm", enforce_file_format=True)


def _slope(head: pydicom.Dataset, volume: np.ndarray) -> float:
    """Return what a stored integer is worth: 1 where the scan's is, if the volume fits into 16 bits."""
    largest = float(volume.max())
    if float(head.get("RescaleSlope", 1) or 1) == 1 and largest < 65535:
        return 1.0
    return float(f"{largest / 65535 * 1.0001:.10g}")  # a decimal string of DICOM has 16 characters


def _head(path: Path) -> _Head:
    import pydicom

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scanners write much that the standard forbids
            head = pydicom.dcmread(path, defer_size=1024)
            _check_pixels(path, head)
            place = [[float(v) for v in head[n].value] if n in head else [] for n in _PLACE]
            if [len(part) for part in place] != [3, 6, 2] or not np.isfinite(np.concatenate(place)).all():
                raise ReconError(f"{path} does not say where in space it is: give a series with position and spacing.")
            times = {name: float(head[name].value) for name in _TIMES if head.get(name) not in (None, "")}
            series = str(head.SeriesInstanceUID)
            _ = head.SOPClassUID, head.SOPInstanceUID, int(head.get("SeriesNumber") or 0)  # a derived series needs them
            described = str(head.get("SeriesDescription") or series)
            size = int(head.Rows), int(head.Columns)
            subject = str(head.get("PatientID") or path.parent.name)
            return _Head(series, described, subject, size, *map(np.array, place), times)
    except ReconError:
        raise
    except Exception as error:  # pydicom raises many kinds of errors
        raise ReconError(f"Cannot read the DICOM image {path} ({_reason(error)}): export it again.") from error


def _check_pixels(path: Path, head: pydicom.Dataset) -> None:
    """Refuse frames, colours, parts of complex images and files that end too early."""
    frames, samples = int(head.get("NumberOfFrames") or 1), int(head.SamplesPerPixel)
    if frames > 1:
        raise ReconError(f"{path} holds {frames} frames: only one slice a file is read; convert it to NIfTI.")
    if samples != 1:
        raise ReconError(f"{path} is in colour: a scan has one number a voxel.")
    part = str(head.get("ComplexImageComponent") or (list(head.get("ImageType") or []) + [""] * 3)[2]).upper()
    if part in _COMPLEX or part == "MIXED":
        raise ReconError(f"{path} is one part of complex images ({part}): give the series of magnitudes.")
    size = int(head.Rows) * int(head.Columns) * int(head.BitsAllocated) // 8
    if not head.file_meta.TransferSyntaxUID.is_compressed and len(head.PixelData) < size:
        raise ReconError(f"{path} ends within its pixels: copy or export it again.")


def _check_alike(folder: Path, heads: list[_Head]) -> None:
    series = {h.series: h.described for h in heads}
    if len(series) > 1:
        names = ", ".join(sorted(series.values()))
        raise ReconError(f"{folder} holds {len(series)} series ({names}): give each a folder of its own.")
    sizes = sorted({h.size for h in heads})
    if len(sizes) > 1:
        pairs = " and ".join(f"{r}x{c}" for r, c in sizes)
        raise ReconError(f"{folder} mixes images of {pairs} pixels: give each size a folder of its own.")
    for name, property_names in (("orientation", "orientations"), ("spacing", "pixel sizes")):
        if np.ptp([getattr(h, name) for h in heads], axis=0).max() > 1e-3:
            raise ReconError(f"{folder} mixes images of several {property_names}: give each a folder of its own.")
    for name in _TIMES:
        values = [h.times[name] for h in heads if name in h.times]
        if values and max(values) - min(values) > 0.01 * max(values):
            raise ReconError(
                f"{folder} mixes contrasts ({name} from {min(values):g} to {max(values):g} ms): "
                "give each a folder of its own."
            )


def _order(folder: Path, heads: dict[Path, _Head]) -> list[Path]:
    """Sort along the normal of the slices; every gap must be the same."""
    normal = np.cross(*next(iter(heads.values())).orientation.reshape(2, 3))
    heights = {path: float(normal @ h.position) for path, h in heads.items()}
    ordered = sorted(heads, key=heights.__getitem__)
    gaps = np.diff([heights[path] for path in ordered])
    if not gaps.size:
        return ordered
    usual = float(gaps.min())
    if usual < 1e-3:
        at = ordered[int(np.argmin(gaps))].name
        raise ReconError(f"{folder} holds several images at the place of {at} (a 4-D series): give one volume alone.")
    if (gaps > 1.5 * usual).any():
        k = int(np.argmax(gaps))
        raise ReconError(
            f"{folder} misses a slice between {ordered[k].name} and {ordered[k + 1].name} "
            f"({gaps[k]:.4g} mm apart, {usual:.4g} mm elsewhere): export the series again."
        )
    if np.ptp(gaps) > 0.1 * usual:
        raise ReconError(f"{folder} has slices {gaps.min():.4g} to {gaps.max():.4g} mm apart: they must be evenly so.")
    return ordered


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip().rstrip(".")
