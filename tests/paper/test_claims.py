"""Claims: each verdict on data made to hold, to differ and to be in doubt; an interval that resamples people."""

import numpy as np
import pytest
from fabricated import PSNR, SUBJECTS, cell, frame, make_runs, plain, row, untrained, write_benchmark, write_run

from recon_lib.experiment import design
from recon_lib.paper import claim_tables, claims, evidence, slips
from recon_lib.paper.cost import run_time
from recon_lib.paper.verdicts import Outcome
from recon_lib.results import merge, store
from recon_lib.results.benchmarks import BenchmarkRow
from recon_lib.results.rows import write_rows


def verdicts_in(tmp_path, psnr=PSNR, extra=(), noise=0.05):
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
    verdicts = verdicts_in(tmp_path)
    for domain, lead, spread in (("t1", 1.0, 0.2), ("t2", 1.0, 0.2)):
        assert verdicts[1][domain].outcome == Outcome.HOLDS
        assert verdicts[1][domain].estimate == pytest.approx(lead, abs=0.05)
        assert verdicts[2][domain].outcome == Outcome.HOLDS
        assert verdicts[2][domain].estimate == pytest.approx(spread, abs=0.05)
        assert verdicts[1][domain].low <= verdicts[1][domain].estimate <= verdicts[1][domain].high
    for number in (3, 4, 5, 6):
        assert {verdict.outcome for verdict in verdicts[number].values()} == {Outcome.UNTESTED}


def test_the_opposite_order_differs(tmp_path):
    verdicts = verdicts_in(tmp_path, {**PSNR, ("t1", "natural", 0): 36.0, ("t2", "natural", 20): 33.0})
    assert verdicts[1]["t1"].outcome == Outcome.DIFFERS
    assert verdicts[1]["t1"].estimate == pytest.approx(-1.0, abs=0.05)
    assert verdicts[1]["t2"].outcome == Outcome.HOLDS
    assert verdicts[2]["t2"].outcome == Outcome.DIFFERS
    assert verdicts[2]["t1"].outcome == Outcome.HOLDS


def test_a_lead_smaller_than_the_noise_is_within_noise(tmp_path):
    verdicts = verdicts_in(tmp_path, {**PSNR, ("t1", "t2", 0): 35.0, ("t1", "natural", 20): 35.2}, noise=1.5)
    assert verdicts[1]["t1"].outcome == Outcome.NOISE
    assert verdicts[1]["t1"].low < 0 < verdicts[1]["t1"].high


def test_few_images_and_compressed_sensing_are_tested_once_they_are_there(tmp_path):
    psnr = {**PSNR, ("t1", "t1", 50): 35.9, ("t2", "t2", 50): 37.0}
    cs = [
        row("t1", s, i, **{**untrained(f"cs:{name}"), "psnr": value, "ssim": value / 50})
        for s in SUBJECTS for i in range(40, 45) for name, value in (("literal", 20.0), ("real", 25.0))
    ]  # fmt: skip
    verdicts = verdicts_in(tmp_path, psnr, cs)
    assert verdicts[3]["t1"].outcome == Outcome.HOLDS
    assert verdicts[3]["t1"].estimate == pytest.approx(0.4, abs=0.05)
    assert verdicts[3]["t2"].outcome == Outcome.DIFFERS
    assert verdicts[4]["t1"].outcome == Outcome.HOLDS
    assert verdicts[4]["t1"].estimate == pytest.approx(35.5 - 25, abs=2.5)
    others = {estimate.label: estimate for estimate in verdicts[4]["t1"].others}
    assert others["lead over CS (literal)"].value == pytest.approx(verdicts[4]["t1"].estimate + 5)
    assert others["lead over CS (real)"].value == pytest.approx(verdicts[4]["t1"].estimate)
    assert others["the same in SSIM"].value == pytest.approx(0.9355 - 0.5, abs=0.01)
    assert verdicts[4]["t2"].outcome == Outcome.UNTESTED


def test_a_missing_network_makes_a_claim_untestable(tmp_path):
    verdicts = verdicts_in(tmp_path, {key: value for key, value in PSNR.items() if key != ("t1", "t2", 0)})
    assert verdicts[1]["t1"].outcome == Outcome.UNTESTED
    assert verdicts[1]["t2"].outcome == Outcome.HOLDS
    assert np.isnan(verdicts[1]["t1"].estimate)


def test_without_results_nothing_is_testable():
    for claim in claims.check(None):
        assert {verdict.outcome for verdict in claim.verdicts} == {Outcome.UNTESTED}
        assert all(verdict.note for verdict in claim.verdicts)


def shown(claim):
    return plain(claim_tables.render_claim(claim))


def timing(method, tool, seconds, batch=1, **more):
    return BenchmarkRow(method, tool, size=(256, 176), batch=batch, seconds_per_slice=seconds, psnr=30.0, **more)


@pytest.mark.parametrize(("seconds", "outcome"), [(0.41, "holds"), (0.39, "differs"), (0.4, "differs")])
def test_times_are_compared_on_one_machine(seconds, outcome):
    size = [256, 176]
    write_benchmark(store.root(), "inference", [("network", size, 1, 0.4, None, "recon_lib")])
    rows = [("cs:literal", size, 1, seconds, 33.0, "recon_lib"), ("cs:literal", size, 1, 0.2, 33.0, "bart")]
    write_benchmark(store.root(), "compressed_sensing", [*rows, ("cs:real", size, 1, 0.2, 35.0, "bart")])
    verdict = claims.check(None)[5].verdicts[0]
    # BART's time is not our reading's: the claim is about the paper's program, its rival is shown beside it.
    assert verdict.outcome == outcome
    assert verdict.estimate == pytest.approx(seconds / 0.4)
    assert verdict.judged.unit == "times"
    assert verdict.others[2].value == pytest.approx(0.5)
    text = shown(claims.check(None)[5])
    assert f"{seconds / 0.4:.1f} times" in text
    assert "| 400 ms |" in text


def test_times_of_two_machines_are_not_compared():
    size = [256, 176]
    write_benchmark(store.root(), "inference", [("network", size, 1, 0.4, None, "recon_lib")])
    rows = [("cs:literal", size, 1, 4.1, 33.0, "recon_lib")]
    write_benchmark(store.root(), "compressed_sensing", rows, processor="another")
    verdict = claims.check(None)[5].verdicts[0]
    assert (verdict.outcome, verdict.note) == (
        Outcome.UNTESTED,
        "the network and compressed sensing were timed on different machines",
    )


def test_the_fastest_cs_is_that_of_as_many_iterations(monkeypatch):
    rows = [
        timing("network", "recon_lib", 0.4),
        timing("cs:literal", "recon_lib", 4.0, batch=4, iterations=80),
        timing("cs:real", "bart", 1.0, iterations=20),  # 4 s with as many
        timing("cs:real", "sigpy", 3.0, iterations=80),
        timing("cs:l1-wavelet", "bart", 0.1),  # nobody knows how many
    ]
    monkeypatch.setattr(run_time, "measured", lambda: tuple(rows))
    verdict = claims.check(None)[5].verdicts[0]
    assert verdict.estimate == pytest.approx(4.0 / 0.4)
    assert verdict.others[1].label == "CS (literal), 80 iterations, 4 at a time"
    assert verdict.others[2].value == pytest.approx(3.0 / 0.4)
    monkeypatch.setattr(run_time, "measured", lambda: (rows[0], rows[-1]))
    assert "with a known number of iterations" in claims.check(None)[5].verdicts[0].note


@pytest.mark.parametrize(("domain", "distance", "outcome"), [
    ("t1", 0.54, "holds"), ("t1", 0.56, "differs"), ("t2", 0.45, "holds"), ("t2", 0.47, "differs"),
])  # fmt: skip
def test_claim_3_is_judged_by_the_paper_s_own_distances(monkeypatch, domain, distance, outcome):
    rows = [
        *cell({domain: 36.0}, n_finetune=20),
        *cell({domain: 36.0 + distance}, training_domain=domain, n_finetune=50),
    ]
    shown = store.Results("desk", store.root(), {})
    monkeypatch.setattr(store.Results, "slices", frame(rows))
    verdict = dict(zip(design.DOMAINS, claims.check(shown)[2].verdicts, strict=True))[domain]
    assert (verdict.outcome, verdict.estimate) == (outcome, pytest.approx(distance))


@pytest.mark.parametrize(("column", "iterations"), [(0, 80), (1, 120)])
def test_the_iterations_of_a_contrast_are_counted(monkeypatch, column, iterations):
    rows = (timing("network", "recon_lib", 0.4), timing("cs:literal", "recon_lib", 0.8, iterations=40))
    monkeypatch.setattr(run_time, "measured", lambda: rows)
    verdict = claims.check(None)[5].verdicts[column]
    assert verdict.estimate == pytest.approx(iterations / 40 * 0.8 / 0.4)
    assert f"with the {iterations} iterations" in verdict.note
    assert "not the paper's (" in verdict.note


def test_a_faster_reading_of_cs_is_held_against_the_claim(monkeypatch):
    rows = [timing("network", "recon_lib", 0.4), timing("cs:literal", "recon_lib", 0.6, iterations=80)]
    monkeypatch.setattr(run_time, "measured", lambda: tuple(rows))
    assert claims.check(None)[5].verdicts[0].words == "holds"
    rows.append(timing("cs:real", "recon_lib", 0.2, iterations=80))
    verdict = claims.check(None)[5].verdicts[0]
    assert verdict.words == "holds as printed"
    assert verdict.explanation.endswith("CS (real), takes 0.5 times as long as the network")
    assert claims.check(None)[5].profile is None


def test_a_program_that_did_better_is_held_against_the_lead_over_cs(monkeypatch):
    networks = [{"training_domain": domain, "n_finetune": 20, "ssim": 0.96} for domain in ("natural", "t1", "t2")]
    rows = [row for network in networks for row in cell({"t1": 36.0}, **network)]
    rows += cell({"t1": 34.0}, **untrained("cs:real"), ssim=0.9)
    monkeypatch.setattr(store.Results, "slices", frame(rows))
    results = store.Results("desk", store.root(), {})
    assert claims.check(results)[3].verdicts[0].words == "holds"
    times = [("cs:real", (256, 176), 1, 0.2, 33.0, "recon_lib"), ("cs:l1-wavelet", (256, 176), 1, 0.2, 34.5, "bart")]
    write_benchmark(store.root(), "compressed_sensing", times)
    tested, untested = claims.check(results)[3].verdicts
    assert (tested.outcome, tested.words) == (Outcome.HOLDS, "holds as printed")
    assert "BART, was 1.50 dB above real" in tested.explanation
    assert untested.explanation == ""


def test_the_paper_s_claims_hold_on_the_paper_s_tables():
    checked = claims.check(None)
    assert [{verdict.outcome for verdict in claim.paper} for claim in checked] == [{Outcome.HOLDS}] * 5 + [
        {Outcome.UNTESTED}
    ]
    assert slips.render_verdicts().markdown.endswith("5 of 5 claims hold. The tables have no numbers for claim 6.")


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
        assert [verdict.estimate for verdict in checked[number - 1].paper] == pytest.approx(list(values))
    assert {verdict.outcome for verdict in checked[5].paper} == {Outcome.UNTESTED}


def test_each_claim_is_checked_on_the_best_results_that_have_its_rows(tmp_path):
    grid = [row for domain in design.DOMAINS for row in evidence.needs(f"tables/table{TABLE[domain]}").rows]
    for profile, lead in (("desk", 1.0), ("open", 2.0)):
        rows = []
        for key in grid if profile == "desk" else ():
            rows += network(key, 34.0)
        for key in evidence.needs("own-domain-wins").rows:
            rows += network(key, 34.0 + lead * (key.training_domain == key.test_domain))
        merge.collect([write_run(tmp_path / profile, rows)], store.root() / profile, {})
    checked = {claim.id: claim for claim in claims.check_best()}
    assert checked["own-domain-wins"].profile == "open"
    assert [verdict.estimate for verdict in checked["own-domain-wins"].verdicts] == pytest.approx([2.0, 2.0])
    assert checked["more-images-help-less"].profile == "desk"
    assert {verdict.tested for verdict in checked["more-images-help-less"].verdicts} == {True}
    text = plain(claim_tables.render_claims(checked.values()))
    assert "| open | [Tables 1 and 2]" in text
    assert "| desk | [Tables 3 and 4]" in text
    assert "Profile **desk**." in claim_tables.render_claim(checked["more-images-help-less"]).markdown


TABLE = {"t1": 3, "t2": 4}


def network(key, psnr):
    """Rows of one network at one PSNR."""
    names = {"training_domain": key.training_domain, "n_train": key.n_train, "n_finetune": key.n_finetune}
    return cell({key.test_domain: psnr}, **names)


def test_before_anything_was_run_every_claim_waits():
    checked = claims.check_best()
    assert {claim.profile for claim in checked} == {None}
    assert {verdict.tested for claim in checked for verdict in claim.verdicts} == {False}
