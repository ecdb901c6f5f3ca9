"""The rows that each page of the book, each control and each claim need, and the best results that have them.

The rows are those that the paper prints: a profile whose grid has empty cells is not shown where they would be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial

from recon_lib.core.errors import choose
from recon_lib.experiment.design import DOMAINS, TUNED
from recon_lib.paper.reference import GRIDS, TABLES, paper
from recon_lib.results.keys import RunKey
from recon_lib.results.selection import Needs, Selection, select_each


def select(name: str) -> Selection:
    """Select the results that a page or a claim shows.

    Args:
        name: The page's file below ``book/`` without its ending, or the claim's id.

    Returns:
        The best results that have all of its rows, as :func:`recon_lib.results.selection.select`.

    Raises:
        ReconError: There is no such page or claim, or results fail their check.
    """
    return select_all([name])[name]


def select_all(names: Iterable[str]) -> dict[str, Selection]:
    """Select for several pages or claims at once, reading each profile once.

    Args:
        names: As :func:`select` takes them.

    Raises:
        ReconError: As :func:`select`.
    """
    return select_each({name: needs(name) for name in names})


def needs(name: str) -> Needs:
    """State what a page or a claim needs.

    Args:
        name: As :func:`select` takes it.

    Raises:
        ReconError: There is no such page or claim.
    """
    choose("page, control or claim", name, _NEEDS)
    return _NEEDS[name]()


def _comparison(*domains: str, pictures: bool = False) -> Needs:
    """Need what the paper's Tables 1 and 2 print, and the zero-filled images that they are compared with."""
    start = (RunKey("zero_filled", test_domain=domain) for domain in domains)
    return Needs((*start, *(row for domain in domains for row in _printed(TABLES[domain]))), pictures)


def _grid(*domains: str, pictures: bool = False) -> Needs:
    """Need every cell of the paper's Tables 3 and 4."""
    return Needs(tuple(row for domain in domains for row in _printed(GRIDS[domain])), pictures)


def _networks(n_finetune: int) -> Needs:
    """Need the three networks of Tables 1 and 2, as trained or tuned."""
    rows = (row for domain in DOMAINS for row in _printed(TABLES[domain]))
    return Needs(tuple(row for row in rows if row.n_finetune == n_finetune))


def _few_images() -> Needs:
    """Need photographs and 20 images, and the test contrast's own network with the most images, tuned with 50."""
    photographs = tuple(row for row in _networks(TUNED).rows if row.training_domain == "natural")
    own = (row for domain in DOMAINS for row in _printed(GRIDS[domain]) if row.training_domain == domain)
    most = max(row.n_train for row in photographs)
    return Needs((*photographs, *(row for row in own if row.n_train == most)))


def _against_sensing(pictures: bool = False) -> Needs:
    """Need the tuned networks, and compressed sensing as the paper has it."""
    sensing = (RunKey("cs:literal", test_domain=domain) for domain in DOMAINS)
    return Needs((*_networks(TUNED).rows, *sensing), pictures)


def _variations(*names: str) -> Needs:
    """Need the rows of variations."""
    return Needs(tuple(RunKey(variation=name) for name in names))


@cache
def _printed(table: int) -> tuple[RunKey, ...]:
    """List what one of the paper's tables has numbers of."""
    frame = paper()
    rows = frame[(frame["table"] == table) & (frame["metric"] == "psnr")]
    return tuple(_key(row) for row in rows.to_dict("records"))


def _key(row: dict) -> RunKey:
    """Name what a row of the paper's tables is about; its compressed sensing is our literal variant."""
    if row["method"] == "cs":
        return RunKey("cs:literal", test_domain=row["test_domain"])
    counts = {name: int(row[name]) for name in ("n_train", "n_finetune")}
    return RunKey("network", row["training_domain"], test_domain=row["test_domain"], **counts)


_ALIKE = ("updates-300", "updates-1500")
_FEW = (*_ALIKE, "few-plain", "few-images", "residual-4000")
_CONTROLS = ("equal-updates", "other-seed")
_QUOTED = (*_CONTROLS, "cs-weights")
_NEEDS: dict[str, Callable[[], Needs]] = {
    # Pages that show whatever the best results have.
    **dict.fromkeys(("data", "explorer", "networks", "run_it", "training_curves"), Needs),
    **dict.fromkeys(("index", "discussion"), partial(_comparison, *DOMAINS)),
    "beyond": partial(_variations, *_FEW),
    "differences": partial(_variations, *_CONTROLS),
    "figures/figure1": partial(_networks, TUNED),
    "figures/figure2": partial(_comparison, "t1", pictures=True),
    "figures/figure3": partial(_comparison, "t2", pictures=True),
    "figures/figure4": partial(_grid, "t1", pictures=True),
    "figures/figure5": partial(_grid, "t2", pictures=True),
    "figures/figure6": partial(_against_sensing, pictures=True),
    "tables/table1": partial(_comparison, "t1"),
    "tables/table2": partial(_comparison, "t2"),
    "tables/table3": partial(_grid, "t1"),
    "tables/table4": partial(_grid, "t2"),
    # Controls and a search, which several pages quote.
    **{name: partial(_variations, name) for name in _QUOTED},
    "tuned-alike": partial(_variations, *_ALIKE),  # any number of images in as many updates
    "what-matters": partial(_variations, *_CONTROLS, "residual"),  # beside the training set
    # Claims, by recon_lib.paper.claims.ClaimId.
    "own-domain-wins": partial(_networks, 0),
    "tuned-are-equal": partial(_networks, TUNED),
    "few-images-suffice": _few_images,
    "networks-beat-cs": _against_sensing,
    "more-images-help-less": partial(_grid, *DOMAINS),
    "network-is-faster": Needs,
}
