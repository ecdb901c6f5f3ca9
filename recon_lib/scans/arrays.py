"""Arrays of NumPy: ``.npy``, and ``.npz`` with one array."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError, quote
from recon_lib.data.readers import LARGEST

ARRAYS = (".npy", ".npz")
_NUMBERS = "biufc"
_SHORT, _LONG = 40, 200  # characters that a message quotes: a damaged file holds names of any length


def load_array(path: Path) -> np.ndarray:
    """Read one array of numbers.

    Args:
        path: ``.npy``, or ``.npz`` that holds one array.

    Returns:
        The array as stored.

    Raises:
        ReconError: It is unreadable, holds no numbers, several arrays or none, or claims a size that no scan has.
    """
    try:
        if zipfile.is_zipfile(path):
            return _load_archive(path)
        array = np.load(path, allow_pickle=False)
    except ReconError:
        raise
    except Exception as error:  # a damaged header raises errors of Python's own tokenizer
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in _NUMBERS:
        raise ReconError(f"{path} does not hold one array of numbers: save magnitudes or complex k-space.")
    return array


def _load_archive(path: Path) -> np.ndarray:
    if not path.name.lower().endswith(".npz"):
        raise ReconError(f"{path} is an archive of arrays: rename it to end with .npz.")
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        if len(names) != 1:
            held = ", ".join(name[:_SHORT] for name in names[:8]) or "none"
            raise ReconError(f"{path} holds {len(names)} arrays ({held}): save the one that is the scan alone.")
        with archive.open(f"{names[0]}.npy") as file:
            _check_header(path, file)
        with archive.open(f"{names[0]}.npy") as file:
            return np.lib.format.read_array(file, allow_pickle=False)


def _check_header(path: Path, file: object) -> None:
    """Refuse a member before its bytes are unpacked: an archive of a few bytes can claim any size."""
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.kind not in _NUMBERS:
        raise ReconError(f"{path} does not hold one array of numbers: save magnitudes or complex k-space.")
    if math.prod(shape) > LARGEST:
        raise ReconError(
            f"{path} claims to be an array of shape {quote(shape)}: no scan is so large; check its header."
        )


def _unreadable(path: Path, error: Exception) -> ReconError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:_LONG]
    return ReconError(f"{path} is not a readable array ({reason}): save it again.")
