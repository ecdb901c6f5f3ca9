"""The recipe for few images on a scanner that no profile trains, tunes or tests on."""

from __future__ import annotations

from types import SimpleNamespace

from recon_lib.paper.differences.effects import gain, mean_psnr
from recon_lib.paper.differences.page import NOT_RUN
from recon_lib.paper.ingredients import comparisons
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed, spread
from recon_lib.results import scanner
from recon_lib.results.store import Results

_CONTRAST = "t1"  # that of the scanner's images


def render_unseen(results: Results | None) -> Rendered:
    """Compare the recipe for few images, tuned with T1, with what it has to equal, on the unseen scanner.

    Args:
        results: Those whose runs made the networks, or ``None``.

    Returns:
        Markdown: a line a comparison, with mean PSNR of both sides over slices and draws, and their difference; what
        was not run says so.

    Raises:
        ReconError: The rows of the scanner fail their check.
    """
    table = []
    for title, left, right in comparisons(_tested(results)):
        if left is None or right is None or not len(left) or not len(right):
            table.append((title, NOT_RUN, "", "", ""))
            continue
        means = [spread(mean_psnr(side, _CONTRAST), float("nan"), 2) for side in (left, right)]
        draws = " and ".join(str(side["draw"].fillna(0).nunique()) for side in (left, right))
        table.append((title, *means, signed(gain(left, right)[_CONTRAST].value, 2), draws))
    heads = ("First, and second", "First, dB", "Second, dB", "First minus second", "Draws")
    return render_table(heads, table, "lrrrl")


def _tested(results: Results | None) -> SimpleNamespace | None:
    """Return the scanner's rows of networks that runs of these results made, as if they were its contrast's."""
    rows = scanner.read()[0]
    if rows is None or results is None:
        return None
    own = rows[rows["run"].isin(list(results.records))].assign(test_domain=_CONTRAST)
    varied = own["variation"].fillna("") != ""
    return SimpleNamespace(slices=own[~varied], variations=own[varied])
