"""End-to-end fine-tuning of the cascade on a few images, with what a recipe adds to it; it resumes after any stop."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import ops

from recon_lib.core.progress import Progress
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.imaging.acquisition import acquire, check_images
from recon_lib.imaging.masks import assign_masks
from recon_lib.network.augmentation import add_noise, augment
from recon_lib.network.averaging import Average
from recon_lib.network.cascade import Cascade, DataConsistency, build
from recon_lib.network.channels import ChannelCascade, fold_channels, open_channels
from recon_lib.network.device import check_update
from recon_lib.network.held_kspace import Stopping, draw_held, held_quality, without_held
from recon_lib.network.inference import slice_psnr
from recon_lib.network.journal import Journal, digest
from recon_lib.network.pull import Pull
from recon_lib.network.subnetworks import penalise
from recon_lib.network.training import loss_of, make_optimizer
from recon_lib.network.updates import Updater

_FOLLOWED = 20  # After so many epochs of a tuning, or after each of fewer, what is held out is measured.


def fine_tune(
    cascade: Cascade,
    images: np.ndarray,
    masks: np.ndarray,
    *,
    recipe: TuningRecipe,
    seed: int,
    folder: Path,
    held: np.ndarray | None = None,
    progress: Progress | None = None,
) -> tuple[Cascade, list[dict]]:
    """Train all sub-networks together, end to end through data consistency, on a few images (eq. 11-12).

    At every visit an image draws one of the masks; the loss judges the image that ``recipe.loss_on`` names.
    A checkpoint is written after every epoch, on a card every few seconds; called again on the same folder,
    training goes on from it and ends with the same weights.

    Args:
        cascade: A trained network; it is changed in place.
        images: Magnitude references, ``(n, height, width)``.
        masks: The masks to draw from, boolean, ``(m, height, width)``.
        recipe: Batch (0: all images at once), epochs, rate, schedule, weight of the L2 term, image judged; and what it
            adds, all of it off by default.
        seed: Decides the order of the images, the masks they draw, and what augmentation draws.
        folder: Holds ``checkpoint.safetensors``.
        held: Magnitude references of the same size that no update sees, ``(k, height, width)``: they change nothing
            but the rows, of which about twenty, the last one too, state their PSNR.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The tuned cascade, and one row an epoch: epoch, updates, loss, PSNR in dB (mean over the
        visits of that epoch, of the image that the loss judges); ``psnr_held``, the mean PSNR of the held-out
        images after data consistency, each under a mask of its own that stays; and ``kspace_held``, in dB, how well
        the part of k-space that ``recipe.held_kspace`` holds out is predicted.

    Raises:
        ReconError: Images or masks are not valid, or the folder holds another run's checkpoint.
    """
    images = check_images(images)
    acquire(images[:1], masks[:1])  # This refuses a mask of another size before anything is built.
    batch = recipe.batch or len(images)
    check_update(cascade.architecture, min(batch, len(images)), images.shape[1:], end_to_end=True)
    network = open_channels(cascade) if recipe.scale_shift else build(cascade)
    identity = {"data": digest(images, masks, *cascade.get_weights()), "seed": seed, "recipe": recipe.as_dict()}
    tuning = _Tuning(network, images, masks, recipe, seed, held)
    history = tuning.carry_out(Journal(folder, identity, network), progress)
    if isinstance(network, ChannelCascade):
        fold_channels(network, cascade)
    return cascade, history


class _Tuning:
    """The updates of a network, and what a recipe does after each of them."""

    def __init__(
        self,
        cascade: Cascade,
        images: np.ndarray,
        masks: np.ndarray,
        recipe: TuningRecipe,
        seed: int,
        held: np.ndarray | None,
    ) -> None:
        self._cascade, self._images, self._masks, self._recipe, self._seed = cascade, images, masks, recipe, seed
        self._batch = recipe.batch or len(images)
        self._updates = -(-len(images) // self._batch)  # of an epoch
        penalise(cascade.subnetworks, recipe.l2)
        weights = cascade.trainable_variables
        self._optimizer = make_optimizer(recipe, self._updates * recipe.epochs)
        self._optimizer.build(weights)
        model = _EndToEnd(cascade, recipe.loss_on)
        measures, compiled = (_mean_psnr,), recipe.jit_compile
        self._updater = Updater(model, self._optimizer, loss_of(recipe), measures, compiled=compiled)
        self._followed = None if held is None else acquire(held, self._fixed_masks(len(held)))
        self._pull = Pull(weights, recipe.pull) if recipe.pull else None
        self._average = Average(weights, self._updates * recipe.epochs, recipe.average) if recipe.average else None
        self._stopping = self._removed = None
        if recipe.held_kspace:
            rng = np.random.default_rng([seed, 79])
            self._removed = draw_held(len(images), masks, recipe.held_kspace, rng)
            self._outside = acquire(images, self._fixed_masks(len(images)) & ~self._removed)
            self._stopping = Stopping(weights, held_quality(cascade, self._outside, self._removed))

    def carry_out(self, journal: Journal, progress: Progress | None) -> list[dict]:
        """Make all epochs that the journal has not, and leave the network with the weights that the recipe wants."""
        self._restore(journal)
        epochs = self._recipe.epochs
        for epoch in range(journal.epoch, epochs):
            if self._stopping and self._stopping.ends:
                break
            row = self._epoch(epoch)
            if (epoch + 1) * _FOLLOWED // epochs > epoch * _FOLLOWED // epochs:
                self._measure(row)
            if journal.due or epoch + 1 == epochs or (self._stopping and self._stopping.ends):
                self._updater.settle()
                journal.write(0, row, self._optimizer, self._arrays())
            else:
                journal.note(row)
            if progress:
                progress(epoch + 1, epochs, row)
        for result in (self._average, self._stopping):
            if result:
                result.install()
        return journal.history

    def _epoch(self, epoch: int) -> dict:
        """Visit every image once."""
        rng = np.random.default_rng([self._seed, 77, epoch])
        count = len(self._images)
        order, drawn = rng.permutation(count), rng.integers(len(self._masks), size=count)
        changes = np.random.default_rng([self._seed, 78, epoch])
        for start in range(0, count, self._batch):
            chosen = order[start : start + self._batch]
            data, *removed = self._acquire(chosen, self._masks[drawn[chosen]], changes)
            rate = float(self._optimizer.learning_rate) if self._pull else 0.0
            self._updater.update((data.zero_filled, data.mask, *removed), data.target)
            self._after_update(rate)
        loss, quality = np.mean(self._updater.rows(), axis=0)
        return {"epoch": epoch, "updates": self._updates * (epoch + 1), "loss": float(loss), "psnr": float(quality)}

    def _acquire(self, chosen: np.ndarray, masks: np.ndarray, rng: np.random.Generator) -> tuple:
        """Change and undersample images; with a part of k-space held out, take it out of samples and target."""
        augmentation = self._recipe.augmentation
        if self._removed is None:
            return (add_noise(acquire(augment(self._images[chosen], augmentation, rng), masks), augmentation, rng),)
        removed = self._removed[chosen]
        images = augment(without_held(self._images[chosen], removed), augmentation, rng)
        data = add_noise(acquire(images, masks & ~removed), augmentation, rng)
        return data, removed.astype(np.float32)

    def _after_update(self, rate: float) -> None:
        if self._pull or self._average:
            self._updater.settle()
        if self._pull:
            self._pull.apply(rate)
        if self._average:
            self._average.add()

    def _measure(self, row: dict) -> None:
        """Add to an epoch's row what the network gives for what is held out."""
        if self._stopping:
            self._updater.settle()
            row["kspace_held"] = held_quality(self._cascade, self._outside, self._removed)
            self._stopping.note(row["kspace_held"])
        if self._followed:
            self._updater.settle()
            row["psnr_held"] = self._followed_psnr()

    def _followed_psnr(self) -> float:
        if not self._average:
            return float(np.mean(slice_psnr(self._cascade, self._followed)))
        with self._average.installed():
            return float(np.mean(slice_psnr(self._cascade, self._followed)))

    def _fixed_masks(self, count: int) -> np.ndarray:
        return self._masks[assign_masks(count, len(self._masks), self._seed)]

    def _arrays(self) -> dict[str, np.ndarray]:
        parts = [part.arrays() for part in (self._average, self._stopping) if part]
        return {name: array for part in parts for name, array in part.items()}

    def _restore(self, journal: Journal) -> None:
        journal.restore(self._optimizer)
        if journal.epoch and self._average:
            self._average.restore(journal.arrays, journal.epoch * self._updates)
        if journal.epoch and self._stopping:
            self._stopping.restore(journal.arrays)


class _EndToEnd(keras.Model):
    """The cascade seen by the loss: its last sub-network's output, or the magnitude after data consistency.

    Where a part of k-space is held out, a third input names it, and it is taken out of what the loss sees: data
    consistency with a k-space of zeros, ``C - F^-1 M F C``.
    """

    def __init__(self, cascade: Cascade, loss_on: str) -> None:
        super().__init__(name="end_to_end")
        self.cascade, self.loss_on = cascade, loss_on
        self.removal = DataConsistency()
        self.built = cascade.built  # This model has no weights of its own.

    def call(self, inputs):  # noqa: ANN001, ANN202
        zero_filled, mask, *removed = inputs
        output = self._judged(self.cascade((zero_filled, mask)))
        return self.removal(output, ops.zeros_like(zero_filled), *removed)[..., :1] if removed else output

    def _judged(self, output: dict) -> object:
        if self.loss_on == "before_dc":
            return output["before_dc"]
        power = ops.sum(ops.square(output["image"]), axis=-1, keepdims=True)
        return ops.sqrt(ops.maximum(power, 1e-12))  # The modulus has no gradient at zero.


def _mean_psnr(target, image):  # noqa: ANN001, ANN202
    error = ops.mean(ops.square(image - target), axis=(1, 2, 3))
    return ops.mean(-10.0 * ops.log(ops.maximum(error, 1e-12)) / np.log(10.0))
