"""The runs of a profile and their identities: train, fine-tune, evaluate.

A run's identity is a hash of its parameters, its inputs' hashes and the library's version. Same
identity, nothing to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from recon_lib import __version__
from recon_lib.errors import ReconError
from recon_lib.experiment import Profile

KINDS = ("train", "finetune", "evaluate")


@dataclass(frozen=True)
class Run:
    """One unit of work.

    Attributes:
        kind: ``train``, ``finetune`` or ``evaluate``.
        profile: The profile's name.
        choice: What a person names the run by: domain, numbers of images, draw.
        parameters: All that decides the result, JSON-serialisable.
        parent: The run whose network this one starts from.
    """

    kind: str
    profile: str
    choice: dict
    parameters: dict
    parent: Run | None = None

    @property
    def id(self) -> str:
        """Name and hash, the run's folder: ``train-natural-4000-0f3a9c12d4``."""
        content = {
            "kind": self.kind,
            "parameters": self.parameters,
            "parent": self.parent.id if self.parent else None,
            "version": __version__,
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return "-".join([self.kind, *(str(value) for value in self.choice.values()), digest[:10]])


def plan(profile: Profile, domain_hashes: Mapping[str, str]) -> list[Run]:
    """List the runs of a profile, parents first.

    Args:
        profile: The experiment.
        domain_hashes: The identity of each domain's data.

    Returns:
        Training runs (most images first), fine-tuning runs, then evaluations: each test domain
        zero-filled, by every raw network, and by every network fine-tuned on it.
    """
    common = {"masks": asdict(profile.mask_spec), "counts": [profile.masks.train, profile.masks.test]}
    tests = {
        name: {**common, "test_domain": name, "data": domain_hashes[name], "seed": profile.seed}
        for name in profile.test_domains
    }
    trained = [
        _train(profile, domain, n, {**common, "data": domain_hashes[domain]})
        for domain in profile.training.domains
        for n in sorted(profile.training.n_train, reverse=True)
    ]
    tuned = [
        _fine_tune(profile, parent, test, n, draw, {**common, "data": domain_hashes[test]})
        for parent in trained
        for test in profile.test_domains
        for n in profile.fine_tuning.n_finetune
        if n > 0
        for draw in range(profile.fine_tuning.draws)
    ]
    evaluated = [
        Run("evaluate", profile.name, {"method": "zero_filled", "test_domain": name}, {"method": "zero_filled", **test})
        for name, test in tests.items()
    ]
    for run in (*trained, *tuned):
        for name, test in tests.items():
            if run.kind == "train" or run.choice["test_domain"] == name:
                label = {"method": "network", **run.choice, "test_domain": name}
                label.setdefault("n_finetune", 0)
                evaluated.append(Run("evaluate", profile.name, label, {"method": "network", **test}, run))
    return [*trained, *tuned, *evaluated]


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
    return Run("train", profile.name, {"training_domain": domain, "n_train": n_train}, parameters)


def _fine_tune(profile: Profile, parent: Run, test: str, n: int, draw: int, common: dict) -> Run:
    parameters = {
        **common,
        "test_domain": test,
        "n_finetune": n,
        "draw": draw,
        "seed": profile.seed,
        "recipe": profile.fine_tuning.as_dict(),
    }
    choice = {**parent.choice, "test_domain": test, "n_finetune": n, "draw": draw}
    return Run("finetune", profile.name, choice, parameters, parent)
