import subprocess
import sys
import textwrap

import numpy as np
import pytest

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.data import store
from recon_lib.data.imageset import ImageSet


@pytest.fixture
def path():
    return store.path_of("t1", "open", "test", "0123456789abcdef" * 4)


@pytest.fixture
def images(rng):
    stack = rng.random((3, 4, 5)).astype(np.float32)
    return ImageSet("t1", "test", stack, ("a", "a", "é"), (7, 8, 3), np.array([1.5, 2.0, 3.0]))


def forbidden():
    raise AssertionError("prepared twice")


def test_prepared_once_and_the_same_from_then_on(path, images):
    assert store.once(path, "t1", "test", lambda: images) is images
    again = store.once(path, "t1", "test", forbidden)
    assert again.sha256 == images.sha256
    assert (again.domain, again.split) == ("t1", "test")
    assert (again.subjects, again.slices) == (images.subjects, images.slices)
    np.testing.assert_array_equal(again.scales, images.scales)
    assert store.prepared("t1", "open", "test") == [path]
    assert store.prepared("t1", "open", "train") == []
    assert [p.name for p in path.parent.iterdir() if p.suffix != ".lock"] == [path.name]


def test_no_pickle_is_written_or_read(path, images):
    store.once(path, "t1", "test", lambda: images)
    with np.load(path, allow_pickle=False) as archive:
        assert all(archive[key].dtype != object for key in archive.files)
    np.savez(path, images=np.array([{"a": 1}], dtype=object))
    assert store.once(path, "t1", "test", lambda: images) is images


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_a_damaged_file_is_prepared_again(path, images, damage):
    store.once(path, "t1", "test", lambda: images)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[content.index(images.images.tobytes()) + 3] ^= 1
    elif damage == "empty":
        content = b""
    path.write_bytes(content)
    if damage == "other":
        np.savez(path, images=images.images)
    assert store.once(path, "t1", "test", lambda: images) is images
    assert store.once(path, "t1", "test", forbidden).sha256 == images.sha256


def test_a_failed_preparation_leaves_nothing(path):
    def fail():
        raise ReconError("No.")

    with pytest.raises(ReconError, match="No"):
        store.once(path, "t1", "test", fail)
    assert not path.exists()


def test_a_failed_write_leaves_nothing(path, images, monkeypatch):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(ReconError, match=r"No space left on device.*RECON_CACHE"):
        store.once(path, "t1", "test", lambda: images)
    assert [p for p in path.parent.iterdir() if p.suffix != ".lock"] == []


def test_two_processes_prepare_once(tmp_path):
    script = textwrap.dedent(f"""
        import pathlib, time
        import numpy as np
        from recon_lib.data import store
        from recon_lib.data.imageset import ImageSet
        def slow():
            with open({str(tmp_path / "log")!r}, "a") as log:
                log.write("prepare\\n")
            time.sleep(0.5)
            return ImageSet("t1", "test", np.ones((2, 3, 4), np.float32), ("a", "b"), (1, 2), np.ones(2))
        print(store.once(store.path_of("t1", "open", "test", "k"), "t1", "test", slow).sha256)
    """)
    processes = [
        subprocess.Popen([sys.executable, "-c", script], cwd=paths.ROOT, stdout=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    outcome = {process.communicate()[0] for process in processes}
    assert len(outcome) == 1
    assert len(outcome.pop().strip()) == 64
    assert (tmp_path / "log").read_text(encoding="utf-8") == "prepare\n"
