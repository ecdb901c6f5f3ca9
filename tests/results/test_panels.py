"""Pictures on disk: round trips, the same bytes at any time, and damage."""

import zipfile

import numpy as np
import pytest
from fabricated import keyed, make_panels

from recon_lib.core.errors import ReconError
from recon_lib.results.panels import PanelKey, median_key, read_panels, write_panels


def test_panels_come_back(tmp_path):
    panels = keyed(make_panels("t1", "natural", 0))
    write_panels(tmp_path / "panels.npz", panels)
    read = read_panels(tmp_path / "panels.npz")
    assert set(read) == set(panels)
    for key, image in panels.items():
        assert read[key].dtype == image.dtype
        np.testing.assert_array_equal(read[key], image)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("t1/sub-11/41/reference", PanelKey("t1", "sub-11", 41, "reference")),
        ("t1_bold5000/a b/0/cs:real+tv0.002", PanelKey("t1_bold5000", "a b", 0, "cs:real+tv0.002")),
        ("t2/1/7/mask@acceleration-8", PanelKey("t2", "1", 7, "mask", "acceleration-8")),
    ],
)
def test_a_key_is_its_text(text, key):
    assert PanelKey.from_json(text) == key
    assert key.to_json() == text


@pytest.mark.parametrize("text", ["", "a", "t1/a/1", "t1/a/x/mask", "t1/a/-1/mask", "t1/a/1/mask/more"])
def test_a_text_that_is_no_key_is_refused(text, tmp_path):
    with pytest.raises(ReconError, match="names no picture"):
        PanelKey.from_json(text)
    np.savez(tmp_path / "p.npz", **{text or "x": np.zeros(3)})
    with pytest.raises(ReconError, match="names no picture"):
        read_panels(tmp_path / "p.npz")


def test_panels_with_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", **{"t1/a/1/mask": np.array([{}], dtype=object)})
    with pytest.raises(ReconError, match="not a readable"):
        read_panels(tmp_path / "p.npz")


def test_the_same_panels_give_the_same_bytes_at_any_time_and_in_any_order(tmp_path, monkeypatch):
    panels = keyed(make_panels("t1", "natural", 0))
    write_panels(tmp_path / "one.npz", panels)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_panels(tmp_path / "two.npz", dict(reversed(panels.items())))
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == [f"{text}.npy" for text in sorted(key.to_json() for key in panels)]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_DEFLATED}


def test_objects_are_not_pickled(tmp_path):
    with pytest.raises(ReconError, match="The panel t1/a/1/reference holds Python objects"):
        write_panels(tmp_path / "p.npz", {PanelKey("t1", "a", 1, "reference"): np.array([{}], dtype=object)})
    assert not list(tmp_path.iterdir())


def test_no_file_holds_no_panels_and_a_damaged_one_is_an_error(tmp_path):
    assert read_panels(tmp_path / "p.npz") == {}
    (tmp_path / "p.npz").write_bytes(b"PK broken")
    with pytest.raises(ReconError, match=r"p\.npz is not a readable set of images"):
        read_panels(tmp_path / "p.npz")


@pytest.mark.parametrize(
    ("psnr", "median"),
    [
        ({("a", 1): 30.0, ("a", 2): 20.0, ("b", 1): 25.0}, ("b", 1)),
        ({("a", 1): 30.0, ("a", 2): 20.0, ("b", 1): 25.0, ("b", 2): 26.0}, ("b", 1)),
        ({("a", 2): 20.0, ("b", 1): 20.0, ("a", 1): 20.0}, ("a", 2)),
    ],
    ids=["odd", "even", "equal"],
)
def test_the_median_slice_is_the_lower_one_and_the_first_of_equal_ones(psnr, median):
    assert median_key(psnr) == median
