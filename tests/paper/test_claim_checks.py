"""Each check of a claim on slices made to hold, to differ, and to lack a side."""

import pytest
from fabricated import SUBJECTS, cell, frame, untrained

from recon_lib.paper import claim_checks
from recon_lib.paper.claim_slices import Networks
from recon_lib.paper.claims import STATEMENTS
from recon_lib.paper.verdicts import Outcome


@pytest.mark.parametrize(("ssim", "outcome"), [(0.90, "holds"), (0.99, "differs")])
def test_compressed_sensing_must_be_beaten_in_ssim_too(ssim, outcome):
    names = ("natural", "t1", "t2")
    rows = [row for name in names for row in cell({"t1": 35.0}, training_domain=name, n_finetune=20)]
    rows = [{**row, "ssim": 0.95} for row in rows]
    rows += [{**row, "ssim": ssim} for row in cell({"t1": 33.0}, **untrained("cs:real"))]
    verdict = STATEMENTS[3].judge(Networks(frame(rows), "t1"))
    assert verdict.estimate == pytest.approx(2.0)
    assert verdict.outcome == outcome


def grid(gains, t2=None):
    """Networks of 500 and 4000 photographs: tuned with n images, the second leads by gains[n]."""
    rows = []
    for count, gain in gains.items():
        for n_train, psnr in ((500, 30.0 + count / 10), (4000, 30.0 + count / 10 + gain)):
            values = {"t1": psnr} if t2 is None else {"t1": psnr, "t2": t2[n_train, count]}
            rows += cell(values, n_train=n_train, n_finetune=count)
    return frame(rows)


def judged(slices):
    return claim_checks.more_images_help_less(Networks(slices, "t1"), 0.0)


def test_more_images_help_and_help_less_after_tuning():
    verdict = judged(grid({0: 3.0, 20: 1.0, 50: 0.4}))
    assert verdict.outcome == Outcome.HOLDS
    assert verdict.estimate == pytest.approx(3.0 - 0.4)
    assert [estimate.value for estimate in verdict.others] == pytest.approx([3.0, 3.0, 0.4])
    assert "from 500 to 4000 photographs" in verdict.note
    assert "tuned with 50 images" in verdict.note


@pytest.mark.parametrize("gains", [{0: 1.0, 50: 2.0}, {0: -1.0, 50: -2.0}])
def test_images_that_do_not_help_or_help_more_after_tuning_differ(gains):
    assert judged(grid(gains)).outcome == Outcome.DIFFERS


def test_the_most_tuned_cell_that_both_sizes_have_is_compared():
    slices = grid({0: 3.0, 20: 1.0, 50: 0.4})
    missing = slices[(slices["n_train"] != 500) | (slices["n_finetune"] != 50)]
    verdict = judged(missing)
    assert verdict.estimate == pytest.approx(3.0 - 1.0)
    assert "tuned with 20 images" in verdict.note


@pytest.mark.parametrize("condition", ["n_train == 4000", "n_finetune == 0", "n_finetune == 50"])
def test_a_grid_with_a_side_missing_is_not_testable(condition):
    verdict = judged(grid({0: 3.0, 50: 0.4}).query(condition))
    assert verdict.outcome == Outcome.UNTESTED
    assert "not all there" in verdict.note or "fewer than two" in verdict.note


def test_claim_3_names_what_is_missing():
    for training, n_finetune in (("natural", 20), ("t1", 50)):
        slices = frame(cell({"t1": 36.0}, training_domain=training, n_finetune=n_finetune))
        verdict = claim_checks.few_images_suffice(Networks(slices, "t1"), {"t1": 0.5})
        assert verdict.outcome == Outcome.UNTESTED
        assert "test contrast tuned with 50" in verdict.note
        assert "photographs' tuned with" in verdict.note


def test_the_gain_from_one_size_to_the_next_stands_under_claim_5():
    sizes = {500: 30.0, 1000: 32.0, 2000: 31.5, 4000: 34.0}
    rows = [row for n, psnr in sizes.items() for row in cell({"t1": psnr}, n_train=n, n_finetune=0)]
    rows += [row for n in (500, 4000) for row in cell({"t1": 36.0}, n_train=n, n_finetune=50)]
    verdict = claim_checks.more_images_help_less(Networks(frame(rows), "t1"), 0.0)
    others = {estimate.label: estimate.value for estimate in verdict.others}
    assert others["the smallest gain from one number to the next"] == pytest.approx(-0.5)
    assert verdict.outcome == Outcome.HOLDS


def test_the_same_numbers_of_images_are_one_quantity_and_others_are_not():
    many, few = judged(grid({0: 3.0, 50: 0.4})), judged(grid({0: 1.0, 50: 0.2}))
    assert many.judged.quantity == few.judged.quantity
    assert [estimate.quantity for estimate in many.others] == [estimate.quantity for estimate in few.others]
    assert judged(grid({0: 3.0, 20: 0.4})).judged.quantity != many.judged.quantity
    assert len({many.judged.quantity, *(estimate.quantity for estimate in many.others)}) == 4


def test_a_contrast_that_the_paper_lacks_is_tested_where_it_can_be():
    rows = [
        row
        for name, psnr in (("natural", 34.0), ("t1", 35.0), ("t2", 34.5), ("t1_bold5000", 36.0))
        for n_finetune in (0, 20, 50)
        for row in cell({"t1_bold5000": psnr}, training_domain=name, n_finetune=n_finetune)
    ]
    networks = Networks(frame(rows), "t1_bold5000")
    lead = claim_checks.own_domain_wins(networks, 0.0)
    assert (lead.outcome, lead.estimate) == (Outcome.HOLDS, pytest.approx(1.0))
    assert len(lead.others) == 3
    spread = claim_checks.tuned_are_equal(networks, 0.5)
    assert (spread.outcome, spread.estimate) == (Outcome.DIFFERS, pytest.approx(1.0))
    distance = claim_checks.few_images_suffice(networks, {"t1": 0.55})
    assert (distance.outcome, distance.note) == (Outcome.UNTESTED, "the paper states no distance for this contrast")
    times = claim_checks.network_is_faster(networks, 1.0)
    assert (times.outcome, times.note) == (
        Outcome.UNTESTED,
        "the paper states no size of this contrast's images",
    )
    without = Networks(frame([row for row in rows if row["training_domain"] != "t1_bold5000"]), "t1_bold5000")
    assert "own network" in claim_checks.own_domain_wins(without, 0.0).note


def test_four_subjects_of_whom_one_leads_are_within_noise_though_every_resample_leads():
    rows = []
    for subject, lead in zip(SUBJECTS, (0.1, 0.1, 0.1, 1.0), strict=True):
        for training, psnr in (("t1", 35.0 + lead), ("natural", 34.0), ("t2", 35.0)):
            rows += cell({"t1": psnr}, subjects=[subject], training_domain=training, n_finetune=0)
    verdict = claim_checks.own_domain_wins(Networks(frame(rows), "t1"), 0.0)
    assert verdict.judged.resampled[0] == pytest.approx(0.1)
    assert verdict.low < 0
    assert verdict.outcome is Outcome.NOISE
    assert [number for _, number in verdict.judged.by_subject] == pytest.approx([0.1, 0.1, 0.1, 1.0], abs=1e-5)


def test_one_subject_decides_nothing():
    rows = [
        row
        for training, psnr in (("t1", 36.0), ("natural", 34.0), ("t2", 35.0))
        for row in cell({"t1": psnr}, subjects=SUBJECTS[:1], training_domain=training, n_finetune=0)
    ]
    assert claim_checks.own_domain_wins(Networks(frame(rows), "t1"), 0.0).outcome is Outcome.NOISE
