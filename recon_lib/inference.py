"""Run a network, or one of its sub-networks, over many images in parts that fit in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from recon_lib.acquisition import Batch, acquire, to_complex
from recon_lib.cascade import Cascade
from recon_lib.memory import forward_pixels

_COMPILED = 64  # images at most that are compiled for: a card is busy with them, and any larger set is made of them


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
    for part in parts(len(images), images.shape[1:], cascade):
        output = cascade.predict_on_batch((data.zero_filled[part], data.mask[part]))
        after.append(np.abs(to_complex(ops.convert_to_numpy(output["image"]))))
        before.append(np.abs(ops.convert_to_numpy(output["before_dc"])[..., 0]))
    return np.concatenate(after), np.concatenate(before)


def advance(subnetwork: keras.Model, cascade: Cascade, inputs: np.ndarray, data: Batch) -> np.ndarray:
    """Give what the next sub-network sees: this one's output, after data consistency.

    Args:
        subnetwork: A sub-network of ``cascade``.
        cascade: The network.
        inputs: What the sub-network sees, ``(n, height, width, 2)``.
        data: What was acquired of the same images.

    Returns:
        float32 array of the inputs' shape.
    """
    outputs = np.empty(inputs.shape, np.float32)  # once: a list of parts would be held twice while it is joined
    step = _step(cascade)
    for part in _parts_of_one_size(parts(len(inputs), inputs.shape[1:3], cascade), len(inputs)):
        outputs[part] = ops.convert_to_numpy(step(subnetwork, inputs[part], data.zero_filled[part], data.mask[part]))
    return outputs


def _parts_of_one_size(slices: Iterator[slice], count: int) -> Iterator[slice]:
    """On JAX, which compiles every size for itself, let the last part reach back; elsewhere change nothing."""
    if keras.backend.backend() != "jax":
        return slices
    first = next(slices)
    step = min(first.stop, _COMPILED, count)
    return (slice(start, start + step) for start in [*range(0, count - step, step), count - step])


@functools.lru_cache(maxsize=1)
def _step(cascade: Cascade) -> Callable:
    """Give the function that takes images through a sub-network and data consistency; on JAX it is compiled."""
    if keras.backend.backend() != "jax":
        return lambda subnetwork, seen, *acquired: cascade.bring_back(
            subnetwork.predict_on_batch(seen), seen, *acquired
        )
    import jax

    first = cascade.subnetworks[0]  # all have one shape: what is compiled for its weights serves for all

    @jax.jit
    def compiled(weights, seen, zero_filled, mask):  # noqa: ANN001, ANN202 - tensors of the backend
        output, _ = first.stateless_call(weights, [], seen)
        return cascade.bring_back(output, seen, zero_filled, mask)

    return lambda subnetwork, *arrays: compiled([v.value for v in subnetwork.trainable_variables], *arrays)


def parts(count: int, size: tuple[int, int], cascade: Cascade) -> Iterator[slice]:
    """Cut images into what one forward pass takes.

    Args:
        count: Images.
        size: ``(height, width)`` of each.
        cascade: The network.
    """
    step = max(1, forward_pixels(cascade.architecture) // (size[0] * size[1]))
    return (slice(start, start + step) for start in range(0, count, step))
