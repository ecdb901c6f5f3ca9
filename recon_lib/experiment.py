"""A profile of the experiment as a frozen, validated object.

A profile is data: ``notebooks/params/<name>.yaml`` names every constant of an experiment once. What
is left out takes the paper's value, the defaults below. :mod:`recon_lib.graph` turns a profile into
runs.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields

from recon_lib import paths
from recon_lib.config import build, mapping, read_yaml
from recon_lib.errors import ReconError, choose
from recon_lib.masks import MaskSpec

SCHEDULES = ("constant", "cosine")
SOURCES = ("open", "generated", "ilsvrc", "midas", "ixi")
PRECISIONS = ("float32", "mixed_bfloat16")


@dataclass(frozen=True)
class Architecture:
    """The network's shape.

    Attributes:
        subnetworks: Sub-networks in series, each followed by data consistency.
        hidden_layers: Convolutions with ReLU in a sub-network, before its output layer.
        filters: Channels of those.
        kernel: Side of the square kernels, odd.
        data_consistency: ``lambda`` of eq. 6; ``inf`` puts the acquired sample back.
    """

    subnetworks: int = 5
    hidden_layers: int = 4
    filters: int = 64
    kernel: int = 3
    data_consistency: float = float("inf")

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if min(self.subnetworks, self.filters, self.kernel) < 1 or self.hidden_layers < 0 or self.kernel % 2 == 0:
            raise ReconError(
                "A network needs at least one sub-network and filter, and an odd kernel: "
                f"subnetworks {self.subnetworks}, filters {self.filters}, kernel {self.kernel}."
            )

    def as_dict(self) -> dict:
        """Return the fields by name, ``inf`` as a string: JSON has no infinity."""
        return {**asdict(self), "data_consistency": _json_number(self.data_consistency)}

    @classmethod
    def from_dict(cls, content: dict) -> Architecture:
        """Rebuild from :meth:`as_dict`."""
        return cls(**{**content, "data_consistency": float(content["data_consistency"])})


@dataclass(frozen=True)
class Recipe:
    """How weights are updated.

    Attributes:
        batch: Images an update (0, in fine-tuning: all of them).
        epochs: Passes over the images; a checkpoint follows each.
        learning_rate: Adam's initial rate.
        schedule: ``"constant"``, or ``"cosine"``: decays to zero with the last update.
        crop: Side of random crops in pixels, or ``None`` for whole images.
        l2: ``gamma`` of eq. 4.
        epsilon: Adam's.
        jit_compile: Compile with XLA.
        precision: Keras' dtype policy.
    """

    batch: int = 50
    epochs: int = 20
    learning_rate: float = 1e-4
    schedule: str = "constant"
    crop: int | None = None
    l2: float = 1e-6
    epsilon: float = 1e-8
    jit_compile: bool = False
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        choose("schedule", self.schedule, SCHEDULES)
        choose("precision", self.precision, PRECISIONS)
        if self.batch < 0 or self.epochs < 1 or self.learning_rate <= 0 or (self.crop is not None and self.crop < 1):
            raise ReconError(
                "A recipe needs a batch of 0 or more, at least 1 epoch, a positive learning rate and crop: "
                f"batch {self.batch}, epochs {self.epochs}, learning_rate {self.learning_rate}, crop {self.crop}."
            )

    def as_dict(self) -> dict:
        """Return what decides the updates, by name."""
        return {f.name: getattr(self, f.name) for f in fields(Recipe)}


@dataclass(frozen=True)
class Domain:
    """Where a domain's images come from.

    Attributes:
        source: ``open`` (the manifest's files), ``generated`` (made by code), or a collection that the
            user has: ``ilsvrc``, ``midas``, ``ixi``.
        matrix: ``(height, width)`` to reach by cropping k-space, or ``None``.
        images: Images a split: how many are generated, or at most how many of the real ones are taken.
    """

    source: str = "open"
    matrix: tuple[int, int] | None = None
    images: int | None = None

    def __post_init__(self) -> None:
        """Check the source's name."""
        choose("source", self.source, SOURCES)


@dataclass(frozen=True)
class Masks:
    """Sampling of k-space.

    Attributes:
        power: Growth of the minimum distance with radius.
        calibration: Side of the fully sampled block on a 256 grid.
        train: Masks that training draws from, for each image size.
        test: Masks of the test slices, others than those.
    """

    power: float = 2.0
    calibration: int = 24
    train: int = 100
    test: int = 100


@dataclass(frozen=True)
class Training(Recipe):
    """Sequential training.

    Attributes:
        domains: Domains a network is trained on.
        n_train: Numbers of training images: the columns of Tables 3 and 4. A domain with fewer slices
            than the largest gives the same share of its own, and makes as many updates.
    """

    domains: tuple[str, ...] = ("natural", "t1", "t2")
    n_train: tuple[int, ...] = (4000,)

    def __post_init__(self) -> None:
        """Check the counts."""
        super().__post_init__()
        if not self.n_train or min(self.n_train) < 1 or self.batch < 1:
            raise ReconError(f"Training needs images and a batch of at least 1: n_train {self.n_train}.")

    def updates(self, n_train: int) -> int:
        """Return the updates of each sub-network: ``epochs * n_train / batch``, at least one an epoch."""
        return max(self.epochs, round(self.epochs * n_train / self.batch))


@dataclass(frozen=True)
class FineTuning(Recipe):
    """End-to-end fine-tuning through data consistency.

    Attributes:
        n_finetune: Numbers of images; 0 (the raw network) is always evaluated.
        draws: Independent draws of the images.
    """

    batch: int = 1
    epochs: int = 150
    learning_rate: float = 1e-5
    n_finetune: tuple[int, ...] = (20,)
    draws: int = 1


@dataclass(frozen=True)
class Profile:
    """A whole experiment.

    Attributes:
        name: The YAML file's.
        description: One sentence for the book.
        seed: Decides weights, orders, draws and masks.
        acceleration: Grid points over sampled points.
        test_domains: Domains whose test slices are reconstructed.
        masks: Sampling.
        architecture: The network's shape.
        domains: Where each domain's images come from.
        training: Sequential training.
        fine_tuning: End-to-end fine-tuning.
    """

    name: str
    description: str = ""
    seed: int = 0
    acceleration: float = 4.0
    test_domains: tuple[str, ...] = ("t1", "t2")
    masks: Masks = field(default_factory=Masks)
    architecture: Architecture = field(default_factory=Architecture)
    domains: dict[str, Domain] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    fine_tuning: FineTuning = field(default_factory=FineTuning)

    def __post_init__(self) -> None:
        """Check that every domain used is described."""
        for name in (*self.training.domains, *self.test_domains):
            choose(f"domain of profile {self.name!r}", name, self.domains)

    @property
    def mask_spec(self) -> MaskSpec:
        """The masks' parameters, as :mod:`recon_lib.masks` takes them."""
        return MaskSpec(self.acceleration, self.masks.power, self.masks.calibration, self.seed)


def profile_names() -> list[str]:
    """List the profiles there are."""
    return sorted(path.stem for path in paths.PROFILES.glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Read ``notebooks/params/<name>.yaml``.

    Args:
        name: A profile's name.

    Returns:
        The validated profile.

    Raises:
        ReconError: The profile, or a key in it, is unknown (the nearest is suggested), a value has the
            wrong type, or a key stands twice.
    """
    choose("profile", name, profile_names())
    path = paths.PROFILES / f"{name}.yaml"
    return parse_profile(name, read_yaml(path, f"Profile {name!r}"))


def parse_profile(name: str, content: dict) -> Profile:
    """Build a profile from a mapping, as a YAML file gives it.

    Args:
        name: The profile's name.
        content: The mapping.

    Returns:
        The validated profile.

    Raises:
        ReconError: As for :func:`load_profile`.
    """
    return build(Profile, {"name": name, **mapping(content, name)}, name)


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
