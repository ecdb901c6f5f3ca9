"""Volumes: those of the manifest, and those in a folder of the user's (MIDAS, IXI)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data import fetch
from recon_lib.data.imageset import ImageSet
from recon_lib.data.manifest import File, Source
from recon_lib.data.prepare import prepare_volume
from recon_lib.data.readers import is_volume, read_volume


def list_volumes(folder: Path, contrast: str) -> dict[str, Path]:
    """Find the volumes of a contrast below a folder.

    The contrast (``T1`` or ``T2``) is a word of the file's name, or else of a folder above it; what
    stands before it in the file's name names the subject (``IXI012-HH-1211-T1.nii.gz``,
    ``Normal002-T1-Flash.mha``, ``T1/Normal002.mha``). Where a subject has several, the first by name
    is taken.

    Args:
        folder: Searched with all its sub-folders.
        contrast: ``t1`` or ``t2``.

    Returns:
        Paths by subject, in the order of the subjects' names.
    """
    volumes: dict[str, Path] = {}
    for path in sorted(p for p in folder.rglob("*") if is_volume(p) and p.is_file()):
        relative = path.relative_to(folder)
        words = _words(path.name)
        kinds = [w for w in words if w in ("t1", "t2")]
        if not kinds:
            kinds = [w for part in reversed(relative.parts[:-1]) for w in _words(part) if w in ("t1", "t2")]
        if not kinds or kinds[0] != contrast:
            continue
        stem = re.split(r"\.(?:nii|mha|mhd|mgz|mgh)", path.name, flags=re.IGNORECASE)[0]
        subject = re.split(rf"(?:^|[^A-Za-z0-9]+){contrast}(?![A-Za-z0-9])", stem, flags=re.IGNORECASE)[0]
        volumes.setdefault(subject or relative.parent.as_posix(), path)
    return dict(sorted(volumes.items()))


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[^a-z0-9]+", name.lower()) if w]


def subjects_in(folder: Path, source: Source, split: str) -> dict[str, Path]:
    """Choose the subjects of a split from a user's folder: a range of them in the order of their names.

    Raises:
        ReconError: There are fewer subjects than the split needs.
    """
    volumes = list_volumes(folder, source.domain)
    span = source.splits[split]
    if not isinstance(span, range):
        raise ReconError(f"Split {split} of {source.domain}.{source.name} is not a range of subjects: correct it.")
    if len(volumes) < span.stop:
        raise ReconError(
            f"{folder} holds {len(volumes)} subjects with a {source.domain.upper()} volume: "
            f"split {split} needs {span.stop}."
        )
    return dict(list(volumes.items())[span.start : span.stop])


def load_volumes(
    source: Source,
    split: str,
    volumes: Sequence[tuple[str, Path | File]],
    matrix: tuple[int, int] | None = None,
    limit: int | None = None,
    obtain: Callable[[File], Path] = fetch.obtain,
) -> ImageSet:
    """Read and prepare the volumes of a split.

    Args:
        source: Its geometry is used.
        split: ``train``, ``pool`` or ``test``.
        volumes: Subject and file of each.
        matrix: ``(height, width)`` in k-space, in place of the geometry's.
        limit: The largest number of slices, evenly spread over all there are.
        obtain: Gets a verified file of the manifest.

    Returns:
        The slices, subject by subject, upwards.

    Raises:
        ReconError: A volume cannot be had, read or prepared, or two differ in matrix size.
    """
    from tqdm.auto import tqdm

    stacks, subjects, slices, scales = [], [], [], []
    for subject, place in tqdm(volumes, desc=f"{source.domain}/{split}", unit="volume", disable=None, leave=False):
        path = obtain(place) if isinstance(place, File) else place
        volume, _ = read_volume(path, source.geometry.orientation)
        images, indices, divisors = prepare_volume(volume, source.geometry, matrix, f"Volume {path.name}")
        if stacks and stacks[0].shape[1:] != images.shape[1:]:
            sizes = " and ".join("x".join(map(str, s.shape[1:])) for s in (stacks[0], images))
            raise ReconError(f"Volumes of {source.domain}/{split} give images of {sizes}: leave out {path.name}.")
        stacks.append(images)
        subjects += [subject] * len(images)
        slices += indices.tolist()
        scales += divisors.tolist()
    stack = np.concatenate(stacks)
    subset = ImageSet(source.domain, split, stack, tuple(subjects), tuple(slices), np.array(scales))
    return subset if limit is None or limit >= len(subset) else spread(subset, limit)


def spread(images: ImageSet, count: int) -> ImageSet:
    """Choose ``count`` images at even distances, so that every subject keeps its share."""
    indices = (np.arange(count) * len(images)) // count
    return ImageSet(
        images.domain,
        images.split,
        images.images[indices],
        tuple(images.subjects[k] for k in indices),
        tuple(images.slices[k] for k in indices),
        images.scales[indices],
    )
