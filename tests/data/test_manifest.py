import copy
import csv
import re

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data import fetch, photographs
from recon_lib.data.manifest import File, load_manifest, parse_manifest

GOOD = "0" * 64


def open_sources():
    manifest = load_manifest()
    return [sources["open"] for sources in manifest.domains.values()]


def test_every_file_says_where_it_comes_from():
    manifest = load_manifest()
    for collection in manifest.collections.values():
        assert collection.title
        assert collection.licence
        assert collection.citation
        assert collection.homepage.startswith("https://")
        assert bool(collection.files) != bool(collection.environment)
        for file in collection.files:
            assert file.bytes > 0
            # A pack has no public address; its photographs do, in the registry beside it.
            assert file.url or file.member or file.requirement or file.role in ("pack", "registry"), file.name


def test_the_volumes_are_both_contrasts_of_fourteen_people():
    manifest = load_manifest()
    people = [f"sub-{n:02d}" for n in range(1, 15)]
    for domain in ("t1", "t2"):
        files = manifest.source(domain, "open").files
        assert [f.subject for f in files] == people
        assert all(f.url.endswith(f.name.split("/")[-1]) for f in files)


@pytest.mark.parametrize("source", open_sources(), ids=lambda s: s.domain)
def test_no_subject_is_in_two_splits(source):
    splits = [set(s) for s in source.splits.values()]
    assert sum(map(len, splits)) == len(set().union(*splits))


def test_both_contrasts_split_the_same_people():
    t1, t2 = (load_manifest().source(d, "open").splits for d in ("t1", "t2"))
    assert t1 == t2
    assert t1["train"] == tuple(f"sub-{n:02d}" for n in range(1, 9))
    assert t1["test"] == ("sub-11", "sub-12", "sub-13", "sub-14")


@pytest.mark.parametrize("name", ["midas", "ixi"])
@pytest.mark.parametrize(("domain", "train", "test"), [("t1", 34, 5), ("t2", 32, 5)])
def test_the_papers_numbers_of_people(name, domain, train, test):
    splits = load_manifest().source(domain, name).splits
    assert (len(splits["train"]), len(splits["test"])) == (train, test)
    assert not set(splits["test"]) & (set(splits["train"]) | set(splits["pool"]))


def test_the_registry_lists_4000_originals_with_licences():
    source = load_manifest().source("natural", "open")
    rows = photographs.registry_of(source)
    assert len(rows) == 4000 == len(source.splits["train"])
    assert len({r.original.sha256 for r in rows}) == len({r.original.name for r in rows}) == 4000
    assert all(r.licence for r in rows)
    assert min(min(r.width, r.height) for r in rows) >= 256
    rows_of_authors = [r for r in rows if r.licence == "CC-BY-2.0"]
    assert len(rows_of_authors) == 1000
    assert all(r.author and r.landing_url.startswith("http") for r in rows_of_authors)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "../up.nii"}, "leaves its folder"),
        ({"name": "/etc/passwd"}, "leaves its folder"),
        ({"name": "a\\b"}, "leaves its folder"),
        ({"sha256": "abc"}, "64 hexadecimal"),
        ({"sha256": GOOD.replace("0", "G")}, "64 hexadecimal"),
        ({"url": "http://example.org/a"}, "only https"),
        ({"url": "file:///a"}, "only https"),
        ({"role": "volum"}, "Unknown role of a/b.nii 'volum': did you mean 'volume'"),
        ({"wheel": "a.whl"}, "both wheel and member"),
    ],
)
def test_unsafe_files_are_refused(change, sentence):
    good = {"name": "a/b.nii", "role": "volume", "domain": "t1", "sha256": GOOD}
    File(**good)
    with pytest.raises(ReconError, match=re.escape(sentence)):
        File(**{**good, **change})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c.update(version=2), "version is 2"),
        (lambda c: c.update(colections={}), "did you mean 'collections'"),
        (lambda c: c["collections"]["set"].pop("licence"), "licence"),
        (
            lambda c: c["collections"]["set"].update(licens="x"),
            "Unknown key in collection set 'licens': did you mean 'licence'",
        ),
        (lambda c: c["collections"]["set"]["files"].append(c["collections"]["set"]["files"][0]), "twice"),
        (lambda c: c["collections"]["set"]["files"][0].update(domain="t9"), "Unknown domain of set/sub-a.nii.gz 't9'"),
        (lambda c: c["domains"]["t1"]["open"]["geometry"].update(orientatoin="RAS"), "did you mean 'orientation'"),
        (
            lambda c: c["domains"]["t1"]["open"]["splits"].update(trian=[]),
            "Unknown split of domain t1.open 'trian': did you mean 'train'",
        ),
        (lambda c: c["domains"]["t1"]["open"]["splits"].update(train=["sub-z"]), "Unknown subject 'sub-z'"),
        (
            lambda c: c["domains"]["t1"]["open"].update(collection="sets"),
            "Unknown collection of domain t1.open 'sets': did you mean 'set'",
        ),
        (lambda c: c.update(domains={"t1": {"open": None}}), "not a mapping"),
    ],
)
def test_wrong_manifests_are_refused(world, change, sentence):
    content = copy.deepcopy(world.content)
    parse_manifest(copy.deepcopy(content))
    change(content)
    with pytest.raises(ReconError, match=re.escape(sentence)):
        parse_manifest(content)


def test_unreadable_manifests_are_refused(tmp_path):
    with pytest.raises(ReconError, match="Cannot read the manifest"):
        load_manifest(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(ReconError, match="not valid YAML"):
        load_manifest(tmp_path / "bad.yaml")
    (tmp_path / "twice.yaml").write_text("version: 1\nversion: 1\n")
    with pytest.raises(ReconError, match="'version' stands twice"):
        load_manifest(tmp_path / "twice.yaml")


def test_unknown_names_suggest_the_nearest():
    manifest = load_manifest()
    with pytest.raises(ReconError, match="did you mean 'natural'"):
        manifest.source("naturl", "open")
    with pytest.raises(ReconError, match="did you mean 'midas'"):
        manifest.source("t1", "mida")
    with pytest.raises(ReconError, match="source of domain 'natural'"):
        manifest.source("natural", "midas")


@pytest.mark.parametrize("fault", ["column", "gap"])
def test_a_damaged_registry_is_refused(tmp_path, fault):
    source = load_manifest().source("natural", "open")
    registry = next(f for f in source.files if f.role == "registry")
    with fetch.obtain(registry).open(newline="") as file:
        rows = list(csv.DictReader(file))[:3]
    rows = rows[1:] if fault == "gap" else [{k: v for k, v in row.items() if k != "pixel_sha256"} for row in rows]
    with (tmp_path / "r.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(ReconError, match="restore it"):
        photographs.read_registry(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (("collections",), [1]),
        (("domains",), 5),
        (("domains", "t1"), "x"),
        (("collections", "set"), 7),
        (("collections", "set", "files"), 3),
        (("collections", "set", "files", 0, "bytes"), "many"),
        (("collections", "set", "files", 0, "subject"), {"a": 1}),
        (("collections", "set", "files", 0, "url"), ["https://example.org"]),
        (("collections", "set", "files", 0, "name"), 4),
        (("domains", "t1", "open", "splits"), [1]),
        (("domains", "t1", "open", "splits", "test"), 5),
        (("domains", "t1", "open", "splits", "test"), [{"a": 1}]),
        (("domains", "t1", "open", "slices"), {"test": "all"}),
        (("domains", "t1", "open", "geometry"), [8, 8]),
        (("domains", "t1", "open", "geometry", "matrix"), 8),
        (("domains", "t1", "open", "geometry", "matrix"), [8, "x"]),
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_one_sentence(world, part, value):
    content = copy.deepcopy(world.content)
    place = content
    for key in part[:-1]:
        place = place[key]
    place[part[-1]] = value
    with pytest.raises(ReconError) as error:
        parse_manifest(content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "https://a.org/b", "alternatives": ("http://c.org/b",)}, "only https"),
        ({"alternatives": ("https://c.org/b",)}, "alternatives to no address"),
    ],
)
def test_alternatives_are_https_and_follow_an_address(changes, message):
    with pytest.raises(ReconError, match=message):
        File(name="a", role="volume", domain="t1", sha256="0" * 64, **changes)


def test_every_volume_of_openneuro_has_a_second_address_of_the_same_file():
    files = [f for f in load_manifest().source("t1", "open").files if f.role == "volume"]
    assert files
    for file in files:
        first, second = file.addresses
        assert first.split("/")[2] != second.split("/")[2]
        assert first.split("/")[-3:] == second.split("/")[-3:]
