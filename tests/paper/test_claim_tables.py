"""Claims as a reader sees them: both intervals, every subject, the paper's number, and what else explains a verdict."""

from dataclasses import replace

from fabricated import cell, made, make_runs, plain

from recon_lib.paper import claim_tables, claims, markup
from recon_lib.paper.claims import ClaimId
from recon_lib.paper.intervals import Estimate, Unit
from recon_lib.paper.verdicts import Outcome, Verdict
from recon_lib.results import merge, store


def test_a_claim_is_shown_with_the_paper_s_number_beside_ours(tmp_path):
    merge.collect(make_runs(tmp_path / "runs", noise=0.0), store.root() / "desk", {})
    checked = claims.check(store.open_results("desk"))
    text = plain(claim_tables.render_claim(checked[0]))
    ends = "+1.00 to +1.00 | +1.00 to +1.00 | +1.00, +1.00, +1.00, +1.00"
    assert f"| T1 **holds** | lead over the next best network | +1.00 dB | {ends} | +1.00 dB |" in text
    assert f"| | lead over the one trained on T2 | +1.00 dB | {ends} |" in text
    waiting = plain(claim_tables.render_claim(checked[3]))
    assert "| T1 **not testable here** | compressed sensing has not been run | | | | | +2.23 dB |" in waiting


def test_the_table_of_claims_links_to_its_evidence(tmp_path):
    runs = make_runs(tmp_path / "runs")
    merge.collect(runs, store.root() / "desk", {})
    checked = claims.check(store.open_results("desk"))
    text = claim_tables.render_claims(checked).markdown
    assert text.count("\n") == 1 + len(checked)
    assert "**holds**" in text
    assert "](tables/table1.md)" in text


def test_verdicts_are_those_of_the_claims(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    checked = claims.check(store.open_results("desk"))
    lead = next(verdict for verdict in checked[0].verdicts if verdict.test_domain == "t2")
    text = plain(claim_tables.render_verdicts(checked, "t2"))
    assert f"| {checked[0].sentence} | **{lead.outcome}** | {markup.signed(lead.estimate, 2)} dB |" in text
    assert Outcome.UNTESTED not in text
    times = Estimate("a ratio", 11.0, unit=Unit.TIMES)
    in_times = replace(checked[0], verdicts=(Verdict("t2", Outcome.HOLDS, times),))
    assert "No claim could be tested" in claim_tables.render_verdicts([in_times], "t2").markdown
    chosen = plain(claim_tables.render_verdicts(checked, "t1", [ClaimId.NETWORKS_BEAT_CS])).splitlines()
    assert len(chosen) == 3
    untested = next(verdict for verdict in checked[3].verdicts if verdict.test_domain == "t1")
    assert untested.outcome is Outcome.UNTESTED
    assert f"| {untested.outcome}: {untested.note} | | | |" in chosen[2]


def test_without_results_no_verdict_is_given():
    assert "No claim could be tested" in claim_tables.render_verdicts(claims.check(None), "t1").markdown


def test_what_else_explains_a_claim_stands_beside_it(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    claim = claims.check(store.open_results("desk"))[0]
    explained = replace(claim, verdicts=tuple(replace(v, explanation="by the updates") for v in claim.verdicts))
    assert "**T1 and T2: holds as printed**; by the updates." in plain(claim_tables.render_claim(explained))
    text = plain(claim_tables.render_claims([explained]))
    assert "**holds as printed†** +1.00 dB" in text
    assert text.endswith("† Claim 1: by the updates (T1 and T2).")
    first, second = explained.verdicts
    apart = replace(explained, verdicts=(first, replace(second, explanation="by luck")))
    assert plain(claim_tables.render_claims([apart])).endswith("† Claim 1: by the updates (T1); by luck (T2).")
    assert "**T2: holds as printed**; by luck." in plain(claim_tables.render_claim(apart))
    assert "†" not in plain(claim_tables.render_claims([claim]))
    assert "**holds as printed**; by the updates |" in plain(claim_tables.render_verdicts([explained], "t1"))


def test_one_subject_shows_no_interval():
    assert claim_tables.interval(Estimate("a lead", 1.0, float("-inf"), float("inf"))) == "one subject: none"


def test_what_tuning_leaves_of_the_gain_is_set_beside_the_paper_s():
    rows = [row for n, psnr in ((500, 30.0), (4000, 34.0)) for row in cell({"t2": psnr}, n_train=n, n_finetune=0)]
    rows += [row for n, psnr in ((500, 35.0), (4000, 35.5)) for row in cell({"t2": psnr}, n_train=n, n_finetune=50)]
    text = plain(claim_tables.render_gain_left(claims.check(made(rows))[4]))
    # By hand from Table 4: 35.43 - 34.97.
    assert text == (
        "On T2, tuning with 50 images leaves +0.50 dB of the gain from 500 to 4000 photographs here, +0.46 dB in the "
        "paper."
    )
    assert claim_tables.render_gain_left(claims.check(None)[4]).markdown == ""
