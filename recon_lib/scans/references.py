"""Slices of scans as references: to tune a network with, and held out to test it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data.manifest import Geometry
from recon_lib.data.prepare import brain_slices
from recon_lib.imaging.fourier import ifft2c
from recon_lib.scans.options import ReadOptions
from recon_lib.scans.read import read_scan
from recon_lib.scans.sampling import is_undersampled, limits_of
from recon_lib.scans.scaling import limit
from recon_lib.scans.scan import Scan

COVERAGE = 0.1
"""A slice is used if more than this share of its pixels is bright, as in the project's own domains."""
LEFT_OUT = 0.2
"""The share of a single scan's slices, at its end, that is held out."""
_SAME_TIME = 0.2  # echo times of one contrast differ by less than this share across scanners


@dataclass(frozen=True, eq=False)
class Slices:
    """Reference slices of one size, each with a maximum of 1; a few voxels that dominate are limited.

    Attributes:
        images: float32 ``(n, height, width)``.
        scans: The scan that each slice comes from.
        subjects: The person whom each slice shows.
        numbers: The place of each slice in its scan, along the axis of slicing.
    """

    images: np.ndarray
    scans: tuple[Path, ...]
    subjects: tuple[str, ...]
    numbers: tuple[int, ...]

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.images)

    def take(self, indices: Sequence[int] | np.ndarray) -> Slices:
        """Return some of the slices, in the order asked for."""
        parts = (tuple(part[k] for k in indices) for part in (self.scans, self.subjects, self.numbers))
        return Slices(self.images[np.asarray(indices, int)], *parts)

    def spread(self, count: int) -> Slices:
        """Return at most ``count`` slices, at even distances."""
        return self.take(np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)))

    def draw(self, count: int, seed: int) -> Slices:
        """Draw slices at random; of two draws with one seed, the smaller lies in the larger.

        Args:
            count: How many.
            seed: Another seed draws others.

        Raises:
            ReconError: There are fewer, or ``count`` is below 1.
        """
        if count < 1:
            raise ReconError(f"{count} images cannot tune a network: ask for at least 1.")
        if count > len(self):
            raise ReconError(f"{count} images were asked for, but the scans give {len(self)}: ask for fewer.")
        order = np.random.default_rng([seed, 3]).permutation(len(self))
        return self.take(np.sort(order[:count]))


def bright_slices(slices: np.ndarray) -> np.ndarray:
    """Choose the slices that show enough: more than :data:`COVERAGE` of their pixels are bright.

    Args:
        slices: Magnitudes of a scan, ``(n, height, width)``.

    Returns:
        Increasing indices.
    """
    return brain_slices(np.moveaxis(slices, 0, 2), Geometry(coverage=COVERAGE))


def gather(
    scans: Mapping[Path, str],
    axis: str | None = None,
    announce: Callable[[Scan], None] | None = None,
    options: ReadOptions | None = None,
) -> Slices:
    """Read the slices of scans that show enough, each divided by its maximum.

    Args:
        scans: The subject whom each scan shows: magnitudes, or fully sampled k-space.
        axis: Along which slices are stacked, as for :meth:`~recon_lib.scans.scan.Scan.axis`.
        announce: Called with each scan as it was read, which may have notes.
        options: What the user says of the scans.

    Returns:
        The slices, scan by scan.

    Raises:
        ReconError: A scan cannot be read or has no such slice, or two differ in the size of their
            slices or in contrast.
    """
    parts, first, size = [], None, None
    for path, subject in scans.items():
        scan = read_scan(path, options)
        if announce:
            announce(scan)
        slices = magnitudes(scan, axis)
        first, size = first or scan, size or slices.shape[1:]
        _check_alike(first, scan, size, slices.shape[1:])
        indices = bright_slices(slices)
        if not indices.size:
            raise ReconError(f"{path} has no slice with more than {COVERAGE:.0%} of bright pixels: leave it out.")
        images = limit(slices[indices])[0]
        images = images / images.max(axis=(1, 2), keepdims=True)
        parts.append(Slices(images, (path,) * len(indices), (subject,) * len(indices), tuple(indices.tolist())))
    return join(parts)


def magnitudes(scan: Scan, axis: str | None = None) -> np.ndarray:
    """Return a scan's slices as magnitudes.

    Raises:
        ReconError: It is k-space that is not fully sampled.
    """
    slices = scan.slices(axis)
    if scan.kind != "kspace":
        return np.maximum(slices, 0)
    if is_undersampled(scan):
        raise ReconError(f"{scan.path} is undersampled k-space, so it has no reference: give fully sampled scans.")
    return np.abs(ifft2c(np.where(limits_of(scan), slices, 0)))


def join(parts: Sequence[Slices]) -> Slices:
    """Put slices of several scans behind one another."""
    columns = [sum((getattr(p, name) for p in parts), ()) for name in ("scans", "subjects", "numbers")]
    return Slices(np.concatenate([p.images for p in parts]).astype(np.float32), *columns)


def hold_out(slices: Slices) -> tuple[Slices, Slices]:
    """Divide slices into those to tune with and those to test on.

    The last subject by name of scan is held out; where there is one subject only, the last scan; where
    there is one scan only, the last fifth of its slices.

    Args:
        slices: All of them, scan by scan.

    Returns:
        To tune with, and held out.

    Raises:
        ReconError: There is one slice only.
    """
    if len(slices) < 2:
        raise ReconError(f"{slices.scans[0]} gives a single slice, so none can be held out: give more, or --test.")
    for labels in (slices.subjects, slices.scans):
        if len(set(labels)) > 1:
            held = [k for k, label in enumerate(labels) if label == labels[-1]]
            pool = [k for k, label in enumerate(labels) if label != labels[-1]]
            return slices.take(pool), slices.take(held)
    cut = len(slices) - max(1, round(LEFT_OUT * len(slices)))
    return slices.take(range(cut)), slices.take(range(cut, len(slices)))


def check_apart(pool: Slices, held: Slices, allow_same_subject: bool = False) -> None:
    """Refuse slices to test on that do not fit those to tune with, or are among them.

    Args:
        pool: Slices to tune with.
        held: Slices to test on.
        allow_same_subject: One subject may do both, for who has one; one image never may.

    Raises:
        ReconError: They show the same subject, hold equal slices, or differ in size.
    """
    if pool.images.shape[1:] != held.images.shape[1:]:
        sizes = " and ".join("x".join(map(str, s.images.shape[1:])) for s in (pool, held))
        raise ReconError(f"Scans to tune with and to test on have slices of {sizes}: they must be of one size.")
    known = {image.tobytes(): place for place, image in enumerate(pool.images)}
    for place, image in enumerate(held.images):
        if image.tobytes() in known:
            twin = known[image.tobytes()]
            names = (
                f"{pool.scans[twin]}, slice {pool.numbers[twin]}, and {held.scans[place]}, slice {held.numbers[place]}"
            )
            raise ReconError(f"{names}, are one image, to tune with and to test on: leave one of them out.")
    shared = sorted(set(pool.subjects) & set(held.subjects))
    if shared and not allow_same_subject:
        raise ReconError(
            f"{shared[0]} would tune the network and test it: keep subjects apart (--subject-from names them "
            "otherwise), or add --allow-same-subject, and the numbers flatter the network."
        )


def _check_alike(first: Scan, scan: Scan, size: tuple[int, ...], own_size: tuple[int, ...]) -> None:
    if size != own_size:
        sizes = " and ".join("x".join(map(str, s)) for s in (size, own_size))
        raise ReconError(f"{first.path} and {scan.path} have slices of {sizes}: give each size a folder of its own.")
    for key, value in scan.contrast.items():
        known = first.contrast.get(key, value)
        apart = (
            abs(value - known) > _SAME_TIME * max(value, known)
            if isinstance(value, float) and isinstance(known, float)
            else value and known and value != known
        )
        if apart:
            raise ReconError(
                f"{first.path} and {scan.path} differ in contrast ({key} {known} and {value}): "
                "give each contrast a folder of its own."
            )
