"""The slices of a contrast by network: the largest size counts, and draws are averaged."""

import pandas as pd
import pytest
from fabricated import cell, frame

from recon_lib.paper.claim_slices import Networks


def grid(gains, t2=None):
    """Networks of 500 and 4000 photographs: tuned with n images, the second leads by gains[n]."""
    rows = []
    for count, gain in gains.items():
        for n_train, psnr in ((500, 30.0 + count / 10), (4000, 30.0 + count / 10 + gain)):
            values = {"t1": psnr} if t2 is None else {"t1": psnr, "t2": t2[n_train, count]}
            rows += cell(values, n_train=n_train, n_finetune=count)
    return frame(rows)


def test_the_largest_training_size_stands_for_the_paper_s_even_where_a_cell_is_missing():
    slices = grid({0: 3.0, 20: 1.0})
    networks = Networks(slices[(slices["n_train"] != 4000) | (slices["n_finetune"] != 20)], "t1")
    assert networks.score("natural", 20) is None
    assert networks.score("natural", 0).mean() == pytest.approx(slices.query("n_finetune == 0").psnr.mean() + 1.5)


def test_draws_are_averaged_before_slices():
    first, second = (frame(cell({"t1": psnr}, draw=draw)) for draw, psnr in ((0, 30.0), (1, 32.0)))
    draws = pd.concat([first, second[second["slice"] == 40]])
    mean = Networks(draws, "t1").score("natural", 0)
    assert len(mean) == len(first)
    gain = mean - first.set_index(["subject", "slice"])["psnr"]
    assert gain.xs(40, level="slice").to_list() == pytest.approx([1.0] * 4)
    assert gain.drop(40, level="slice").abs().max() == 0


def test_another_metric_and_scale_read_their_own_column():
    rows = [{**row, "ssim": 0.9, "psnr_own_max": row["psnr"] + 1, "ssim_brain": 0.8} for row in cell({"t1": 30.0})]
    networks = Networks(frame(rows), "t1")
    plain = networks.score("natural", 0)
    assert (networks.measured_by("psnr", "_own_max").score("natural", 0) - plain).to_numpy() == pytest.approx(1.0)
    for way, value in (("", 0.9), ("_brain", 0.8)):
        measured = networks.measured_by("ssim", way)
        assert measured.score("natural", 0).to_numpy() == pytest.approx(value)
        assert (measured.unit, measured.digits) == ("", 4)
    assert networks.measured_by("ssim", "_own_max").score("natural", 0) is None  # no slice has a value
    assert networks.metric == "psnr"
    assert (networks.unit, networks.digits) == ("dB", 2)
