"""Training of the network of several coils: sub-network by sub-network, then end to end; both resume after any stop.

The loss is that of the paper's network (eq. 4), of complex images: of real and imaginary parts alike. Sequentially it
judges a sub-network's correction before data consistency, on crops; end to end the image after the last one.
"""

from __future__ import annotations

import functools
from pathlib import Path

import keras
import numpy as np
from keras import ops

from recon_lib.core.ahead import ahead
from recon_lib.core.progress import Progress
from recon_lib.experiment.coil_recipes import CoilArchitecture, JointRecipe
from recon_lib.experiment.recipes import SequentialRecipe
from recon_lib.imaging.acquisition import check_images
from recon_lib.imaging.coil_data import CoilAcquired, simulate_slices
from recon_lib.imaging.coil_simulation import CoilSimulation
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.inference import parts
from recon_lib.network.journal import Journal, digest
from recon_lib.network.subnetworks import penalise
from recon_lib.network.training import Sequence, loss_of, make_optimizer
from recon_lib.network.updates import Updater


def train_coils(
    data: CoilAcquired,
    *,
    architecture: CoilArchitecture,
    recipe: SequentialRecipe,
    updates: int,
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[CoilCascade, list[dict]]:
    """Train each sub-network with the preceding ones frozen, whose outputs are computed once (eq. 10).

    Args:
        data: Slices as acquired, with complex targets ``(n, height, width, 2)``.
        architecture: The network's shape.
        recipe: Batch, epochs, rate, schedule, crop and weight of the L2 term.
        updates: Updates of each sub-network, spread evenly over the recipe's epochs.
        seed: Decides initial weights, order of the images and crops.
        folder: Holds ``checkpoint.safetensors``.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The trained cascade, and one row an epoch, as of :func:`recon_lib.network.training.train_sequential`.

    Raises:
        ReconError: The folder holds another run's checkpoint.
    """
    cascade = build_coils(CoilCascade(architecture, seed, recipe.l2, recipe.precision))
    content = digest(data.zero_filled, data.mask, data.maps, data.arrays, data.target)
    identity = {"data": content, "updates": updates, "seed": seed, "recipe": recipe.as_dict()}
    journal = Journal(folder, identity, cascade)
    Sequence(cascade, data, recipe, updates, seed, journal, progress).train(beginnings(cascade, data))
    return cascade, journal.history


def beginnings(cascade: CoilCascade, data: CoilAcquired) -> np.ndarray:
    """Compute what the first sub-network sees (eq. 9).

    Args:
        cascade: The network.
        data: What was acquired of ``n`` slices.

    Returns:
        float32 ``(n, height, width, 2)``.
    """
    slices = parts(len(data), data.mask.shape[1:], cascade)
    return np.concatenate([ops.convert_to_numpy(cascade.begin(*data.measured(part))) for part in slices])


def tune_coils(
    cascade: CoilCascade,
    images: np.ndarray,
    masks: np.ndarray,
    *,
    simulation: CoilSimulation,
    recipe: JointRecipe,
    updates: int,
    seed: int,
    folder: Path,
    progress: Progress | None = None,
) -> tuple[CoilCascade, list[dict]]:
    """Train all sub-networks together, end to end through data consistency (eq. 11-12).

    At every visit an image draws a mask, coils, phase and noise anew. A checkpoint is written after every epoch;
    called again on the same folder, training goes on from it and ends with the same weights.

    Args:
        cascade: A trained network; it is changed in place.
        images: Magnitude references, ``(n, height, width)``.
        masks: The masks to draw from, boolean, ``(m, height, width)``: of the images' size, or of the crops'.
        simulation: What coils, phase and noise are drawn from.
        recipe: Batch (0: all images at once), epochs, rate, schedule, crop, weight of the L2 term.
        updates: In all, spread evenly over the recipe's epochs.
        seed: Decides the order of the images and all that they draw.
        folder: Holds ``checkpoint.safetensors``.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The tuned cascade, and one row an epoch: epoch, updates, loss, PSNR in dB of the magnitudes after data
        consistency, whose peak is the reference's maximum (mean over the visits of that epoch).

    Raises:
        ReconError: The images are not valid, or the folder holds another run's checkpoint.
    """
    images = check_images(images)
    batch = recipe.batch or len(images)
    model = _EndToEnd(build_coils(cascade))
    penalise(cascade.subnetworks, recipe.l2)
    optimizer = make_optimizer(recipe, updates)
    optimizer.build(cascade.trainable_variables)
    updater = Updater(model, optimizer, loss_of(recipe), (_magnitude_psnr,), compiled=recipe.jit_compile)
    content = {"data": digest(images, masks, *cascade.get_weights()), "simulation": simulation.as_dict()}
    journal = Journal(folder, {**content, "updates": updates, "seed": seed, "recipe": recipe.as_dict()}, cascade)
    journal.restore(optimizer)
    order = _visits(len(images), updates * batch, seed)
    acquire = functools.partial(_acquire, images, masks, simulation=simulation, crop=recipe.crop, seed=seed)
    for epoch in range(journal.epoch, recipe.epochs):
        first, last = (updates * count // recipe.epochs for count in (epoch, epoch + 1))
        chosen = {update: order[update * batch : (update + 1) * batch] for update in range(first, last)}
        for data in ahead([functools.partial(acquire, update, places) for update, places in chosen.items()]):
            updater.update(data.measured(slice(None)), data.target)
        loss, quality = np.mean(updater.rows(), axis=0)
        updater.settle()
        row = {"epoch": epoch, "updates": last, "loss": float(loss), "psnr": float(quality)}
        journal.write(0, row, optimizer)
        if progress:
            progress(epoch + 1, recipe.epochs, row)
    return cascade, journal.history


def _acquire(
    images: np.ndarray,
    masks: np.ndarray,
    update: int,
    places: np.ndarray,
    *,
    simulation: CoilSimulation,
    crop: int | None,
    seed: int,
) -> CoilAcquired:
    """Make the batch of an update: crops of the images at some places, with masks, coils, phase and noise.

    The update's number decides every random choice.
    """
    rng = np.random.default_rng([seed, 78, update])
    drawn = rng.integers(len(masks), size=len(places))
    seen = np.stack([_crop(images[place], crop, rng) for place in places])
    return simulate_slices(seen, masks[drawn], simulation, seed=_mix(seed, update))


class _EndToEnd(keras.Model):
    """The cascade seen by the loss: its complex image after the last data consistency."""

    def __init__(self, cascade: CoilCascade) -> None:
        super().__init__(name="end_to_end")
        self.cascade = cascade
        self.built = cascade.built  # This model has no weights of its own.

    def call(self, inputs):  # noqa: ANN001, ANN202
        return self.cascade(inputs)["image"]


def _magnitude_psnr(target, image):  # noqa: ANN001, ANN202
    moduli = [ops.sqrt(ops.sum(ops.square(array), axis=-1)) for array in (target, image)]
    peak = ops.max(moduli[0], axis=(1, 2))
    error = ops.mean(ops.square(moduli[1] - moduli[0]), axis=(1, 2)) / ops.square(peak)
    return ops.mean(-10.0 * ops.log(ops.maximum(error, 1e-12)) / np.log(10.0))


def _crop(image: np.ndarray, side: int | None, rng: np.random.Generator) -> np.ndarray:
    """Cut a square about a random pixel, drawn by its magnitude so that no crop is of air alone."""
    if side is None:
        return image
    shares = np.cumsum(image, dtype=np.float64)
    pixel = np.unravel_index(int(np.searchsorted(shares, rng.random() * shares[-1])), image.shape)
    y, x = (min(max(p - side // 2, 0), n - side) for p, n in zip(pixel, image.shape, strict=True))
    return image[y : y + side, x : x + side]


def _visits(count: int, visits: int, seed: int) -> np.ndarray:
    """Order the visits of images, each as often as any other to within one."""
    rng = np.random.default_rng([seed, 77])
    return np.concatenate([rng.permutation(count) for _ in range(-(-visits // count))])[:visits]


def _mix(seed: int, update: int) -> int:
    """Give every update a seed of its own."""
    return int(np.random.SeedSequence([seed, 79, update]).generate_state(1)[0])
