"""A network tuned with a few slices of the user's own scans; goes on after any stop."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import filelock
import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256, write_json
from recon_lib.core.progress import Progress
from recon_lib.experiment.named_recipes import DEFAULT, add_ingredients, find_recipe
from recon_lib.experiment.profile import Masks
from recon_lib.experiment.recipes import PRECISIONS, TuningRecipe
from recon_lib.imaging.masks import MaskSpec
from recon_lib.network.accelerator import machine
from recon_lib.network.augmentation import training_masks
from recon_lib.network.cascade import Cascade, with_precision
from recon_lib.network.files import save_network
from recon_lib.network.inference import slice_psnr
from recon_lib.network.journal import digest
from recon_lib.network.tuning import fine_tune
from recon_lib.network.updates import pays_to_compile
from recon_lib.results.keys import RunKey
from recon_lib.results.released import HeldOut, NetworkCard, PrecisionCost
from recon_lib.scans.reconstruct import Network, mean_psnr
from recon_lib.scans.references import Slices
from recon_lib.scans.sampling import BY_REFERENCE, simulate

_CHECKPOINT = {"run.json", "checkpoint.safetensors"}  # what the folder of an unfinished tuning holds


class WorseError(ReconError):
    """Tuning made the held-out slices worse, and the network was not written."""


def recipe_of(
    network: Network, images: int, name: str = DEFAULT, ingredients: Sequence[str] = (), **changes: object
) -> TuningRecipe:
    """Return how to tune a network: by a named recipe, with what the user adds and changes.

    What decides the speed alone, the precision and whether to compile, is chosen for the machine at hand.

    Args:
        network: Its card names the profile.
        images: How many it is tuned with: a recipe may bound the updates.
        name: One of :data:`~recon_lib.experiment.named_recipes.RECIPES`.
        ingredients: What is added, as :func:`~recon_lib.experiment.named_recipes.add_ingredients` reads it.
        **changes: Fields of :class:`~recon_lib.experiment.recipes.TuningRecipe`; ``None`` changes nothing.

    Raises:
        ReconError: A value that no recipe can have, or an unknown recipe or ingredient.
    """
    usual = find_recipe(name, network.card.profile)
    changes = {name: value for name, value in changes.items() if value is not None}
    bounded = replace(usual, batch=changes.get("batch", usual.batch)).recipe(images)  # updates are of this batch
    bounded = replace(bounded, precision=network.precision.policy, jit_compile=pays_to_compile())
    return add_ingredients(replace(bounded, **changes), ingredients)


def tune_network(
    network: Network,
    chosen: Slices,
    out: Path,
    *,
    recipe: TuningRecipe,
    acceleration: float = MaskSpec.acceleration,
    seed: int = 0,
    held: Slices | None = None,
    accept_worse: bool = False,
    progress: Progress | None = None,
) -> Network:
    """Tune a network end to end on slices of the user's scans, and write it with its card.

    Stopped and called again it goes on from the last epoch: until the network is written, a folder
    ``<out>.checkpoint`` stands beside it.

    Args:
        network: Where to start; its weights are changed.
        chosen: The slices.
        out: The ``.safetensors`` file.
        recipe: How, but for the precision, which is the network's.
        acceleration: Of the training masks.
        seed: Decides the order of the images and the masks they draw.
        held: Slices that are held out: the card states what they give before and after.
        accept_worse: Write the network also where it gives less on them than the one it was tuned from.
        progress: Called after each epoch with epochs done, epochs in all and the newest row.

    Returns:
        The tuned network, as written.

    Raises:
        ReconError: The checkpoint beside ``out`` belongs to other slices or options, or the network was
            not trained on images scaled by their references.
        WorseError: Tuning made the held-out slices worse.
    """
    if network.card.normalisation != BY_REFERENCE:
        raise ReconError(f"{network.name} scales images by {network.card.normalisation!r}: it cannot be tuned here.")
    recipe = replace(recipe, precision=network.precision.policy)
    spec = network.masks(acceleration, seed)
    masks = training_masks(chosen.images.shape[1:], Masks.train, spec, recipe.augmentation.accelerations)
    options = {"from": network.sha256, "images": digest(chosen.images, masks), "recipe": recipe.as_dict(), "seed": seed}
    with _checkpoint(out, options) as folder:
        psnr_before = mean_psnr(network, held, acceleration, seed) if held else {}
        cascade, history = fine_tune(
            network.cascade, chosen.images, masks, recipe=recipe, seed=seed, folder=folder, progress=progress
        )
    card = replace(_card(network, chosen, recipe, spec, seed), history=history)
    if held:
        psnr_after = mean_psnr(replace(network, cascade=cascade), held, acceleration, seed)
        if psnr_after["network"] < psnr_before["network"] and not accept_worse:
            raise WorseError(_worse(network, out, psnr_before["network"], psnr_after["network"]))
        costs = _bfloat16_cost(network, cascade, held, acceleration, seed)
        card = replace(card, held_out=HeldOut(len(held), psnr_before, psnr_after), bfloat16_cost=costs)
    out.with_suffix(".json").unlink(missing_ok=True)  # that of an older network would not fit
    save_network(out, cascade, card)
    shutil.rmtree(folder, ignore_errors=True)
    return Network(out.stem, cascade, card, sha256(out), network.precision)


def _worse(network: Network, out: Path, before: float, after: float) -> str:
    return (
        f"Tuning made the held-out slices worse, {before:.2f} dB before and {after:.2f} dB after: keep {network.name}; "
        f"{out} was not written. The same command with --accept-worse writes it without tuning again."
    )


def _bfloat16_cost(
    network: Network, cascade: Cascade, held: Slices, acceleration: float, seed: int
) -> dict[str, PrecisionCost]:
    """Measure on the held-out slices what bfloat16 costs a tuned network, where it was tuned so."""
    if network.precision.name != "bfloat16":
        return {}
    acquired = simulate(held.images, network.masks(acceleration, seed), network.card.normalisation)
    full, rounded = (slice_psnr(with_precision(cascade, policy), acquired) for policy in PRECISIONS)
    losses = (full - rounded)[np.isfinite(full - rounded)]
    return {"own scans": PrecisionCost.of(losses)} if losses.size else {}


def _card(network: Network, chosen: Slices, recipe: TuningRecipe, spec: MaskSpec, seed: int) -> NetworkCard:
    """Say what a network was tuned from, with what and how."""
    start = network.card
    return NetworkCard(
        RunKey(
            training_domain=start.key.training_domain,
            n_train=start.key.n_train,
            test_domain="own scans",
            n_finetune=len(chosen),
        ),
        kind="finetune",
        profile=start.profile,
        n_images=start.n_images,
        normalisation=start.normalisation,
        tuned_from={"name": network.name, "sha256": network.sha256},
        parameters={"masks": asdict(spec), "recipe": recipe.as_dict(), "seed": seed},
        data={"pool": digest(chosen.images)},
        machine=machine(),
    )


@contextlib.contextmanager
def _checkpoint(out: Path, options: dict[str, object]) -> Iterator[Path]:
    """Make or find the folder of an unfinished tuning, and hold it against other processes."""
    folder = out.with_name(f"{out.name}.checkpoint")
    if folder.exists() and not {path.name for path in folder.glob("[!.]*")} <= _CHECKPOINT:
        raise ReconError(f"{folder} is a folder that no tuning left: name another output.")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            _claim(folder, options)
            yield folder
    except filelock.Timeout as error:
        raise ReconError(f"Another process is tuning {out}: wait for it, or name another output.") from error


def _claim(folder: Path, options: dict[str, object]) -> None:
    """Refuse a checkpoint that was made of other slices or options."""
    record = folder / "run.json"
    options = json.loads(json.dumps(options))
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) != options:
        raise ReconError(
            f"{folder} was left by a run with other scans or options: repeat that to finish it, or remove the folder."
        )
    write_json(record, options)
