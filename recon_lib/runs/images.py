"""The images of a run, refused where they are no longer those that it was planned with."""

from __future__ import annotations

from recon_lib.core.errors import ReconError
from recon_lib.data import domains
from recon_lib.data.imageset import ImageSet
from recon_lib.experiment.plan import Run


def planned_images(run: Run, domain: str, split: str) -> ImageSet:
    """Load the images of a run's domain.

    Args:
        run: The run.
        domain: The domain that it trains, tunes or tests on.
        split: ``train``, ``pool`` or ``test``.

    Returns:
        The images.

    Raises:
        ReconError: The data of the domain are no longer those that the run was planned with: its name would lie.
    """
    if domains.domain_hash(domain, run.profile.domains[domain]) != run.spec.data:
        raise ReconError(f"The data of {domain!r} have changed since {run.id} was planned: plan the profile again.")
    return domains.load_images(domain, split, run.profile.domains[domain])
