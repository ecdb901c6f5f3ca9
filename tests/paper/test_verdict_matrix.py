"""The matrix of verdicts: each scale of the metric and each profile decides in its own column."""

import re

import pytest
from fabricated import cell, made

from recon_lib.paper import claims, verdict_matrix
from recon_lib.paper.verdicts import Outcome

OTHER = {"psnr": "psnr", "ssim": "ssim"}


def source(profile="desk", spread=None):
    """Three tuned networks whose spread is what is asked for, by column."""
    spread = {"psnr": 0.2, "psnr_own_max": 0.8, "psnr_brain": 0.1, "ssim": 0.001, **(spread or {})}
    rows = []
    for place, training in enumerate(("natural", "t1", "t2")):
        for row in cell({"t1": 35.0, "t2": 36.0}, training_domain=training, n_finetune=20):
            base = {
                "ssim": 0.95,
                "ssim_own_max": 0.95,
                "ssim_brain": 0.95,
                **{n: row["psnr"] for n in spread if "psnr" in n},
            }
            shift = {name: value * place / 2 for name, value in spread.items()}
            rows.append(row | {name: value + shift.get(name, 0.0) for name, value in base.items()})
    results = made(rows)
    results.profile = profile
    return results


def outcomes(entries, number, domain="t1"):
    chosen = [entry for entry in entries if entry.number == number and entry.verdict.test_domain == domain]
    return {(entry.profile, entry.way, entry.metric): entry.verdict.outcome for entry in chosen}


def test_the_scale_of_the_metric_decides_the_verdict():
    by_column = outcomes(verdict_matrix.judge_all([source()]), 2)
    assert by_column["desk", "", "psnr"] is Outcome.HOLDS
    assert by_column["desk", "_own_max", "psnr"] is Outcome.DIFFERS
    assert by_column["desk", "_brain", "psnr"] is Outcome.HOLDS
    assert by_column["desk", "", "ssim"] is Outcome.HOLDS
    assert set(by_column) == {("desk", way, metric) for way in ("", "_own_max", "_brain") for metric in OTHER}


@pytest.mark.parametrize(("spread", "outcome"), [(0.0029, Outcome.HOLDS), (0.0031, Outcome.DIFFERS)])
def test_ssim_has_a_limit_of_its_own(spread, outcome):
    by_column = outcomes(verdict_matrix.judge_all([source(spread={"ssim": spread})]), 2)
    assert by_column["desk", "", "ssim"] is outcome
    assert by_column["desk", "", "psnr"] is Outcome.HOLDS


def test_each_profile_and_contrast_has_its_own_verdicts():
    entries = verdict_matrix.judge_all([source("open"), source("desk", {"psnr": 0.9})])
    by_column = outcomes(entries, 2, "t2")
    assert (by_column["open", "", "psnr"], by_column["desk", "", "psnr"]) == (Outcome.HOLDS, Outcome.DIFFERS)
    about = [statement for statement in claims.STATEMENTS if statement.is_about_metric]
    assert len(about) == 5
    assert len(entries) == 2 * 2 * 5 * 6


def test_one_look_marks_every_verdict_and_reads_it_aloud():
    page = verdict_matrix.render_in_one_look(verdict_matrix.judge_all([source("open"), source("desk")]))
    assert page.html.count('role="img"') == 2 * 2 * 5 * 6 + 2
    rows = [row for row in re.findall("<tr.*?</tr>", page.html) if "2. tuned with 20" in row]
    assert [[row.count(mark) for mark in "●○"] for row in rows] == [[10, 2]] * 2
    assert 'aria-label="T1: differs' in rows[0]
    assert "+0.80" in rows[0]
    assert page.markdown.count("differs / differs") == 2
    assert [page.html.count(f"profile {name}<") for name in ("open", "desk")] == [1, 1]
    assert "† holds as printed" in page.markdown


def test_the_whole_matrix_has_every_number():
    entries = verdict_matrix.judge_all([source("open"), source("desk", {"psnr": 0.9})])
    page = verdict_matrix.render_whole(entries, "desk")
    assert "+0.90" in page.markdown
    assert "+0.90" in page.html
    assert "+0.20" not in page.markdown
    assert "Nothing has been run" in verdict_matrix.render_whole(entries, "paper").markdown


def test_the_sentence_counts_what_holds_on_each_scale_of_the_best_profile():
    text = verdict_matrix.render_scale_decides(verdict_matrix.judge_all([source("open"), source("desk")])).markdown
    assert (
        "Of 2 verdicts in PSNR (profile **open**, both contrasts) 2 hold on the scale of the reference, 0 where" in text
    )
    assert text.endswith("and 2 where only the pixels of the head count.")
    for render in (verdict_matrix.render_scale_decides, verdict_matrix.render_in_one_look):
        assert "Nothing has been run" in render([]).markdown


def test_a_claim_that_another_cause_explains_is_marked():
    rows = [row for n, psnr in ((500, 30.0), (4000, 34.0)) for row in cell({"t1": psnr}, n_train=n, n_finetune=0)]
    rows += [row for n, psnr in ((500, 35.0), (4000, 35.5)) for row in cell({"t1": psnr}, n_train=n, n_finetune=50)]
    entries = verdict_matrix.judge_all([made(rows)])
    (verdict,) = [e.verdict for e in entries if (e.number, e.way, e.metric) == (5, "", "psnr") and e.verdict.tested]
    assert verdict.words == "holds as printed"
    assert "number of updates" in verdict.explanation
    assert "holds†" in verdict_matrix.render_in_one_look(entries).markdown
