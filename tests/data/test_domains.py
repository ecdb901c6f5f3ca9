import hashlib

import numpy as np
import pytest
import requests
from data.tiny import phantom, save_nifti
from PIL import Image

from recon_lib.core.errors import ReconError
from recon_lib.data import domains, transfer
from recon_lib.data.domains import Domain
from recon_lib.data.manifest import load_manifest


def test_a_split_has_its_subjects_and_the_geometry(world):
    world.use()
    train, test = domains.load_images("t1", "train"), domains.load_images("t1", "test")
    assert sorted(set(train.subjects)) == ["sub-a", "sub-b"]
    assert set(test.subjects) == {"sub-c"}
    assert train.images.shape == (8, 8, 14)
    # Stored towards the left, wanted towards the left: nothing is flipped.
    volume = world.volumes["sub-c"]
    whole = domains.load_images("t1", "test", Domain(matrix=(12, 14)))
    for image, k, scale in zip(whole.images, whole.slices, whole.scales, strict=True):
        np.testing.assert_allclose(image * scale, volume[..., k], rtol=1e-5)


def test_the_second_load_reads_no_volume(world):
    world.use()
    prepared = domains.load_images("t1", "train")
    for path in world.mirror.rglob("*.nii.gz"):
        path.unlink()
    again = domains.load_images("t1", "train")
    assert (again.sha256, again.subjects, again.slices) == (prepared.sha256, prepared.subjects, prepared.slices)


def test_images_limits_the_slices(world):
    world.use()
    assert len(domains.load_images("t1", "train", Domain(images=3))) == 3
    assert set(domains.load_images("t1", "train", Domain(images=2)).subjects) == {"sub-a", "sub-b"}


def test_no_network_and_no_mirror_says_what_to_set(world, monkeypatch):
    def unreachable(*args, **kwargs):
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "get", unreachable)
    world.use(mirror=False)
    with pytest.raises(ReconError, match=r"example\.org/set/sub-a\.nii\.gz .*RECON_DATA_MIRROR"):
        domains.load_images("t1", "train")


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ReconError, match="Unknown domain 't3': did you mean"):
        domains.load_images("t3", "train")
    with pytest.raises(ReconError, match="split of domain 't1' 'tets': did you mean 'test'"):
        domains.load_images("t1", "tets")
    with pytest.raises(ReconError, match="split of domain 'natural' 'test'"):
        domains.load_images("natural", "test")
    with pytest.raises(ReconError, match="source of domain 'natural' 'midas'"):
        domains.load_images("natural", "train", Domain(source="midas"))
    with pytest.raises(ReconError, match="Unknown domain"):
        domains.domain_hash("t3")


def changes(world):
    geometry, files = world.content["domains"]["t1"]["open"], world.content["collections"]["set"]["files"]
    return {
        "file": lambda: files[2].update(sha256="0" * 64),
        "geometry": lambda: geometry["geometry"].update(coverage=0.2),
        "split": lambda: geometry["splits"].update(train=["sub-b", "sub-a"]),
        "slices": lambda: geometry.update(slices={"train": 3}),
    }


@pytest.mark.parametrize("part", ["file", "geometry", "split", "slices"])
def test_the_hash_depends_on_all_that_decides_the_images(world, part):
    world.use()
    original = domains.domain_hash("t1")
    assert len(original) == 64
    assert domains.domain_hash("t1") == original == domains.domain_hash("t1", Domain())
    changes(world)[part]()
    world.use()
    assert domains.domain_hash("t1") != original


def test_the_hash_depends_on_the_options_and_the_preparation(world, monkeypatch):
    world.use()
    options = [Domain(), Domain(matrix=(8, 8)), Domain(images=3), Domain(source="generated")]
    hashes = {domains.domain_hash("t1", d) for d in options}
    monkeypatch.setattr(domains, "PREPARATION", domains.PREPARATION + 1)
    hashes |= {domains.domain_hash("t1", d) for d in options}
    assert len(hashes) == 8


def test_the_hash_ignores_what_does_not_matter_and_reads_nothing(world, monkeypatch):
    world.use(mirror=False)
    original = domains.domain_hash("t1")
    for file in world.content["collections"]["set"]["files"]:
        file["url"] = file["url"].replace("example.org", "example.com")
    world.content["collections"]["set"]["title"] = "Another title"
    world.use(mirror=False)
    assert domains.domain_hash("t1") == original
    names = {name: domains.domain_hash(name) for name in load_manifest().domains}
    assert len(set(names.values())) == len(names)


def add_photographs(world, number):
    world.content["collections"]["ilsvrc"] = world.collection(environment="RECON_DATA_ILSVRC")
    source = {"collection": "ilsvrc", "splits": {"train": [0, number]}, "geometry": {"crop": [16, 12]}}
    world.content["domains"]["natural"] = {"open": source, "ilsvrc": source}


def test_a_folder_of_photographs(world, monkeypatch, rng):
    folder = world.folder / "ilsvrc"
    folder.mkdir()
    for n in (2, 0, 1, 3):
        Image.fromarray(rng.integers(1, 256, (20 + n, 10 + n, 3)).astype(np.uint8)).save(folder / f"val_{n}.png")
    add_photographs(world, 3)
    world.use(mirror=False)
    domain = Domain(source="ilsvrc")
    absent = domains.domain_hash("natural", domain)
    with pytest.raises(ReconError, match="natural/ilsvrc is yours to supply: set RECON_DATA_ILSVRC"):
        domains.load_images("natural", "train", domain)
    monkeypatch.setenv("RECON_DATA_ILSVRC", str(world.folder / "none"))
    with pytest.raises(ReconError, match=r"RECON_DATA_ILSVRC names .*none, which is no folder"):
        domains.load_images("natural", "train", domain)
    monkeypatch.setenv("RECON_DATA_ILSVRC", str(folder))
    images = domains.load_images("natural", "train", domain)
    assert images.images.shape == (3, 16, 12)
    assert set(images.scales) == {100.0}
    assert not images.images[0][:, [0, -1]].any()  # ten columns padded to twelve
    assert images.images[2].min(axis=0).all()
    assert domains.domain_hash("natural", domain) != absent
    assert domains.load_images("natural", "train", Domain(source="ilsvrc", matrix=(8, 6), images=2)).images.shape == (
        2,
        8,
        6,
    )
    with pytest.raises(ReconError, match="4 images of natural/train were asked for: it has 3"):
        domains.load_images("natural", "train", Domain(source="ilsvrc", images=4))
    original = domains.domain_hash("natural", domain)
    (folder / "val_1.png").unlink()
    assert domains.domain_hash("natural", domain) != original
    (folder / "val_0.png").unlink()
    with pytest.raises(ReconError, match="holds 2 photographs: 3 are needed"):
        domains.load_images("natural", "train", domain)


@pytest.mark.parametrize("name", ["midas", "ixi"])
def test_a_folder_of_volumes_in_the_papers_geometry(monkeypatch, tmp_path, world, name):
    """The real manifest's geometry, with fewer people: volumes as the scanner gave them, 256 high."""
    real = load_manifest().source("t2", name)
    assert real.geometry.crop == (256, 192)
    geometry = {"coverage": 0.1, "transpose": True, "crop": list(real.geometry.crop)}
    world.content["collections"][name] = world.collection(environment=f"RECON_DATA_{name.upper()}")
    source = {"collection": name, "splits": {"train": [0, 1], "pool": [0, 1], "test": [1, 2]}, "geometry": geometry}
    world.content["domains"]["t2"] = {name: source | {"slices": {"train": 3}}}
    world.use(mirror=False)
    for n, subject in enumerate(("P1", "P2", "P3")):
        save_nifti(tmp_path / f"scans/{subject}-T2.nii.gz", phantom(n, (200, 250, 6)), "LPS")
        save_nifti(tmp_path / f"scans/{subject}-T1.nii.gz", phantom(n, (5, 5, 5)))
    monkeypatch.setenv(f"RECON_DATA_{name.upper()}", str(tmp_path / "scans"))
    domain = Domain(source=name)
    train, test = domains.load_images("t2", "train", domain), domains.load_images("t2", "test", domain)
    assert train.images.shape == (3, 256, 192)
    assert set(train.subjects) == {"P1"}
    assert set(test.subjects) == {"P2"}
    k = test.slices[0]
    upright = phantom(1, (200, 250, 6))[::-1, ::-1, k].T[:, 4:196]
    np.testing.assert_allclose(test.images[0][3:253] * test.scales[0], upright, rtol=1e-5)
    assert domains.load_images("t2", "pool", domain).subjects[0] == "P1"


def original_world(world, rng, pixels):
    add_photographs(world, len(pixels))
    lines = ["index,pixel_sha256,source_url,source_sha256,licence,author,landing_url,width,height"]
    contents = {}
    for n, rgb in enumerate(pixels):
        Image.fromarray(rgb).save(world.folder / "o.png")
        contents[f"https://example.org/{n}.png"] = content = (world.folder / "o.png").read_bytes()
        grey = hashlib.sha256(np.full((256, 256), 128, np.uint8).tobytes()).hexdigest()
        lines.append(f"{n},{grey},https://example.org/{n}.png,{hashlib.sha256(content).hexdigest()},CC0-1.0,,,300,260")
    registry = world.folder / "registry.csv"
    registry.write_text("\n".join(lines) + "\n")
    entry = world.entry(registry, "registry.csv", role="registry", domain="natural")
    pack = {"name": "p/0.tar", "role": "pack", "domain": "natural", "bytes": 1, "sha256": "0" * 64}
    del entry["url"]
    world.content["collections"]["photos"] = world.collection(files=[pack, entry])
    world.content["domains"]["natural"]["open"] |= {"collection": "photos", "geometry": {"crop": [256, 256]}}
    return registry, contents


def test_without_packs_photographs_are_rebuilt_and_verified(world, monkeypatch, rng):
    # sRGB 119 is L* 50.03: 128 in 8 bits.
    registry, contents = original_world(world, rng, [np.full((260, 300, 3), 119, np.uint8)] * 3)
    addresses = []

    def download(url, part, *, size):
        addresses.append(url)
        part.write_bytes(contents[url])

    monkeypatch.setattr(transfer, "download", download)
    monkeypatch.setattr("recon_lib.data.fetch.PACKAGE", registry.parent)
    world.use()
    images = domains.load_images("natural", "train", Domain(images=2))
    np.testing.assert_allclose(images.images, 128 / 255)
    assert images.images.shape == (2, 256, 256)
    assert sorted(addresses) == ["https://example.org/0.png", "https://example.org/1.png"]
    assert len(domains.load_images("natural", "train", Domain(matrix=(16, 16)))) == 3
    assert len(addresses) == 3
