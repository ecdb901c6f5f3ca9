"""The recipe for few images on a scanner that no profile trains, tunes or tests on."""

from __future__ import annotations

from types import SimpleNamespace

from recon_lib.paper.differences.effects import mean_psnr
from recon_lib.paper.differences.page import NOT_RUN
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered, signed, spread
from recon_lib.paper.recipe_goals import goals
from recon_lib.results import scanner
from recon_lib.results.store import Results

_CONTRAST = "t1"  # that of the scanner's images


def render_unseen(results: Results | None) -> Rendered:
    """Compare the recipe for few images, tuned with T1, with what it has to equal, on the unseen scanner.

    Args:
        results: Those whose runs made the networks, or ``None``.

    Returns:
        Markdown: a line a goal, with mean PSNR of both sides over slices and draws, their difference and whether the
        goal is reached; what was not run says so.

    Raises:
        ReconError: The rows of the scanner fail their check.
    """
    table = []
    for goal in goals(_tested(results)):
        if not goal.tested:
            table.append((goal.title, NOT_RUN, *[""] * 5))
            continue
        gains, sides = goal.gains(), (goal.first, goal.second)
        means = [spread(mean_psnr(side, _CONTRAST), float("nan"), 2) for side in sides]
        draws = " and ".join(str(side["draw"].fillna(0).nunique()) for side in sides)
        verdict = "yes" if goal.reached(gains) else "no"
        table.append((goal.title, *means, signed(gains[_CONTRAST].value, 2), draws, goal.words, verdict))
    heads = ("First, and second", "First, dB", "Second, dB", "First minus second", "Draws", "Goal", "Reached")
    return render_table(heads, table, "lrrrlll")


def _tested(results: Results | None) -> SimpleNamespace | None:
    """Return the scanner's rows of networks of these results that nothing but its contrast tuned, as rows of that."""
    rows = scanner.read()[0]
    if rows is None or results is None:
        return None
    runs = [run for run, record in results.records.items() if record.key.test_domain in (None, _CONTRAST)]
    own = rows[rows["run"].isin(runs)].assign(test_domain=_CONTRAST)
    varied = own["variation"].fillna("") != ""
    return SimpleNamespace(slices=own[~varied], variations=own[varied])
