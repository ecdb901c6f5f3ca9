"""What a person names a run by: its method, domains, numbers of images, draw and variation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class RunKey:
    """The names of a run. Those that a kind of run has no use for are ``None``.

    Attributes:
        method: Of an evaluation: ``network``, ``cs:<variant>``, or the name of a baseline.
        training_domain: The domain that a network was trained on.
        n_train: The number of training images asked for.
        test_domain: The domain that a network is tuned in, or whose slices are reconstructed.
        n_finetune: The number of images that a network is tuned with; 0 for the evaluation of a raw network.
        draw: Which of several independent draws of these images.
        variation: The control or measured choice that the run belongs to.
    """

    method: str | None = None
    training_domain: str | None = None
    n_train: int | None = None
    test_domain: str | None = None
    n_finetune: int | None = None
    draw: int | None = None
    variation: str | None = None

    def to_json(self) -> dict[str, str | int]:
        """Return the names that the run has, in the order of the fields, which is the order in its folder's name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, content: Mapping[str, object]) -> RunKey:
        """Rebuild from :meth:`to_json`; what is named otherwise is passed over, as the other columns of a row are."""
        return cls(**{field.name: content.get(field.name) for field in fields(cls)})

    def matches(self, **names: object) -> bool:
        """Tell whether the run bears names.

        Args:
            **names: By field; ``None`` stands for anything.
        """
        return all(value is None or getattr(self, name, None) == value for name, value in names.items())

    @property
    def picture(self) -> str:
        """The label of its picture, without the variation: ``cs:literal``, ``network-natural-4000-20``."""
        if self.method == "network":
            return network_picture(self.training_domain, self.n_train, self.n_finetune)
        return str(self.method)


def network_picture(training_domain: str, n_train: int, n_finetune: int) -> str:
    """Return the label of a network's picture, ``network-natural-4000-20``; :func:`split_picture` takes it apart."""
    return f"network-{training_domain}-{n_train}-{n_finetune}"


def split_picture(picture: str) -> tuple[str, int | None, int | None]:
    """Split a picture's label into method, training images and fine-tuning images.

    Args:
        picture: ``zero_filled``, ``cs:real``, ``network-natural-4000-20``.

    Returns:
        The method (a network's carries its training domain, ``network-natural``) and the numbers of images,
        ``None`` for what is no network.
    """
    if not picture.startswith("network-"):
        return picture, None, None
    method, n_train, n_finetune = picture.rsplit("-", 2)
    return method, int(n_train), int(n_finetune)
