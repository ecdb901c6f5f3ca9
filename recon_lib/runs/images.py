"""The images of a run: which they are, and refused where they are no longer those that it was planned with."""

from __future__ import annotations

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.plan import Run
from recon_lib.experiment.specs import TrainSpec
from recon_lib.network.contrast import vary_contrast


def planned_images(run: Run, domain: str, split: str, data: str | None = None) -> ImageSet:
    """Load the images of a run's domain.

    Args:
        run: The run.
        domain: The domain that it trains, tunes or tests on.
        split: ``train``, ``pool`` or ``test``.
        data: The identity of the data that the run was planned with; by default that of its own domain.

    Returns:
        The images.

    Raises:
        ReconError: The data of the domain are no longer those that the run was planned with: its name would lie.
    """
    if domains.domain_hash(domain, run.profile.domains[domain]) != (data or run.spec.data):
        raise ReconError(f"The data of {domain!r} have changed since {run.id} was planned: plan the profile again.")
    return domains.load_images(domain, split, run.profile.domains[domain])


def training_images(run: Run) -> tuple[np.ndarray, dict[str, str]]:
    """Choose and make the images of a training run.

    Args:
        run: The run.

    Returns:
        Magnitudes ``(n, height, width)``, those of a second domain behind the others, and the hashes of the data.

    Raises:
        ReconError: As for :func:`planned_images`.
    """
    spec: TrainSpec = run.spec
    whole = planned_images(run, spec.domain, "train")
    images = whole.images[training_subset(len(whole.images), spec.n_train, spec.share, spec.seed)]
    data = {"train": whole.sha256}
    if spec.second_domain is not None:
        second = planned_images(run, spec.second_domain, "pool", spec.second_data)
        images = np.concatenate([images, _repeated(second.images, spec.n_second, images.shape[1:])])
        data["second"] = second.sha256
    if spec.contrast:
        images = vary_contrast(images, spec.contrast, np.random.default_rng([spec.seed, 3]))
    return images, data


def training_subset(available: int, n_train: int, share: float, seed: int) -> np.ndarray:
    """Choose the images of a training run.

    Args:
        available: Images the domain has.
        n_train: Images asked for.
        share: The same, as a share of the profile's largest number: what a domain gives that has too
            few.
        seed: Decides the order from which the first are taken, so that smaller sets lie in larger.

    Returns:
        Sorted indices, all of them for a share of 1.
    """
    count = n_train if available >= round(n_train / share) else max(1, round(share * available))
    return np.sort(np.random.default_rng([seed, available]).permutation(available)[:count])


def _repeated(images: np.ndarray, count: int, size: tuple[int, int]) -> np.ndarray:
    """Repeat images until there are ``count``, each in the middle of a field of ``size``, cropped or filled with zeros.

    Whole rounds come first, so that each is given as often as any other to within one.
    """
    fields = np.zeros((len(images), *size), images.dtype)
    sides = [min(pair) for pair in zip(images.shape[1:], size, strict=True)]

    def middle(shape: tuple[int, ...]) -> tuple[slice, ...]:
        starts = [whole // 2 - side // 2 for whole, side in zip(shape, sides, strict=True)]
        return (slice(None), *(slice(start, start + side) for start, side in zip(starts, sides, strict=True)))

    fields[middle(size)] = images[middle(images.shape[1:])]
    return fields[np.arange(count) % len(fields)]
