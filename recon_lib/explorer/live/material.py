"""What the live explorer has to choose from: slices, masks and networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.baselines.variants import VARIANTS
from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.experiment.plan import find
from recon_lib.experiment.profile import load_profile
from recon_lib.imaging.masks import KINDS, MaskSpec
from recon_lib.paper import panel_view
from recon_lib.results.released import network_path, read_cards
from recon_lib.results.store import Results
from recon_lib.runs import execute, state
from recon_lib.runs.evaluate import masks_of_test_slices

_GENERATED = 3  # slices of each contrast where there are no results
Place = tuple[str, int]


@dataclass(frozen=True)
class Material:
    """What there is to choose from.

    Attributes:
        profile: The profile's name.
        spec: The masks' parameters, with the acceleration of the profile's own.
        references: Contrast, then place, to reference image, float32.
        masks: Contrast, then place, to the mask that the results were made with.
        networks: Training domain, contrast (empty for a raw network) and fine-tuning images to its file.
        transposed: Whether a contrast's slices are stored with their axes exchanged.
    """

    profile: str
    spec: MaskSpec
    references: dict[str, dict[Place, np.ndarray]]
    masks: dict[str, dict[Place, np.ndarray]]
    networks: dict[tuple[str, str, int], Path]
    transposed: dict[str, bool]

    def methods(self) -> list[str]:
        """List the methods: zero-filled, each reading of compressed sensing, a network for each training domain."""
        domains = dict.fromkeys(domain for domain, _, _ in self.networks)
        return ["zero_filled", *(f"cs:{name}" for name in VARIANTS), *(f"network-{domain}" for domain in domains)]

    def counts(self, method: str, contrast: str) -> list[int]:
        """List the numbers of fine-tuning images for which there is a network; none for another method."""
        domain = method.removeprefix("network-")
        return sorted({n for d, c, n in self.networks if d == domain and c in ("", contrast) and d != method})


def from_results(results: Results) -> Material:
    """Take the slices that were kept for figures, their masks, and the released networks.

    Args:
        results: A verified folder of results.

    Raises:
        ReconError: It has no pictures.
    """
    references: dict[str, dict[Place, np.ndarray]] = {}
    masks: dict[str, dict[Place, np.ndarray]] = {}
    for key, image in results.panels.items():
        if key.picture == "reference":
            references.setdefault(key.test_domain, {})[key.place] = image.astype(np.float32)
        elif key.picture == "mask":
            masks.setdefault(key.test_domain, {})[key.place] = image.astype(bool)
    if not references:
        raise ReconError(f"Profile {results.profile!r} has no pictures of slices: evaluate and collect its runs.")
    networks = {}
    for card in sorted(read_cards(results), key=lambda card: card.key.n_train):  # the most training images stand last
        key = card.key
        if key.variation is not None:  # The panel compares networks of the paper's recipe.
            continue
        networks[key.training_domain, key.test_domain or "", key.n_finetune or 0] = network_path(results, card)
    profile = results.provenance.get("profile", {})
    kind = {key: value for key, value in profile.get("masks", {}).items() if key in KINDS}
    spec = MaskSpec(profile.get("acceleration", MaskSpec.acceleration), seed=profile.get("seed", 0), **kind)
    transposed = {contrast: panel_view.is_transposed(results, contrast) for contrast in references}
    return Material(results.profile, spec, references, masks, networks, transposed)


def from_runs(name: str, progress: Callable | None = None) -> Material:
    """Take a few generated slices, and networks trained on the spot: the ``smoke`` profile, in seconds.

    Args:
        name: A profile whose domains are generated.
        progress: As for :func:`recon_lib.runs.execute.execute`.
    """
    profile = load_profile(name)
    plan, domain = state.plan_profile(profile), profile.training.domains[0]
    raw = find(plan, "train", training_domain=domain, n_train=max(profile.training.n_train))
    networks = {(domain, "", 0): execute.execute(raw, progress) / "network.safetensors"}
    references: dict[str, dict[Place, np.ndarray]] = {}
    masks: dict[str, dict[Place, np.ndarray]] = {}
    for contrast in profile.test_domains:
        images = domains.load_images(contrast, "test", profile.domains[contrast]).first(_GENERATED)
        places = list(zip(images.subjects, images.slices, strict=True))
        references[contrast] = dict(zip(places, images.images, strict=True))
        _, test_masks = masks_of_test_slices(images.images, profile.mask_spec, profile.masks.test)
        masks[contrast] = dict(zip(places, test_masks, strict=True))
        tuned = find(plan, "finetune", training_domain=domain, test_domain=contrast, n_train=raw.key.n_train)
        networks[domain, contrast, tuned.key.n_finetune] = execute.execute(tuned, progress) / "network.safetensors"
    return Material(name, profile.mask_spec, references, masks, networks, dict.fromkeys(references, False))
