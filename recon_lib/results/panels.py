"""Pictures of a few slices on disk, and which slice is shown."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import DAMAGED, write_bytes


def median_key(quality: Mapping[tuple, float]) -> tuple:
    """Choose without looking: the key whose value is the median, the lower one of an even number.

    Args:
        quality: PSNR in dB by ``(subject, slice, ...)``.

    Returns:
        The key; of equal values the first in order.
    """
    ranked = sorted(quality, key=lambda key: (quality[key], key))
    return ranked[(len(ranked) - 1) // 2]


VARIED = "@"
"""Stands in a panel's label between the picture's name and the variation it belongs to."""


def write_panels(path: Path, panels: Mapping[str, np.ndarray]) -> None:
    """Write ``panels.npz`` atomically and with the same bytes each time.

    Args:
        path: The file; its folder is made.
        panels: Arrays by ``<test_domain>/<subject>/<slice>/<label>``.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in sorted(panels):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(panels[key]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{key}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content.getvalue())
    write_bytes(path, buffer.getvalue())


def read_panels(path: Path) -> dict[str, np.ndarray]:
    """Read the images of ``panels.npz``.

    Args:
        path: The file; one that is not there holds no images.

    Returns:
        Arrays by key.

    Raises:
        ReconError: The file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # numpy leaves a bad file open
            return {key: archive[key] for key in archive.files}
    except DAMAGED as error:
        raise ReconError(f"{path} is not a readable set of images ({error}): write it again.") from error
