"""Effects of bfloat16 are paired seed by seed and draw by draw, beside those of chance; what is missing is said."""

from fabricated import cell, line, made, plain

from recon_lib.paper.differences import page, precision

SMALL = {"n_train": 500, "n_finetune": 0}
BASE = [
    *cell({"t1": 30.0, "t2": 31.0}, **SMALL),
    *cell({"t1": 20.0, "t2": 20.0}, n_finetune=0),  # a network of another number of photographs
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 35.5, "t2": 35.8}, n_finetune=20, draw=1),
    *cell({"t1": 90.0, "t2": 90.0}, n_finetune=20, draw=1, training_domain="t1"),
]
TRAINED = [
    *cell({"t1": 29.9, "t2": 31.05}, variation="bfloat16", **SMALL),
    *cell({"t1": 30.4, "t2": 31.3}, variation="other-seed", seed=1, **SMALL),
    *cell({"t1": 30.42, "t2": 31.3}, variation="bfloat16-seed-1", seed=1, **SMALL),
    *cell({"t1": 29.7, "t2": 31.1}, variation="other-seed-2", seed=2, **SMALL),
    *cell({"t1": 29.7, "t2": 31.03}, variation="bfloat16-seed-2", seed=2, **SMALL),
]
TUNED = [
    *cell({"t1": 34.98, "t2": 36.01}, variation="bfloat16-finetuning", n_finetune=20),
    *cell({"t1": 35.56, "t2": 35.69}, variation="bfloat16-finetuning", n_finetune=20, draw=1),
]


def changes(comparisons):
    return {c.label: {name: round(change.value, 3) for name, change in c.changes.items()} for c in comparisons}


def test_each_training_is_paired_with_that_of_its_seed():
    compared = precision.trained(made(BASE, TRAINED))
    assert changes(compared) == {
        "bfloat16 instead of float32, seed 0": {"t1": -0.1, "t2": 0.05},
        "bfloat16 instead of float32, seed 1": {"t1": 0.02, "t2": 0.0},
        "bfloat16 instead of float32, seed 2": {"t1": 0.0, "t2": -0.07},
        "seed 1 instead of seed 0, float32": {"t1": 0.4, "t2": 0.3},
        "seed 2 instead of seed 0, float32": {"t1": -0.3, "t2": 0.1},
    }
    assert [c.is_chance for c in compared] == [False, False, False, True, True]


def test_each_tuning_is_paired_with_that_of_its_draw_and_network():
    compared = precision.tuned(made(BASE, TUNED))
    assert changes(compared) == {
        "bfloat16 instead of float32, draw 0": {"t1": -0.02, "t2": 0.01},
        "bfloat16 instead of float32, draw 1": {"t1": 0.06, "t2": -0.11},
        "draw 1 instead of draw 0, float32": {"t1": 0.5, "t2": -0.2},
    }
    assert [c.is_chance for c in compared] == [False, False, True]


def test_the_table_has_a_line_a_pair_with_its_interval():
    text = plain(precision.render_precision(made(BASE, [*TRAINED, *TUNED])))
    intervals = "−0.10 (−0.10 to −0.10) | +0.05 (+0.05 to +0.05)"  # noqa: RUF001
    assert f"| Training | bfloat16 instead of float32, seed 0 | {intervals} |" in text
    assert "| Fine-tuning | bfloat16 instead of float32, draw 0 | −0.02" in text  # noqa: RUF001


def test_the_verdict_compares_the_largest_change_with_that_of_chance():
    text = plain(precision.render_verdict(made(BASE, [*TRAINED, *TUNED])))
    first, second = text.split(" In fine-tuning")
    assert "by −0.017 dB on average of 6 pairs and by 0.100 dB at most; another seed changes it by up to 0.400" in first  # noqa: RUF001
    assert first.endswith("So it costs less than chance does.")
    assert "0.110 dB at most; another draw of the images changes it by up to 0.500 dB" in second
    worse = [{**row, "psnr": row["psnr"] - 3} if row["variation"] == "bfloat16" else row for row in TRAINED]
    assert "not less than chance" in plain(precision.render_verdict(made(BASE, worse)))


def test_what_was_not_run_is_said():
    for results in (None, made(BASE)):
        text = plain(precision.render_precision(results))
        lines = [row for row in text.splitlines() if row.startswith(("| Training", "| Fine-tuning"))]
        assert len(lines) == 5 + 1
        assert all("not run yet" in row for row in lines)
        verdict = plain(precision.render_verdict(results))
        for stage in ("training", "fine-tuning"):
            assert f"What bfloat16 changes in {stage}: not run yet." in verdict
    some = [row for row in TRAINED if row["variation"] != "other-seed-2"]
    text = plain(precision.render_precision(made(BASE, some)))
    for label in ("seed 2 instead of seed 0, float32", "bfloat16 instead of float32, seed 2"):
        assert f"| {label} | not run yet" in text
    assert "not run yet" in line(plain(page.render_choices(made(BASE))), "Arithmetic of the hidden layers")


def test_the_choice_stands_among_the_others_with_its_effect():
    text = line(plain(page.render_choices(made(BASE, [*TRAINED, *TUNED]))), "Arithmetic of the hidden layers")
    assert "in training* (500 natural images, as trained): T1 −0.10, T2 +0.05" in text  # noqa: RUF001
    assert "in fine-tuning*: T1 +0.02, T2 −0.05" in text  # noqa: RUF001
