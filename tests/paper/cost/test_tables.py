"""Tables of the benchmarks: a row a measurement, no cell of what was not measured, and slopes by hand."""

import math
from dataclasses import replace

import pandas
import pytest
from fabricated import plain
from measurements import ROWS, write_measurements

from recon_lib.paper.cost import tables
from recon_lib.results import benchmarks
from recon_lib.results.benchmarks import open_benchmark


@pytest.fixture
def written(folders):
    return write_measurements(folders / "results")


def test_slopes_by_hand(written):
    fitted = tables.slopes(benchmarks.open_benchmark("growth").frame())
    assert fitted["axis"].tolist() == ["pixels", "batch"]
    assert fitted["seconds"].tolist() == pytest.approx([1.0, 0.5])
    assert fitted["memory_mib"].tolist() == pytest.approx([1.0, 1.0])
    # A memory of zero has no logarithm: the others are fitted, and a single one has no slope.
    rows = pandas.DataFrame(ROWS["growth"][:2])
    rows.loc[0, "memory_mib"] = 0.0
    assert math.isnan(tables.slopes(rows)["memory_mib"].iloc[0])


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_tables_show_what_was_measured(name, written):
    measured = benchmarks.open_benchmark(name)
    lines = tables.render(name, measured).markdown.splitlines()
    assert len(lines) == 2 + len(ROWS[name])
    assert len({line.count("|") for line in lines}) == 1
    assert "nan" not in "".join(lines)


def test_a_card_is_not_compared_with_the_processor_s_matrix_product(written):
    measured = open_benchmark("training")
    card = replace(measured, machine={**measured.machine, "accelerator": {"kind": "a card"}})
    heads = [plain(tables.render("training", each)).splitlines()[0] for each in (measured, card)]
    assert heads[0].replace(" Of the matrix product |", "") == heads[1] != heads[0]


def test_times_of_several_coils_are_shown_without_and_with_maps(written):
    rows = plain(tables.render("coils", open_benchmark("coils"))).splitlines()
    assert rows[0] == "| Work | Size | Tool | Iterations | s a slice | s with maps |"
    assert rows[2] == "| maps by ESPIRiT | 120 x 192 | SigPy | | 3 | |"
    assert rows[4] == "| L1-ESPIRiT | 120 x 192 | BART | 80 | 2 | 5 |"


def test_a_cell_that_does_not_apply_is_empty(written):
    rows = plain(tables.render("masks", open_benchmark("masks"))).splitlines()
    assert rows[0] == "| Work | Size | Tool | ms a mask | Drawn | Least R | Largest R | Times SigPy |"
    assert rows[2] == "| masks | 8 x 8 | recon_lib | 10 | 3 | 4.000 | 4.004 | 60.00 |"
    assert rows[3] == "| masks | 8 x 8 | SigPy | 600 | 3 | 3.900 | 4.100 | |"
