"""The domains: what a name and a split stand for, prepared once and served from then on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError, at_least, choose
from recon_lib.data import fetch, generated, photographs, store, volumes
from recon_lib.data.imageset import ImageSet
from recon_lib.data.manifest import Source, load_manifest
from recon_lib.data.prepare import LIGHTNESS_SCALE, prepare_photograph

PREPARATION = 1
"""Raised when the same files would give other images, so that no prepared copy is reused."""


def load_images(name: str, split: str, domain: Domain | None = None) -> ImageSet:
    """Return the images of a split, preparing them if this has not been done.

    Args:
        name: ``natural``, ``t1``, ``t2`` or ``t1_bold5000``.
        split: ``train``, ``pool`` or ``test``.
        domain: Where the images come from and their matrix; by default the manifest's open files. Its
            ``images`` is the number of generated images, or of photographs (the first ones), or the
            largest number of slices (evenly spread).

    Returns:
        The images with their subjects, slice numbers and scales.

    Raises:
        ReconError: A name is unknown (the nearest is suggested), a file is missing or wrong, or there
            are fewer images than asked for.
    """
    domain = domain or Domain()
    source = load_manifest().source(name, domain.source)
    choose(f"split of domain {name!r}", split, source.splits)
    if domain.source == "generated":
        return generated.generate(name, split, domain.matrix, domain.images)
    path = store.path_of(name, domain.source, split, domain_hash(name, domain))
    return store.once(path, name, split, lambda: _prepare(source, split, domain))


def domain_hash(name: str, domain: Domain | None = None) -> str:
    """Return the identity of a domain's images without reading any.

    It is the sha256 of the hashes of the domain's files, its splits, geometry and options, and the
    version of the preparation; for a collection that the user has, of the names and sizes of the files
    in his folder.

    Args:
        name: Name of the domain.
        domain: Its source and matrix; by default the manifest's open files.

    Returns:
        64 hexadecimal digits.

    Raises:
        ReconError: The domain or its source is unknown.
    """
    domain = domain or Domain()
    source = load_manifest().source(name, domain.source)
    identity: dict[str, object] = {"preparation": PREPARATION, "domain": name, "options": asdict(domain)}
    if domain.source != "generated":
        identity["files"] = [f.sha256 for f in source.files]
        identity["splits"] = {split: list(subjects) for split, subjects in source.splits.items()}
        identity["slices"] = source.slices
        identity["geometry"] = asdict(source.geometry)
    if domain.source != "generated" and source.collection.environment:
        identity["folder"] = _listing(source)
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def user_folder(source: Source) -> Path:
    """Return the folder that holds a collection of the user's.

    Raises:
        ReconError: Its variable is not set, or names no folder.
    """
    variable = source.collection.environment
    value = os.environ.get(variable)
    if not value:
        raise ReconError(
            f"{source.domain}/{source.name} is yours to supply: set {variable} to the folder that holds it."
        )
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise ReconError(f"{variable} names {folder}, which is no folder: correct it.")
    return folder


def user_files(source: Source) -> list[Path]:
    """List the files that a user's folder offers to a domain, one a photograph or subject, in their order.

    Raises:
        ReconError: As :func:`user_folder`.
    """
    folder = user_folder(source)
    if source.domain == "natural":
        return photographs.list_folder(folder)
    return list(volumes.list_volumes(folder, source.domain).values())


def _listing(source: Source) -> list[list[object]] | None:
    """Name and size of the files a user's folder offers; ``None`` where there is no folder yet."""
    try:
        folder = user_folder(source)
    except ReconError:
        return None
    paths = user_files(source)
    return [[path.relative_to(folder).as_posix(), path.stat().st_size] for path in paths]


def _prepare(source: Source, split: str, domain: Domain) -> ImageSet:
    if source.domain == "natural":
        return _prepare_photographs(source, split, domain)
    limit = min((n for n in (domain.images, source.slices.get(split)) if n is not None), default=None)
    if source.collection.environment:
        subjects = list(volumes.subjects_in(user_folder(source), source, split).items())
        return volumes.load_volumes(source, split, subjects, domain.matrix, limit)
    files = [(file.subject, file) for file in source.files_of(split)]
    return volumes.load_volumes(source, split, files, domain.matrix, limit)


def _prepare_photographs(source: Source, split: str, domain: Domain) -> ImageSet:
    from tqdm.auto import tqdm

    span = source.splits[split]
    count = domain.images or len(span)
    if count > len(span):
        raise ReconError(f"{count} images of {source.domain}/{split} were asked for: it has {len(span)}.")
    size = source.geometry.crop or (256, 256)
    if source.collection.environment:
        paths = user_files(source)
        if len(paths) < count:
            raise ReconError(f"{user_folder(source)} holds {len(paths)} photographs: {count} are needed.")
        stream = photographs.from_folder(paths[:count], size)
    else:
        stream = _open_photographs(source, count)
    height, width = domain.matrix or size
    images = np.empty((count, height, width), np.float32)
    bar = tqdm(stream, total=count, desc=f"{source.domain}/{split}", unit="image", disable=None, leave=False)
    for n, lightness in enumerate(bar):
        images[n] = prepare_photograph(lightness, domain.matrix, f"Photograph {n}")
    names = tuple(f"{n:04d}" for n in range(count))
    scales = np.full(count, LIGHTNESS_SCALE)
    return ImageSet(source.domain, split, images, names, tuple(range(count)), scales)


def _open_photographs(source: Source, count: int) -> Iterator[np.ndarray]:
    registry = photographs.registry_of(source)
    packs = [f for f in source.files if f.role == "pack"]
    if all(fetch.locate(f) for f in packs):
        return photographs.from_packs((fetch.obtain(f) for f in packs), registry, count)
    return photographs.from_originals(registry, count)


SOURCES = ("open", "generated", "ilsvrc", "midas", "ixi")


@dataclass(frozen=True)
class Domain:
    """Where a domain's images come from.

    Attributes:
        source: ``open`` (the manifest's files), ``generated`` (made by code), or a collection that the
            user has: ``ilsvrc``, ``midas``, ``ixi``.
        matrix: ``(height, width)`` to reach by cropping k-space, or ``None``.
        images: Images a split: how many are generated, or at most how many of the real ones are taken.
    """

    source: str = "open"
    matrix: tuple[int, int] | None = None
    images: int | None = None

    def __post_init__(self) -> None:
        """Check the source's name and the counts."""
        choose("source", self.source, SOURCES)
        at_least(1, matrix=self.matrix, images=self.images)
