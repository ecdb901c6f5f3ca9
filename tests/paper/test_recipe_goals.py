"""The recipe is compared with what it has to equal, and each goal is judged by the numbers that the page prints."""

import pytest
from fabricated import cell, made, plain

from recon_lib.paper import recipe_goals as page

VARIATIONS = [
    *cell({"t1": 36.1, "t2": 38.2}, n_finetune=5, variation="few-images"),
    *cell({"t1": 36.204, "t2": 38.4}, n_finetune=50, variation="few-images"),
    *cell({"t1": 35.0, "t2": 37.0}, n_finetune=0, variation="residual-4000"),
]
OWN = [
    *cell({"t1": 36.0, "t2": 38.0}, n_finetune=50),
    *cell({"t1": 34.5, "t2": 37.5}, n_finetune=20),
    *cell({"t1": 90.0, "t2": 90.0}, n_finetune=50, n_train=500),
    *cell({"t1": 36.3}, n_finetune=50, training_domain="t1"),
    *cell({"t2": 38.5}, n_finetune=50, training_domain="t2"),
    *cell({"t1": 80.0}, n_finetune=50, training_domain="t2"),
]


def test_the_recipe_is_compared_with_fifty_and_with_the_own_contrast():
    lines = [text.strip("| ").split(" | ") for text in plain(page.render_goals(made(OWN, VARIATIONS))).splitlines()[2:]]
    changes = [[text.split(" ")[0] for text in (cells[2], cells[4])] for cells in lines]
    assert changes == [["+0.10", "+0.20"], ["−0.10", "−0.20"], ["−0.20", "−0.30"], ["+0.50", "−0.50"]]  # noqa: RUF001
    assert [cells[5:] for cells in lines] == [
        ["at least equal", "yes"],
        ["at most 0.1 dB below", "on T1 alone"],
        ["at most 0.1 dB below", "no"],
        ["at least equal", "on T1 alone"],
    ]


def test_what_was_not_run_says_so():
    assert plain(page.render_goals(made(OWN))).count("not run yet") == 4
    assert plain(page.render_goals(None)).count("not run yet") == 4


@pytest.mark.parametrize(
    ("below", "change", "reached"), [(0.1, -0.104, True), (0.1, -0.106, False), (0.0, -0.01, False)]
)
def test_a_goal_is_judged_by_the_printed_digits(below, change, reached):
    sides = (made(cell({"t1": 36.0 + shift})).slices for shift in (change, 0.0))
    goal = page.Goal("two networks", *sides, below)
    assert goal.reached(goal.gains()) == (["t1"] if reached else [])
