"""Means over slices, each the mean of its draws, and the number of tuning images that stands for the paper's."""

import pytest
from fabricated import frame, row

from recon_lib.paper import averages
from recon_lib.results.rows import SLICE_COLUMNS, read_rows, write_rows


def test_summarise_keeps_every_column(tmp_path):
    write_rows(tmp_path / "s.csv", [row("t1", "a", i, psnr=30.0 + i) for i in range(3)])
    summary = averages.summarise(read_rows(tmp_path / "s.csv", SLICE_COLUMNS), by=["subject"])
    assert summary["psnr"].tolist() == [31.0]
    assert summary["slices"].tolist() == [3]


@pytest.mark.parametrize(("counts", "expected"), [((0, 5, 20, 50), 20), ((0, 4, 8), 8), ((0,), 20), ((), 20)])
def test_twenty_images_or_the_most_that_were_run_stand_for_the_paper_s(counts, expected):
    rows = [row("t1", "a", 1, n_finetune=n) for n in counts] + [row("t2", "a", 1, n_finetune=30)]
    assert averages.tuned_count(frame(rows), "t1") == expected
    assert averages.tuned_count(None, "t1") == 20


def test_draws_of_a_slice_are_one_slice():
    rows = [row("t1", "a", s, psnr=p, draw=d) for s, d, p in ((1, 0, 30.0), (1, 1, 34.0), (2, 0, 36.0))]
    (summary,) = averages.summarise(frame(rows)).to_dict("records")
    assert (summary["psnr"], summary["slices"], summary["subjects"]) == (34.0, 2, 1)
    assert summary["psnr_std"] == pytest.approx(8**0.5)


def test_images_seen_are_those_on_record_and_of_networks_alone():
    rows = [
        row("t1", "a", 1, training_domain="t2", n_train=4000, n_images=230),
        row("t2", "a", 1, training_domain="t2", n_train=500, n_images=29),
        row("t1", "a", 1, training_domain="natural", n_train=4000, n_images=None),
        row("t1", "a", 1, method="zero_filled", training_domain="t1", n_train=7, n_images=7),
    ]
    assert averages.images_seen(frame(rows)) == {("t2", 4000): 230, ("t2", 500): 29}
