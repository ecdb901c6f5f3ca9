"""The paper's Tables 3 and 4 with ours beside them: training images against fine-tuning images.

Each cell is a network trained on photographs, and the last row the network of the test's own contrast, tuned with 50
images. Means are over slices and draws, as in :mod:`recon_lib.paper.tables12`; a cell that was not run is missing,
never zero.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

from recon_lib.core.errors import choose
from recon_lib.experiment.design import NAMES, REFERENCE
from recon_lib.paper.averages import METRICS, summarise
from recon_lib.paper.claims import Claim
from recon_lib.paper.intervals import UNTESTED
from recon_lib.paper.markup import FULL, Rendered, signed, spread, table_box, tinted_cell
from recon_lib.paper.reference import paper
from recon_lib.paper.words import label
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

DOMAINS = {3: "t1", 4: "t2"}  # the test contrast of each table
_CELL = ["training_domain", "n_finetune", "n_train"]


def grid(number: int, results: Results | None) -> pandas.DataFrame:
    """Return one of the paper's grids, ours beside the paper's.

    Args:
        number: 3 (T1 test) or 4 (T2 test).
        results: Ours; ``None`` before anything has been run.

    Returns:
        One row a cell and metric: ``training_domain, n_finetune, n_train, metric, ours, ours_std, slices, subjects,
        paper, paper_std, difference`` (ours - paper). Cells of the paper that were not run, and cells of ours that
        the paper does not have, are there, and what they lack is missing.

    Raises:
        ReconError: There is no such grid.
    """
    choose("grid", str(number), [str(n) for n in DOMAINS])
    domain = DOMAINS[number]
    theirs = paper()
    theirs = theirs[theirs["table"] == number].rename(columns={"mean": "paper", "std": "paper_std"})
    frame = theirs[[*_CELL, "metric", "paper", "paper_std"]].merge(
        _ours(results, domain), how="outer", on=[*_CELL, "metric"]
    )
    frame["difference"] = frame["ours"] - frame["paper"]
    frame["place"] = frame["training_domain"].map({"natural": 0, domain: 1})
    order = frame.sort_values(["place", "metric", "n_finetune", "n_train"], ignore_index=True)
    return order[[*_CELL, "metric", *_OURS, "slices", "subjects", "paper", "paper_std", "difference"]]


_OURS = ["ours", "ours_std"]


def draws(results: Results | None, test_domain: str) -> pandas.DataFrame:
    """Return how the mean over slices varies with the draw of the fine-tuning images.

    Args:
        results: Ours, or ``None``.
        test_domain: ``t1`` or ``t2``.

    Returns:
        One row a network with more than one draw: ``training_domain, n_train, n_finetune, draws``, and for
        ``psnr`` and ``ssim`` the mean of the draws' means, their sample standard deviation (``_std``), the lowest
        (``_low``) and the highest (``_high``).
    """
    import pandas

    by = ["training_domain", "n_train", "n_finetune"]
    named = {f"{metric}{end}": (metric, how) for metric in METRICS for end, how in _ENDS.items()}
    if results is None:
        return pandas.DataFrame(columns=[*by, "draws", *named])
    slices = results.slices
    rows = slices[(slices["test_domain"] == test_domain) & (slices["method"] == "network") & (slices["n_finetune"] > 0)]
    each = summarise(rows, by=[*by, "draw"])
    found = each.groupby(by).agg(draws=("draw", "size"), **named).reset_index()
    return found[found["draws"] > 1].reset_index(drop=True)


_ENDS = {"": "mean", "_std": "std", "_low": "min", "_high": "max"}


def render_grid(number: int, metric: str, results: Results | None) -> Rendered:
    """Draw Table 3 or 4 for a page, one metric.

    Args:
        number: 3 or 4.
        metric: ``psnr`` or ``ssim``.
        results: Ours; ``None`` leaves our part of each cell empty.

    Returns:
        HTML, which scrolls inside its own box, and Markdown. A cell: ours, the paper's, and the difference, whose
        sign and colour say which is higher.

    Raises:
        ReconError: There is no such grid or metric.
    """
    choose("metric", metric, list(METRICS))
    name, digits = METRICS[metric]
    frame = grid(number, results)
    frame = frame[frame["metric"] == metric]
    sizes = sorted(frame["n_train"].unique())
    body, text = [], [f"| tuned with | {' | '.join(str(n) for n in sizes)} |", "|--:" * (len(sizes) + 1) + "|"]
    for training, rows in frame.groupby("training_domain", sort=False):
        group = label("network", training)
        body.append(
            f'<tr class="recon-group"><th colspan="{len(sizes) + 1}" scope="rowgroup">{html.escape(group)}</th></tr>'
        )
        for n_finetune, line in rows.groupby("n_finetune"):
            cells = line.set_index("n_train").reindex(sizes)
            drawn = "".join(_cell(cell, digits, FULL[metric]) for cell in cells.itertuples())
            body.append(f'<tr><th scope="row">{n_finetune}</th>{drawn}</tr>')
            text.append(f"| {group}, {n_finetune} | {' | '.join(_plain(c, digits) for c in cells.itertuples())} |")
    heads = "".join(f'<th scope="col">{size}</th>' for size in sizes)
    caption = (
        f"{name}, {NAMES[DOMAINS[number]]} test slices: ours &plusmn; sample standard deviation over slices, below it "
        "the paper's, then ours less the paper's (blue above it, orange below)."
    )
    head = (
        f'<tr><th></th><th colspan="{len(sizes)}" scope="colgroup">training images</th></tr>'
        f'<tr><th scope="col">tuned with</th>{heads}</tr>'
    )
    return Rendered(table_box(caption, head, "".join(body), "recon-grid"), "\n".join(text))


def render_counts(number: int, results: Results | None) -> Rendered:
    """Say how many cells of a grid were run and how many are missing, and on how many images its last row rests.

    Args:
        number: 3 or 4.
        results: Ours, or ``None``.

    Returns:
        Markdown.

    Raises:
        ReconError: There is no such grid.
    """
    frame = grid(number, results).query("metric == 'psnr'")
    asked = frame[frame["paper"].notna()]
    parts = [
        f"{rows['ours'].notna().sum()} of {len(rows)} {label('network', training)}"
        for training, rows in asked.groupby("training_domain", sort=False)
    ]
    run, extra = int(asked["ours"].notna().sum()), int(frame["paper"].isna().sum())
    note = f"Of the paper's {len(asked)} cells **{run} were run and {len(asked) - run} are missing**: "
    note += f"{', '.join(parts)}." + (f" {extra} more are not in the paper." if extra else "")
    return Rendered(markdown=note + _shares(results, DOMAINS[number]))


def render_updates(test_domain: str, results: Results | None) -> Rendered:
    """Say how often fine-tuning updated a network with each number of images.

    Args:
        test_domain: ``t1`` or ``t2``.
        results: Ours, or ``None``.

    Returns:
        Markdown, counted in the runs' own histories; empty if nothing was tuned.
    """
    if results is None or not len(results.history):
        return Rendered(markdown="")
    rows = results.history[results.history["test_domain"] == test_domain]
    made = rows.groupby("n_finetune")["updates"].max()
    if not len(made):
        return Rendered(markdown="")
    (images, updates), *others = made.items()
    said = [f"{updates:.0f} times with {images:.0f} images", *(f"{n:.0f} with {some:.0f}" for some, n in others)]
    note = f"Fine-tuning updated a network {', '.join(said)}."
    bound = results.provenance.get("profile", {}).get("fine_tuning", {}).get("max_updates")
    if bound is not None:
        note += f" (Whole epochs, bounded by {bound} updates.)"
    if made.duplicated().any():
        note += " Rows with as many updates differ only in how many different images were used."
    return Rendered(markdown=note)


def render_draws(test_domain: str, results: Results | None) -> Rendered:
    """Tabulate how PSNR varies with the draw of the fine-tuning images.

    Args:
        test_domain: ``t1`` or ``t2``.
        results: Ours, or ``None``.

    Returns:
        Markdown: a table, or a sentence where nothing was drawn more than once.
    """
    found = draws(results, test_domain)
    if not len(found):
        return Rendered(
            markdown="No network was tuned with several draws of its images yet, so their spread is unknown."
        )
    lines = [
        "| Network | Images | Tuned with | Draws | Mean PSNR, dB | Lowest to highest |",
        "|:--|--:|--:|--:|--:|--:|",
    ]
    for one in found.itertuples():
        lines.append(
            f"| {label('network', one.training_domain)} | {one.n_train} | {one.n_finetune} | {one.draws} | "
            f"{spread(one.psnr, one.psnr_std, 2)} | {one.psnr_low:.2f} to {one.psnr_high:.2f} |"
        )
    return Rendered(markdown="\n".join(lines))


def render_verdicts(checked: Iterable[Claim], test_domain: str, numbers: Iterable[int] | None = None) -> Rendered:
    """Tabulate what became of some claims in one contrast.

    Args:
        checked: From :func:`recon_lib.paper.claims.check`.
        test_domain: ``t1`` or ``t2``.
        numbers: The claims' numbers; by default all of differences in PSNR that could be tested.

    Returns:
        Markdown: a row a claim; one that could not be tested says why.
    """
    lines = ["| The paper claims | Verdict | dB | 95 % interval |", "|:--|:--|--:|:--|"]
    wanted = None if numbers is None else set(numbers)
    for claim in checked:
        for one in claim.verdicts:
            tested = one.verdict != UNTESTED
            in_db = tested and one.unit == "dB"
            if one.test_domain != test_domain or not (in_db if wanted is None else claim.number in wanted):
                continue
            ends = f"{signed(one.low, 2)} to {signed(one.high, 2)}" if tested else ""
            verdict = f"**{one.verdict}**" if tested else f"{one.verdict}: {one.note}"
            lines.append(f"| {claim.sentence} | {verdict} | {signed(one.estimate, 2)} | {ends} |")
    return Rendered(markdown="\n".join(lines) if len(lines) > 2 else "No claim could be tested yet.")


def _ours(results: Results | None, domain: str) -> pandas.DataFrame:
    """Average our cells: the photographs' networks, and the own contrast's tuned with 50; one row a cell and metric."""
    import pandas

    columns = [*_CELL, "metric", *_OURS, "slices", "subjects"]
    empty = pandas.DataFrame(columns=columns).astype(_KINDS)
    if results is None:
        return empty
    rows = results.slices
    own = (rows["training_domain"] == domain) & (rows["n_finetune"] == REFERENCE)
    wanted = (rows["training_domain"] == "natural") | own
    means = summarise(rows[(rows["test_domain"] == domain) & (rows["method"] == "network") & wanted], by=_CELL)
    parts = [
        means.assign(metric=metric, ours=means[metric], ours_std=means[f"{metric}_std"])[columns] for metric in METRICS
    ]
    return pandas.concat(parts, ignore_index=True).astype(_KINDS)


_KINDS = {"training_domain": "str", "metric": "str", "ours": "float64", "ours_std": "float64"} | dict.fromkeys(
    ["n_finetune", "n_train", "slices", "subjects"], "Int64"
)


def _shares(results: Results | None, domain: str) -> str:
    """Say which numbers of slices stand behind the columns of the own contrast's row, where they are not the same."""
    if results is None:
        return ""
    rows = results.slices
    rows = rows[(rows["training_domain"] == domain) & (rows["n_finetune"] == REFERENCE)]
    pairs = rows[["n_train", "n_images"]].dropna().drop_duplicates().sort_values("n_train")
    if not len(pairs) or (pairs["n_train"] == pairs["n_images"]).all():
        return ""
    said = ", ".join(f"{images} in column {n}" for n, images in pairs.itertuples(index=False))
    return (
        f" There are fewer {NAMES[domain]} slices than photographs: the networks {label('network', domain)} saw {said}."
    )


def _cell(cell: object, digits: int, full: float) -> str:
    """Draw a cell: ours, the paper's, the difference."""
    mean, sign, deviation = html.escape(spread(cell.ours, cell.ours_std, digits)).partition(" ± ")
    ours = f"{mean}<span>{sign}{deviation}</span>" if sign else mean or "&nbsp;"
    theirs = html.escape(spread(cell.paper, cell.paper_std, digits)) or "&nbsp;"
    difference = signed(cell.difference, digits) or "&nbsp;"
    return tinted_cell(f"{ours}<small>{theirs}</small>{difference}", cell.difference, full)


def _plain(cell: object, digits: int) -> str:
    """Write a cell in a line."""
    ours, theirs = (spread(mean, float("nan"), digits) for mean in (cell.ours, cell.paper))
    return f"{ours} ({theirs}, {signed(cell.difference, digits)})" if ours and theirs else ours or f"({theirs})"
