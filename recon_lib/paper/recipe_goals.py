"""What the recipe for few images has to equal, and whether it does: on the test slices, and on any other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.design import REFERENCE, TUNED, domain_name
from recon_lib.experiment.named_recipes import FEW_IMAGES, START
from recon_lib.paper.differences.effects import gain, largest, rows
from recon_lib.paper.differences.page import NOT_RUN, gain_heads, means_and_gains
from recon_lib.paper.domains import page_domains
from recon_lib.paper.ingredients import FEW
from recon_lib.paper.intervals import Estimate
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_DIGITS = 2  # of dB, those that the page prints: a goal is judged by what a reader sees
_NEAR = 0.1  # dB


@dataclass(frozen=True)
class Goal:
    """Two networks, and how far the first may lie below the second.

    Attributes:
        title: Which they are, in words.
        first: Slices of the first; ``None`` if it was not run.
        second: Slices of the second; likewise.
        below: How far the first may lie below, dB.
    """

    title: str
    first: pandas.DataFrame | None
    second: pandas.DataFrame | None
    below: float = 0.0

    @property
    def tested(self) -> bool:
        """Whether both have slices."""
        return all(side is not None and len(side) for side in (self.first, self.second))

    @property
    def words(self) -> str:
        """What the first has to be, for a reader."""
        return f"at most {self.below:g} dB below" if self.below else "at least equal"

    def gains(self) -> dict[str, Estimate]:
        """Return the first less the second by test domain, with its interval."""
        return gain(self.first, self.second)

    def reached(self, gains: dict[str, Estimate]) -> list[str]:
        """List the test domains in which the mean difference, as the page prints it, reaches the goal.

        Args:
            gains: From :meth:`gains`.
        """
        return [domain for domain, change in gains.items() if round(change.value, _DIGITS) >= -self.below]


def goals(results: Results | None) -> list[Goal]:
    """List the goals, which were set before the recipe was made.

    Args:
        results: Ours, or ``None``.
    """
    few, fifty = (_tuned(rows(results, FEW_IMAGES), count) for count in (FEW, REFERENCE))
    own = None if results is None else largest(results.slices)
    photographs = None if own is None else own[own["training_domain"] == "natural"]
    in_domain = None if own is None else own[own["training_domain"] == own["test_domain"]]
    title = f"photographs and {FEW} images by the new recipe"
    return [
        Goal(f"{title}, and {REFERENCE} by the paper's", few, _tuned(photographs, REFERENCE)),
        Goal(f"{title}, and {REFERENCE} by the new one", few, fifty, _NEAR),
        Goal(f"{title}, and the own contrast's network with {REFERENCE}", few, _tuned(in_domain, REFERENCE), _NEAR),
        Goal(
            f"photographs alone with a correction output, and photographs tuned with {TUNED} without",
            _tuned(rows(results, START), 0),
            _tuned(photographs, TUNED),
        ),
    ]


def render_goals(results: Results | None) -> Rendered:
    """Compare the recipe for few images with what it has to equal, on the test slices.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: a line a goal, with mean PSNR of the first, the difference and whether the goal is reached; what was
        not run says so.
    """
    domains = page_domains(results)
    table = []
    for goal in goals(results):
        if not goal.tested:
            table.append((goal.title, NOT_RUN, *[""] * (2 * len(domains) + 1)))
            continue
        gains = goal.gains()
        verdict = _verdict(goal.reached(gains), domains)
        table.append((goal.title, *means_and_gains(goal.first, gains, domains), goal.words, verdict))
    heads = gain_heads(domains, "first minus second")
    return render_table(("First, and second", *heads, "Goal", "Reached"), table, "l" + "rl" * len(domains) + "ll")


def _verdict(reached: list[str], domains: tuple[str, ...]) -> str:
    if set(reached) >= set(domains):
        return "yes"
    return f"on {' and '.join(map(domain_name, reached))} alone" if reached else "no"


def _tuned(slices: pandas.DataFrame | None, count: int) -> pandas.DataFrame | None:
    return None if slices is None else slices[slices["n_finetune"] == count]
