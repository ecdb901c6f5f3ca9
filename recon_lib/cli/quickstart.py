"""The command ``quickstart``: the steps of ``notebooks/quickstart.ipynb`` without Jupyter, so that a wheel has them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recon_lib.core.errors import ReconError, choose
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS, RECIPES, announce

SOURCES = ("open", "generated")
NETWORK, TEST, IMAGES, EPOCHS, RATE = "default", 10, 20, 6, 3e-4  # as `make quickstart` has them


def add_command(groups: argparse._SubParsersAction) -> None:
    """Add the command to the parser of the command line.

    Args:
        groups: Where it belongs.
    """
    text = "tune a released network to a scanner it has not seen: fetches three brains, takes minutes on two cores"
    command = groups.add_parser("quickstart", help=text, description=f"{text[0].upper()}{text[1:]}.")
    command.set_defaults(run=quickstart)
    command.add_argument("--output", metavar="DIR", type=Path, default=Path("quickstart"), help="default: quickstart")
    command.add_argument("--overwrite", action="store_true", help="replace what an earlier quick start left in DIR")
    text = f"a released network (default: the one that the recipe starts from, {NETWORKS[DEFAULT]})"
    command.add_argument("--weights", metavar="NAME", default=NETWORK, help=text)
    text = f"whose changes are made to the images: {', '.join(RECIPES)} (default: {DEFAULT})"
    command.add_argument("--recipe", metavar="NAME", default=DEFAULT, help=text)
    command.add_argument("--source", choices=SOURCES, default=SOURCES[0], help="three brains, or images made by code")
    command.add_argument("--test", metavar="N", type=int, default=TEST, help=f"test slices (default: {TEST})")
    command.add_argument("--images", metavar="N", type=int, default=IMAGES, help=f"to tune with (default: {IMAGES})")
    command.add_argument("--epochs", metavar="N", type=int, default=EPOCHS, help=f"passes over them ({EPOCHS})")
    text = "auto (default), float32 or bfloat16: what the network's hidden layers compute in"
    command.add_argument("--precision", metavar="NAME", help=text)
    command.add_argument("--seed", type=int, default=0, help="other masks and another order (default: 0)")


def quickstart(arguments: argparse.Namespace) -> None:
    """Reconstruct slices of an unseen scanner, tune on slices of another subject, and reconstruct again."""
    out = arguments.output
    results = [out / name for name in ("quickstart.png", "slices.png", "slices.csv", "network.safetensors")]
    standing = [path for path in results if path.exists()]
    if standing and not arguments.overwrite:
        raise ReconError(f"{standing[0]} exists: give another --output, or --overwrite to replace it.")
    from recon_lib.network.quiet import import_backend

    import_backend()
    import numpy as np

    from recon_lib import quickstart as steps
    from recon_lib.imaging.acquisition import Acquisition
    from recon_lib.imaging.masks import MaskSpec, mask_stack
    from recon_lib.network import files
    from recon_lib.network.inference import reconstruct
    from recon_lib.network.precision import precision_setting
    from recon_lib.network.tuning import fine_tune

    precision_setting(arguments.precision)  # An unknown one is refused before anything is fetched.
    choose("recipe", arguments.recipe, RECIPES)
    start = NETWORKS[arguments.recipe] if arguments.weights == NETWORK else arguments.weights
    test, tuning = steps.load_slices(arguments.source, arguments.test, arguments.images)
    cascade, card, precision = steps.starting_network(start, arguments.precision)
    print(precision, file=sys.stderr)
    print(announce(arguments.recipe))
    print(steps.provenance(card, test, tuning).to_string(index=False))
    spec = MaskSpec(seed=arguments.seed)
    masks = mask_stack(test.images.shape[1:], len(test), "test", spec)
    images = {"zero-filled": np.abs(Acquisition(masks).normal(test.images))}
    images["before"], _ = reconstruct(cascade, test.images, masks)

    recipe = steps.tuning_recipe(precision, arguments.epochs, RATE, arguments.recipe)
    training_masks = mask_stack(tuning.images.shape[1:], max(IMAGES, len(tuning)), "train", spec)
    out.mkdir(parents=True, exist_ok=True)
    cascade, _ = fine_tune(
        cascade, tuning.images, training_masks,
        recipe=recipe, seed=arguments.seed, folder=out / "checkpoint", progress=steps.reporter("epoch"),
    )  # fmt: skip
    images["after"], _ = reconstruct(cascade, test.images, masks)
    measured = steps.measure(test.images, images)
    picture, chart, table, network = results
    steps.comparison_figure(test, masks, images, len(test) // 2).savefig(picture)
    steps.slices_figure(measured, test).savefig(chart)
    measured.to_csv(table, index=False)
    files.save_network(network, cascade, steps.tuned_card(card, tuning, recipe, spec, arguments.seed))
    print(f"{steps.gain(measured)}\nLook at {picture}; the tuned network is {network}.")
