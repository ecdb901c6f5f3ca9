"""Pictures of a few slices on disk, and which slice is shown."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import DAMAGED, write_bytes

_VARIED = "@"  # stands in a key's text between the picture's name and the variation it belongs to


@dataclass(frozen=True, order=True)
class PanelKey:
    """What a picture shows.

    Attributes:
        test_domain: The contrast.
        subject: The person.
        slice: The number of the slice.
        picture: ``reference``, ``mask``, or a method's as :attr:`recon_lib.results.keys.RunKey.picture` names it.
        variation: The variation it belongs to; empty for the profile's own.
    """

    test_domain: str
    subject: str
    slice: int
    picture: str
    variation: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """Subject and slice."""
        return self.subject, self.slice

    def to_json(self) -> str:
        """Return the key's text: ``t1/sub-01/42/zero_filled``, ``t1/sub-01/42/mask@acceleration-8``."""
        label = f"{self.picture}{_VARIED}{self.variation}" if self.variation else self.picture
        return f"{self.test_domain}/{self.subject}/{self.slice}/{label}"

    @classmethod
    def from_json(cls, text: str) -> PanelKey:
        """Rebuild from :meth:`to_json`.

        Raises:
            ReconError: The text is no such key.
        """
        parts = text.split("/")
        if len(parts) != 4 or not parts[2].isdecimal():
            raise ReconError(f"{text!r} names no picture: it is <test domain>/<subject>/<slice>/<label>.")
        picture, _, variation = parts[3].partition(_VARIED)
        return cls(parts[0], parts[1], int(parts[2]), picture, variation)


def median_key(quality: Mapping[tuple, float]) -> tuple:
    """Choose without looking: the key whose value is the median, the lower one of an even number.

    Args:
        quality: PSNR in dB by ``(subject, slice, ...)``.

    Returns:
        The key; of equal values the first in order.
    """
    ranked = sorted(quality, key=lambda key: (quality[key], key))
    return ranked[(len(ranked) - 1) // 2]


def write_panels(path: Path, panels: Mapping[PanelKey, np.ndarray]) -> None:
    """Write ``panels.npz`` atomically and with the same bytes each time: numpy dates every array 1980-01-01.

    Args:
        path: The file; its folder is made.
        panels: Arrays by key; their order does not matter.

    Raises:
        ReconError: An array holds Python objects, which only a pickle could store.
    """
    texts = {key.to_json(): panel for key, panel in panels.items()}
    for text, panel in texts.items():
        if np.asarray(panel).dtype.hasobject:
            raise ReconError(f"The panel {text} holds Python objects, not numbers: give an array of one numeric type.")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{text: texts[text] for text in sorted(texts)})
    write_bytes(path, buffer.getvalue())


def read_panels(path: Path) -> dict[PanelKey, np.ndarray]:
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
        # np.load leaves a bad file open
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {PanelKey.from_json(text): archive[text] for text in archive.files}
    except DAMAGED as error:
        raise ReconError(f"{path} is not a readable set of images ({error}): write it again.") from error
