"""The released network that a name stands for, where several profiles have released one of that name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recon_lib.core.errors import ReconError, choose
from recon_lib.results import scanner, store
from recon_lib.results.released import NetworkCard, network_path, read_cards
from recon_lib.results.scores import scores
from recon_lib.results.store import Results

if TYPE_CHECKING:
    import pandas

_DIGITS = 2  # of dB, those that the pages print


@dataclass(frozen=True)
class Released:
    """A released network and the results that it belongs to.

    Attributes:
        results: Of its profile.
        card: What is known of it.
    """

    results: Results
    card: NetworkCard

    @property
    def path(self) -> Path:
        """The network's file."""
        return network_path(self.results, self.card)

    @property
    def full_name(self) -> str:
        """The name with its profile, ``open/natural-4000``, which no other network has."""
        return f"{self.results.profile}/{self.card.name}"

    def mean_psnr(self) -> dict[str, float]:
        """Return the mean PSNR on the test slices of each domain in which the network was tested, dB."""
        return {domain: means["psnr"] for domain, means in scores(self.results, self.card).items()}


def released_networks() -> dict[str, list[Released]]:
    """List the released networks of all profiles by name, those of one name in the profiles' order.

    Raises:
        ReconError: Results fail their check.
    """
    networks: dict[str, list[Released]] = {}
    for profile in store.profiles():
        results = store.open_results(profile)
        for card in read_cards(results):
            networks.setdefault(card.name, []).append(Released(results, card))
    return networks


def default_networks() -> dict[str, Released]:
    """Choose for each name the network that it stands for.

    Returns:
        By name, the first whose mean PSNR is no lower than that of any lesser profile's network of that name: on the
        test slices of every domain that both profiles tested alike, and on the third scanner where both were tested
        (:mod:`recon_lib.results.scanner`). Means are compared to the digits that the pages print.

    Raises:
        ReconError: Results fail their check.
    """
    rows = scanner.read()[0]
    return {name: _default(networks, rows) for name, networks in released_networks().items()}


def coil_networks() -> dict[str, Path]:
    """List the files of the released networks of several coils by name, such as ``coils/natural-further``."""
    folder = store.root() / store.COILS_FOLDER
    cards = sorted(folder.glob("networks/*.json"))
    return {f"{folder.name}/{card.stem}": card.with_suffix(".safetensors") for card in cards}


def find_network(name: str) -> Path:
    """Return the file of a network.

    Args:
        name: A released network's, as ``weights list`` shows it, alone or with its profile (``desk/natural-4000``);
            one of several coils (``coils/natural-further``); or the path of a ``.safetensors`` file.

    Raises:
        ReconError: There is no such file or network (the nearest name is suggested).
    """
    if name.endswith(".safetensors"):
        path = Path(name)
        if not path.is_file():
            raise ReconError(f"There is no file {path}: name a network's file, or a released network without ending.")
        return path
    known = {key: network.path for key, network in default_networks().items()} if "/" not in name else _by_full_name()
    if not known:
        raise ReconError(f"There is no released network {name!r}, nor any other: give the path of a .safetensors file.")
    return known[choose("network", name, known)]


def gains(better: Released, lesser: Released, rows: pandas.DataFrame | None) -> dict[str, float]:
    """Compare two networks wherever both were tested alike.

    Args:
        better: Of the better profile.
        lesser: Of the lesser one.
        rows: Of the third scanner, from :func:`recon_lib.results.scanner.read`.

    Returns:
        By test domain, the mean PSNR of the first less that of the second, dB, rounded to what the pages print. The
        third scanner's key is its domain.
    """
    lower, compared = lesser.mean_psnr(), {}
    for domain, value in better.mean_psnr().items():
        if domain in lower and _tested_alike(better.results, lesser.results, domain):
            compared[domain] = value - lower[domain]
    unseen = [scanner.mean_psnr(network.card.run, rows) for network in (better, lesser)]
    if rows is not None and None not in unseen:
        compared[str(rows["test_domain"].iloc[0])] = unseen[0] - unseen[1]
    return {domain: round(value, _DIGITS) for domain, value in compared.items()}


def _default(networks: list[Released], rows: pandas.DataFrame | None) -> Released:
    """Choose the first that no later one is better than; the last has none after it."""
    for place, network in enumerate(networks):
        if all(gain >= 0 for lesser in networks[place + 1 :] for gain in gains(network, lesser, rows).values()):
            return network
    return networks[-1]


def _by_full_name() -> dict[str, Path]:
    profiles = {network.full_name: network.path for networks in released_networks().values() for network in networks}
    return {**profiles, **coil_networks()}


def _tested_alike(results: Results, lesser: Results, domain: str) -> bool:
    """Tell whether two profiles tested a domain on the same images at the same acceleration."""
    conditions = (
        (source.provenance.get("data", {}).get(domain), source.provenance.get("profile", {}).get("acceleration"))
        for source in (results, lesser)
    )
    return len(set(conditions)) == 1
