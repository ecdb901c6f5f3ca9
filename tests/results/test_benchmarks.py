"""A benchmark's file: each row a checked record, damage one sentence, and what was not run is none."""

import math

import pytest
from measurements import ROWS, write_measurements

from recon_lib.core.errors import ReconError
from recon_lib.results import benchmarks, provenance
from recon_lib.results.benchmarks import BenchmarkRow, open_benchmark


@pytest.fixture
def written(folders):
    return write_measurements(folders / "results")


def test_a_benchmark_that_was_not_run_beside_others_that_were(written):
    (written / "masks.json").unlink()
    provenance.write_provenance(written, {})
    assert benchmarks.open_benchmark("masks") is None
    assert benchmarks.open_benchmark("metrics") is not None


def test_damaged_files_stop_the_page(written):
    content = (written / "masks.json").read_text(encoding="utf-8")
    (written / "masks.json").write_text(content.replace("60.0", "90.0"))
    with pytest.raises(ReconError, match=r"masks\.json is not what was written"):
        benchmarks.open_benchmark("training")
    (written / "masks.json").write_text("{}")
    provenance.write_provenance(written, {})
    with pytest.raises(ReconError, match=r"masks\.json is not a readable benchmark"):
        benchmarks.open_benchmark("masks")
    with pytest.raises(ReconError, match="did you mean 'masks'"):
        benchmarks.open_benchmark("mask")


def test_every_row_is_read_with_what_it_holds(written):
    for name, rows in ROWS.items():
        benchmark = open_benchmark(name)
        assert (benchmark.name, benchmark.processor) == (name, "P, 2 cores")
        assert len(benchmark.rows) == len(benchmark.frame()) == len(rows)
        for row, content in zip(benchmark.rows, rows, strict=True):
            for field, value in content.items():
                kept = getattr(row, field)
                assert kept == (tuple(value) if field == "size" else value) or (value is None and kept != kept)  # noqa: PLR0124


def test_what_a_row_leaves_out_is_missing():
    row = BenchmarkRow.from_json({"what": "masks", "seconds_per_mask": 1})
    assert row.seconds_per_mask == 1.0
    assert (row.size, row.batch, row.setting, row.best) == (None, None, None, None)
    assert math.isnan(row.psnr)
    assert row.tool == "recon_lib"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"tool": "bart"}, KeyError),
        ({"what": "x", "seconds_per_slice": 1.0}, KeyError),
        ({"what": "x", "minutes": 1.0}, TypeError),
        ({"what": "x", "size": [3]}, ValueError),
        ({"what": "x", "size": [3, 0]}, ValueError),
        ({"what": "x", "batch": 0}, ValueError),
        ({"what": "x", "seconds": float("nan")}, ValueError),
        ({"what": "x", "seconds_per_mask": float("inf")}, ValueError),
        ({"what": "x", "seconds": -1.0}, ValueError),
        ({"what": "x", "psnr": "high"}, ValueError),
    ],
)
def test_a_row_that_cannot_be_is_refused(content, error):
    with pytest.raises(error):
        BenchmarkRow.from_json(content)
