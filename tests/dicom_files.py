"""DICOM files made for the tests by pydicom alone: any scale and transfer syntax, single slices and enhanced images."""

from __future__ import annotations

import numpy as np
import pydicom
import SimpleITK


def edit(path, **changes):
    """Change tags of a file in place; ``None`` takes one away."""
    data = pydicom.dcmread(path)
    for name, value in changes.items():
        if value is None:
            del data[name]
        else:
            setattr(data, name, value)
    data.save_as(path)


def files(folder):
    return sorted(folder.glob("*.dcm"))


def physical(image, index):
    return np.array(image.TransformIndexToPhysicalPoint(index))


def itk(folder):
    """Read a series with SimpleITK alone: the oracle."""
    reader = SimpleITK.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    return reader.Execute()


SPACING = (0.9, 1.1)  # between rows, and between columns
ORIGIN = np.array([-40.0, -30.0, 5.0])
AXIAL = (1, 0, 0, 0, 1, 0)
SAGITTAL = (0, 1, 0, 0, 0, -1)
ENHANCED = "1.2.840.10008.5.1.4.1.1.4.1"


def dataset(orientation=AXIAL, **tags):
    """The elements that all files of a series share; tags by name."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    data.ImageType = ["ORIGINAL", "PRIMARY", "M", "NORM"]
    data.Modality, data.PatientName, data.PatientID = "MR", "Doe^J", "P1"
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = "1.2.3", "1.2.3.4", "1.2.9"
    data.SeriesNumber, data.SeriesDescription = 3, "t1 test"
    data.EchoTime, data.RepetitionTime, data.SliceThickness = 3.1, 2000, 3.0
    data.ImageOrientationPatient, data.PixelSpacing = list(orientation), list(SPACING)
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    for name, value in tags.items():
        setattr(data, name, value)
    return data


def set_pixels(data, stored, bits=None):
    """Put integers ``(rows, columns)``, or ``(frames, rows, columns)``, into a file."""
    data.Rows, data.Columns = stored.shape[-2:]
    data.BitsAllocated = 8 * stored.dtype.itemsize
    data.BitsStored = bits or data.BitsAllocated
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(stored.dtype.kind == "i")
    order = "<" if data.file_meta.TransferSyntaxUID.is_little_endian else ">"
    data.PixelData = stored.astype(stored.dtype.newbyteorder(order)).tobytes()
    data["PixelData"].VR = "OW" if data.BitsAllocated > 8 else "OB"


def positions(count, orientation=AXIAL, gap=3.0):
    """Where slices are, along their normal."""
    normal = np.cross(orientation[:3], orientation[3:])
    return [ORIGIN + k * gap * normal for k in range(count)]


def save_slices(folder, stored, own=(), *, bits=None, orientation=AXIAL, gap=3.0, syntax=None, **tags):
    """A series of one file a slice, ``im001.dcm`` and so on.

    Args:
        folder: Made.
        stored: Integers ``(slices, rows, columns)``.
        own: Tags of each slice, a mapping a slice.
        bits: Of them that are used.
        orientation: Along a row, and down a column.
        gap: mm between slices.
        syntax: The transfer syntax.
        **tags: Of all slices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for k, position in enumerate(positions(len(stored), orientation, gap)):
        data = dataset(orientation, SOPInstanceUID=f"1.2.3.4.{k + 1}", InstanceNumber=k + 1, **tags)
        data.ImagePositionPatient = position.tolist()
        data.file_meta.TransferSyntaxUID = syntax or pydicom.uid.ExplicitVRLittleEndian
        for name, value in dict(own[k] if own else {}).items():
            setattr(data, name, value)
        set_pixels(data, stored[k], bits)
        data.save_as(folder / f"im{k + 1:03d}.dcm", enforce_file_format=True)
    return folder


def without_preamble(path):
    """Take preamble, marker and meta information away, as some archives do."""
    data = pydicom.dcmread(path)
    meta = 132 + 12 + data.file_meta.FileMetaInformationGroupLength
    path.write_bytes(path.read_bytes()[meta:])
    return path


def item(**tags):
    """A sequence of one item."""
    data = pydicom.Dataset()
    for name, value in tags.items():
        setattr(data, name, value)
    return pydicom.Sequence([data])


def save_enhanced(path, stored, own=(), *, orientation=AXIAL, gap=3.0, place=None, **tags):
    """An Enhanced MR image with one functional group a frame.

    Args:
        path: The file.
        stored: Integers ``(frames, rows, columns)``.
        own: Sequences of each frame, a mapping a frame.
        orientation: Along a row, and down a column.
        gap: mm between slices.
        place: Number of the slice that each frame shows; its own by default.
        **tags: At the top.
    """
    data = dataset(orientation, SOPClassUID=ENHANCED, SOPInstanceUID="1.2.3.4.1", **tags)
    for name in ("ImageOrientationPatient", "PixelSpacing", "SliceThickness", "EchoTime", "RepetitionTime"):
        del data[name]
    data.NumberOfFrames = len(stored)
    shared = pydicom.Dataset()
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=list(orientation))
    shared.PixelMeasuresSequence = item(PixelSpacing=list(SPACING), SliceThickness=3.0)
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=2000.0)
    data.SharedFunctionalGroupsSequence = [shared]
    frames = []
    order = range(len(stored)) if place is None else place
    where = positions(max(order) + 1, orientation, gap)
    for k, number in enumerate(order):
        frame = pydicom.Dataset()
        frame.PlanePositionSequence = item(ImagePositionPatient=where[number].tolist())
        frame.MREchoSequence = item(EffectiveEchoTime=3.1)
        for name, value in dict(own[k] if own else {}).items():
            setattr(frame, name, value)
        frames.append(frame)
    data.PerFrameFunctionalGroupsSequence = frames
    set_pixels(data, stored)
    data.save_as(path, enforce_file_format=True)
    return path
