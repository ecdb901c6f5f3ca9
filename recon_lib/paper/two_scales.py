"""Two profiles beside each other, network by network: the paper's recipe on a card, and small crops on two cores.

Both profiles reconstruct the same slices through the same masks, so differences are taken slice by slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from recon_lib.core.style import blank_figure, domain_colour
from recon_lib.experiment.design import domain_name
from recon_lib.paper.figure_files import render_figure
from recon_lib.paper.intervals import Estimate, estimate, side_by_side
from recon_lib.paper.machines import name_machines
from recon_lib.paper.markdown import note, render_table
from recon_lib.paper.markup import Rendered, signed
from recon_lib.results import store
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

_CELL = ["test_domain", "training_domain", "n_train", "n_finetune"]
LARGE, SMALL = "open", "desk"


@dataclass(frozen=True)
class Cell:
    """One network that both profiles have, tested on one contrast.

    Attributes:
        test_domain: The contrast.
        training_domain: What it was trained on.
        n_train: Training images asked for.
        n_images: Training images seen.
        n_finetune: Fine-tuning images; 0 for a network as trained.
        large: Mean PSNR of the large profile's network, dB.
        small: Of the small profile's.
        difference: The first less the second, with its interval over subjects.
    """

    test_domain: str
    training_domain: str
    n_train: int
    n_images: int
    n_finetune: int
    large: float
    small: float
    difference: Estimate

    @property
    def leader(self) -> int:
        """Which is ahead throughout the interval: 1 the large profile's, -1 the small one's, 0 neither."""
        return (self.difference.low > 0) - (self.difference.high < 0)


def both() -> tuple[Results, Results] | None:
    """Open the two profiles' results; ``None`` unless both are there.

    Raises:
        ReconError: They fail their check.
    """
    if not {LARGE, SMALL} <= set(store.profiles()):
        return None
    return store.open_results(LARGE), store.open_results(SMALL)


def compare(large: Results, small: Results) -> list[Cell]:
    """Compare every network that two profiles have, slice by slice.

    Args:
        large: The one's results.
        small: The other's.

    Returns:
        A cell for each network and contrast, by contrast, training domain, and numbers of images. Of several draws
        of the fine-tuning images, those count that both have.
    """
    sides = [_networks(results) for results in (large, small)]
    cells = []
    for key in sorted(sides[0].keys() & sides[1].keys(), key=_rank):
        rows = [side[key] for side in sides]
        draws = set(rows[0]["draw"]) & set(rows[1]["draw"])
        shared = [part[part["draw"].isin(draws)] for part in rows]
        values = side_by_side(*(part.groupby(["subject", "slice"])["psnr"].mean() for part in shared))
        if values is None:
            continue
        difference = estimate(values, lambda mean: mean[0] - mean[1], f"{large.profile} less {small.profile}")
        test, training, n_train, n_finetune = key
        n_images = int(rows[0]["n_images"].iloc[0])
        cells.append(Cell(test, training, n_train, n_images, n_finetune, *map(float, values.mean()), difference))
    return cells


def render_cells(cells: Sequence[Cell]) -> Rendered:
    """Tabulate the networks that both profiles have.

    Args:
        cells: From :func:`compare`.

    Returns:
        A Markdown table: both means, their difference with its interval, and the subjects' lowest and highest.
    """
    rows = []
    for cell in cells:
        ends = [number for _, number in cell.difference.by_subject]
        rows.append(
            (
                domain_name(cell.test_domain),
                f"{cell.n_images} {domain_name(cell.training_domain)}",
                str(cell.n_finetune or ""),
                f"{cell.large:.2f}",
                f"{cell.small:.2f}",
                signed(cell.difference.value, 2),
                f"{signed(cell.difference.low, 2)} to {signed(cell.difference.high, 2)}",
                f"{signed(min(ends), 2)} to {signed(max(ends), 2)}",
            )
        )
    heads = ("Test", "Trained on", "Tuned with", LARGE, SMALL, "Difference, dB", "95 % interval", "Subjects")
    return render_table(heads, rows, "llrrrrll")


def render_groups(cells: Sequence[Cell]) -> Rendered:
    """Count, for kinds of networks, how far apart the two profiles are and which is ahead.

    Args:
        cells: From :func:`compare`.

    Returns:
        A Markdown table; a profile is ahead of the other where the whole interval says so.
    """
    largest = max((cell.n_train for cell in cells), default=0)
    groups = {
        f"as trained, {largest} images": [c for c in cells if not c.n_finetune and c.n_train == largest],
        "as trained, fewer images": [c for c in cells if not c.n_finetune and c.n_train < largest],
        f"tuned, {largest} images": [c for c in cells if c.n_finetune and c.n_train == largest],
        "tuned, fewer images": [c for c in cells if c.n_finetune and c.n_train < largest],
    }
    rows = []
    for name, members in groups.items():
        if members:
            values = [cell.difference.value for cell in members]
            counts = [sum(cell.leader == leader for cell in members) for leader in (1, -1, 0)]
            span = f"{signed(min(values), 2)} to {signed(max(values), 2)}"
            rows.append((name, str(len(members)), span, *map(str, counts)))
    heads = ("Networks", "compared", f"{LARGE} less {SMALL}, dB", f"{LARGE} ahead", f"{SMALL} ahead", "neither")
    return render_table(heads, rows, "lrlrrr")


def rankings(cells: Sequence[Cell]) -> dict[tuple[str, int], tuple[list[str], list[str]]]:
    """Rank the networks of the most images by mean PSNR, best first, on both scales.

    Args:
        cells: From :func:`compare`.

    Returns:
        By contrast and number of tuning images, the training domains in the order of the large and of the small
        profile, where three or more networks can be ranked.
    """
    largest = max((cell.n_train for cell in cells), default=0)
    groups: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        if cell.n_train == largest:
            groups.setdefault((cell.test_domain, cell.n_finetune), []).append(cell)
    return {
        key: tuple(
            [cell.training_domain for cell in sorted(members, key=attrgetter(side), reverse=True)]
            for side in ("large", "small")
        )
        for key, members in groups.items()
        if len(members) > 2
    }


def render_order(cells: Sequence[Cell]) -> Rendered:
    """Say how the two profiles rank the networks of the most images.

    Args:
        cells: From :func:`compare`.

    Returns:
        Markdown: a line for each of :func:`rankings`.
    """
    lines = []
    for (test, count), orders in rankings(cells).items():
        state = f"tuned with {count}" if count else "as trained"
        first, second = (", ".join(map(domain_name, order)) for order in orders)
        same = f"both say {first}" if first == second else f"`{LARGE}` says {first}, `{SMALL}` {second}"
        lines.append(f"- {domain_name(test)} test, {state}, best first: {same}.")
    return Rendered(markdown="\n".join(lines))


def render_in_short() -> Rendered:
    """Say in a sentence whether the two scales agree, for the title page.

    Returns:
        Markdown; empty unless both profiles have results.

    Raises:
        ReconError: They fail their check.
    """
    profiles = both()
    orders = rankings(compare(*profiles)) if profiles else {}
    if not orders:
        return Rendered(markdown="")
    alike = sum(first == second for first, second in orders.values())
    return Rendered(
        markdown=f"The experiment was also run on a small scale, on {name_machines(profiles[1])}. "
        f"[Both scales](two_scales.md) rank the three networks alike in {alike} of {len(orders)} comparisons."
    )


def render_scatter(cells: Sequence[Cell]) -> Rendered:
    """Show the dots of :func:`scatter_figure` on a page.

    Args:
        cells: From :func:`compare`.

    Returns:
        The figure, its caption and files; the CSV has a row a network.
    """
    import pandas

    columns = [*_CELL, "n_images", f"{LARGE}_db", f"{SMALL}_db"]
    values = attrgetter(*_CELL, "n_images", "large", "small")
    numbers = pandas.DataFrame(map(values, cells), columns=columns)
    caption = (
        f"Mean PSNR of each network over the test slices: profile {SMALL} to the right, profile {LARGE} upwards. On "
        "the line both are equal; above it the larger scale gives more. Hollow: as trained. Full: tuned. The colour "
        "says what a network was trained on."
    )
    description = (
        f"Mean PSNR of each network, {SMALL} to the right and {LARGE} upwards, a panel a contrast with the diagonal on "
        "which both are equal; hollow dots are networks as trained, full ones are tuned."
    )
    return render_figure(scatter_figure(cells), "two_scales", numbers, caption, description)


def scatter_figure(cells: Sequence[Cell]) -> Figure:
    """Draw each network as a dot: mean PSNR of the small profile to the right, of the large one upwards.

    Args:
        cells: From :func:`compare`.

    Returns:
        An axes a contrast, with the diagonal on which both are equal; hollow dots are networks as trained.
    """
    tests = list(dict.fromkeys(cell.test_domain for cell in cells))
    figure, grid = blank_figure((3.9 * max(1, len(tests)), 4.7), 1, max(1, len(tests)))
    for axes, test in zip(grid[0], tests, strict=False):
        members = [cell for cell in cells if cell.test_domain == test]
        values = [value for cell in members for value in (cell.large, cell.small)]
        ends = (min(values) - 0.2, max(values) + 0.2)
        axes.plot(ends, ends, color="#999999", linewidth=0.8, zorder=0)
        for training in dict.fromkeys(cell.training_domain for cell in members):
            for tuned in (False, True):
                part = [c for c in members if c.training_domain == training and bool(c.n_finetune) == tuned]
                colour = domain_colour(training)
                axes.plot(
                    [cell.small for cell in part],
                    [cell.large for cell in part],
                    "o",
                    color=colour,
                    markerfacecolor=colour if tuned else "white",
                    markersize=5,
                    label=f"{domain_name(training)}, {'tuned' if tuned else 'as trained'}",
                )
        axes.set(xlim=ends, ylim=ends, xlabel=f"{SMALL}, dB", ylabel=f"{LARGE}, dB")
        axes.set_title(f"{domain_name(test)} test slices")
        axes.set_box_aspect(1)
    handles, labels = grid[0][0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def render_missing() -> Rendered:
    """Say that there are not two profiles to compare."""
    return note(f"There are no results of both {LARGE} and {SMALL} yet: run the other one to compare them.")


def _networks(results: Results) -> dict[tuple, pandas.DataFrame]:
    """Return the rows of each network and contrast, the draw of one as trained being 0."""
    rows = results.slices[results.slices["method"] == "network"]
    rows = rows.assign(draw=rows["draw"].fillna(0).astype(int))
    return {(str(key[0]), str(key[1]), int(key[2]), int(key[3])): part for key, part in rows.groupby(_CELL)}


def _rank(key: tuple[str, str, int, int]) -> tuple:
    """Order cells: the contrast, as trained before tuned, photographs first, numbers ascending."""
    test, training, n_train, n_finetune = key
    return test, n_finetune > 0, training != "natural", training, n_train, n_finetune
