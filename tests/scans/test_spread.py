"""The spread is the standard deviation over masks and networks, by hand; it is refused where nothing can be drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scan_files import head, tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c
from recon_lib.network.cascade import copy_cascade
from recon_lib.scans.reconstruct import open_network, reconstruct_scan
from recon_lib.scans.scan import Scan
from recon_lib.scans.spread import check_spread, describe, spread_figure, spread_of


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return open_network(tiny_network(tmp_path_factory.mktemp("net") / "n.safetensors"))


@pytest.fixture(scope="module")
def other(network):
    """A network of other weights."""
    cascade = copy_cascade(network.cascade)
    cascade.set_weights([weight * 1.3 for weight in cascade.get_weights()])
    return replace(network, cascade=cascade, name="other", sha256="f" * 64)


def scan(volume=None):
    volume = np.moveaxis(head(), 2, 0) if volume is None else volume
    return Scan(Path("a.npy"), "npy", volume, shape=volume.shape)


def test_the_spread_over_masks_by_hand(network):
    volumes = [reconstruct_scan(scan(), network, acceleration=3.0, seed=seed)[0] for seed in (7, 8, 9)]
    spread, record = spread_of(scan(), [network], 3, volumes[0], seed=7, acceleration=3.0)
    np.testing.assert_allclose(spread, np.std(volumes, axis=0, ddof=1), rtol=1e-3, atol=1e-3)
    assert spread.dtype == np.float32
    assert spread.max() > 1
    assert record["shows"] == record["intensity"] == describe(3, 1)
    assert record["networks"] == [record["network"]]


def test_the_spread_over_masks_and_networks_by_hand(network, other):
    volumes = [
        reconstruct_scan(scan(), each, acceleration=3.0, seed=seed)[0] for each in (network, other) for seed in (7, 8)
    ]
    spread, record = spread_of(scan(), [network, other], 2, volumes[0], seed=7, acceleration=3.0)
    np.testing.assert_allclose(spread, np.std(volumes, axis=0, ddof=1), rtol=1e-3, atol=1e-3)
    assert [each["name"] for each in record["networks"]] == ["n", "other"]
    assert record["network"]["name"] == "n"
    alone, _ = spread_of(scan(), [network, other], 1, volumes[0], seed=7, acceleration=3.0)
    np.testing.assert_allclose(alone, np.std([volumes[0], volumes[2]], axis=0, ddof=1), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("count", "networks", "words"),
    [
        (8, 1, "from 8 draws of the masks: how far the choice of samples moves it"),
        (1, 3, "from 3 networks: how far the tuning of the network moves it"),
        (8, 3, "from 8 draws of the masks by each of 3 networks: how far samples and tuning together move it"),
    ],
)
def test_it_is_labelled_as_what_it_is(count, networks, words):
    assert words in describe(count, networks)
    assert "no bound on the error" in describe(count, networks)


def test_masks_that_sample_everything_have_no_spread(network):
    volume, _ = reconstruct_scan(scan(), network, acceleration=1.0)
    spread, _ = spread_of(scan(), [network], 2, volume, acceleration=1.0)
    assert spread.max() < 1e-3 * volume.max()


def test_a_spread_that_cannot_be_is_refused():
    kspace = fft2c(np.moveaxis(head(), 2, 0)).astype(np.complex64)
    half = kspace * (np.arange(kspace.shape[2]) % 2)
    raw = replace(scan(), kind="kspace", array=half)
    for count, mask, source, words in (
        (1, False, scan(), "--spread 1 gives no spread: ask for 2"),
        (0, False, scan(), "--spread 0 gives no spread"),
        (4, True, scan(), "--spread 4 draws several masks and --mask gives one"),
        (4, False, raw, "a.npy is undersampled k-space, so its samples are fixed .* --spread 1 and name further"),
    ):
        with pytest.raises(ReconError, match=words):
            check_spread(source, count, has_mask=mask)
    with pytest.raises(ReconError, match="gives no spread"):
        check_spread(scan(), 0, has_mask=False, networks=3)
    check_spread(scan(), 2, has_mask=False)
    check_spread(raw, 1, has_mask=True, networks=2)


def test_the_map_stands_beside_its_slice_on_one_scale():
    volume = np.moveaxis(head(), 2, 0)
    spread = volume * np.arange(5)[:, None, None] / 10
    figure = spread_figure(volume, spread, upright=False)
    images = [axis.images[0] for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in figure.axes if axis.get_title()] == [
        text for place in (0, 2, 4) for text in (f"slice {place}", "standard deviation")
    ]
    np.testing.assert_array_equal(images[2].get_array(), volume[2])
    np.testing.assert_array_equal(images[3].get_array(), spread[2])
    assert {image.get_clim() for image in images[1::2]} == {(0.0, float(spread.max()))}
