"""Malformed volumes, photographs, packs and scans."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import yaml

from recon_lib.core import paths
from recon_lib.data import photographs
from recon_lib.data.manifest import File

NAMES = ("plain", "with space", "ünï-çödé 脳", "a'quote", "-dash", "semi;colon", "new\nline", "%s{x}")
NUMBERS = (float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 1e-320, 0.0, -1.0, 3e38)


def damage(content: bytes, rng: random.Random, head: int = 400) -> tuple[str, bytes]:
    """Damage bytes in one of the ways that files get damaged, most often near their head."""
    kind = rng.choice(["cut", "flip", "flip head", "noise", "empty", "zeros", "repeat", "text"])
    data = bytearray(content)
    if kind == "cut":
        data = data[: rng.randrange(len(data))]
    elif kind == "flip":
        for _ in range(rng.randint(1, 8)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "flip head":
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(min(head, len(data)))] = rng.randrange(256)
    elif kind == "noise":
        data = bytearray(rng.randbytes(rng.randint(1, 2000)))
    elif kind == "empty":
        data = bytearray()
    elif kind == "zeros":
        data = bytearray(len(data))
    elif kind == "repeat":
        data = data + data
    else:
        data = bytearray(b"<html><body>404 not found</body></html>")
    return kind, bytes(data)


def head(rng: random.Random) -> np.ndarray:
    """Return a small volume with enough bright voxels."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    return numbers.integers(200, 1000, (10, 12, 6)).astype(np.int16)


def users_volume(inside: Path, patch: pytest.MonkeyPatch, name: str, content: bytes) -> Callable[[], object]:
    """Put a volume where a user's scans lie; return the command that prepares them."""
    from torture.malformed import command

    folder = inside / "scans"
    folder.mkdir()
    (folder / name).write_bytes(content)
    manifest("t1", "midas", "RECON_DATA_MIDAS", inside, patch)
    patch.setenv("RECON_DATA_MIDAS", str(folder))
    return lambda: command("data", "prepare", "t1", "--source", "midas")


def manifest(domain: str, source: str, variable: str, inside: Path, patch: pytest.MonkeyPatch) -> None:
    """Use a manifest with one domain that the user supplies one item for."""
    about = {"title": "x", "licence": "x", "homepage": "https://example.org", "citation": "x"}
    entry = {"collection": "own", "splits": {"test": [0, 1]}, "geometry": {"crop": [16, 16]}}
    content = {
        "version": 1,
        "collections": {"own": {**about, "environment": variable}},
        "domains": {domain: {source: entry, "open": entry}},
    }
    path = inside / f"manifest-{hashlib.sha256(str(inside).encode()).hexdigest()[:8]}-{id(patch)}.yaml"
    path.write_text(yaml.safe_dump(content))
    patch.setattr(paths, "MANIFEST", path)


def nifti(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Callable[[], object]]:
    """Write a NIfTI file with damaged bytes, an impossible header or impossible values."""
    volume: Any = head(rng)
    kind = rng.choice(["bytes", "header", "values", "shape", "type"])
    about = kind
    if kind == "values":
        volume = volume.astype(np.float64)
        value = rng.choice(NUMBERS)
        volume[rng.randrange(10), rng.randrange(12), :] = value
        if rng.random() < 0.3:
            volume[:] = value
        about = f"value {value}"
    elif kind == "shape":
        shape = rng.choice([(5,), (5, 6), (4, 5, 6, 2), (1, 1, 1), (12, 1, 1), (4, 5, 6, 1), (300, 1, 2)])
        volume, about = np.ones(shape, np.float32), f"shape {shape}"
    elif kind == "type":
        code = rng.choice(["<c8", "u1,u1,u1", "<f8", "<u8", "<i8", "u1"])
        volume = np.zeros((8, 8, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]) if "," in code else volume.astype(code)
        about = f"type {code}"
    image = nibabel.Nifti1Image(volume, np.eye(4), dtype=volume.dtype)
    content = bytearray(image.to_bytes())
    if kind == "header":
        # dim, datatype, vox_offset, slopes, sform: what a reader trusts.
        place, code, values = rng.choice(
            [
                (40, "<h", (0, -1, 8, 7, 4, 32767)),
                (42, "<h", (0, -5, 32767)),
                (44, "<hh", ((32767, 32767), (30000, 20000))),
                (70, "<h", (0, 3, 999, 1792, 2304)),
                (108, "<f", (float("nan"), -1.0, 1e9, 1e30)),
                (112, "<f", (*NUMBERS[:2], 3e38)),
                (280, "<f", (float("nan"), float("inf"), 0.0)),
            ]
        )
        value = rng.choice(values)
        packed = struct.pack(code, *(value if isinstance(value, tuple) else (value,)))
        content[place : place + len(packed)] = packed
        about = f"header {place} = {value}"
    zipped = rng.random() < 0.5
    data = gzip.compress(bytes(content)) if zipped else bytes(content)
    if kind == "bytes":
        about, data = damage(data, rng)
    name = f"{rng.choice(NAMES)}-t1.nii{'.gz' if zipped else ''}"
    return f"{about} in {name!r}", users_volume(inside, patch, name, data)


def meta(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Callable[[], object]]:
    """Write a MetaImage with damaged bytes or an impossible header."""
    fields = {
        "ObjectType": "Image", "NDims": "3", "BinaryData": "True", "BinaryDataByteOrderMSB": "False",
        "ElementSpacing": "1 1 1", "DimSize": "10 12 6", "ElementType": "MET_SHORT", "ElementDataFile": "LOCAL",
    }  # fmt: skip
    about = "bytes"
    if rng.random() < 0.6:
        key = rng.choice(list(fields))
        choices = [
            "",
            "nan nan nan",
            "-1 -1 -1",
            "99999 99999 99999",
            "0 0 0",
            "../../elsewhere/x",
            "2",
            "MET_FLOAT",
            "x",
        ]
        fields[key] = rng.choice(choices)
        about = f"{key} = {fields[key]!r}"
    text = "".join(f"{key} = {value}\n" for key, value in fields.items())
    data = text.encode() + head(rng).tobytes()
    if about == "bytes":
        about, data = damage(data, rng, head=len(text))
    name = f"{rng.choice(NAMES)}-t1.mha"
    return f"{about} in {name!r}", users_volume(inside, patch, name, data)


def photograph(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Callable[[], object]]:
    """Write a damaged or odd photograph into a user's folder."""
    from PIL import Image

    from torture.malformed import command

    mode = rng.choice(["RGB", "L", "LA", "RGBA", "CMYK", "1", "I;16", "P", "bomb", "tiny"])
    size = {"bomb": rng.choice([(14000, 14000), (11000, 11000)]), "tiny": (1, 1)}.get(mode, (40, 30))
    image = Image.new("L" if mode in ("bomb", "tiny") else mode, size, rng.choice([0, 1]) if mode != "bomb" else 1)
    suffix = "jpeg" if mode in ("RGB", "L", "CMYK") else "png"
    stream = io.BytesIO()
    image.save(stream, suffix)
    about, content = mode, stream.getvalue()
    if mode != "bomb" and rng.random() < 0.6:
        kind, content = damage(content, rng, head=60)
        about += f" {kind}"
    folder = inside / "photographs"
    folder.mkdir()
    name = f"{rng.choice(NAMES)}.{suffix}"
    (folder / name).write_bytes(content)
    manifest("natural", "ilsvrc", "RECON_DATA_ILSVRC", inside, patch)
    patch.setenv("RECON_DATA_ILSVRC", str(folder))
    return f"{about} in {name!r}", lambda: command("data", "prepare", "natural", "--source", "ilsvrc")


def tar(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Callable[[], object]]:
    """Write a pack with members that would leave its folder, links, devices, bombs or damage."""
    kinds = ["..", "absolute", "symlink", "hardlink", "device", "fifo", "folder", "sparse", "size", "pixels", "bytes"]
    path, kind = inside / "pack.tar", rng.choice(kinds)
    elsewhere = {"..": "../../elsewhere/x.png", "absolute": str(inside.parent / "elsewhere/x.png")}
    member = tarfile.TarInfo(elsewhere.get(kind, "x.png"))
    types = {"symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE, "device": tarfile.CHRTYPE}
    types |= {"fifo": tarfile.FIFOTYPE, "folder": tarfile.DIRTYPE}
    member.type = types.get(kind, tarfile.REGTYPE)
    member.linkname = rng.choice(["/etc/passwd", "../../elsewhere/y"]) if kind in ("symlink", "hardlink") else ""
    content = _png(rng) if kind in ("..", "absolute", "pixels", "bytes") else b""
    member.size = len(content)
    if kind in ("sparse", "size"):  # a header that claims a terabyte: of zeros, or of what is not there
        header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
        place = 483 if kind == "sparse" else 124
        header[place : place + 12] = b"\x80" + (1 << 40).to_bytes(11, "big")
        header[156:157] = tarfile.GNUTYPE_SPARSE if kind == "sparse" else b"0"
        header[148:156] = b"%06o\0 " % (sum(header[:148]) + 256 + sum(header[156:]))
        path.write_bytes(bytes(header) + bytes(1024))
    else:
        with tarfile.open(path, "w") as archive:
            archive.addfile(member, io.BytesIO(content))
    if kind == "bytes":
        kind, data = damage(path.read_bytes(), rng)
        path.write_bytes(data)
    original = File("o.png", "original", "natural", "0" * 64, url="https://example.org/o.png")
    registry = [photographs.Photograph(0, "0" * 64, original, "", "", "", 1, 1)]
    return kind, lambda: list(photographs.from_packs([path], registry, 1))


def _png(rng: random.Random) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new(rng.choice(["L", "RGB", "1", "P"]), (8, 8), 1).save(stream, "png")
    return stream.getvalue()


MAKERS = {"NIfTI": nifti, "MetaImage": meta, "photographs": photograph, "tar packs": tar}
