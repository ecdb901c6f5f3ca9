"""Claims: each verdict on data made to hold, to differ and to be in doubt; an interval that resamples people."""

import numpy as np
import pandas as pd
import pytest
from fabricated import PSNR, SUBJECTS, cell, frame, make_runs, row, untrained, write_benchmark

from recon_lib.experiment import design
from recon_lib.paper import claim_checks, claims, intervals, slips
from recon_lib.paper.cost import run_time
from recon_lib.results import merge, store
from recon_lib.results.rows import write_rows


def found_in(tmp_path, psnr=PSNR, extra=(), noise=0.05):
    runs = make_runs(tmp_path / "runs", psnr=psnr, noise=noise)
    if extra:
        write_rows(tmp_path / "runs" / "extra" / "slices.csv", extra)
        runs.append(tmp_path / "runs" / "extra")
    merge.collect(runs, store.root() / "desk", {})
    return {
        claim.number: dict(zip(design.DOMAINS, claim.verdicts, strict=True))
        for claim in claims.check(store.open_results("desk"))
    }


def test_the_papers_own_order_holds(tmp_path):
    found = found_in(tmp_path)
    for domain, lead, spread in (("t1", 1.0, 0.2), ("t2", 1.0, 0.2)):
        assert found[1][domain].verdict == intervals.HOLDS
        assert found[1][domain].estimate == pytest.approx(lead, abs=0.05)
        assert found[2][domain].verdict == intervals.HOLDS
        assert found[2][domain].estimate == pytest.approx(spread, abs=0.05)
        assert found[1][domain].low <= found[1][domain].estimate <= found[1][domain].high
    for number in (3, 4, 5, 6):
        assert {one.verdict for one in found[number].values()} == {intervals.UNTESTED}


def test_the_opposite_order_differs(tmp_path):
    found = found_in(tmp_path, {**PSNR, ("t1", "natural", 0): 36.0, ("t2", "natural", 20): 33.0})
    assert found[1]["t1"].verdict == intervals.DIFFERS
    assert found[1]["t1"].estimate == pytest.approx(-1.0, abs=0.05)
    assert found[1]["t2"].verdict == intervals.HOLDS
    assert found[2]["t2"].verdict == intervals.DIFFERS
    assert found[2]["t1"].verdict == intervals.HOLDS


def test_a_lead_smaller_than_the_noise_is_within_noise(tmp_path):
    found = found_in(tmp_path, {**PSNR, ("t1", "t2", 0): 35.0, ("t1", "natural", 20): 35.2}, noise=1.5)
    assert found[1]["t1"].verdict == intervals.NOISE
    assert found[1]["t1"].low < 0 < found[1]["t1"].high


def test_few_images_and_compressed_sensing_are_tested_once_they_are_there(tmp_path):
    psnr = {**PSNR, ("t1", "t1", 50): 35.9, ("t2", "t2", 50): 37.0}
    cs = [
        row("t1", s, i, **{**untrained(f"cs:{name}"), "psnr": value, "ssim": value / 50})
        for s in SUBJECTS for i in range(40, 45) for name, value in (("literal", 20.0), ("real", 25.0))
    ]  # fmt: skip
    found = found_in(tmp_path, psnr, cs)
    assert found[3]["t1"].verdict == intervals.HOLDS
    assert found[3]["t1"].estimate == pytest.approx(0.4, abs=0.05)
    assert found[3]["t2"].verdict == intervals.DIFFERS
    assert found[4]["t1"].verdict == intervals.HOLDS
    assert found[4]["t1"].estimate == pytest.approx(35.5 - 25, abs=2.5)
    others = {one.what: one for one in found[4]["t1"].others}
    assert others["lead over CS (literal)"].value == pytest.approx(found[4]["t1"].estimate + 5)
    assert others["lead over CS (real)"].value == pytest.approx(found[4]["t1"].estimate)
    assert others["the same in SSIM"].value == pytest.approx(0.9355 - 0.5, abs=0.01)
    assert found[4]["t2"].verdict == intervals.UNTESTED


@pytest.mark.parametrize(("ssim", "verdict"), [(0.90, "holds"), (0.99, "differs")])
def test_compressed_sensing_must_be_beaten_in_ssim_too(ssim, verdict):
    rows = [one for name in ("natural", "t1", "t2") for one in cell({"t1": 35.0}, training_domain=name, n_finetune=20)]
    rows = [{**one, "ssim": 0.95} for one in rows]
    rows += [{**one, "ssim": ssim} for one in cell({"t1": 33.0}, **untrained("cs:real"))]
    found = claim_checks.networks_beat_cs(claim_checks.Networks(frame(rows), "t1"), 0.0)
    assert found.estimate == pytest.approx(2.0)
    assert found.verdict == verdict


def test_a_missing_network_makes_a_claim_untestable(tmp_path):
    found = found_in(tmp_path, {key: value for key, value in PSNR.items() if key != ("t1", "t2", 0)})
    assert found[1]["t1"].verdict == intervals.UNTESTED
    assert found[1]["t2"].verdict == intervals.HOLDS
    assert np.isnan(found[1]["t1"].estimate)


def test_without_results_nothing_is_testable():
    for claim in claims.check(None):
        assert {one.verdict for one in claim.verdicts} == {intervals.UNTESTED}
        assert all(one.note for one in claim.verdicts)


def shown(claim):
    return claims.render_claim(claim).markdown.replace("\u00a0", " ")


def by_slice(values):
    index = pd.MultiIndex.from_tuples([(s, i) for s, i, _ in values], names=["subject", "slice"])
    return pd.DataFrame({0: [v for *_, v in values]}, index=index)


def test_the_interval_resamples_people_and_not_slices():
    # Within a subject all slices agree; two subjects at 0 and 1. Resampled means are 0, 1/2 and 1 only.
    values = by_slice([(s, i, v) for s, v in (("a", 0.0), ("b", 1.0)) for i in range(100)])
    estimate, low, high = intervals.bootstrap(values, lambda mean: mean[0])
    assert (estimate, low, high) == (0.5, 0.0, 1.0)


def test_a_subject_counts_by_its_slices():
    values = by_slice([("a", i, 1.0) for i in range(3)] + [("b", 0, 0.0)])
    assert intervals.bootstrap(values, lambda mean: mean[0]) == (0.75, 0.0, 1.0)


def test_the_interval_is_the_same_every_time_and_agrees_with_theory():
    rng = np.random.default_rng(3)
    values = by_slice([(f"{s:03d}", 0, v) for s, v in enumerate(rng.standard_normal(200))])
    first = intervals.bootstrap(values, lambda mean: mean[0])
    assert first == intervals.bootstrap(values, lambda mean: mean[0])
    assert first[2] - first[1] == pytest.approx(2 * 1.96 / np.sqrt(200), rel=0.15)


def test_a_statistic_that_mixes_resamples_is_refused():
    with pytest.raises(ValueError, match="axis=0"):
        intervals.bootstrap(by_slice([("a", 0, 1.0), ("b", 0, 2.0)]), lambda mean: mean.max())


@pytest.mark.parametrize(
    ("low", "high", "over", "under"),
    [(0.1, 0.2, "holds", "differs"), (-0.2, -0.1, "differs", "holds"), (-0.1, 0.1, "within noise", "within noise")],
)
def test_verdicts_follow_the_interval(low, high, over, under):
    assert intervals.above(low, high, 0.0) == over
    assert intervals.below(low, high, 0.0) == under


def grid(gains, t2=None):
    """Networks of 500 and 4000 photographs: tuned with n images, the second leads by gains[n]."""
    rows = []
    for count, gain in gains.items():
        for n_train, psnr in ((500, 30.0 + count / 10), (4000, 30.0 + count / 10 + gain)):
            values = {"t1": psnr} if t2 is None else {"t1": psnr, "t2": t2[n_train, count]}
            rows += cell(values, n_train=n_train, n_finetune=count)
    return frame(rows)


def judged(slices):
    return claim_checks.more_images_help_less(claim_checks.Networks(slices, "t1"), 0.0)


def test_more_images_help_and_help_less_after_tuning():
    verdict = judged(grid({0: 3.0, 20: 1.0, 50: 0.4}))
    assert verdict.verdict == intervals.HOLDS
    assert verdict.estimate == pytest.approx(3.0 - 0.4)
    assert [one.value for one in verdict.others] == pytest.approx([3.0, 3.0, 0.4])
    assert "from 500 to 4000 photographs" in verdict.note
    assert "tuned with 50 images" in verdict.note


@pytest.mark.parametrize("gains", [{0: 1.0, 50: 2.0}, {0: -1.0, 50: -2.0}])
def test_images_that_do_not_help_or_help_more_after_tuning_differ(gains):
    assert judged(grid(gains)).verdict == intervals.DIFFERS


def test_the_most_tuned_cell_that_both_sizes_have_is_compared():
    slices = grid({0: 3.0, 20: 1.0, 50: 0.4})
    missing = slices[(slices["n_train"] != 500) | (slices["n_finetune"] != 50)]
    verdict = judged(missing)
    assert verdict.estimate == pytest.approx(3.0 - 1.0)
    assert "tuned with 20 images" in verdict.note


@pytest.mark.parametrize("kept", ["n_train == 4000", "n_finetune == 0", "n_finetune == 50"])
def test_a_grid_with_a_side_missing_is_not_testable(kept):
    verdict = judged(grid({0: 3.0, 50: 0.4}).query(kept))
    assert verdict.verdict == intervals.UNTESTED
    assert "not all there" in verdict.note or "fewer than two" in verdict.note


def test_the_largest_training_size_stands_for_the_paper_s_even_where_a_cell_is_missing():
    slices = grid({0: 3.0, 20: 1.0})
    networks = claim_checks.Networks(slices[(slices["n_train"] != 4000) | (slices["n_finetune"] != 20)], "t1")
    assert networks.score("natural", 20) is None
    assert networks.score("natural", 0).mean() == pytest.approx(slices.query("n_finetune == 0").psnr.mean() + 1.5)


def test_draws_are_averaged_before_slices():
    one, other = (frame(cell({"t1": psnr}, draw=draw)) for draw, psnr in ((0, 30.0), (1, 32.0)))
    both = pd.concat([one, other[other["slice"] == 40]])
    mean = claim_checks.Networks(both, "t1").score("natural", 0)
    assert len(mean) == len(one)
    gain = mean - one.set_index(["subject", "slice"])["psnr"]
    assert gain.xs(40, level="slice").to_list() == pytest.approx([1.0] * 4)
    assert gain.drop(40, level="slice").abs().max() == 0


@pytest.mark.parametrize(("seconds", "verdict"), [(4.1, "holds"), (3.9, "differs")])
def test_times_are_compared_on_one_machine(seconds, verdict):
    size = [256, 176]
    write_benchmark(store.root(), "inference", [("network", size, 1, 0.4, None, "recon_lib")])
    rows = [("cs:literal", size, 1, seconds, 33.0, "recon_lib"), ("cs:literal", size, 1, 0.6, 33.0, "bart")]
    write_benchmark(store.root(), "compressed_sensing", [*rows, ("cs:real", size, 1, 0.6, 35.0, "bart")])
    found = claims.check(None)[5].verdicts[0]
    # BART's time is not our reading's: the claim is about the paper's program, its rival is shown beside it.
    assert found.verdict == verdict
    assert found.estimate == pytest.approx(seconds / 0.4)
    assert found.unit == "times"
    assert found.others[2].value == pytest.approx(1.5)
    text = shown(claims.check(None)[5])
    assert f"{seconds / 0.4:.1f} times" in text
    assert "| 400 ms |" in text


def test_times_of_two_machines_are_not_compared():
    size = [256, 176]
    write_benchmark(store.root(), "inference", [("network", size, 1, 0.4, None, "recon_lib")])
    rows = [("cs:literal", size, 1, 4.1, 33.0, "recon_lib")]
    write_benchmark(store.root(), "compressed_sensing", rows, processor="another")
    found = claims.check(None)[5].verdicts[0]
    assert (found.verdict, found.note) == (
        intervals.UNTESTED,
        "the network and compressed sensing were timed on different machines",
    )


def test_the_fastest_cs_is_that_of_as_many_iterations(monkeypatch):
    size, timing = (256, 176), run_time.Timing
    rows = [
        timing("network", size, 1, 0.4, 30.0, "recon_lib"),
        timing("cs:literal", size, 4, 4.0, 30.0, "recon_lib", iterations=80),
        timing("cs:real", size, 1, 1.0, 30.0, "bart", iterations=20),  # 4 s with as many
        timing("cs:real", size, 1, 3.0, 30.0, "sigpy", iterations=80),
        timing("cs:l1-wavelet", size, 1, 0.1, 30.0, "bart"),  # of nobody knows how many
    ]
    monkeypatch.setattr(run_time, "measured", lambda: tuple(rows))
    found = claims.check(None)[5].verdicts[0]
    assert found.estimate == pytest.approx(4.0 / 0.4)
    assert found.others[1].what == "CS (literal), 80 iterations, 4 at a time"
    assert found.others[2].value == pytest.approx(3.0 / 0.4)
    monkeypatch.setattr(run_time, "measured", lambda: (rows[0], rows[-1]))
    assert "with a known number of iterations" in claims.check(None)[5].verdicts[0].note


def test_claim_3_names_what_is_missing():
    for training, n_finetune in (("natural", 20), ("t1", 50)):
        slices = frame(cell({"t1": 36.0}, training_domain=training, n_finetune=n_finetune))
        found = claim_checks.few_images_suffice(claim_checks.Networks(slices, "t1"), {"t1": 0.5})
        assert found.verdict == intervals.UNTESTED
        assert "test contrast tuned with 50" in found.note
        assert "photographs' tuned with" in found.note


@pytest.mark.parametrize(("domain", "distance", "verdict"), [
    ("t1", 0.54, "holds"), ("t1", 0.56, "differs"), ("t2", 0.45, "holds"), ("t2", 0.47, "differs"),
])  # fmt: skip
def test_claim_3_is_judged_by_the_paper_s_own_distances(monkeypatch, domain, distance, verdict):
    rows = [
        *cell({domain: 36.0}, n_finetune=20),
        *cell({domain: 36.0 + distance}, training_domain=domain, n_finetune=50),
    ]
    shown = store.Results("desk", store.root(), {})
    monkeypatch.setattr(store.Results, "slices", frame(rows))
    found = dict(zip(design.DOMAINS, claims.check(shown)[2].verdicts, strict=True))[domain]
    assert (found.verdict, found.estimate) == (verdict, pytest.approx(distance))


@pytest.mark.parametrize(("place", "iterations"), [(0, 80), (1, 120)])
def test_the_iterations_of_a_contrast_are_counted(monkeypatch, place, iterations):
    size = (256, 176)
    rows = (
        run_time.Timing("network", size, 1, 0.4, 30.0, "recon_lib"),
        run_time.Timing("cs:literal", size, 1, 0.8, 30.0, "recon_lib", iterations=40),
    )
    monkeypatch.setattr(run_time, "measured", lambda: rows)
    found = claims.check(None)[5].verdicts[place]
    assert found.estimate == pytest.approx(iterations / 40 * 0.8 / 0.4)
    assert f"with the {iterations} iterations" in found.note


def test_the_gain_from_one_size_to_the_next_stands_under_claim_5():
    sizes = {500: 30.0, 1000: 32.0, 2000: 31.5, 4000: 34.0}
    rows = [one for n, psnr in sizes.items() for one in cell({"t1": psnr}, n_train=n, n_finetune=0)]
    rows += [one for n in (500, 4000) for one in cell({"t1": 36.0}, n_train=n, n_finetune=50)]
    found = claim_checks.more_images_help_less(claim_checks.Networks(frame(rows), "t1"), 0.0)
    others = {one.what: one.value for one in found.others}
    assert others["the smallest gain from one number to the next"] == pytest.approx(-0.5)
    assert found.verdict == intervals.HOLDS


def test_the_paper_s_claims_hold_on_the_paper_s_tables():
    checked = claims.check(None)
    assert [{verdict.verdict for verdict in one.paper} for one in checked] == [{intervals.HOLDS}] * 5 + [
        {intervals.UNTESTED}
    ]
    assert slips.render_verdicts().markdown.endswith("5 of 5 claims hold. The tables have no numbers for claim 6.")


def test_parts_decide_together():
    assert intervals.both("holds", "holds") == "holds"
    assert intervals.both("holds", "within noise") == "within noise"
    assert intervals.both("within noise", "differs") == "differs"


def test_the_paper_s_own_tables_give_the_paper_s_own_numbers():
    # By hand from Tables 1 to 4: T1 first, then T2.
    by_hand = {
        1: (35.42 - 34.42, 34.90 - 33.86),
        2: (35.89 - 35.59, 35.51 - 35.20),
        3: (36.14 - 35.59, 35.66 - 35.20),
        4: (35.59 - 33.36, 35.20 - 31.98),
        5: ((33.44 - 25.91) - (36.02 - 35.26), (33.86 - 28.41) - (35.43 - 34.97)),
    }
    checked = claims.check(None)
    for number, values in by_hand.items():
        assert [one.estimate for one in checked[number - 1].paper] == pytest.approx(list(values))
    assert {one.verdict for one in checked[5].paper} == {intervals.UNTESTED}


def test_a_claim_is_shown_with_the_paper_s_number_beside_ours(tmp_path):
    merge.collect(make_runs(tmp_path / "runs", noise=0.0), store.root() / "desk", {})
    checked = claims.check(store.open_results("desk"))
    text = shown(checked[0])
    assert "| T1 **holds** | lead over the next best network | +1.00 dB<br>+1.00 to +1.00 | +1.00 dB |" in text
    assert "|  | lead over the one trained on T2 | +1.00 dB<br>" in text
    waiting = shown(checked[3])
    assert "| T1 **not testable here** | compressed sensing has not been run | | +2.23 dB |" in waiting


def test_the_table_of_claims_links_to_its_evidence(tmp_path):
    runs = make_runs(tmp_path / "runs")
    merge.collect(runs, store.root() / "desk", {})
    checked = claims.check(store.open_results("desk"))
    text = claims.render_claims(checked).markdown
    assert text.count("\n") == 1 + len(checked)
    assert "**holds**" in text
    assert "](tables/table1.md)" in text
    rules = claims.render_rules(checked).markdown
    assert rules.count("\n") == len(checked) - 1
    assert "T1 and T2: compressed sensing has not been run" in rules
