"""The acquisitions of an ISMRMRD file: the lines of k-space in their places, of one coil or of several.

Source: S. Inati et al., ISMRM Raw Data Format, Magn Reson Med 77:411-21, 2017, and its documentation of the flags.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.scans.ismrmrd_header import Encoding, read_encoding

if TYPE_CHECKING:
    import h5py

# These bits of an acquisition's flags, which the standard counts from 1, mark lines that are no part of the image.
_NOISE, _CALIBRATION = 1 << (19 - 1), 1 << (20 - 1)
_NOT_IMAGE = _NOISE | _CALIBRATION | sum(1 << (bit - 1) for bit in (23, 24, 26, 27, 28, 29))
_REVERSED = 1 << (22 - 1)
# These counters must not move, since each of their values is another image.
_SINGLE = ("kspace_encode_step_2", "average", "contrast", "phase", "set")


@dataclass(frozen=True, eq=False)
class Acquisitions:
    """What an ISMRMRD file holds.

    Attributes:
        array: complex64 ``(images, coils, height, width)``, zero where nothing was sampled; the readout is the width.
            The slices of the first repetition come first.
        encoding: Of its header.
        noise: Samples of noise alone, complex64 ``(coils, samples)``, as strong as that of the lines; ``None`` if there
            are none that can be used.
        heads: The heads of one line of every slice, a structured array ``(slices,)``.
        notes: What was guessed, as :attr:`~recon_lib.scans.scan.Scan.notes`.
    """

    array: np.ndarray
    encoding: Encoding
    noise: np.ndarray | None
    heads: np.ndarray
    notes: dict[str, str] = field(default_factory=dict)


def count_channels(group: h5py.Group) -> int:
    """Return the most channels of any line.

    Args:
        group: The file's group ``dataset``.
    """
    heads = group["data"]["head"]
    return int(heads["active_channels"].max()) if len(heads) else 1


def read_acquisitions(path: Path, group: h5py.Group, *, several: bool = False) -> Acquisitions:
    """Put the lines of an ISMRMRD file into their places.

    Args:
        path: The file, for messages.
        group: Its group ``dataset``.
        several: It is of several coils. Then calibration lines of the same scan belong to k-space too, and every
            repetition is another image.

    Returns:
        K-space, and what the file says of it.

    Raises:
        ReconError: It is not 2-D Cartesian, has several images of a slice, another number of coils than asked for in
            any line, no line of an image, or lines outside its matrix.
    """
    encoding = read_encoding(path, group["xml"][0])
    lines = group["data"][()]
    flags = lines["head"]["flags"]
    is_image = (flags & np.uint64(_NOT_IMAGE)) == 0
    notes = {}
    if several:
        embedded = (flags & np.uint64(_CALIBRATION)) != 0
        if encoding.is_calibrated_apart and embedded.any():
            notes["calibration lines"] = (
                f"{embedded.sum()} calibration lines of a scan of their own were left out: give maps if the centre is "
                "too small without them."
            )
        else:
            # Calibration lines stand before the image's, which take their places where both exist.
            is_image |= embedded
            order = np.argsort(~embedded, kind="stable")
            lines, flags, is_image = lines[order], flags[order], is_image[order]
    image = lines[is_image]
    if not len(image):
        raise ReconError(f"{path} holds no acquisition of an image: export the scan, not its calibration.")
    _check_lines(path, image["head"], several)
    array, heads, assumed = _place(path, image, encoding.size, encoding.centre)
    noise, unused = _noise(lines[(flags & np.uint64(_NOISE)) != 0], image["head"])
    return Acquisitions(array, encoding, noise, heads, {**notes, **assumed, **unused})


def _check_lines(path: Path, head: np.ndarray, several: bool) -> None:
    """Refuse lines of different images, or of different numbers of coils."""
    channels = np.unique(head["active_channels"])
    if not several and channels[-1] != 1:
        raise ReconError(
            f"{path} has k-space of {channels[-1]} coils: combine them into one first, or use recon reconstruct."
        )
    if len(channels) > 1:
        raise ReconError(f"{path} has lines of {channels[0]} and of {channels[-1]} coils: export it again.")
    for name in (*_SINGLE, *(() if several else ("repetition",))):
        if np.ptp(head["idx"][name].astype(int)):
            raise ReconError(f"{path} has several values of {name}: only one 2-D image a slice is read; split it.")


def _place(
    path: Path, lines: np.ndarray, size: tuple[int, int], centre: int
) -> tuple[np.ndarray, np.ndarray, dict[str, str]]:
    """Return k-space, a head of every slice, and a note where the centre of the readout is not stated."""
    head, notes = lines["head"], {}
    middles, counts = head["center_sample"].astype(int), head["number_of_samples"].astype(int)
    if middles.any():
        middles = np.where(head["flags"] & np.uint64(_REVERSED), counts - 1 - middles, middles)
    else:  # what ismrmrd-python leaves where nobody says: zero frequency in the first sample of every line
        middles = counts // 2
        notes["centre assumed"] = "no line says which of its samples is the centre: the middle one was taken."
    slices, first, places = np.unique(head["idx"]["slice"], return_index=True, return_inverse=True)
    repetitions, rounds = np.unique(head["idx"]["repetition"], return_inverse=True)
    coils = int(head["active_channels"][0])
    kspace = np.zeros((len(repetitions) * len(slices), coils, *size), np.complex64)
    images = rounds * len(slices) + places
    for samples, header, middle, image in zip(lines["data"], head, middles.tolist(), images.tolist(), strict=True):
        count = int(header["number_of_samples"])
        row = int(header["idx"]["kspace_encode_step_1"]) - centre + size[0] // 2
        start = size[1] // 2 - middle
        fits = 0 <= row < size[0] and 0 <= start <= size[1] - count
        if len(samples) != 2 * coils * count or not fits:
            raise ReconError(f"{path} has a line outside its encoded matrix {size[0]}x{size[1]}: export it again.")
        values = np.asarray(samples, np.float32).view(np.complex64).reshape(coils, count).copy()
        values[:, : int(header["discard_pre"])] = 0
        values[:, count - int(header["discard_post"]) :] = 0
        if int(header["flags"]) & _REVERSED:
            values = values[:, ::-1]
        kspace[image, :, row, start : start + count] = values
    return kspace, head[first], notes


def _noise(lines: np.ndarray, head: np.ndarray) -> tuple[np.ndarray | None, dict[str, str]]:
    """Return the samples of noise, as strong as in the lines of the image, and a note where they cannot be used."""
    if not len(lines):
        return None, {}
    coils = int(head["active_channels"][0])
    alike = lines[lines["head"]["active_channels"] == coils]
    parts = []
    for samples, header in zip(alike["data"], alike["head"], strict=True):
        values = np.asarray(samples, np.float32).view(np.complex64).reshape(coils, -1)
        # Twice the time for a sample is half the bandwidth, and half the power of the noise.
        times = float(header["sample_time_us"]), float(head["sample_time_us"][0])
        parts.append(values * np.float32(np.sqrt(times[0] / times[1]) if min(times) > 0 else 1))
    noise = np.concatenate(parts, axis=1) if parts else np.zeros((coils, 0), np.complex64)
    if noise.shape[1] < 2 * coils:
        note = f"its noise scan has {noise.shape[1]} samples of {coils} coils, too few: the coils were not whitened."
        return None, {"noise not used": note}
    return noise, {}
