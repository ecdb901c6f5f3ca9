"""Malformed image files of a user's: enhanced DICOM, series without preamble or with odd elements, FreeSurfer's MGH."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import item, save_enhanced, save_slices, without_preamble
from scan_files import save_mgh

from recon_lib.scans.read import read_scan
from recon_lib.scans.write import write_scan
from torture.pictures import NAMES, damage

Attempt = Callable[[], object]
_ELEMENTS = (
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation", "SamplesPerPixel", "NumberOfFrames"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    *("RescaleSlope", "RescaleIntercept", "PixelPaddingValue", "PixelPaddingRangeLimit", "PhotometricInterpretation"),
    *("ImageType", "SeriesNumber", "SeriesDescription", "SeriesInstanceUID", "PatientID", "EchoTime", "Modality"),
    *("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence", "SOPClassUID", "ComplexImageComponent"),
)
_ODD = (
    b"",
    b"\x00\x00",
    b"\xff\xff",
    b"\x01\x00",
    b"nan ",
    b"1e400 ",
    b"-1",
    b"0\\0\\0 ",
    b"1\\2\\x\\4",
    b"9" * 400,
    b"\x80\x81",
)


def image_file(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage an enhanced DICOM image, a series without preamble or of odd elements, or a volume of FreeSurfer."""
    kind = rng.choice(["mgz", "mgh", "enhanced", "no preamble", "elements", "elements of frames"])
    numbers = np.random.default_rng(rng.randrange(2**32))
    stored = numbers.integers(1, 900, (3, 20, 24)).astype(rng.choice(["i2", "u2", "u1"]))
    if kind in ("mgz", "mgh"):
        path = damaged = save_mgh(
            inside / f"{rng.choice(NAMES)}.{kind}", stored, dtype=rng.choice([np.uint8, np.int16])
        )
        content = gzip.decompress(path.read_bytes()) if kind == "mgz" else path.read_bytes()
    else:
        path, damaged = _odd_series(kind, rng, inside / "series", stored)
        content = damaged.read_bytes()
    if kind.startswith("elements"):
        return kind, lambda: there_and_back(path, inside / "out")
    about, content = damage(content, rng, head=400)
    damaged.write_bytes(gzip.compress(content) if kind == "mgz" and rng.random() < 0.8 else content)
    return f"{kind} {about} in {damaged.name!r}", lambda: there_and_back(path, inside / "out")


def there_and_back(path: Path, out: Path) -> None:
    """Read a scan and write it again: what can be read can be written."""
    scan = read_scan(path)
    out = out if scan.kind == "dicom" else out.with_suffix(".mgz")
    write_scan(scan, np.maximum(scan.array, 0), out, {"acceleration": 4.0, "simulation": True, "network": "x"})


def _odd_series(kind: str, rng: random.Random, folder: Path, stored: np.ndarray) -> tuple[Path, Path]:
    """Write a series or an enhanced image; return its folder and one of its files."""
    folder.mkdir()
    own = [{"PixelValueTransformationSequence": item(RescaleSlope=k + 1, RescaleIntercept=-k)} for k in range(3)]
    if kind in ("enhanced", "elements of frames"):
        damaged = save_enhanced(folder / "e.dcm", stored, own, place=rng.sample(range(3), 3))
    else:
        syntax = rng.choice(["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian"])
        save_slices(folder, stored, syntax=getattr(pydicom.uid, syntax), PixelPaddingValue=7)
        damaged = sorted(folder.glob("*.dcm"))[rng.randrange(3)]
    if kind == "no preamble":
        return folder, without_preamble(damaged).rename(folder / "IM1")
    with pydicom.config.disable_value_validation():
        data = pydicom.dcmread(damaged)
        for name in rng.sample(_ELEMENTS, rng.randint(1, 3)) if kind.startswith("elements") else ():
            if rng.random() < 0.4:
                data.pop(name, None)
            else:
                tag = pydicom.tag.Tag(name)
                vr, value = pydicom.datadict.dictionary_VR(tag).split(" ")[0], rng.choice(_ODD)
                data[tag] = pydicom.dataelem.RawDataElement(tag, vr, len(value), value, 0, False, True)
        data.save_as(damaged)
    return folder, damaged


MAKERS = {"image files of a user": image_file}
