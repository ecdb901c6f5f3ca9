"""The runs of a profile and their identities: train, fine-tune, evaluate.

A run's identity is a hash of its parameters, its inputs' hashes and the version of the algorithm. Same
identity, nothing to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import CompressedSensing, Profile, Variation
from recon_lib.experiment.specs import EvaluateSpec, Spec, TrainSpec, TuneSpec
from recon_lib.results.keys import RunKey

KINDS = ("train", "finetune", "evaluate")
ALGORITHM_VERSION = "0.1.0"
"""The version of what the runs compute, hashed in their identities. The package's version may rise without it; this one
rises only where the same parameters would give other results, and then it renames every run."""


@dataclass(frozen=True)
class Run:
    """One unit of work.

    Attributes:
        profile: The experiment as it was when the run was planned, with all its variations: nothing that decides a
            result is read from a file again.
        key: What a person names the run by: domain, numbers of images, draw.
        spec: All that decides the result.
        parent: The run whose network this one starts from.
    """

    profile: Profile
    key: RunKey
    spec: Spec
    parent: Run | None = None

    @property
    def kind(self) -> str:
        """``train``, ``finetune`` or ``evaluate``."""
        return self.spec.kind

    @cached_property  # a plan names every run many times, as what others start from
    def id(self) -> str:
        """Name and hash, the run's folder: ``train-natural-4000-0f3a9c12d4``."""
        digest = hashlib.sha256(self.content.encode()).hexdigest()
        return "-".join([self.kind, *map(str, self.key.to_json().values()), digest[:10]])

    @cached_property
    def content(self) -> str:
        """All that decides the run, as JSON: two runs of one content are one run."""
        content = {
            "kind": self.kind,
            "parameters": self.spec.to_json(),
            "parent": self.parent.id if self.parent else None,
            "version": ALGORITHM_VERSION,
        }
        return json.dumps(content, sort_keys=True)


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
    runs = [*networks, *_evaluations(profile, domain_hashes, networks)]
    known = {run.content: run for run in runs}
    for name, variation in profile.variations.items():
        varied = profile.varied(name)
        parents = networks
        if variation.networks != "base":
            source = varied if variation.networks == "own" else profile.varied(variation.networks)
            parents = _networks(source, domain_hashes)
        for run in _evaluations(varied, domain_hashes, parents, variation):
            if variation.matches(run.key) and run.content not in known:
                runs += _named_after(profile, name, run, known)
    return sorted(runs, key=lambda run: KINDS.index(run.kind))


def find(runs: list[Run], kind: str, **names: object) -> Run:
    """Find the run of a kind that a person means.

    Args:
        runs: The plan.
        kind: ``train``, ``finetune`` or ``evaluate``.
        **names: What the run is named by, fields of :class:`~recon_lib.results.keys.RunKey`; ``None`` stands for
            anything.

    Returns:
        The first run that fits.

    Raises:
        ReconError: None fits; the message lists what the profile has.
    """
    candidates = [run for run in runs if run.kind == kind]
    for run in candidates:
        if run.key.matches(**names):
            return run
    stated = {name: value for name, value in names.items() if value is not None}
    known = "; ".join(sorted({", ".join(f"{k}={v}" for k, v in run.key.to_json().items()) for run in candidates}))
    raise ReconError(f"No {kind} run fits {stated}: the profile has {known or 'none'}.")


def _networks(profile: Profile, hashes: Mapping[str, str]) -> list[Run]:
    trained = [
        _train(profile, domain, n, hashes)
        for domain in profile.training.domains
        for n in sorted(profile.training.n_train, reverse=True)
    ]
    tuned = [
        _fine_tune(profile, parent, RunKey(test_domain=test, n_finetune=n, draw=draw), hashes[test])
        for parent in trained
        for test in profile.test_domains
        for n in _counts(profile, parent, test)
        for draw in range(_draws(profile, parent, n))
    ]
    return [*trained, *tuned]


def _train(profile: Profile, domain: str, n_train: int, hashes: Mapping[str, str]) -> Run:
    training = profile.training
    spec = TrainSpec(
        masks=profile.mask_spec,
        counts=(profile.masks.train, profile.masks.test),
        data=hashes[domain],
        domain=domain,
        share=n_train / max(training.n_train),
        n_train=n_train,
        updates=training.updates(n_train),
        seed=profile.seed,
        architecture=profile.architecture,
        recipe=training.recipe,
        accelerations=training.accelerations,
        contrast=training.contrast,
        second_domain=training.second_domain,
        second_data=None if training.second_domain is None else hashes[training.second_domain],
        n_second=training.n_second,
    )
    return Run(profile, RunKey(training_domain=domain, n_train=n_train), spec)


def _fine_tune(profile: Profile, parent: Run, tuning: RunKey, data: str) -> Run:
    """Plan the tuning of a network, named by test domain, number of images and draw."""
    spec = TuneSpec(
        masks=profile.mask_spec,
        counts=(profile.masks.train, profile.masks.test),
        data=data,
        test_domain=tuning.test_domain,
        n_finetune=tuning.n_finetune,
        draw=tuning.draw,
        seed=profile.seed,
        recipe=profile.fine_tuning.recipe(tuning.n_finetune),
    )
    key = replace(tuning, training_domain=parent.key.training_domain, n_train=parent.key.n_train)
    return Run(profile, key, spec, parent)


def _evaluations(
    profile: Profile, hashes: Mapping[str, str], networks: list[Run], part: Variation | None = None
) -> list[Run]:
    tests = {
        name: EvaluateSpec(
            method="network",
            masks=profile.mask_spec,
            counts=(profile.masks.train, profile.masks.test),
            test_domain=name,
            data=hashes[name],
            seed=profile.seed,
            split=part.split if part else "test",
            slices=part.slices if part else None,
            ssim=profile.ssim,
        )
        for name in profile.test_domains
    }
    sensing = profile.compressed_sensing
    wavelet = sensing.wavelet if sensing.wavelet != CompressedSensing.wavelet else None
    runs = []
    for method in (*profile.baselines, *(f"cs:{variant}" for variant in sensing.variants)):
        for name, test in tests.items():
            spec = replace(test, method=method)
            if method.startswith("cs:"):
                spec = replace(spec, iterations=sensing.iterations_of(name), wavelet=wavelet)
            runs.append(Run(profile, RunKey(method, test_domain=name), spec))
    for network in networks:
        for name, test in tests.items():
            if network.kind == "train" or network.key.test_domain == name:
                tuned = network.key.n_finetune or 0
                key = replace(network.key, method="network", test_domain=name, n_finetune=tuned)
                runs.append(Run(profile, key, replace(test, scale=profile.scale), network))
    return runs


def _named_after(profile: Profile, variation: str, run: Run, known: dict[str, Run]) -> list[Run]:
    """Name a varied run, and the runs it starts from, after the variation, unless they are known already."""
    if run.content in known:
        return []
    ancestors = [] if run.parent is None else _named_after(profile, variation, run.parent, known)
    parent = None if run.parent is None else known[run.parent.content]
    named = replace(run, profile=profile, key=replace(run.key, variation=variation), parent=parent)
    known[run.content] = named
    return [*ancestors, named]


def _counts(profile: Profile, parent: Run, test: str) -> list[int]:
    """List the numbers of images that a network is tuned with."""
    tuning, domain = profile.fine_tuning, parent.key.training_domain
    counts = set()
    if domain not in profile.test_domains:
        counts |= set(tuning.n_finetune)
    elif domain == test:
        counts |= set(tuning.n_finetune if tuning.n_reference is None else tuning.n_reference)
    if parent.key.n_train == max(profile.training.n_train):
        counts |= set(tuning.headline)
    return sorted(counts - {0})


def _draws(profile: Profile, parent: Run, n_finetune: int) -> int:
    """Return how often a number of images is drawn."""
    tuning = profile.fine_tuning
    if tuning.n_drawn is None:
        return tuning.draws
    largest = parent.key.n_train == max(profile.training.n_train)
    return tuning.draws if largest and n_finetune in tuning.n_drawn else 1
