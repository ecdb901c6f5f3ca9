"""Sequential training of the cascade, which resumes after any stop; the loss and the optimizer that tuning has too.

Loss (eq. 4 and 10): mean-squared + mean-absolute error of a sub-network's output before data
consistency against the magnitude reference, plus ``gamma`` times the sum of squares of the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from recon_lib.core.progress import Progress
from recon_lib.experiment.recipes import Architecture, Recipe, SequentialRecipe
from recon_lib.imaging.acquisition import Acquired, acquire, to_complex
from recon_lib.imaging.metrics import psnr
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.device import check_update
from recon_lib.network.inference import advance
from recon_lib.network.journal import Journal, digest
from recon_lib.network.updates import Updater, gather, place

_MONITORED = 16  # So many images are followed by their PSNR while training.


def hybrid_loss(target, image, absolute: float = 1.0):  # noqa: ANN001, ANN201 - tensors of any backend
    """Mean-squared plus ``absolute`` times mean-absolute error over pixels and batch (eq. 4; the layers add the L2)."""
    error = image - target
    squared = ops.mean(ops.square(error))
    return squared + absolute * ops.mean(ops.abs(error)) if absolute else squared


def train_sequential(
    images: np.ndarray,
    masks: np.ndarray,
    *,
    architecture: Architecture,
    recipe: SequentialRecipe,
    updates: int,
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[Cascade, list[dict]]:
    """Train each sub-network with the preceding ones frozen, whose outputs are computed once (eq. 10).

    A checkpoint is written after every epoch; called again on the same folder, training goes on from
    it and ends with the same weights.

    Args:
        images: Magnitude references, ``(n, height, width)``.
        masks: The mask of each image, boolean, ``(n, height, width)``.
        architecture: The network's shape.
        recipe: Batch, epochs, rate, schedule, crop and weight of the L2 term.
        updates: Updates of each sub-network, spread evenly over the recipe's epochs.
        seed: Decides initial weights, order of the images and crops.
        folder: Holds ``checkpoint.safetensors``.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The trained cascade, and one row an epoch: sub-network, epoch, updates, loss, PSNR in dB (mean
        over monitored training images, after data consistency).

    Raises:
        ReconError: Images or masks are not valid, or the folder holds another run's checkpoint.
    """
    data = acquire(images, masks)
    size = np.minimum(data.mask.shape[1:], recipe.crop) if recipe.crop else data.mask.shape[1:]
    check_update(architecture, recipe.batch, tuple(size), end_to_end=False)
    cascade = build(Cascade(architecture, seed, recipe.l2, recipe.precision))
    identity = {"data": digest(images, masks), "updates": updates, "seed": seed, "recipe": recipe.as_dict()}
    journal = Journal(folder, identity, cascade)
    Sequence(cascade, data, recipe, updates, seed, journal, progress).train(data.zero_filled)
    return cascade, journal.history


@dataclass(frozen=True, eq=False)
class Sequence:
    """The trainings of all sub-networks one after the other (eq. 10); the fields are as in :func:`train_sequential`."""

    cascade: Cascade
    data: Acquired
    recipe: SequentialRecipe
    updates: int
    seed: int
    journal: Journal
    progress: Progress | None

    def train(self, inputs: np.ndarray) -> None:
        """Train every sub-network, from where the journal stands.

        Args:
            inputs: What the first one sees of all images, ``(n, height, width, 2)``.
        """
        program, last = None, len(self.cascade.subnetworks) - 1
        if (self.journal.stage, self.journal.epoch) == (last, self.recipe.epochs):
            return
        for stage, subnetwork in enumerate(self.cascade.subnetworks):
            if stage >= self.journal.stage:
                program = self._train(stage, inputs, program)
            if stage < last:
                inputs = advance(subnetwork, self.cascade, inputs, self.data)

    def _train(self, stage: int, inputs: np.ndarray, program: Callable | None) -> Callable | None:
        """Train one sub-network, from where the journal stands.

        Args:
            stage: Which one.
            inputs: What it sees of all images, ``(n, height, width, 2)``.
            program: The compiled update of the sub-network before it, which serves this one too.

        Returns:
            The compiled update, if there is one.
        """
        cascade, recipe, journal = self.cascade, self.recipe, self.journal
        subnetwork = cascade.subnetworks[stage]
        optimizer = make_optimizer(recipe, self.updates)
        optimizer.build(subnetwork.trainable_variables)
        updater = Updater(subnetwork, optimizer, loss_of(recipe), compiled=recipe.jit_compile, program=program)
        first = journal.epoch if stage == journal.stage else 0
        if first:
            journal.restore(optimizer)
        elif recipe.start == "before" and stage:
            subnetwork.set_weights(cascade.subnetworks[stage - 1].get_weights())
        pairs = inputs, self.data.target
        if not recipe.crop:  # Crops are cut in the main memory, because they are small.
            pairs = place(pairs, cascade.architecture, recipe.batch)
        for epoch in range(first, recipe.epochs):
            rng = np.random.default_rng([self.seed, stage, epoch])
            count = self.updates * (epoch + 1) // recipe.epochs - self.updates * epoch // recipe.epochs
            for batch, targets in _batches(*pairs, recipe, count, rng):
                updater.update(batch, targets)
            losses = updater.rows()
            updater.settle()
            row = {
                "subnetwork": stage,
                "epoch": epoch,
                "updates": int(optimizer.iterations),
                "loss": float(np.mean(losses)),
                "psnr": self._psnr(subnetwork, inputs),
            }
            journal.write(stage, row, optimizer)
            if self.progress:
                self.progress(stage * recipe.epochs + epoch + 1, len(cascade.subnetworks) * recipe.epochs, row)
        return updater.program

    def _psnr(self, subnetwork: keras.Model, inputs: np.ndarray) -> float:
        """Return the mean PSNR of a few images after the sub-network and data consistency, in dB."""
        places = np.linspace(0, len(inputs) - 1, min(_MONITORED, len(inputs))).round().astype(int)
        data = self.data.take(places)
        images = np.abs(to_complex(advance(subnetwork, self.cascade, inputs[places], data)))
        pairs = zip(data.references, images, strict=True)
        return float(np.mean([psnr(target, image, data_range=target.max()) for target, image in pairs]))


def loss_of(recipe: Recipe) -> Callable:
    """Return the loss of a recipe, of target and output ``(batch, height, width, channels)`` (:func:`hybrid_loss`).

    Args:
        recipe: Its ``absolute`` weighs the mean-absolute error.
    """

    def loss(target, image):  # noqa: ANN001, ANN202
        return hybrid_loss(target, image, recipe.absolute)

    return loss


def make_optimizer(recipe: Recipe, updates: int) -> keras.Optimizer:
    """Make the optimizer of a recipe: Adam, its rate constant or falling to zero as a cosine.

    Args:
        recipe: Rate, schedule and epsilon.
        updates: After so many the rate of a cosine is zero.
    """
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=updates)
    return keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=recipe.epsilon)


def _batches(
    inputs: np.ndarray, targets: np.ndarray, recipe: SequentialRecipe, updates: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give batches of whole images or of fresh random crops, each image as often as any other."""
    count, height, width = inputs.shape[:3]
    visits = updates * recipe.batch
    order = np.concatenate([rng.permutation(count) for _ in range(-(-visits // count))])[:visits]
    for chosen in order.reshape(updates, recipe.batch):
        if not recipe.crop:
            yield gather(inputs, chosen), gather(targets, chosen)
            continue
        side = min(recipe.crop, height), min(recipe.crop, width)
        tops = rng.integers(height - side[0] + 1, size=len(chosen))
        lefts = rng.integers(width - side[1] + 1, size=len(chosen))
        windows = [
            (i, slice(t, t + side[0]), slice(left, left + side[1]))
            for i, t, left in zip(chosen, tops, lefts, strict=True)
        ]
        yield np.stack([inputs[w] for w in windows]), np.stack([targets[w] for w in windows])
