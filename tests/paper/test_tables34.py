"""Tables 3 and 4: means by hand, draws as one, cells not run missing and counted, differences signed and coloured."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fabricated import cell_rows, plain, row, untrained_rows, write_run

from recon_lib.core.errors import ReconError
from recon_lib.paper import tables34
from recon_lib.results import merge, store

SIZES, COUNTS = [500, 1000, 1500, 2000, 4000], [0, 5, 10, 20, 30, 40, 50]


def collected(tmp_path, rows):
    merge.collect([write_run(tmp_path / "run", rows)], store.root() / "desk", {})
    return store.open_results("desk")


def cell(frame, training, n_train, n_finetune, metric="psnr"):
    rows = frame[
        (frame["training_domain"] == training) & (frame["n_train"] == n_train) & (frame["n_finetune"] == n_finetune)
    ]
    rows = rows[rows["metric"] == metric]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("domain", ["t1", "t2"])
def test_before_anything_was_run_the_grid_is_the_papers(domain):
    frame = tables34.grid(domain, None)
    assert len(frame) == 80
    assert frame[["ours", "ours_std", "slices", "subjects", "difference"]].isna().all(axis=None)
    assert frame[["paper", "paper_std"]].notna().all(axis=None)
    natural = frame[frame["training_domain"] == "natural"]
    assert sorted(natural["n_train"].unique()) == SIZES
    assert sorted(natural["n_finetune"].unique()) == COUNTS
    assert frame[frame["training_domain"] == domain]["n_finetune"].unique().tolist() == [50]
    assert cell(frame, "natural", 500, 0)["paper"] == {"t1": 25.91, "t2": 28.41}[domain]


def test_a_cell_by_hand(tmp_path):
    results = collected(tmp_path, cell_rows("t1", {("natural", 500, 5, 0): 30.0, ("t1", 1000, 50, 0): 36.0}))
    frame = tables34.grid("t1", results)
    row_ = cell(frame, "natural", 500, 5)
    assert row_["ours"] == pytest.approx(31.0)  # slices of 30 and 32
    assert row_["ours_std"] == pytest.approx(np.sqrt(2))
    assert row_["difference"] == pytest.approx(31.0 - 30.01)
    assert (row_["slices"], row_["subjects"]) == (2, 2)
    assert cell(frame, "natural", 500, 5, "ssim")["ours"] == pytest.approx(31 / 40)
    assert cell(frame, "t1", 1000, 50)["difference"] == pytest.approx(37.0 - 35.63)
    assert frame["ours"].notna().sum() == 4
    assert len(frame) == 80


def test_draws_are_averaged_for_each_slice(tmp_path):
    cells = {("natural", 4000, 20, 0): 30.0, ("natural", 4000, 20, 1): 34.0, ("natural", 4000, 20, 2): 35.0}
    row_ = cell(tables34.grid("t1", collected(tmp_path, cell_rows("t1", cells))), "natural", 4000, 20)
    assert row_["ours"] == pytest.approx(34.0)
    assert row_["ours_std"] == pytest.approx(np.sqrt(2))  # of two slices, not of six rows
    assert row_["slices"] == 2


def test_nothing_else_leaks_into_a_cell(tmp_path):
    others = [
        *cell_rows("t2", {("natural", 500, 0, 0): 99.0, ("t1", 500, 50, 0): 99.0}),
        *cell_rows("t1", {("t2", 500, 50, 0): 99.0, ("t1", 4000, 20, 0): 99.0, ("t1", 4000, 0, 0): 99.0}),
        *untrained_rows("t1", {"zero_filled": 99.0, "cs:literal": 99.0, "conjugate_symmetry": 99.0}),
    ]
    results = collected(tmp_path, [*others, *cell_rows("t1", {("natural", 500, 0, 0): 30.0})])
    frame = tables34.grid("t1", results)
    assert frame["ours"].dropna().tolist() == pytest.approx([31.0, 31 / 40])
    assert len(frame) == 80
    assert tables34.grid("t2", results)["ours"].dropna().tolist() == pytest.approx([100.0, 100 / 40])


def test_a_cell_that_the_paper_lacks_is_shown_and_counted_apart(tmp_path):
    results = collected(tmp_path, cell_rows("t1", {("natural", 24, 4, 0): 30.0, ("natural", 500, 0, 0): 20.0}))
    frame = tables34.grid("t1", results)
    row_ = cell(frame, "natural", 24, 4)
    assert row_["ours"] == pytest.approx(31.0)
    assert np.isnan(row_["paper"])
    assert np.isnan(row_["difference"])
    text = tables34.render_counts("t1", results).markdown
    assert "Of the paper's 40 cells **1 were run and 39 are missing**" in text
    assert "1 more are not in the paper" in text
    page = tables34.render_grid("t1", "psnr", results).html
    assert re.findall(r'scope="col">(\d+)<', page) == ["24", "500", "1000", "1500", "2000", "4000"]


def test_counts_are_those_of_the_cells(tmp_path):
    cells = {("natural", n, k, 0): 33.0 for n in (500, 4000) for k in COUNTS} | {("t2", 2000, 50, 0): 35.0}
    text = tables34.render_counts("t2", collected(tmp_path, cell_rows("t2", cells))).markdown
    assert "**15 were run and 25 are missing**" in text
    assert "14 of 35 trained on natural images, 1 of 5 trained on T2" in text
    assert "fewer" not in text
    assert "**0 were run and 40 are missing**" in tables34.render_counts("t2", None).markdown


def test_the_slices_behind_the_own_contrasts_columns_are_told(tmp_path):
    rows = cell_rows("t1", {("t1", 500, 50, 0): 30.0, ("t1", 4000, 50, 0): 31.0})
    rows = [{**row_, "n_images": row_["n_train"] * 712 // 4000} for row_ in rows]
    text = tables34.render_counts("t1", collected(tmp_path, rows)).markdown
    assert "the networks trained on T1 saw 89 for 500, 712 for 4000" in text


@pytest.mark.parametrize("metric", ["psnr", "ssim"])
def test_the_page_shows_every_cell_and_leaves_empty_what_was_not_run(tmp_path, metric):
    rows = cell_rows("t1", {("natural", 500, 0, 0): 30.0, ("natural", 4000, 20, 0): 30.0})
    page = tables34.render_grid("t1", metric, collected(tmp_path, rows))
    cells = re.findall(r"<td([^>]*)>(.*?)</td>", page.html)
    assert len(cells) == 40
    run = [(style, text) for style, text in cells if not text.startswith("&nbsp;")]
    assert len(run) == 2
    for style, text in cells:
        assert "<small>" in text  # the paper's
        if (style, text) not in run:
            assert style == "" or "*" in text  # a probable misprint is hatched
            assert text.endswith("&nbsp;")
    for text in (page.html, page.markdown):
        assert "nan" not in text.lower()
        assert "<NA>" not in text
        assert not re.search(r"\b0\.0+\b", text)
    assert page.html.count("<tr") == page.html.count("</tr>") == 2 + 2 + 8


def test_a_difference_shows_its_sign_and_its_colour(tmp_path):
    rows = cell_rows("t1", {("natural", 500, 0, 0): 30.0, ("natural", 4000, 20, 0): 30.0})
    page = tables34.render_grid("t1", "psnr", collected(tmp_path, rows)).html
    better, worse = re.findall(r'<td style="background: rgba\((.*?), [\d.]+\)">(.*?)</td>', page)
    assert better == ("0, 114, 178", "31.00<span> ± 1.41</span><small>25.91 ± 3.50</small>+5.09")
    assert worse == ("213, 94, 0", "31.00<span> ± 1.41</span><small>35.59 ± 2.72</small>\u22124.59")


def test_one_training_size_alone_still_makes_a_grid(tmp_path):
    page = tables34.render_grid("t1", "psnr", collected(tmp_path, [row("t1", "a", 1, psnr=30.0)]))
    assert len(re.findall(r"<td", page.html)) == 40
    assert "30.00<small>33.44" in page.html  # one slice has no deviation


def test_plain_text_says_the_same(tmp_path):
    page = tables34.render_grid("t1", "psnr", collected(tmp_path, cell_rows("t1", {("natural", 500, 0, 0): 30.0})))
    lines = plain(page).partition("\n\n")[0].splitlines()
    assert len(lines) == 2 + 8
    assert "| 31.00 (25.91, +5.09) | (31.05) |" in lines[2]


def test_bad_names_are_refused():
    with pytest.raises(ReconError, match="Unknown test domain 't3'"):
        tables34.grid("t3", None)
    with pytest.raises(ReconError, match="metric"):
        tables34.render_grid("t1", "nmse", None)


def test_updates_are_counted_in_the_histories():
    rows = [
        {"test_domain": domain, "n_finetune": images, "updates": updates + most}
        for domain, images, most in (("t1", 5, 75), ("t1", 20, 300), ("t1", 30, 300), ("t2", 5, 10), ("t2", 20, 20))
        for updates in (-5, 0)
    ]
    history = pd.DataFrame([*rows, {"test_domain": None, "n_finetune": None, "updates": 1600}])
    results = SimpleNamespace(history=history, provenance={"profile": {"fine_tuning": {"max_updates": 310}}})
    text = tables34.render_updates("t1", results).markdown
    assert text.startswith("Fine-tuning updated a network 75 times with 5 images, 300 with 20, 300 with 30. (Whole")
    assert "bounded by 310 updates.) Rows with as many updates differ only" in text
    results.provenance = {}
    assert tables34.render_updates("t2", results).markdown == (
        "Fine-tuning updated a network 10 times with 5 images, 20 with 20."
    )
    nothing = SimpleNamespace(history=history[history["test_domain"].isna()])
    assert tables34.render_updates("t1", nothing).markdown == tables34.render_updates("t1", None).markdown == ""


@pytest.mark.parametrize(("domain", "training", "number"), [("t1", "t1", "34.69"), ("t2", "natural", "34.36")])
def test_a_probable_misprint_is_marked_and_hatched_and_no_other_cell_is(domain, training, number):
    frame = tables34.grid(domain, None)
    odd = frame[frame["misprint"]]
    assert odd[["training_domain", "n_train", "n_finetune", "metric"]].to_numpy().tolist() == [
        [training, 1500, 50, "psnr"]
    ]
    assert f"{odd['paper'].iloc[0]:.2f}" == number
    page = tables34.render_grid(domain, "psnr", None)
    assert page.html.count("repeating-linear-gradient") == 1
    assert f"{number} ± " in page.html.replace("*", "")
    assert page.markdown.count(f"({number}*)") == page.markdown.count("*)") == 1
    assert "probably a misprint" in page.markdown
    assert "probably a misprint" in page.html
    assert "misprint" not in tables34.render_grid(domain, "ssim", None).html


def test_the_colour_of_a_misprint_s_difference_is_gone(tmp_path):
    results = collected(tmp_path, cell_rows("t2", {("natural", 1500, 50, 0): 38.0, ("natural", 1000, 50, 0): 38.0}))
    page = tables34.render_grid("t2", "psnr", results).html
    assert page.count("background: rgba(0, 114, 178") == 1
