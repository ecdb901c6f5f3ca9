"""What is done to the images that a network is tuned with, so that a few of them stand for more."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from recon_lib.core.errors import ReconError, at_least
from recon_lib.core.strict_yaml import without_defaults


@dataclass(frozen=True)
class Augmentation:
    """Changes that are drawn anew at every visit of an image, before it is undersampled.

    Mirror images and shifts are among those of MRAugment (Fabian, Heckel and Soltanolkotabi, ICML 2021, PMLR
    139:3057-67), which found that augmentation prevents overfitting where images are few and returns less and less
    where they are many. Noise in k-space is taken from Noise2Recon (Desai et al., Magn. Reson. Med., 2023), which asks
    that scans and noisier copies of them give the same image and needs fewer fully sampled scans so; here the images
    that tune are made noisier, no more. The power of the intensities, and masks of other accelerations beside the
    tested one, are ours.

    Attributes:
        mirrors: Turn an image about its vertical and its horizontal axis, each with probability 1/2. Nothing has to be
            known of its orientation.
        shift: Move an image by whole pixels, as many at most along each axis; what leaves on one side enters on the
            other, so that k-space changes by phases alone.
        intensity: Raise an image, divided by its maximum, to a power between ``1 / (1 + intensity)`` and
            ``1 + intensity``, uniform in its logarithm: the contrast of its tissues changes, its maximum stays.
        noise: Add complex normal noise to the acquired samples. The standard deviation of its real and imaginary
            parts is uniform between 0 and this, in units of the image's maximum; the reference stays clean.
        accelerations: Draw masks of these too, each as often as those of the recipe's own acceleration.
    """

    mirrors: bool = False
    shift: int = 0
    intensity: float = 0.0
    noise: float = 0.0
    accelerations: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Check what types cannot say; what an acceleration can be is the masks' to check."""
        at_least(0, shift=self.shift)
        for name in ("intensity", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ReconError(f"{name} of an augmentation is 0 or more, and finite: not {getattr(self, name)}.")

    def as_dict(self) -> dict:
        """Return the fields that are not at their default, by name."""
        content = {**asdict(self), "accelerations": list(self.accelerations)}
        if not self.accelerations:
            del content["accelerations"]
        return without_defaults(Augmentation, content, ("mirrors", "shift", "intensity", "noise"))

    @classmethod
    def from_dict(cls, content: dict) -> Augmentation:
        """Rebuild from :meth:`as_dict`."""
        return cls(**{**content, "accelerations": tuple(content.get("accelerations", ()))})
