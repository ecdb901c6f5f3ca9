"""What each ingredient of a recipe for few images changes, and what they give together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import REFERENCE, TUNED, domain_name
from recon_lib.experiment.named_recipes import FEW_IMAGES, START
from recon_lib.paper import own_accelerations
from recon_lib.paper.differences.effects import effects, gain, largest, mean_psnr, rows
from recon_lib.paper.differences.page import NOT_RUN, gain_heads, means_and_gains, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.images_or_updates import TARGETS
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

PLAIN = "few-plain"
"""Five images with nothing added, the side that each ingredient is compared with."""
_FEW = 5


@dataclass(frozen=True)
class Ingredient:
    """One ingredient.

    Attributes:
        variations: The labels of its runs; two where each contrast has one of its own.
        title: What it is, in words.
        source: Who proposed it, with their one finding; where it is ours, that it is.
    """

    variations: tuple[str, ...]
    title: str
    source: str


_MRAUGMENT = "[Fabian, Heckel and Soltanolkotabi 2021](https://arxiv.org/abs/2106.14947)"
INGREDIENTS = (
    Ingredient(
        ("few-mirrors",),
        "mirror images",
        f"{_MRAUGMENT}: augmentation prevents overfitting where images are few, and gains little where they are many",
    ),
    Ingredient(
        ("few-shifts",),
        "shifts by up to 8 pixels",
        "as above; that they are circular, and change k-space by phases alone, is ours",
    ),
    Ingredient(("few-intensity",), "intensities to a power", "ours"),
    Ingredient(
        ("few-noise",),
        "noise in k-space",
        "[Desai and others 2023](https://arxiv.org/abs/2110.00075): to reconstruct scans and noisier copies alike "
        "needs fewer fully sampled ones; noise alone is ours",
    ),
    Ingredient(("few-accelerations",), "masks of other accelerations too", "ours"),
    Ingredient(
        ("few-average",),
        "mean of the weights over the second half, at a constant rate",
        "[Izmailov and others 2018](https://arxiv.org/abs/1803.05407): weights averaged on the way generalise better; "
        "to average after every update is ours",
    ),
    Ingredient(
        ("few-scale-shift",),
        "only a scale and a shift of each channel",
        "[Sun and others 2019](https://arxiv.org/abs/1812.02391): they adapt a deep network to a few images, where all "
        "weights would overfit; the folding is ours",
    ),
    Ingredient(
        ("few-pull",),
        "a pull towards the trained weights",
        "[Li, Grandvalet and Davoine 2018](https://arxiv.org/abs/1802.01483) recommend a penalty of the distance to "
        "the trained weights for transfer; the proximal step is ours",
    ),
    Ingredient(
        ("few-held-kspace",),
        "stopping by a part of k-space that no update sees",
        "[Yaman and others 2022](https://arxiv.org/abs/2102.07737) stop so on a single scan, and [Darestani, Liu and "
        "Heckel 2022](https://arxiv.org/abs/2204.07204) tune on the test scan alone and nearly close the gap to other "
        "data; in tuning with references, ours",
    ),
    Ingredient(
        ("few-residual",),
        "sub-networks that put out a correction",
        "[Zhang and others 2017](https://doi.org/10.1109/TIP.2017.2662206): it speeds training and improves denoising",
    ),
    Ingredient(
        ("few-contrasts",),
        "photographs of more contrast: half are remapped by random curves",
        "random contrasts let a network segment any contrast ([Billot and others "
        "2023](https://doi.org/10.1016/j.media.2023.102789)); curves on photographs are ours",
    ),
    Ingredient(
        ("few-with-t2", "few-with-t1"),
        "photographs and slices of the other contrast together",
        "ours; of the two people whose slices tune the network, whom no slice here shows",
    ),
)
COMBINATIONS = (
    Ingredient(("few-together",), "correction output, mirror images and shifts together, 900 updates", "ours"),
    Ingredient(("few-together-intensity",), "the same and intensities to a power", "ours"),
    Ingredient(("few-together-average",), "the same without powers, and the mean of the weights", "ours"),
    Ingredient(("few-together-all",), "the same with both, which is the recipe", "ours"),
)
"""What helped on both contrasts, together; the last has the tunings of :data:`FEW_IMAGES`."""


def render_ingredients(results: Results | None) -> Rendered:
    """Tabulate what each ingredient changes, alone, and what those that were put together do.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: the mean change of PSNR on slices of the training subjects, which the networks of photographs never
        saw, with its interval over these subjects.
    """
    domains = page_domains(results)
    items = (*INGREDIENTS, *COMBINATIONS)
    table = [(item.title, *_changes(results, item.variations), item.source) for item in items]
    heads = ("Ingredient", *(f"{domain_name(domain)}, dB" for domain in domains), "Source, and its finding")
    return render_table(heads, table, "l" * len(heads))


def _changes(results: Results | None, variations: tuple[str, ...]) -> list[str]:
    changes: dict[str, Estimate] = {}
    for variation in variations:
        for effect in effects(results, variation, base=PLAIN):
            changes |= effect.by_domain if effect.n_finetune == _FEW else {}
    domains = page_domains(results)
    return [with_interval(changes.get(domain)) or NOT_RUN for domain in domains]


def render_plain(results: Results | None) -> Rendered:
    """Say what the ingredients are compared with.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a sentence with mean PSNR on slices of the training subjects.
    """
    slices = rows(results, PLAIN)
    if slices is None:
        return note(f"Five images with nothing added, on slices of the training subjects: {NOT_RUN}.")
    means = [f"{mean_psnr(slices, domain):.2f} dB on {domain_name(domain)}" for domain in page_domains(results)]
    people = slices["subject"].nunique()
    return Rendered(markdown=f"With nothing added: {' and '.join(means)} slices of {people} training subjects.")


def render_final(results: Results | None) -> Rendered:
    """Compare the recipe for few images with what it has to equal, on the test slices.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a line a comparison, a column a contrast; what was not run says so.
    """
    domains = page_domains(results)
    table = []
    for title, left, right in comparisons(results):
        if left is None or right is None or not len(left) or not len(right):
            table.append((title, NOT_RUN, *[""] * (2 * len(domains) - 1)))
        else:
            table.append((title, *means_and_gains(left, gain(left, right), domains)))
    heads = gain_heads(domains, "first minus second")
    return render_table(("First, and second", *heads), table, "l" + "rl" * len(domains))


def render_cost(results: Results | None) -> Rendered:
    """Sum what the runs of the page took.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: for each part of the page its runs that are collected, and their minutes.
    """
    parts = {
        "images or updates": {f"updates-{target}" for target in TARGETS},
        "ingredients": {PLAIN, *(name for item in (*INGREDIENTS, *COMBINATIONS) for name in item.variations)},
        "the recipe, and the network that it starts from": {FEW_IMAGES, START},
        "accelerations": own_accelerations.LABELS,
    }
    table = []
    for title, names in parts.items():
        records = [] if results is None else [r for r in results.records.values() if r.key.variation in names]
        minutes = sum(record.seconds or 0 for record in records) / 60
        table.append((title, str(len(records)), f"{minutes:.0f}" if records else NOT_RUN))
    return render_table(("Part", "Runs", "Minutes"), table, "lrr")


def comparisons(results: Results | None) -> list[tuple[str, pandas.DataFrame | None, pandas.DataFrame | None]]:
    """List what the recipe for few images is compared with.

    Args:
        results: Ours, or ``None``.

    Returns:
        What is compared in words, and the slices of both sides; ``None`` or empty for what was not run.
    """
    few, fifty = (_tuned(rows(results, FEW_IMAGES), count) for count in (_FEW, REFERENCE))
    own = None if results is None else largest(results.slices)
    photographs = None if own is None else own[own["training_domain"] == "natural"]
    in_domain = None if own is None else own[own["training_domain"] == own["test_domain"]]
    return [
        (
            f"photographs and {_FEW} images by the new recipe, and {REFERENCE} by the paper's",
            few,
            _tuned(photographs, REFERENCE),
        ),
        (f"photographs and {_FEW} images by the new recipe, and {REFERENCE} by the new one", few, fifty),
        (
            f"photographs and {_FEW} images by the new recipe, and the own contrast's network with {REFERENCE}",
            few,
            _tuned(in_domain, REFERENCE),
        ),
        (
            f"photographs alone with a correction output, and photographs tuned with {TUNED} without",
            _tuned(rows(results, START), 0),
            _tuned(photographs, TUNED),
        ),
    ]


def _tuned(slices: pandas.DataFrame | None, count: int) -> pandas.DataFrame | None:
    return None if slices is None else slices[slices["n_finetune"] == count]
