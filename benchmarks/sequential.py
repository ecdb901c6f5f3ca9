"""Sequential training with the predecessors' outputs kept, beside running the predecessors again for every batch."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from benchmarks import harness, network
from recon_lib.acquisition import Batch, acquire
from recon_lib.cascade import Cascade, build
from recon_lib.experiment import Architecture, Recipe
from recon_lib.inference import advance
from recon_lib.masks import mask_stack
from recon_lib.training import _batches, _optimizer, hybrid_loss, train_sequential  # the same batches, by construction

IMAGES, SIZE, RECIPE, ROUNDS = 24, (96, 96), Recipe(batch=8, epochs=6, l2=network.L2), 2


def measure(tiny: bool) -> harness.Rows:
    """Train the same cascade in both ways, in turn, and compare the weights they end with."""
    count, size, rounds = (4, (16, 12), 1) if tiny else (IMAGES, SIZE, ROUNDS)
    recipe = Recipe(batch=2, epochs=2) if tiny else RECIPE
    architecture = network.TINY if tiny else network.PAPER
    updates = recipe.epochs * count // recipe.batch
    images = np.random.default_rng(1).random((count, *size), dtype=np.float32)
    masks = mask_stack(size, count)
    ended: dict[str, list[np.ndarray]] = {}

    def kept() -> None:
        with tempfile.TemporaryDirectory() as folder:
            cascade, _ = train_sequential(
                images, masks, architecture=architecture, recipe=recipe, updates=updates, seed=0, folder=Path(folder)
            )
        ended["kept"] = cascade.get_weights()

    def again() -> None:
        ended["again"] = run_again(images, masks, architecture, recipe, updates).get_weights()

    seconds = harness.interleave({"kept": kept, "again": again}, rounds)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(ended["kept"], ended["again"], strict=True))
    base = {"tool": "recon_lib", "size": list(size), "images": count, "epochs": recipe.epochs, "batch": recipe.batch}
    rows = [
        {"what": what, **base, **harness.timing(seconds[name], updates * recipe.batch * architecture.subnetworks)}
        for name, what in (("kept", "outputs kept"), ("again", "predecessors run again"))
    ]
    faster = harness.times_faster(seconds["kept"], seconds["again"])
    return [{**rows[0], "times_faster": faster, "largest_difference": apart}, rows[1]]


def run_again(
    images: np.ndarray, masks: np.ndarray, architecture: Architecture, recipe: Recipe, updates: int, seed: int = 0
) -> Cascade:
    """Train sequentially and run the frozen sub-networks on every batch, as one does without a store.

    Args:
        images: Magnitude references, ``(n, height, width)``.
        masks: Boolean, of the same shape.
        architecture: The network's shape.
        recipe: Batch, epochs and rate; whole images.
        updates: Of each sub-network.
        seed: As for :func:`recon_lib.training.train_sequential`, and so the batches.

    Returns:
        The trained cascade.
    """
    data = acquire(images, masks)
    cascade = build(Cascade(architecture, seed, recipe.l2, recipe.precision))
    index = np.arange(len(images))
    for stage, subnetwork in enumerate(cascade.subnetworks):
        optimizer = _optimizer(recipe, updates)
        subnetwork.compile(optimizer, loss=hybrid_loss, jit_compile=recipe.jit_compile)
        optimizer.build(subnetwork.trainable_variables)
        for epoch in range(recipe.epochs):
            rng = np.random.default_rng([seed, stage, epoch])
            each = updates * (epoch + 1) // recipe.epochs - updates * epoch // recipe.epochs
            # Indices travel in the place of the images, so the order is the library's own.
            for chosen, _ in _batches(index[:, None, None, None], index, recipe, each, rng):
                some = chosen[:, 0, 0, 0]
                part = Batch(data.zero_filled[some], data.mask[some], data.target[some])
                seen = part.zero_filled
                for before in cascade.subnetworks[:stage]:
                    seen = advance(before, cascade, seen, part)
                subnetwork.train_on_batch(seen, part.target)
    return cascade


if __name__ == "__main__":
    harness.main("sequential", measure, ["keras", "tensorflow"])
