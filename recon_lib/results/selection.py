"""The best results that have the rows that a page needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from recon_lib.results import store
from recon_lib.results.keys import RunKey
from recon_lib.results.store import Results


@dataclass(frozen=True)
class Needs:
    """What a page draws on.

    Attributes:
        rows: What was evaluated, each by the names that matter: a name that is ``None`` may be anything. Without a
            variation it is one of the profile's own runs.
        pictures: Whether a picture of each is drawn too.
    """

    rows: tuple[RunKey, ...] = ()
    pictures: bool = False

    def lacking(self, results: Results) -> tuple[RunKey, ...]:
        """List the rows that results do not have, or have no picture of.

        Args:
            results: A verified folder of results.
        """
        absent = tuple(need for need in self.rows if not any(_fits(need, key) for key in results.keys))
        if not self.pictures:
            return absent
        pictures = results.panels.keys() | results.varied_panels.keys()
        drawn = {(key.test_domain, key.picture, key.variation) for key in pictures}
        without = (need for need in self.rows if (need.test_domain, need.picture, need.variation or "") not in drawn)
        return tuple(dict.fromkeys((*absent, *without)))


@dataclass(frozen=True)
class Selection:
    """The results that a page shows, and why not better ones.

    Attributes:
        results: What is shown; ``None`` before anything has been run.
        needs: What the page needs.
        lacking: By profile, the rows that are missing: of every better profile that was passed over, and of the
            profile shown if none has all.
    """

    results: Results | None
    needs: Needs = Needs()
    lacking: Mapping[str, tuple[RunKey, ...]] = field(default_factory=dict)


def select(needs: Needs) -> Selection:
    """Select the best results that have all rows of a page.

    Args:
        needs: What the page draws on.

    Returns:
        The first of :func:`recon_lib.results.store.profiles` that lacks nothing. If each lacks something, the one
        that lacks least, of equals the first.

    Raises:
        ReconError: Better results, or the selected, fail their check: a damaged result must not be hidden behind a
            lesser one.
    """
    return select_each({"": needs})[""]


def select_each(needs: Mapping[str, Needs]) -> dict[str, Selection]:
    """Select for several pages at once, reading each profile once.

    Args:
        needs: What each draws on, by a name.

    Returns:
        As :func:`select`, by the same names.

    Raises:
        ReconError: As :func:`select`.
    """
    opened: dict[str, Results] = {}

    def reader(profile: str) -> Results:
        if profile not in opened:
            opened[profile] = store.open_results(profile)
        return opened[profile]

    present = store.profiles()
    return {name: _select(need, present, reader) for name, need in needs.items()}


def _select(needs: Needs, profiles: list[str], reader: Callable[[str], Results]) -> Selection:
    """Select from profiles in their order, reading no more of them than must be."""
    lacking: dict[str, tuple[RunKey, ...]] = {}
    for profile in profiles:
        absent = needs.lacking(reader(profile))
        if not absent:
            return Selection(reader(profile), needs, lacking)
        lacking[profile] = absent
    if not lacking:
        return Selection(None, needs)
    least = min(lacking, key=lambda profile: len(lacking[profile]))
    better = profiles[: profiles.index(least) + 1]
    return Selection(reader(least), needs, {profile: lacking[profile] for profile in better})


def _fits(need: RunKey, key: RunKey) -> bool:
    """Tell whether a row is the one that is needed: a variation's rows never stand for the profile's own."""
    return bool(need.variation) == bool(key.variation) and key.matches(**need.to_json())
