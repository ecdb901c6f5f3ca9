"""The paper's tables with ours beside them, as tidy frames and as HTML that follows the page's theme.

Means and standard deviations are over slices, as the paper's; the deviation is the sample's (divisor n - 1). Where
several draws or seeds reconstructed a slice, their mean is the slice's value.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from recon_lib.core.errors import choose
from recon_lib.experiment.design import NETWORKS, TUNED, domain_name
from recon_lib.paper.averages import KEY, METRICS, summarise, tuned_count
from recon_lib.paper.domains import page_domains
from recon_lib.paper.markdown import table
from recon_lib.paper.markup import FULL, Rendered, signed, spread, table_box, tinted_cell, two_lines
from recon_lib.paper.reference import TABLES, paper
from recon_lib.paper.words import label
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas


def comparison(test_domain: str, results: Results | None) -> pandas.DataFrame:
    """Compare the networks on one contrast, ours beside the paper's Table 1 (T1) or 2 (T2).

    Args:
        test_domain: The contrast; one that the paper has no table of has no numbers of the paper's.
        results: Ours; ``None`` before anything has been run.

    Returns:
        One row a method and metric: ``method, training_domain, n_train, n_finetune, metric, ours, ours_std,
        slices, subjects, paper, paper_std, difference`` (ours - paper), ``best``. What was not run, or what the
        paper does not have, is missing, never zero. ``n_train`` is ours: the largest number that any network
        tested here was trained on, the same for all. The paper's CS stands beside the literal variant; ``best``
        marks the variant of CS with the highest mean, if there are several.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    import pandas

    choose("test domain", test_domain, page_domains(results))
    theirs = paper()
    theirs = theirs[theirs["table"] == TABLES.get(test_domain)]
    ours = None if results is None else summarise(results.slices[results.slices["test_domain"] == test_domain])
    tuned = tuned_count(None if results is None else results.slices, test_domain)
    largest = None if ours is None else ours["n_train"].max()
    rows = []
    for method, training, n_finetune in _rows(ours, tuned, test_domain):
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
    columns = [*KEY, "metric", "ours", "ours_std", "slices", "subjects", "paper", "paper_std"]
    frame = pandas.DataFrame(rows, columns=columns)
    counts = ["n_train", "n_finetune", "slices", "subjects"]
    frame = frame.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(["ours", "ours_std"], "float64"))
    frame["difference"] = frame["ours"] - frame["paper"]
    cs = frame[frame["method"].str.startswith("cs:") & frame["ours"].notna()]
    best = [rows["ours"].idxmax() for _, rows in cs.groupby("metric") if len(rows) > 1]
    frame["best"] = frame.index.isin(best)
    return frame


_PAPER = {"paper": "mean", "paper_std": "std"}


def render_comparison(test_domain: str, results: Results | None) -> Rendered:
    """Draw the comparison of one contrast, the paper's Table 1 or 2, for a page.

    Args:
        test_domain: The contrast.
        results: Ours; ``None`` leaves our cells empty.

    Returns:
        HTML and Markdown; an empty cell was not run.

    Raises:
        ReconError: Neither the paper nor the results have such a contrast.
    """
    frame = comparison(test_domain, results)
    heads = ["", *["ours", "paper", "difference"] * len(METRICS), "slices"]
    body, text, group = [], [], None
    for (method, training, n_finetune), rows in frame.groupby(
        ["method", "training_domain", "n_finetune"], dropna=False, sort=False
    ):
        best = [row.metric.upper() for row in rows.itertuples() if row.best]
        mark = f"best {' and '.join(best)}" if best else ""
        cells = [domain_name(training) if method == "network" else label(method, training)]
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
        text.append(cells)
    first = "<tr><th></th>" + "".join(f'<th colspan="3" scope="colgroup">{name}</th>' for name, _ in METRICS.values())
    second = "<tr>" + "".join(f'<th scope="col">{name}</th>' for name in heads)
    caption = (
        f"{domain_name(test_domain)} test slices: mean &plusmn; sample standard deviation over slices. "
        "A difference is ours less the paper's, blue above it and orange below."
    )
    page = table_box(caption, f"{first}<th></th></tr>{second}</tr>", "".join(body))
    return Rendered(page, table(heads, text, "l" + "r" * (len(heads) - 1)))


def _rows(ours: pandas.DataFrame | None, tuned: int, test_domain: str) -> list[tuple[str, str, int | None]]:
    """List the table's rows: method, training domain, fine-tuning images."""
    methods = set() if ours is None else set(ours["method"])
    trained = set() if ours is None else set(ours["training_domain"])
    domains = dict.fromkeys((*NETWORKS, *({test_domain} & trained)))  # the paper's three, and the contrast's own
    networks = [("network", domain, n) for n in (0, tuned) for domain in domains]
    symmetry = [("conjugate_symmetry", "", None)] if "conjugate_symmetry" in methods else []
    variants = sorted((method for method in methods if method.startswith("cs:")), key=_cs_order)
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
