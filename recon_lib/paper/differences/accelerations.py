"""Other accelerations: which variations test a profile's networks at one, and how much is gained at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.experiment.profile import Variation
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.differences.effects import gain, of_photographs, rows
from recon_lib.paper.differences.page import NOT_RUN, gain_heads, means_and_gains
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def own_acceleration(results: Results) -> float | None:
    """Return the acceleration that a profile's networks were trained and tested at.

    Args:
        results: The profile's.

    Returns:
        Grid points over sampled points; ``None`` if neither the provenance nor a row says it.
    """
    stated = results.provenance.get("profile", {}).get("acceleration")
    if stated:
        return float(stated)
    factors = results.slices["acceleration"].dropna()
    return float(factors.iloc[0]) if len(factors) else None


def accelerations(results: Results) -> dict[float, str]:
    """List the accelerations that a profile's networks are tested at.

    Args:
        results: The profile's.

    Returns:
        Each acceleration, ascending, and the variation that tests there: ``""`` for the profile's own. A variation
        that changes anything else is not among them; one that is planned is, though nothing of it may have been run.
    """
    planned = results.provenance.get("profile", {}).get("variations", {})
    own, names = own_acceleration(results), {}
    for name, content in planned.items():
        factor = Variation.from_json(content).acceleration
        if factor is not None and factor != own:
            names.setdefault(factor, name)
    return dict(sorted({**names, **({} if own is None else {own: ""})}.items()))


def render_accelerations(results: Results | None) -> Rendered:
    """Draw what the largest network of photographs, and the zero-filled image, come to at each acceleration.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: mean PSNR and its gain over the zero-filled image of the same samples, with its interval. A cell
        that was not run is empty.
    """
    variations = {} if results is None else accelerations(results)
    by_factor = {factor: rows(results, name) for factor, name in variations.items()}
    if not any(slices is not None for factor, slices in by_factor.items() if variations[factor]):
        return note(f"Other accelerations: {NOT_RUN}.")
    domains = page_domains(results)
    counts = sorted({0, *(tuned_count(results.slices, domain) for domain in domains)})
    table = []
    for factor, slices in by_factor.items():
        head = f"{factor:g}" if variations[factor] else f"{factor:g}, trained at"
        zero_filled, networks = _methods(results.slices.iloc[:0] if slices is None else slices, counts)
        table.append((head, "zero-filled", *means_and_gains(zero_filled, {}, domains)))
        table += [
            ("", name, *means_and_gains(network, gain(network, zero_filled), domains))
            for name, network in networks.items()
        ]
    heads = ("Acceleration", "", *gain_heads(domains, "over zero-filled"))
    return render_table(heads, table, "ll" + "rl" * len(domains))


def _methods(slices: pandas.DataFrame, counts: list[int]) -> tuple[pandas.DataFrame, dict[str, pandas.DataFrame]]:
    """Take the rows of one acceleration apart: the zero-filled images, and networks by a name for a reader."""
    # Accelerations other than the profile's own have one draw: the same networks are compared everywhere.
    slices = slices[slices["draw"].fillna(0) == 0]
    return slices[slices["method"] == "zero_filled"], of_photographs(slices, counts)
