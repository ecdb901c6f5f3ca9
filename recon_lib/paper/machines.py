"""On which machines and with which programs the runs of a profile were made, as their records say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from recon_lib.paper.markup import Rendered
from recon_lib.results.records import RunRecord
from recon_lib.results.store import Results

_KINDS = {"train": "training", "finetune": "tuning", "evaluate": "evaluation"}
_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_ON_CARD = "accelerator"  # its entry in a record's machine
_UNRECORDED = "a machine that its record does not name"
_SHARED = "Several runs shared the card at a time, so their seconds overlap."
_REMARKS = {"open": "JAX had version 0.11."}  # what records do not say, by profile


def name_machine(record: RunRecord, hosts: Iterable[RunRecord] = ()) -> str:
    """Name the machine of a run.

    Args:
        record: The run's.
        hosts: Records of other runs. One on a card, of the same computer and programs says which card it was, where the
            record is from before records named one.

    Returns:
        ``one NVIDIA H200``, ``2 cores of AMD EPYC``.
    """
    card = record.machine.get(_ON_CARD) or next(
        (host.machine[_ON_CARD] for host in hosts if _ON_CARD in host.machine and _computer(host) == _computer(record)),
        None,
    )
    return name_computer({**record.machine, _ON_CARD: card} if card else record.machine)


def name_computer(machine: Mapping[str, object]) -> str:
    """Name a machine as a record describes it.

    Args:
        machine: ``processor``, ``cores`` and, where a card computed, ``accelerator`` with its ``kind``; or nothing.

    Returns:
        ``one NVIDIA H200``, ``2 cores of AMD EPYC``.
    """
    if not machine:
        return _UNRECORDED
    card = machine.get(_ON_CARD)
    return f"one {card['kind']}" if card else f"{machine['cores']} cores of {machine['processor']}"


def name_machines(results: Results, kind: str = "train") -> str:
    """Name the machines of a profile's own runs of a kind in a phrase; variations may have been made elsewhere.

    Args:
        results: Their records say it.
        kind: ``train``, ``finetune`` or ``evaluate``.

    Returns:
        Empty where no record names a machine.
    """
    hosts = hosts_of(results)
    names = {
        name_machine(record, hosts)
        for record in results.records.values()
        if record.kind == kind and record.key.variation is None
    }
    return " or ".join(sorted(names - {_UNRECORDED}))


def render_machines(results: Results) -> Rendered:
    """Say how many runs of each kind each machine made, and with which programs.

    Args:
        results: Their records and their provenance say it.

    Returns:
        Markdown: a sentence a machine, then the rest.
    """
    records = list(results.records.values())
    sentences = [*_sentences(records, hosts_of(results)), _REMARKS.get(results.profile, ""), _collection(results)]
    return Rendered(markdown=f"Profile **{results.profile}**: {' '.join(filter(None, sentences))}")


def render_machines_of(results: Results | None, variations: Collection[str]) -> Rendered:
    """Say on which machines the runs of variations were made, and the networks of the profile that they start from.

    Args:
        results: Their records say it, or ``None``.
        variations: Labels.

    Returns:
        Markdown: as :func:`render_machines` for these runs, then a sentence on the profile's own trainings; empty where
        none of these runs is collected.
    """
    records = [] if results is None else [r for r in results.records.values() if r.key.variation in variations]
    if not records:
        return Rendered(markdown="")
    sentences = [f"The runs of this page: {' '.join(_sentences(records, hosts_of(results)))}"]
    if machines := name_machines(results):
        sentences.append(
            f"The networks that profile **{results.profile}** publishes besides were trained on {machines}."
        )
    return Rendered(markdown=" ".join(sentences))


def _sentences(records: Sequence[RunRecord], hosts: list[RunRecord]) -> list[str]:
    """Count the runs of each machine by kind, and say what cards and programs they had."""
    counts: dict[str, dict[str, int]] = {}
    inferred, untrained, rounded, shared = 0, 0, False, False
    for record in records:
        name = name_machine(record, hosts)
        kinds = counts.setdefault(name, dict.fromkeys(_KINDS, 0))
        kinds[record.kind] += 1
        on_card = name.startswith("one ")
        shared |= on_card
        rounded |= bool(record.machine.get(_ON_CARD, {}).get("tf32"))
        inferred += on_card and _ON_CARD not in record.machine
        untrained += on_card and record.kind == "evaluate" and record.key.method != "network"
    sentences = [
        f"{_listed([_plural(number, _KINDS[kind]) for kind, number in kinds.items() if number])} on {name}."
        for name, kinds in sorted(counts.items(), key=lambda item: -sum(item[1].values()))
    ]
    if rounded:
        sentences.append("The card's convolutions round to TF32.")
    if inferred:
        sentences.append(
            f"The records of {inferred} of these runs are older than the entry that names a card; they name the same "
            "computer and programs."
        )
    if untrained:
        sentences.append(f"{_plural(untrained, 'evaluation')} without a network computed on the CPU beside the card.")
    return [*sentences, *filter(None, (_programs(records), _SHARED if shared else ""))]


def hosts_of(results: Results) -> list[RunRecord]:
    """List the records that name a card, for :func:`name_machine`.

    Args:
        results: The profile's.
    """
    return [record for record in results.records.values() if _ON_CARD in record.machine]


def _computer(record: RunRecord) -> tuple:
    """Say on which computer and with which programs a run was made, whatever card it names."""
    machine = {name: value for name, value in record.machine.items() if name != _ON_CARD}
    return tuple(sorted(machine.items())), tuple(sorted(record.versions.items()))


def _programs(records: Iterable[RunRecord]) -> str:
    """Name Keras and its backend."""
    pairs = {
        f"Keras {record.versions['keras']} on {_BACKENDS[record.versions['backend']]}"
        for record in records
        if {"keras", "backend"} <= record.versions.keys()
    }
    return f"{_listed(sorted(pairs))}." if pairs else ""


def _collection(results: Results) -> str:
    """Say where the results were collected, which measures what half precision costs the released networks."""
    machine = results.provenance.get("machine")
    return f"They were collected on {machine['cores']} cores of {machine['processor']}." if machine else ""


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
