"""Kinds of image files: what a DICOM series, a NIfTI's name or an output's neighbours can be like."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from dicom_files import (
    AXIAL,
    SAGITTAL,
    dataset,
    edit,
    files,
    item,
    save_enhanced,
    save_slices,
    set_pixels,
    without_preamble,
)
from scan_files import head, save_meta, save_mgh, save_nifti

from field.kinds import Commands, Kind

STORED = np.moveaxis(np.rint(head((28, 24, 4))), 2, 0).transpose(0, 2, 1).astype(np.uint16)
"""The phantom as slices ``(4, rows, columns)``."""
AFFINE = np.array([[-1.1, 0, 0, 40], [0, -0.9, 0, 30], [0, 0, 3, 5], [0, 0, 0, 1.0]])
"""Of an axial series of ``save_slices``, written down by hand."""
Check = Callable[[Path, Commands], str]


def volume(stored: np.ndarray = STORED) -> np.ndarray:
    """Return slices ``(n, rows, columns)`` as a NIfTI has them: columns, rows, slices."""
    return np.stack([image.T for image in np.asarray(stored, np.float32)], axis=2)


def same(folder: Path, run: Commands, source: Path, right: np.ndarray, *words: str) -> str:
    """Expect what the same network makes of the right values as a NIfTI; return the notes."""
    outcome = run("reconstruct", source, *words, "--output", folder / "out.nii.gz")
    assert outcome.status == 0, outcome
    notes = json.loads((folder / "out.json").read_text(encoding="utf-8"))["notes"]
    assert all(note in outcome.err for note in notes.values()), outcome.err
    plain = save_nifti(folder / "plain.nii.gz", right, affine=AFFINE, dtype=np.float32)
    assert run("reconstruct", plain, "--output", folder / "right.nii.gz").status == 0
    image, expected = (nibabel.load(folder / f"{name}.nii.gz") for name in ("out", "right"))
    np.testing.assert_allclose(image.affine[:3, :2], expected.affine[:3, :2], atol=1e-4)
    np.testing.assert_allclose(image.get_fdata(), expected.get_fdata(), atol=2e-3 * expected.get_fdata().max())
    return "; ".join(notes.values()) or "as right"


def refused(source: Callable[[Path], Path], words: str) -> Check:
    """Return a check that expects a refusal with these words."""

    def check(folder: Path, run: Commands) -> str:
        error = run("reconstruct", source(folder), "--output", folder / "out.nii.gz").error()
        assert words in error, error
        return error.split(": ", 1)[0].rsplit("/", 1)[-1] + ": " + error.split(": ", 1)[-1]

    return check


def slopes(*scales: tuple[float, float]) -> Check:
    """Return a check of a series whose slices have scales of their own."""

    def check(folder: Path, run: Commands) -> str:
        own = [{"RescaleSlope": slope, "RescaleIntercept": intercept} for slope, intercept in scales]
        stored = [np.rint((image - b) / a) for image, (a, b) in zip(STORED.astype(float), scales, strict=True)]
        series = save_slices(folder / "s", np.array(stored).astype(np.int32), own)
        right = [image * a + b for image, (a, b) in zip(stored, scales, strict=True)]
        return same(folder, run, series, volume(right))

    return check


def monochrome1(folder: Path, run: Commands) -> str:
    """Bright is stored as low; the derived series has it the usual way round."""
    series = save_slices(folder / "s", 4095 - STORED, bits=12, PhotometricInterpretation="MONOCHROME1")
    assert run("reconstruct", series, "--output", folder / "derived").status == 0
    derived = [pydicom.dcmread(path) for path in files(folder / "derived")]
    assert {data.PhotometricInterpretation for data in derived} == {"MONOCHROME2"}
    note = same(folder, run, series, volume())
    image = np.stack([data.pixel_array.T for data in derived], axis=2)
    assert np.abs(image - nibabel.load(folder / "out.nii.gz").get_fdata()).max() <= 1
    return note


def padding(folder: Path, run: Commands) -> str:
    """Padding outside a round field of view."""
    dark = STORED < 60
    series = save_slices(folder / "s", np.where(dark, 65535, STORED).astype(np.uint16), PixelPaddingValue=65535)
    return same(folder, run, series, volume(np.where(dark, 0, STORED)))


def no_preamble(folder: Path, run: Commands) -> str:
    """One of four files lacks preamble and marker."""
    series = save_slices(folder / "s", STORED)
    without_preamble(files(series)[3])
    return same(folder, run, series, volume())


def big_endian(folder: Path, run: Commands) -> str:
    """A series in big-endian order, to NIfTI and to DICOM."""
    series = save_slices(folder / "s", STORED, syntax=pydicom.uid.ExplicitVRBigEndian)
    assert run("reconstruct", series, "--output", folder / "derived").status == 0
    assert pydicom.dcmread(files(folder / "derived")[0]).file_meta.TransferSyntaxUID.is_little_endian
    return same(folder, run, series, volume())


def duplicate(folder: Path, run: Commands) -> str:
    """A copy of a slice beside it."""
    series = save_slices(folder / "s", STORED)
    shutil.copy(series / "im002.dcm", series / "im002 (1).dcm")
    return same(folder, run, series, volume())


def presentation_state(folder: Path, run: Commands) -> str:
    """A presentation state beside the series."""
    series = save_slices(folder / "s", STORED)
    data = dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.11.1", SOPInstanceUID="1.2.8", SeriesInstanceUID="1.2.8.1")
    data.save_as(series / "PS_0001", enforce_file_format=True)
    return same(folder, run, series, volume())


def study(folder: Path, run: Commands) -> str:
    """A localizer beside the series."""
    for k, orientation in enumerate((AXIAL, SAGITTAL)):
        tags = {"SeriesInstanceUID": "1.2.5", "SeriesNumber": 1, "SeriesDescription": "localizer"}
        save_slices(folder / "study" / f"loc{k}", STORED[:1], orientation=orientation, **tags)
    save_slices(folder / "study" / "t1", STORED)
    assert "several orientations" in run(
        "reconstruct", folder / "study", "--series", "localizer", "--output", folder / "out.nii.gz"
    ).error()  # fmt: skip
    return same(folder, run, folder / "study", volume())


def single(folder: Path, run: Commands) -> str:
    """A single slice of 6 mm."""
    series = save_slices(folder / "s", STORED[1:2], SliceThickness=6)
    note = same(folder, run, series, volume(STORED[1:2]))
    assert nibabel.load(folder / "out.nii.gz").header.get_zooms()[2] == 6
    return note


def mosaic(folder: Path) -> Path:
    """Tiles of slices in one image."""
    return save_slices(folder / "s", STORED[:1], ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"])


def enhanced(folder: Path, run: Commands) -> str:
    """Frames in another order than space's, each with a scale of its own."""
    place, scales = [2, 0, 3, 1], (1, 2, 4, 8)
    own = [
        {"PixelValueTransformationSequence": item(RescaleSlope=slope, RescaleIntercept=0, RescaleType="US")}
        for slope in scales
    ]
    (folder / "s").mkdir()
    save_enhanced(folder / "s" / "im001.dcm", STORED // scales[-1], own, place=place)
    order = np.argsort(place)
    return same(folder, run, folder / "s", volume([STORED[k] // scales[-1] * scales[k] for k in order]))


def bare_frames(folder: Path, run: Commands) -> str:
    """Frames that say nothing of their positions."""
    data = dataset(SOPInstanceUID="1.2.3", NumberOfFrames=4, ImagePositionPatient=[-40, -30, 5])
    set_pixels(data, STORED)
    (folder / "s").mkdir()
    data.save_as(folder / "s" / "im001.dcm", enforce_file_format=True)
    return same(folder, run, folder / "s", volume())


def four_dimensional(folder: Path) -> Path:
    """Two images at one place."""
    series = save_slices(folder / "s", STORED)
    shutil.copy(series / "im002.dcm", series / "im009.dcm")
    edit(series / "im009.dcm", RescaleSlope=2, RescaleIntercept=0)
    return series


def gap(folder: Path) -> Path:
    """A slice is missing."""
    series = save_slices(folder / "s", STORED)
    (series / "im002.dcm").unlink()
    return series


def renamed(name: str, wrong: str) -> Callable[[Path], Path]:
    """Return what writes a file and gives it a name that is wrong about its compression."""
    return lambda folder: save_nifti(folder / name, head((24, 28, 2))).rename(folder / wrong)


def phase(folder: Path) -> Path:
    """A phase as BIDS names it."""
    return save_nifti(folder / "sub-01_part-phase_GRE.nii.gz", head((24, 28, 2)))


def freesurfer(folder: Path, run: Commands) -> str:
    """A volume of FreeSurfer, to its own format and to NIfTI."""
    source = save_mgh(folder / "x.mgz", volume(), affine=AFFINE)
    assert run("reconstruct", source, "--output", folder / "y.mgz").status == 0
    np.testing.assert_allclose(nibabel.load(folder / "y.mgz").affine, AFFINE, atol=1e-4)
    return same(folder, run, source, volume())


def sidecar(folder: Path, run: Commands) -> str:
    """A user's own file stands where the record would."""
    source = save_nifti(folder / "plain.nii.gz", head((24, 28, 2)))
    (folder / "rec.json").write_text("mine", encoding="utf-8")
    error = run("reconstruct", source, "--output", folder / "rec.nii.gz").error()
    assert "rec.json exists: name another output, or add --overwrite" in error
    assert (folder / "rec.json").read_text(encoding="utf-8") == "mine"
    return error.rsplit("/", 1)[-1]


def again(folder: Path, run: Commands) -> str:
    """The input is read again beside the record of its reconstruction in another format."""
    source = save_meta(folder / "dir.mha", head((24, 28, 3)))
    for words in ((), ("--overwrite",)):
        assert run("reconstruct", source, "--output", folder / "dir.nii.gz", *words).status == 0
    assert "is a reconstruction" in run("evaluate", folder / "dir.nii.gz").error()
    return "read twice; its reconstruction is refused as an input"


def empty_folder(folder: Path, run: Commands) -> str:
    """The output folder is there and empty."""
    series = save_slices(folder / "s", STORED)
    (folder / "out").mkdir()
    assert run("reconstruct", series, "--output", folder / "out").status == 0
    return f"{len(files(folder / 'out'))} files"


def integers(folder: Path, run: Commands) -> str:
    """16 bits in, 16 bits out."""
    source = save_nifti(folder / "in.nii", head((64, 64, 8)))
    assert run("reconstruct", source, "--output", folder / "out.nii").status == 0
    before, after = ((folder / name).stat().st_size for name in ("in.nii", "out.nii"))
    assert after < before + 4096, (before, after)
    stored = json.loads((folder / "out.json").read_text(encoding="utf-8"))["stored as"]
    return f"{before} to {after} bytes, {stored['type']}, rounded by {stored['largest rounding error']:g} at most"


_OWN = "stored value x that file's slope + intercept"
KINDS = [
    Kind("dcm_varslope_small", "later slices {0, 1}", _OWN, slopes((1, 0), (3e-3, 0), (3.1e-3, 0), (3.2e-3, 0))),
    Kind("dcm_varslope_int", "wrapped at 65536", _OWN, slopes((1, 0), (40, 0), (40, 0), (40, 0))),
    Kind("dcm_varslope_intercept", "the first file's", _OWN, slopes((1, -100), (0.5, -7.5), (2, 12), (-1, 990))),
    Kind("dcm_monochrome1", "a negative", "inverted back, written as MONOCHROME2", monochrome1),
    Kind("dcm_padding65535", "padding is the brightest", "padding is zero", padding),
    Kind("dcm_nopreamble_one", "a slice is lost without a word", "read", no_preamble),
    Kind("dcm_bigendian", "traceback", "right values", big_endian),
    Kind("dcm_duplicate", "refused as 4-D", "said and ignored, if the pixels are equal", duplicate),
    Kind("dcm_with_presentation_state", "an attribute's name", "passed over by name", presentation_state),
    Kind("dcm_study", "a stop at the localizer", "series are listed, the largest is read", study),
    Kind("dcm_single", "slice spacing 1", "SliceThickness, 6.0", single),
    Kind("dcm_mosaic", "one slice", "refused by name", refused(mosaic, "mosaic of slices in one image")),
    Kind("dcm_multiframe", "refused", "read, each frame in its place and scale", enhanced),
    Kind("dcm_multiframe_bare", "refused", "read, evenly spaced by the thickness, said", bare_frames),
    Kind("dcm_4d", "refused", "refused by name", refused(four_dimensional, "(a 4-D series)")),
    Kind("dcm_gap", "refused", "refused by name", refused(gap, "misses a slice between im001.dcm and im003.dcm")),
    Kind("is_gz", "'fetch it again'", "rename it", refused(renamed("a.nii.gz", "b.nii"), "rename it to b.nii.gz")),
    Kind("not_gz", "'fetch it again'", "rename it", refused(renamed("a.nii", "b.nii.gz"), "rename it to b.nii")),
    Kind("part_phase", "a magnitude", "refused by name", refused(phase, "one part of complex images (phase)")),
    Kind("x_mgz", "refused", "read through nibabel", freesurfer),
    Kind("rec_json", "replaced", "refused", sidecar),
    Kind("dir_mha_again", "refused as a reconstruction", "read again", again),
    Kind("empty_folder", "refused", "as good as no folder", empty_folder),
    Kind("int16", "9.8 MB become 37.8", "the input's integers, half a step at most", integers),
]
