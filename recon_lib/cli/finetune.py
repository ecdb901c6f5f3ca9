"""The command ``finetune``: a network tuned with a few slices of a user's scans."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.cli import options, reports
from recon_lib.core.errors import ReconError
from recon_lib.experiment.named_recipes import DEFAULT, INGREDIENTS, NETWORKS, RECIPES, announce

if TYPE_CHECKING:
    from recon_lib.experiment.recipes import TuningRecipe
    from recon_lib.scans.reconstruct import Network
    from recon_lib.scans.references import Slices

AT_MOST = 40
"""Held-out slices that are reconstructed before and after tuning."""
MINUTES = 15.0
"""Time that tuning may take where the user says nothing."""


def add_command(groups: argparse._SubParsersAction) -> None:
    """Add the command to the parser of the command line.

    Args:
        groups: Where it belongs.
    """
    text = "tune a network with a few slices of your scans"
    start = f"the one that the recipe starts from, {NETWORKS[DEFAULT]}"
    command = options.add_scan_command(groups, "finetune", text, finetune, default=start)
    text = f"a folder of scans, or one of several slices: {options.INPUTS}"
    command.add_argument("input", metavar="DIR|IN", type=Path, help=text)
    options.add_selection(command)
    text = "let one subject tune and test the network, for who has one: the numbers flatter it"
    command.add_argument("--allow-same-subject", action="store_true", help=text)
    command.add_argument("--images", metavar="N", type=int, default=20, help="slices drawn to tune with (default: 20)")
    command.add_argument("--test", metavar="DIR2", type=Path, help="scans to test on (default: DIR's last subject)")
    names = ", ".join(RECIPES)
    text = f"how it is tuned: {names} (default: {DEFAULT}); paper is how the network's profile tunes it"
    command.add_argument("--recipe", metavar="NAME", default=DEFAULT, help=text)
    text = f"add to the recipe (may be repeated), such as mirrors or shift=8: {', '.join(INGREDIENTS)}"
    command.add_argument("--add", metavar="INGREDIENT", action="append", default=[], help=text)
    text = "first tune with 1, 2, 5, ... images, up to --images, until two gain nothing above noise; the curve"
    command.add_argument("--curve", metavar="HTML", type=Path, help=text)
    text = f"time that tuning may take; passes are cut to it, one at least (default: {MINUTES:g})"
    command.add_argument("--minutes", metavar="M", type=float, default=MINUTES, help=text)
    text = "passes over the images, whatever the time (default: the recipe's, within --minutes)"
    command.add_argument("--epochs", metavar="N", type=int, help=text)
    command.add_argument("--batch", metavar="N", type=int, help="images an update, 0 for all (default: likewise)")
    command.add_argument("--learning-rate", metavar="RATE", type=float, help="Adam's first rate (default: likewise)")
    command.add_argument("--output", metavar="NET", type=Path, required=True, help="the tuned network, .safetensors")
    command.add_argument("--overwrite", action="store_true", help="replace NET, and HTML, if they exist")
    text = "write NET also if it gives less on the held-out slices than the network it was tuned from"
    command.add_argument("--accept-worse", action="store_true", help=text)


def finetune(arguments: argparse.Namespace) -> None:
    """Tune a network, and say what it gives on held-out slices before and after."""
    from recon_lib.scans import write

    out = arguments.output
    if out.suffix != ".safetensors":
        raise ReconError(f"{out} is no name for a network: let it end with .safetensors.")
    if not arguments.minutes > 0:
        raise ReconError(f"--minutes {arguments.minutes:g} leaves no time: give more than 0.")
    write.check_output(out, arguments.overwrite, sidecar=out.with_suffix(".json"))
    reports.check_report(arguments.curve, arguments.overwrite)
    _check_recipe(arguments)
    arguments.weights = arguments.weights or NETWORKS[arguments.recipe]
    path = options.network_file(arguments)
    pool, held = _slices(arguments)
    chosen = pool.draw(arguments.images, arguments.seed)
    network = options.open_network(path, arguments, tuning=True)
    from recon_lib.core.progress import Bar
    from recon_lib.scans.finetune import WorseError, tune_network

    if arguments.curve:
        count = _measure_curve(arguments, network, pool, held)
        if not count:
            raise ReconError(f"No number of images gains more than noise: keep {network.name}; {out} was not written.")
        chosen = pool.draw(count, arguments.seed)
    for sentence in _notes(arguments, pool, held, chosen):
        print(sentence)
    recipe = _recipe(arguments, network, chosen)
    settings = {"acceleration": _acceleration(arguments), "seed": arguments.seed}
    with Bar(out.name) as bar:
        settings |= {"held": held, "accept_worse": arguments.accept_worse, "progress": bar}
        try:
            tuned = tune_network(network, chosen, out, recipe=recipe, **settings)
        except WorseError as error:
            raise ReconError(f"{error}{_cut(arguments, network, chosen, recipe)}") from error
    psnr_before, psnr_after = tuned.card.held_out.psnr_before, tuned.card.held_out.psnr_after
    print(
        f"held-out PSNR: zero-filled {psnr_before['zero_filled']:.2f} dB, before {psnr_before['network']:.2f} dB, "
        f"after {psnr_after['network']:.2f} dB\n{out}: use it as --weights {out}"
    )


def _check_recipe(arguments: argparse.Namespace) -> None:
    """Refuse an unknown recipe or ingredient before any scan is read."""
    from recon_lib.experiment.named_recipes import add_ingredients, find_recipe

    add_ingredients(find_recipe(arguments.recipe, None).recipe(1), arguments.add)


def _notes(arguments: argparse.Namespace, pool: Slices, held: Slices, chosen: Slices) -> list[str]:
    """Say what is tuned with what, and what a user should know of it."""
    from recon_lib.experiment.named_recipes import add_ingredients, find_recipe

    people, sources = len(set(held.subjects)), sorted(set(chosen.subjects))
    lines = [
        announce(arguments.recipe),
        f"tuning with {len(chosen)} of {len(pool)} slices; {len(held)} slices of {people} subject(s) are held out",
        f"note: {options.SIMULATION}",
    ]
    if set(held.subjects) & set(pool.subjects):
        lines.append("note: the held-out slices show a subject that tunes the network too, so their PSNR flatters it.")
    if len(chosen) == 1:
        lines.append("note: one image tunes the network: what it gains on people unlike this one may be less.")
    elif len(sources) == 1:
        lines.append(f"note: all images show one subject, {sources[0]}: images of several people may gain more.")
    recipe = add_ingredients(find_recipe(arguments.recipe, None).recipe(len(chosen)), arguments.add)
    if recipe.augmentation.mirrors:
        lines.append("note: images are mirrored along both axes of a slice, whatever their orientation is.")
    return lines


def _measure_curve(arguments: argparse.Namespace, network: Network, pool: Slices, held: Slices) -> int:
    """Measure and write the curve, and return how many images are worth having."""
    from recon_lib.scans.curve import Step, measure_curve

    def say(step: Step) -> None:
        gain = f", {step.gain:+.2f} dB with a noise of {step.noise:.2f} dB" if step.images else ""
        print(f"{step.images} images: held-out PSNR {step.psnr:.2f} dB{gain}", flush=True)

    curve = measure_curve(
        network, pool, held,
        lambda count: _recipe(arguments, network, pool.draw(count, arguments.seed)),
        most=arguments.images, acceleration=_acceleration(arguments), seed=arguments.seed, note=say,
    )  # fmt: skip
    picture = curve.write(arguments.curve, f"How many images are worth having to tune {network.name}")
    print(f"{curve.table()}\n{curve.sentence}\n{arguments.curve}: the curve; {picture}: its picture")
    return curve.enough


def _slices(arguments: argparse.Namespace) -> tuple[Slices, Slices]:
    """Read the slices to tune with, and those that are held out."""
    from recon_lib.scans import references

    gathered = [
        references.gather(
            _scans(arguments, path), axis=arguments.axis, options=options.reading(arguments), announce=options.announce
        )
        for path in (arguments.input, arguments.test)
        if path is not None
    ]
    pool, held = gathered if arguments.test else references.hold_out(gathered[0])
    held = held.spread(AT_MOST)
    references.check_apart(pool, held, arguments.allow_same_subject)
    return pool, held


def _scans(arguments: argparse.Namespace, path: Path) -> dict[Path, str]:
    """Choose the scans of a folder; a single file or DICOM series is taken as it is."""
    from recon_lib.scans.read import is_series
    from recon_lib.scans.subjects import name_subjects

    if path.is_dir() and not is_series(path):
        return options.select(arguments, path)
    if not path.exists():
        raise ReconError(f"There is no file or folder {path}: name scans to read.")
    return name_subjects([path], path.parent, arguments.subject_from)


def _recipe(arguments: argparse.Namespace, network: Network, chosen: Slices) -> TuningRecipe:
    """Return how the network is tuned, within the time there is; a tuning that was stopped goes on as it began."""
    from recon_lib.experiment.profile import Masks
    from recon_lib.network.augmentation import training_masks
    from recon_lib.scans import duration

    recipe = _whole_recipe(arguments, network, chosen)
    begun = duration.begun_epochs(arguments.output)
    if arguments.epochs is None and begun is not None:
        return replace(recipe, epochs=begun)
    spec = network.masks(_acceleration(arguments), arguments.seed)
    masks = training_masks(chosen.images.shape[1:], Masks.train, spec, recipe.augmentation.accelerations)
    seconds = duration.measure_update(network.cascade, chosen.images, masks, recipe)
    bounded = recipe
    if arguments.epochs is None:
        bounded = duration.bound_epochs(recipe, len(chosen), seconds, arguments.minutes)
    print(duration.sentence(recipe, bounded, len(chosen), seconds), flush=True)
    return bounded


def _cut(arguments: argparse.Namespace, network: Network, chosen: Slices, recipe: TuningRecipe) -> str:
    """Say what else may help where time cut the passes, which may be why tuning made slices worse."""
    whole = _whole_recipe(arguments, network, chosen).epochs
    if recipe.epochs >= whole:
        return ""
    return (
        f" Time cut its passes to {recipe.epochs} of {whole}: to give it more, remove {arguments.output}.checkpoint "
        "and raise --minutes."
    )


def _whole_recipe(arguments: argparse.Namespace, network: Network, chosen: Slices) -> TuningRecipe:
    """Return how the network is tuned where there is time enough."""
    from recon_lib.scans.finetune import recipe_of

    changes = {"batch": arguments.batch, "learning_rate": arguments.learning_rate, "epochs": arguments.epochs}
    return recipe_of(network, len(chosen), arguments.recipe, arguments.add, **changes)


def _acceleration(arguments: argparse.Namespace) -> float:
    from recon_lib.imaging.masks import MaskSpec

    return MaskSpec.acceleration if arguments.acceleration is None else arguments.acceleration
