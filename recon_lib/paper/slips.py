"""Slips of the paper: what it prints, where, and what follows from its own tables.

The printed claims are data; each function recomputes one from ``paper_tables.csv``. Stated so that nobody looks for
the difference in the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recon_lib.experiment.grid import Training
from recon_lib.paper import claims
from recon_lib.paper.markdown import render_table
from recon_lib.paper.markup import Rendered
from recon_lib.paper.reference import GRIDS, MISPRINTS, TABLES, paper
from recon_lib.paper.verdicts import Outcome

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Slip:
    """One claim that does not fit.

    Attributes:
        title: What it is about.
        source: Where the paper prints it.
        printed: What it prints.
        recompute: From the paper's tables (:func:`recon_lib.paper.reference.paper`) to the numbers in question,
            by name.
        finding: What they say, with those names in braces.
    """

    title: str
    source: str
    printed: str
    recompute: Callable[[pandas.DataFrame], dict[str, object]]
    finding: str


def psnr(frame: pandas.DataFrame, table: int, training_domain: str, n_train: int, n_finetune: int) -> float:
    """Return a mean PSNR that the paper prints, in dB.

    Args:
        frame: The paper's tables.
        table: 1 to 4.
        training_domain: ``natural``, ``t1`` or ``t2``.
        n_train: Training images.
        n_finetune: Fine-tuning images.
    """
    rows = frame[(frame["metric"] == "psnr") & (frame["table"] == table)]
    rows = rows[(rows["training_domain"] == training_domain) & (rows["n_train"] == n_train)]
    return float(rows[rows["n_finetune"] == n_finetune]["mean"].iloc[0])


def gain_over_cs(frame: pandas.DataFrame, test_domain: str) -> dict[str, float]:
    """Return the gain of the tuned networks over CS, in dB.

    Args:
        frame: The paper's tables.
        test_domain: ``t1`` or ``t2``.

    Returns:
        ``at20`` and ``at50``: the network trained on 4000 photographs, tuned with that many images; ``own50``: the
        network of the test's own contrast.
    """
    grid = GRIDS[test_domain]
    cs = _cs(frame, test_domain)
    return {
        "at20": psnr(frame, grid, "natural", 4000, 20) - cs,
        "at50": psnr(frame, grid, "natural", 4000, 50) - cs,
        "own50": psnr(frame, grid, test_domain, 4000, 50) - cs,
    }


def cells_that_fit(frame: pandas.DataFrame, test_domain: str, gain: float) -> str:
    """Name the cells of Table 3 or 4 whose gain over CS rounds to a printed one.

    Args:
        frame: The paper's tables.
        test_domain: ``t1`` or ``t2``.
        gain: As printed, dB.

    Returns:
        For instance ``"photographs, 2000 images, tuned with 50"``; ``"no cell"`` if there is none.
    """
    grid = GRIDS[test_domain]
    rows = frame[(frame["metric"] == "psnr") & (frame["table"] == grid)]
    fits = rows[(rows["mean"] - _cs(frame, test_domain) - gain).abs() < 0.005]
    names = {"natural": "photographs", "t1": "T1", "t2": "T2"}
    cells = [
        f"{names[row.training_domain]}, {row.n_train} images, tuned with {row.n_finetune}" for row in fits.itertuples()
    ]
    return "; ".join(cells) or "no cell"


def error_ratio(frame: pandas.DataFrame) -> dict[str, float]:
    """Return how much larger the error of photographs and 20 images is than that of the domain-trained network.

    Args:
        frame: The paper's tables.

    Returns:
        In per cent: ``t1``, ``t2`` of the mean-squared error, ``root_t1``, ``root_t2`` of its root. A distance of d dB
        is a factor of ``10**(d / 10)`` in the one and ``10**(d / 20)`` in the other.
    """
    ratios = {}
    for domain, grid in GRIDS.items():
        distance = psnr(frame, grid, domain, 4000, 50) - psnr(frame, grid, "natural", 4000, 20)
        ratios[domain] = 100 * (10 ** (distance / 10) - 1)
        ratios[f"root_{domain}"] = 100 * (10 ** (distance / 20) - 1)
    return ratios


def odd_entry(frame: pandas.DataFrame, table: int, training_domain: str) -> dict[str, float]:
    """Compare the entry of 1500 training images, tuned with 50, with its neighbours.

    Args:
        frame: The paper's tables.
        table: 3 or 4.
        training_domain: The row.

    Returns:
        ``psnr_1000`` and ``psnr_2000``: PSNR with so many images; ``off``: the entry less their mean; ``most``: the
        largest such distance, in absolute value, of any other 1500-image entry of the two tables. All in dB.
    """
    rows = frame[(frame["metric"] == "psnr") & (frame["table"].isin([3, 4])) & (frame["n_train"] == 1500)]
    off = {}
    for row in rows.itertuples():
        ends = [psnr(frame, row.table, row.training_domain, n, row.n_finetune) for n in (1000, 2000)]
        off[row.table, row.training_domain, row.n_finetune] = row.mean - sum(ends) / 2
    odd = [(number, domain, n_finetune) for number, domain, _, n_finetune, _ in MISPRINTS]
    neighbours = {f"psnr_{n}": psnr(frame, table, training_domain, n, 50) for n in (1000, 2000)}
    most = max(abs(value) for key, value in off.items() if key not in odd)
    return {**neighbours, "off": off[table, training_domain, 50], "most": most}


def raw_gap(frame: pandas.DataFrame, test_domain: str, better: str, worse: str) -> dict[str, float]:
    """Return the distance of two networks as trained, ``gap``, in dB.

    Args:
        frame: The paper's tables.
        test_domain: ``t1`` or ``t2``.
        better: Training domain of the one.
        worse: Of the other.
    """
    table = TABLES[test_domain]
    return {"gap": psnr(frame, table, better, 4000, 0) - psnr(frame, table, worse, 4000, 0)}


def reference_row(frame: pandas.DataFrame) -> dict[str, float]:
    """Return PSNR of the T1-trained network: as trained (``raw``, Table 1) and in the reference row (``shown``)."""
    return {"raw": psnr(frame, 1, "t1", 4000, 0), "shown": psnr(frame, 3, "t1", 4000, 50)}


def update_counts(_: pandas.DataFrame) -> dict[str, int]:
    """Return the updates of a sub-network by the paper's recipe, with 500 (``few``) and 4000 (``many``) images."""
    recipe = Training()
    return {"few": recipe.updates(500), "many": recipe.updates(4000)}


SLIPS = (
    Slip(
        "gain over CS in T1",
        "text",
        "2.50 dB",
        lambda frame: {**gain_over_cs(frame, "t1"), "fits": cells_that_fit(frame, "t1", 2.50)},
        "{at20:.2f} dB with 20 images, {at50:.2f} dB with 50; what fits: {fits}",
    ),
    Slip(
        "gain over CS in T2",
        "text",
        "3.68 dB",
        lambda frame: {**gain_over_cs(frame, "t2"), "fits": cells_that_fit(frame, "t2", 3.68)},
        "{at20:.2f} dB with 20 images, {at50:.2f} dB with 50; what fits: {fits}",
    ),
    Slip(
        "distance to the domain-trained network, in mean-squared error",
        "text",
        "6.5 % (T1), 5.4 % (T2)",
        error_ratio,
        "{t1:.1f} % and {t2:.1f} %; the printed ones are of its root: {root_t1:.1f} % and {root_t2:.1f} %",
    ),
    Slip(
        "1500 photographs, tuned with 50 images",
        "Table 4",
        "34.36 dB",
        lambda frame: odd_entry(frame, 4, "natural"),
        "its neighbours are {psnr_1000:.2f} and {psnr_2000:.2f} dB: {off:+.2f} dB from their mean, where no other "
        "entry is further than {most:.2f} dB; 35.36 dB was probably meant",
    ),
    Slip(
        "1500 T1 images",
        "Table 3",
        "34.69 dB",
        lambda frame: odd_entry(frame, 3, "t1"),
        "its neighbours are {psnr_1000:.2f} and {psnr_2000:.2f} dB: {off:+.2f} dB from their mean, where no other "
        "entry is further than {most:.2f} dB",
    ),
    Slip(
        "reference row of T1- and T2-trained networks",
        "captions of Figures 4 and 5",
        "without fine-tuning",
        reference_row,
        "tuned with 50 images, as the text says: the T1-trained network has {raw:.2f} dB as trained, {shown:.2f} dB "
        "in that row",
    ),
    Slip(
        "photographs against T1-trained, both as trained, on T2",
        "text",
        "nearly 1 dB",
        lambda frame: raw_gap(frame, "t2", "natural", "t1"),
        "{gap:.2f} dB",
    ),
    Slip(
        "T2-trained below T1-trained, both as trained, on T1",
        "text",
        "2 dB",
        lambda frame: raw_gap(frame, "t1", "t1", "t2"),
        "{gap:.2f} dB",
    ),
    Slip(
        "dependence on the number of training images",
        "Tables 3 and 4",
        "20 epochs, whatever the number of images",
        update_counts,
        "{few} updates of a sub-network with 500 images and {many} with 4000: part of what the tables show may be an "
        "effect of the updates",
    ),
)
WORDS = (
    (
        "Eq. 4",
        "its norms are printed without squares, and the text says mean-squared; eq. 10 squares that of the weights.",
    ),
    ("Eq. 7", "its second term is printed with $x_u$, an image, among k-space samples; it is $y_u$."),
    ("Figures 2 and 3", "the panel letters do not match the text."),
)  # what no table can show


def render_slips() -> Rendered:
    """Draw the table of slips, its last column computed from the paper's own tables.

    Returns:
        Markdown.

    Raises:
        ReconError: The paper's tables are not there.
    """
    frame = paper()
    rows = (
        (
            f"*{slip.source}*: {slip.title}",
            slip.printed,
            slip.finding.format(**slip.recompute(frame)).replace(" -", " −"),  # noqa: RUF001 - a true minus
        )
        for slip in SLIPS
    )
    return render_table(("Where, and about what", "Printed", "The paper's own numbers say"), rows, "lll")


def render_verdicts() -> Rendered:
    """Say how the claims fare on the paper's own tables.

    Returns:
        Markdown.
    """
    checked = claims.check(None)
    tested = [claim for claim in checked if any(verdict.tested for verdict in claim.paper)]
    holding = [claim for claim in tested if all(verdict.outcome is Outcome.HOLDS for verdict in claim.paper)]
    note = f"The [checks of this book](claims.md), run on the paper's tables: {len(holding)} of {len(tested)} claims "
    note += "hold."
    if untested := [str(claim.number) for claim in checked if claim not in tested]:
        note += f" The tables have no numbers for claim {' and '.join(untested)}."
    return Rendered(markdown=note)


def render_words() -> Rendered:
    """List the slips that have no numbers.

    Returns:
        Markdown.
    """
    return Rendered(markdown="\n".join(f"- {source}: {text}" for source, text in WORDS))


def _cs(frame: pandas.DataFrame, test_domain: str) -> float:
    rows = frame[(frame["table"] == TABLES[test_domain]) & (frame["method"] == "cs")]
    return float(rows[rows["metric"] == "psnr"]["mean"].iloc[0])
