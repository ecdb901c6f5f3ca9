"""The file beside a figure holds the numbers of the pictures, measured here from the pixels."""

import numpy as np
import pytest
from fabricated import cell_rows, labelled_panels, untrained_rows, write_run

from recon_lib.core.errors import ReconError
from recon_lib.paper import panel_table
from recon_lib.results import merge, store

LABELS = ["network-natural-500-0", "network-natural-500-20"]


@pytest.fixture
def results(tmp_path):
    cells = {("natural", 500, 0, 0): 30.0, ("natural", 500, 20, 0): 32.0}
    rows = [*cell_rows("t1", cells), *untrained_rows("t1", {"zero_filled": 26.0})]
    merge.collect([write_run(tmp_path / "run", rows, labelled_panels("t1", LABELS))], store.root() / "desk", {})
    return store.open_results("desk")


def test_a_row_a_picture_with_the_numbers_of_its_row_and_of_its_pixels(results):
    table = panel_table.panel_numbers(results, "t1", ("sub-11", 41))
    assert list(table["picture"]) == [*LABELS, "zero_filled"]
    assert list(table["psnr_db"]) == [30.0, 32.0, 26.0]
    assert list(table["ssim"]) == [0.75, 0.8, 0.65]
    assert set(table["percentile"]) == {25.0}  # the lower of two slices
    assert set(table["subject"]) == {"sub-11"}
    panels = labelled_panels("t1", LABELS)
    error = np.abs(panels["t1/sub-11/41/zero_filled"].astype(float) - panels["t1/sub-11/41/reference"])
    row = table[table["picture"] == "zero_filled"].iloc[0]
    assert row["mean_error"] == pytest.approx(error.mean(), rel=1e-5)
    assert row["largest_error"] == pytest.approx(error.max(), rel=1e-5)


def test_only_the_pictures_of_the_figure_are_listed(results):
    table = panel_table.panel_numbers(results, "t1", ("sub-11", 41), ["zero_filled", "cs:literal"])
    assert list(table["picture"]) == ["zero_filled"]


def test_a_slice_that_was_not_kept_is_named(results):
    with pytest.raises(ReconError, match="sub-99 slice 3"):
        panel_table.panel_numbers(results, "t1", ("sub-99", 3))
