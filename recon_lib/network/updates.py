"""Updates of a network's weights, and all that is different about them on Keras' three backends.

On TensorFlow Keras makes them, and each is waited for. On JAX every update is compiled, whatever a recipe says: without
that it runs operation by operation. On PyTorch none is compiled. On these two nothing has to be waited for until
weights or losses are read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from recon_lib.experiment.recipes import Architecture
from recon_lib.network import device

Loss = Callable[..., object]
"""A function of target and output, ``(batch, height, width, 1)`` each, that gives one number."""


def pays_to_compile() -> bool:
    """Tell whether updates are faster when XLA compiles them, on the backend and device at hand.

    On JAX always: there :func:`compiled_update` does it, whatever a recipe says. With TensorFlow on a card; on a
    processor its own kernels are faster, as the benchmark of training measures. With PyTorch never. A recipe of the
    paper's experiments says for itself what it does, because that is part of a run's name.
    """
    backend = keras.backend.backend()
    return backend == "jax" or (backend == "tensorflow" and device.device_memory() is not None)


class Updater:
    """Updates of one model by one optimizer.

    Args:
        model: The network, built.
        optimizer: Built for the model's trainable variables.
        loss: What is made smaller; the penalties of the model's layers are added.
        measures: Other numbers that are followed, functions of the loss's kind.
        compiled: Compile with XLA on TensorFlow; on JAX that is always done, on PyTorch never.
        program: That of a model and an optimizer of the same shapes, so that it is compiled once for them all.

    Attributes:
        program: What :func:`compiled_update` made, or ``None`` where the model and the optimizer are updated in place.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.Optimizer,
        loss: Loss,
        measures: tuple[Loss, ...] = (),
        *,
        compiled: bool = False,
        program: Callable | None = None,
    ) -> None:
        self._model, self._optimizer = model, optimizer
        self._rows: list = []
        self._state: tuple[list, list] | None = None
        self.program = program or compiled_update(model, optimizer, loss, measures)
        if self.program is not None:
            self._update = self._apply
        elif keras.backend.backend() == "torch":
            self._update = _update_of_torch(model, optimizer, loss, measures)
        else:
            model.compile(optimizer, loss=loss, metrics=list(measures), jit_compile=compiled)
            self._update = model.train_on_batch

    def update(self, inputs: object, target: object) -> None:
        """Update the weights once.

        Args:
            inputs: What the model sees: an array, or a tuple of arrays.
            target: What it should give, ``(batch, height, width, 1)``.
        """
        self._rows.append(self._update(inputs, target))

    def _apply(self, inputs: object, target: object) -> object:
        """Update the weights by the compiled function of them."""
        trainable, state = self._state or (_values(self._model.trainable_variables), _values(self._optimizer.variables))
        fixed = _values(self._model.non_trainable_variables)  # Predictions on JAX give away the arrays they had before.
        *self._state, row = self.program(trainable, fixed, state, inputs, target)
        return row

    def rows(self) -> np.ndarray:
        """Wait for the updates since the last call.

        Returns:
            float64 array ``(updates, 1 + measures)``: loss, penalties included, and measures of each update.
        """
        rows, self._rows = self._rows, []
        return np.array([np.atleast_1d(ops.convert_to_numpy(row)) for row in rows], dtype=np.float64)

    def settle(self) -> None:
        """Put the weights and the optimizer's state where Keras keeps them: call it before anything reads them."""
        if self._state is None:
            return
        variables = [*self._model.trainable_variables, *self._optimizer.variables]
        for variable, value in zip(variables, [*self._state[0], *self._state[1]], strict=True):
            variable.assign(value)
        self._state = None


def compiled_update(
    model: keras.Model, optimizer: keras.Optimizer, loss: Loss, measures: tuple[Loss, ...] = ()
) -> Callable | None:
    """Compile an update as a function of its weights; ``None`` on other backends than JAX.

    Args:
        model: The network, built.
        optimizer: Built for the model's trainable variables.
        loss: As for :class:`Updater`.
        measures: Likewise.

    Returns:
        A function of the trainable weights, the fixed ones, the optimizer's state, inputs and target; it gives the new
        weights, the new state and an array of loss and measures. Weights of another model of the same shapes will do.
    """
    if keras.backend.backend() != "jax":
        return None
    import jax

    def total(trainable, fixed, inputs, target):  # noqa: ANN001, ANN202 - tensors of the backend
        output, _, penalties = model.stateless_call(trainable, fixed, inputs, return_losses=True)
        return sum(penalties, loss(target, output)), output

    def update(trainable, fixed, state, inputs, target):  # noqa: ANN001, ANN202
        (value, output), gradients = jax.value_and_grad(total, has_aux=True)(trainable, fixed, inputs, target)
        trainable, state = optimizer.stateless_apply(state, gradients, trainable)
        return trainable, state, jax.numpy.stack([value, *(measure(target, output) for measure in measures)])

    return jax.jit(update)


def _update_of_torch(
    model: keras.Model, optimizer: keras.Optimizer, loss: Loss, measures: tuple[Loss, ...]
) -> Callable:
    """Give the function that updates a model once on PyTorch, and gives a tensor of loss and measures.

    Keras' own hands losses and measures the target as an array, which PyTorch does not mix with tensors, and reads
    every loss at once.
    """
    import torch

    weights = model.trainable_variables

    def update(inputs, target):  # noqa: ANN001, ANN202 - arrays, or tensors of the backend
        target = ops.convert_to_tensor(target)
        output = model(inputs)
        value = sum(model.losses, loss(target, output))
        optimizer.apply(torch.autograd.grad(value, _values(weights)), weights)
        with torch.no_grad():
            return torch.stack([value, *(measure(target, output) for measure in measures)])

    return update


@dataclass(frozen=True)
class Divided:
    """Images of which the card holds the first and the main memory the others.

    Attributes:
        resident: On the card, ``(m, ...)``.
        remote: In the main memory, ``(n - m, ...)``.
    """

    resident: object
    remote: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """That of all images."""
        return (len(self.resident) + len(self.remote), *self.remote.shape[1:])


def place(arrays: tuple[np.ndarray, ...], architecture: Architecture, batch: int) -> tuple:
    """Put training images on the card, to stay there, as many as fit beside an update of a sub-network.

    Args:
        arrays: Of all images: ``(n, height, width, channels)`` each.
        architecture: The network's shape.
        batch: Images an update.

    Returns:
        The arrays on the card; divided, if only some of the images fit; or as they are, if none does, there is no
        card, or the backend is not JAX. :func:`gather` takes batches out of each.
    """
    if keras.backend.backend() != "jax":
        return arrays
    images = len(arrays[0])
    count = device.room(architecture, batch, arrays[0].shape[1:3]) // (sum(array.nbytes for array in arrays) // images)
    if not count:
        return arrays
    import jax

    if count >= images:
        return tuple(jax.device_put(array) for array in arrays)
    return tuple(Divided(jax.device_put(array[:count]), array[count:]) for array in arrays)


def gather(array: object, chosen: np.ndarray) -> object:
    """Take images out of an array where it lies: in the main memory, on the card, or in both.

    Args:
        array: ``(n, ...)``, or one that :func:`place` divided.
        chosen: Their indices, ``(batch,)``.

    Returns:
        ``(batch, ...)``.
    """
    if isinstance(array, np.ndarray):
        return array[chosen]
    if not isinstance(array, Divided):
        return _gather_on_card()(array, chosen)
    count = len(array.resident)
    near, far = np.flatnonzero(chosen < count), np.flatnonzero(chosen >= count)
    order = np.argsort(np.concatenate([near, far]))
    return _gather_from_both()(array.resident, chosen[near], array.remote[chosen[far] - count], order)


@functools.cache
def _gather_on_card() -> Callable:
    import jax

    return jax.jit(lambda array, chosen: array[chosen])  # One function is compiled once for each shape.


@functools.cache
def _gather_from_both() -> Callable:
    import jax

    def gather_both(resident, chosen, sent, order):  # noqa: ANN001, ANN202 - tensors of the backend
        return jax.numpy.concatenate([resident[chosen], sent])[order]

    return jax.jit(gather_both)


def _values(variables: list[keras.Variable]) -> list:
    return [variable.value for variable in variables]
