"""Controls: equal updates, chance, conjugate symmetry and rates, with effects known in advance."""

import re

import pytest
from fabricated import cell, line, made, plain, untrained

from recon_lib.paper.differences import controls

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


def variation(name, t1, t2, **changes):
    return cell({"t1": t1, "t2": t2}, **{"variation": name, "n_finetune": 20, **changes})


def test_the_updates_share_of_the_gain():
    rows = variation("equal-updates", 32.0, 33.0, n_finetune=0, n_train=500)
    table = controls.equal_updates(made(BASE, rows))
    assert table["share"].to_list() == pytest.approx([2 / 3, 2 / 3])
    assert (table["few"] == 500).all()
    assert (table["many"] == 4000).all()
    text = plain(controls.render_equal_updates(made(BASE, rows)))
    assert text.splitlines()[2].endswith("| 67 % |")


def test_the_control_compares_the_same_draw():
    many = cell({"t1": 41.0}, n_finetune=20, draw=1)
    few = cell({"t1": 31.0}, n_finetune=20, n_train=500)
    rows = variation("equal-updates", {"t1": 34.0}["t1"], 35.0, n_train=500)
    table = controls.equal_updates(made([*BASE, *many, *few], rows)).set_index("test_domain")
    # 35 is draw 0 of the base; with draw 1 beside it the mean would be 38, and the share 3/7.
    assert table.loc["t1", "share"] == pytest.approx(3 / 4)


def test_the_control_in_short():
    rows = [
        *variation("equal-updates", 32.0, 33.5, n_finetune=0, n_train=500),
        *variation("equal-updates", 50.0, 50.0, n_finetune=20, n_train=500),  # tuned networks are not in it
    ]
    text = plain(controls.render_updates_in_short(made(BASE, rows)))
    assert text.split("Where")[0] == (
        "On T1 slices, 500 photographs instead of 4000 change PSNR by −3.00 (−3.00 to −3.00) dB; "  # noqa: RUF001
        "with as many updates, by −1.00 (−1.00 to −1.00) dB. "  # noqa: RUF001
        "On T2 slices, 500 photographs instead of 4000 change PSNR by −3.00 (−3.00 to −3.00) dB; "  # noqa: RUF001
        "with as many updates, by −0.50 (−0.50 to −0.50) dB. "  # noqa: RUF001
    )
    text = plain(controls.render_updates_in_short(made(BASE, rows[-1:])))
    assert "as trained: not run yet" in text
    assert "not run yet" in plain(controls.render_updates_in_short(made(BASE)))


def test_a_cell_of_the_control_that_was_not_run_stays_empty():
    rows = variation("equal-updates", 32.0, 33.0, n_finetune=50, n_train=500)
    text = plain(controls.render_equal_updates(made(BASE, rows)))
    assert re.fullmatch(r"\| T1 \| 50 \| \| \d\d\.\d\d \| \| \| \|", text.splitlines()[2])
    same = [*cell({"t1": 30.0}, n_finetune=0), *cell({"t1": 30.0}, n_finetune=0, n_train=500)]
    flat = controls.equal_updates(made(same, variation("equal-updates", 32.0, 33.0, n_finetune=0, n_train=500)))
    assert flat["share"].isna().all()


def test_conjugate_symmetry_beside_every_method():
    rows = [
        *BASE,
        *cell({"t1": 29.0, "t2": 30.5}, **untrained("conjugate_symmetry")),
        *cell({"t1": 31.0}, **untrained("cs:real")),
    ]
    text = plain(controls.render_symmetry(made(rows)))
    assert "| +3.00 (+3.00 to +3.00) |" in line(text, "conjugate symmetry")
    assert "+3.50" in line(text, "conjugate symmetry")
    assert line(text, "CS (real)").endswith("| | |")
    assert "+9.00" in line(text, "network trained on photographs, tuned with 20")
    assert "+7.00" in line(text, "network trained on photographs, as trained")


def test_the_best_rate_is_marked_and_the_subjects_are_counted():
    trained = {"subjects": ("sub-01", "sub-02"), "n_finetune": 0}
    rows = [
        *variation("rate-3e-4", 33.0, 34.0, **trained),
        *variation("rate-1e-3", 34.0, 33.5, **trained),
        *variation("finetune-rate-1e-4", 35.0, 35.0, subjects=("sub-01",)),
    ]
    lines = plain(controls.render_rates(made(BASE, rows))).splitlines()
    assert [row_text.split(" | ")[1] for row_text in lines[2:]] == ["3e-4", "1e-3", "1e-4"]
    assert [row_text.split(" | ")[4] for row_text in lines[3:]] == [
        "natural images, 4000, as trained",
        "natural images, 4000, tuned with 20",
    ]
    assert lines[2].split(" | ")[3].startswith("**")
    assert not lines[2].split(" | ")[2].startswith("**")
    assert lines[3].split(" | ")[2].startswith("**")
    assert lines[2].endswith("| 2 training subjects |")


def test_a_rate_that_was_not_tried_in_a_contrast_says_so():
    rows = cell({"t2": 34.0}, variation="rate-1e-3", n_finetune=0)
    (*_, last) = plain(controls.render_rates(made(BASE, rows))).splitlines()
    assert last.startswith("| training | 1e-3 | not run | **3")


def test_chance_is_that_of_another_seed_and_of_another_draw():
    nothing = plain(controls.render_chance(made(BASE)))
    assert "was not run yet" in nothing
    drawn = cell({"t1": 35.2}, n_finetune=20, draw=1)  # beside 35.0: a deviation of 0.14
    seed = cell({"t1": 29.9, "t2": 31.2}, n_finetune=0, n_train=500, variation="other-seed")
    text = plain(controls.render_chance(made([*BASE, *drawn], seed)))
    assert "another seed changed PSNR by \u22120.10 dB (T1) and +0.20 dB (T2), measured on 500 natural images" in text
    assert "means of T1 slices after tuning with another draw of 20 images vary by 0.14 dB" in text
    assert "T2 slices" not in text
