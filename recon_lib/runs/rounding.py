"""What released networks lose when their hidden layers compute in bfloat16, measured on all test slices.

Slices measured are kept in the folder of runs, so a measurement that was stopped goes on where it was, and one that is
finished can be written to results again. What it costs stands on the card beside a network; the network's own file,
whose sha256 others cite, stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from recon_lib.core import paths
from recon_lib.core.errors import ReconError, choose
from recon_lib.core.files import write_json
from recon_lib.core.progress import Progress
from recon_lib.data import domains
from recon_lib.experiment.profile import Profile
from recon_lib.experiment.recipes import PRECISIONS
from recon_lib.imaging.acquisition import acquire
from recon_lib.network.cascade import Cascade, with_precision
from recon_lib.network.files import load_network
from recon_lib.network.inference import slice_psnr
from recon_lib.network.journal import digest
from recon_lib.network.precision import machine_bfloat16
from recon_lib.results import merge, store
from recon_lib.results.released import NetworkCard, PrecisionCost, network_path, read_cards
from recon_lib.runs.evaluate import masks_of_test_slices

_PART = 8  # slices between two saved parts


def measure_released(
    profile: Profile, names: Iterable[str] = (), progress: Progress | None = None
) -> list[NetworkCard]:
    """Measure the released networks of a profile whose cards do not state it yet, and write it to their cards.

    Args:
        profile: The experiment; its results hold the networks.
        names: Of networks; none for all.
        progress: Called with slices done of a network, slices in all and an empty row.

    Returns:
        The cards of the networks that were asked for, all with their costs.

    Raises:
        ReconError: There are no results, a network is unknown, this machine does not compute in bfloat16, or the
            results were changed by other means.
    """
    _, obstacle = machine_bfloat16()
    if obstacle:
        raise ReconError(f"What bfloat16 costs is measured where it is used, but {obstacle}: use another machine.")
    results = store.open_results(profile.name)
    cards = {card.name: card for card in read_cards(results)}
    chosen = [choose("network", name, cards) for name in names] or list(cards)
    for name in chosen:
        card = cards[name]
        missing = [domain for domain in profile.test_domains if domain not in card.bfloat16_cost]
        if missing:
            cascade, _ = load_network(network_path(results, card))
            costs = {
                domain: measure_cost(cascade, name, str(card.sha256), domain, profile, progress) for domain in missing
            }
            cards[name] = replace(card, bfloat16_cost={**card.bfloat16_cost, **costs})
            merge.replace_card(results.folder, cards[name])
    return [cards[name] for name in chosen]


def measure_cost(
    cascade: Cascade, name: str, sha256: str, domain: str, profile: Profile, progress: Progress | None = None
) -> PrecisionCost:
    """Measure what a network loses on all test slices of a domain.

    Args:
        cascade: The network as it is stored.
        name: Its name.
        sha256: Of its file, or of the file that it was rounded from; it tells what was measured.
        domain: A test domain of the profile.
        profile: The experiment.
        progress: Called with slices done, slices in all and an empty row.

    Returns:
        The cost. Slices that were measured before, on this profile's images, are not measured again.
    """
    images = domains.load_images(domain, "test", profile.domains[domain])
    _, masks = masks_of_test_slices(images.images, profile.mask_spec, profile.masks.test)
    path = paths.runs() / profile.name / "bfloat16" / f"{name}-{domain}.json"
    identity = {"network": sha256, "slices": digest(images.images, masks)}
    losses = _losses_before(path, identity)
    full, rounded = (with_precision(cascade, policy) for policy in PRECISIONS)
    while len(losses) < len(images):
        part = slice(len(losses), len(losses) + _PART)
        data = acquire(images.images[part], masks[part])
        losses += (slice_psnr(full, data) - slice_psnr(rounded, data)).tolist()
        write_json(path, {**identity, "losses": losses})
        if progress:
            progress(len(losses), len(images), {})
    return PrecisionCost.of(losses)


def _losses_before(path: Path, identity: dict[str, str]) -> list[float]:
    """Read the slices that were measured of the same network on the same images; none if others were."""
    if not path.is_file():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    losses = content.pop("losses")
    return losses if content == identity else []
