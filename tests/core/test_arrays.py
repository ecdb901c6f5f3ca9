"""Checkpoints: what goes in comes out, and a reader never sees half a file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.errors import ReconError

NUMBERS = [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_]
names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(
    lambda name: name != "__metadata__"
)
contents = st.dictionaries(
    names,
    st.sampled_from(NUMBERS).flatmap(
        lambda kind: arrays_of.arrays(kind, arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=4))
    ),
)
states = st.dictionaries(
    st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False), max_size=3
)


@settings(max_examples=15)
@given(contents, states)
def test_arrays_and_state_come_back(tmp_path_factory, arrays, state):
    path = tmp_path_factory.mktemp("checkpoint") / "deep" / "a.safetensors"
    save_arrays(path, arrays, state)
    loaded, loaded_state = load_arrays(path)
    assert loaded_state == state
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_views_are_saved_as_they_look(tmp_path):
    whole = np.arange(24.0).reshape(4, 6)
    views = {"turned": whole.T, "thinned": whole[::2, ::3], "backwards": whole[:, ::-1], "number": np.float32(3)}
    save_arrays(tmp_path / "a", views, {})
    loaded, _ = load_arrays(tmp_path / "a")
    for name, view in views.items():
        np.testing.assert_array_equal(loaded[name], view)


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a"
    save_arrays(path, {"x": np.ones(3)}, {"epoch": 1})
    save_arrays(path, {"y": np.zeros(2)}, {"epoch": 2})
    loaded, state = load_arrays(path)
    assert (list(loaded), state) == (["y"], {"epoch": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a"
    save_arrays(path, {"x": np.ones(3)}, {"epoch": 1})

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_arrays(path, {"x": np.zeros(3)}, {"epoch": 2})
    assert load_arrays(path)[1] == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ReconError, match=r"no file .*gone"):
        load_arrays(tmp_path / "gone")


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_truncated_file_is_refused(tmp_path, cut):
    path = tmp_path / "a"
    save_arrays(path, {"x": np.arange(50.0)}, {"epoch": 1})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ReconError, match="not a readable checkpoint"):
        load_arrays(path)


def test_files_of_others_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.ones(3)}, tmp_path / "theirs")
    with pytest.raises(ReconError, match="not a readable checkpoint"):
        load_arrays(tmp_path / "theirs")
    (tmp_path / "text").write_text("a text of some length, not arrays")
    with pytest.raises(ReconError, match="not a readable checkpoint"):
        load_arrays(tmp_path / "text")


@pytest.mark.parametrize("state", ["[]", "5", "[" * 100_000, "{", '"x"'], ids=lambda text: text[:3])
def test_a_state_that_is_no_mapping_is_one_sentence(tmp_path, state):
    from safetensors.numpy import save_file

    save_file({"x": np.ones(2, np.float32)}, tmp_path / "a", {"state": state})
    with pytest.raises(ReconError, match="a is not a readable checkpoint") as error:
        load_arrays(tmp_path / "a")
    assert "\n" not in str(error.value)
