"""The page of several coils: its table, its figure of the real slice, and what of the goal was reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recon_lib.core import style
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered
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
    "natural-tuned": "photographs, tuned with T1",
    "t1_bold5000": "T1, sub-networks apart",
    "t1_bold5000-joint": "T1, end to end too",
    "t1_bold5000-tuned": "T1, tuned further",
}
PHOTOGRAPHS = ("natural", "natural-joint")
SENSING = ("l1_sigpy", "l1_bart")
_RESAMPLES, _SEED = 2000, 1710
_MISSING = "The experiment with several coils has not been collected yet: `recon coils execute desk`, then `collect`."


def read_methods() -> pandas.DataFrame | None:
    """Read the rows with one name a method, the network's own for a network; ``None`` before there are any."""
    rows, _ = coils.read()
    if rows is None:
        return None
    named = rows["network"].where(rows["method"] == "network", rows["method"])
    return rows.assign(name=named)


def render_scores(test: str) -> Rendered:
    """Show PSNR, SSIM and time of every method at every acceleration.

    Args:
        test: A key of :data:`TESTS`.

    Returns:
        A table. Where there are several slices, the interval of the mean PSNR is that of a bootstrap over slices.
    """
    rows = read_methods()
    if rows is None:
        return note(_MISSING)
    rows = rows[rows["test"] == test]
    rates = sorted(rows["acceleration"].unique())
    cells = []
    for name in ordered(rows):
        own = rows[rows["name"] == name]
        row = [NAMES.get(name, name)]
        for rate in rates:
            part = own[own["acceleration"] == rate]
            row += [_interval(part["psnr"].to_numpy()), f"{part['ssim'].mean():.3f}"]
        cells.append([*row, f"{own['seconds'].median():.2f}"])
    heads = ["", *(head for rate in rates for head in (f"R = {rate:g}, dB", "SSIM")), "s a slice"]
    return render_table(heads, cells, "l" + "rr" * len(rates) + "r")


def render_goal() -> Rendered:
    """Say at each acceleration of each test by how much networks of photographs alone beat, or miss, the baselines."""
    rows = read_methods()
    if rows is None:
        return note(_MISSING)
    means = rows.groupby(["test", "acceleration", "name"])["psnr"].mean()
    lines = []
    for test, rate in dict.fromkeys(key[:2] for key in means.index):
        values = means[test, rate]
        networks, sensing = (values[[name for name in names if name in values]] for names in (PHOTOGRAPHS, SENSING))
        if not len(networks) or not len(sensing) or "cg_sense" not in values:
            continue
        best = networks.idxmax()
        lead = networks.max() - values["cg_sense"], networks.max() - sensing.max()
        lines.append([TESTS.get(test, test), f"{rate:g}", NAMES[best], *(f"{number:+.2f} dB" for number in lead)])
    heads = ["Test", "R", "Best network of photographs alone", "over CG-SENSE", "over the better L1-ESPIRiT"]
    return render_table(heads, lines, "lrlrr")


def render_slice(acceleration: float = 6.0, name: str = "several_coils") -> Rendered:
    """Show the real slice by every method at one acceleration, with errors.

    Args:
        acceleration: One that was tested.
        name: Of the figure's files.
    """
    rows = read_methods()
    if rows is None:
        return note(_MISSING)
    own = rows[(rows["test"] == REAL) & (rows["acceleration"] == acceleration)]
    pictures = coils.read_pictures()
    names = [label for label in ordered(own) if f"{label}-{acceleration:g}" in pictures]
    scores = own.groupby("name")["psnr"].mean()
    figure = slice_figure(pictures, {label: f"{label}-{acceleration:g}" for label in names}, scores.to_dict())
    caption = (
        f"The real slice of four coils, {acceleration:g}-fold undersampled. Upper row: magnitudes. Lower row: their "
        "errors on one scale. The reference is the full k-space combined by the same maps, with its own noise."
    )
    description = "A head by every method: " + ", ".join(NAMES.get(label, label) for label in names) + "; errors below."
    return render_figure(figure, name, own[["name", "acceleration", "psnr", "ssim"]], caption, description)


def slice_figure(pictures: dict[str, np.ndarray], keys: dict[str, str], scores: dict[str, float]) -> Figure:
    """Draw a slice by several methods, and the errors below.

    Args:
        pictures: Magnitudes ``(height, width)``, the ``reference`` among them.
        keys: Names of the methods, and of their pictures.
        scores: PSNR in dB by method.
    """
    reference = pictures["reference"].astype(np.float32)
    peak = float(reference.max())
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
