"""Prepared images on disk: one ``.npz`` without pickle for each split, named by the hash of its preparation."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import DAMAGED
from recon_lib.data.imageset import ImageSet


def path_of(domain: str, source: str, split: str, key: str) -> Path:
    """Return where a prepared split lies, or would lie.

    Args:
        domain: Name of the domain.
        source: ``open``, ``ilsvrc``, ``midas`` or ``ixi``.
        split: ``train``, ``pool`` or ``test``.
        key: Hash of everything the preparation depends on.
    """
    return paths.cache() / "prepared" / f"{domain}-{source}-{split}-{key[:16]}.npz"


def prepared(domain: str, source: str, split: str) -> list[Path]:
    """List the prepared files of a split, of whatever matrix."""
    return sorted((paths.cache() / "prepared").glob(f"{domain}-{source}-{split}-*.npz"))


def once(path: Path, domain: str, split: str, make: Callable[[], ImageSet]) -> ImageSet:
    """Return a prepared split, preparing it if nobody has.

    Two processes that ask at the same time prepare it once: the second waits for the first. A damaged
    file is made again.

    Args:
        path: As :func:`path_of` gives it.
        domain: Name of the domain.
        split: Its split.
        make: Prepares the images; it is called only if nobody has.

    Returns:
        The images.

    Raises:
        ReconError: The cache cannot be written to, or the preparation fails.
    """
    from filelock import FileLock

    images = _read(path, domain, split)
    if images is not None:
        return images
    with writing(path), FileLock(path.with_name(f".{path.name}.lock")):
        images = _read(path, domain, split)
        if images is None:
            images = make()
            _write(path, images)
    return images


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make a file's folder, and turn the operating system's refusals into a sentence.

    Args:
        path: The file about to be written.

    Raises:
        ReconError: The folder cannot be written to or is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise ReconError(
            f"Cannot read or write {error.filename or path} ({error.strerror or error}): make room there, "
            "or set RECON_CACHE to a folder of yours."
        ) from error


def _read(path: Path, domain: str, split: str) -> ImageSet | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return ImageSet(
                domain,
                split,
                archive["images"],
                tuple(str(s) for s in archive["subjects"]),
                tuple(int(s) for s in archive["slices"]),
                archive["scales"],
            )
    except DAMAGED:
        return None  # the file is cut short or damaged; DAMAGED covers ReconError, a ValueError


def _write(path: Path, images: ImageSet) -> None:
    part = path.with_name(f".{path.name}.part")  # the caller holds the lock, so no other process writes here
    try:
        with part.open("wb") as file:
            np.savez(
                file,
                images=images.images,
                subjects=np.array(images.subjects, dtype=np.str_),
                slices=np.array(images.slices, dtype=np.int64),
                scales=np.array(images.scales, dtype=np.float64),
            )
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
