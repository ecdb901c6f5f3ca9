"""The quick start: a released network meets a scanner that no network here has seen, and is tuned to it in minutes.

``notebooks/quickstart.ipynb`` runs these functions one after the other; ``make quickstart`` runs the notebook.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import comparison
from recon_lib.core.errors import ReconError
from recon_lib.core.progress import Progress
from recon_lib.core.style import COLOURS, blank_figure
from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.data.imageset import ImageSet
from recon_lib.data.manifest import load_manifest
from recon_lib.data.networks import obtain_network
from recon_lib.experiment.design import NAMES, UNSEEN, domain_name
from recon_lib.experiment.named_recipes import DEFAULT, NETWORKS, find_recipe
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import load_profile
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.imaging.masks import MaskSpec
from recon_lib.imaging.metrics import psnr, ssim
from recon_lib.network.precision import Precision, load_chosen
from recon_lib.network.updates import pays_to_compile
from recon_lib.paper import panel_view
from recon_lib.results import store
from recon_lib.results.released import NetworkCard
from recon_lib.runs import execute, state

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from recon_lib.network.cascade import Cascade

_DRAWN = {"zero-filled": "#777777", "before": COLOURS["natural"], "after": COLOURS["t1"]}


def load_slices(source: str, n_test: int, n_finetune: int) -> tuple[ImageSet, ImageSet]:
    """Return slices of the test subject, and slices of one other subject to tune with.

    Args:
        source: ``open``, the three BOLD5000 brains (fetched if need be), or ``generated``, made by code.
        n_test: Slices of the test subject, evenly spread over the head.
        n_finetune: Slices of the other, likewise.

    Returns:
        The test slices and the tuning slices.

    Raises:
        ReconError: A number is below 1 or above what the subject has, or the data cannot be had.
    """
    domain = Domain(source=source)
    return tuple(
        _spread(domains.load_images(UNSEEN, split, domain), count)
        for split, count in (("test", n_test), ("pool", n_finetune))
    )


def starting_network(
    name: str, precision: str | None = None, recipe: str = DEFAULT
) -> tuple[Cascade, NetworkCard, Precision]:
    """Open the network to start from.

    Args:
        name: A released network of the book's best results, ``natural-4000``; ``default`` is the one that the recipe
            starts from; empty is the ``smoke`` profile's, trained here in seconds on generated images.
        precision: As for :func:`recon_lib.network.precision.precision_setting`.
        recipe: One of :data:`~recon_lib.experiment.named_recipes.RECIPES`.

    Returns:
        The network, its card, and what it computes in here.

    Raises:
        ReconError: There is no such network (the nearest is suggested), its file is damaged, or the precision is
            unknown.
    """
    if not name:
        run = find(state.plan_profile(load_profile("smoke")), "train", training_domain="natural")
        return load_chosen(execute.execute(run) / "network.safetensors", precision, tuning=True)
    known = NETWORKS[recipe] if name == "default" else name
    return load_chosen(obtain_network(known), precision, tuning=True)


def tuning_recipe(precision: Precision, epochs: int, learning_rate: float, name: str = DEFAULT) -> TuningRecipe:
    """Return how the network is tuned: an update a slice, at a rate that falls to zero.

    Args:
        precision: What its hidden layers compute in.
        epochs: Passes over the slices.
        learning_rate: Adam's first rate.
        name: The recipe whose changes of the images are made; its passes and its rate are not those of minutes.

    Raises:
        ReconError: A value that no recipe can have.
    """
    how = {"precision": precision.policy, "jit_compile": pays_to_compile()}
    how["augmentation"] = find_recipe(name, None).augmentation
    return TuningRecipe(batch=1, epochs=epochs, learning_rate=learning_rate, schedule="cosine", **how)


def tuned_card(card: NetworkCard, tuning: ImageSet, recipe: TuningRecipe, spec: MaskSpec, seed: int) -> NetworkCard:
    """Say what a network was tuned from, with what and how; what was measured of the one before does not hold for it.

    Args:
        card: The card of the network it was tuned from.
        tuning: The tuning slices.
        recipe: How, with the precision that the updates computed in.
        spec: The parameters of the masks.
        seed: Of order and masks.
    """
    return NetworkCard(
        replace(card.key, test_domain=tuning.domain, n_finetune=len(tuning)),
        kind="finetune",
        profile=card.profile,
        n_images=card.n_images,
        normalisation=card.normalisation,
        tuned_from={"name": card.name, "sha256": str(card.sha256)},
        parameters={"masks": asdict(spec), "recipe": recipe.as_dict(), "seed": seed},
        data={"pool": tuning.sha256},
    )


def provenance(card: NetworkCard, test: ImageSet, tuning: ImageSet) -> pandas.DataFrame:
    """Say which images each domain has and what became of them, so that what is unseen is seen to be.

    Args:
        card: The network's.
        test: The test slices.
        tuning: The tuning slices.

    Returns:
        One row a domain: ``images``, ``collection`` (the manifest's title) and ``role``.
    """
    import pandas

    manifest = load_manifest()
    learned = {card.key.training_domain, card.key.test_domain}
    subjects = (
        f"here: tested on {test.subjects[0]}, tuned on {tuning.subjects[0]}; no network in the book has seen them"
    )
    rows = []
    for name, text in NAMES.items():
        if name:
            role = "trained this network" if name in learned else "trained other networks of the book, not this one"
            title = manifest.source(name, "open").collection.title
            rows.append({"images": text, "collection": title, "role": subjects if name == UNSEEN else role})
    return pandas.DataFrame(rows)


def measure(references: np.ndarray, images: Mapping[str, np.ndarray]) -> pandas.DataFrame:
    """Measure every reconstruction of every slice.

    Args:
        references: ``(n, height, width)``.
        images: Reconstructions of the same shape, by name.

    Returns:
        One row a slice and name: ``place`` (0 to n - 1), ``image``, ``psnr`` in dB and ``ssim``.
    """
    import pandas

    rows = []
    for name, stack in images.items():
        for place, (reference, image) in enumerate(zip(references, stack, strict=True)):
            peak = reference.max()
            quality = {metric.__name__: metric(reference, image, data_range=peak) for metric in (psnr, ssim)}
            rows.append({"place": place, "image": name, **quality})
    return pandas.DataFrame(rows)


def gain(measured: pandas.DataFrame) -> str:
    """Say in a sentence what tuning brought.

    Args:
        measured: As :func:`measure` gives it, with images ``before`` and ``after``.
    """
    table = measured.pivot(index="place", columns="image", values="psnr")
    change = table["after"] - table["before"]
    return (
        f"Before {table['before'].mean():.2f} dB, after {table['after'].mean():.2f} dB: {change.mean():+.2f} dB, mean "
        f"of {len(change)} slices ({change.min():+.2f} to {change.max():+.2f} dB, better on {int((change > 0).sum())})."
    )


def reporter(words: str) -> Progress:
    """Return a progress callback that prints a line an epoch, with the time left: it reads well in a log too."""
    start = time.monotonic()

    def report(epochs: int, total: int, row: dict) -> None:
        left = (time.monotonic() - start) / epochs * (total - epochs)
        print(f"{words}: {epochs} of {total}, PSNR {row['psnr']:.2f} dB, {left:.0f} s left", flush=True)

    return report


def comparison_figure(test: ImageSet, masks: np.ndarray, images: Mapping[str, np.ndarray], place: int) -> Figure:
    """Draw one slice: reference and reconstructions above, the mask and error maps on one scale below.

    Args:
        test: The test slices.
        masks: The mask of each, ``(n, height, width)``.
        images: Reconstructions of all test slices, by name.
        place: Which slice.

    Returns:
        The figure.

    Raises:
        ReconError: There is no such slice.
    """
    if not 0 <= place < len(test):
        raise ReconError(f"There is no slice {place}: choose one from 0 to {len(test) - 1}.")
    # Generated slices lie as the manifest's do: what is drawn is turned alike.
    turned = load_manifest().source(UNSEEN, "open").geometry.transpose
    reference = panel_view.orient(test.images[place], turned)
    box = panel_view.head_box(reference)
    upright = {name: panel_view.orient(stack[place], turned) for name, stack in images.items()}
    errors = {name: np.abs(image - reference)[box] for name, image in upright.items()}
    largest = float(np.quantile(errors.get("before", next(iter(errors.values()))), 0.998))
    titled = {}
    for name, image in upright.items():
        quality = [metric(reference, image, data_range=reference.max()) for metric in (psnr, ssim)]
        titled["{}\n{:.2f} dB, SSIM {:.3f}".format(name, *quality)] = image[box]
    mask = panel_view.orient(masks[place], turned)
    title = f"{domain_name(test.domain)}: {test.subjects[place]}, slice {test.slices[place]}"
    return comparison.comparison_figure(reference[box], titled, largest, mask, title)


def slices_figure(measured: pandas.DataFrame, test: ImageSet) -> Figure:
    """Draw the PSNR of every test slice, zero-filled, before and after tuning.

    Args:
        measured: As :func:`measure` gives it.
        test: The test slices.

    Returns:
        The figure.
    """
    figure, grid = blank_figure((7.0, 3.2), 1, 1)
    axes = grid[0][0]
    for name, rows in measured.groupby("image", sort=False):
        axes.plot(
            [test.slices[n] for n in rows["place"]], rows["psnr"], "o-", lw=1.2, color=_DRAWN.get(name), label=name
        )
    axes.set_xlabel("slice")
    axes.set_ylabel("PSNR, dB")
    axes.legend(fontsize=8)
    return figure


def scanners_figure(test: ImageSet) -> Figure:
    """Draw a T1 slice of the book's own scanner beside one of this scanner.

    Args:
        test: The test slices.

    Returns:
        The figure; where there are no results, this scanner's alone.
    """
    results = store.best()
    turned = load_manifest().source(UNSEEN, "open").geometry.transpose
    middle = len(test) // 2
    drawn = [(f"here: {domain_name(UNSEEN)}", panel_view.orient(test.images[middle], turned))]
    if results is not None and any(key.test_domain == "t1" for key in results.panels):
        place = panel_view.median_place(results, "t1")
        image = panel_view.slice_panels(results, "t1", place)["reference"].astype(np.float32)
        drawn.insert(0, ("the book's T1", panel_view.orient(image, panel_view.is_transposed(results, "t1"))))
    figure, grid = blank_figure((7.0, 4.2), 1, len(drawn))
    for axes, (title, image) in zip(grid[0], drawn, strict=True):
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(f"{title}, {image.shape[0]} x {image.shape[1]}", fontsize=9)
        axes.set_axis_off()
    return figure


def _spread(images: ImageSet, count: int) -> ImageSet:
    """Choose slices of the first subject, evenly spread and none at its ends."""
    own = [n for n, subject in enumerate(images.subjects) if subject == images.subjects[0]]
    if not 1 <= count <= len(own):
        raise ReconError(f"{count} slices of {images.subjects[0]} were asked for: it has {len(own)}.")
    chosen = [own[(2 * k + 1) * len(own) // (2 * count)] for k in range(count)]
    taken = {name: tuple(getattr(images, name)[n] for n in chosen) for name in ("subjects", "slices")}
    return ImageSet(images.domain, images.split, images.images[chosen], **taken, scales=images.scales[chosen])
