"""What a run says of itself when it is finished: ``run.json`` in its folder, and an entry of ``records.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from recon_lib.results.keys import RunKey


@dataclass(frozen=True)
class RunRecord:
    """The record of a finished run.

    Attributes:
        id: The run's name and hash.
        kind: ``train``, ``finetune`` or ``evaluate``.
        key: What a person names the run by.
        parameters: All that decided the result, as :func:`recon_lib.experiment.specs.read_spec` reads it.
        parent: The id of the run whose network it started from.
        inputs: The sha256 of each input.
        files: The sha256 of each file it made.
        seconds: How long it took since it was last resumed; ``None`` where it was not recorded.
        versions: Of the packages used.
        precision: What the hidden layers of its network computed in, ``float32`` or ``mixed_bfloat16``; ``None`` where
            no network ran, or it was not recorded.
        machine: Its ``processor``, ``cores`` and ``system``; empty where they were not recorded.
        commit: Of the project.
        executor: What carried it out: ``notebook``, or ``library`` where no notebook did; ``None`` where it was not
            recorded.
    """

    id: str
    kind: str
    key: RunKey
    parameters: Mapping[str, Any]
    parent: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    precision: str | None = None
    machine: Mapping[str, Any] = field(default_factory=dict)
    commit: str | None = None
    executor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is written, the names under ``choice``; what was not recorded is left out."""
        content: dict[str, Any] = {"id": self.id, "kind": self.kind, "choice": self.key.to_json()}
        content |= {"parameters": self.parameters, "parent": self.parent}
        rest = {name: getattr(self, name) for name in _RECORDED}
        return content | {name: value for name, value in rest.items() if value is not None and value != {}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> RunRecord:
        """Rebuild from :meth:`to_json`; records from before a field was recorded lack it."""
        names = {field.name for field in fields(cls)} & content.keys()
        values = {name: content[name] for name in names if content[name] is not None}
        return cls(**values, key=RunKey.from_json(content["choice"]))


_RECORDED = ("inputs", "files", "seconds", "versions", "precision", "machine", "commit", "executor")
