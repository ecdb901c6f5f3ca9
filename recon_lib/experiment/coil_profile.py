"""The experiment with several coils as a frozen, validated object, and its runs.

``notebooks/params/coils/<name>.yaml`` names every constant once, as the profiles of the paper's experiment do beside
it. A run is known by a hash of all that decides it, and of the run that it starts from.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from recon_lib.core import paths
from recon_lib.core.errors import ReconError, at_least, choose
from recon_lib.core.strict_yaml import build, mapping, read_yaml
from recon_lib.data.domains import Domain
from recon_lib.experiment.coil_recipes import CoilArchitecture, JointRecipe
from recon_lib.experiment.recipes import SequentialRecipe
from recon_lib.imaging.coil_simulation import CoilSimulation
from recon_lib.imaging.masks import MaskSpec

ALGORITHM_VERSION = "1"
"""The version of what the runs compute: it rises where the same parameters would give other results."""
REAL = "mprage_coils"
"""The test set of real k-space: a slice of four coils."""
_FOLDER = "coils"


@dataclass(frozen=True)
class Baselines:
    """The weights that are tried for every baseline; the best on slices of the pool is used for testing.

    Attributes:
        slices: Of the pool, evenly spread.
        cg_sense: Weights of CG-SENSE.
        sense_iterations: Its numbers of iterations that are tried with each.
        l1: Weights of L1-ESPIRiT.
        l1_iterations: Its iterations.
    """

    slices: int = 4
    cg_sense: tuple[float, ...] = (0.002, 0.005, 0.01, 0.02)
    sense_iterations: tuple[int, ...] = (6, 8, 10, 15)
    l1: tuple[float, ...] = (0.0005, 0.001, 0.002, 0.004)
    l1_iterations: int = 100


@dataclass(frozen=True)
class Effects:
    """Settings of data consistency that a trained network is run with, each changed alone.

    Attributes:
        weights: ``lambda``.
        iterations: Of the conjugate gradients.
        slices: Of each test, evenly spread.
    """

    weights: tuple[float, ...] = ()
    iterations: tuple[int, ...] = ()
    slices: int = 2

    def __post_init__(self) -> None:
        """Check the counts and the weights."""
        at_least(1, slices=self.slices, iterations=self.iterations)
        if not all(0 <= weight < math.inf for weight in self.weights):
            raise ReconError(f"The weights of data consistency are 0 or more, and finite: not {self.weights}.")


@dataclass(frozen=True)
class CoilProfile:
    """A whole experiment with several coils.

    Attributes:
        name: The YAML file's.
        description: One sentence.
        seed: Decides weights, orders, draws and masks.
        accelerations: Networks are trained on all of them, mixed, and tested on each.
        calibration: Side of the fully sampled block on a 256 grid, scaled with the matrix.
        masks: Masks of every acceleration that training draws from, for each image size.
        arrays: Arrays of coils that training draws from.
        simulation: Coils, phase and noise.
        architecture: The network's shape.
        domains: Where images come from; the test domain among them.
        n_train: Images for training, by domain.
        split: The split that they are of, by domain.
        training: Sequential training.
        updates: Of every sub-network.
        joint: Training of all sub-networks together on the same images, which follows.
        joint_updates: Its updates; 0 leaves it out.
        joint_domains: Where its images come from, of domains for which that is not as in ``domains``.
        joint_simulation: What it draws coils, phase and noise from, where that is not ``simulation``.
        further: How joint training goes on with ``further_simulation``; by default as before.
        further_updates: Its updates, by domain; those that are not named leave it out.
        further_simulation: What it and the tuning after it draw from, where that is not as before.
        test_domain: The domain whose test slices are given coils; its pool serves to tune and to choose weights.
        tuning: Tuning on slices of that pool.
        n_tune: How many slices.
        tuning_updates: Updates.
        test_slices: Of the test domain, evenly spread.
        baselines: What is compared.
        effects: What the networks that tuning starts from are run with besides; ``None`` leaves it out.
    """

    name: str
    description: str = ""
    seed: int = 0
    accelerations: tuple[float, ...] = (4.0, 6.0, 8.0)
    calibration: int = MaskSpec.calibration
    masks: int = 40
    arrays: int = 100
    simulation: CoilSimulation = field(default_factory=CoilSimulation)
    architecture: CoilArchitecture = field(default_factory=CoilArchitecture)
    domains: dict[str, Domain] = field(default_factory=dict)
    n_train: dict[str, int] = field(default_factory=dict)
    split: dict[str, str] = field(default_factory=dict)
    training: SequentialRecipe = field(default_factory=SequentialRecipe)
    updates: int = 700
    joint: JointRecipe = field(default_factory=JointRecipe)
    joint_updates: int = 400
    joint_domains: dict[str, Domain] = field(default_factory=dict)
    joint_simulation: CoilSimulation | None = None
    further: JointRecipe | None = None
    further_updates: dict[str, int] = field(default_factory=dict)
    further_simulation: CoilSimulation | None = None
    test_domain: str = "t1_bold5000"
    tuning: JointRecipe = field(default_factory=JointRecipe)
    n_tune: int = 20
    tuning_updates: int = 300
    test_slices: int = 20
    baselines: Baselines = field(default_factory=Baselines)
    effects: Effects | None = None

    def __post_init__(self) -> None:
        """Check that every domain used is described, and the counts."""
        for name in (*self.n_train, *self.split, *self.joint_domains, *self.further_updates, self.test_domain):
            choose(f"domain of profile {self.name!r}", name, self.domains)
        at_least(1, masks=self.masks, arrays=self.arrays, updates=self.updates, n_train=tuple(self.n_train.values()))
        at_least(1, n_tune=self.n_tune, tuning_updates=self.tuning_updates, test_slices=self.test_slices)
        at_least(0, joint_updates=self.joint_updates)
        at_least(1, further_updates=tuple(self.further_updates.values()))
        if not self.accelerations or not self.n_train:
            raise ReconError(f"Profile {self.name!r} needs an acceleration and a domain to train on.")


@dataclass(frozen=True)
class CoilRun:
    """One unit of work.

    Attributes:
        kind: ``train``, ``joint``, ``tune``, ``maps``, ``weights`` (of the baselines), ``evaluate`` or ``effects``.
        label: What a person names it by, such as ``natural-mprage_coils``.
        spec: All that decides the result, JSON-serialisable.
        parents: The runs whose results it starts from.
    """

    kind: str
    label: str
    spec: Mapping[str, object]
    parents: tuple[CoilRun, ...] = ()

    @cached_property
    def id(self) -> str:
        """Kind, label and hash: the run's folder."""
        content = {
            "kind": self.kind,
            "parameters": self.spec,
            "parents": [parent.id for parent in self.parents],
            "version": ALGORITHM_VERSION,
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"{self.kind}-{self.label}-{digest[:10]}"


def coil_profile_names() -> list[str]:
    """List the profiles with several coils."""
    return sorted(path.stem for path in (paths.PROFILES / _FOLDER).glob("*.yaml"))


def load_coil_profile(name: str) -> CoilProfile:
    """Read ``notebooks/params/coils/<name>.yaml``.

    Args:
        name: A profile's name.

    Raises:
        ReconError: The profile or a key in it is unknown, or a value has the wrong type.
    """
    choose("profile of several coils", name, coil_profile_names())
    content = read_yaml(paths.PROFILES / _FOLDER / f"{name}.yaml", f"Profile {name!r}")
    return build(CoilProfile, {"name": name, **mapping(content, name)}, name)


def joint_name(domain: str) -> str:
    """Name the joint training on a domain's images, and those images where they are of ``joint_domains``.

    Args:
        domain: A domain's name.
    """
    return f"{domain}-joint"


def plan_coils(profile: CoilProfile, hashes: Mapping[str, str]) -> list[CoilRun]:
    """List the runs of a profile, parents first.

    Args:
        profile: The experiment.
        hashes: The identity of each domain's data, of those of ``joint_domains`` under :func:`joint_name`, and of the
            real k-space under :data:`REAL`.

    Returns:
        Trainings and tunings; coil maps of the slices of each test; the choice of weights; then evaluations: on each
        test set by the baselines and by every network; then the effects of data consistency, likewise.
    """
    networks = [run for domain in profile.n_train for run in _networks(profile, domain, hashes)]
    own = {**_acquisition(profile), **_data(profile, profile.test_domain, hashes)}
    sets = {
        f"{profile.test_domain}-pool": {**own, "split": "pool", "slices": profile.baselines.slices},
        profile.test_domain: {**own, "split": "test", "slices": profile.test_slices},
        REAL: {**_acquisition(profile), "domain": REAL, "data": hashes[REAL]},
    }
    pool, *tests = (CoilRun("maps", name, spec) for name, spec in sets.items())
    weights = CoilRun("weights", "baselines", {"baselines": asdict(profile.baselines)}, (pool,))
    evaluations = [
        CoilRun("evaluate", f"{run.label}-{maps.label}", {}, (maps, run))
        for maps in tests
        for run in (weights, *networks)
    ]
    started = [run.parents[0] for run in networks if run.kind == "tune"]
    effects = [
        CoilRun("effects", f"{run.label}-{maps.label}", asdict(profile.effects), (maps, run))
        for maps in tests
        for run in networks
        if profile.effects and run in started
    ]
    return [*networks, pool, *tests, weights, *evaluations, *effects]


def _networks(profile: CoilProfile, domain: str, hashes: Mapping[str, str]) -> list[CoilRun]:
    """Plan a network that is trained on a domain, then jointly, then tuned on the test domain's pool."""
    images = {"n_train": profile.n_train[domain], "split": profile.split.get(domain, "train")}
    shared = {**_acquisition(profile), "masks": profile.masks}
    spec = {
        **shared,
        **images,
        **_data(profile, domain, hashes),
        "arrays": profile.arrays,
        "architecture": profile.architecture.as_dict(),
        "recipe": profile.training.as_dict(),
        "updates": profile.updates,
    }
    runs = [CoilRun("train", domain, spec)]
    further = {"simulation": profile.further_simulation.as_dict()} if profile.further_simulation else {}
    if profile.joint_updates:
        spec = {**runs[0].spec, "recipe": profile.joint.as_dict(), "updates": profile.joint_updates}
        del spec["arrays"], spec["architecture"]
        if profile.joint_simulation:
            spec["simulation"] = profile.joint_simulation.as_dict()
        if domain in profile.joint_domains:
            spec |= {"data": hashes[joint_name(domain)], "source": asdict(profile.joint_domains[domain])}
        runs.append(CoilRun("joint", joint_name(domain), spec, (runs[-1],)))
        if updates := profile.further_updates.get(domain):
            recipe = (profile.further or profile.joint).as_dict()
            spec = {**spec, **further, "recipe": recipe, "updates": updates}
            runs.append(CoilRun("joint", f"{domain}-further", spec, (runs[-1],)))
    recipe = {"recipe": profile.tuning.as_dict(), "updates": profile.tuning_updates, "n_train": profile.n_tune}
    spec = {**shared, **_data(profile, profile.test_domain, hashes), **recipe, **further, "split": "pool"}
    return [*runs, CoilRun("tune", f"{domain}-tuned", spec, (runs[-1],))]


def _acquisition(profile: CoilProfile) -> dict:
    return {
        "seed": profile.seed,
        "accelerations": list(profile.accelerations),
        "calibration": profile.calibration,
        "simulation": profile.simulation.as_dict(),
    }


def _data(profile: CoilProfile, domain: str, hashes: Mapping[str, str]) -> dict:
    return {"domain": domain, "data": hashes[domain], "source": asdict(profile.domains[domain])}
