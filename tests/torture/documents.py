"""Malformed profiles, manifests, registries, weights, results, prepared copies, wheels and scans of a user's."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fabricated import make_runs

from recon_lib.core import paths
from recon_lib.data import domains, fetch, photographs, store
from recon_lib.data.domains import Domain
from recon_lib.data.manifest import File
from recon_lib.results import merge, provenance
from recon_lib.results import store as results_store
from torture.pictures import NAMES, damage

Attempt = Callable[[], object]
VALUES = [
    "null",
    "true",
    "-1",
    "0",
    "1.5",
    "1e400",
    "-.inf",
    ".nan",
    "[]",
    "{}",
    "[1, 2, 3]",
    "''",
    "2020-13-45",
    "0o9",
]
VALUES += ["!!binary '*'", "&a [*a]", "1:2:3", "脳", "@", "[[[[1]]]]", "-9999999999999999999", "~: 1"]
VALUES += ["x y", "{a: 1}", "{1: 2}", "? [1, 2]", "!!python/object/apply:os.system [ls]", "!!timestamp x", "\x00"]
VALUES += ["9" * 5000, "0x" + "f" * 5000, "'" + "z" * 3000 + "'"]


def profile(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Put a value that does not belong there into a profile, or damage it."""
    from torture.malformed import command

    about, content = _yaml(rng, paths.PROFILES / "smoke.yaml")
    folder = inside / "profiles"
    folder.mkdir()
    (folder / "odd.yaml").write_bytes(content)
    patch.setattr(paths, "PROFILES", folder)
    return about, lambda: command("data", "prepare", "--profile", "odd")


def manifest(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Put a value that does not belong there into the manifest, or damage it."""
    from torture.malformed import command

    about, content = _yaml(rng, paths.MANIFEST)
    path = inside / f"{rng.choice(NAMES)}-{rng.randrange(10**9)}.yaml"
    path.write_bytes(content)
    patch.setattr(paths, "MANIFEST", path)
    return about, lambda: command("data", "status")


def _yaml(rng: random.Random, path: Path) -> tuple[str, bytes]:
    text = path.read_text(encoding="utf-8")
    kind = rng.choice(["value", "value", "value", "bytes", "deep", "laughs", "twice"])
    if kind == "bytes":
        return damage(text.encode(), rng)
    if kind == "deep":
        return kind, b"[" * 100_000
    if kind == "laughs":
        levels = ["&a0 [lol]", *(f"&a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(12))]
        key = rng.choice(["version", "description", "collections", "domains", "seed", "training"])
        return kind, f"{key}: [{', '.join(levels)}]\n".encode()
    lines = text.splitlines()
    places = [n for n, line in enumerate(lines) if ":" in line and not line.lstrip().startswith("#")]
    place = rng.choice(places)
    if kind == "twice":
        return kind, "\n".join([*lines[: place + 1], *lines[place:]]).encode()
    value = rng.choice(VALUES)
    lines[place] = f"{lines[place].split(':')[0]}: {value}"
    if rng.random() < 0.5:  # keep what is nested below out of the way
        indent = len(lines[place]) - len(lines[place].lstrip())
        rest = place + 1
        while rest < len(lines) and (not lines[rest].strip() or len(lines[rest]) - len(lines[rest].lstrip()) > indent):
            rest += 1
        del lines[place + 1 : rest]
    return f"{lines[place].strip()[:60]!r}", "\n".join(lines).encode("utf-8", "surrogatepass")


def registry(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Change a cell of the registry of photographs, or damage it."""
    whole = (Path(fetch.__file__).parent / "natural_l256.csv").read_text(encoding="utf-8").splitlines()[:6]
    rows = list(csv.reader(whole))
    about = "cell"
    if rng.random() < 0.5:
        row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
        rows[row][column] = rng.choice(
            ["", "-1", "nan", "x", "http://a/b.png", "https://a/../../b", "9" * 5000, "\x00", "1e9"]
        )
        about = f"cell {row}, {column} = {rows[row][column][:20]!r}"
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    content = stream.getvalue().encode()
    if about == "cell":
        about, content = damage(content, rng)
    path = inside / "registry.csv"
    path.write_bytes(content)
    return about, lambda: photographs.read_registry(path)


def weights(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Change weights, their card or the card beside them."""
    from recon_lib.core.arrays import load_arrays, save_arrays
    from recon_lib.experiment.recipes import Architecture
    from recon_lib.network.cascade import Cascade, build
    from recon_lib.network.files import load_network, save_network
    from recon_lib.results.released import NetworkCard

    path = inside / f"{rng.choice(NAMES)}.safetensors"
    save_network(
        path,
        build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=2))),
        NetworkCard(extra={"domain": "t1"}),
    )
    kind = rng.choice(["bytes", "card", "architecture", "values", "types", "state", "beside"])
    beside = path.with_suffix(".json")
    about = kind
    if kind == "bytes":
        about, content = damage(path.read_bytes(), rng, head=100)
        path.write_bytes(content)
        if rng.random() < 0.7:
            beside.unlink()
    elif kind == "beside":
        about, content = damage(beside.read_bytes(), rng)
        beside.write_bytes(rng.choice([content, b"[]", b"null", b"[" * 100_000, b'{"sha256": 5}']))
    else:
        beside.unlink()
        arrays, state = load_arrays(path)
        if kind == "values":
            name = rng.choice(list(arrays))
            arrays[name] = np.full_like(arrays[name], rng.choice([np.nan, np.inf, -np.inf, 3e38]))
        elif kind == "types":
            name = rng.choice(list(arrays))
            arrays[name] = arrays[name].astype(rng.choice(["i1", "f8", "bool", "u8"]))
        elif kind == "state":
            state = rng.choice([[], None, 5, "x", {"card": []}, {"card": "x"}, {"card": {}}])
        elif kind == "card":
            del state["card"][rng.choice(["architecture", "stored", "weights", "normalisation"])]
        else:
            key = rng.choice([*state["card"]["architecture"], "other"])
            odd = [None, "x", -1, 0, 2, 10**12, 1e300, [], True, float("nan"), "inf", "nan"]
            state["card"]["architecture"][key] = rng.choice(odd)
            about = f"architecture.{key} = {state['card']['architecture'][key]!r}"
        save_arrays(path, arrays, state)
    return f"{about} in {path.name!r}", lambda: _finite(load_network(path)[0])


def _finite(cascade: object) -> None:
    assert all(np.isfinite(w).all() for w in cascade.get_weights()), "weights that are not finite were accepted"


def results_folder(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Edit a folder of results, sometimes with a provenance that agrees."""
    from torture.malformed import command

    folder = inside / "results" / "desk"
    merge.collect(make_runs(inside / "made", slices=1), folder, {"commit": "0"})
    name = rng.choice(["slices.csv.gz", "history.csv.gz", "panels.npz", "provenance.json"])
    agrees = name != "provenance.json" and rng.random() < 0.5
    kind = rng.choice(["bytes", "cell", "remove", "extra", "deep", "link"])
    name = "provenance.json" if kind == "deep" else name
    path, agrees = folder / name, agrees and kind != "deep"
    if kind == "cell" and name.endswith(".gz"):
        table = gzip.decompress(path.read_bytes()).decode().splitlines()
        row = rng.randrange(len(table))
        cells = table[row].split(",")
        cells[rng.randrange(len(cells))] = rng.choice(["99.9", "x", "", "nan", "inf", "1e400", '"', "脳", "-1", "\x00"])
        table[row] = ",".join(cells)
        path.write_bytes(gzip.compress("\n".join(table).encode()))
    elif kind == "remove":
        path.unlink()
    elif kind == "extra":
        (folder / rng.choice([f"{one}.csv" for one in NAMES])).write_bytes(b"x")
    elif kind == "link":
        path.rename(inside / "moved")
        path.symlink_to(rng.choice([inside / "nothing", path, inside]))
    elif kind == "deep":
        path.write_bytes(rng.choice([b"[" * 100_000, b"[]", b"null", b"\xff\xfe", b'{"files": 5, "digest": 1}']))
    else:
        kind, content = damage(path.read_bytes(), rng)
        path.write_bytes(content)
    if agrees:
        provenance.write_provenance(folder, {"commit": "0"})
    about = f"{kind} of {name}{', provenance agrees' if agrees else ''}"

    def attempt() -> None:
        command("results", "verify")
        assert agrees, "an edited folder of results was accepted"
        found = results_store.open_results("desk")
        assert len(found.slices) + len(found.history) + len(found.panels) >= 0

    return about, attempt


def prepared(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage a prepared copy: it is made again."""
    made = domains.load_images("t1", "test", Domain(source="generated"))
    path = store.path_of("t1", "open", "test", "0" * 64)
    assert store.once(path, "t1", "test", lambda: made) is made
    about, content = damage(path.read_bytes(), rng, head=200)
    path.write_bytes(content)

    def attempt() -> None:
        again = store.once(path, "t1", "test", lambda: made)
        assert again.sha256 == made.sha256, "a damaged copy was used"
        assert again.subjects == made.subjects
        assert again.slices == made.slices

    return about, attempt


def wheel(rng: random.Random, inside: Path, patch: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Take a member out of a damaged wheel, of one whose member leads outside, or of a bomb."""
    kind = rng.choice(["bytes", "name", "bomb", "encrypted"])
    member = "../../elsewhere/x" if kind == "name" else "a.nii.gz"
    path = inside / "w.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, bytes(60 << 20 if kind == "bomb" else 1000))
    content = path.read_bytes()
    if kind == "bytes":
        kind, content = damage(content, rng)
    if kind == "encrypted":
        content = content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    path.write_bytes(content)
    file = File("w/a.nii.gz", "volume", "t1", "0" * 64, 1000, wheel="w.whl", member=member)
    part = inside / "part"

    def attempt() -> None:
        fetch._extract(path, file, part)
        assert part.stat().st_size <= 1 << 20, f"{part.stat().st_size} bytes where 1000 were announced"

    return kind, attempt


def scan(rng: random.Random, inside: Path, _: pytest.MonkeyPatch) -> tuple[str, Attempt]:
    """Damage an array, k-space or a DICOM image that a user brings."""
    from recon_lib.scans.read import read_scan

    kind = rng.choice(["npy", "npz as npy", "object npy", "h5", "dicom"])
    path = inside / f"{rng.choice(NAMES)}{'.h5' if kind == 'h5' else '.npy'}"
    values = (
        np.random.default_rng(rng.randrange(2**32))
        .random((3, 20, 24))
        .astype(rng.choice(["f4", "c8", "f2", "i8", "bool"]))
    )
    if kind == "h5":
        import h5py

        with h5py.File(path, "w") as file:
            file.create_dataset(rng.choice(["kspace", "dataset", "dataset/data", "other"]), data=values)
    elif kind == "npz as npy":
        with path.open("wb") as file:
            np.savez(file, values)
    elif kind == "object npy":
        np.save(path, values.astype("<f8"))
        path.write_bytes(path.read_bytes().replace(b"'<f8'", b"'|O' "))  # a header that asks for objects
    elif kind == "dicom":
        path = _dicom(inside / "series", values, rng)
    else:
        np.save(path, values)
    if kind not in ("object npy", "npz as npy"):
        damaged = path / "0.dcm" if path.is_dir() else path
        about, content = damage(damaged.read_bytes(), rng, head=150)
        damaged.write_bytes(content)
        kind = f"{kind} {about}"
    return kind, lambda: read_scan(path)


def _dicom(folder: Path, values: np.ndarray, rng: random.Random) -> Path:
    import SimpleITK

    folder.mkdir()
    for place, one in enumerate(np.abs(values).astype(np.float32) * 100):
        image = SimpleITK.GetImageFromArray(one[None].astype(np.uint16))
        image.SetOrigin((0.0, 0.0, float(place)))
        image.SetMetaData("0008|0060", rng.choice(["MR", "CT", "脳"]))
        SimpleITK.WriteImage(image, str(folder / f"{place}.dcm"))
    return folder


MAKERS = {
    "profiles": profile,
    "manifests": manifest,
    "registries": registry,
    "weights": weights,
    "results": results_folder,
    "prepared copies": prepared,
    "wheels": wheel,
}
if importlib.util.find_spec("recon_lib.scans"):
    MAKERS["scans of a user"] = scan
