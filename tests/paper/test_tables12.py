"""Tables: the paper's numbers as printed, ours averaged as said, and empty where nothing was run."""

import re

import numpy as np
import pytest
from fabricated import PSNR, make_runs, plain, row, untrained_rows

from recon_lib.core.errors import ReconError
from recon_lib.paper import markup, tables12
from recon_lib.results import merge, store
from recon_lib.results.rows import write_rows


@pytest.fixture
def results(tmp_path):
    return collected(make_runs(tmp_path / "runs"))


def collected(runs):
    merge.collect(runs, store.root() / "desk", {})
    return store.open_results("desk")


def results_of(rows, tmp_path):
    """Results that hold these rows alone."""
    write_rows(tmp_path / "one" / "slices.csv", rows)
    return collected([tmp_path / "one"])


def cell(frame, training, n_finetune, metric, column):
    chosen = frame[(frame["training_domain"] == training) & (frame["metric"] == metric)]
    return chosen[chosen["n_finetune"] == n_finetune][column].iloc[0]


@pytest.mark.parametrize("domain", ["t1", "t2"])
def test_every_row_stands_beside_the_papers(results, domain):
    frame = tables12.comparison(domain, results)
    assert len(frame) == 16
    for (test_domain, training, n), mean in PSNR.items():
        if test_domain == domain:
            ours = cell(frame, training, n, "psnr", "ours")
            assert ours == pytest.approx(mean, abs=2)
            printed = cell(frame, training, n, "psnr", "paper")
            assert cell(frame, training, n, "psnr", "difference") == pytest.approx(ours - printed)
            assert cell(frame, training, n, "psnr", "slices") == 20
            assert cell(frame, training, n, "psnr", "subjects") == 4
    assert frame["method"].tolist()[:2] == ["zero_filled"] * 2


def test_mean_and_sample_deviation_by_hand(tmp_path):
    results = results_of(
        [row("t1", "a", 1, psnr=30.0), row("t1", "a", 2, psnr=32.0), row("t1", "b", 1, psnr=37.0)], tmp_path
    )
    frame = tables12.comparison("t1", results)
    assert cell(frame, "natural", 0, "psnr", "ours") == pytest.approx(33.0)
    assert cell(frame, "natural", 0, "psnr", "ours_std") == pytest.approx(np.sqrt((9 + 1 + 16) / 2))
    assert cell(frame, "natural", 0, "psnr", "slices") == 3
    assert cell(frame, "natural", 0, "psnr", "subjects") == 2


def test_networks_of_one_number_of_training_images_stand_side_by_side(tmp_path):
    rows = [row("t1", "a", 1, psnr=30.0, n_train=4000), row("t1", "a", 1, psnr=29.0, n_train=500)]
    rows.append(row("t1", "a", 1, psnr=35.0, training_domain="t1", n_train=2000))
    frame = tables12.comparison("t1", results_of(rows, tmp_path))
    assert cell(frame, "natural", 0, "psnr", "ours") == 30.0
    assert cell(frame, "natural", 0, "psnr", "n_train") == 4000
    assert np.isnan(cell(frame, "t1", 0, "psnr", "ours"))  # that of 4000 is yet to come


def test_draws_of_a_slice_are_one_slice(tmp_path):
    rows = [row("t1", "a", s, psnr=p, draw=d) for s, d, p in ((1, 0, 30.0), (1, 1, 34.0), (2, 0, 36.0), (2, 1, 36.0))]
    frame = tables12.comparison("t1", results_of(rows, tmp_path))
    assert cell(frame, "natural", 0, "psnr", "slices") == 2
    assert cell(frame, "natural", 0, "psnr", "ours") == pytest.approx(34.0)
    assert cell(frame, "natural", 0, "psnr", "ours_std") == pytest.approx(np.sqrt(8))


def test_the_other_contrast_and_other_counts_do_not_leak_in(tmp_path):
    rows = [
        row("t1", "a", 1, psnr=30.0),
        row("t2", "a", 1, psnr=99.0),
        row("t1", "a", 1, psnr=10.0, n_train=500),
        row("t1", "a", 1, psnr=20.0, n_finetune=50),
    ]
    frame = tables12.comparison("t1", results_of(rows, tmp_path))
    assert cell(frame, "natural", 0, "psnr", "ours") == 30.0
    assert cell(frame, "natural", 0, "psnr", "n_train") == 4000


def test_what_was_not_run_is_empty_and_never_zero(tmp_path):
    frame = tables12.comparison("t1", results_of([row("t1", "a", 1)], tmp_path))
    ours = frame[~((frame["training_domain"] == "natural") & (frame["n_finetune"] == 0))]
    assert ours[["ours", "ours_std", "slices", "difference"]].isna().all(axis=None)
    frame = tables12.comparison("t2", None)
    assert frame["ours"].isna().all()
    assert frame["paper"].notna().sum() == 14


def test_a_profile_with_other_counts_still_fills_the_table(tmp_path):
    rows = [row("t1", "a", 1, n_train=24, n_finetune=n, psnr=30.0 + n) for n in (0, 4)]
    results = results_of(rows, tmp_path)
    frame = tables12.comparison("t1", results)
    assert cell(frame, "natural", 4, "psnr", "ours") == 34.0
    assert cell(frame, "natural", 4, "psnr", "paper") == 35.59
    assert (
        "then tuned with 4 images of the test contrast (the paper: 20)"
        in tables12.render_comparison("t1", results).html
    )


def test_compressed_sensing_fills_its_rows_once_it_is_run(tmp_path):
    rows = [
        row("t1", "a", 1, method=f"cs:{name}", training_domain="", n_train=None, n_finetune=None, psnr=psnr)
        for name, psnr in (("literal", 33.0), ("tv0.01", 34.5))
    ]
    frame = tables12.comparison("t1", results_of(rows, tmp_path)).query("metric == 'psnr'").set_index("method")
    assert frame.loc["cs:literal", "ours"] == 33.0
    assert frame.loc["cs:literal", "paper"] == 33.36
    assert frame.loc["cs:tv0.01", "ours"] == 34.5
    assert np.isnan(frame.loc["cs:tv0.01", "paper"])


def test_the_papers_cs_stands_beside_the_literal_reading_whichever_were_run(tmp_path):
    psnr = {"cs:real+tv0.002": 36.0, "cs:tv0.01": 34.0, "cs:real": 35.0, "cs:tv0.002": 33.0}
    frame = (
        tables12.comparison("t1", results_of(untrained_rows("t1", psnr), tmp_path))
        .query("metric == 'psnr'")
        .set_index("method")
    )
    cs = frame[frame.index.str.startswith("cs")]
    assert cs.index.tolist() == ["cs:literal", "cs:tv0.002", "cs:tv0.01", "cs:real", "cs:real+tv0.002"]
    assert cs["paper"].notna().tolist() == [True, False, False, False, False]
    assert cs["ours"].notna().tolist() == [False, True, True, True, True]
    assert cs[cs["best"]].index.tolist() == ["cs:real+tv0.002"]
    assert not frame[~frame.index.str.startswith("cs")]["best"].any()


def test_the_best_reading_of_cs_is_marked_for_each_metric(tmp_path):
    rows = untrained_rows("t1", {"cs:literal": 30.0, "cs:real": 32.0})
    html = tables12.render_comparison("t1", results_of(rows, tmp_path)).html
    assert html.count("CS (real)<small>best PSNR and SSIM</small>") == 1
    assert html.count("best") == 1
    for row_ in rows:
        row_["ssim"] = 1 - row_["ssim"]
    apart = tables12.render_comparison("t1", results_of(rows, tmp_path))
    assert "CS (real)<small>best PSNR</small>" in apart.html
    assert "CS (literal)<small>best SSIM</small>" in apart.html
    assert "| CS (real), best PSNR |" in plain(apart)
    alone = tables12.render_comparison("t1", results_of(rows[:2], tmp_path)).html
    assert "best" not in alone


def test_conjugate_symmetry_is_a_row_without_training_once_it_is_run(tmp_path):
    results = results_of(untrained_rows("t1", {"zero_filled": 26.0, "conjugate_symmetry": 28.0}), tmp_path)
    frame = tables12.comparison("t1", results)
    assert frame["method"].unique().tolist()[:2] == ["zero_filled", "conjugate_symmetry"]
    row_ = frame[(frame["method"] == "conjugate_symmetry") & (frame["metric"] == "psnr")].iloc[0]
    assert row_["ours"] == pytest.approx(29.0)
    assert np.isnan(row_["paper"])
    html = tables12.render_comparison("t1", results).html
    start, end = html.index("no training"), html.index("trained on, and not tuned")
    assert "conjugate symmetry" in html[start:end]
    assert "conjugate_symmetry" not in tables12.comparison("t1", None)["method"].tolist()


def test_compressed_sensing_has_a_group_of_its_own():
    html = tables12.render_comparison("t2", None).html
    assert html.count("no training") == 1
    assert html.index("compressed sensing") > html.index("then tuned")


def test_a_difference_has_its_sign_and_its_colour(tmp_path):
    rows = [row("t1", "a", 1, psnr=36.44, ssim=0.9), row("t1", "a", 1, psnr=35.0, ssim=0.947, n_finetune=20)]
    html = tables12.render_comparison("t1", results_of(rows, tmp_path)).html
    assert re.findall(r'<td style="background: rgba\((\d+), \d+, \d+, ([\d.]+)\)">([^<]*)</td>', html) == [
        ("0", "0.45", "+3.00"),
        ("213", "0.45", "\u22120.049"),
        ("213", "0.15", "\u22120.59"),
        ("213", "0.33", "\u22120.020"),
    ]


def test_the_rendered_table_says_what_the_frame_says(results):
    page = tables12.render_comparison("t1", results)
    frame = tables12.comparison("t1", results)
    assert page.html.count("<tr") == page.html.count("</tr>") == 2 + 4 + 8  # head, groups, rows
    assert len(re.findall("<td[ >]", page.html)) == 8 * 7
    for text in (page.html, page.markdown):
        mean = cell(frame, "t1", 0, "psnr", "ours")
        assert f"{mean:.2f}" in text
        assert markup.signed(cell(frame, "t1", 0, "psnr", "difference"), 2) in text
        assert "nan" not in text.lower().replace("finance", "")
        assert "<NA>" not in text
    assert "0.967" in page.markdown
    assert page._repr_mimebundle_()["text/html"] == page.html


def test_an_unknown_table_is_named():
    with pytest.raises(ReconError, match="test domain"):
        tables12.comparison("t3", None)
