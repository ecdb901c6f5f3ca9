"""The paper's Tables 3 and 4 with ours beside them: training images against fine-tuning images.

Each cell is a network trained on photographs, and the last row the network of the test's own contrast, tuned with 50
images. Means are over slices and draws, as in :mod:`recon_lib.paper.tables12`; a cell that was not run is missing,
never zero.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from recon_lib.core.errors import choose
from recon_lib.experiment.design import REFERENCE, domain_name
from recon_lib.paper.averages import METRICS, summarise
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import table
from recon_lib.paper.markup import FULL, Rendered, hatched_cell, signed, spread, table_box, tinted_cell
from recon_lib.paper.reference import GRIDS, MISPRINTS, paper
from recon_lib.paper.words import label
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_CELL = ["training_domain", "n_finetune", "n_train"]


def grid(test_domain: str, results: Results | None) -> pandas.DataFrame:
    """Return the grid of one contrast, ours beside the paper's Table 3 (T1) or 4 (T2).

    Args:
        test_domain: The contrast; one that the paper has no grid of has no numbers of the paper's.
        results: Ours; ``None`` before anything has been run.

    Returns:
        One row a cell and metric: ``training_domain, n_finetune, n_train, metric, ours, ours_std, slices, subjects,
        paper, paper_std, difference`` (ours - paper), ``misprint`` (whether the paper's number is probably one).
        Cells of the paper that were not run, and cells of ours that the paper does not have, are there, and what they
        lack is missing.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    choose("test domain", test_domain, page_domains(results))
    theirs = paper()
    theirs = theirs[theirs["table"] == GRIDS.get(test_domain)].rename(columns={"mean": "paper", "std": "paper_std"})
    frame = theirs[[*_CELL, "metric", "paper", "paper_std"]].merge(
        _ours(results, test_domain), how="outer", on=[*_CELL, "metric"]
    )
    frame["difference"] = frame["ours"] - frame["paper"]
    numbers = frame[["training_domain", "n_train", "n_finetune", "metric"]].itertuples(index=False, name=None)
    frame["misprint"] = [(GRIDS.get(test_domain), *cell) in MISPRINTS for cell in numbers]
    frame["rank"] = frame["training_domain"].map({"natural": 0, test_domain: 1})
    ordered = frame.sort_values(["rank", "metric", "n_finetune", "n_train"], ignore_index=True)
    return ordered[[*_CELL, "metric", *_OURS, "slices", "subjects", "paper", "paper_std", "difference", "misprint"]]


_OURS = ["ours", "ours_std"]


def render_grid(test_domain: str, metric: str, results: Results | None) -> Rendered:
    """Draw the grid of one contrast, the paper's Table 3 or 4, for a page, one metric.

    Args:
        test_domain: The contrast.
        metric: ``psnr`` or ``ssim``.
        results: Ours; ``None`` leaves our part of each cell empty.

    Returns:
        HTML, which scrolls inside its own box, and Markdown. A cell: ours, the paper's, and the difference, whose
        sign and colour say which is higher. A number of the paper's that is probably a misprint has an asterisk and
        its cell is hatched.

    Raises:
        ReconError: There is no such metric, or neither the paper nor the results have such a contrast.
    """
    choose("metric", metric, list(METRICS))
    name, digits = METRICS[metric]
    frame = grid(test_domain, results)
    frame = frame[frame["metric"] == metric]
    sizes = sorted(frame["n_train"].unique())
    body, text = [], []
    for training, rows in frame.groupby("training_domain", sort=False):
        group = label("network", training)
        body.append(
            f'<tr class="recon-group"><th colspan="{len(sizes) + 1}" scope="rowgroup">{html.escape(group)}</th></tr>'
        )
        for n_finetune, line in rows.groupby("n_finetune"):
            cells = line.set_index("n_train").reindex(sizes)
            drawn = "".join(_cell(cell, digits, FULL[metric]) for cell in cells.itertuples())
            body.append(f'<tr><th scope="row">{n_finetune}</th>{drawn}</tr>')
            text.append((f"{group}, {n_finetune}", *(_plain(cell, digits) for cell in cells.itertuples())))
    plain = table(("tuned with", *map(str, sizes)), text, "r" * (len(sizes) + 1))
    heads = "".join(f'<th scope="col">{size}</th>' for size in sizes)
    caption = (
        f"{name}, {domain_name(test_domain)} test slices: ours &plusmn; sample standard deviation over slices, below "
        "it the paper's, then ours less the paper's (blue above it, orange below)."
    )
    if frame["misprint"].any():
        plain += f"\n\n{_FOOTNOTE}"
        caption += f" {_FOOTNOTE}"
    head = (
        f'<tr><th></th><th colspan="{len(sizes)}" scope="colgroup">training images</th></tr>'
        f'<tr><th scope="col">tuned with</th>{heads}</tr>'
    )
    return Rendered(table_box(caption, head, "".join(body), "recon-grid"), plain)


def render_counts(test_domain: str, results: Results | None) -> Rendered:
    """Say how many cells of a grid were run and how many are missing, and on how many images its last row rests.

    Args:
        test_domain: The contrast.
        results: Ours, or ``None``.

    Returns:
        Markdown.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    frame = grid(test_domain, results).query("metric == 'psnr'")
    printed = frame[frame["paper"].notna()]
    extra = int(frame["paper"].isna().sum())
    if not len(printed):
        return Rendered(markdown=f"The paper has no such grid; {extra} cells were run.{_shares(results, test_domain)}")
    parts = [
        f"{rows['ours'].notna().sum()} of {len(rows)} {label('network', training)}"
        for training, rows in printed.groupby("training_domain", sort=False)
    ]
    run = int(printed["ours"].notna().sum())
    if run == len(printed):
        note = f"All {run} cells of the paper were run."
    else:
        note = f"Of the paper's {len(printed)} cells **{run} were run and {len(printed) - run} are missing**: "
        note += f"{', '.join(parts)}."
    note += f" {extra} more are not in the paper." if extra else ""
    return Rendered(markdown=note + _shares(results, test_domain))


def render_updates(test_domain: str, results: Results | None) -> Rendered:
    """Say how often fine-tuning updated a network with each number of images.

    Args:
        test_domain: The contrast.
        results: Ours, or ``None``.

    Returns:
        Markdown, counted in the runs' own histories; empty if nothing was tuned.
    """
    if results is None or not len(results.history):
        return Rendered(markdown="")
    rows = results.history[results.history["test_domain"] == test_domain]
    counts = rows.groupby("n_finetune")["updates"].max()
    if not len(counts):
        return Rendered(markdown="")
    phrases = [f"{updates:.0f} with {images:.0f}" for images, updates in counts.items()]
    phrases[0] = f"{counts.iloc[0]:.0f} times with {counts.index[0]:.0f} images"
    note = f"Fine-tuning updated a network {', '.join(phrases)}."
    bound = results.provenance.get("profile", {}).get("fine_tuning", {}).get("max_updates")
    if bound is not None:
        note += f" (Whole epochs, bounded by {bound} updates.)"
    if counts.duplicated().any():
        note += " Rows with as many updates differ only in how many different images were used."
    return Rendered(markdown=note)


def _ours(results: Results | None, domain: str) -> pandas.DataFrame:
    """Average our cells: the photographs' networks, and the own contrast's tuned with 50; one row a cell and metric."""
    import pandas

    columns = [*_CELL, "metric", *_OURS, "slices", "subjects"]
    empty = pandas.DataFrame(columns=columns).astype(_KINDS)
    if results is None:
        return empty
    rows = results.slices
    own = (rows["training_domain"] == domain) & (rows["n_finetune"] == REFERENCE)
    in_grid = (rows["training_domain"] == "natural") | own
    means = summarise(rows[(rows["test_domain"] == domain) & (rows["method"] == "network") & in_grid], by=_CELL)
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
    counts = ", ".join(f"{images} for {n}" for n, images in pairs.itertuples(index=False))
    network = label("network", domain)
    return f" There are fewer {domain_name(domain)} slices than photographs: the networks {network} saw {counts}."


_FOOTNOTE = "* Hatched: the paper's number is probably a misprint, so the difference to it says nothing."


def _cell(cell: object, digits: int, full: float) -> str:
    """Draw a cell: ours, the paper's, the difference."""
    mean, sign, deviation = html.escape(spread(cell.ours, cell.ours_std, digits)).partition(" ± ")
    ours = f"{mean}<span>{sign}{deviation}</span>" if sign else mean or "&nbsp;"
    theirs = html.escape(_printed(cell, digits, cell.paper_std)) or "&nbsp;"
    difference = signed(cell.difference, digits) or "&nbsp;"
    if cell.misprint:
        return hatched_cell(f"{ours}<small>{theirs}</small>{difference}")
    return tinted_cell(f"{ours}<small>{theirs}</small>{difference}", cell.difference, full)


def _plain(cell: object, digits: int) -> str:
    """Write a cell in a line."""
    ours, theirs = spread(cell.ours, float("nan"), digits), _printed(cell, digits, float("nan"))
    return f"{ours} ({theirs}, {signed(cell.difference, digits)})" if ours and theirs else ours or f"({theirs})"


def _printed(cell: object, digits: int, deviation: float) -> str:
    """Write the paper's number, with an asterisk if it is probably a misprint."""
    number = spread(cell.paper, deviation, digits)
    return f"{number}*" if cell.misprint and number else number
