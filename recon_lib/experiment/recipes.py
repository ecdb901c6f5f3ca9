"""The network's shape, and how its weights are found: the parts of a profile that decide a network."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields
from typing import ClassVar

from recon_lib.core.errors import ReconError, at_least, choose
from recon_lib.core.strict_yaml import without_defaults
from recon_lib.experiment.augmentation import Augmentation

SCHEDULES = ("constant", "cosine")
PRECISIONS = ("float32", "mixed_bfloat16")
LOSSES = ("before_dc", "after_dc")
STARTS = ("own", "before")
OUTPUTS = ("linear", "relu")
PHASES = ("zero", "kept")
INITIAL_WEIGHTS = ("glorot_uniform", "he_normal")


@dataclass(frozen=True)
class Architecture:
    """The network's shape.

    Attributes:
        subnetworks: Sub-networks in series, each followed by data consistency.
        hidden_layers: Convolutions with ReLU in a sub-network, before its output layer.
        filters: Channels of those.
        kernel: Side of the square kernels, odd.
        data_consistency: ``lambda`` of eq. 6; ``inf`` puts the acquired sample back.
        initial_weights: How kernels are drawn: ``"glorot_uniform"``, or ``"he_normal"``; biases start at zero.
        residual: Add the real channel of what a sub-network sees to what it puts out.
        output: What a sub-network's last layer does: ``"linear"``, or ``"relu"``.
        phase: What makes a complex image of a sub-network's single channel: ``"zero"`` takes it for the real part,
            ``"kept"`` gives every pixel the phase it had before.
    """

    subnetworks: int = 5
    hidden_layers: int = 4
    filters: int = 64
    kernel: int = 3
    data_consistency: float = float("inf")
    initial_weights: str = "glorot_uniform"
    residual: bool = False
    phase: str = "zero"
    output: str = "linear"

    #: Channels that a sub-network puts out.
    channels: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        choose("initial_weights", self.initial_weights, INITIAL_WEIGHTS)
        choose("phase", self.phase, PHASES)
        choose("output", self.output, OUTPUTS)
        if min(self.subnetworks, self.filters, self.kernel) < 1 or self.hidden_layers < 0 or self.kernel % 2 == 0:
            raise ReconError(
                "A network needs at least one sub-network and filter, and an odd kernel: "
                f"subnetworks {self.subnetworks}, filters {self.filters}, kernel {self.kernel}."
            )
        if not self.data_consistency >= 0:
            raise ReconError(f"data_consistency is 0 or more, or inf: not {self.data_consistency}.")

    def as_dict(self) -> dict:
        """Return the fields by name, ``inf`` as a string: JSON has no infinity.

        The last four only where they are not the default, as in a recipe.
        """
        content = {**asdict(self), "data_consistency": _json_number(self.data_consistency)}
        return without_defaults(Architecture, content, ("initial_weights", "residual", "phase", "output"))

    @classmethod
    def from_dict(cls, content: dict) -> Architecture:
        """Rebuild from :meth:`as_dict`."""
        return cls(**{**content, "data_consistency": float(content["data_consistency"])})


@dataclass(frozen=True)
class Recipe:
    """How weights are updated: what sequential training and fine-tuning share.

    Attributes:
        batch: Images an update (0, in fine-tuning: all of them).
        epochs: Passes over the images; a checkpoint follows each.
        learning_rate: Adam's initial rate.
        schedule: ``"constant"``, or ``"cosine"``: decays to zero with the last update.
        l2: ``gamma`` of eq. 4.
        epsilon: Adam's.
        jit_compile: Compile with XLA.
        precision: Keras' dtype policy.
        absolute: Weight of the mean-absolute error beside the mean-squared one (eq. 4 has 1).
    """

    batch: int = 50
    epochs: int = 20
    learning_rate: float = 1e-4
    schedule: str = "constant"
    l2: float = 1e-6
    epsilon: float = 1e-8
    jit_compile: bool = False
    precision: str = "float32"
    absolute: float = 1.0

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        for name in ("absolute", "l2"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ReconError(
                    f"The weight {name} of a loss's term is 0 or more, and finite: not {getattr(self, name)}."
                )
        for name in ("learning_rate", "epsilon"):
            if not 0 < getattr(self, name) < math.inf:
                raise ReconError(f"A {name} is positive and finite, not {getattr(self, name)}.")
        choose("schedule", self.schedule, SCHEDULES)
        choose("precision", self.precision, PRECISIONS)
        at_least(0, batch=self.batch)
        at_least(1, epochs=self.epochs)

    def as_dict(self) -> dict:
        """Return what decides the updates, by name; ``absolute`` only where it is not the default.

        A run is known by this mapping, so a field that came later must not rename the runs before it.
        """
        content = {item.name: getattr(self, item.name) for item in fields(Recipe)}
        return without_defaults(Recipe, content, ("absolute",))


@dataclass(frozen=True)
class SequentialRecipe(Recipe):
    """How each sub-network is trained on its own.

    Attributes:
        crop: Side of random crops in pixels, or ``None`` for whole images.
        start: Where a sub-network starts: from weights of its ``"own"`` draw, or from those of the one ``"before"`` it.
    """

    crop: int | None = None
    start: str = "own"

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        super().__post_init__()
        choose("start", self.start, STARTS)
        at_least(1, batch=self.batch, crop=self.crop)

    def as_dict(self) -> dict:
        """Return what decides the updates, by name; ``start`` only where it is not the default."""
        content = {**super().as_dict(), "crop": self.crop, "start": self.start}
        return without_defaults(SequentialRecipe, content, ("start",))

    @classmethod
    def from_dict(cls, content: dict) -> SequentialRecipe:
        """Rebuild from :meth:`as_dict`."""
        return cls(**content)


@dataclass(frozen=True)
class TuningRecipe(Recipe):
    """How all sub-networks are tuned at once, through data consistency, which needs whole images.

    Attributes:
        loss_on: The image that the loss judges: ``"before_dc"``, or ``"after_dc"``.
        augmentation: What is done to an image at each visit; by default nothing.
        average: The part of the updates, the last ones, over whose weights the mean is taken at the end
            (:mod:`recon_lib.network.averaging`); 0: the last weights.
        scale_shift: Tune only a scale and a shift of each channel (:mod:`recon_lib.network.channels`).
        pull: Strength of a pull towards the trained weights (:mod:`recon_lib.network.pull`), in units of one over the
            rate; ``inf`` leaves the network as it was.
        held_kspace: The part of the tuning images' k-space that no update sees, by which the best weights are chosen
            (:mod:`recon_lib.network.held_kspace`).
    """

    loss_on: str = "before_dc"
    augmentation: Augmentation = field(default_factory=Augmentation)
    average: float = 0.0
    scale_shift: bool = False
    pull: float = 0.0
    held_kspace: float = 0.0

    def __post_init__(self) -> None:
        """Check what types cannot say, and refuse what cannot go together."""
        super().__post_init__()
        choose("loss_on", self.loss_on, LOSSES)
        if not 0 <= self.average <= 1:
            raise ReconError(f"average is a part of all updates, between 0 and 1: not {self.average:g}.")
        if not 0 <= self.held_kspace < 1:
            raise ReconError(f"held_kspace is a part of k-space, 0 or more and below 1: not {self.held_kspace:g}.")
        if not self.pull >= 0:
            raise ReconError(f"pull is 0 or more, or inf: not {self.pull:g}.")
        if self.held_kspace and self.average:
            raise ReconError("held_kspace chooses among the weights on the way and average takes their mean: use one.")
        if self.held_kspace and self.augmentation.intensity:
            raise ReconError(
                "intensity mixes the frequencies of an image, so that held_kspace would hold nothing out: use one."
            )

    def as_dict(self) -> dict:
        """Return what decides the updates, by name; what came later only where it is not the default.

        Runs are known by a mapping that says ``crop: None``, so it stays, though tuning has no crops.
        """
        later = ("loss_on", "average", "scale_shift", "pull", "held_kspace")
        content = {**super().as_dict(), "crop": None, **{name: getattr(self, name) for name in later}}
        content = without_defaults(TuningRecipe, content, later)
        if "pull" in content:
            content["pull"] = _json_number(self.pull)
        changes = self.augmentation.as_dict()
        return {**content, "augmentation": changes} if changes else content

    @classmethod
    def from_dict(cls, content: dict) -> TuningRecipe:
        """Rebuild from :meth:`as_dict`."""
        values = {name: value for name, value in content.items() if name != "crop"}
        changes = Augmentation.from_dict(values.pop("augmentation", {}))
        return cls(**{**values, "augmentation": changes, "pull": float(values.get("pull", 0.0))})


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
