import hashlib
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile

import pytest

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.data import fetch
from recon_lib.data.manifest import File, load_manifest

CONTENT = b"the right bytes"


def file_of(content=CONTENT, **changes):
    fields = {"name": "set/a.bin", "role": "volume", "domain": "t1", "url": "https://example.org/a.bin", **changes}
    return File(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), **fields)


class Server:
    """Stands for the network: hands out what it was given, and counts."""

    def __init__(self, *contents):
        self.contents, self.asked = list(contents), []

    def __call__(self, url, part, *, size):
        self.asked.append((url, size))
        part.write_bytes(self.contents.pop(0))


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    folder = tmp_path / "mirror"
    (folder / "set").mkdir(parents=True)
    monkeypatch.setenv("RECON_DATA_MIRROR", str(folder))
    return folder


def test_download_is_verified_kept_and_not_repeated():
    server = Server(CONTENT)
    path = fetch.obtain(file_of(), server)
    assert path == paths.cache() / "files/set/a.bin"
    assert path.read_bytes() == CONTENT
    assert fetch.obtain(file_of(), server) == path
    assert server.asked == [("https://example.org/a.bin", len(CONTENT))]
    assert not list(path.parent.glob("*.part"))


def test_wrong_sha256_removes_the_file_and_names_the_source():
    with pytest.raises(ReconError, match=r"set/a\.bin from https://example\.org/a\.bin has another sha256.*removed"):
        fetch.obtain(file_of(), Server(b"the wrong bytes"))
    names = [p.name for p in (paths.cache() / "files/set").iterdir() if not p.name.endswith(".lock")]
    assert names == []


def test_a_copy_damaged_later_is_fetched_again():
    path = fetch.obtain(file_of(), Server(CONTENT))
    path.write_bytes(b"the rotten bytes")
    assert fetch.obtain(file_of(), Server(CONTENT)).read_bytes() == CONTENT


def test_the_mirror_is_used_where_it_lies(mirror):
    (mirror / "set/a.bin").write_bytes(CONTENT)
    assert fetch.obtain(file_of(), Server()) == mirror / "set/a.bin"
    assert not paths.cache().exists()


def test_a_wrong_file_of_the_mirror_is_named_and_left_alone(mirror):
    (mirror / "set/a.bin").write_bytes(b"wrong")
    with pytest.raises(ReconError, match=r"mirror/set/a\.bin of the mirror has another sha256"):
        fetch.obtain(file_of(), Server(CONTENT))
    assert (mirror / "set/a.bin").read_bytes() == b"wrong"


def test_a_mirror_without_the_file_falls_back_to_its_address(mirror):
    assert fetch.obtain(file_of(), Server(CONTENT)).read_bytes() == CONTENT


def test_a_mirror_without_the_file_and_no_network_names_both(mirror):
    def unreachable(url, part, *, size):
        raise ReconError(f"Cannot download {url}.")

    with pytest.raises(ReconError, match=rf"Cannot download https.*mirror {mirror} lacks set/a\.bin"):
        fetch.obtain(file_of(), unreachable)


def test_a_file_of_mirrors_only_says_what_to_set(mirror, monkeypatch):
    with pytest.raises(ReconError, match=f"set RECON_DATA_MIRROR.*{mirror} lacks"):
        fetch.obtain(file_of(url="", role="pack"))
    monkeypatch.delenv("RECON_DATA_MIRROR")
    with pytest.raises(ReconError, match="no public server: set RECON_DATA_MIRROR"):
        fetch.obtain(file_of(url="", role="pack"))


def test_a_mirror_that_is_no_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("RECON_DATA_MIRROR", str(tmp_path / "none"))
    with pytest.raises(ReconError, match=r"RECON_DATA_MIRROR names .*none, which is no folder"):
        fetch.obtain(file_of(), Server(CONTENT))


def test_a_cache_that_cannot_be_written_says_what_to_set(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RECON_CACHE", str(tmp_path / "file"))
    with pytest.raises(ReconError, match="set RECON_CACHE"):
        fetch.obtain(file_of(), Server(CONTENT))


def test_locate_looks_at_name_and_size(mirror):
    assert fetch.locate(file_of()) is None
    (mirror / "set/a.bin").write_bytes(CONTENT[:-1])
    assert fetch.locate(file_of()) is None
    path = fetch.cached(file_of())
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    assert fetch.locate(file_of()) == path
    (mirror / "set/a.bin").write_bytes(CONTENT)
    assert fetch.locate(file_of()) == mirror / "set/a.bin"


def test_two_processes_download_once(tmp_path):
    script = textwrap.dedent(f"""
        import pathlib, time
        from recon_lib.data import fetch
        from recon_lib.data.manifest import File
        def slow(url, part, *, size):
            with open({str(tmp_path / "log")!r}, "a") as log:
                log.write("download\\n")
            part.write_bytes(b"half")
            time.sleep(0.5)
            part.write_bytes({CONTENT!r})
        file = {file_of()!r}
        assert fetch.obtain(file, slow).read_bytes() == {CONTENT!r}
    """)
    processes = [subprocess.Popen([sys.executable, "-c", script], cwd=paths.ROOT) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert (tmp_path / "log").read_text(encoding="utf-8") == "download\n"


@pytest.fixture
def wheel_world(world, monkeypatch):
    """A package index on this disk with one wheel, which holds one volume."""
    index = world.folder / "index"
    index.mkdir()
    wheel = index / "tinyvolumes-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tinyvolumes/a.nii.gz", CONTENT)
        archive.writestr(
            "tinyvolumes-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyvolumes\nVersion: 1.0\n"
        )
        archive.writestr(
            "tinyvolumes-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tinyvolumes-1.0.dist-info/RECORD", "")
    name = f"w/{wheel.name}"
    whole = world.entry(wheel, name, role="wheel", domain="t1", requirement="tinyvolumes==1.0")
    (world.folder / "a").write_bytes(CONTENT)
    member = world.entry(world.folder / "a", "w/a.nii.gz", role="volume", domain="t1", subject="w", wheel=name)
    member["member"] = "tinyvolumes/a.nii.gz"
    for entry in (whole, member):
        del entry["url"]
    world.content["collections"]["w"] = world.collection(files=[whole, member])
    for key in [k for k in os.environ if k.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    world.wheel, world.entries = wheel, (whole, member)
    return world


def test_a_member_of_a_wheel_comes_through_pip(wheel_world):
    wheel_world.use(mirror=False)
    path = fetch.obtain(load_manifest().file("w/a.nii.gz"))
    assert path.read_bytes() == CONTENT
    assert path == paths.cache() / "files/w/a.nii.gz"


def replace_pip(world, monkeypatch, *, works):
    """Replace pip, which takes seconds: the test above runs the real one."""

    def run(command, **_):
        assert command[:4] == [sys.executable, "-m", "pip", "download"]
        assert "--no-deps" in command
        if works:
            shutil.copy(world.wheel, command[command.index("--dest") + 1])
        return subprocess.CompletedProcess(
            command, 0 if works else 1, "", "" if works else "WARNING: x\nERROR: none.\n"
        )

    monkeypatch.setattr(fetch.subprocess, "run", run)


def test_another_build_of_a_wheel_is_refused_and_removed(wheel_world, monkeypatch):
    replace_pip(wheel_world, monkeypatch, works=True)
    wheel_world.entries[0]["sha256"] = "0" * 64
    wheel_world.use(mirror=False)
    with pytest.raises(ReconError, match=r"from pip \(tinyvolumes==1.0\) has another sha256"):
        fetch.obtain(load_manifest().file("w/a.nii.gz"))
    assert not list(paths.cache().rglob("*.whl"))


def test_a_pip_that_fails_is_quoted(wheel_world, monkeypatch):
    replace_pip(wheel_world, monkeypatch, works=False)
    wheel_world.use(mirror=False)
    with pytest.raises(ReconError, match=r"pip cannot download tinyvolumes==1\.0 \(ERROR: none\): .*RECON_DATA_MIRROR"):
        fetch.obtain(load_manifest().file("w/a.nii.gz"))


FAULTS = {
    "hash": ({"sha256": "0" * 64}, "tinyvolumes==1.0 has another sha256"),
    "name": ({"member": "tinyvolumes/b.nii.gz"}, "does not hold tinyvolumes/b.nii.gz"),
    "size": ({"bytes": 3}, f"has {len(CONTENT)} bytes: the manifest says 3"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_member_is_refused(wheel_world, fault):
    changed, sentence = FAULTS[fault]
    wheel_world.entries[1].update(changed)
    mirrored = wheel_world.mirror / "w" / wheel_world.wheel.name
    mirrored.parent.mkdir()
    wheel_world.wheel.rename(mirrored)
    wheel_world.use()
    with pytest.raises(ReconError, match=sentence):
        fetch.obtain(load_manifest().file("w/a.nii.gz"))
    assert not fetch.cached(load_manifest().file("w/a.nii.gz")).exists()


def test_an_encrypted_or_damaged_wheel_is_one_sentence(tmp_path):
    with zipfile.ZipFile(tmp_path / "w.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1000))
    content = (tmp_path / "w.whl").read_bytes()
    encrypted = content.replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    for wrong in (encrypted, content[:30] + bytes(8) + content[38:], content[:50]):
        (tmp_path / "w.whl").write_bytes(wrong)
        with pytest.raises(ReconError, match=r"w\.whl does not hold a: "):
            fetch._extract(
                tmp_path / "w.whl", file_of(bytes(1000), wheel="w.whl", member="a", url=""), tmp_path / "part"
            )


TWO = {"url": "https://first.example.org/a.bin", "alternatives": ("https://second.example.org/a.bin",)}


def serve(answers):
    """Stand for the network: bytes by host, ``None`` where a server fails after some bytes; list who was asked."""
    asked = []

    def download(url, part, *, size):
        host = url.split("/")[2]
        asked.append((host, part.exists()))
        if answers[host] is None:
            part.write_bytes(b"half")
            raise ReconError(f"Cannot download {url}.")
        part.write_bytes(answers[host])

    return download, asked


@pytest.mark.parametrize("answer", [None, b"the wrong bytes"], ids=["fails", "other bytes"])
def test_the_next_address_is_tried_when_one_fails_or_gives_other_bytes(answer):
    download, asked = serve({"first.example.org": answer, "second.example.org": CONTENT})
    file = file_of(**TWO)
    assert fetch.obtain(file, download).read_bytes() == CONTENT
    assert asked == [("first.example.org", False), ("second.example.org", False)]
    assert fetch.source_of(file) == "https://second.example.org/a.bin"


def test_no_other_address_is_asked_when_the_first_answers():
    download, asked = serve({"first.example.org": CONTENT})
    fetch.obtain(file_of(**TWO), download)
    assert asked == [("first.example.org", False)]
    assert fetch.source_of(file_of(**TWO)) == "https://first.example.org/a.bin"


def test_when_every_address_fails_each_is_named_and_nothing_is_kept():
    download, _ = serve({"first.example.org": None, "second.example.org": b"the wrong bytes"})
    with pytest.raises(ReconError, match=r"first\.example\.org.*second\.example\.org.*another sha256"):
        fetch.obtain(file_of(**TWO), download)
    assert not fetch.cached(file_of()).exists()
    assert fetch.source_of(file_of()) == ""
