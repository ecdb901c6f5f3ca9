"""What bfloat16 changes in training and in tuning, pair by pair, beside what chance changes.

A network trained in bfloat16 is paired with the one trained in float32 from the same seed, and a tuned one with the
one tuned in float32 on the same draw of images. What another seed or another draw changes is measured alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import domain_name
from recon_lib.paper.differences.effects import Effect, compare, effects, rows
from recon_lib.paper.differences.page import NOT_RUN, with_interval
from recon_lib.paper.domains import page_domains
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

TUNED = "bfloat16-finetuning"
#: Trainings in float32 and in bfloat16 from the same seed; the profile's own runs have no label.
SEEDS = (("", "bfloat16"), ("other-seed", "bfloat16-seed-1"), ("other-seed-2", "bfloat16-seed-2"))
_CELL = ["method", "training_domain", "n_train", "n_finetune"]


@dataclass(frozen=True)
class Comparison:
    """Two networks that differ in one thing.

    Attributes:
        label: In what, for a reader.
        is_chance: They differ in what was drawn; otherwise in the precision.
        changes: Test domain to the mean change of PSNR in dB; empty where it was not run.
    """

    label: str
    is_chance: bool
    changes: dict[str, Estimate]


def trained(results: Results | None) -> list[Comparison]:
    """Compare networks as trained: bfloat16 with float32 of each seed, and each other seed with the first.

    Args:
        results: Ours, or ``None``.

    Returns:
        A comparison each, those that were not run without changes.
    """
    rounded = [
        Comparison(f"bfloat16 instead of float32, seed {number}", False, _first(effects(results, name, base=base)))
        for number, (base, name) in enumerate(SEEDS)
    ]
    chance = [
        Comparison(f"seed {number} instead of seed 0, float32", True, _first(effects(results, base)))
        for number, (base, _) in enumerate(SEEDS)
        if base
    ]
    return [*rounded, *chance]


def tuned(results: Results | None) -> list[Comparison]:
    """Compare tuned networks: bfloat16 with float32 on each draw of images, and each other draw with the first.

    Args:
        results: Ours, or ``None``.

    Returns:
        As :func:`trained`; one entry without changes where tuning in bfloat16 was not run.
    """
    varied, own = rows(results, TUNED), rows(results)
    if varied is None or own is None:
        return [Comparison("bfloat16 instead of float32", False, {})]
    base = own.merge(varied[_CELL].drop_duplicates(), on=_CELL)
    by_draw = {int(draw): part for draw, part in base.groupby("draw")}
    rounded = [
        Comparison(f"bfloat16 instead of float32, draw {draw:.0f}", False, _first(compare(part, by_draw[int(draw)])))
        for draw, part in varied.groupby("draw")
        if int(draw) in by_draw
    ]
    chance = [
        Comparison(f"draw {draw} instead of draw 0, float32", True, _first(compare(_renamed(part), by_draw[0])))
        for draw, part in by_draw.items()
        if draw and 0 in by_draw
    ]
    return [*rounded, *chance]


def render_precision(results: Results | None) -> Rendered:
    """List every comparison with its interval over the test subjects.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a line a comparison, a column a contrast, dB.
    """
    domains = page_domains(results)
    table = []
    for stage, comparisons in (("Training", trained(results)), ("Fine-tuning", tuned(results))):
        for comparison in comparisons:
            changes = [with_interval(comparison.changes.get(domain)) for domain in domains]
            table.append((stage, comparison.label, *(changes if comparison.changes else [NOT_RUN] * len(domains))))
    heads = ("Stage", "What differs", *(f"{domain_name(domain)} test, dB" for domain in domains))
    return render_table(heads, table, "ll" + "l" * len(domains))


def render_verdict(results: Results | None) -> Rendered:
    """Say whether bfloat16 changes more than chance does.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a sentence a stage.
    """
    stages = (
        ("training", "another seed", trained(results)),
        ("fine-tuning", "another draw of the images", tuned(results)),
    )
    return Rendered(markdown=" ".join(_sentence(*stage) for stage in stages))


def _sentence(stage: str, chance: str, comparisons: list[Comparison]) -> str:
    rounded, drawn = (list(_changes(comparisons, is_chance)) for is_chance in (False, True))
    if not rounded or not drawn:
        return f"What bfloat16 changes in {stage}: {NOT_RUN}."
    largest, by_chance = (max(map(abs, values)) for values in (rounded, drawn))
    verdict = "less" if largest < by_chance else "not less"
    return (
        f"In {stage}, bfloat16 changes mean PSNR by {signed(sum(rounded) / len(rounded), 3)} dB on average of "
        f"{len(rounded)} pairs and by {largest:.3f} dB at most; {chance} changes it by up to {by_chance:.3f} dB. "
        f"So it costs {verdict} than chance does."
    )


def _changes(comparisons: Iterable[Comparison], is_chance: bool) -> Iterable[float]:
    chosen = (comparison for comparison in comparisons if comparison.is_chance == is_chance)
    return (change.value for comparison in chosen for change in comparison.changes.values())


def _first(measured: list[Effect]) -> dict[str, Estimate]:
    return measured[0].by_domain if measured else {}


def _renamed(part: pandas.DataFrame) -> pandas.DataFrame:
    """Give the rows of another draw the number of the first, so that they pair with it."""
    return part.assign(draw=0)
