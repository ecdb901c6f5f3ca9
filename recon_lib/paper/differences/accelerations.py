"""Other accelerations: which variations test a profile's networks at one, and how much is gained at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recon_lib.experiment.design import DOMAINS
from recon_lib.experiment.profile import Variation
from recon_lib.paper.averages import tuned_count
from recon_lib.paper.differences.effects import gain, of_photographs, rows
from recon_lib.paper.differences.page import NOT_RUN, heads, means_and_gain, note
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
    found = results.slices["acceleration"].dropna()
    return float(stated) if stated else float(found.iloc[0]) if len(found) else None


def accelerations(results: Results) -> dict[float, str]:
    """List the accelerations that a profile's networks are tested at.

    Args:
        results: The profile's.

    Returns:
        Each acceleration, ascending, and the variation that tests there: ``""`` for the profile's own. A variation
        that changes anything else is not among them; one that is planned is, though nothing of it may have been run.
    """
    planned = results.provenance.get("profile", {}).get("variations", {})
    own, found = own_acceleration(results), {}
    for name, content in planned.items():
        known = {key: content[key] for key in ("change", "networks", "split") if key in content}
        tested = Variation(**known).acceleration
        if tested is not None and tested != own:
            found.setdefault(tested, name)
    return dict(sorted({**found, **({} if own is None else {own: ""})}.items()))


def render_accelerations(results: Results | None) -> Rendered:
    """Draw what the largest network of photographs, and the zero-filled image, come to at each acceleration.

    Args:
        results: Ours, or ``None``.

    Returns:
        Markdown: mean PSNR and its gain over the zero-filled image of the same samples, with its interval. A cell
        that was not run is empty.
    """
    tested = {} if results is None else accelerations(results)
    found = {factor: rows(results, name) for factor, name in tested.items()}
    if not any(slices is not None for factor, slices in found.items() if tested[factor]):
        return note(f"Other accelerations: {NOT_RUN}.")
    lines = [f"| Acceleration | | {heads('over zero-filled')} |", "|:--|:--|" + "--:|:--|" * len(DOMAINS)]
    counts = sorted({0, *(tuned_count(results.slices, domain) for domain in DOMAINS)})
    for factor, slices in found.items():
        about = f"{factor:g}" if tested[factor] else f"{factor:g}, trained at"
        of_methods = _methods(results.slices.iloc[:0] if slices is None else slices, counts)
        start = of_methods["zero-filled"]
        for name, chosen in of_methods.items():
            gains = {} if chosen is start else gain(chosen, start)
            lines.append(f"| {about} | {name} | {means_and_gain(chosen, gains)} |")
            about = ""
    return Rendered(markdown="\n".join(lines))


def _methods(slices: pandas.DataFrame, counts: list[int]) -> dict[str, pandas.DataFrame]:
    """Take the rows of one acceleration apart, by a name for a reader."""
    slices = slices[slices["draw"].fillna(0) == 0]  # others than the own have one draw: the same networks everywhere
    return {"zero-filled": slices[slices["method"] == "zero_filled"], **of_photographs(slices, counts)}
