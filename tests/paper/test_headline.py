"""The figure at the head of the README shows the committed results, and says which numbers it shows."""

import re

import numpy as np
import pytest
from fabricated import PSNR, make_runs

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.paper import evidence, headline
from recon_lib.results import merge, store


@pytest.fixture
def results(tmp_path):
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", {})
    return store.open_results("desk")


def test_the_readmes_figure_is_the_current_one(monkeypatch):
    monkeypatch.delenv("RECON_RESULTS")
    now = headline.facts(headline.summary_figure(evidence.select("index").results))
    assert headline.read(headline.path()) == now, "draw it anew: python -m recon_lib results headline"


def test_the_readme_shows_and_describes_it():
    alt, file = re.search(r"!\[(.*?)\]\((.*?)\)", (paths.ROOT / "README.md").read_text(encoding="utf-8")).groups()
    assert paths.ROOT / file == paths.RESULTS / headline.NAME
    assert len(alt) > 40
    assert (paths.ROOT / file).stat().st_size < 100_000


def test_it_draws_what_the_results_say(results):
    assert headline.write() == headline.path()
    facts = headline.read(headline.path())
    rows = results.slices.query("test_domain == 't2' and training_domain == 't1'")
    means = rows.groupby("n_finetune")["psnr"].mean()
    assert facts["T2 test slices"]["T1, here"] == [round(means[0], 2), round(means[20], 2)]
    assert facts["T1 test slices"]["T1, the paper"] == [35.42, 35.89]


def test_the_same_results_give_the_same_bytes(results):
    first, second = (headline.draw(headline.summary_figure(results)) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first


def test_other_results_are_noticed(results, tmp_path):
    headline.write()
    changed = {key: value + 0.02 * (key == ("t1", "natural", 20)) for key, value in PSNR.items()}
    merge.collect(make_runs(tmp_path / "other", psnr=changed), store.root() / "desk", {})
    assert headline.read(headline.path()) != headline.facts(headline.summary_figure(store.open_results("desk")))


def test_a_network_that_was_not_run_has_no_line(tmp_path):
    without_t2 = {key: value for key, value in PSNR.items() if key[1] != "t2"}
    merge.collect(make_runs(tmp_path / "runs", psnr=without_t2), store.root() / "desk", {})
    facts = headline.facts(headline.summary_figure(store.open_results("desk")))["T1 test slices"]
    assert "T2, here" not in facts
    assert "T2, the paper" in facts


def test_what_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(ReconError, match="no results to draw"):
        headline.write()
    (tmp_path / "x.svg").write_text("<svg/>")
    for name in ("x.svg", "none.svg"):
        with pytest.raises(ReconError, match=r"missing or not ours: draw it"):
            headline.read(tmp_path / name)


def test_the_summary_shows_ours_and_the_papers(results):
    axes = headline.summary_figure(results).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    assert lines["T1, the paper"].tolist() == [35.42, 35.89]
    expected = (
        results.slices.query("test_domain == 't1' and training_domain == 't1'").groupby("n_finetune")["psnr"].mean()
    )
    np.testing.assert_allclose(lines["T1, here"], expected)
    only = {line.get_label() for line in headline.summary_figure(None).axes[0].lines}
    assert only == {"natural images, the paper", "T1, the paper", "T2, the paper"}


def test_a_figure_shows_itself_on_a_white_ground(results):
    figure = headline.summary_figure(results)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure.get_facecolor() == (1, 1, 1, 1)


def test_the_legend_joins_ours_and_the_papers(results):
    (legend,) = headline.summary_figure(results).legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["trained on natural images", "trained on T1", "trained on T2", "here", "the paper"]
    (alone,) = headline.summary_figure(None).legends
    assert "here" not in [text.get_text() for text in alone.get_texts()]


def test_the_note_stands_inside_the_axes_clear_of_every_line(results):
    figure = headline.summary_figure(results)
    figure.canvas.draw()
    for axes in figure.axes:
        box = axes.texts[0].get_window_extent()
        assert axes.get_window_extent().containsx(box.x0)
        assert axes.get_window_extent().containsx(box.x1)
        assert axes.get_window_extent().containsy(box.y0)
        for line in axes.lines:
            points = axes.transData.transform(line.get_xydata())
            assert not any(box.contains(x, y) for x, y in points)


def test_the_numbers_beside_it_are_those_that_are_drawn(results, monkeypatch):
    drawn = []
    monkeypatch.setattr(headline, "render_figure", lambda figure, name, numbers, *texts: drawn.append(numbers))
    headline.render_summary(results)
    cell = drawn[0].set_index(["test_domain", "training_domain", "n_finetune"]).loc[("t1", "t1", 20)]
    assert cell["paper"] == 35.89
    rows = results.slices.query("test_domain == 't1' and training_domain == 't1' and n_finetune == 20")
    assert cell["ours"] == pytest.approx(rows["psnr"].mean())
