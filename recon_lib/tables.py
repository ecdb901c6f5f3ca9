"""The paper's tables with ours beside them, as tidy frames and as HTML that follows the page's theme.

Means and standard deviations are over slices, as the paper's; the deviation is the sample's (divisor n - 1). Where
several draws or seeds reconstructed a slice, their mean is the slice's value.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from recon_lib import paths
from recon_lib.errors import ReconError, choose
from recon_lib.markup import FULL, Rendered, signed, spread, table_box, tinted_cell, two_lines
from recon_lib.results import Results

if TYPE_CHECKING:
    import pandas

NAMES = {"natural": "natural images", "t1": "T1", "t2": "T2", "t1_bold5000": "T1 (BOLD5000)", "": ""}
METRICS = {"psnr": ("PSNR, dB", 2), "ssim": ("SSIM", 3)}
NETWORKS = ("natural", "t1", "t2")  # the domains of the three networks compared
TUNED = 20  # images of the test contrast, Tables 1 and 2
REFERENCE = 50  # and of the last rows of Tables 3 and 4, those of the test contrast's own network
_KEY = ["method", "training_domain", "n_train", "n_finetune"]


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
        slices, subjects, paper, paper_std, difference`` (ours - paper), ``best``. What was not run, or what the
        paper does not have, is missing, never zero. ``n_train`` is ours: the largest number that any network
        tested here was trained on, the same for all. The paper's CS stands beside the literal variant; ``best``
        marks the variant of CS with the highest mean, if there are several.

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
    largest = None if ours is None else ours["n_train"].max()
    rows = []
    for method, training, n_finetune in _rows(ours, tuned):
        printed_count = TUNED if n_finetune else n_finetune
        match = _find(ours, method, training, n_finetune, largest)
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
    cs = frame[frame["method"].str.startswith("cs:") & frame["ours"].notna()]
    best = [rows["ours"].idxmax() for _, rows in cs.groupby("metric") if len(rows) > 1]
    frame["best"] = frame.index.isin(best)
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
        best = [METRICS[row.metric][0].removesuffix(", dB") for row in rows.itertuples() if row.best]
        mark = f"best {' and '.join(best)}" if best else ""
        cells = [label(method, training).removeprefix("trained on ")]
        drawn = ""
        for metric, (_, digits) in METRICS.items():
            row = rows[rows["metric"] == metric].iloc[0]
            cells += [
                spread(row["ours"], row["ours_std"], digits),
                spread(row["paper"], row["paper_std"], digits),
                signed(row["difference"], digits),
            ]
            drawn += "".join(f"<td>{two_lines(cell)}</td>" for cell in cells[-3:-1])
            drawn += tinted_cell(cells[-1], row["difference"], FULL[metric])
        slices = rows["slices"].iloc[0]
        cells.append("" if slices is None or str(slices) == "<NA>" else str(slices))
        if group != (group := _group(method, n_finetune)):
            body.append(f'<tr class="recon-group"><th colspan="8" scope="rowgroup">{html.escape(group)}</th></tr>')
        name = html.escape(cells[0]) + (f"<small>{mark}</small>" if mark else "")
        body.append(f'<tr><th scope="row">{name}</th>{drawn}<td>{cells[-1]}</td></tr>')
        cells[0] += f", {mark}" if mark else ""
        text.append("| " + " | ".join(cells) + " |")
    first = "<tr><th></th>" + "".join(f'<th colspan="3" scope="colgroup">{name}</th>' for name in head[0][1:])
    second = "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in head[1])
    caption = (
        f"{NAMES['t1' if number == 1 else 't2']} test slices: mean &plusmn; sample standard deviation over slices. "
        "A difference is ours less the paper's, blue above it and orange below."
    )
    page = table_box(caption, f"{first}<th></th></tr>{second}</tr>", "".join(body))
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
    about = (results.provenance.get("profile") or {}).get("description", "").rstrip(".")
    what = f" ({about[0].lower()}{about[1:]})" if about else ""
    note = f"Shown here: profile **{results.profile}**{what}, tested on {tests}.{_fewer(slices)}"
    if results.profile == "smoke":
        note += " It is the quick check on generated images: its numbers say nothing about the paper."
    return Rendered(markdown=note)


def _fewer(slices: pandas.DataFrame) -> str:
    """Say on how many images a network was trained, where its domain has fewer than its column says."""
    rows = slices[slices["training_domain"].isin(NAMES.keys() - {"natural"}) & (slices["n_images"] < slices["n_train"])]
    most_asked = slices["n_train"].max()
    most = rows[rows["n_train"] == most_asked].groupby("training_domain")["n_images"].max()
    said = [f"{count} of {NAMES[name]}" for name, count in most.items()]
    if not said:
        return ""
    return f" In place of {most_asked} MR slices, of which there are fewer, a network saw {' or '.join(said)}."


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


def _rows(ours: pandas.DataFrame | None, tuned: int) -> list[tuple[str, str, int | None]]:
    """List the table's rows: method, training domain, fine-tuning images."""
    networks = [("network", domain, n) for n in (0, tuned) for domain in NETWORKS]
    found = set() if ours is None else set(ours["method"])
    symmetry = [("conjugate_symmetry", "", None)] if "conjugate_symmetry" in found else []
    variants = sorted((name for name in found if name.startswith("cs:")), key=_cs_order)
    if variants and variants[0] != "cs:literal":
        variants.insert(0, "cs:literal")  # the paper's row has its place, ours in it is empty
    cs = [(name, "", None) for name in variants or ["cs"]]
    return [("zero_filled", "", None), *symmetry, *networks, *cs]


def _cs_order(name: str) -> tuple[int, str]:
    """Sort the variants of CS: the literal one, complex with total variation, then real-valued."""
    variant = name.removeprefix("cs:")
    return (0 if variant == "literal" else 2 if variant.startswith("real") else 1), variant


def _find(
    ours: pandas.DataFrame | None, method: str, training: str, n_finetune: int | None, n_train: int | None
) -> pandas.Series | None:
    """Find our row."""
    if ours is None:
        return None
    match = ours[(ours["method"] == method) & (ours["training_domain"] == training)]
    if method == "network":
        match = match[(match["n_finetune"] == n_finetune) & (match["n_train"] == n_train)]
    return match.iloc[0] if len(match) else None


def _group(method: str, n_finetune: object) -> str:
    if method.partition(":")[0] == "cs":
        return "compressed sensing"
    if method != "network":
        return "no training"
    if not n_finetune:
        return "trained on, and not tuned"
    unlike = "" if n_finetune == TUNED else f" (the paper: {TUNED})"
    return f"trained on, then tuned with {n_finetune} images of the test contrast{unlike}"
