"""What a page says of its results: which they are, on how many slices, and where images were fewer."""

import pytest
from fabricated import made, make_runs, row

from recon_lib.paper import words
from recon_lib.results import merge, store
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord
from recon_lib.results.selection import Needs, Selection


@pytest.fixture
def results(tmp_path):
    return collected(make_runs(tmp_path / "runs"))


def collected(runs):
    merge.collect(runs, store.root() / "desk", {})
    return store.open_results("desk")


def test_the_source_of_a_page_is_stated(results):
    text = words.render_source(results).markdown
    assert "**desk**" in text
    assert "20 T1 slices of 4 subjects" in text
    assert "run yet" in words.render_source(None).markdown


def test_fewer_mr_slices_than_the_column_says_are_told():
    rows = [
        row("t1", "sub-11", 40, training_domain=training, n_train=n, n_images=round(share * images))
        for training, images in (("natural", 4000), ("t1", 720), ("t2", 230))
        for n, share in ((4000, 1.0), (500, 0.125))
    ]
    text = words.render_source(made(rows)).markdown
    assert text.endswith(
        " There are fewer MR slices than photographs: a network of 4000 MR images saw 720 T1 or 230 T2."
    )
    enough = [cells | {"n_images": cells["n_train"]} for cells in rows]
    assert "fewer" not in words.render_source(made(enough)).markdown


def test_a_page_says_what_better_results_lack():
    rows = [RunKey("network", "natural", 1500, "t1", count) for count in (0, 5, 10)]
    rows += [RunKey("cs:literal", test_domain="t2"), RunKey(variation="equal-updates")]
    desk = made([row("t1", "sub-11", 40)])
    needs = Needs((*rows, RunKey("zero_filled", test_domain="t1")))
    text = words.render_selection(Selection(desk, needs, {"open": tuple(rows)})).markdown
    assert text.startswith(words.render_source(desk).markdown)
    assert text.endswith(
        " Profile **open** lacks 5 of the 6 reconstructions that this page needs: T1 test: 1500 natural images, tuned "
        "with 5, 10; T2 test: CS (literal); variation equal-updates."
    )
    assert "**open**" not in words.render_selection(Selection(desk, needs)).markdown


def test_a_page_says_what_its_own_results_lack():
    desk, absent = made([row("t1", "sub-11", 40)]), RunKey("zero_filled", test_domain="t1")
    text = words.render_selection(Selection(desk, Needs((absent,)), {"desk": (absent,)})).markdown
    assert text.endswith(" No profile has all. **desk** lacks everything that this page needs: "
                         "T1 test: zero-filled.")  # fmt: skip
    assert "run yet" in words.render_selection(Selection(None)).markdown


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        ({"training": {"crop": None}, "fine_tuning": {"max_updates": None, "epochs": 150}},
         "trained on whole images, tuned for 150 epochs"),
        ({"training": {"crop": 32}, "fine_tuning": {"max_updates": 300, "epochs": 15},
          "domains": {"natural": {"matrix": [128, 96]}}},
         "photographs of 128 x 96, trained on crops of 32, tuned with at most 300 updates"),
        ({"training": {"crop": 8}, "domains": {"natural": {"source": "generated", "matrix": [48, 48]}}},
         "images made by code, trained on crops of 8"),
    ],
)  # fmt: skip
def test_the_recipe_is_read_from_the_profile_that_was_run_and_never_from_its_description(profile, text):
    described = made([row("t1", "sub-11", 40)], profile={**profile, "description": "On a laptop."})
    assert f"profile **desk** ({text}), tested on" in words.render_source(described).markdown


def test_the_machine_is_read_from_the_records():
    results = made([row("t1", "sub-11", 40)])
    results.records = {"a": RunRecord("a", "train", RunKey(), {}, machine={"processor": "X", "cores": 2})}
    assert "profile **desk** (2 cores of X), tested on" in words.render_source(results).markdown
