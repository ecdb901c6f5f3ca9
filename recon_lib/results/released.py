"""Networks that were released: their cards and the names of their files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from recon_lib.core.arrays import load_state
from recon_lib.core.errors import ReconError
from recon_lib.core.strict_yaml import mapping
from recon_lib.results.keys import RunKey
from recon_lib.results.store import Results

NORMALISATION = "each slice divided by the maximum of its reference"


@dataclass(frozen=True)
class PrecisionCost:
    """What a network loses when its hidden layers compute in bfloat16: PSNR in float32 less PSNR in bfloat16.

    Attributes:
        mean: Over the slices, in dB; below zero where bfloat16 gives more.
        worst: The largest loss of a slice, in dB.
        slices: How many were compared.
    """

    mean: float
    worst: float
    slices: int

    #: A network that loses more than this, in dB, is not run in bfloat16 unless a user asks for it.
    BOUND_MEAN: ClassVar[float] = 0.02
    BOUND_WORST: ClassVar[float] = 0.1

    @classmethod
    def of(cls, losses: Iterable[float]) -> PrecisionCost:
        """Average the losses of slices, in dB.

        Raises:
            ReconError: There are none, or one is no finite number.
        """
        values = list(map(float, losses))
        if not values or not all(map(math.isfinite, values)):
            raise ReconError("The cost of bfloat16 needs slices with a finite PSNR in both precisions.")
        return cls(math.fsum(values) / len(values), max(values), len(values))

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> PrecisionCost:
        """Rebuild from the fields by name; what a person wrote may be no number.

        Raises:
            TypeError: A field is missing or unknown, or is no number.
            ValueError: A text is no number.
        """
        cost = cls(**content)
        return cls(float(cost.mean), float(cost.worst), int(cost.slices))

    @property
    def is_small(self) -> bool:
        """Whether mean and worst loss lie within the bounds."""
        return self.mean <= self.BOUND_MEAN and self.worst <= self.BOUND_WORST


@dataclass(frozen=True)
class HeldOut:
    """What tuning gave on slices that were held out.

    Attributes:
        slices: How many.
        psnr_before: Mean PSNR before tuning in dB, by method: ``zero_filled`` and ``network``.
        psnr_after: The same after tuning.
    """

    slices: int
    psnr_before: Mapping[str, float]
    psnr_after: Mapping[str, float]


@dataclass(frozen=True)
class NetworkCard:
    """What is known of a network. A field is ``None`` or empty where it is not known.

    Attributes:
        key: What its run is named by.
        kind: ``train`` or ``finetune``.
        run: The id of its run.
        profile: The name of the experiment.
        n_images: The number of images it was trained on.
        data: The sha256 of what it learned from.
        parameters: All that decided it, as its run's record has it.
        machine: Where a network was tuned with a user's own scans, as a run's record describes it.
        history: A row an epoch, of a network tuned with a user's own scans.
        tuned_from: The ``name`` and ``sha256`` of the network that it was tuned from.
        held_out: What tuning gave on slices that were held out.
        float16_cost_db: The mean PSNR lost by half precision in dB, by test domain.
        bfloat16_cost: What computing in bfloat16 loses, by test domain, or by ``own scans`` where those were measured.
        source_sha256: The sha256 of the file in single precision.
        architecture: The network's shape, as :class:`~recon_lib.experiment.recipes.Architecture` reads it.
        weights: The number of weights.
        stored: The numeric type of the weights in the file.
        normalisation: What a slice is divided by before the network sees it.
        file: The file's name.
        sha256: Of the file.
        bytes: Of the file.
        extra: What a card of another version says beside these.
    """

    key: RunKey = field(default_factory=RunKey)
    kind: str | None = None
    run: str | None = None
    profile: str | None = None
    n_images: int | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    history: list[dict] = field(default_factory=list)
    tuned_from: Mapping[str, str] = field(default_factory=dict)
    held_out: HeldOut | None = None
    float16_cost_db: Mapping[str, float] = field(default_factory=dict)
    bfloat16_cost: Mapping[str, PrecisionCost] = field(default_factory=dict)
    source_sha256: str | None = None
    architecture: Mapping[str, Any] = field(default_factory=dict)
    weights: int | None = None
    stored: str | None = None
    normalisation: str | None = None
    file: str | None = None
    sha256: str | None = None
    bytes: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return (self.file or "").removesuffix(".safetensors")

    @property
    def masks(self) -> Mapping[str, Any]:
        """The parameters of the masks it was trained with; empty where they are not known."""
        return self.parameters.get("masks") or {}

    @property
    def is_for_coils(self) -> bool:
        """Whether it is a network of several coils: its data consistency takes iterations."""
        return "iterations" in self.architecture

    def to_json(self) -> dict[str, Any]:
        """Return the card as it is written; what is not known is left out."""
        values = {name: getattr(self, name) for name in _PLAIN}
        known = {name: value for name, value in values.items() if value is not None and value not in ({}, [])}
        held = {} if self.held_out is None else {"held_out": vars(self.held_out)}
        costs = {name: vars(cost) for name, cost in self.bfloat16_cost.items()}
        rounded = {"bfloat16_cost": costs} if costs else {}
        return {**self.extra, **self.key.to_json(), **known, **held, **rounded}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> NetworkCard:
        """Rebuild from :meth:`to_json`, or read the card of another version."""
        key = RunKey.from_json(content)
        values = {name: content[name] for name in _PLAIN if content.get(name) is not None}
        held, costs = content.get("held_out"), content.get("bfloat16_cost") or {}
        known = {*_PLAIN, *key.to_json(), *(["held_out"] if held else []), "bfloat16_cost"}
        extra = {name: value for name, value in content.items() if name not in known}
        costs = {name: PrecisionCost.from_json(cost) for name, cost in costs.items()}
        return cls(key=key, held_out=HeldOut(**held) if held else None, bfloat16_cost=costs, extra=extra, **values)


_PLAIN = [f.name for f in fields(NetworkCard) if f.name not in ("key", "held_out", "bfloat16_cost", "extra")]


def read_card(path: Path) -> NetworkCard:
    """Read the card in a network's file, without its weights.

    Args:
        path: The ``.safetensors`` file.

    Raises:
        ReconError: The file is missing, unreadable or has no card.
    """
    return card_of(path, load_state(path))


def card_of(path: Path, state: Mapping[str, Any]) -> NetworkCard:
    """Take the card from the state of a network's file.

    Args:
        path: The file, for the message.
        state: What stands beside its arrays.

    Raises:
        ReconError: There is none, or it cannot be read.
    """
    card = state.get("card")
    if not isinstance(card, dict):
        raise ReconError(f"{path} holds no network: it has no card.")
    try:
        return NetworkCard.from_json({**card, "parameters": mapping(card.get("parameters") or {}, "parameters")})
    except (TypeError, ValueError) as error:
        raise ReconError(f"The card of {path} cannot be read ({error}): fetch it again.") from error


def read_cards(results: Results) -> list[NetworkCard]:
    """Read the card of every released network.

    Args:
        results: A verified folder of results.

    Returns:
        Cards in the order of their files' names.
    """
    paths = sorted((results.folder / "weights").glob("*.json"))
    return [NetworkCard.from_json(json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def network_path(results: Results, card: NetworkCard) -> Path:
    """Return the file of a released network.

    Args:
        results: A verified folder of results.
        card: One of :func:`read_cards`.
    """
    return results.folder / "weights" / str(card.file)


def released_name(key: RunKey) -> str:
    """Name the file of a released network: ``natural-4000.safetensors``, ``natural-4000-t1-5-few-images.safetensors``.

    Args:
        key: What its run is named by. The first draw goes without saying.
    """
    draw = f"draw{key.draw}" if key.draw else None
    names = (key.training_domain, key.n_train, key.test_domain, key.n_finetune, draw, key.variation)
    return "-".join(str(name) for name in names if name is not None) + ".safetensors"
