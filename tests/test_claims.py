"""Claims: each verdict on data made to hold, to differ and to be in doubt; an interval that resamples people."""

import numpy as np
import pandas as pd
import pytest
from fabricated import PSNR, SUBJECTS, make_runs, row

from recon_lib import claims, results
from recon_lib.storage import write_rows


def verdicts(tmp_path, psnr=PSNR, extra=(), noise=0.05):
    runs = make_runs(tmp_path / "runs", psnr=psnr, noise=noise)
    if extra:
        write_rows(tmp_path / "runs" / "extra" / "slices.csv", extra)
        runs.append(tmp_path / "runs" / "extra")
    results.collect(runs, results.root() / "desk", {})
    return {
        claim.number: dict(zip(claims.DOMAINS, claim.verdicts, strict=True))
        for claim in claims.check(results.load("desk"))
    }


def test_the_papers_own_order_holds(tmp_path):
    found = verdicts(tmp_path)
    for domain, lead, spread in (("t1", 1.0, 0.2), ("t2", 1.0, 0.2)):
        assert found[1][domain].verdict == claims.HOLDS
        assert found[1][domain].estimate == pytest.approx(lead, abs=0.05)
        assert found[2][domain].verdict == claims.HOLDS
        assert found[2][domain].estimate == pytest.approx(spread, abs=0.05)
        assert found[1][domain].low <= found[1][domain].estimate <= found[1][domain].high
    for number in (3, 4, 5, 6):
        assert {one.verdict for one in found[number].values()} == {claims.UNTESTED}


def test_the_opposite_order_differs(tmp_path):
    found = verdicts(tmp_path, {**PSNR, ("t1", "natural", 0): 36.0, ("t2", "natural", 20): 33.0})
    assert found[1]["t1"].verdict == claims.DIFFERS
    assert found[1]["t1"].estimate == pytest.approx(-1.0, abs=0.05)
    assert found[1]["t2"].verdict == claims.HOLDS
    assert found[2]["t2"].verdict == claims.DIFFERS
    assert found[2]["t1"].verdict == claims.HOLDS


def test_a_lead_smaller_than_the_noise_is_within_noise(tmp_path):
    found = verdicts(tmp_path, {**PSNR, ("t1", "t2", 0): 35.0, ("t1", "natural", 20): 35.2}, noise=1.5)
    assert found[1]["t1"].verdict == claims.NOISE
    assert found[1]["t1"].low < 0 < found[1]["t1"].high


def test_few_images_and_compressed_sensing_are_tested_once_they_are_there(tmp_path):
    psnr = {**PSNR, ("t1", "t1", 50): 35.9, ("t2", "t2", 50): 37.0}
    cs = [
        row("t1", s, i, method=f"cs:{name}", training_domain="", n_train=None, n_finetune=None, psnr=value)
        for s in SUBJECTS for i in range(40, 45) for name, value in (("literal", 20.0), ("real", 25.0))
    ]  # fmt: skip
    found = verdicts(tmp_path, psnr, cs)
    assert found[3]["t1"].verdict == claims.HOLDS
    assert found[3]["t1"].estimate == pytest.approx(0.4, abs=0.05)
    assert found[3]["t2"].verdict == claims.DIFFERS
    assert found[4]["t1"].verdict == claims.HOLDS
    assert found[4]["t1"].estimate == pytest.approx(35.5 - 25, abs=2.5)
    assert found[4]["t2"].verdict == claims.UNTESTED


def test_a_missing_network_makes_a_claim_untestable(tmp_path):
    found = verdicts(tmp_path, {key: value for key, value in PSNR.items() if key != ("t1", "t2", 0)})
    assert found[1]["t1"].verdict == claims.UNTESTED
    assert found[1]["t2"].verdict == claims.HOLDS
    assert np.isnan(found[1]["t1"].estimate)


def test_without_results_nothing_is_testable():
    for claim in claims.check(None):
        assert {one.verdict for one in claim.verdicts} == {claims.UNTESTED}
        assert all(one.note for one in claim.verdicts)


def frame(values):
    index = pd.MultiIndex.from_tuples([(s, i) for s, i, _ in values], names=["subject", "slice"])
    return pd.DataFrame({0: [v for *_, v in values]}, index=index)


def test_the_interval_resamples_people_and_not_slices():
    # Within a subject all slices agree; two subjects at 0 and 1. Resampled means are 0, 1/2 and 1 only.
    values = frame([(s, i, v) for s, v in (("a", 0.0), ("b", 1.0)) for i in range(100)])
    estimate, low, high = claims.bootstrap(values, lambda mean: mean[0])
    assert (estimate, low, high) == (0.5, 0.0, 1.0)


def test_a_subject_counts_by_its_slices():
    values = frame([("a", i, 1.0) for i in range(3)] + [("b", 0, 0.0)])
    assert claims.bootstrap(values, lambda mean: mean[0]) == (0.75, 0.0, 1.0)


def test_the_interval_is_the_same_every_time_and_agrees_with_theory():
    rng = np.random.default_rng(3)
    values = frame([(f"{s:03d}", 0, v) for s, v in enumerate(rng.standard_normal(200))])
    first = claims.bootstrap(values, lambda mean: mean[0])
    assert first == claims.bootstrap(values, lambda mean: mean[0])
    assert first[2] - first[1] == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.15)


@pytest.mark.parametrize(
    ("low", "high", "over", "under"),
    [(0.1, 0.2, "holds", "differs"), (-0.2, -0.1, "differs", "holds"), (-0.1, 0.1, "within noise", "within noise")],
)
def test_verdicts_follow_the_interval(low, high, over, under):
    assert claims.above(low, high, 0.0) == over
    assert claims.below(low, high, 0.0) == under


def test_the_table_of_claims_links_to_its_evidence(tmp_path):
    runs = make_runs(tmp_path / "runs")
    results.collect(runs, results.root() / "desk", {})
    checked = claims.check(results.load("desk"))
    text = claims.render_claims(checked).markdown
    assert text.count("\n") == 1 + len(checked)
    assert "**holds**" in text
    assert "](tables/table1.md)" in text
    rules = claims.render_rules(checked).markdown
    assert rules.count("\n") == len(checked) - 1
    assert "T1 and T2: compressed sensing has not been run" in rules
