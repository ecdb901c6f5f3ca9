"""Which results a page shows: the best that have all of its rows, and what the better ones lack."""

import pytest
from fabricated import cell_rows, labelled_panels, row, write_run

from recon_lib.core.errors import ReconError
from recon_lib.results import merge, selection, store
from recon_lib.results.keys import RunKey
from recon_lib.results.selection import Needs

RAW, TUNED = (RunKey("network", "natural", 4000, "t1", count) for count in (0, 20))
BOTH = Needs((RAW, TUNED))
RAW_ROWS = cell_rows("t1", {("natural", 4000, 0, 0): 33.0})
TUNED_ROWS = cell_rows("t1", {("natural", 4000, 20, draw): 35.0 for draw in (0, 1)})


def write(tmp_path, profile, rows, panels=None):
    """Collect results of a profile that hold these rows."""
    merge.collect([write_run(tmp_path / f"run-{profile}", rows, panels)], store.root() / profile, {})


def profile_of(needs):
    return selection.select(needs).results.profile


def test_nothing_is_selected_before_anything_was_run():
    assert selection.select(BOTH).results is None
    assert selection.select(BOTH).lacking == {}


def test_the_best_profile_that_has_all_rows_is_selected_and_each_better_one_says_what_it_lacks(tmp_path):
    write(tmp_path, "smoke", RAW_ROWS + TUNED_ROWS)
    assert profile_of(BOTH) == "smoke"
    write(tmp_path, "desk", RAW_ROWS + TUNED_ROWS)
    write(tmp_path, "open", RAW_ROWS)
    selected = selection.select(BOTH)
    assert selected.results.profile == "desk"
    assert selected.lacking == {"open": (TUNED,)}
    assert profile_of(Needs((RAW,))) == "open"
    assert profile_of(Needs()) == "open"
    write(tmp_path, "paper", RAW_ROWS + TUNED_ROWS)
    assert selection.select(BOTH).lacking == {}
    assert profile_of(BOTH) == "paper"


def test_where_none_has_all_the_one_that_lacks_least_is_selected(tmp_path):
    third = RunKey("network", "t1", 4000, "t1", 0)
    write(tmp_path, "open", RAW_ROWS)
    write(tmp_path, "desk", RAW_ROWS + TUNED_ROWS)
    write(tmp_path, "smoke", RAW_ROWS + TUNED_ROWS)
    selected = selection.select(Needs((RAW, TUNED, third)))
    assert selected.results.profile == "desk"
    assert selected.lacking == {"open": (TUNED, third), "desk": (third,)}  # not what the lesser one lacks


@pytest.mark.parametrize("name", ["method", "training_domain", "n_train", "test_domain", "n_finetune"])
def test_a_row_that_differs_in_one_name_is_another(tmp_path, name):
    others = {"method": "cs:real", "training_domain": "t2", "n_train": 500, "test_domain": "t2", "n_finetune": 5}
    write(tmp_path, "open", [{**row("t1", "sub-11", 40), name: others[name]}])
    assert selection.select(Needs((RAW,))).lacking == {"open": (RAW,)}


def test_rows_of_a_variation_stand_for_themselves_alone(tmp_path):
    control = RunKey(variation="equal-updates")
    write(tmp_path, "desk", [{**rows, "variation": "equal-updates"} for rows in RAW_ROWS])
    write(tmp_path, "open", RAW_ROWS)
    assert profile_of(Needs((control,))) == "desk"
    assert selection.select(Needs((control,))).lacking == {"open": (control,)}
    assert selection.select(Needs((RAW,))).results.profile == "open"
    assert Needs((RAW,)).lacking(store.open_results("desk")) == (RAW,)
    assert Needs((RunKey(variation="other-seed"),)).lacking(store.open_results("desk"))


def test_a_figure_needs_pictures_besides(tmp_path):
    rows = RAW_ROWS + TUNED_ROWS
    write(tmp_path, "desk", rows, labelled_panels("t1", [RAW.picture, TUNED.picture]))
    write(tmp_path, "open", rows, labelled_panels("t1", [RAW.picture]))
    assert profile_of(BOTH) == "open"
    selected = selection.select(Needs(BOTH.rows, pictures=True))
    assert selected.results.profile == "desk"
    assert selected.lacking == {"open": (TUNED,)}


def test_a_row_and_a_picture_that_are_both_missing_are_one_lack(tmp_path):
    write(tmp_path, "open", RAW_ROWS)
    assert Needs(BOTH.rows, pictures=True).lacking(store.open_results("open")) == (TUNED, RAW)


def test_edited_results_are_refused_and_never_passed_over(tmp_path):
    for profile in ("desk", "open"):
        write(tmp_path, profile, RAW_ROWS)
    path = store.root() / "open" / "slices.csv.gz"
    path.write_bytes(path.read_bytes() + b"edited")
    with pytest.raises(ReconError, match=r"open.*slices\.csv\.gz is not what was written"):
        selection.select(BOTH)


def test_each_page_gets_its_own_and_shares_what_was_read(tmp_path):
    write(tmp_path, "desk", RAW_ROWS + TUNED_ROWS)
    write(tmp_path, "open", RAW_ROWS)
    selected = selection.select_each({"raw": Needs((RAW,)), "both": BOTH, "tuned": Needs((TUNED,))})
    assert {name: part.results.profile for name, part in selected.items()} == {
        "raw": "open", "both": "desk", "tuned": "desk",
    }  # fmt: skip
    assert selected["both"].results is selected["tuned"].results
    assert selected["both"].needs == BOTH
