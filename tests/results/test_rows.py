"""Tables on disk: round trips, bytes that stay, and bad input."""

import gzip

import numpy as np
import pytest
from fabricated import make_history, row
from hypothesis import given, settings
from hypothesis import strategies as st

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.results.panels import PanelKey, read_panels, write_panels
from recon_lib.results.rows import HISTORY_COLUMNS, SLICE_COLUMNS, read_rows, write_rows


def test_rows_come_back_with_their_types_and_empty_cells(tmp_path):
    rows = [
        row("t1", "sub-11", 3, psnr=31.25),
        row("t2", "sub-12", 4, n_train=None, training_domain="", psnr=float("inf")),
    ]
    for name in ("a.csv", "a.csv.gz"):
        write_rows(tmp_path / name, rows)
        frame = read_rows(tmp_path / name)
        assert list(frame.columns) == list(SLICE_COLUMNS)
        assert frame["psnr"].tolist() == [31.25, float("inf")]
        assert frame["n_train"].isna().tolist() == [False, True]
        assert str(frame["n_train"].dtype) == "Int64"
        assert frame["training_domain"].tolist() == ["natural", ""]
        assert frame["psnr_brain"].isna().all()


@settings(max_examples=20, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_survives_to_seven_digits(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    write_rows(path, [row("t1", "s", 0, psnr=value)])
    assert read_rows(path)["psnr"][0] == pytest.approx(value, rel=1e-6)


def test_an_empty_table_keeps_its_columns(tmp_path):
    write_rows(tmp_path / "a.csv.gz", [], HISTORY_COLUMNS)
    frame = read_rows(tmp_path / "a.csv.gz", HISTORY_COLUMNS)
    assert len(frame) == 0
    assert list(frame.columns) == list(HISTORY_COLUMNS)


def test_bad_rows_and_tables_are_named(tmp_path):
    path = tmp_path / "a.csv"
    with pytest.raises(ReconError, match="psnr"):
        write_rows(path, [{"psrn": 1.0}])
    with pytest.raises(ReconError, match="comma"):
        write_rows(path, [row("t1", "a,b", 1)])
    with pytest.raises(ReconError, match="truth"):
        write_rows(path, [row("t1", "a", 1, psnr=True)])
    assert not path.exists()
    with pytest.raises(ReconError, match=r"no file .*a\.csv"):
        read_rows(path)
    path.write_text("run,psrn\nx,1\n")
    with pytest.raises(ReconError, match=r"columns .*psrn"):
        read_rows(path)
    path.write_text("")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path)
    path.write_text(",".join(SLICE_COLUMNS) + "\n" + "x" * 9 + ",," * 10 + "word\n")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path)
    path.with_suffix(".gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(ReconError, match="not a readable table"):
        read_rows(path.with_suffix(".gz"))
    (tmp_path / "p.npz").write_bytes(b"PK broken")
    with pytest.raises(ReconError, match="not a readable set of images"):
        read_panels(tmp_path / "p.npz")


def test_history_rows_round_trip(tmp_path):
    rows = make_history("r", "natural", "t1", 0)
    write_rows(tmp_path / "h.csv", rows, HISTORY_COLUMNS)
    frame = read_rows(tmp_path / "h.csv", HISTORY_COLUMNS)
    assert frame["updates"].tolist() == [r["updates"] for r in rows]
    assert frame["n_finetune"].isna().all()


def test_columns_that_a_file_lacks_are_empty_and_the_schema_is_found(tmp_path):
    (tmp_path / "h.csv").write_text("run,epoch,loss\nx,1,0.5\n")
    frame = read_rows(tmp_path / "h.csv")
    assert list(frame.columns) == list(HISTORY_COLUMNS)
    assert frame["test_domain"].tolist() == [""]
    assert frame[["n_finetune", "psnr"]].isna().all(axis=None)
    assert str(frame["n_finetune"].dtype) == "Int64"
    assert frame["loss"].tolist() == [0.5]


def flipped(content, rng):
    place = int(rng.integers(len(content)))
    return content[:place] + bytes([content[place] ^ int(rng.integers(1, 256))]) + content[place + 1 :]


def test_a_flipped_byte_is_one_clear_error_or_changes_nothing_that_is_read(tmp_path):
    """Inside what is compressed too, where the decompressor raises errors of its own."""
    rng = np.random.default_rng(0)
    panels = {PanelKey("t1", "sub-1", 3, "reference"): rng.random((9, 8)).astype(np.float16)}
    write_panels(tmp_path / "p.npz", panels)
    rows = [row("t1", "sub-1", i, psnr=30 + rng.random()) for i in range(40)]
    write_rows(tmp_path / "s.csv.gz", rows, SLICE_COLUMNS)
    for path, read in ((tmp_path / "p.npz", read_panels), (tmp_path / "s.csv.gz", read_rows)):
        sound, refused = path.read_bytes(), 0
        for _ in range(200):
            path.write_bytes(flipped(sound, rng))
            try:
                read(path)
            except ReconError:
                refused += 1
        assert refused > 100


FROZEN = {"name": "str", "count": "Int64", "number": "float64"}


def test_the_format_is_frozen_to_seven_digits_and_empty_cells(tmp_path):
    records = [
        {"name": "é", "count": 3, "number": 31.00000004},
        {"name": None, "count": None, "number": None},
        {"name": "", "count": 1_000_000_007, "number": -1 / 3},
        {"count": 4.0, "number": 12345678.9},
        {"name": "x", "number": float("nan")},
        {"name": "x", "number": float("-inf")},
        {"name": "x", "number": 4},
    ]
    write_rows(tmp_path / "a.csv", iter(records), FROZEN)
    expected = "name,count,number\né,3,31\n,,\n,1000000007,-0.3333333\n,4,1.234568e+07\nx,,\nx,,-inf\nx,,4\n"
    assert (tmp_path / "a.csv").read_bytes() == expected.encode()
    write_rows(tmp_path / "a.csv.gz", iter(records), FROZEN)
    packed = (tmp_path / "a.csv.gz").read_bytes()
    assert gzip.decompress(packed) == expected.encode()
    assert packed[4:8] == bytes(4)  # gzip's field of time


def test_committed_tables_are_written_again_byte_by_byte(tmp_path):
    for name, columns in (("slices", SLICE_COLUMNS), ("history", HISTORY_COLUMNS)):
        committed = paths.RESULTS / "desk" / f"{name}.csv.gz"
        write_rows(tmp_path / committed.name, read_rows(committed, columns).to_dict("records"), columns)
        assert gzip.decompress((tmp_path / committed.name).read_bytes()) == gzip.decompress(committed.read_bytes())


def test_a_column_that_came_later_is_written_only_where_it_holds_something(tmp_path):
    rows = [{"run": "a", "epoch": epoch, "loss": 1.0} for epoch in (0, 1)]
    write_rows(tmp_path / "plain.csv", rows, HISTORY_COLUMNS)
    assert "psnr_held" not in (tmp_path / "plain.csv").read_text()
    assert read_rows(tmp_path / "plain.csv")["psnr_held"].isna().all()
    write_rows(tmp_path / "followed.csv", [*rows[:1], {**rows[1], "psnr_held": 31.5}], HISTORY_COLUMNS)
    assert read_rows(tmp_path / "followed.csv")["psnr_held"].tolist()[1] == 31.5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"count": 3.5}, "Column count .*Int64"),
        ({"count": "many"}, "Column count .*Int64"),
        ({"number": "loud"}, "Column number .*float64"),
        ({"number": np.bool_(True)}, "truth"),
        ({"count": False}, "truth"),
        ({"name": 'a "word"'}, "quote"),
        ({"name": "a\rb"}, "line break"),
        ({"name": "a\nb"}, "line break"),
        ({"numbre": 1.0}, "Unknown column 'numbre': did you mean 'number'"),
    ],
)
def test_a_cell_that_does_not_fit_is_one_sentence_and_no_file(tmp_path, wrong, words):
    with pytest.raises(ReconError, match=words) as error:
        write_rows(tmp_path / "a.csv", [{"name": "x", "count": 1, "number": 1.0}, wrong], FROZEN)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
