"""Effects of choices: paired slice by slice, with the same network as base, known values given back."""

import numpy as np
import pytest
from fabricated import SUBJECTS, cell, frame, made, untrained

from recon_lib.paper.differences import effects

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


def varied(name, by, **changes):
    return cell({"t1": 35.0 + by, "t2": 36.0 - by}, **{"variation": name, "n_finetune": 20, **changes})


def test_an_effect_is_what_was_put_in():
    measured = effects.effects(made(BASE, varied("loss-after-dc", 0.3)), "loss-after-dc")
    assert [effect.name for effect in measured] == ["4000 natural images, tuned with 20"]
    assert measured[0].by_domain["t1"].value == pytest.approx(0.3)
    assert measured[0].by_domain["t2"].value == pytest.approx(-0.3)
    # Slices differ by 2 dB, their differences not at all: pairing takes the slice out.
    assert measured[0].by_domain["t1"].high - measured[0].by_domain["t1"].low == pytest.approx(0, abs=1e-9)


def test_unpaired_rows_do_not_count():
    rows = varied("x", 0.3, subjects=SUBJECTS[:2]) + varied("x", 99.0, subjects=("sub-77",))
    measured = effects.effects(made(BASE, rows), "x")
    assert measured[0].by_domain["t1"].value == pytest.approx(0.3)


def test_a_base_is_the_same_network_and_draw():
    rows = [*BASE, *cell({"t1": 40.0}, n_finetune=20, draw=1), *cell({"t1": 40.0}, n_finetune=20, n_train=500)]
    rows += cell({"t1": 40.0}, n_finetune=20, training_domain="t2")
    measured = effects.effects(made(rows, varied("x", 0.3)), "x")
    assert len(measured) == 1
    assert measured[0].by_domain["t1"].value == pytest.approx(0.3)


def test_methods_without_training_and_raw_networks_pair_too():
    rows = [
        *varied("masks-power-1", 0.1),
        *varied("masks-power-1", -3.0, n_finetune=0),
        *cell({"t1": 24.0}, **{**untrained("zero_filled"), "variation": "masks-power-1"}),
    ]
    measured = effects.effects(made(BASE, rows), "masks-power-1")
    assert [effect.name for effect in measured] == [
        "4000 natural images, tuned with 20",
        "4000 natural images, as trained",
        "zero-filled",
    ]
    assert [effect.by_domain["t1"].value for effect in measured] == pytest.approx([0.1, 35.0 - 3.0 - 33.0, -2.0])
    assert "t2" not in measured[2].by_domain


def test_what_was_not_run_has_no_effect():
    assert effects.effects(None, "x") == []
    assert effects.effects(made(BASE), "x") == []
    assert effects.effects(made([], varied("x", 0.3)), "x") == []
    assert effects.rows(made(BASE), "x") is None
    assert effects.labels(None, "rate-") == []
    assert np.isnan(effects.mean_psnr(None, "t1"))
    assert np.isnan(effects.mean_psnr(frame(BASE), "t1", 50))


def test_variations_compare_with_one_another():
    rows = varied("one", 0.5) + varied("other", 0.2)
    measured = effects.effects(made(BASE, rows), "one", "other")
    assert measured[0].by_domain["t1"].value == pytest.approx(0.3)


def test_a_column_against_another():
    rows = [{**row, "psnr_own_max": row["psnr"] + 0.25} for row in BASE]
    measured = effects.of_columns(made(rows), "psnr_own_max")
    assert [effect.n_finetune for effect in measured] == [20, 0]
    assert measured[0].by_domain["t2"].value == pytest.approx(0.25)
    assert effects.of_columns(made(BASE), "psnr_brain") == []
    assert effects.of_columns(None, "psnr_brain") == []


def test_a_reading_of_cs_against_another():
    rows = [
        *cell({"t1": 30.0}, **untrained("cs:literal")),
        *cell({"t1": 33.0, "t2": 31.0}, **untrained("cs:real")),
    ]
    (effect,) = effects.of_methods(made(rows), "cs:real", "cs:literal")
    assert effect.name == "CS (real)"
    assert {name: change.value for name, change in effect.by_domain.items()} == pytest.approx({"t1": 3.0})
    assert effects.of_methods(made(rows), "cs:tv0.01", "cs:literal") == []
    assert effects.of_methods(None, "cs:real", "cs:literal") == []


def test_the_interval_is_over_subjects():
    rows = [
        {**row, "psnr": row["psnr"] + (1.0 if row["subject"] in SUBJECTS[:2] else 0.0)}
        for row in cell({"t1": 35.0}, n_finetune=20, variation="x")
    ]
    change = effects.effects(made(BASE, rows), "x")[0].by_domain["t1"]
    assert (change.value, change.low, change.high) == pytest.approx((0.5, 0.0, 1.0))


def test_labels_come_in_the_order_of_their_numbers():
    rows = [row for rate in ("1e-3", "3e-4", "3e-3") for row in varied(f"rate-{rate}", 0)]
    rows += varied("finetune-rate-1e-3", 0) + varied("paper-rate", 0)
    assert effects.labels(made(BASE, rows), "rate-") == ["rate-3e-4", "rate-1e-3", "rate-3e-3"]
    named = [{**row, "variation": f"rate-{name}"} for row in rows[:1] for name in ("low", "3e-4-all", "0.5")]
    assert effects.labels(made(BASE, named), "rate-") == ["rate-0.5"]


def test_a_mean_takes_each_slice_once():
    rows = cell({"t1": 30.0}) + [row for row in cell({"t1": 32.0}, draw=1) if row["slice"] == 40]
    slices = frame(rows)
    # A fifth of the slices has a second draw, 2 dB above: their mean rises by 1 dB.
    assert effects.mean_psnr(slices, "t1") == pytest.approx(effects.mean_psnr(frame(cell({"t1": 30.0})), "t1") + 0.2)
