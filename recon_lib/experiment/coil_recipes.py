"""The shape of the network of several coils: an architecture beside the paper's, never in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from recon_lib.core.errors import ReconError, at_least, choose
from recon_lib.core.strict_yaml import without_defaults
from recon_lib.experiment.recipes import Architecture, Recipe

BEGINNINGS = ("least_squares", "zero_filled")


@dataclass(frozen=True)
class CoilArchitecture(Architecture):
    """The shape of a cascade for complex images of several coils.

    Its sub-networks are the paper's, but for their output: two channels, a correction of the complex image that they
    see. Data consistency is a linear problem, solved by conjugate gradients.

    Attributes:
        data_consistency: ``lambda``, the weight of the sub-network's image in that problem, finite.
        iterations: Of the conjugate gradients, in every data consistency.
        beginning: What the first sub-network sees: the ``"least_squares"`` image of the samples alone, by the same
            weight and iterations, or the ``"zero_filled"`` one.
    """

    subnetworks: int = 4
    data_consistency: float = 0.02
    residual: bool = True
    iterations: int = 8
    beginning: str = "least_squares"

    channels: ClassVar[int] = 2

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        super().__post_init__()
        at_least(1, iterations=self.iterations)
        choose("beginning", self.beginning, BEGINNINGS)
        if not math.isfinite(self.data_consistency):
            raise ReconError("With several coils data consistency weighs an image: data_consistency is finite.")
        if not self.residual or self.phase != "zero":
            raise ReconError("A network of several coils corrects complex images: residual is true, and phase zero.")

    def as_dict(self) -> dict:
        """Return the fields by name, as those of :class:`~recon_lib.experiment.recipes.Architecture`."""
        return {**super().as_dict(), "iterations": self.iterations, "beginning": self.beginning}


@dataclass(frozen=True)
class JointRecipe(Recipe):
    """How all sub-networks are trained together, end to end through data consistency with coils.

    Attributes:
        crop: Side of random crops in pixels, each acquired as an image of its own, or ``None`` for whole images.
        data_consistency: ``lambda`` of the network from here on, or ``None`` for the one that it has.
    """

    crop: int | None = None
    data_consistency: float | None = None

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        super().__post_init__()
        at_least(1, crop=self.crop)
        if self.data_consistency is not None and not 0 <= self.data_consistency < math.inf:
            raise ReconError(f"data_consistency is 0 or more, and finite: not {self.data_consistency}.")

    def as_dict(self) -> dict:
        """Return what decides the updates, by name; ``crop`` and ``data_consistency`` only where they are given."""
        content = {**super().as_dict(), "crop": self.crop, "data_consistency": self.data_consistency}
        return without_defaults(JointRecipe, content, ("crop", "data_consistency"))
