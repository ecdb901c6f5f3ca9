"""Ways of measuring: a column a way, and which network is best by each."""

import pytest
from fabricated import cell, made, plain, row

from recon_lib.paper.differences import metric_ways
from recon_lib.results import merge, store
from recon_lib.results.rows import write_rows

WAYS = {"_own_max": 0.1, "_brain": -3.0, "_before_dc": -0.2}


def measured(rows):
    """Give rows the other ways of measuring PSNR and SSIM."""
    return [
        {**row, **{f"{metric}{way}": row[metric] + shift for metric in ("psnr", "ssim") for way, shift in WAYS.items()}}
        for row in rows
    ]


def test_ways_of_measuring_are_shown_for_the_networks_compared():
    rows = measured([*cell({"t1": 35.0, "t2": 36.0}, n_finetune=20), *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0)])
    text = plain(metric_ways.render_metrics(made(rows)))
    assert text.count("| trained on natural images |") == 8
    (first,) = [line for line in text.splitlines() if line.startswith("| trained on natural images | 20 | T1 |")][:1]
    values = [float(cell) for cell in first.split(" | ")[3:6]]
    assert values[1] - values[0] == pytest.approx(0.1, abs=0.011)
    assert values[2] - values[0] == pytest.approx(-3.0, abs=0.011)


def test_the_best_network_by_each_way_and_how_far_apart_they_are():
    rows = []
    for name, psnr, own in (("natural", 35.0, 0.0), ("t1", 35.5, 0.0), ("t2", 35.2, 1.0)):
        for values in measured(cell({"t1": psnr}, training_domain=name, n_finetune=20)):
            rows.append({**values, "psnr_own_max": values["psnr"] + own})
    lines = plain(metric_ways.render_ranks(made(rows))).splitlines()
    assert lines[2] == "| PSNR, dB | as in the tables | T1, 0.50 | |"  # nothing was tested on T2
    assert lines[3] == "| PSNR, dB | own maximum | T2, 1.20 | |"
    assert lines[4].startswith("| PSNR, dB | head only | T1, 0.50 |")


def test_without_all_three_networks_none_is_best():
    rows = measured(cell({"t1": 35.0}, n_finetune=20))
    assert "not run yet" in plain(metric_ways.render_ranks(made(rows)))
    assert "not run yet" in plain(metric_ways.render_ranks(None))


def collected(runs):
    merge.collect(runs, store.root() / "desk", {})
    return store.open_results("desk")


def results_of(rows, tmp_path):
    """Results that hold these rows alone."""
    write_rows(tmp_path / "one" / "slices.csv", rows)
    return collected([tmp_path / "one"])


def test_the_order_of_the_networks_is_said_beside_the_papers(tmp_path):
    def rows(**psnr):
        return [row("t2", "a", 1, psnr=value, training_domain=name) for name, value in psnr.items()]

    text = metric_ways.render_order("t2", results_of(rows(natural=33.0, t1=34.0, t2=35.0), tmp_path)).markdown
    assert "As trained, here: T2, T1, natural images; in the paper: T2, natural images, T1." in text
    assert "Tuned with 20, in the paper: T2, T1, natural images." in text
    text = metric_ways.render_order("t2", results_of(rows(natural=34.5, t1=34.0, t2=35.0), tmp_path)).markdown
    assert "As trained, both here and in the paper: T2, natural images, T1." in text
    text = metric_ways.render_order(
        "t2", results_of(rows(natural=34.5, t1=34.0), tmp_path)
    ).markdown  # one network is missing
    assert "As trained, in the paper: T2, natural images, T1." in text
