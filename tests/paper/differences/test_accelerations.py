"""Other accelerations: found in the profile, compared with the zero-filled image of their own samples."""

import re

import pytest
from fabricated import ACCELERATED, cell, made, plain, untrained

from recon_lib.experiment.profile import load_profile
from recon_lib.paper.differences import accelerations

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 50.0, "t2": 50.0}, n_finetune=20, draw=1),  # other accelerations have no second draw
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


def at(factor, psnr, **changes):
    return cell(psnr, **{"variation": f"acceleration-{factor}", "acceleration": float(factor), **changes})


def cells(results):
    text = plain(accelerations.render_accelerations(results))
    return [[text.strip() for text in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def test_those_of_a_profile_and_none_that_change_anything_else():
    factors = accelerations.accelerations(made(BASE, profile=ACCELERATED))
    assert list(factors.items()) == [(2.0, "acceleration-2"), (4.0, ""), (8.0, "acceleration-8")]


def test_without_a_profile_the_rows_say_the_own_one():
    assert accelerations.accelerations(made(BASE)) == {4.0: ""}
    assert accelerations.own_acceleration(made([])) is None
    assert accelerations.accelerations(made([])) == {}


def test_the_desk_profile_halves_and_doubles_its_own():
    desk = load_profile("desk")
    factors = {name: row.acceleration for name, row in desk.variations.items() if row.acceleration is not None}
    assert factors == {"acceleration-2": desk.acceleration / 2, "acceleration-8": desk.acceleration * 2}


def test_a_gain_is_over_the_zero_filled_image_of_the_same_acceleration():
    rows = [
        *at(2, {"t1": 31.0, "t2": 32.0}, **untrained("zero_filled")),
        *at(2, {"t1": 34.5, "t2": 31.5}, n_finetune=0),
        *at(2, {"t1": 36.0, "t2": 36.0}, n_finetune=20),
    ]
    table = cells(made(BASE, rows, profile=ACCELERATED))
    assert [row[0] for row in table] == ["2", "", "", "4, trained at", "", "", "8", "", ""]
    assert [row[1] for row in table[:3]] == [
        "zero-filled", "network trained on photographs, as trained", "network trained on photographs, tuned with 20",
    ]  # fmt: skip
    start = [row["psnr"] for row in rows if row["method"] == "zero_filled" and row["test_domain"] == "t1"]
    assert table[0][2] == f"{sum(start) / len(start):.2f}"
    assert table[0][3] == table[0][5] == ""
    assert table[1][3] == "+3.50 (+3.50 to +3.50)"
    assert table[1][5] == "−0.50 (−0.50 to −0.50)"  # noqa: RUF001
    assert table[2][5] == "+4.00 (+4.00 to +4.00)"
    assert table[4][3] == "+7.00 (+7.00 to +7.00)"
    assert table[5][3] == "+9.00 (+9.00 to +9.00)"  # of the first draw, as everywhere here


def test_what_was_not_run_is_empty_never_zero():
    rows = at(8, {"t1": 24.0}, n_finetune=0)
    table = cells(made(BASE, rows, profile=ACCELERATED))
    assert table[0][2:] == table[8][2:] == ["", "", "", ""]
    assert re.fullmatch(r"\d\d\.\d\d", table[7][2])
    assert table[7][3:] == ["", "", ""]  # nothing to compare with, and no T2


@pytest.mark.parametrize("results", [None, made(BASE), made(BASE, profile=ACCELERATED), made([])])
def test_without_runs_a_sentence_stands_there(results):
    assert "Other accelerations: not run yet" in accelerations.render_accelerations(results).markdown
