"""Sequential training with the predecessors' outputs kept, beside running the predecessors again for every batch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import harness, network
from recon_lib.experiment.recipes import Architecture, SequentialRecipe
from recon_lib.imaging.acquisition import acquire
from recon_lib.imaging.masks import mask_stack
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.inference import advance
from recon_lib.network.training import (  # the same batches, by construction
    _batches,
    hybrid_loss,
    make_optimizer,
    train_sequential,
)

EPOCHS = 20  # the paper's: what is kept was computed once, whatever their number


@dataclass(frozen=True)
class Case:
    """What is trained on: so many images of a size, whole or in crops; data consistency always needs whole ones."""

    what: str
    images: int
    size: tuple[int, int]
    recipe: SequentialRecipe


CASES = (
    Case("whole images", 40, (32, 32), SequentialRecipe(batch=10, epochs=EPOCHS, l2=network.L2)),
    Case("crops of a quarter", 20, (64, 64), SequentialRecipe(batch=10, epochs=EPOCHS, crop=32, l2=network.L2)),
)
TINY = (Case("crops", 4, (16, 12), SequentialRecipe(batch=2, epochs=2, crop=8)),)


def measure(tiny: bool) -> harness.Rows:
    """Train the same cascade in both ways, in turn, and compare the weights they end with."""
    rows = []
    for case in TINY if tiny else CASES:
        rows += _compare(case, network.TINY if tiny else network.PAPER)
    return rows


def _compare(case: Case, architecture: Architecture) -> harness.Rows:
    recipe = case.recipe
    updates = recipe.epochs * case.images // recipe.batch
    images = np.random.default_rng(1).random((case.images, *case.size), dtype=np.float32)
    masks = mask_stack(case.size, case.images)
    ended: dict[str, list[np.ndarray]] = {}

    def kept() -> None:
        with tempfile.TemporaryDirectory() as folder:
            cascade, _ = train_sequential(
                images, masks, architecture=architecture, recipe=recipe, updates=updates, seed=0, folder=Path(folder)
            )
        ended["kept"] = cascade.get_weights()

    def again() -> None:
        ended["again"] = run_again(images, masks, architecture, recipe, updates).get_weights()

    seconds = harness.interleave({"kept": kept, "again": again}, 1, warm=False)
    apart = max(float(np.abs(a - b).max()) for a, b in zip(ended["kept"], ended["again"], strict=True))
    base = {"tool": "recon_lib", "size": list(case.size), "images": case.images, "epochs": recipe.epochs}
    base |= {"batch": recipe.batch, "crop": recipe.crop}
    rows = [
        {
            "what": f"{case.what}, {what}",
            **base,
            **harness.timing(seconds[name], updates * recipe.batch * architecture.subnetworks),
        }
        for name, what in (("kept", "outputs kept"), ("again", "predecessors run again"))
    ]
    faster = harness.times_faster(seconds["kept"], seconds["again"])
    return [{**rows[0], "times_faster": faster, "largest_difference": apart}, rows[1]]


def run_again(
    images: np.ndarray,
    masks: np.ndarray,
    architecture: Architecture,
    recipe: SequentialRecipe,
    updates: int,
    seed: int = 0,
) -> Cascade:
    """Train sequentially and run the frozen sub-networks on every batch, as one does without a store.

    Args:
        images: Magnitude references, ``(n, height, width)``.
        masks: Boolean, of the same shape.
        architecture: The network's shape.
        recipe: Batch, epochs, rate and crop.
        updates: Of each sub-network.
        seed: As for :func:`recon_lib.network.training.train_sequential`, and so the batches.

    Returns:
        The trained cascade.
    """
    data = acquire(images, masks)
    cascade = build(Cascade(architecture, seed, recipe.l2, recipe.precision))
    # Places travel in the stead of the images, so that order and crops are the library's own.
    places = np.arange(images.size).reshape(*images.shape, 1)
    for stage, subnetwork in enumerate(cascade.subnetworks):
        optimizer = make_optimizer(recipe, updates)
        subnetwork.compile(optimizer, loss=hybrid_loss, jit_compile=recipe.jit_compile)
        optimizer.build(subnetwork.trainable_variables)
        for epoch in range(recipe.epochs):
            rng = np.random.default_rng([seed, stage, epoch])
            count = updates * (epoch + 1) // recipe.epochs - updates * epoch // recipe.epochs
            for chosen, _ in _batches(places, places, recipe, count, rng):
                index, row, column = np.unravel_index(chosen[..., 0], images.shape)
                whole = index[:, 0, 0]
                part = data.take(whole)
                inputs = part.zero_filled
                for previous in cascade.subnetworks[:stage]:
                    inputs = advance(previous, cascade, inputs, part)
                window = np.arange(len(whole))[:, None, None], row, column
                subnetwork.train_on_batch(inputs[window], part.target[window])
    return cascade


if __name__ == "__main__":
    harness.main("sequential", measure, network.packages())
