"""The runs of a profile and their identities: train, fine-tune, evaluate.

A run's identity is a hash of its parameters, its inputs' hashes and the library's version. Same
identity, nothing to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from recon_lib import __version__
from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import CompressedSensing, Profile

KINDS = ("train", "finetune", "evaluate")


@dataclass(frozen=True)
class Run:
    """One unit of work.

    Attributes:
        kind: ``train``, ``finetune`` or ``evaluate``.
        profile: The experiment as it was when the run was planned, with all its variations: nothing that decides a
            result is read from a file again.
        choice: What a person names the run by: domain, numbers of images, draw.
        parameters: All that decides the result, JSON-serialisable.
        parent: The run whose network this one starts from.
    """

    kind: str
    profile: Profile
    choice: dict
    parameters: dict
    parent: Run | None = None

    @property
    def id(self) -> str:
        """Name and hash, the run's folder: ``train-natural-4000-0f3a9c12d4``."""
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        return "-".join([self.kind, *(str(value) for value in self.choice.values()), digest[:10]])

    @property
    def content(self) -> str:
        """All that decides the run, as JSON: two runs of one content are one run."""
        content = {
            "kind": self.kind,
            "parameters": self.parameters,
            "parent": self.parent.id if self.parent else None,
            "version": __version__,
        }
        return json.dumps(content, sort_keys=True)

    @property
    def settings(self) -> Profile:
        """The experiment as the run's variation has it, if it belongs to one."""
        return self.profile.varied(self.choice["variation"]) if "variation" in self.choice else self.profile


def plan(profile: Profile, domain_hashes: Mapping[str, str]) -> list[Run]:
    """List the runs of a profile, parents first.

    Args:
        profile: The experiment.
        domain_hashes: The identity of each domain's data.

    Returns:
        Training runs (most images first), fine-tuning runs, then evaluations: each test domain by the
        baselines and compressed sensing, by every raw network, and by every network fine-tuned on it.
        Of each kind, those of the variations come last; what a variation shares with the profile is
        the profile's own run.
    """
    networks = _networks(profile, domain_hashes)
    found = [*networks, *_evaluations(profile, domain_hashes, networks)]
    known = {run.content: run for run in found}
    for name, variation in profile.variations.items():
        varied = profile.varied(name)
        parents = networks if variation.networks == "base" else _networks(varied, domain_hashes)
        for run in _evaluations(varied, domain_hashes, parents, variation.split):
            if run.content not in known and variation.matches(run.choice):
                found += _named_after(profile, name, run, known)
    return sorted(found, key=lambda run: KINDS.index(run.kind))


def _networks(profile: Profile, hashes: Mapping[str, str]) -> list[Run]:
    common = _sampling(profile)
    trained = [
        _train(profile, domain, n, {**common, "data": hashes[domain]})
        for domain in profile.training.domains
        for n in sorted(profile.training.n_train, reverse=True)
    ]
    tuned = [
        _fine_tune(profile, parent, test, n, draw, {**common, "data": hashes[test]})
        for parent in trained
        for test in profile.test_domains
        for n in _counts(profile, parent, test)
        for draw in range(_draws(profile, parent, n))
    ]
    return [*trained, *tuned]


def _evaluations(profile: Profile, hashes: Mapping[str, str], networks: list[Run], split: str = "test") -> list[Run]:
    common = _sampling(profile)
    tests = {n: {**common, "test_domain": n, "data": hashes[n], "seed": profile.seed} for n in profile.test_domains}
    # What is at its default is left out, so that evaluations made before there was a choice keep their names.
    chosen = {"split": split} if split != "test" else {}
    if profile.ssim != Profile.ssim:
        chosen["ssim"] = profile.ssim
    scaled = {"scale": profile.scale} if profile.scale != "reference" else {}
    readings = [f"cs:{variant}" for variant in profile.compressed_sensing.variants]
    evaluated = []
    for method in (*profile.baselines, *readings):
        for name, test in tests.items():
            parameters = {"method": method, **test, **chosen}
            if method in readings:
                parameters["iterations"] = profile.compressed_sensing.iterations_of(name)
                if profile.compressed_sensing.wavelet != CompressedSensing.wavelet:
                    parameters["wavelet"] = profile.compressed_sensing.wavelet
            evaluated.append(Run("evaluate", profile, {"method": method, "test_domain": name}, parameters))
    for run in networks:
        for name, test in tests.items():
            if run.kind == "train" or run.choice["test_domain"] == name:
                label = {"method": "network", **run.choice, "test_domain": name}
                label.setdefault("n_finetune", 0)
                parameters = {"method": "network", **test, **chosen, **scaled}
                evaluated.append(Run("evaluate", profile, label, parameters, run))
    return evaluated


def _named_after(profile: Profile, variation: str, run: Run, known: dict[str, Run]) -> list[Run]:
    """Name a varied run, and the runs it starts from, after the variation, unless they are known already."""
    if run.content in known:
        return []
    before = [] if run.parent is None else _named_after(profile, variation, run.parent, known)
    parent = None if run.parent is None else known[run.parent.content]
    named = replace(run, profile=profile, choice={**run.choice, "variation": variation}, parent=parent)
    known[run.content] = named
    return [*before, named]


def _sampling(profile: Profile) -> dict:
    return {"masks": profile.mask_spec.as_dict(), "counts": [profile.masks.train, profile.masks.test]}


def _counts(profile: Profile, parent: Run, test: str) -> list[int]:
    """List the numbers of images that a network is tuned with."""
    tuning, domain = profile.fine_tuning, parent.choice["training_domain"]
    counts = set()
    if domain not in profile.test_domains:
        counts |= set(tuning.n_finetune)
    elif domain == test:
        counts |= set(tuning.n_finetune if tuning.n_reference is None else tuning.n_reference)
    if parent.choice["n_train"] == max(profile.training.n_train):
        counts |= set(tuning.headline)
    return sorted(counts - {0})


def _draws(profile: Profile, parent: Run, n_finetune: int) -> int:
    """Return how often a number of images is drawn."""
    tuning = profile.fine_tuning
    if tuning.n_drawn is None:
        return tuning.draws
    largest = parent.choice["n_train"] == max(profile.training.n_train)
    return tuning.draws if largest and n_finetune in tuning.n_drawn else 1


def find(runs: list[Run], kind: str, **choice: object) -> Run:
    """Find the run of a kind that a person means.

    Args:
        runs: The plan.
        kind: ``train``, ``finetune`` or ``evaluate``.
        **choice: What the run is named by; ``None`` stands for anything.

    Returns:
        The first run that fits.

    Raises:
        ReconError: None fits; the message lists what the profile has.
    """
    asked = {key: value for key, value in choice.items() if value is not None}
    same = [run for run in runs if run.kind == kind]
    for run in same:
        if all(run.choice.get(key) == value for key, value in asked.items()):
            return run
    there = "; ".join(sorted({", ".join(f"{k}={v}" for k, v in run.choice.items()) for run in same}))
    raise ReconError(f"No {kind} run fits {asked}: the profile has {there or 'none'}.")


def _train(profile: Profile, domain: str, n_train: int, common: dict) -> Run:
    updates = profile.training.updates(n_train)
    parameters = {
        **common,
        "domain": domain,
        "share": n_train / max(profile.training.n_train),
        "n_train": n_train,
        "updates": updates,
        "seed": profile.seed,
        "architecture": profile.architecture.as_dict(),
        "recipe": profile.training.as_dict(),
    }
    return Run("train", profile, {"training_domain": domain, "n_train": n_train}, parameters)


def _fine_tune(profile: Profile, parent: Run, test: str, n: int, draw: int, common: dict) -> Run:
    parameters = {
        **common,
        "test_domain": test,
        "n_finetune": n,
        "draw": draw,
        "seed": profile.seed,
        "recipe": profile.fine_tuning.recipe(n),
        "penalty": "squares of the kernels",
    }
    choice = {**parent.choice, "test_domain": test, "n_finetune": n, "draw": draw}
    return Run("finetune", profile, choice, parameters, parent)
