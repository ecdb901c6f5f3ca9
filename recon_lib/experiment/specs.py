"""All that decides the result of a run, for each kind of run.

Runs are known by a hash of these records as JSON, so ``to_json`` must never give other bytes for the same record: what
came later is left out where it is at its default, and the names of old runs stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from recon_lib.core.strict_yaml import without_defaults
from recon_lib.experiment.recipes import Architecture, SequentialRecipe, TuningRecipe
from recon_lib.imaging.masks import MaskSpec
from recon_lib.imaging.ssim import DEFAULT_WINDOW

TUNING_REVISION = {"penalty": "squares of the kernels"}
"""The revision of the algorithm of fine-tuning, as identities hash it.

Nothing reads it: it keeps runs apart from those of an older algorithm, whose penalty was another one.
"""


@dataclass(frozen=True)
class TrainSpec:
    """What decides a network trained sub-network by sub-network.

    Attributes:
        masks: The parameters of the masks.
        counts: Numbers of masks for training and for testing.
        data: The identity of the domain's data.
        domain: The domain of the images.
        share: ``n_train`` as a share of the profile's largest number.
        n_train: The number of images asked for.
        updates: Updates of each sub-network.
        seed: Decides weights, orders and masks.
        architecture: The network's shape.
        recipe: How weights are updated.
        accelerations: Of more masks for training, beside those of ``masks``.
        contrast: The share of the images whose intensities are remapped.
        second_domain: The domain whose pool is trained on too; ``None``: there is none.
        second_data: The identity of that domain's data.
        n_second: How many images of it.
    """

    kind: ClassVar[str] = "train"
    masks: MaskSpec
    counts: tuple[int, int]
    data: str
    domain: str
    share: float
    n_train: int
    updates: int
    seed: int
    architecture: Architecture
    recipe: SequentialRecipe
    accelerations: tuple[float, ...] = ()
    contrast: float = 0.0
    second_domain: str | None = None
    second_data: str | None = None
    n_second: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what identities hash: what is at its default is left out."""
        content = {**_to_json(self), "accelerations": list(self.accelerations)}
        if not self.accelerations:
            del content["accelerations"]
        return without_defaults(TrainSpec, content, ("contrast", "second_domain", "second_data", "n_second"))

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TrainSpec:
        """Rebuild from :meth:`to_json`."""
        return cls(**_from_json(content))


@dataclass(frozen=True)
class TuneSpec:
    """What decides a network fine-tuned end to end, beside the network it starts from.

    Attributes:
        masks: The parameters of the masks.
        counts: Numbers of masks for training and for testing.
        data: The identity of the domain's data.
        test_domain: The domain of the images.
        n_finetune: The number of images.
        draw: Which of several independent draws of them.
        seed: Decides orders, draws and masks.
        recipe: How weights are updated.
    """

    kind: ClassVar[str] = "finetune"
    masks: MaskSpec
    counts: tuple[int, int]
    data: str
    test_domain: str
    n_finetune: int
    draw: int
    seed: int
    recipe: TuningRecipe

    def to_json(self) -> dict[str, Any]:
        """Return what identities hash."""
        return {**_to_json(self), **TUNING_REVISION}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TuneSpec:
        """Rebuild from :meth:`to_json`."""
        return cls(**_from_json({name: value for name, value in content.items() if name not in TUNING_REVISION}))


@dataclass(frozen=True)
class EvaluateSpec:
    """What decides an evaluation, beside the network.

    Attributes:
        method: ``network``, ``cs:<variant>``, or the name of a baseline.
        masks: The parameters of the masks.
        counts: Numbers of masks for training and for testing.
        test_domain: The domain of the slices.
        data: The identity of the domain's data.
        seed: Decides which slice gets which mask.
        split: The slices: ``test``, or ``train``.
        ssim: The window of SSIM.
        scale: What a network's input is divided by: the maximum of its ``reference`` or ``zero_filled`` image.
        iterations: Of compressed sensing; ``None`` for another method.
        wavelet: Of compressed sensing; ``None``: the variant's own.
        slices: How many slices of the split, evenly spread; ``None``: all.
    """

    kind: ClassVar[str] = "evaluate"
    method: str
    masks: MaskSpec
    counts: tuple[int, int]
    test_domain: str
    data: str
    seed: int
    split: str = "test"
    ssim: str = DEFAULT_WINDOW
    scale: str = "reference"
    iterations: int | None = None
    wavelet: str | None = None
    slices: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what identities hash: what is at its default is left out."""
        names = ("split", "ssim", "scale", "iterations", "wavelet", "slices")
        return without_defaults(EvaluateSpec, _to_json(self), names)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> EvaluateSpec:
        """Rebuild from :meth:`to_json`."""
        return cls(**_from_json(content))


Spec = TrainSpec | TuneSpec | EvaluateSpec


def read_spec(kind: str, content: Mapping[str, Any]) -> Spec:
    """Rebuild what decided a run from its record.

    Args:
        kind: The run's.
        content: Its parameters, as :meth:`TrainSpec.to_json` and its like give them.
    """
    return {spec.kind: spec for spec in (TrainSpec, TuneSpec, EvaluateSpec)}[kind].from_json(content)


def _to_json(spec: Spec) -> dict[str, Any]:
    content = {field.name: getattr(spec, field.name) for field in fields(spec)}
    nested = {name: content[name].as_dict() for name in ("masks", "architecture", "recipe") if name in content}
    return {**content, **nested, "counts": list(spec.counts)}


def _from_json(content: Mapping[str, Any]) -> dict[str, Any]:
    nested = {"masks": MaskSpec(**content["masks"]), "counts": tuple(content["counts"])}
    if "architecture" in content:
        nested["architecture"] = Architecture.from_dict(content["architecture"])
    if "accelerations" in content:
        nested["accelerations"] = tuple(content["accelerations"])
    if "recipe" in content:
        recipe = SequentialRecipe if "architecture" in content else TuningRecipe
        nested["recipe"] = recipe.from_dict(content["recipe"])
    return {**content, **nested}
