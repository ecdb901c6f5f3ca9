import pytest
from data.tiny import phantom, save_nifti

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.data import domains, fetch, inventory, transfer
from recon_lib.data.domains import Domain
from recon_lib.data.manifest import load_manifest


def row(domain, source="open"):
    return next(r for r in inventory.status() if (r["domain"], r["source"]) == (domain, source))


def test_status_of_the_real_manifest_needs_nothing(tmp_path):
    rows = {(r["domain"], r["source"]): r for r in inventory.status()}
    t1 = rows["t1", "open"]
    assert {domain for domain, _ in rows} == {"natural", "t1", "t2", "t1_bold5000"}
    assert (t1["files"], t1["present"], t1["licence"]) == (14, 0, "PDDL-1.0")
    assert t1["missing"] == "fetch gets 14 from their addresses"
    assert rows["t1_bold5000", "open"]["missing"] == "fetch gets 3 from pip"
    assert "4000 originals" in rows["natural", "open"]["missing"]
    assert rows["t1", "ixi"]["missing"] == "set RECON_DATA_IXI to the folder that holds it"
    assert (rows["t1", "midas"]["files"], rows["t2", "midas"]["files"]) == (39, 37)
    assert not (tmp_path / "cache").exists()


def test_status_counts_what_is_here_and_prepared(world):
    world.use()
    whole = row("t1")
    assert (whole["files"], whole["present"], whole["missing"], whole["prepared"]) == (3, 3, "", "")
    assert whole["bytes"] == sum(p.stat().st_size for p in world.mirror.rglob("*.nii.gz"))
    (world.mirror / "set/sub-a.nii.gz").unlink()
    assert (row("t1")["present"], row("t1")["missing"]) == (2, "fetch gets 1 from their addresses")
    domains.load_images("t1", "test")
    assert row("t1")["prepared"] == "test"


def test_status_of_a_folder_of_the_users(monkeypatch, tmp_path):
    save_nifti(tmp_path / "ixi/a-T1.nii", phantom(1))
    monkeypatch.setenv("RECON_DATA_IXI", str(tmp_path / "ixi"))
    folder = row("t1", "ixi")
    assert (folder["present"], folder["missing"]) == (1, "the folder holds 1 of 39")
    assert folder["bytes"] == (tmp_path / "ixi/a-T1.nii").stat().st_size
    assert row("t2", "ixi")["present"] == 0


def test_fetch_gets_every_file_once(world, monkeypatch):
    addresses = []

    def download(url, part, *, size):
        addresses.append(url)
        part.write_bytes((world.mirror / url.removeprefix("https://example.org/")).read_bytes())

    monkeypatch.setattr(transfer, "download", download)
    world.use(mirror=False)
    for _ in range(2):
        assert [f.subject for f in inventory.fetch_domain("t1")] == ["sub-a", "sub-b", "sub-c"]
    assert len(addresses) == 3
    assert len(list((paths.cache() / "files").rglob("*.nii.gz"))) == 3
    assert inventory.fetch_domain("t1", Domain(source="generated")) == []


def test_fetch_of_a_folder_says_what_to_set():
    with pytest.raises(ReconError, match="set RECON_DATA_MIDAS"):
        inventory.fetch_domain("t1", Domain(source="midas"))


def test_fetch_of_photographs_without_packs_takes_the_originals(monkeypatch):
    addresses = []
    monkeypatch.setattr(fetch, "_bring", lambda file, part, download: addresses.append(file.url) or stop())

    def stop():
        raise ReconError("No network.")

    with pytest.raises(ReconError, match="No network"):
        inventory.fetch_domain("natural", Domain(images=2))
    assert 1 <= len(addresses) <= 2  # the second may be called off
    assert all(url.startswith("https://") for url in addresses)


@pytest.fixture
def photographs(world, monkeypatch):
    """Two packs of photographs in the mirror, and a registry of two originals; nothing can be downloaded."""
    entries = []
    for name in ("p/0.tar", "p/1.tar"):
        pack = world.mirror / name
        pack.parent.mkdir(exist_ok=True)
        pack.write_bytes(name.encode())
        entries.append(world.entry(pack, name, role="pack", domain="natural"))
    registry = world.folder / "registry.csv"
    registry.write_text(
        "index,pixel_sha256,source_url,source_sha256,licence,author,landing_url,width,height\n"
        + "".join(f"{n},{'0' * 64},https://example.org/{n}.png,{'0' * 64},CC0-1.0,,,300,260\n" for n in range(2))
    )
    entries.append(world.entry(registry, "registry.csv", role="registry", domain="natural"))
    for entry in entries:
        del entry["url"]
    world.content["collections"]["photos"] = world.collection(files=entries)
    world.content["domains"]["natural"] = {"open": {"collection": "photos", "splits": {"train": [0, 2]}}}
    monkeypatch.setattr(fetch, "PACKAGE", world.folder)
    world.use()
    return world


def test_packs_at_hand_are_verified_and_no_original_is_fetched(photographs, monkeypatch):
    def refuse(url, part, *, size):
        raise AssertionError(f"{url} was asked for, though the packs are at hand")

    monkeypatch.setattr(transfer, "download", refuse)
    assert [file.name for file in inventory.fetch_domain("natural")] == ["p/0.tar", "p/1.tar"]
    assert not paths.cache().exists()
    assert (row("natural")["files"], row("natural")["present"], row("natural")["missing"]) == (2, 2, "")
    (photographs.mirror / "p/1.tar").write_bytes(b"wrong!!")
    with pytest.raises(ReconError, match=r"p/1\.tar of the mirror has another sha256"):
        inventory.fetch_domain("natural")


def test_one_pack_that_is_missing_makes_all_originals_be_fetched(photographs, monkeypatch):
    addresses = []

    def download(url, part, *, size):
        addresses.append(url)
        raise ReconError("No network.")

    monkeypatch.setattr(transfer, "download", download)
    (photographs.mirror / "p/1.tar").unlink()
    with pytest.raises(ReconError, match="No network"):
        inventory.fetch_domain("natural")
    assert addresses
    assert set(addresses) <= {"https://example.org/0.png", "https://example.org/1.png"}
    assert row("natural")["missing"].endswith("rebuilds all from 2 originals")


def test_prepare_serves_every_split(world):
    world.use()
    assert [images.split for images in inventory.prepare_domain("t1")] == ["train", "test"]
    assert row("t1")["prepared"] == "train test"


def test_domain_names(world):
    assert inventory.domain_names(["t2"]) == ["t2"]
    assert inventory.domain_names() == ["natural", "t1", "t2", "t1_bold5000"]
    with pytest.raises(ReconError, match="did you mean 'natural'"):
        inventory.domain_names(["natura"])


def test_status_says_what_gave_the_files_in_the_cache():
    files = [f for f in load_manifest().source("t1", "open").files if f.role == "volume"]
    origins = ["https://a.example.org/x", "https://b.example.org/y", "https://a.example.org/z", ""]
    for file, origin in zip(files, origins, strict=False):
        path = fetch.cached(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if origin:
            path.with_name(f".{path.name}.source").write_text(origin, encoding="utf-8")
    assert row("t1")["answered"] == "a.example.org (2), b.example.org (1)"
    assert row("t2")["answered"] == ""
