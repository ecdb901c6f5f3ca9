"""The grid of an experiment: its recipes, and the numbers of images that networks are trained and tuned with."""

from __future__ import annotations

from dataclasses import dataclass

from recon_lib.core.errors import ReconError, at_least
from recon_lib.experiment.recipes import SequentialRecipe, TuningRecipe


@dataclass(frozen=True)
class Training(SequentialRecipe):
    """Sequential training of an experiment: its recipe, and on what.

    Attributes:
        domains: Domains a network is trained on.
        n_train: Numbers of training images: the columns of Tables 3 and 4. A domain with fewer slices
            than the largest gives the same share of its own, and makes as many updates.
        updates_of: Every network makes the updates of this number of images, whatever its own: the
            control of equal updates. ``None``: of its own.
        accelerations: Draw masks of these too, each as often as those of the profile's own acceleration.
        contrast: The share of the images whose intensities a random curve remaps (:mod:`recon_lib.network.contrast`).
        second_domain: A domain whose pool is trained on too, brought to the size of the first one's images.
        n_second: How many images of it are added, in the same updates; a small pool gives each several times, with
            masks of its own.
    """

    domains: tuple[str, ...] = ("natural", "t1", "t2")
    n_train: tuple[int, ...] = (4000,)
    updates_of: int | None = None
    accelerations: tuple[float, ...] = ()
    contrast: float = 0.0
    second_domain: str | None = None
    n_second: int = 0

    def __post_init__(self) -> None:
        """Check the counts."""
        super().__post_init__()
        if not 0 <= self.contrast <= 1:
            raise ReconError(f"contrast is a share of the images, between 0 and 1: not {self.contrast:g}.")
        at_least(0, n_second=self.n_second)
        if (self.second_domain is None) != (self.n_second == 0):
            raise ReconError("second_domain and n_second say together what is added to the training: give both.")
        at_least(1, n_train=self.n_train, updates_of=self.updates_of)
        if not self.n_train:
            raise ReconError("Training needs images: n_train names no number of them.")

    @property
    def recipe(self) -> SequentialRecipe:
        """The recipe alone."""
        return SequentialRecipe.from_dict(self.as_dict())

    def updates(self, n_train: int) -> int:
        """Return the updates of each sub-network: ``epochs * n_train / batch``, at least one an epoch."""
        return max(self.epochs, round(self.epochs * (self.updates_of or n_train) / self.batch))


@dataclass(frozen=True)
class FineTuning(TuningRecipe):
    """End-to-end fine-tuning of an experiment: its recipe, and with how many images.

    Attributes:
        n_finetune: Numbers of images for a network trained outside the tested domains (on photographs),
            whatever it was trained with; 0 (the raw network) is always evaluated.
        n_reference: The same for a network tuned in its own domain, the reference of Tables 3 and 4;
            ``None``: as ``n_finetune``.
        n_headline: Also tuned with these, in every tested domain, are the networks with the most training
            images, as in Tables 1 and 2; ``None``: as ``n_finetune``.
        draws: Independent draws of the images.
        n_drawn: Numbers of images drawn so often, for the networks with the most training images; all
            others are drawn once. ``None``: everything is.
        max_updates: Bounds the updates by bounding the epochs, whole epochs and at least one.
    """

    batch: int = 1
    epochs: int = 150
    learning_rate: float = 1e-5
    n_finetune: tuple[int, ...] = (20,)
    n_reference: tuple[int, ...] | None = None
    n_headline: tuple[int, ...] | None = None
    draws: int = 1
    n_drawn: tuple[int, ...] | None = None
    max_updates: int | None = None

    def __post_init__(self) -> None:
        """Check the counts."""
        super().__post_init__()
        at_least(0, n_finetune=self.n_finetune, n_reference=self.n_reference, n_headline=self.n_headline)
        at_least(1, draws=self.draws, max_updates=self.max_updates)

    @property
    def headline(self) -> tuple[int, ...]:
        """Numbers of images that the networks with the most training images are tuned with in every domain."""
        return self.n_finetune if self.n_headline is None else self.n_headline

    def recipe(self, n_finetune: int) -> TuningRecipe:
        """Return the recipe for a number of images, its epochs bounded by ``max_updates``."""
        epochs = self.epochs
        if self.max_updates is not None:
            updates = -(-n_finetune // (self.batch or n_finetune))
            epochs = min(epochs, max(1, self.max_updates // updates))
        return TuningRecipe.from_dict({**self.as_dict(), "epochs": epochs})
