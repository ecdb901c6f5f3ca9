"""What each ingredient of a recipe for few images changes, and what several give together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
from recon_lib.paper.differences.effects import effects, mean_psnr, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

PLAIN = "few-plain"
"""Five images with nothing added, the side that each ingredient is compared with."""
FEW = 5
"""Images that tune a network by the recipe, and by each ingredient."""


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
"""Several ingredients together; the last has the tunings of the recipe for few images."""


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
            changes |= effect.by_domain if effect.n_finetune == FEW else {}
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


def render_choice(results: Results | None) -> Rendered:
    """Say how the recipe was chosen among the combinations, and where it stands among them by all draws.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: how far the recipe is from the best combination in the first draw, which was known at the time, and
        over all draws; empty until all of them were run.
    """
    combined = [rows(results, item.variations[0]) for item in COMBINATIONS]
    if any(slices is None for slices in combined):
        return Rendered(markdown="")
    domains = page_domains(results)
    first, every = (
        _beside_best(slices, domains) for slices in ([part[part["draw"] == 0] for part in combined], combined)
    )
    return Rendered(
        markdown="The recipe was chosen when only the first draw of each combination had been measured. Beside the "
        f"best of the others it then gave {first}. Over all draws it gives {every}."
    )


def _beside_best(combined: list[pandas.DataFrame], domains: tuple[str, ...]) -> str:
    """Write on each contrast the last combination less the best of the others."""
    phrases = []
    for domain in domains:
        *others, recipe = (mean_psnr(slices, domain) for slices in combined)
        phrases.append(f"{signed(recipe - max(others), 2)} dB on {domain_name(domain)}")
    return " and ".join(phrases)
