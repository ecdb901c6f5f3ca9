"""Raw k-space in HDF5 by the published layouts of fastMRI and ISMRMRD, of one coil and of several."""

from __future__ import annotations

import h5py
import numpy as np

COUNTERS = [
    "kspace_encode_step_1",
    "kspace_encode_step_2",
    "average",
    "slice",
    "contrast",
    "phase",
    "repetition",
    "set",
    "segment",
]
ACQUISITION = np.dtype(
    [
        ("version", "<u2"), ("flags", "<u8"), ("measurement_uid", "<u4"), ("scan_counter", "<u4"),
        ("number_of_samples", "<u2"), ("available_channels", "<u2"), ("active_channels", "<u2"),
        ("discard_pre", "<u2"), ("discard_post", "<u2"), ("center_sample", "<u2"), ("encoding_space_ref", "<u2"),
        ("trajectory_dimensions", "<u2"), ("sample_time_us", "<f4"), ("position", "<f4", (3,)),
        ("read_dir", "<f4", (3,)), ("phase_dir", "<f4", (3,)), ("slice_dir", "<f4", (3,)),
        ("idx", np.dtype([*((name, "<u2") for name in COUNTERS), ("user", "<u2", (8,))])),
    ]
)  # fmt: skip
XML = """<?xml version="1.0"?><!-- header -->
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><encoding><encodedSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z>
</matrixSize>{fields}</encodedSpace>{image}<encodingLimits><kspace_encoding_step_1><minimum>0</minimum>
<maximum>15</maximum><center>{centre}</center></kspace_encoding_step_1></encodingLimits><trajectory>{kind}</trajectory>
{more}</encoding></ismrmrdHeader>"""
FIELD = "<fieldOfView_mm><x>{}</x><y>{}</y><z>{}</z></fieldOfView_mm>"
"""Of a space: mm along the readout, the phase encoding, and the slice."""
NOISE, CALIBRATION, REVERSED = 1 << 18, 1 << 19, 1 << 21
"""Flags of a line."""


def save_fastmri(path, kspace, **datasets):
    with h5py.File(path, "w") as file:
        file["kspace"] = kspace
        for key, value in datasets.items():
            file[key] = value
    return path


def acquisition(coils, samples, **fields):
    """The head of a line and its samples, complex ``(coils, samples)``."""
    header = np.zeros((), ACQUISITION)
    header["number_of_samples"], header["active_channels"] = samples.shape[-1], coils
    for name, value in fields.items():
        header[name] = value
    return header, samples


def save_ismrmrd(path, kspace, *, change=lambda head, line: (head, line), extra=(), **xml):
    """Write slices, ``(slices, height, width)`` or ``(slices, coils, height, width)``, line by line.

    ``change`` spoils a line's head or samples, or leaves it out by ``None``; ``extra`` are lines more.
    """
    kspace = kspace if kspace.ndim == 4 else kspace[:, None]
    slices, coils, height, width = kspace.shape
    xml = {"x": width, "y": height, "z": 1, "centre": height // 2, "kind": "cartesian", **xml}
    xml = {"fields": "", "image": "", "more": "", **xml}
    record = np.dtype([("head", ACQUISITION), ("traj", h5py.vlen_dtype("<f4")), ("data", h5py.vlen_dtype("<f4"))])
    lines = []
    for s in range(slices):
        for y in range(height):
            header, line = acquisition(coils, kspace[s, :, y].astype(np.complex64), center_sample=width // 2)
            header["idx"]["slice"], header["idx"]["kspace_encode_step_1"] = s, y
            lines.append(change(header, line))
    lines = [line for line in (*lines, *extra) if line is not None]
    data = np.empty(len(lines), record)
    for k, (header, line) in enumerate(lines):
        data[k] = (header, np.zeros(0, np.float32), np.ascontiguousarray(line).reshape(-1).view(np.float32))
    with h5py.File(path, "w") as file:
        group = file.create_group("dataset")
        group.create_dataset("data", data=data, dtype=record)
        group.create_dataset("xml", data=[XML.format(**xml)], dtype=h5py.string_dtype())
    return path
