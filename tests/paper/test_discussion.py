"""The numbers of the discussion, on results known in advance; and what its page says in words, on the committed."""

from dataclasses import replace

import pytest
from fabricated import cell, made, plain, untrained

from recon_lib.core import paths
from recon_lib.paper import claims, discussion, evidence, tables12
from recon_lib.paper.differences import controls, tuning_batch
from recon_lib.paper.reference import paper
from recon_lib.paper.verdict_matrix import open_sources

RAW = {
    "t1": {"natural": 33.0, "t1": 35.0, "t2": 34.0},
    "t2": {"natural": 34.0, "t1": 34.5, "t2": 36.0},
}
TUNED = {"t1": {"natural": 36.0, "t1": 36.375, "t2": 36.25}, "t2": {"natural": 37.0, "t1": 37.0, "t2": 37.25}}
SENSING = {
    "literal": {"t1": 30.0, "t2": 31.0},
    "real": {"t1": 34.0, "t2": 32.0},
    "real+tv0.002": {"t1": 33.0, "t2": 33.0},
}


def networks(means, n_finetune, **changes):
    return [
        row
        for domain, values in means.items()
        for training, psnr in values.items()
        for row in cell({domain: psnr}, training_domain=training, n_finetune=n_finetune, **changes)
    ]


def sensing():
    return [row for name, psnr in SENSING.items() for row in cell(psnr, **untrained(f"cs:{name}"))]


def few(psnr, **changes):
    return cell(psnr, training_domain="natural", n_train=500, n_finetune=0, **changes)


@pytest.fixture
def committed(monkeypatch):
    monkeypatch.setenv("RECON_RESULTS", str(paths.RESULTS))


@pytest.fixture
def compared():
    return made([*networks(RAW, 0), *networks(TUNED, 20), *sensing()])


@pytest.fixture
def varied():
    variations = [
        *few({"t1": 33.0, "t2": 33.5}, variation="residual"),
        *few({"t1": 31.75, "t2": 31.75}, variation="other-seed"),
        *few({"t1": 32.0, "t2": 32.5}, variation="equal-updates"),
        *cell({"t1": 99.0}, n_train=500, n_finetune=20, variation="residual"),  # tuned ones do not count
    ]
    return made([*few({"t1": 31.0, "t2": 32.0}), *networks(RAW, 0)], variations)


def values(change):
    return {domain: round(estimate.value, 6) for domain, estimate in change.by_domain.items()}


def test_changes_are_sorted_by_size_and_paired_with_their_own_base(compared, varied):
    changes = discussion.changes(compared, varied)
    assert [values(change) for change in changes] == [
        {"t1": 4.0, "t2": 2.0},  # the best variant in each contrast less the literal one
        {"t1": 2.0, "t2": 2.0},  # own contrast less photographs, as trained
        {"t1": 2.0, "t2": 1.5},  # residual
        {"t1": 1.0, "t2": 0.5},  # equal updates
        {"t1": 0.75, "t2": -0.25},  # another seed: smaller than the former though its mean is not
        {"t1": 0.375, "t2": 0.25},  # own contrast less photographs, tuned
    ]
    assert changes[0].measured_on == "CS (real) and CS (real+tv0.002) less CS (literal)"
    assert changes[2].measured_on == "500 natural images, as trained (profile desk)"
    assert changes[4].size == 0.5


def test_the_table_has_a_row_a_change_with_its_interval(compared, varied):
    lines = plain(discussion.render_changes(compared, varied)).splitlines()
    assert len(lines) == 2 + 6
    assert lines[2].endswith("| +4.00 dB (+4.00 to +4.00) | +2.00 dB (+2.00 to +2.00) |")


def test_what_was_not_run_is_left_out(compared, varied):
    assert len(discussion.changes(compared, None)) == 3
    assert len(discussion.changes(None, varied)) == 3
    assert len(discussion.changes(made(networks({"t1": RAW["t1"]}, 0)), None)) == 1
    assert discussion.changes(None, None) == []
    only_literal = made(cell(SENSING["literal"], **untrained("cs:literal")))
    assert discussion.changes(only_literal, None) == []
    assert "nothing to discuss" in discussion.render_changes(None, None).markdown
    assert "nothing to discuss" in discussion.render_people(None).markdown
    assert "nothing to discuss" in discussion.render_raw_order(None).markdown
    assert "nothing to discuss" in discussion.render_conclusion([]).markdown


def test_the_other_contrast_is_compared_with_photographs_and_with_the_papers_tables(compared):
    table = paper().query("table == 2 and metric == 'psnr' and n_finetune == 0").set_index("training_domain")["mean"]
    ours, theirs = discussion.other_contrast("t2", compared)
    assert (ours.value, theirs) == pytest.approx((0.5, table["t1"] - table["natural"]))
    assert discussion.other_contrast("t1", compared)[0].value == pytest.approx(1.0)
    text = plain(discussion.render_raw_order(compared))
    assert (
        "On T2 the network trained on T1 less the one trained on photographs is +0.50 dB (+0.50 to +0.50) here" in text
    )
    assert "−0.64 dB in the paper: the order is the other way round." in text  # noqa: RUF001
    assert "+0.98 dB in the paper: the same order." in text


def test_an_interval_about_zero_decides_no_order(compared):
    uneven = cell({"t2": 34.0}, training_domain="natural") + [
        {**row, "psnr": row["psnr"] + (1 if row["subject"] == "sub-11" else -1)}
        for row in cell({"t2": 34.1}, training_domain="t1")
    ]
    assert "neither leads" in discussion.render_raw_order(made(uneven)).markdown


def test_claims_are_in_one_of_the_two_lists_if_they_were_tested(compared):
    checked = claims.check(compared)
    held, rest = (plain(discussion.render_verdicts(checked, held=held)).splitlines() for held in (True, False))
    sentences = {claim.id: claim.sentence for claim in checked}
    assert any(line.startswith(f"- {sentences['own-domain-wins']} On T1 it holds: +1.00 dB") for line in held)
    assert any(line.startswith(f"- {sentences['tuned-are-equal']} On T1 it holds: +0.38 dB") for line in held)
    assert not any(sentences["few-images-suffice"] in line for line in (*held, *rest))  # not tested
    assert discussion.render_verdicts([], held=True).markdown == "None of them."


def test_a_claim_that_one_contrast_contradicts_is_in_the_second_list():
    apart = {**TUNED, "t2": {"natural": 35.0, "t1": 37.0, "t2": 37.25}}
    checked = claims.check(made(networks(apart, 20)))
    (line,) = plain(discussion.render_verdicts(checked, held=False)).splitlines()
    assert line.endswith("On T1 it holds: +0.38 dB (+0.38 to +0.38). On T2 it differs: +2.25 dB (+2.25 to +2.25).")


def test_a_reservation_that_both_contrasts_share_is_said_once():
    (claim,) = [claim for claim in claims.check(made(networks(TUNED, 20))) if claim.id == "tuned-are-equal"]
    reserved = replace(claim, verdicts=tuple(replace(v, explanation="this is so here") for v in claim.verdicts))
    (line,) = plain(discussion.render_verdicts([reserved], held=True)).splitlines()
    assert line.count("it holds as printed") == 2
    assert line.endswith("(+0.25 to +0.25). This is so here.")
    first, second = reserved.verdicts
    apart = replace(reserved, verdicts=(first, replace(second, explanation="and that there")))
    (line,) = plain(discussion.render_verdicts([apart], held=True)).splitlines()
    assert "(+0.38 to +0.38); this is so here. On T2" in line
    assert line.endswith("; and that there.")


def test_people_are_counted(compared):
    text = discussion.render_people(compared).markdown
    assert text.startswith("Tested are 20 T1 slices and 20 T2 slices of 4 people.")
    assert "from 2 others" in text
    assert "on 8 more" in text


def test_the_conclusion_has_the_sizes_of_both_contrasts(compared):
    own = [
        *cell({"t1": 36.25}, training_domain="t1", n_finetune=50),
        *cell({"t2": 37.5}, training_domain="t2", n_finetune=50),
    ]
    results = made([*networks(TUNED, 20), *own, *sensing()])
    text = discussion.render_conclusion(claims.check(results)).markdown
    assert "tuned with 20 MR images lies 0.25 dB (T1) and 0.50 dB (T2) below" in text
    assert "The worst of the three tuned networks lies 2.00 dB (T1) and 4.00 dB (T2) above" in text


@pytest.mark.usefixtures("committed")
def test_what_the_page_says_in_words_is_what_the_committed_results_say():
    ours, theirs = discussion.other_contrast("t2", evidence.select("discussion").results)
    assert ours.low > 0 > theirs  # the order before tuning is the other way round
    table = controls.equal_updates(evidence.select("equal-updates").results)
    assert (table["share"].dropna() > 0.9).all()  # updates explain nearly all
    sizes = [
        change.what
        for change in discussion.changes(evidence.select("discussion").results, evidence.select("what-matters").results)
    ]
    networks_t2 = tables12.comparison("t2", evidence.select("index").results).query(
        "metric == 'psnr' and method == 'network'"
    )
    assert (networks_t2["difference"] > 0).all()  # as the title page says
    training_set = [place for place, what in enumerate(sizes) if "Training set" in what]
    assert training_set[0] > 0  # other choices move PSNR as much or more


@pytest.mark.usefixtures("committed")
def test_neither_reading_of_the_tuning_batch_gives_the_papers_gain_in_both_contrasts():
    *ours, paper_row = plain(tuning_batch.render_readings(open_sources())).split("\n\n")[0].splitlines()[2:]
    gains = [[cell.split("(")[0].strip() for cell in line.split("|")[4:6]] for line in (*ours, paper_row)]
    *measured, printed = [list(map(float, pair)) for pair in gains if "not run yet" not in pair]
    assert len(measured) >= 2
    assert all(min(pair[0] - printed[0], pair[1] - printed[1]) < -0.3 for pair in measured)
