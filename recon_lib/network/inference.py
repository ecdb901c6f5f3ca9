"""Run a network, or one of its sub-networks, over many images in parts that fit in memory."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from recon_lib.imaging.acquisition import Acquired, acquire, to_complex
from recon_lib.network.cascade import Cascade
from recon_lib.network.device import forward_pixels


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


def advance(subnetwork: keras.Model, cascade: Cascade, inputs: np.ndarray, data: Acquired) -> np.ndarray:
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
    for part in parts(len(inputs), inputs.shape[1:3], cascade):
        output = subnetwork.predict_on_batch(inputs[part])
        after = cascade.bring_back(output, inputs[part], data.zero_filled[part], data.mask[part])
        outputs[part] = ops.convert_to_numpy(after)
    return outputs


def parts(count: int, size: tuple[int, int], cascade: Cascade) -> Iterator[slice]:
    """Cut images into what one forward pass takes.

    Args:
        count: Images.
        size: ``(height, width)`` of each.
        cascade: The network.
    """
    step = max(1, forward_pixels(cascade.architecture) // (size[0] * size[1]))
    return (slice(start, start + step) for start in range(0, count, step))
