"""Slips: every number recomputed by hand from the printed tables."""

import pytest
from fabricated import plain

from recon_lib.paper import claims, slips
from recon_lib.paper.reference import paper
from recon_lib.paper.verdicts import Outcome


@pytest.fixture
def printed():
    return paper()


def test_gains_over_cs(printed):
    # Table 3: 35.59 and 36.02, T1-trained 36.14; CS 33.36. Table 4: 35.20 and 35.43, T2-trained 35.66; CS 31.98.
    assert slips.gain_over_cs(printed, "t1") == pytest.approx({"at20": 2.23, "at50": 2.66, "own50": 2.78})
    assert slips.gain_over_cs(printed, "t2") == pytest.approx({"at20": 3.22, "at50": 3.45, "own50": 3.68})


def test_the_cells_that_fit_a_printed_gain(printed):
    assert slips.cells_that_fit(printed, "t1", 2.50) == "photographs, 2000 images, tuned with 50"
    assert slips.cells_that_fit(printed, "t2", 3.68) == "T2, 4000 images, tuned with 50"
    assert slips.cells_that_fit(printed, "t1", 9.0) == "no cell"


def test_the_printed_per_cents_are_of_the_root(printed):
    # 36.14 - 35.59 = 0.55 dB: 10 ** 0.055 = 1.1350, its root 1.0654; 0.46 dB: 1.1117 and 1.0544.
    assert slips.error_ratio(printed) == pytest.approx(
        {"t1": 13.50, "root_t1": 6.54, "t2": 11.17, "root_t2": 5.44}, abs=0.01
    )


def test_odd_entries_stand_out(printed):
    # 34.36 between 35.28 and 35.28; 34.69 between 35.63 and 35.81; next worst: 33.32 less (32.77 + 33.68) / 2 ...
    natural = slips.odd_entry(printed, 4, "natural")
    assert (natural["psnr_1000"], natural["psnr_2000"]) == (35.28, 35.28)
    assert natural["off"] == pytest.approx(-0.92)
    t1 = slips.odd_entry(printed, 3, "t1")
    assert t1["off"] == pytest.approx(34.69 - (35.63 + 35.81) / 2)
    # T1 test, 5 images: 33.90 less (33.89 + 34.93) / 2 is -0.51, the largest that is left.
    assert natural["most"] == t1["most"] == pytest.approx(0.51)


def test_distances_of_networks_as_trained(printed):
    assert slips.raw_gap(printed, "t2", "natural", "t1")["gap"] == pytest.approx(33.86 - 33.22)
    assert slips.raw_gap(printed, "t1", "t1", "t2")["gap"] == pytest.approx(35.42 - 34.42)
    assert slips.reference_row(printed) == {"raw": 35.42, "shown": 36.14}


def test_updates_follow_the_paper_s_recipe(printed):
    assert slips.update_counts(printed) == {"few": 20 * 500 // 50, "many": 20 * 4000 // 50}


def test_each_slip_differs_from_what_is_printed():
    text = plain(slips.render_slips())
    assert text.count("\n") == 1 + len(slips.SLIPS)
    assert "| *text*: gain over CS in T1 | 2.50 dB | 2.23 dB with 20 images, 2.66 dB with 50" in text
    assert "13.5 % and 11.2 %; the printed ones are of its root: 6.5 % and 5.4 %" in text
    assert "{" not in text
    assert slips.render_words().markdown.count("- ") == len(slips.WORDS)


def test_another_table_gives_another_number(printed):
    changed = printed.assign(mean=printed["mean"].where(printed["method"] != "cs", printed["mean"] - 1))
    assert slips.gain_over_cs(changed, "t1")["at20"] == pytest.approx(3.23)


def test_no_slip_touches_a_claim():
    outcomes = {verdict.outcome for claim in claims.check(None)[:5] for verdict in claim.paper}
    assert outcomes == {Outcome.HOLDS}
