"""BART's ``.cfl``: complex64 numbers, the first axis fastest, with their dimensions in a ``.hdr`` beside.

Source: the BART toolbox's documentation of its file format (M. Uecker et al., doi:10.5281/zenodo.592960). Dimensions 0
to 2 are the readout and two phase encodings, 3 the coils, 13 the slices.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import LARGEST

CFL = (".cfl",)
_COILS, _MOST = 3, 16


def read_cfl(path: Path) -> np.ndarray:
    """Read an array of one coil.

    Args:
        path: The ``.cfl`` file; its ``.hdr`` stands beside it.

    Returns:
        complex64 ``(height, width)``, or ``(slices, height, width)`` where a third dimension is longer than 1: readout
        and phase encoding are rows and columns, whichever of the other dimensions holds the slices.

    Raises:
        ReconError: There is no header or none that can be read, the file is shorter or longer than it says, or it is of
            several coils or has more than three dimensions.
    """
    path = Path(path)
    sizes = _sizes(path)
    if len(sizes) > _COILS and sizes[_COILS] > 1:
        raise ReconError(
            f"{path} has k-space of {sizes[_COILS]} coils: combine them into one first, or use recon reconstruct."
        )
    long = [n for n in sizes if n > 1]
    if len(long) > 3 or math.prod(sizes) > LARGEST:
        axes = "x".join(map(str, sizes))
        raise ReconError(f"{path} has the dimensions {axes}: a scan is rows and columns, and slices at most.")
    array = _load(path, sizes)
    slices = array.reshape(*sizes[:2], -1, order="F") if min(sizes[:2]) > 1 else array.reshape(_padded(long), order="F")
    return np.ascontiguousarray(np.moveaxis(slices, 2, 0) if slices.shape[2] > 1 else slices[..., 0])


def read_cfl_coils(path: Path) -> np.ndarray:
    """Read an array of several coils.

    Args:
        path: The ``.cfl`` file; its ``.hdr`` stands beside it.

    Returns:
        complex64 ``(slices, coils, height, width)``: readout and phase encoding are rows and columns, whichever
        dimension behind the coils holds the slices.

    Raises:
        ReconError: As :func:`read_cfl`; or there is a second phase encoding, or more than one long dimension behind
            the coils.
    """
    path = Path(path)
    sizes = _sizes(path)
    sizes += [1] * (_COILS + 1 - len(sizes))
    slices = [n for n in sizes[_COILS + 1 :] if n > 1]
    if sizes[2] > 1 or len(slices) > 1 or math.prod(sizes) > LARGEST:
        axes = "x".join(map(str, sizes))
        raise ReconError(f"{path} has the dimensions {axes}: a scan is rows, columns, one partition, coils, slices.")
    array = _load(path, sizes).reshape(*sizes[:2], sizes[_COILS], -1, order="F")
    return np.ascontiguousarray(array.transpose(3, 2, 0, 1))


def cfl_coils(path: Path) -> int:
    """Return of how many coils an array is, by its header.

    Args:
        path: The ``.cfl`` file; its ``.hdr`` stands beside it.

    Raises:
        ReconError: There is no header or none that can be read.
    """
    sizes = _sizes(Path(path))
    return sizes[_COILS] if len(sizes) > _COILS else 1


def encode_cfl(images: np.ndarray) -> tuple[bytes, bytes]:
    """Return images as BART's two files.

    Args:
        images: Complex ``(slices, height, width)``.

    Returns:
        The contents of the ``.cfl`` and of the ``.hdr``: rows and columns are dimensions 0 and 1, slices dimension 13.
    """
    slices, height, width = images.shape
    sizes = [height, width, *([1] * 11), slices]
    header = f"# Dimensions\n{' '.join(map(str, sizes))}\n"
    return images.transpose(1, 2, 0).astype("<c8").tobytes(order="F"), header.encode()


def _load(path: Path, sizes: list[int]) -> np.ndarray:
    try:
        count = path.stat().st_size
        if count != 8 * math.prod(sizes):
            raise ReconError(f"{path} has {count} bytes where its header says {8 * math.prod(sizes)}: copy it again.")
        return np.fromfile(path, "<c8").reshape(sizes, order="F")
    except OSError as error:
        raise ReconError(f"Cannot read {path} ({error.strerror or error}): copy it again.") from error


def _padded(sizes: list[int]) -> tuple[int, ...]:
    return tuple(sizes + [1] * (3 - len(sizes)))


def _sizes(path: Path) -> list[int]:
    """Return the dimensions, two at least."""
    header = path.with_suffix(".hdr")
    try:
        text = header.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReconError(f"{path} has no readable header {header.name} beside it: copy both.") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    words = lines[0].split() if lines else []
    if not 1 <= len(words) <= _MOST or not all(
        word.isascii() and word.isdigit() and int(word[:9]) > 0 for word in words
    ):
        raise ReconError(f"{header} does not begin with the dimensions of an array: write it again.")
    sizes = [int(word[:12]) for word in words]
    return sizes + [1] * (2 - len(sizes))
