"""Two profiles compared network by network: by hand, on slices and draws that both have."""

import base64
import re

import pytest
from fabricated import cell_rows, made, plain

from recon_lib.paper import two_scales

PLACES = (("sub-11", 41), ("sub-12", 42), ("sub-13", 43))
BASE = {("natural", 500, 0, 0): 31.0, ("natural", 4000, 0, 0): 33.0, ("t1", 4000, 0, 0): 35.0, ("t2", 4000, 0, 0): 34.0}


def source(profile, cells, places=PLACES):
    results = made(cell_rows("t1", cells, places))
    results.profile = profile
    return results


@pytest.fixture
def cells():
    tuned = {("natural", 4000, 20, draw): 36.0 + draw for draw in (0, 1)}
    small = {**BASE, **tuned, ("natural", 1000, 0, 0): 32.0}
    large = {key: psnr + (0.5 if key[2] else -0.25 if key[0] == "natural" else 0.0) for key, psnr in small.items()}
    large |= {("natural", 4000, 20, 2): 50.0, ("natural", 2000, 0, 0): 32.5}
    del large["natural", 1000, 0, 0]
    return two_scales.compare(source("open", large), source("desk", small))


def test_each_network_of_both_is_a_cell_and_its_difference_is_taken_slice_by_slice(cells):
    keys = [(cell.training_domain, cell.n_train, cell.n_finetune) for cell in cells]
    assert keys == [("natural", 500, 0), ("natural", 4000, 0), ("t1", 4000, 0), ("t2", 4000, 0), ("natural", 4000, 20)]
    assert [cell.difference.value for cell in cells] == pytest.approx([-0.25, -0.25, 0.0, 0.0, 0.5])
    raw, tuned = cells[1], cells[-1]
    assert (raw.large, raw.small) == pytest.approx((34.75, 35.0))  # a slice has 2 dB more than the one before it
    assert (tuned.large, tuned.small) == pytest.approx((39.0, 38.5))  # the draws that both have, 0 and 1
    assert [cell.leader for cell in cells] == [-1, -1, 0, 0, 1]
    assert [subject for subject, _ in raw.difference.by_subject] == ["sub-11", "sub-12", "sub-13"]


def test_only_slices_that_both_have_count():
    cells = two_scales.compare(source("open", BASE, PLACES[:2]), source("desk", BASE, PLACES[1:]))
    assert {subject for cell in cells for subject, _ in cell.difference.by_subject} == {"sub-12"}
    assert (cells[0].large, cells[0].small) == (33.0, 31.0)  # the second place of the one is the first of the other


def test_a_network_saw_as_many_images_as_its_rows_say():
    rows = [{**row, "n_images": 720} for row in cell_rows("t1", {("t1", 4000, 0, 0): 35.0}, PLACES)]
    (cell,) = two_scales.compare(made(rows), made(rows))
    assert (cell.n_train, cell.n_images) == (4000, 720)
    assert "| T1 | 720 T1 |" in plain(two_scales.render_cells([cell]))


def test_the_table_has_both_means_the_difference_and_its_interval(cells):
    lines = plain(two_scales.render_cells(cells)).splitlines()
    assert len(lines) == 2 + len(cells)
    assert lines[-1] == "| T1 | 4000 natural images | 20 | 39.00 | 38.50 | +0.50 | +0.50 to +0.50 | +0.50 to +0.50 |"


def test_groups_count_who_is_ahead(cells):
    lines = plain(two_scales.render_groups(cells)).splitlines()[2:]
    minus = "\N{MINUS SIGN}"
    assert lines == [
        f"| as trained, 4000 images | 3 | {minus}0.25 to +0.00 | 0 | 1 | 2 |",
        f"| as trained, fewer images | 1 | {minus}0.25 to {minus}0.25 | 0 | 1 | 0 |",
        "| tuned, 4000 images | 1 | +0.50 to +0.50 | 1 | 0 | 0 |",
    ]


def test_the_order_of_three_networks_is_compared():
    cells = two_scales.compare(source("open", BASE), source("desk", BASE))
    same = two_scales.render_order(cells).markdown
    assert same == "- T1 test, as trained, best first: both say T1, T2, natural images."
    other = two_scales.compare(source("open", BASE), source("desk", {**BASE, ("t2", 4000, 0, 0): 36.0}))
    assert two_scales.render_order(other).markdown == (
        "- T1 test, as trained, best first: `open` says T1, T2, natural images, `desk` T2, T1, natural images."
    )


def test_the_title_page_counts_where_both_agree(monkeypatch):
    sides = source("open", BASE), source("desk", {**BASE, ("t2", 4000, 0, 0): 36.0})
    monkeypatch.setattr(two_scales, "both", lambda: sides)
    assert "alike in 0 of 1 comparisons" in two_scales.render_in_short().markdown
    monkeypatch.setattr(two_scales, "both", lambda: (sides[0], sides[0]))
    assert "alike in 1 of 1 comparisons" in two_scales.render_in_short().markdown
    monkeypatch.setattr(two_scales, "both", lambda: None)
    assert two_scales.render_in_short().markdown == ""


def test_the_figure_has_a_dot_a_network_at_both_means(cells):
    figure = two_scales.scatter_figure(cells)
    dots = {
        (line.get_label(), float(x), float(y))
        for line in figure.axes[0].lines[1:]
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    assert len(dots) == len(cells)
    assert ("natural images, tuned", 38.5, 39.0) in dots
    assert ("natural images, as trained", 35.0, 34.75) in dots


def test_the_figure_s_numbers_are_a_row_a_network(cells):
    page = two_scales.render_scatter(cells).html
    content = re.search(r'href="data:text/csv;base64,([^"]+)" download="two_scales.csv"', page).group(1)
    head, *rows = base64.b64decode(content).decode().splitlines()
    assert head == "test_domain,training_domain,n_train,n_finetune,n_images,open_db,desk_db"
    assert len(rows) == len(cells)
    assert rows[-1] == "t1,natural,4000,20,4000,39.0,38.5"
    assert two_scales.render_scatter([]).html


def test_without_both_profiles_the_page_says_so():
    assert two_scales.both() is None
    assert "open and desk" in two_scales.render_missing().markdown
    assert two_scales.scatter_figure([]).axes
