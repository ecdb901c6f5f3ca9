"""Which contrasts a page shows: those of the paper, and those that a profile tested besides."""

from __future__ import annotations

from recon_lib.experiment.design import DOMAINS
from recon_lib.results.store import Results


def tested_domains(results: Results | None) -> tuple[str, ...]:
    """List the contrasts that results have rows of: those of the paper in its order, then others by name.

    Args:
        results: Ours, or ``None``.
    """
    tested = set() if results is None else set(results.slices["test_domain"].unique())
    return tuple(sorted(tested, key=lambda domain: (domain not in DOMAINS, domain)))


def page_domains(results: Results | None) -> tuple[str, ...]:
    """List the contrasts that a page has a place for: those of the paper, tested or not, then others that were tested.

    Args:
        results: Ours, or ``None``.
    """
    return (*DOMAINS, *(domain for domain in tested_domains(results) if domain not in DOMAINS))
