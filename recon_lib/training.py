"""Sequential training of the cascade, end-to-end fine-tuning, and their resumable loops.

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

from recon_lib.cascade import Cascade, build, named_weights, set_weights, to_channels, to_complex
from recon_lib.checkpoints import load_arrays, save_arrays
from recon_lib.errors import ReconError
from recon_lib.experiment import Architecture, Recipe
from recon_lib.fourier import undersample, zero_filled
from recon_lib.metrics import psnr

_WEIGHT = "weight/"  # prefix of weights in a checkpoint, beside the optimizer's variables
_MONITORED = 16  # images whose PSNR is followed while training
_INFERENCE_PIXELS = 2**18  # pixels of a forward pass: bounds memory, changes no number's meaning


@dataclass(frozen=True)
class Batch:
    """What the network sees and should give: float32 arrays that share their first three axes.

    Attributes:
        zero_filled: ``(batch, height, width, 2)``.
        mask: ``(batch, height, width)``.
        target: ``(batch, height, width, 1)``, magnitude reference.
    """

    zero_filled: np.ndarray
    mask: np.ndarray
    target: np.ndarray


def acquire(images: np.ndarray, masks: np.ndarray) -> Batch:
    """Undersample reference images retrospectively.

    Args:
        images: Magnitude references, ``(n, height, width)``, finite, not all zero.
        masks: Boolean, ``(n, height, width)``.

    Returns:
        The zero-filled images, masks and targets, float32.

    Raises:
        ReconError: Wrong dimensions or shapes, NaN or infinite values, or an image that is all zero.
    """
    images = np.asarray(images)
    if images.ndim != 3:
        raise ReconError(f"Images are stacked along a first axis, (n, height, width), not of shape {images.shape}.")
    if np.shape(masks) != images.shape:
        raise ReconError(f"Masks of shape {np.shape(masks)} do not fit images of shape {images.shape}.")
    finite = np.isfinite(images).all(axis=(1, 2))
    if not finite.all():
        raise ReconError(f"Image {int(np.argmin(finite))} has NaN or infinite pixels: mend or leave it out.")
    empty = ~images.any(axis=(1, 2))
    if empty.any():
        raise ReconError(f"Image {int(np.argmax(empty))} is zero everywhere: leave it out.")
    start = to_channels(zero_filled(undersample(images.astype(np.float32), masks)))
    return Batch(start, masks.astype(np.float32), images[..., None].astype(np.float32))


def hybrid_loss(target, image):  # noqa: ANN001, ANN201 - tensors of any backend
    """Mean-squared plus mean-absolute error over pixels and batch (eq. 4; the L2 term is the layers')."""
    error = image - target
    return ops.mean(ops.square(error)) + ops.mean(ops.abs(error))


def train_sequential(
    images: np.ndarray,
    masks: np.ndarray,
    *,
    architecture: Architecture,
    recipe: Recipe,
    updates: int,
    seed: int,
    folder: Path,
    progress: Callable[[int, int, dict], None] | None = None,
) -> tuple[Cascade, list[dict]]:
    """Train each sub-network with the preceding ones frozen, whose outputs are computed once.

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
        over monitored images, after data consistency).

    Raises:
        ReconError: Images or masks are not valid, or the folder holds another run's checkpoint.
    """
    data = acquire(images, masks)
    cascade = build(Cascade(architecture, seed, recipe.l2, recipe.precision))
    path = folder / "checkpoint.safetensors"
    identity = {"images": images.shape, "updates": updates, "seed": seed, "recipe": recipe.as_dict()}
    saved = _Checkpoint.read(path, identity)
    saved.restore(cascade)
    history = saved.history
    monitored = np.linspace(0, len(images) - 1, min(_MONITORED, len(images))).round().astype(int)
    current = data.zero_filled
    for stage, subnetwork in enumerate(cascade.subnetworks):
        if stage < saved.stage:
            current = _advance(subnetwork, cascade, current, data)
            continue
        optimizer = _optimizer(recipe, updates)
        subnetwork.compile(optimizer, loss=hybrid_loss, jit_compile=recipe.jit_compile)
        optimizer.build(subnetwork.trainable_variables)
        first = 0
        if stage == saved.stage:
            first = saved.epoch
            _set_optimizer(optimizer, saved.arrays)
        for epoch in range(first, recipe.epochs):
            rng = np.random.default_rng([seed, stage, epoch])
            losses = [
                float(subnetwork.train_on_batch(x, y))
                for x, y in _crops(current, data.target, recipe, _in_epoch(updates, recipe.epochs, epoch), rng)
            ]
            row = {
                "subnetwork": stage,
                "epoch": epoch,
                "updates": int(optimizer.iterations),
                "loss": float(np.mean(losses)),
                "psnr": _monitor(subnetwork, cascade, current, data, monitored),
            }
            history.append(row)
            done = stage * recipe.epochs + epoch + 1
            _Checkpoint(stage, epoch + 1, history).write(path, identity, cascade, optimizer)
            if progress:
                progress(done, len(cascade.subnetworks) * recipe.epochs, row)
        if stage + 1 < len(cascade.subnetworks):
            current = _advance(subnetwork, cascade, current, data)
    return cascade, history


def fine_tune(
    cascade: Cascade,
    images: np.ndarray,
    masks: np.ndarray,
    *,
    recipe: Recipe,
    seed: int,
    folder: Path,
    progress: Callable[[int, int, dict], None] | None = None,
) -> tuple[Cascade, list[dict]]:
    """Train all sub-networks together, end to end through data consistency, on a few images.

    At every visit an image draws one of the masks. A checkpoint is written after every epoch; called
    again on the same folder, training goes on from it and ends with the same weights.

    Args:
        cascade: A trained network; it is changed in place.
        images: Magnitude references, ``(n, height, width)``.
        masks: The masks to draw from, boolean, ``(m, height, width)``.
        recipe: Batch (0: all images at once), epochs, rate, schedule and weight of the L2 term.
        seed: Decides the order of the images and the masks they draw.
        folder: Holds ``checkpoint.safetensors``.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The tuned cascade, and one row an epoch: epoch, updates, loss, PSNR in dB (mean over the
        visits of that epoch, before data consistency).

    Raises:
        ReconError: Images or masks are not valid, or the folder holds another run's checkpoint.
    """
    acquire(images, np.broadcast_to(masks[:1], images.shape))
    batch = recipe.batch or len(images)
    steps = -(-len(images) // batch)
    model = _EndToEnd(build(cascade))
    optimizer = _optimizer(recipe, steps * recipe.epochs)
    model.compile(optimizer, loss=hybrid_loss, metrics=[_mean_psnr], jit_compile=recipe.jit_compile)
    optimizer.build(cascade.trainable_variables)
    path = folder / "checkpoint.safetensors"
    identity = {"images": images.shape, "seed": seed, "recipe": recipe.as_dict()}
    saved = _Checkpoint.read(path, identity)
    history = saved.history
    saved.restore(cascade)
    _set_optimizer(optimizer, saved.arrays)
    for epoch in range(saved.epoch, recipe.epochs):
        rng = np.random.default_rng([seed, 77, epoch])
        order = rng.permutation(len(images))
        drawn = rng.integers(len(masks), size=len(images))
        rows = []
        for start in range(0, len(images), batch):
            chosen = order[start : start + batch]
            data = acquire(images[chosen], masks[drawn[chosen]])
            rows.append(model.train_on_batch((data.zero_filled, data.mask), data.target))
            model.reset_metrics()
        loss, quality = np.mean(np.array(rows, dtype=np.float64), axis=0)
        history.append(
            {"epoch": epoch, "updates": int(optimizer.iterations), "loss": float(loss), "psnr": float(quality)}
        )
        _Checkpoint(0, epoch + 1, history).write(path, identity, cascade, optimizer)
        if progress:
            progress(epoch + 1, recipe.epochs, history[-1])
    return cascade, history


def reconstruct(cascade: Cascade, images: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undersample references and reconstruct them.

    Args:
        cascade: A network.
        images: Magnitude references, ``(n, height, width)``.
        masks: The mask of each, boolean, ``(n, height, width)``.

    Returns:
        ``|f_DC(C_P)|`` after the last data consistency, and ``|C_P|`` before it, both float32 and of
        the images' shape.
    """
    data = acquire(images, masks)
    after, before = [], []
    for part in _parts(len(images), images.shape[1:]):
        output = _predict(cascade, (data.zero_filled[part], data.mask[part]))
        after.append(np.abs(to_complex(ops.convert_to_numpy(output["image"]))))
        before.append(np.abs(ops.convert_to_numpy(output["before_dc"])[..., 0]))
    return np.concatenate(after), np.concatenate(before)


class _EndToEnd(keras.Model):
    """The cascade seen by the loss: its last sub-network's output."""

    def __init__(self, cascade: Cascade) -> None:
        super().__init__(name="end_to_end")
        self.cascade = cascade

    def call(self, inputs):  # noqa: ANN001, ANN202
        return self.cascade(inputs)["before_dc"]


def _mean_psnr(target, image):  # noqa: ANN001, ANN202
    error = ops.mean(ops.square(image - target), axis=(1, 2, 3))
    return ops.mean(-10.0 * ops.log(ops.maximum(error, 1e-12)) / np.log(10.0))


@dataclass
class _Checkpoint:
    """Where a run stands: epochs done of a stage, and the curve so far."""

    stage: int
    epoch: int
    history: list[dict]
    arrays: dict[str, np.ndarray] | None = None

    @classmethod
    def read(cls, path: Path, identity: dict) -> _Checkpoint:
        if not path.exists():
            return cls(0, 0, [])
        arrays, state = load_arrays(path)
        if state["identity"] != _jsonable(identity):
            raise ReconError(f"{path} belongs to another run: give this one a folder of its own.")
        return cls(state["stage"], state["epoch"], state["history"], arrays)

    def restore(self, cascade: Cascade) -> None:
        if self.arrays:
            weights = {name: value for name, value in self.arrays.items() if name.startswith(_WEIGHT)}
            set_weights(cascade, {name.removeprefix(_WEIGHT): value for name, value in weights.items()})

    def write(self, path: Path, identity: dict, cascade: Cascade, optimizer: keras.Optimizer) -> None:
        arrays = {f"{_WEIGHT}{name}": value for name, value in named_weights(cascade).items()}
        for index, variable in enumerate(optimizer.variables):
            arrays[f"optimizer/{index:03d}"] = ops.convert_to_numpy(variable)
        state = {
            "identity": _jsonable(identity),
            "stage": self.stage,
            "epoch": self.epoch,
            "history": self.history,
        }
        save_arrays(path, arrays, state)


def _set_optimizer(optimizer: keras.Optimizer, arrays: dict[str, np.ndarray] | None) -> None:
    for index, variable in enumerate(optimizer.variables if arrays else ()):
        variable.assign(arrays[f"optimizer/{index:03d}"])


def _jsonable(identity: dict) -> dict:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in identity.items()}


def _optimizer(recipe: Recipe, updates: int) -> keras.Optimizer:
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=updates)
    return keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=recipe.epsilon)


def _in_epoch(updates: int, epochs: int, epoch: int) -> int:
    return updates * (epoch + 1) // epochs - updates * epoch // epochs


def _crops(
    inputs: np.ndarray, targets: np.ndarray, recipe: Recipe, updates: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give batches of whole images or of fresh random crops, each image as often as any other."""
    count, (height, width) = len(inputs), inputs.shape[1:3]
    wanted = updates * recipe.batch
    order = np.concatenate([rng.permutation(count) for _ in range(-(-wanted // count))])[:wanted]
    for chosen in order.reshape(updates, recipe.batch):
        if not recipe.crop:
            yield inputs[chosen], targets[chosen]
            continue
        side = min(recipe.crop, height), min(recipe.crop, width)
        tops = rng.integers(height - side[0] + 1, size=len(chosen))
        lefts = rng.integers(width - side[1] + 1, size=len(chosen))
        windows = [
            (i, slice(t, t + side[0]), slice(left, left + side[1]))
            for i, t, left in zip(chosen, tops, lefts, strict=True)
        ]
        yield np.stack([inputs[w] for w in windows]), np.stack([targets[w] for w in windows])


def _parts(count: int, size: tuple[int, int]) -> Iterator[slice]:
    step = max(1, _INFERENCE_PIXELS // (size[0] * size[1]))
    return (slice(start, start + step) for start in range(0, count, step))


def _predict(model: keras.Model, inputs):  # noqa: ANN001, ANN202
    """Run a compiled forward pass on one batch, without Keras' progress bar or its data pipeline."""
    return model.predict_on_batch(inputs)


def _through(subnetwork: keras.Model, cascade: Cascade, current: np.ndarray, data: Batch, part) -> np.ndarray:  # noqa: ANN001
    output = _predict(subnetwork, current[part])
    return ops.convert_to_numpy(cascade.consistency(output, data.zero_filled[part], data.mask[part]))


def _advance(subnetwork: keras.Model, cascade: Cascade, current: np.ndarray, data: Batch) -> np.ndarray:
    """Compute a frozen sub-network's output, after data consistency, for every image."""
    parts = _parts(len(current), current.shape[1:3])
    return np.concatenate([_through(subnetwork, cascade, current, data, part) for part in parts])


def _monitor(
    subnetwork: keras.Model, cascade: Cascade, current: np.ndarray, data: Batch, monitored: np.ndarray
) -> float:
    images = np.abs(to_complex(_through(subnetwork, cascade, current, data, monitored)))
    return float(np.mean([psnr(image, target) for image, target in zip(images, data.target[monitored, ..., 0], strict=True)]))
