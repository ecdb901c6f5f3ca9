"""How long tuning will take, by a measured update, and how many passes fit into a given time."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.network.cascade import Cascade, copy_cascade
from recon_lib.network.tuning import fine_tune

_TRIED = 2  # images; with a batch of more, as many as it has


def measure_update(cascade: Cascade, images: np.ndarray, masks: np.ndarray, recipe: TuningRecipe) -> float:
    """Time an update on a copy of a network.

    Args:
        cascade: The network; it stays as it is.
        images: Magnitude references, ``(n, height, width)``.
        masks: The masks to draw from, ``(m, height, width)``.
        recipe: How it is tuned.

    Returns:
        Seconds of one update, without what the first one takes longer.
    """
    copy = copy_cascade(cascade)
    batch = recipe.batch or len(images)
    tried = images[: min(len(images), max(batch, _TRIED))]
    ends: list[float] = []

    def note_end(*_: object) -> None:
        ends.append(time.monotonic())

    with tempfile.TemporaryDirectory() as folder:
        tried_recipe = replace(recipe, epochs=2)
        fine_tune(copy, tried, masks, recipe=tried_recipe, seed=0, folder=Path(folder), progress=note_end)
    return (ends[1] - ends[0]) / updates_an_epoch(recipe, len(tried))


def updates_an_epoch(recipe: TuningRecipe, images: int) -> int:
    """Return how many updates a pass over images takes.

    Args:
        recipe: Its batch, 0 for all images.
        images: How many there are.
    """
    return -(-images // (recipe.batch or images))


def bound_epochs(recipe: TuningRecipe, images: int, seconds: float, minutes: float) -> TuningRecipe:
    """Shorten a recipe to what fits into a time: whole passes, one at least.

    Args:
        recipe: How the network is tuned.
        images: With how many.
        seconds: Of an update, as :func:`measure_update` gives them.
        minutes: The time there is.

    Raises:
        ReconError: ``minutes`` is not above 0.
    """
    if not minutes > 0:
        raise ReconError(f"--minutes {minutes:g} leaves no time: give more than 0.")
    passes = int(60 * minutes / (seconds * updates_an_epoch(recipe, images)))
    return replace(recipe, epochs=max(1, min(recipe.epochs, passes)))


def sentence(recipe: TuningRecipe, bounded: TuningRecipe, images: int, seconds: float) -> str:
    """Say how long tuning will take, and what the bound on time cut off.

    Args:
        recipe: How the network would be tuned.
        bounded: The same within the time there is.
        images: With how many.
        seconds: Of an update.
    """
    updates = updates_an_epoch(recipe, images)
    whole, part = (epochs * updates * seconds / 60 for epochs in (recipe.epochs, bounded.epochs))
    text = f"an update takes {seconds:.2g} s here: {bounded.epochs} epochs of {updates} updates, {part:.1f} minutes"
    if bounded.epochs < recipe.epochs:
        text += f"; all {recipe.epochs} epochs of the recipe would take {whole:.1f} (--minutes gives them more)"
    return text


def begun_epochs(out: Path) -> int | None:
    """Return the passes of a tuning that was stopped, so that it goes on with the same; ``None`` where none was.

    Args:
        out: The network that is to be written; its checkpoint stands beside it.
    """
    record = out.with_name(f"{out.name}.checkpoint") / "run.json"
    try:
        return int(json.loads(record.read_text(encoding="utf-8"))["recipe"]["epochs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
