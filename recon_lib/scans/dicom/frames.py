"""What is needed of each slice of a DICOM file: one slice, or the frames of an enhanced image."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import image_type, reason

if TYPE_CHECKING:
    import pydicom

TIMES = ("EchoTime", "RepetitionTime", "InversionTime")
_COMPLEX = {"P", "PHASE", "PHASE MAP", "R", "REAL", "I", "IMAGINARY", "MIXED"}
# Where an enhanced image keeps the elements that a file of one slice has at its top: a sequence of one item.
_GROUPS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "SpacingBetweenSlices": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
    "FrameType": "MRImageFrameTypeSequence",
    "ComplexImageComponent": "MRImageFrameTypeSequence",
    "StackID": "FrameContentSequence",
}


@dataclass(frozen=True, eq=False)
class Frame:
    """A slice of a file.

    Attributes:
        path: The file.
        index: The frame's number in it, from 0.
        size: Rows and columns.
        orientation: Two unit vectors of the patient's left, back and up: along a row, and down a column, ``(6,)``.
        spacing: mm between rows, and between columns, ``(2,)``.
        position: Of the first pixel in mm, ``(3,)``.
        thickness: mm, or 0 if the file does not say.
        slope: Value of a step of the stored numbers.
        intercept: Value of a stored zero.
        times: Echo, repetition and inversion time in ms, as far as the file says.
        stack: Name of the stack, if there are several.
        guessed: Whether the position was computed from the frame's number.
    """

    path: Path
    index: int
    size: tuple[int, int]
    orientation: np.ndarray
    spacing: np.ndarray
    position: np.ndarray
    thickness: float
    slope: float
    intercept: float
    times: dict[str, float]
    stack: str = ""
    guessed: bool = False

    @property
    def name(self) -> str:
        """The file's name, and the frame's number in it where it may have several."""
        return self.path.name if not self.index else f"frame {self.index + 1} of {self.path.name}"


def frames_of(path: Path, head: pydicom.Dataset) -> list[Frame]:
    """Read geometry, scale and timing of each frame.

    Args:
        path: The file.
        head: Its header.

    Returns:
        One frame, or all of an enhanced image, in the order of the file.

    Raises:
        ReconError: The file is in colour, one part of complex images, a mosaic, without geometry, or damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _check_pixels(path, head)
            count = int(head.get("NumberOfFrames") or 1)
            own = list(head.get("PerFrameFunctionalGroupsSequence") or [])
            if own and len(own) != count:
                raise ReconError(f"{path} describes {len(own)} of its {count} frames: export it again.")
            shared = list(head.get("SharedFunctionalGroupsSequence") or [])[:1]
            return [_frame(path, index, count, [*own[index : index + 1], *shared], head) for index in range(count)]
    except ReconError:
        raise
    except Exception as error:  # pydicom raises many kinds of errors
        raise ReconError(f"Cannot read the DICOM image {path} ({reason(error)}): export it again.") from error


def fault_of(head: pydicom.Dataset) -> tuple[str, str]:
    """Return why an image is no slice of a scan of magnitudes, and what to give instead.

    Args:
        head: Its header.

    Returns:
        Two empty strings if it may be one.
    """
    words = image_type(head)
    part = str(head.get("ComplexImageComponent") or (words + [""] * 3)[2]).upper()
    if int(head.get("SamplesPerPixel") or 1) != 1:
        return "in colour", "a scan has one number a voxel"
    if part in _COMPLEX:
        return f"one part of complex images ({part})", "give the series of magnitudes"
    if "MOSAIC" in words:
        return "a mosaic of slices in one image", "convert it to NIfTI, or export one file a slice"
    return "", ""


def _frame(path: Path, index: int, count: int, groups: list[pydicom.Dataset], head: pydicom.Dataset) -> Frame:
    def value(name: str, missing: object = None) -> object:
        for group in groups:
            for item in list(group.get(_GROUPS.get(name, "")) or [])[:1]:
                if item.get(name) not in (None, ""):
                    return item[name].value
        return missing if head.get(name) in (None, "") else head[name].value

    part = str(value("ComplexImageComponent") or ([*(value("FrameType") or []), "", "", ""])[2]).upper()
    if part in _COMPLEX:
        raise ReconError(f"{path} is one part of complex images ({part}): give the series of magnitudes.")
    names = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
    place = [[float(number) for number in value(name) or []] for name in names]
    if [len(part) for part in place] != [3, 6, 2] or not np.isfinite(np.concatenate(place)).all():
        raise ReconError(f"{path} does not say where in space it is: give a series with position and spacing.")
    position, orientation, spacing = map(np.array, place)
    if spacing.min() <= 0 or np.linalg.norm(np.cross(*orientation.reshape(2, 3))) < 0.9:
        raise ReconError(f"{path} has an impossible pixel spacing or orientation: export it again.")
    thickness = float(value("SliceThickness") or 0) or float(value("SpacingBetweenSlices") or 0)
    guessed = count > 1 and not any("PlanePositionSequence" in group for group in groups)
    if guessed:
        step = float(value("SpacingBetweenSlices") or 0) or thickness
        if not step:
            raise ReconError(f"{path} does not say where its {count} frames are: convert it to NIfTI.")
        position = position + index * step * np.cross(*orientation.reshape(2, 3))
    slope, intercept = float(value("RescaleSlope", 1)), float(value("RescaleIntercept", 0))
    if not slope or not np.isfinite([slope, intercept]).all():
        raise ReconError(f"{path} has a rescale slope of {slope:g} and intercept of {intercept:g}: export it again.")
    times = {name: float(value(name)) for name in TIMES if value(name) not in (None, "")}
    if value("EffectiveEchoTime") is not None:
        times["EchoTime"] = float(value("EffectiveEchoTime"))
    size = int(head.Rows), int(head.Columns)
    scale = size, orientation, spacing, position, thickness, slope, intercept
    return Frame(path, index, *scale, times, str(value("StackID") or ""), guessed)


def _check_pixels(path: Path, head: pydicom.Dataset) -> None:
    """Refuse colours, parts of complex images, mosaics and files that end too early."""
    fault, mend = fault_of(head)
    if fault:
        raise ReconError(f"{path} is {fault}: {mend}.")
    frames, bits = int(head.get("NumberOfFrames") or 1), int(head.BitsAllocated)
    size = frames * int(head.Rows) * int(head.Columns) * bits // 8
    if not head.file_meta.TransferSyntaxUID.is_compressed and "PixelData" in head and len(head.PixelData) < size:
        raise ReconError(f"{path} ends within its pixels: copy or export it again.")
