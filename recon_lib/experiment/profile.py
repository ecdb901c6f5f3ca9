"""A profile of the experiment as a frozen, validated object.

A profile is data: ``notebooks/params/<name>.yaml`` names every constant of an experiment once. What
is left out takes the paper's value, the defaults below. :mod:`recon_lib.experiment.plan` turns a profile into
runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from recon_lib.baselines.variants import find_variant
from recon_lib.baselines.wavelets import DEFAULT as DEFAULT_WAVELET
from recon_lib.baselines.wavelets import TAPS
from recon_lib.core import paths
from recon_lib.core.errors import ReconError, at_least, choose
from recon_lib.core.strict_yaml import build, mapping, override, read_yaml
from recon_lib.data.domains import Domain
from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.masks import KINDS, MaskSpec
from recon_lib.imaging.ssim import DEFAULT_WINDOW, WINDOWS
from recon_lib.results.keys import RunKey

SCALES = ("reference", "zero_filled")
NETWORKS = ("own", "base")
BASELINES = ("zero_filled", "conjugate_symmetry")
#: What an evaluation is named by.
NAMED_BY = tuple(name.name for name in fields(RunKey) if name.name != "variation")
_UNCHANGED = {"name", "domains", "variations"}  # of a profile, by its variations


@dataclass(frozen=True)
class Masks:
    """Sampling of k-space.

    Attributes:
        power: Growth of the minimum distance with radius.
        calibration: Side of the fully sampled block on a 256 grid.
        corners: Sample the corners of k-space too.
        dither: Round squared distances at random, so that the density falls smoothly.
        train: Masks that training draws from, for each image size.
        test: Masks of the test slices, others than those.
    """

    power: float = MaskSpec.power
    calibration: int = MaskSpec.calibration
    corners: bool = MaskSpec.corners
    dither: bool = MaskSpec.dither
    train: int = 100
    test: int = 100

    def __post_init__(self) -> None:
        """Check the counts; the rest is :class:`~recon_lib.imaging.masks.MaskSpec`'s to check."""
        at_least(1, train=self.train, test=self.test)


@dataclass(frozen=True)
class CompressedSensing:
    """The baseline of compressed sensing.

    Attributes:
        variants: Readings of it that are run, names of :func:`recon_lib.baselines.variants.find_variant`.
        iterations: For each tested domain; 80 where none is named.
        wavelet: A name of :data:`recon_lib.baselines.wavelets.TAPS`.
    """

    variants: tuple[str, ...] = ()
    iterations: dict[str, int] = field(default_factory=lambda: {"t1": 80, "t2": 120})
    wavelet: str = DEFAULT_WAVELET

    def __post_init__(self) -> None:
        """Check names and counts."""
        choose("wavelet", self.wavelet, TAPS)
        for name in self.variants:
            find_variant(name)
        at_least(1, iterations=tuple(self.iterations.values()))

    def iterations_of(self, test_domain: str) -> int:
        """Return the iterations in a tested domain."""
        return self.iterations.get(test_domain, 80)


@dataclass(frozen=True)
class Variation:
    """A control, or a choice of ours made otherwise to measure what it does.

    Attributes:
        description: One sentence for the book.
        change: What differs from the profile: the same keys, nested alike.
        evaluations: Which of them are run, by their names (``training_domain``, ``n_train``, ...): a
            value or a list of values; a key that an evaluation lacks does not exclude it.
        networks: ``"own"``: trained and tuned with the change; ``"base"``: the profile's own networks,
            so that only the evaluation differs; or the name of another variation: the networks of that one.
        split: The images that are reconstructed: ``"train"`` of a domain serves to choose a rate for
            networks that never saw it, or the weights of compressed sensing, which is not trained.
        slices: How many images of the split, evenly spread; all by default.
    """

    description: str = ""
    change: dict = field(default_factory=dict)
    evaluations: dict = field(default_factory=dict)
    networks: str = "own"
    split: str = "test"
    slices: int | None = None

    def __post_init__(self) -> None:
        """Check the names."""
        choose("split", self.split, ("test", "train"))
        at_least(1, slices=self.slices)
        for key in self.evaluations:
            choose("key in 'evaluations' of a variation", key, NAMED_BY)
        for key in _UNCHANGED.intersection(self.change):
            raise ReconError(f"A variation keeps the profile's images and name: {key!r} cannot be changed.")

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Variation:
        """Rebuild from the provenance of results.

        That of results collected before the fields had these names says ``about`` and ``where``.
        """
        names = {"about": "description", "where": "evaluations"}
        return cls(**{names.get(name, name): value for name, value in content.items()})

    def matches(self, key: RunKey) -> bool:
        """Tell whether an evaluation is one of those that are run."""
        lists = {name: value if isinstance(value, list) else [value] for name, value in self.evaluations.items()}
        return all(getattr(key, name) in (None, *values) for name, values in lists.items())

    @property
    def acceleration(self) -> float | None:
        """Where the profile's own networks are tested at another acceleration and nothing else differs: which one."""
        only = set(self.change) == {"acceleration"} and (self.networks, self.split) == ("base", "test")
        return float(self.change["acceleration"]) if only else None


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
        baselines: Reconstructions without training or iteration.
        compressed_sensing: The baseline of compressed sensing.
        scale: What a test image is divided by before a network sees it: the maximum of its
            ``reference``, as in training, or of its ``zero_filled`` image, all there is without one.
        ssim: The window of SSIM, a name of :data:`recon_lib.imaging.ssim.WINDOWS`.
        variations: Controls and measured choices, by name.
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
    baselines: tuple[str, ...] = BASELINES
    compressed_sensing: CompressedSensing = field(default_factory=CompressedSensing)
    scale: str = "reference"
    ssim: str = DEFAULT_WINDOW
    variations: dict[str, Variation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that every domain used is described, and every change possible."""
        second = self.training.second_domain
        for name in (*self.training.domains, *self.test_domains, *([] if second is None else [second])):
            choose(f"domain of profile {self.name!r}", name, self.domains)
        for name in self.baselines:
            choose("baseline", name, BASELINES)
        choose("scale", self.scale, SCALES)
        choose("ssim", self.ssim, WINDOWS)
        for name in self.compressed_sensing.iterations:
            choose("domain with a number of iterations", name, {*CompressedSensing().iterations, *self.domains})
        _ = self.mask_spec  # checks what it is made of
        for name, variation in self.variations.items():
            choose(f"networks of variation {name!r}", variation.networks, (*NETWORKS, *self.variations))
            self.varied(name)

    def varied(self, name: str) -> Profile:
        """Return the profile with a variation's change made, and no variations."""
        plain = replace(self, variations={})
        return override(plain, self.variations[name].change, f"{self.name}.variations.{name}.change")

    @property
    def mask_spec(self) -> MaskSpec:
        """The masks' parameters, as :mod:`recon_lib.imaging.masks` takes them."""
        kind = {name: getattr(self.masks, name) for name in KINDS}
        return MaskSpec(self.acceleration, seed=self.seed, **kind)


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
