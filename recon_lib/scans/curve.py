"""How many images are worth having: held-out PSNR against the number of images that tune a network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.experiment.profile import Masks
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.imaging.masks import MaskSpec
from recon_lib.network.augmentation import training_masks
from recon_lib.network.cascade import copy_cascade
from recon_lib.network.tuning import fine_tune
from recon_lib.scans.charts import gain_figure
from recon_lib.scans.reconstruct import Network, measure
from recon_lib.scans.references import Slices
from recon_lib.scans.report import write_report
from recon_lib.scans.sampling import simulate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""Numbers of images that are tried, as far as there are so many."""
_IDLE = 2  # So many numbers in a row that gain no more than noise end the curve: a single image often gains nothing.


@dataclass(frozen=True)
class Step:
    """One point of the curve.

    Attributes:
        images: That tuned the network; 0 for the network as it came.
        psnr: Mean over the held-out slices, in dB.
        gain: Over the last point that gained more than noise (at first the network as it came), mean of the slices'
            differences, in dB; 0 for the first.
        noise: Twice the standard error of that mean over the held-out slices, in dB.
    """

    images: int
    psnr: float
    gain: float = 0.0
    noise: float = 0.0

    @property
    def is_gain(self) -> bool:
        """Whether the gain is more than noise."""
        return self.gain > self.noise


@dataclass(frozen=True)
class Curve:
    """What was measured.

    Attributes:
        steps: From 0 images up, until two in a row gained no more than noise or to the largest number.
        rows: One a held-out slice, method and number of images, as :func:`~recon_lib.scans.charts.gain_figure` takes.
    """

    steps: tuple[Step, ...]
    rows: tuple[dict, ...]

    @property
    def enough(self) -> int:
        """The largest number of images that still gained more than noise; 0 where none did."""
        return max((step.images for step in self.steps if step.is_gain), default=0)

    @property
    def sentence(self) -> str:
        """What the curve says, for a person who has to decide how many images to get."""
        last, enough = self.steps[-1], _count(self.enough)
        if last.is_gain:
            return f"{_count(last.images)} still gained more than noise: get more if you can."
        if not self.enough:
            return f"Up to {_count(last.images)} nothing was gained above noise: keep the network as it is."
        return f"Up to {_count(last.images)} nothing more was gained above noise: {enough} will do."

    def table(self) -> str:
        """Print the steps as a table."""
        from tabulate import tabulate

        rows = [(s.images, f"{s.psnr:.2f}", f"{s.gain:+.2f}" if s.images else "", f"{s.noise:.2f}") for s in self.steps]
        heads = ("images", "held-out PSNR, dB", "gain", "noise")
        return tabulate(rows, headers=heads, disable_numparse=True, colalign=("right",) * 4)

    def figure(self) -> Figure:
        """Draw the curve, with a thin line for each held-out slice."""
        return gain_figure(self.rows)

    def write(self, path: Path, title: str) -> Path:
        """Write the curve as a page with its figure and table.

        Args:
            path: The ``.html`` file.
            title: Its heading.

        Returns:
            The picture, ``.png`` of the same name.
        """
        facts = {
            "in short": self.sentence,
            "gain": "mean over the held-out slices of the difference to the last number of images that gained",
            "noise": "twice the standard error of that mean; slices of one person are alike, so the truth may be wider",
        }
        rows = [{"images": s.images, "PSNR, dB": s.psnr, "gain, dB": s.gain, "noise, dB": s.noise} for s in self.steps]
        return write_report(path, title, facts, {"Held-out PSNR against images.": self.figure()}, rows)


def measure_curve(
    network: Network,
    pool: Slices,
    held: Slices,
    recipe_for: Callable[[int], TuningRecipe],
    *,
    most: int,
    acceleration: float = MaskSpec.acceleration,
    seed: int = 0,
    note: Callable[[Step], None] | None = None,
) -> Curve:
    """Tune copies of a network with more and more images, until two numbers in a row gain no more than noise.

    Smaller draws lie in larger ones, so that a step adds images and changes none.

    Args:
        network: Where each tuning starts; it stays as it is.
        pool: Slices to draw from.
        held: Slices that the networks are measured on.
        recipe_for: Gives the recipe for a number of images.
        most: The largest number of images.
        acceleration: Of the masks.
        seed: Of the draws, orders and masks.
        note: Called with each step.

    Returns:
        The curve.

    Raises:
        ReconError: There are fewer images than ``most``.
    """
    pool.draw(most, seed)  # This refuses too many before any work is done.
    acquired = simulate(held.images, network.masks(acceleration, seed), network.card.normalisation)
    rows: list[dict] = []
    steps: list[Step] = []
    base: np.ndarray | None = None
    for count in (0, *(n for n in COUNTS if n < most), most):
        tuned = _tuned(network, pool, count, recipe_for, acceleration, seed) if count else network
        measured = [{**row, "images": count} for row in measure(tuned, acquired)]
        rows += [row for row in measured if row["method"] == "network" or not count]
        values = np.array([row["psnr"] for row in measured if row["method"] == "network"])
        steps.append(_step(count, values, base))
        if base is None or steps[-1].is_gain:
            base = values
        if note:
            note(steps[-1])
        if len(steps) > _IDLE and not any(step.is_gain for step in steps[-_IDLE:]):
            break
    return Curve(tuple(steps), tuple(rows))


def _tuned(
    network: Network,
    pool: Slices,
    count: int,
    recipe_for: Callable[[int], TuningRecipe],
    acceleration: float,
    seed: int,
) -> Network:
    chosen, recipe = pool.draw(count, seed), recipe_for(count)
    spec = network.masks(acceleration, seed)
    masks = training_masks(chosen.images.shape[1:], Masks.train, spec, recipe.augmentation.accelerations)
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_cascade(network.cascade)
        cascade, _ = fine_tune(copy, chosen.images, masks, recipe=recipe, seed=seed, folder=Path(folder))
    return replace(network, cascade=cascade)


def _step(count: int, values: Sequence[float], base: np.ndarray | None) -> Step:
    if base is None:
        return Step(count, float(np.mean(values)))
    change = np.asarray(values) - base
    noise = 2 * np.std(change, ddof=1) / np.sqrt(len(change)) if len(change) > 1 else np.inf
    return Step(count, float(np.mean(values)), float(change.mean()), float(noise))


def _count(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"
