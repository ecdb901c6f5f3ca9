"""The page of several coils: its table, its figure of the real slice, and what of the goal was reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results import coils

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

REAL = "mprage_coils"
TESTS = {"t1_bold5000": "simulated coils, T1 (BOLD5000)", REAL: "real slice, four coils"}
NAMES = {
    "zero_filled": "zero-filled",
    "cg_sense": "CG-SENSE",
    "l1_sigpy": "L1-ESPIRiT (SigPy)",
    "l1_bart": "L1-ESPIRiT (BART)",
    "natural": "photographs, sub-networks apart",
    "natural-joint": "photographs, end to end too",
    "natural-further": "photographs, phase with edges too",
    "natural-tuned": "photographs, tuned with T1",
    "t1_bold5000": "T1, sub-networks apart",
    "t1_bold5000-joint": "T1, end to end too",
    "t1_bold5000-further": "T1, phase with edges too",
    "t1_bold5000-tuned": "T1, tuned further",
}
PHOTOGRAPHS, TUNED = ("natural-further", "natural-joint", "natural"), "natural-tuned"
"""The networks of photographs alone, the one that was trained most first: that one counts."""
_SHORT = {"t1_bold5000": "simulated", REAL: "real"}
SENSING = ("l1_sigpy", "l1_bart")
_RESAMPLES, _SEED = 2000, 1710
_AIR = 0.02  # of the maximum: the margin outside the head has nothing to see
MISSING = "The experiment with several coils has not been collected yet: `recon coils execute desk`, then `collect`."


def read_methods() -> pandas.DataFrame | None:
    """Read the rows with one name a method, the network's own for a network; ``None`` before there are any."""
    rows, _ = coils.read()
    if rows is None:
        return None
    named = rows["network"].where(rows["method"] == "network", rows["method"])
    return rows.assign(name=named)


def render_scores(test: str) -> Rendered:
    """Show PSNR and SSIM of every method at every acceleration.

    Args:
        test: A key of :data:`TESTS`.

    Returns:
        A table. Where there are several slices, the interval of the mean PSNR is that of a bootstrap over slices.
    """
    rows = read_methods()
    if rows is None:
        return note(MISSING)
    rows = rows[rows["test"] == test]
    rates = sorted(rows["acceleration"].unique())
    cells = []
    for name in ordered(rows):
        own = rows[rows["name"] == name]
        row = [NAMES.get(name, name)]
        for rate in rates:
            part = own[own["acceleration"] == rate]
            row += [_interval(part["psnr"].to_numpy()), f"{part['ssim'].mean():.3f}"]
        cells.append(row)
    heads = ["", *(head for rate in rates for head in (f"R = {rate:g}, dB", "SSIM"))]
    return render_table(heads, cells, "l" + "rr" * len(rates))


def render_goal() -> Rendered:
    """Say at each acceleration of each test by how much the network of photographs alone beats, or misses, others."""
    leads = read_leads()
    if leads is None:
        return note(MISSING)
    heads = ["Test", "R", "Photographs over CG-SENSE", "over the better L1-ESPIRiT", "Tuned over photographs alone"]
    cells = [
        [TESTS.get(test, test), f"{rate:g}", *("" if np.isnan(lead) else f"{signed(lead, 2)} dB" for lead in row)]
        for (test, rate), row in zip(leads.index, leads.to_numpy(), strict=True)
    ]
    return render_table(heads, cells, "lrrrr")


def render_outcome() -> Rendered:
    """Say in words how often the goals were reached, and by how much: what carries over to several coils."""
    leads = read_leads()
    if leads is None:
        return note(MISSING)
    real = leads.index.get_level_values("test") == REAL
    sentences = [
        f"Against {baseline} the network of photographs alone is ahead in {_share(leads[column])} of the two tests: "
        f"{span(leads[column][~real])} with simulated coils, {span(leads[column][real])} on the real slice."
        for column, baseline in (("sense", "CG-SENSE"), ("l1", "the better L1-ESPIRiT"))
    ]
    similar = read_leads(score="ssim")["l1"]
    sentences.append(f"By SSIM it is ahead of the better L1-ESPIRiT in {_share(similar)}.")
    if {PHOTOGRAPHS[0], PHOTOGRAPHS[1]} <= set(read_methods()["name"]):
        smooth = read_leads(PHOTOGRAPHS[1:])["l1"]
        sentences.append(
            f"Before it saw phases with edges it was ahead of L1-ESPIRiT in {_share(smooth)}: "
            f"{span(smooth[~real])} with simulated coils, whose phase is smooth, "
            f"{span(smooth[real])} on the real slice."
        )
    tuned = leads["tuned"].dropna()
    if len(tuned):
        sentences.append(
            f"Tuning with {_tuning_slices()} simulated T1 slices is a gain in {_share(tuned)}: "
            f"{span(tuned[tuned.index.get_level_values('test') != REAL])} with simulated coils, "
            f"{span(tuned[tuned.index.get_level_values('test') == REAL])} on the real slice."
        )
    return Rendered(markdown=" ".join(sentences))


def read_leads(networks: tuple[str, ...] = PHOTOGRAPHS, score: str = "psnr") -> pandas.DataFrame | None:
    """Compare the mean score of a network with those of the baselines and of the tuned one.

    Args:
        networks: Labels; the first that was tested counts.
        score: ``psnr`` in dB, or ``ssim``.

    Returns:
        One row a test and acceleration, its index: ``sense, l1, tuned`` in the score's unit, ``nan`` where something is
        missing; ``None`` before there are results.
    """
    rows = read_methods()
    if rows is None:
        return None
    means = rows.pivot_table(score, ["test", "acceleration"], "name")
    means = means.reindex(columns=[*means.columns, *(set(NAMES) - set(means.columns))])
    own = means[next(name for name in networks if means[name].notna().any())]
    leads = {
        "sense": own - means["cg_sense"],
        "l1": own - means[list(SENSING)].max(axis=1),
        "tuned": means[TUNED] - own,
    }
    return type(means)(leads)


def render_effects() -> Rendered:
    """Show what other settings of data consistency give when the network is not trained again."""
    rows = coils.read_effects()
    if rows is None:
        return note(MISSING)
    rows = rows[rows["network"] == next(name for name in PHOTOGRAPHS if name in set(rows["network"]))]
    own = rows["weight"].mode()[0], rows["iterations"].mode()[0]  # One is changed at a time.
    means = rows.pivot_table("psnr", ["weight", "iterations"], ["test", "acceleration"])
    heads = ["lambda", "Iterations", *(f"{_SHORT[test]}, R = {rate:g}" for test, rate in means.columns)]
    cells = [
        [f"{weight:g}", str(count), *(f"**{psnr:.2f}**" if (weight, count) == own else f"{psnr:.2f}" for psnr in row)]
        for (weight, count), row in zip(means.index, means.to_numpy(), strict=True)
    ]
    return render_table(heads, cells, "r" * len(heads))


def render_slice(acceleration: float = 6.0, name: str = "several_coils") -> Rendered:
    """Show the real slice by every method at one acceleration, with errors.

    Args:
        acceleration: One that was tested.
        name: Of the figure's files.
    """
    rows = read_methods()
    if rows is None:
        return note(MISSING)
    own = rows[(rows["test"] == REAL) & (rows["acceleration"] == acceleration)]
    pictures = coils.read_pictures()
    scores = own.groupby("name")["psnr"].mean()
    names = [label for label in _pictured(scores) if f"{label}-{acceleration:g}" in pictures]
    figure = slice_figure(pictures, {label: f"{label}-{acceleration:g}" for label in names}, scores.to_dict())
    caption = (
        f"The real slice of four coils, {acceleration:g}-fold undersampled. Upper row: magnitudes. Lower row: their "
        "errors on one scale. The reference is the full k-space combined by the same maps, with its own noise."
    )
    description = "A head by every method: " + ", ".join(NAMES.get(label, label) for label in names) + "; errors below."
    return render_figure(figure, name, own[["name", "acceleration", "psnr", "ssim"]], caption, description)


def _pictured(scores: pandas.Series) -> list[str]:
    """Name what is worth a picture: of programs for the same method and of photographs' networks only what counts."""
    sensing = [label for label in SENSING if label in scores]
    photographs = [label for label in PHOTOGRAPHS if label in scores]
    counted = {"zero_filled", "cg_sense", *sorted(sensing, key=scores.get)[-1:], *photographs[:1], TUNED}
    return [label for label in NAMES if label in counted and label in scores]


def slice_figure(pictures: dict[str, np.ndarray], keys: dict[str, str], scores: dict[str, float]) -> Figure:
    """Draw a slice by several methods, and the errors below.

    Args:
        pictures: Magnitudes ``(height, width)``, the ``reference`` among them.
        keys: Names of the methods, and of their pictures.
        scores: PSNR in dB by method.
    """
    reference = pictures["reference"].astype(np.float32)
    peak = float(reference.max())
    head = tuple(slice(places.min(), places.max() + 1) for places in np.nonzero(reference > _AIR * peak))
    reference, pictures = reference[head], {name: picture[head] for name, picture in pictures.items()}
    errors = {name: np.abs(pictures[key].astype(np.float32) - reference) / peak for name, key in keys.items()}
    end = style.error_end(list(errors.values()))
    columns = len(keys) + 1
    width = style.PAGE_WIDTH
    figure, grid = style.blank_figure((width, 2 * width / columns + 1.0), 2, columns)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.set_frame_on(False)
    grid[0][0].imshow(reference / peak, **style.GREY)
    grid[0][0].set_title("reference\n", fontsize=style.SMALL)
    drawn = None
    for column, (name, key) in enumerate(keys.items(), start=1):
        grid[0][column].imshow(pictures[key].astype(np.float32) / peak, **style.GREY)
        label = NAMES.get(name, name).replace(", ", ",\n").replace(" (", "\n(")
        grid[0][column].set_title(f"{label}\n{scores[name]:.1f} dB", fontsize=style.SMALL)
        drawn = grid[1][column].imshow(errors[name], **style.error_style(end))
    if drawn is not None:
        style.error_bar(figure, drawn, grid.ravel().tolist())
    return figure


def ordered(rows: pandas.DataFrame) -> list[str]:
    """Return the methods of rows, in the order in which a page shows them.

    Args:
        rows: With the column ``name``.
    """
    present = set(rows["name"])
    return [*(name for name in NAMES if name in present), *sorted(present - set(NAMES))]


def _interval(values: np.ndarray) -> str:
    """Write a mean, and the ends of its 95 % bootstrap interval over slices where there are several."""
    if len(values) < 2:
        return f"{values.mean():.2f}"
    drawn = np.random.default_rng(_SEED).integers(len(values), size=(_RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def _share(leads: pandas.Series) -> str:
    """Write in how many of the accelerations of all tests there is a lead."""
    return f"{int((leads > 0).sum())} of {len(leads)} accelerations"


def span(leads: pandas.Series) -> str:
    """Write the least and the largest of several leads.

    Args:
        leads: In dB.
    """
    return f"{signed(leads.min(), 2)} to {signed(leads.max(), 2)} dB"


def _tuning_slices() -> int:
    """Read from the results with how many slices the network was tuned."""
    records = coils.read()[1]["runs"].values()
    return next(run["parameters"]["n_train"] for run in records if run["kind"] == "tune")
