"""Verdicts on claims: what may become of one, and how an interval decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from recon_lib.paper.intervals import Estimate


class Outcome(StrEnum):
    """What became of a claim; the value is the word that a page shows."""

    HOLDS = "holds"
    NOISE = "within noise"
    DIFFERS = "differs"
    UNTESTED = "not testable here"


@dataclass(frozen=True)
class Verdict:
    """The outcome for one contrast.

    Attributes:
        test_domain: The contrast that was tested.
        outcome: Whether the claim holds there.
        judged: The number that the claim is about; ``None`` if it was not testable.
        reason: Why it was not testable.
        others: Numbers that belong to it and that the page shows too.
        explanation: What else than the claim's cause may explain it, where a control speaks to that.
    """

    test_domain: str
    outcome: Outcome
    judged: Estimate | None = None
    reason: str = ""
    others: tuple[Estimate, ...] = ()
    explanation: str = ""

    @property
    def words(self) -> str:
        """The outcome in words: what an explanation stands behind only holds as printed."""
        as_printed = " as printed" if self.explanation and self.outcome is Outcome.HOLDS else ""
        return f"{self.outcome}{as_printed}"

    @property
    def tested(self) -> bool:
        """Whether there was something to test the claim on."""
        return self.outcome is not Outcome.UNTESTED

    @property
    def estimate(self) -> float:
        """The number that was judged; NaN if the claim was not testable."""
        return float("nan") if self.judged is None else self.judged.value

    @property
    def low(self) -> float:
        """Lower end of its interval; NaN if there is none."""
        return float("nan") if self.judged is None else self.judged.low

    @property
    def high(self) -> float:
        """Upper end of its interval; NaN if there is none."""
        return float("nan") if self.judged is None else self.judged.high

    @property
    def note(self) -> str:
        """What the number is, or why there is none."""
        return self.reason if self.judged is None else self.judged.label


def above(low: float, high: float, threshold: float) -> Outcome:
    """Judge whether an interval lies above a threshold.

    Args:
        low: Lower end of the interval.
        high: Upper end.
        threshold: In the interval's unit. An interval that ends on it is not beyond it.

    Returns:
        Holds if all of it lies above, differs if all of it lies below, and within noise otherwise.
    """
    if low > threshold:
        return Outcome.HOLDS
    return Outcome.DIFFERS if high < threshold else Outcome.NOISE


def below(low: float, high: float, threshold: float) -> Outcome:
    """Judge whether an interval lies at or below a threshold.

    Args:
        low: Lower end of the interval.
        high: Upper end.
        threshold: In the interval's unit. An interval whose upper end is on it still holds.

    Returns:
        Holds if nothing of it lies above, differs if all of it lies above, and within noise otherwise.
    """
    if high <= threshold:
        return Outcome.HOLDS
    return Outcome.DIFFERS if low > threshold else Outcome.NOISE


def combine(*outcomes: Outcome) -> Outcome:
    """Judge a claim of several parts: it holds if all hold, and differs if one does."""
    if Outcome.DIFFERS in outcomes:
        return Outcome.DIFFERS
    return Outcome.HOLDS if set(outcomes) == {Outcome.HOLDS} else Outcome.NOISE
