"""The paper's tables with ours beside them, as tidy frames and as HTML that follows the page's theme.

Means and standard deviations are over slices, as the paper's; the deviation is the sample's (divisor n - 1). Where
several draws or seeds reconstructed a slice, their mean is the slice's value.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib import paths
from recon_lib.errors import ReconError, choose
from recon_lib.results import Results

if TYPE_CHECKING:
    import pandas

NAMES = {"natural": "natural images", "t1": "T1", "t2": "T2", "t1_bold5000": "T1 (BOLD5000)", "": ""}
METRICS = {"psnr": ("PSNR, dB", 2), "ssim": ("SSIM", 3)}
NETWORKS = ("natural", "t1", "t2")  # the domains of the three networks compared
TUNED = 20  # images of the test contrast, Tables 1 and 2
_KEY = ["method", "training_domain", "n_train", "n_finetune"]
_STYLE = """<style>
.text_html:has(.recon-table) {background: transparent !important; color: inherit !important; padding: 0;}
.recon-scroll {overflow-x: auto; margin: 1rem 0;}
.recon-table {border-collapse: collapse; margin: 0; font-size: 0.9em; font-variant-numeric: tabular-nums;}
.recon-table caption {caption-side: top; text-align: left; padding-bottom: 0.5em; color: inherit;}
.recon-table th, .recon-table td {padding: 0.25em 0.6em; text-align: right; white-space: nowrap; color: inherit;
  background: transparent; border: 0; vertical-align: top; line-height: 1.25;}
.recon-table th:first-child, .recon-table td:first-child {text-align: left; padding-left: 0;}
.recon-table thead th {border-bottom: 1px solid rgba(128, 128, 128, 0.6); vertical-align: bottom;}
.recon-table thead th[colspan] {text-align: center;}
.recon-table tr.recon-group th {text-align: left; font-weight: normal; font-style: italic;
  border-top: 1px solid rgba(128, 128, 128, 0.35); padding-top: 0.6em;}
.recon-table tbody th {font-weight: normal;}
.recon-table small {display: block; opacity: 0.75; font-size: 0.85em;}
</style>"""


@dataclass(frozen=True)
class Rendered:
    """What a page displays.

    Attributes:
        html: For a browser; empty for text alone.
        markdown: For the book, which resolves its links, or for any plain reader.
    """

    html: str = ""
    markdown: str = ""

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        kinds = {"text/html": self.html, "text/markdown": self.markdown}
        return {kind: text for kind, text in kinds.items() if text}


def paper() -> pandas.DataFrame:
    """Return every number of the paper's Tables 1 to 4.

    Returns:
        Columns ``table, test_domain, method (network or cs), training_domain, n_train, n_finetune, metric, mean,
        std``, in the names of :mod:`recon_lib.storage`; the paper's ImageNet is ``natural``.

    Raises:
        ReconError: The file is not there.
    """
    import pandas

    path = paths.RESULTS / "paper_tables.csv"
    if not path.is_file():
        raise ReconError(f"There is no file {path}: restore it from the repository.")
    frame = pandas.read_csv(path, dtype={"n_train": "Int64", "n_finetune": "Int64"})
    is_cs = frame["training_domain"] == "CS"
    frame.insert(2, "method", is_cs.map({True: "cs", False: "network"}))
    frame["test_domain"] = frame["test_domain"].str.lower()
    frame["training_domain"] = frame["training_domain"].where(~is_cs, "").str.lower()
    return frame


def summarise(slices: pandas.DataFrame, by: Sequence[str] = ("test_domain", *_KEY)) -> pandas.DataFrame:
    """Average PSNR and SSIM over slices.

    Args:
        slices: Rows of ``slices.csv.gz``.
        by: What makes a row of the summary.

    Returns:
        One row a group: ``by``, then ``psnr, psnr_std, ssim, ssim_std, slices, subjects``.
    """
    place = ["subject", "slice"]
    each = slices.groupby([*by, *place], dropna=False, as_index=False)[list(METRICS)].mean()
    groups = each.groupby(list(by), dropna=False)
    return groups.agg(
        psnr=("psnr", "mean"),
        psnr_std=("psnr", "std"),
        ssim=("ssim", "mean"),
        ssim_std=("ssim", "std"),
        slices=("slice", "size"),
        subjects=("subject", "nunique"),
    ).reset_index()


def table(number: int, results: Results | None) -> pandas.DataFrame:
    """Return one of the paper's tables, ours beside the paper's.

    Args:
        number: 1 (T1 test) or 2 (T2 test).
        results: Ours; ``None`` before anything has been run.

    Returns:
        One row a method and metric: ``method, training_domain, n_train, n_finetune, metric, ours, ours_std,
        slices, subjects, paper, paper_std, difference`` (ours - paper). What was not run, or what the paper does
        not have, is missing, never zero. ``n_train`` is ours: 4000, or else the largest number that was run.

    Raises:
        ReconError: There is no such table.
    """
    import pandas

    choose("table", str(number), ("1", "2"))
    domain = "t1" if number == 1 else "t2"
    theirs = paper()
    theirs = theirs[theirs["table"] == number]
    ours = None if results is None else summarise(results.slices[results.slices["test_domain"] == domain])
    tuned = tuned_count(None if results is None else results.slices, domain)
    rows = []
    for method, training, n_finetune in _rows(ours, tuned):
        printed_count = TUNED if n_finetune else n_finetune
        match = _find(ours, method, training, n_finetune)
        for metric in METRICS:
            printed = theirs[
                (theirs["metric"] == metric)
                & (theirs["training_domain"] == training)
                & (theirs["n_finetune"].fillna(-1) == (-1 if n_finetune is None else printed_count))
                & (theirs["method"] == ("cs" if method in ("cs", "cs:literal") else method))
            ]
            row = {"method": method, "training_domain": training, "n_finetune": n_finetune, "metric": metric}
            row |= {name: printed[source].iloc[0] for name, source in _PAPER.items() if len(printed)}
            if match is not None:
                row |= {"ours": match[metric], "ours_std": match[f"{metric}_std"]}
                row |= {name: match[name] for name in ("n_train", "slices", "subjects")}
            rows.append(row)
    columns = [*_KEY, "metric", "ours", "ours_std", "slices", "subjects", "paper", "paper_std"]
    frame = pandas.DataFrame(rows, columns=columns)
    counts = ["n_train", "n_finetune", "slices", "subjects"]
    frame = frame.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(["ours", "ours_std"], "float64"))
    frame["difference"] = frame["ours"] - frame["paper"]
    return frame


_PAPER = {"paper": "mean", "paper_std": "std"}


def render_table(number: int, results: Results | None) -> Rendered:
    """Draw Table 1 or 2 for a page.

    Args:
        number: 1 or 2.
        results: Ours; ``None`` leaves our cells empty.

    Returns:
        HTML and Markdown; an empty cell was not run.

    Raises:
        ReconError: There is no such table.
    """
    frame = table(number, results)
    head = [["", *(name for name, _ in METRICS.values())], ["", *["ours", "paper", "difference"] * 2, "slices"]]
    body, text, group = [], ["| |" + " ours | paper | difference |" * 2 + " slices |", "|---" + "|---:" * 7 + "|"], None
    for (method, training, n_finetune), rows in frame.groupby(
        ["method", "training_domain", "n_finetune"], dropna=False, sort=False
    ):
        cells = [label(method, training).removeprefix("trained on ")]
        for metric, (_, digits) in METRICS.items():
            row = rows[rows["metric"] == metric].iloc[0]
            cells += [
                spread(row["ours"], row["ours_std"], digits),
                spread(row["paper"], row["paper_std"], digits),
                signed(row["difference"], digits),
            ]
        slices = rows["slices"].iloc[0]
        cells.append("" if slices is None or str(slices) == "<NA>" else str(slices))
        if group != (group := _group(method, n_finetune)):
            body.append(f'<tr class="recon-group"><th colspan="8" scope="rowgroup">{html.escape(group)}</th></tr>')
        values = "".join(f"<td>{_two_lines(cell)}</td>" for cell in cells[1:])
        body.append(f'<tr><th scope="row">{html.escape(cells[0])}</th>{values}</tr>')
        text.append("| " + " | ".join(cells) + " |")
    first = "<tr><th></th>" + "".join(f'<th colspan="3" scope="colgroup">{name}</th>' for name in head[0][1:])
    second = "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in head[1])
    caption = (
        f"{NAMES['t1' if number == 1 else 't2']} test slices: mean &plusmn; sample standard deviation over slices."
    )
    page = (
        f'{_STYLE}<div class="recon-scroll" tabindex="0"><table class="recon-table"><caption>{caption}</caption>'
        f"<thead>{first}<th></th></tr>{second}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
    return Rendered(page, "\n".join(text))


def render_source(results: Results | None) -> Rendered:
    """Say in a sentence which results a page shows.

    Args:
        results: What is shown, or ``None``.

    Returns:
        Markdown.
    """
    if results is None:
        return Rendered(markdown="```{note}\nNothing has been run yet, so only the paper's side is shown.\n```")
    slices = results.slices
    counts = slices.drop_duplicates(["test_domain", "subject", "slice"]).groupby("test_domain")
    tests = " and ".join(
        f"{len(rows)} {NAMES[name]} slices of {rows['subject'].nunique()} subjects" for name, rows in counts
    )
    note = f"Shown here: profile **{results.profile}**, tested on {tests}."
    if results.profile == "smoke":
        note += " It is the quick check on generated images: its numbers say nothing about the paper."
    return Rendered(markdown=note)


def tuned_count(slices: pandas.DataFrame | None, test_domain: str) -> int:
    """Return the fine-tuning images that stand for the paper's 20: those, or the largest number that was run."""
    if slices is None:
        return TUNED
    rows = slices[(slices["test_domain"] == test_domain) & (slices["method"] == "network")]
    counts = {int(n) for n in rows["n_finetune"].dropna() if n > 0}
    return TUNED if TUNED in counts or not counts else max(counts)


def label(method: str, training_domain: str) -> str:
    """Name a method for a reader.

    Args:
        method: As in the column ``method``.
        training_domain: As in its column.

    Returns:
        For instance ``"trained on T1"``.
    """
    if method == "network":
        return f"trained on {NAMES.get(training_domain, training_domain)}"
    untrained = {"zero_filled": "zero-filled", "conjugate_symmetry": "conjugate symmetry", "cs": "CS"}
    return untrained.get(method) or f"CS ({method.partition(':')[2]})"


def spread(mean: float, deviation: float, digits: int) -> str:
    """Write ``mean ± deviation``, or nothing for a mean that is missing."""
    if mean != mean:  # noqa: PLR0124 - NaN
        return ""
    return f"{mean:.{digits}f}" + (f" ± {deviation:.{digits}f}" if deviation == deviation else "")  # noqa: PLR0124


def signed(value: float, digits: int) -> str:
    """Write a difference with its sign (a true minus), or nothing if it is missing."""
    return "" if value != value else f"{value:+.{digits}f}".replace("-", "−")  # noqa: PLR0124, RUF001


def _rows(ours: pandas.DataFrame | None, tuned: int) -> list[tuple[str, str, int | None]]:
    """List the table's rows: method, training domain, fine-tuning images."""
    networks = [("network", domain, n) for n in (0, tuned) for domain in NETWORKS]
    found = [] if ours is None else sorted({name for name in ours["method"] if name.startswith("cs:")})
    return [("zero_filled", "", None), *networks, *((name, "", None) for name in found or ["cs"])]


def _find(ours: pandas.DataFrame | None, method: str, training: str, n_finetune: int | None) -> pandas.Series | None:
    """Find our row, with 4000 training images or the largest number there is."""
    if ours is None:
        return None
    match = ours[(ours["method"] == method) & (ours["training_domain"] == training)]
    if method == "network":
        match = match[match["n_finetune"] == n_finetune].sort_values("n_train")
    return match.iloc[-1] if len(match) else None


def _group(method: str, n_finetune: object) -> str:
    if method != "network":
        return "no training"
    if not n_finetune:
        return "trained on, and not tuned"
    unlike = "" if n_finetune == TUNED else f" (the paper: {TUNED})"
    return f"trained on, then tuned with {n_finetune} images of the test contrast{unlike}"


def _two_lines(cell: str) -> str:
    """Put the deviation below the mean, so that the table fits a narrow page."""
    mean, _, deviation = html.escape(cell).partition(" ± ")
    return f"{mean}<small>± {deviation}</small>" if deviation else mean
