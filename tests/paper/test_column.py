"""The column of the most images: shown beside the grid of a lesser profile, and its distance from the paper."""

import pytest
from fabricated import cell_rows, made, plain, write_run

from recon_lib.paper import column, evidence
from recon_lib.paper.reference import paper
from recon_lib.results import merge, store
from recon_lib.results.selection import Selection

COLUMN = {("natural", 4000, 0, 0): 30.0, ("natural", 4000, 20, 0): 35.0, ("t1", 4000, 50, 0): 36.0}


def printed(training, n_finetune):
    table = paper().query("table == 3 and metric == 'psnr' and n_train == 4000")
    return float(table.query(f"training_domain == '{training}' and n_finetune == {n_finetune}")["mean"].iloc[0])


@pytest.fixture
def selection(tmp_path):
    grid = {(row.training_domain, row.n_train, row.n_finetune, 0): 33.0 for row in evidence.needs("tables/table3").rows}
    for profile, cells in (("desk", grid), ("open", {**COLUMN, ("natural", 500, 0, 0): 20.0})):
        rows = [{**row, "n_images": 720 if row["training_domain"] == "t1" else 4000} for row in cell_rows("t1", cells)]
        merge.collect([write_run(tmp_path / profile, rows)], store.root() / profile, {})
    return evidence.select("tables/table3")


def test_the_column_of_the_better_profile_stands_beside(selection):
    assert selection.results.profile == "desk"
    first, _, *lines = plain(column.render_columns("t1", selection)).splitlines()
    assert first == "Profile **open** has the column of 4000 images; mean PSNR in dB:"
    assert lines[0] == "| Trained on | Tuned with | open | desk | The paper | open less the paper |"
    assert len(lines) == 2 + len(COLUMN)
    difference = 36.0 - printed("natural", 20)  # a mean of two slices, the second 2 dB above the first
    assert (
        lines[3] == f"| 4000 natural images | 20 | 36.00 | 34.00 | {printed('natural', 20):.2f} | +{difference:.2f} |"
    )
    assert lines[4].startswith("| 720 T1 | 50 | 37.00 | 34.00 |")


def test_nothing_stands_beside_where_nothing_was_passed_over(selection):
    assert column.render_columns("t1", Selection(selection.results)).markdown == ""
    assert column.render_columns("t1", Selection(None)).markdown == ""


def test_the_distance_is_of_the_tuned_cells_in_size():
    near = {("natural", 4000, 20, 0): printed("natural", 20) - 1.2, ("t1", 4000, 50, 0): printed("t1", 50) - 0.5}
    results = made(cell_rows("t1", {**near, ("natural", 4000, 0, 0): 10.0, ("natural", 500, 50, 0): 10.0}))
    assert column.distance("t1", results) == pytest.approx((0.2, 0.5))
    assert column.distance("t2", results) is None
    text = column.render_distance(results).markdown
    assert text == (
        "Tested on T1, every tuned network of 4000 images is 0.2 to 0.5 dB from the paper's in mean PSNR "
        "([Table 3](tables/table3.md))."
    )
    assert column.render_distance(None).markdown == ""
