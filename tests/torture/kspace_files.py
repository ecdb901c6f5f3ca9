"""Malformed arrays, archives, BART files and masks that a user brings beside the kinds of :mod:`torture.documents`."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recon_lib.scans.read import read_scan
from recon_lib.scans.scan_masks import read_mask
from torture.pictures import NAMES, damage

Attempt = Callable[[], object]


def archive(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage an ``.npz``, or fill it with what is no scan."""
    path = inside / f"{rng.choice(NAMES)}.npz"
    kind = rng.choice(["bytes", "several", "none", "words", "objects", "shape"])
    arrays = {
        "several": {"a": np.ones((8, 8)), "b": np.ones(3)},
        "none": {},
        "words": {"a": np.array(["x", "y"])},
        "objects": {"a": np.array([{}, []], object)},
        "shape": {"a": np.ones(rng.choice([(), (0, 3), (2, 0, 3), (1,), (2, 2, 2, 2, 2)]))},
    }.get(kind, {"a": _array(rng)})
    with path.open("wb") as file:
        rng.choice([np.savez, np.savez_compressed])(file, **arrays)
    if kind == "bytes":
        kind, content = damage(path.read_bytes(), rng, head=120)
        path.write_bytes(content)
    return f"{kind} of an archive", lambda: read_scan(path)


def cfl(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage a ``.cfl`` or its header."""
    path = inside / f"{rng.choice(['k', 'a b', 'x.y'])}.cfl"
    _array(rng).astype("<c8").ravel(order="F").tofile(path)
    header = path.with_suffix(".hdr")
    header.write_bytes(b"# Dimensions\n20 24 3\n")
    kind = rng.choice(["bytes", "header", "dimensions", "gone", "folder"])
    if kind == "bytes":
        kind, content = damage(path.read_bytes(), rng)
        path.write_bytes(content)
    elif kind == "header":
        kind, content = damage(header.read_bytes(), rng)
        header.write_bytes(content)
    elif kind == "gone":
        header.unlink()
    elif kind == "folder":
        header.unlink()
        header.mkdir()
    else:
        words = ["0", "-1", "9" * 5000, "1e9", "20", "24", "3", "nan", "0x5", "\u0663", "1" * 12]
        header.write_text("# Dimensions\n" + " ".join(rng.choice(words) for _ in range(rng.randrange(20))), "utf-8")
    return f"{kind} of a BART file", lambda: read_scan(path)


def mask(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage a mask, or bring an array that is none."""
    kind = rng.choice(["npy", "npz", "h5", "cfl", "txt"])
    path = inside / f"m.{kind}"
    values = _array(rng) if rng.random() < 0.5 else np.random.default_rng(rng.randrange(99)).random((20, 24)) < 0.3
    if kind == "h5":
        import h5py

        with h5py.File(path, "w") as file:
            file.create_dataset(rng.choice(["mask", "kspace", "mask/a"]), data=values)
    elif kind == "npz":
        np.savez(path, values)
    elif kind == "cfl":
        np.asarray(values, "<c8").tofile(path)
        path.with_suffix(".hdr").write_text("# Dimensions\n" + " ".join(map(str, values.shape)), "utf-8")
    else:
        with path.open("wb") as file:
            np.save(file, values)
    if rng.random() < 0.7:
        about, content = damage(path.read_bytes(), rng, head=150)
        path.write_bytes(content)
        kind = f"{kind} {about}"
    return f"{kind} as a mask", lambda: read_mask(path).fit((3, 20, 24))


def _array(rng: random.Random) -> np.ndarray:
    kinds = ["f4", "c8", "c16", "f2", "i8", "bool"]
    return np.random.default_rng(rng.randrange(2**32)).random((3, 20, 24)).astype(rng.choice(kinds))


MAKERS = {"archives of a user": archive, "BART files of a user": cfl, "masks of a user": mask}
