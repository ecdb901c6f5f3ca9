"""The chart of effects: what stands in it, in which order, and where its dots are."""

import pytest
from fabricated import cell, made, untrained

from recon_lib.paper.differences.figure import effects_figure, lines
from recon_lib.paper.domains import page_domains

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
    *cell({"t1": 30.0, "t2": 31.0}, **untrained("cs:literal")),
    *cell({"t1": 32.0, "t2": 33.0}, **untrained("cs:real")),
]


def chart(results):
    return effects_figure(lines(results), page_domains(results))


def variation(name, psnr, **changes):
    return cell(psnr, **{"variation": name, "n_finetune": 20, **changes})


@pytest.fixture
def results():
    rows = [
        *variation("finetune-batch-5", {"t1": 34.5, "t2": 36.25}),
        *variation("finetune-batch-all", {"t2": 34.0}),
        *variation("residual", {"t1": 30.25, "t2": 31.5}, n_finetune=0, n_train=500),
        *variation("masks-power-1", {"t1": 32.0}),
        *variation("ssim-uniform", {"t1": 35.0, "t2": 36.0}),
        *variation("wavelet-db4", {"t1": 29.0, "t2": 30.0}, **untrained("cs:literal")),
    ]
    variations = {"masks-power-1": {"networks": "base"}, "residual": {"networks": "own"}}
    return made(BASE, rows, profile={"variations": variations})


def test_networks_whose_psnr_was_measured_are_drawn_and_nothing_else(results):
    assert [(line.label, line.is_test) for line in lines(results)] == [
        ("Growth of the masks' minimum distance: power 1", True),
        ("Output of a sub-network: a correction of what it sees", False),
        ("Batch of fine-tuning: 5", False),
        ("Batch of fine-tuning: all images at once", False),
    ]
    assert lines(None) == lines(made(BASE)) == []


def dots(axes):
    drawn = [line for line in axes.lines if line.get_marker() == "o"]
    return {(round(x, 6), round(y)): line for line in drawn for x, y in [line.get_xydata()[0]]}


def rows(axes):
    return [tick.get_text().replace("\n", " ").split(": ")[1] for tick in axes.get_yticklabels()]


def test_the_largest_loss_stands_above_and_dots_are_where_they_belong(results):
    figure = chart(results)
    networks, tests = figure.axes
    assert networks.get_title() == "the network made otherwise"
    assert rows(networks) == ["all images at once", "5", "a correction of what it sees"]
    top, bottom = networks.get_ylim()[::-1]
    assert top < bottom  # rows are counted downwards
    drawn = dots(networks)
    assert set(drawn) == {(-2.0, 0), (-0.5, 1), (0.25, 1), (0.25, 2), (0.5, 2)}
    assert {place for place, line in drawn.items() if line.get_markerfacecolor() == "white"} == {(0.25, 2), (0.5, 2)}
    assert (rows(tests), set(dots(tests))) == (["power 1"], {(-3.0, 0)})
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "T1 test, a network as trained",
        "T1 test, a network tuned with 20",
        "T2 test, a network as trained",
        "T2 test, a network tuned with 20",
    ]


def test_before_any_run_it_says_so():
    (axes,) = chart(None).axes
    assert [text.get_text() for text in axes.texts] == ["No variation has been run yet."]
