"""Run a network, or one of its sub-networks, over many images in parts that fit in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import ModuleType

import keras
import numpy as np
from keras import ops

from recon_lib.core.progress import Progress
from recon_lib.imaging.acquisition import Acquired, acquire
from recon_lib.imaging.metrics import psnr
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.device import forward_pixels

_COMPILED = 64  # So many images at most are compiled for: they keep a card busy, and a larger set is made of them.


def reconstruct(cascade: Cascade, images: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undersample references and reconstruct them (eq. 1 and 9).

    Args:
        cascade: A network.
        images: Magnitude references, ``(n, height, width)``.
        masks: The mask of each, boolean, ``(n, height, width)``.

    Returns:
        As :func:`apply_network`.
    """
    return apply_network(cascade, acquire(images, masks))


def apply_network(
    cascade: Cascade, acquired: Acquired, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Reconstruct images as acquired (eq. 9).

    Args:
        cascade: A network.
        acquired: What was acquired of ``n`` images.
        progress: Called with images done, images in all and an empty row.

    Returns:
        ``|f_DC(C_P)|`` after the last data consistency, and ``|C_P|`` before it, both float32 ``(n, height, width)``,
        in the scale of what was acquired.
    """
    count, images, outputs = len(acquired), [], []
    forward = forward_of(cascade)
    for part in parts(count, acquired.mask.shape[1:], cascade):
        data = acquired.take(part)
        inputs = (data.zero_filled, data.mask) if data.phase is None else (data.zero_filled, data.mask, data.phase)
        image, output = forward(inputs)
        images.append(ops.convert_to_numpy(image))
        outputs.append(ops.convert_to_numpy(output))
        if progress:
            progress(min(part.stop, count), count, {})
    return np.concatenate(images), np.concatenate(outputs)


def forward_of(cascade: Cascade) -> Callable[[tuple], tuple]:
    """Give the function that reconstructs a batch; on JAX it is compiled, with the modulus, by the shape of its input.

    Args:
        cascade: A network.

    Returns:
        A function of what the cascade takes, that gives ``|f_DC(C_P)|`` and ``|C_P|``, ``(batch, height, width)``.
    """
    if keras.backend.backend() != "jax":
        return lambda inputs: _moduli(cascade.predict_on_batch(inputs), np)
    compiled = _compiled(build(cascade))
    weights = cascade.trainable_variables, cascade.non_trainable_variables
    # Read at every call: Keras' own predictions on JAX give away the arrays they had before.
    return lambda inputs: compiled([[variable.value for variable in kind] for kind in weights], inputs)


@functools.lru_cache(maxsize=1)
def _compiled(cascade: Cascade) -> Callable:
    import jax

    return jax.jit(lambda weights, inputs: _moduli(cascade.stateless_call(*weights, inputs)[0], jax.numpy))


def _moduli(output: dict, library: ModuleType) -> tuple:
    """Give the moduli of the image after data consistency and of the output before it."""
    image = output["image"]
    return library.hypot(image[..., 0], image[..., 1]), library.abs(output["before_dc"][..., 0])


def slice_psnr(cascade: Cascade, acquired: Acquired, progress: Progress | None = None) -> np.ndarray:
    """Measure reconstructions of images whose references are known.

    Args:
        cascade: A network.
        acquired: What was acquired of ``n`` images, with their references as ``target``.
        progress: As for :func:`apply_network`.

    Returns:
        PSNR of each in dB, float64 ``(n,)``; the peak is the maximum of the reference.
    """
    images = apply_network(cascade, acquired, progress)[0]
    pairs = zip(acquired.target[..., 0], images, strict=True)
    return np.array([psnr(reference, image, data_range=reference.max()) for reference, image in pairs])


def advance(subnetwork: keras.Model, cascade: Cascade, inputs: np.ndarray, data: Acquired) -> np.ndarray:
    """Give what the next sub-network sees: this one's output, after data consistency (one factor of eq. 9).

    Args:
        subnetwork: A sub-network of ``cascade``.
        cascade: The network.
        inputs: What the sub-network sees, ``(n, height, width, 2)``.
        data: What was acquired of the same images.

    Returns:
        float32 array of the inputs' shape.
    """
    outputs = np.empty(inputs.shape, np.float32)  # A list of parts would be held twice while it is joined.
    step = _step(cascade)
    for part in _parts_of_one_size(parts(len(inputs), inputs.shape[1:3], cascade), len(inputs)):
        outputs[part] = ops.convert_to_numpy(step(subnetwork, inputs[part], *data.measured(part)))
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
        return lambda subnetwork, *arrays: cascade.step(subnetwork.predict_on_batch, *arrays)[0]
    import jax

    first = cascade.subnetworks[0]  # All have one shape, so what is compiled for its weights serves all.

    @jax.jit
    def compiled(weights, image, *measured):  # noqa: ANN001, ANN002, ANN202 - tensors of the backend
        return cascade.step(lambda inputs: first.stateless_call(weights, [], inputs)[0], image, *measured)[0]

    return lambda subnetwork, *arrays: compiled([v.value for v in subnetwork.trainable_variables], *arrays)


def parts(count: int, size: tuple[int, int], cascade: Cascade) -> Iterator[slice]:
    """Cut images into what one forward pass takes.

    Args:
        count: Images.
        size: ``(height, width)`` of each.
        cascade: The network.

    Returns:
        Slices along the images' first axis; each holds one image at least, also where not even one fits.
    """
    step = max(1, forward_pixels(cascade.architecture) // (size[0] * size[1]))
    return (slice(start, start + step) for start in range(0, count, step))
