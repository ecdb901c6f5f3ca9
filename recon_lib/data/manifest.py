"""The manifest of data, ``data_manifest.yaml``, as frozen, validated objects."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from recon_lib.core import paths
from recon_lib.core.errors import ReconError, choose, quote
from recon_lib.core.strict_yaml import build, mapping, read_yaml

ROLES = ("volume", "pack", "registry", "wheel", "original", "network", "kspace")
SPLITS = ("train", "pool", "test")


@dataclass(frozen=True)
class File:
    """One file, and how to know that it is the right one.

    Attributes:
        name: The file's path in a mirror folder and in the cache, with forward slashes.
        role: ``volume``, ``pack`` (a tar of images), ``registry`` (a list of originals, inside the
            package), ``wheel`` (of pip), ``original`` (a photograph as it was published), ``network`` (a
            released one) or ``kspace`` (raw data of several coils).
        domain: The domain that the file belongs to; empty for a network and for raw data.
        sha256: The hash of its bytes, in hexadecimal.
        bytes: Its size, or 0 where the size is not known.
        subject: The person whom a volume shows; empty for other roles.
        url: The https address that serves the file, or empty.
        alternatives: Other https addresses, tried in turn where ``url`` fails or gives other bytes.
        requirement: What pip calls a wheel (``img2fmri==0.2.dev5``), or empty.
        wheel: The name of the wheel that holds this file, or empty.
        member: The file's path inside that wheel, or empty.
    """

    name: str
    role: str
    domain: str
    sha256: str
    bytes: int = 0
    subject: str = ""
    url: str = ""
    alternatives: tuple[str, ...] = ()
    requirement: str = ""
    wheel: str = ""
    member: str = ""

    def __post_init__(self) -> None:
        """Refuse what would be unsafe to fetch or impossible to check."""
        choose(f"role of {self.name}", self.role, ROLES)
        path = PurePosixPath(self.name)
        if path.is_absolute() or ".." in path.parts or "\\" in self.name or path == PurePosixPath("."):
            raise ReconError(f"The manifest's file name {self.name!r} leaves its folder: use a plain relative path.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ReconError(f"The sha256 of {self.name} is {quote(self.sha256)}: write its 64 hexadecimal digits.")
        for address in self.addresses:
            if not address.startswith("https://"):
                raise ReconError(f"The address of {self.name} is {quote(address)}: only https is allowed.")
        if self.alternatives and not self.url:
            raise ReconError(f"{self.name} has alternatives to no address: name the first of them as its url.")
        if bool(self.wheel) != bool(self.member):
            raise ReconError(f"{self.name} needs both wheel and member, or neither.")

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses in the order in which they are tried."""
        return (self.url, *self.alternatives) if self.url else self.alternatives


@dataclass(frozen=True)
class Collection:
    """Files with one origin, one licence and one citation.

    Attributes:
        name: The collection's key in the manifest.
        title: One line that names it in tables.
        licence: The terms under which it may be used.
        homepage: The address of the page that describes it.
        citation: The reference to cite.
        files: The files of the collection; there are none where the user has to bring them.
        environment: The variable that names the user's folder, or empty.
    """

    name: str
    title: str
    licence: str
    homepage: str
    citation: str
    files: tuple[File, ...] = ()
    environment: str = ""


@dataclass(frozen=True)
class Geometry:
    """How images are cut from what was read; the manifest's head explains each step.

    Attributes:
        orientation: Directions of a volume's axes in nibabel's letters; slices lie along the last.
        coverage: A slice is used if more than this share of its pixels is bright; 0 uses all slices.
        level: A pixel is bright if it exceeds this factor times the percentile.
        percentile: The percentile of the volume's intensities, in percent.
        below_top: How many slices are used, counted down from the highest one; ``None`` uses all.
        transpose: Whether the two axes of a slice are exchanged.
        crop: ``(height, width)`` cut or zero-padded about the centre of the image, in pixels.
        matrix: ``(height, width)`` cut about the centre of k-space, in pixels.
    """

    orientation: str = "RAS"
    coverage: float = 0.0
    level: float = 0.1
    percentile: float = 99.5
    below_top: int | None = None
    transpose: bool = False
    crop: tuple[int, int] | None = None
    matrix: tuple[int, int] | None = None


@dataclass(frozen=True)
class Source:
    """One way to fill a domain.

    Attributes:
        domain: ``natural``, ``t1``, ``t2`` or ``t1_bold5000``.
        name: ``open``, ``ilsvrc``, ``midas`` or ``ixi``.
        collection: The collection that its files come from.
        splits: The subjects of each split by name, or a range of subjects (images) in order of name.
        slices: The largest number of slices of a split, where the number is limited.
        geometry: How its images are cut.
    """

    domain: str
    name: str
    collection: Collection
    splits: dict[str, tuple[str, ...] | range]
    slices: dict[str, int] = field(default_factory=dict)
    geometry: Geometry = field(default_factory=Geometry)

    @property
    def files(self) -> tuple[File, ...]:
        """The collection's files that belong to this domain."""
        return tuple(f for f in self.collection.files if f.domain == self.domain)

    def files_of(self, split: str) -> tuple[File, ...]:
        """Return the volumes of a split's subjects, in the order of the split."""
        volumes = {f.subject: f for f in self.files if f.role == "volume"}
        return tuple(volumes[choose("subject", str(name), volumes)] for name in self.splits[split])


@dataclass(frozen=True)
class Manifest:
    """The whole manifest.

    Attributes:
        collections: Every collection by its name.
        domains: Every source by its domain and its own name.
        networks: The https addresses of folders that hold the released networks, tried in turn.
    """

    collections: dict[str, Collection]
    domains: dict[str, dict[str, Source]]
    networks: tuple[str, ...] = ()

    def source(self, domain: str, source: str) -> Source:
        """Return how a source fills a domain.

        Raises:
            ReconError: Either is unknown; the nearest is suggested.
        """
        choose("domain", domain, self.domains)
        choose(f"source of domain {domain!r}", source, [*self.domains[domain], "generated"])
        return self.domains[domain]["open" if source == "generated" else source]

    def file(self, name: str) -> File:
        """Return a file by name.

        Raises:
            ReconError: There is none; the nearest is suggested.
        """
        files = {f.name: f for c in self.collections.values() for f in c.files}
        return files[choose("file of the manifest", name, files)]


def load_manifest(path: Path | None = None) -> Manifest:
    """Read and validate a manifest.

    Args:
        path: The YAML file; the project's ``data_manifest.yaml`` by default.

    Returns:
        The manifest.

    Raises:
        ReconError: It is missing, is not YAML, or holds an unknown key, an unsafe name, an address
            that is not https, a malformed sha256 or a split of an unknown subject.
    """
    return _load(Path(path) if path else paths.MANIFEST)


@functools.lru_cache(maxsize=8)
def _load(path: Path) -> Manifest:
    try:
        return parse_manifest(read_yaml(path, f"The manifest {path}"))
    except OSError as error:
        raise ReconError(f"Cannot read the manifest {path}: {error.strerror}.") from error


def parse_manifest(content: dict[str, Any]) -> Manifest:
    """Build a manifest from a mapping, as its YAML gives it.

    Raises:
        ReconError: As for :func:`load_manifest`.
    """
    _keys("the manifest", content, ("version", "collections", "domains", "networks"))
    if content.get("version") != 1:
        raise ReconError(f"The manifest's version is {quote(content.get('version'))}: this library reads version 1.")
    collections = {}
    for name, entry in mapping(content.get("collections") or {}, "The manifest's collections").items():
        settings = mapping(entry or {}, f"The manifest's collection {quote(name)}")
        collections[name] = _make(Collection, {**settings, "name": name}, f"collection {name}")
    addresses = content.get("networks") or []
    if not isinstance(addresses, list) or not all(isinstance(address, str) for address in addresses):
        raise ReconError(f"The manifest's networks are a list of addresses, not {quote(addresses)}.")
    manifest = Manifest(collections, {}, tuple(addresses))
    for domain, sources in mapping(content.get("domains") or {}, "The manifest's domains").items():
        entries = mapping(sources or {}, f"The manifest's domain {quote(domain)}")
        manifest.domains[domain] = {n: _source(domain, n, entry, collections) for n, entry in entries.items()}
    _check_files(manifest)
    return manifest


def _source(domain: str, name: str, entry: dict[str, Any], collections: dict[str, Collection]) -> Source:
    place = f"domain {domain}.{name}"
    _keys(place, entry, ("collection", "splits", "slices", "geometry"))
    splits: dict[str, tuple[str, ...] | range] = {}
    for split, subjects in mapping(entry.get("splits") or {}, f"splits of {place}").items():
        choose(f"split of {place}", split, SPLITS)
        if not isinstance(subjects, list) or not all(isinstance(n, int | str) for n in subjects):
            raise ReconError(
                f"Split {split} of {place} is a list of subjects, or of two numbers: not {quote(subjects)}."
            )
        is_range = len(subjects) == 2 and all(isinstance(n, int) for n in subjects)
        splits[split] = range(*subjects) if is_range else tuple(str(n) for n in subjects)
    collection = collections[choose(f"collection of {place}", entry.get("collection"), collections)]
    geometry = _make(Geometry, entry.get("geometry") or {}, f"geometry of {place}")
    slices = mapping(entry.get("slices") or {}, f"slices of {place}")
    if not all(isinstance(n, int) for n in slices.values()):
        raise ReconError(f"The slices of {place} are whole numbers by split, not {quote(slices)}.")
    return Source(domain, name, collection, splits, slices, geometry)


def _check_files(manifest: Manifest) -> None:
    names = [f.name for c in manifest.collections.values() for f in c.files]
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise ReconError(f"The manifest lists {repeated[0]} twice: keep one.")
    for collection in manifest.collections.values():
        for file in collection.files:
            if file.role != "kspace":
                choose(f"domain of {file.name}", file.domain, manifest.domains)
            if file.wheel:
                manifest.file(file.wheel)
    for source in (s for sources in manifest.domains.values() for s in sources.values()):
        for split, subjects in source.splits.items():
            if not isinstance(subjects, range):
                source.files_of(split)


def _make(cls: type, content: dict[str, Any], place: str) -> Any:  # noqa: ANN401 - an instance of cls
    _keys(place, content, [f.name for f in fields(cls)])
    try:
        return build(cls, content, place)
    except TypeError as error:
        raise ReconError(f"The manifest's {place} is incomplete: {str(error).split('() ')[-1]}.") from error


def _keys(place: str, content: object, names: Any) -> None:  # noqa: ANN401 - any names
    if not isinstance(content, dict):
        raise ReconError(f"The manifest's {place} is not a mapping but {quote(content)}.")
    for key in content:
        choose(f"key in {place}", key, names)
