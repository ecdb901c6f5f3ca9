"""What of a fine-tuning step is not convolution: making the images, and the transforms of data consistency."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from benchmarks import harness, network
from recon_lib.experiment.grid import FineTuning
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.acquisition import Acquired, acquire
from recon_lib.imaging.masks import mask_stack
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.training import hybrid_loss, make_optimizer
from recon_lib.network.tuning import _EndToEnd  # the library's own step, not a copy of it

SIZES, ROUNDS = ((120, 192), (256, 176)), 5
_TICK = 1e-9  # seconds: on a busy machine a part can seem to take less than nothing


def measure(tiny: bool) -> harness.Rows:
    """Time the making of a batch, the step, and the step of a cascade without data consistency, in turn."""
    architecture = network.TINY if tiny else network.PAPER
    sizes, rounds = (((16, 12),), 2) if tiny else (SIZES, ROUNDS)
    whole, without = model_of(architecture), model_of(architecture, consistent=False)
    rows = []
    for size in sizes:
        images = np.random.default_rng(0).random((1, *size), dtype=np.float32)
        masks = mask_stack(size, 1)
        data = acquire(images, masks)

        def step(model: keras.Model, data: Acquired = data) -> None:
            model.train_on_batch((data.zero_filled, data.mask), data.target)

        work = {
            "feeding": lambda images=images, masks=masks: acquire(images, masks),
            "step": lambda step=step: step(whole),
            "without": lambda step=step: step(without),
        }
        seconds = harness.interleave(work, rounds)
        feeding, all_of_it = (np.array(seconds[name]) for name in ("feeding", "step"))
        rest = np.array(seconds["without"])
        parts = {
            "data feeding": feeding,
            "FFT and data consistency": np.maximum(all_of_it - rest, _TICK),
            "convolutions and updates": rest,
        }
        for what, values in parts.items():
            row = {"what": what, "tool": "recon_lib", "size": list(size), "batch": 1, **harness.timing(values.tolist())}
            rows.append({**row, "share": float(np.median(values / (feeding + all_of_it)))})
    return rows


def model_of(architecture: Architecture, consistent: bool = True) -> keras.Model:
    """Return the library's model for fine-tuning, compiled, with or without data consistency."""
    recipe = FineTuning(l2=network.L2)
    cascade = build(Cascade(architecture, 0, recipe.l2))
    if not consistent:
        # The real image goes on as two channels, without a transform.
        cascade.consistency.call = lambda image, *_: ops.concatenate((image, ops.zeros_like(image)), axis=-1)
    model, optimizer = _EndToEnd(cascade, recipe.loss_on), make_optimizer(recipe, 1)
    model.compile(optimizer, loss=hybrid_loss, jit_compile=recipe.jit_compile)
    optimizer.build(cascade.trainable_variables)
    return model


if __name__ == "__main__":
    harness.main("feeding", measure, network.packages())
