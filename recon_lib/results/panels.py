"""Pictures of a few slices on disk, and which slice is shown."""

from __future__ import annotations

import io
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
    """Write ``panels.npz`` atomically and with the same bytes each time: numpy dates every array 1980-01-01.

    Args:
        path: The file; its folder is made.
        panels: Arrays by ``<test_domain>/<subject>/<slice>/<label>``; their order does not matter.

    Raises:
        ReconError: An array holds Python objects, which only a pickle could store.
    """
    for key, panel in panels.items():
        if np.asarray(panel).dtype.hasobject:
            raise ReconError(f"The panel {key} holds Python objects, not numbers: give an array of one numeric type.")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{key: panels[key] for key in sorted(panels)})
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
        with (
            path.open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):  # np.load leaves one open
            return {key: archive[key] for key in archive.files}
    except DAMAGED as error:
        raise ReconError(f"{path} is not a readable set of images ({error}): write it again.") from error
