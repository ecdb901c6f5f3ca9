"""Photographs: out of the packs, rebuilt from their public originals, or out of a folder."""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from recon_lib.core.errors import ReconError
from recon_lib.data import fetch
from recon_lib.data.manifest import File, Source
from recon_lib.data.prepare import fit, lightness_of

SUFFIXES = (".jpeg", ".jpg", ".png")
WORKERS = 8
"""Originals downloaded at a time."""


@dataclass(frozen=True)
class Photograph:
    """A row of the registry.

    Attributes:
        index: The photograph's place in the fixed random order.
        pixel_sha256: The hash of its 65,536 lightness bytes, row by row.
        original: The file as it was published.
        licence: The licence of this photograph alone.
        author: The name to give where the licence asks for one.
        landing_url: The page on which it was published, for the same purpose.
        width: Width of the original in pixels.
        height: Height of the original in pixels.
    """

    index: int
    pixel_sha256: str
    original: File
    licence: str
    author: str
    landing_url: str
    width: int
    height: int


def read_registry(path: Path) -> list[Photograph]:
    """Read the registry of photographs in the order of their index.

    Raises:
        ReconError: It is no such table: a column is missing, a number is none, an address is not https, or
            the indices have a gap.
    """
    try:
        rows = _read_rows(path)
    except (KeyError, TypeError) as error:
        raise ReconError(f"The registry {path.name} lacks the column {error}: restore it.") from error
    except ReconError:
        raise
    except (ValueError, csv.Error) as error:
        raise ReconError(f"The registry {path.name} is damaged ({_line(error)}): restore it.") from error
    if [row.index for row in rows] != list(range(len(rows))):
        raise ReconError(f"The registry {path.name} does not count from 0 without a gap: restore it.")
    return rows


def _read_rows(path: Path) -> list[Photograph]:
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            suffix = PurePosixPath(row["source_url"]).suffix.lower()
            original = File(
                name=f"natural_originals/{int(row['index']):04d}{suffix}",
                role="original",
                domain="natural",
                sha256=row["source_sha256"],
                url=row["source_url"],
            )
            size = int(row["width"]), int(row["height"])
            row_text = row["licence"], row["author"], row["landing_url"]
            rows.append(Photograph(int(row["index"]), row["pixel_sha256"], original, *row_text, *size))
    return rows


def registry_of(source: Source) -> list[Photograph]:
    """Read the verified registry of a source of photographs.

    Raises:
        ReconError: The source lists none, or it is damaged.
    """
    registries = [f for f in source.files if f.role == "registry"]
    if not registries:
        raise ReconError(f"The manifest's {source.domain}.{source.name} has no registry of photographs: add one.")
    return read_registry(fetch.obtain(registries[0]))


def from_packs(packs: Iterable[Path], registry: list[Photograph], count: int) -> Iterator[np.ndarray]:
    """Yield the lightness of the first photographs out of verified packs.

    Args:
        packs: Tars, each with PNG files whose names sort as the registry does.
        registry: Rows to verify the pixels with.
        count: How many to yield.

    Yields:
        uint8 ``(256, 256)``.

    Raises:
        ReconError: A member is unsafe, is no greyscale PNG, has other pixels than the registry says,
            or there are too few.
    """
    number = 0
    for pack in packs:
        for name, content in read_tar(pack):
            if number == count:
                return
            pixels = _decode(content, f"{name} of {pack.name}", convert=None)
            _check_pixels(pixels, registry[number], f"{name} of {pack.name}")
            yield pixels
            number += 1
    if number < count:
        raise ReconError(f"{count} photographs were asked for: the packs hold {number}.")


def read_tar(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a tar in the order of their names, without writing anything to disk.

    Raises:
        ReconError: A member is not a plain file that lies whole in the archive, or its name is absolute or
            leads upwards.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            members = archive.getmembers()
            for member in members:
                name = PurePosixPath(member.name)
                # A sparse member, or one that is larger than its archive, can claim any size. Our packs hold neither.
                bomb = member.issparse() or member.size > path.stat().st_size
                if bomb or not member.isfile() or name.is_absolute() or ".." in name.parts:
                    raise ReconError(f"{path.name} holds {member.name!r}, which is unsafe to unpack: get another copy.")
            for member in sorted(members, key=lambda m: m.name):
                content = archive.extractfile(member)
                yield member.name, content.read() if content else b""
    except (tarfile.TarError, EOFError) as error:
        raise ReconError(f"{path.name} is no readable tar ({error}): get another copy.") from error


def from_originals(
    registry: list[Photograph], count: int, obtain: Callable[[File], Path] = fetch.obtain
) -> Iterator[np.ndarray]:
    """Yield the lightness of the first photographs, rebuilt from their originals.

    Args:
        registry: Rows that say what to get and what must come out.
        count: How many to yield.
        obtain: Gets a verified file.

    Yields:
        uint8 ``(256, 256)``: centre crop, L* x 2.55.

    Raises:
        ReconError: An original cannot be had, or other pixels come out than the registry says.
    """
    rows = registry[:count]
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            for row, path in zip(rows, pool.map(lambda row: obtain(row.original), rows), strict=True):
                yield _rebuild(row, path)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _rebuild(row: Photograph, path: Path) -> np.ndarray:
    name = f"Photograph {row.index} ({path.name})"
    rgb = _decode(path.read_bytes(), name, convert="RGB")
    if rgb.shape[:2] != (row.height, row.width):
        raise ReconError(f"{name} is {rgb.shape[1]}x{rgb.shape[0]}: the registry says {row.width}x{row.height}.")
    pixels = lightness_of(centre(rgb, (256, 256)), name)
    _check_pixels(pixels, row, name)
    return pixels


def from_folder(paths: Iterable[Path], size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield the lightness of photographs, cut or zero-padded about their centre.

    Args:
        paths: Image files.
        size: ``(height, width)``.

    Yields:
        uint8 ``(height, width)``: L* x 2.55.

    Raises:
        ReconError: A file is no image.
    """
    for path in paths:
        rgb = _decode(path.read_bytes(), str(path), convert="RGB")
        yield lightness_of(centre(rgb, size), str(path))


def centre(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut or zero-pad an array ``(height, width, channels)`` about its centre to ``size``."""
    return np.moveaxis(fit(np.moveaxis(rgb, -1, 0), size), 0, -1)


def list_folder(folder: Path) -> list[Path]:
    """List the image files below a folder in the order of their paths."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())


def _decode(content: bytes, name: str, convert: str | None) -> np.ndarray:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Pillow only warns of an image up to twice as large as it deems safe, which takes several GB in floats.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                converted: Any = image.convert(convert) if convert else image
                return np.asarray(converted)
    except Exception as error:  # each format's decoder raises errors of its own
        raise ReconError(
            f"{name} cannot be decoded as an image ({_line(error)}): leave it out or get it again."
        ) from error


def _line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")


def _check_pixels(pixels: np.ndarray, row: Photograph, name: str) -> None:
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ReconError(f"{name} is {pixels.dtype} of shape {pixels.shape}: lightness is 8 bits in 2-D.")
    if hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest() != row.pixel_sha256:
        raise ReconError(f"{name} has other pixels than the registry says: it is another image, or decoded otherwise.")
