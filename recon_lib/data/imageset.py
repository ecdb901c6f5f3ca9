"""What every domain serves: images with their subjects, slice numbers and scales."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from recon_lib.core.errors import ReconError


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Reference images of one split of a domain.

    Attributes:
        domain: The name of the domain.
        split: ``train``, ``pool`` or ``test``.
        images: Real, non-negative float32 magnitudes ``(n, height, width)``: L*/100 of photographs,
            MR slices of maximum 1.
        subjects: The subject (for a photograph: its number) of each image.
        slices: Index of each slice in its volume (for a photograph: its number).
        scales: float64 ``(n,)``, what each image was divided by to reach ``images``.
    """

    domain: str
    split: str
    images: np.ndarray
    subjects: tuple[str, ...]
    slices: tuple[int, ...]
    scales: np.ndarray

    def __post_init__(self) -> None:
        """Check that the parts belong together.

        Raises:
            ReconError: ``images`` is not a float32 stack, or another part has another length.
        """
        if self.images.ndim != 3 or self.images.dtype != np.float32:
            raise ReconError(
                f"Images of {self.domain} are a float32 stack (n, height, width), not {self.images.dtype} of shape "
                f"{self.images.shape}."
            )
        lengths = {len(self.images), len(self.subjects), len(self.slices), len(self.scales)}
        if len(lengths) > 1:
            raise ReconError(f"Images, subjects, slices and scales of {self.domain} differ in number: {lengths}.")

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    @property
    def sha256(self) -> str:
        """Hash of the images' bytes: C order, float32, little endian."""
        return hashlib.sha256(np.ascontiguousarray(self.images, dtype="<f4")).hexdigest()

    def first(self, n: int) -> ImageSet:
        """Return the first ``n`` images.

        Raises:
            ReconError: There are fewer, or ``n`` is negative.
        """
        n = self._count(n)
        return ImageSet(self.domain, self.split, self.images[:n], self.subjects[:n], self.slices[:n], self.scales[:n])

    def evenly_spread(self, n: int) -> np.ndarray:
        """Return the places of ``n`` images, evenly spread from the first to the last.

        Raises:
            ReconError: There are fewer, or ``n`` is negative.
        """
        return np.linspace(0, len(self) - 1, self._count(n)).round().astype(int)

    def at(self, places: np.ndarray) -> ImageSet:
        """Return the images at some places, in their order; an :class:`IndexError` if there is no such place."""
        subjects, slices = (tuple(values[i] for i in places) for values in (self.subjects, self.slices))
        return ImageSet(self.domain, self.split, self.images[places], subjects, slices, self.scales[places])

    def _count(self, n: int) -> int:
        """Check a number of images."""
        if not 0 <= n <= len(self):
            raise ReconError(f"{n} slices of {self.domain}/{self.split} were asked for: it has {len(self)}.")
        return n
