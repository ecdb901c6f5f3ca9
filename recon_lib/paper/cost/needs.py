"""What a profile needs, counted from the profile and the manifest: runs, operations, memory, disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from recon_lib.core.errors import ReconError
from recon_lib.core.strict_yaml import build
from recon_lib.data.domains import Domain
from recon_lib.data.manifest import Source, load_manifest
from recon_lib.experiment.counting import longest_chain, network_bytes, run_operations, run_update_bytes, training_bytes
from recon_lib.experiment.plan import plan
from recon_lib.experiment.profile import Profile
from recon_lib.results.keys import RunKey
from recon_lib.results.store import Results


class Work(StrEnum):
    """The kinds of work, in the order of a table; the value is what a page calls one."""

    TRAINING = "training"
    FINE_TUNING = "fine-tuning"
    NETWORKS = "networks on test slices"
    COMPRESSED_SENSING = "compressed sensing"
    OTHERS = "other reconstructions"


_FILES = ("volume", "pack", "wheel")  # what is downloaded; the other roles are parts of these, or their originals


@dataclass(frozen=True)
class Needs:
    """What a profile needs, counted.

    Attributes:
        runs: Runs of each kind of work.
        operations: Of the networks, by kind of work.
        chain: Operations of the longest chain of runs that start from each other.
        training_update: Bytes of the largest update of sequential training.
        tuning_update: Bytes of the largest update of fine-tuning.
        images: Bytes that the images of the largest training run hold in main memory.
        download: Bytes of the public files; 0 where the data are the user's own or made by code.
        prepared: Bytes of the images as they are kept in the cache.
        networks: Bytes of all trained networks.
    """

    runs: dict[Work, int]
    operations: dict[Work, int]
    chain: int
    training_update: int
    tuning_update: int
    images: int
    download: int
    prepared: int
    networks: int


def count_needs(profile: Profile, results: Results | None) -> Needs:
    """Count what a profile needs.

    Args:
        profile: The experiment.
        results: Results that say the size and number of test slices where the manifest does not, or ``None``.

    Returns:
        The counts.

    Raises:
        ReconError: The size or number of a domain's images is stated nowhere.
    """
    sources = _sources(profile)
    sizes, slices = _sizes_and_slices(profile, sources, results)
    tests = {name: slices[name, "test"] for name in profile.test_domains}
    real = {name: source for name, source in sources.items() if profile.domains[name].source != "generated"}
    runs = plan(profile, dict.fromkeys(profile.domains, ""))
    kinds = {work: [run for run in runs if work_of(run.kind, run.key) is work] for work in Work}
    training = profile.training
    return Needs(
        runs={work: len(group) for work, group in kinds.items()},
        operations={work: sum(run_operations(run, sizes, slices) for run in group) for work, group in kinds.items()},
        chain=longest_chain(runs, sizes, slices),
        training_update=max((run_update_bytes(run, sizes) for run in kinds[Work.TRAINING]), default=0),
        tuning_update=max((run_update_bytes(run, sizes) for run in kinds[Work.FINE_TUNING]), default=0),
        images=max(
            training_bytes(min(max(training.n_train), _images(sources[n], ["train"], tests.get(n))), sizes[n])
            for n in training.domains
        ),
        download=sum(f.bytes for s in _distinct(real) for f in s.collection.files if f.role in _FILES),
        prepared=sum(4 * sizes[n][0] * sizes[n][1] * _images(s, s.splits, tests.get(n)) for n, s in real.items()),
        networks=network_bytes(runs),
    )


def count_operations(profile: Profile, results: Results | None, variations: Collection[str | None]) -> dict[Work, int]:
    """Count the operations of the networks of some variations.

    Args:
        profile: The experiment.
        results: As for :func:`count_needs`.
        variations: Their labels; ``None`` is the profile's own runs.

    Returns:
        Operations by kind of work.

    Raises:
        ReconError: As :func:`count_needs`.
    """
    sizes, slices = _sizes_and_slices(profile, _sources(profile), results)
    counts = dict.fromkeys(Work, 0)
    for run in plan(profile, dict.fromkeys(profile.domains, "")):
        if run.key.variation in variations:
            counts[work_of(run.kind, run.key)] += run_operations(run, sizes, slices)
    return counts


def work_of(kind: str, key: RunKey) -> Work:
    """Tell the kind of work of a run.

    Args:
        kind: The run's.
        key: What it is named by.
    """
    if kind != "evaluate":
        return Work.TRAINING if kind == "train" else Work.FINE_TUNING
    method = str(key.method)
    if method == "network":
        return Work.NETWORKS
    return Work.COMPRESSED_SENSING if method.startswith("cs:") else Work.OTHERS


def _sources(profile: Profile) -> dict[str, Source]:
    return {name: load_manifest().source(name, domain.source) for name, domain in profile.domains.items()}


def _sizes_and_slices(
    profile: Profile, sources: Mapping[str, Source], results: Results | None
) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, str], int]]:
    """Find the size of each domain's images, and count the slices of each test domain and split."""
    sizes = {name: _size(source, profile.domains[name], results) for name, source in sources.items()}
    tests = {name: _test_slices(sources[name], profile.domains[name], results) for name in profile.test_domains}
    slices = {
        (name, split): count if split == "test" else _images(sources[name], [split], count)
        for name, count in tests.items()
        for split in (*sources[name].splits, "test")
    }
    return sizes, slices


def _size(source: Source, domain: Domain, results: Results | None) -> tuple[int, int]:
    """Find the size of a domain's images: asked for, stated in the manifest, or seen in results of the same images."""
    stated = domain.matrix or source.geometry.matrix or source.geometry.crop
    if stated:
        return stated
    panels = results.panels if _same(source, domain, results) else {}
    for key, image in panels.items():
        if (key.test_domain, key.picture) == (source.domain, "reference"):
            return tuple(image.shape)
    raise ReconError(
        f"The size of the images of {source.domain}/{source.name} is stated nowhere: collect results first."
    )


def _test_slices(source: Source, domain: Domain, results: Results | None) -> int:
    if domain.source == "generated" or source.slices.get("test"):
        return domain.images or source.slices.get("test", 0)
    if _same(source, domain, results):
        rows = results.slices[results.slices["test_domain"] == source.domain]
        if len(rows):
            return len(rows.drop_duplicates(["subject", "slice"]))
    raise ReconError(f"The number of slices of {source.domain}/{source.name} is stated nowhere: collect results first.")


def _same(source: Source, domain: Domain, results: Results | None) -> bool:
    """Tell whether results were made from the same images."""
    if results is None:
        return False
    theirs = results.provenance.get("profile", {}).get("domains", {}).get(source.domain)
    return theirs is not None and build(Domain, theirs, "domain") == domain


def _images(source: Source, splits: Iterable[str], test_slices: int | None) -> int:
    """Count a domain's images in some splits; of scans by the subjects' share of the test slices."""
    if test_slices is None or source.slices:
        return sum(source.slices.get(split) or len(source.splits[split]) for split in splits)
    subjects = sum(len(source.splits[split]) for split in splits)
    return test_slices * subjects // len(source.splits["test"])


def _distinct(sources: Mapping[str, Source]) -> list[Source]:
    """Keep one source of each collection: T1 and T2 volumes lie in the same one."""
    return list({source.collection.name: source for source in sources.values()}.values())
