import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.imaging.metrics import psnr
from recon_lib.scans.charts import gain_figure, slice_figure


def test_a_slice_is_drawn_beside_its_reconstructions_with_their_psnr(rng):
    reference = rng.random((12, 16))
    reference /= reference.max()
    reconstructions = {"zero-filled": reference * 0.9, "network": reference * 0.99}
    axes = slice_figure(reference, reconstructions).axes
    quality = {name: psnr(reference, image, data_range=reference.max()) for name, image in reconstructions.items()}
    assert [a.get_title() for a in axes[:3]] == ["reference", *(f"{name}\n{dB:.1f} dB" for name, dB in quality.items())]
    np.testing.assert_allclose(axes[1].images[0].get_array(), np.rot90(reconstructions["zero-filled"]))
    np.testing.assert_allclose(axes[5].images[0].get_array(), np.rot90(reference * 0.01))
    assert axes[4].images[0].get_clim() == axes[5].images[0].get_clim()


def test_the_gain_is_drawn_for_each_slice_and_their_mean():
    rows = [
        {"method": method, "slice": k, "images": n, "psnr": 20 + k + n * (method == "network")}
        for method, counts in (("network", (0, 2, 8)), ("zero_filled", (0,)))
        for k in (0, 1)
        for n in counts
    ]
    (axes,) = gain_figure(rows).axes
    thin, thick = axes.lines[:2], axes.lines[2]
    assert [list(line.get_ydata()) for line in thin] == [[20, 22, 28], [21, 23, 29]]
    assert list(thick.get_xdata()) == [0, 2, 8]
    assert list(thick.get_ydata()) == [20.5, 22.5, 28.5]
    assert axes.lines[3].get_ydata()[0] == 20.5
    with pytest.raises(ReconError, match="no row of a network"):
        gain_figure([])
