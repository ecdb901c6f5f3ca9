"""What a run costs: updates, images, and seconds where runs like it were timed on this machine.

Two runs are alike if an image costs both the same: of one kind, on one domain, by one method, in one precision. Their
times go as their efforts, so a rate is the median of seconds by effort over the runs alike whose records say a time.
"""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recon_lib.core import host
from recon_lib.data import domains, store
from recon_lib.experiment.counting import architecture_of, weights
from recon_lib.experiment.plan import Run
from recon_lib.experiment.profile import Profile
from recon_lib.experiment.specs import EvaluateSpec, TrainSpec, TuneSpec
from recon_lib.results import store as results_store
from recon_lib.results.records import RunRecord
from recon_lib.runs.state import finished, folder


@dataclass(frozen=True)
class Cost:
    """What a run costs.

    Attributes:
        updates: Of the weights; of all sub-networks together where they are trained one after the other.
        images: That it trains on, tunes with or reconstructs; ``None`` where slices have not been counted yet.
        seconds: Expected on this machine; ``None`` where no run like it was timed here.
    """

    updates: int
    images: int | None
    seconds: float | None


def count_costs(profile: Profile, runs: Iterable[Run], planned: Iterable[Run]) -> dict[str, Cost]:
    """Count what runs cost.

    Args:
        profile: The experiment.
        runs: Of its plan.
        planned: All of its plan, of which the finished ones give the rates.

    Returns:
        Costs by run id.
    """
    measured = rates(planned, _records(profile, planned), host.machine(), shutil.which("nvidia-smi") is not None)
    costs = {}
    for run in runs:
        rate = measured.get(_likeness(run))
        seconds = None if rate is None else rate * _effort(run)
        costs[run.id] = Cost(_updates(run), _images(run), seconds)
    return costs


def rates(
    planned: Iterable[Run], records: Mapping[str, RunRecord], machine: Mapping[str, object], on_card: bool
) -> dict[tuple, float]:
    """Return the seconds that an effort of 1 takes, for each kind of runs alike.

    Args:
        planned: Runs.
        records: Records of finished ones, by run id.
        machine: This one, as :func:`recon_lib.core.host.machine` describes it.
        on_card: Take the times of runs on a card, or of those without.
    """
    seconds: dict[tuple, list[float]] = {}
    for run in planned:
        record = records.get(run.id)
        if record is not None and record.seconds is not None and _is_of(record.machine, machine, on_card):
            seconds.setdefault(_likeness(run), []).append(record.seconds / _effort(run))
    return {likeness: statistics.median(values) for likeness, values in seconds.items()}


def _records(profile: Profile, planned: Iterable[Run]) -> dict[str, RunRecord]:
    """Read the records that are collected, and those of runs finished here."""
    name = profile.name
    records = dict(results_store.open_results(name).records) if name in results_store.profiles() else {}
    for run in planned:
        if finished(run):
            content = (folder(run) / "run.json").read_text(encoding="utf-8")
            records[run.id] = RunRecord.from_json(json.loads(content))
    return records


def _is_of(stated: Mapping[str, object], machine: Mapping[str, object], on_card: bool) -> bool:
    same = all(stated.get(name) == machine[name] for name in ("processor", "cores"))
    return same and ("accelerator" in stated) == on_card


def _likeness(run: Run) -> tuple:
    spec = run.spec
    match spec:
        case TrainSpec():
            return run.kind, spec.domain, spec.recipe.crop, spec.recipe.precision
        case TuneSpec():
            return run.kind, spec.test_domain, spec.recipe.precision
        case EvaluateSpec():
            return run.kind, spec.test_domain, spec.split, spec.method


def _effort(run: Run) -> float:
    """Return a number that the time of a run goes as, among the runs like it; an evaluation's is that of its slices."""
    spec, architecture = run.spec, architecture_of(run)
    numbers = 1 if architecture is None else weights(architecture)
    match spec:
        case TrainSpec():
            return spec.updates * spec.recipe.batch * numbers
        case TuneSpec():
            return spec.recipe.epochs * spec.n_finetune * numbers
        case EvaluateSpec():
            return (spec.iterations or 1) * numbers * _share(run.profile, spec)


def _updates(run: Run) -> int:
    spec = run.spec
    match spec:
        case TrainSpec():
            return spec.updates * spec.architecture.subnetworks
        case TuneSpec():
            return spec.recipe.epochs * -(-spec.n_finetune // (spec.recipe.batch or spec.n_finetune))
        case _:
            return 0


def _images(run: Run) -> int | None:
    spec = run.spec
    match spec:
        case TrainSpec():
            return spec.n_train + spec.n_second
        case TuneSpec():
            return spec.n_finetune
        case EvaluateSpec():
            return spec.slices or _slices(run.profile, spec.test_domain, spec.split)


def _share(profile: Profile, spec: EvaluateSpec) -> float:
    """Return the share of a split's slices that an evaluation reconstructs; 1 where they have not been counted yet."""
    count = None if spec.slices is None else _slices(profile, spec.test_domain, spec.split)
    return 1.0 if count is None else spec.slices / count


def _slices(profile: Profile, name: str, split: str) -> int | None:
    """Count a domain's slices if that takes no preparing."""
    domain = profile.domains[name]
    path = store.path_of(name, domain.source, split, domains.domain_hash(name, domain))
    if domain.source != "generated" and not path.is_file():
        return None
    return len(domains.load_images(name, split, domain))
