"""Plots of the benchmarks: the numbers of the rows, and a sentence where there are none."""

import math

import pytest
from matplotlib.figure import Figure
from measurements import write_measurements

from recon_lib.core.errors import ReconError
from recon_lib.paper.cost import plots
from recon_lib.results import benchmarks
from recon_lib.results.benchmarks import open_benchmark


@pytest.fixture
def written(folders):
    return write_measurements(folders / "results")


def test_bars_have_the_heights_of_the_rows(written):
    figure = plots.draw("inference", benchmarks.open_benchmark("inference"))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert [h for h in heights if not math.isnan(h)] == [160.0, 180.0, 120.0, 400.0]
    assert [bar.get_hatch() for bar in figure.axes[0].patches if bar.get_height() in (180.0, 400.0)] == [None, "///"]
    widths = [bar.get_width() for bar in plots.draw("masks", benchmarks.open_benchmark("masks")).axes[0].patches]
    assert widths == pytest.approx([10.0, 600.0])


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_every_benchmark_has_a_plot(name, written):
    figure = plots.draw(name, open_benchmark(name))
    assert isinstance(figure, Figure)
    assert figure.axes
    figure.canvas.draw()
    assert "Not measured yet" in plots.draw(name, None).markdown


def test_an_unknown_benchmark_is_named():
    with pytest.raises(ReconError, match="did you mean 'masks'"):
        plots.draw("mask", None)


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_on_a_page_a_plot_has_a_caption_and_the_numbers_of_its_rows(name, written, monkeypatch):
    shown = {}

    def keep(figure, file, numbers, caption, description):
        shown.update(file=file, numbers=numbers, caption=caption)

    monkeypatch.setattr(plots, "render_figure", keep)
    plots.render(name, open_benchmark(name))
    assert shown["file"] == f"cost_{name}"
    assert len(shown["numbers"]) == len(open_benchmark(name).rows)
    assert len(shown["caption"]) > 30
    assert "Not measured yet" in plots.render(name, None).markdown
