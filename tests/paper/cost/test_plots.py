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
    assert [h for h in heights if not math.isnan(h)] == [160.0, 180.0, 120.0]
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
