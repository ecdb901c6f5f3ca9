"""The real data, where a mirror of them is at hand: counts, and the bits that published runs used."""

import numpy as np
import pytest

from recon_lib.data import domains, fetch, photographs
from recon_lib.data.manifest import load_manifest
from recon_lib.data.prepare import LIGHTNESS_SCALE

pytestmark = pytest.mark.mirror

# Number of slices, mean of all pixels, mean of the scales, sha256 of the images. T1 passes through a Fourier
# transform, whose last bit depends on the processor, so only T2's bits are the same everywhere.
EXPECTED = {
    ("t1", "train"): (720, 0.15137639, 135.544364, None),
    ("t1", "pool"): (180, 0.13396265, 157.810030, None),
    ("t1", "test"): (360, 0.15209259, 143.542069, None),
    ("t2", "train"): (230, 0.14416925, 1945.84348, "d553f710d458bb01af82d9d2eca84eb124336fc71bf3956ae18f2ee9179c2e0d"),
    ("t2", "pool"): (55, 0.13529531, 1977.61818, "725500002bcbef2302e49b34f8d1d0177c76bbfe9d550b65dd4e1f527aad7171"),
    ("t2", "test"): (114, 0.13986048, 2047.48246, "6b15d27560ad6f924e8a24ca79a9dce3b2c7a322bcd31ac265127befa63ec216"),
}


@pytest.mark.parametrize(("name", "split"), EXPECTED)
def test_brains(name, split):
    images = domains.load_images(name, split)
    count, mean, scale, sha256 = EXPECTED[name, split]
    assert images.images.shape == (count, *((120, 192) if name == "t1" else (128, 128)))
    assert set(images.subjects) == set(load_manifest().source(name, "open").splits[split])
    np.testing.assert_array_equal(images.images.max(axis=(1, 2)), 1)
    np.testing.assert_allclose(images.images.mean(dtype=np.float64), mean, rtol=1e-6)
    np.testing.assert_allclose(images.scales.mean(), scale, rtol=1e-6)
    assert sha256 is None or images.sha256 == sha256


def test_photographs():
    source = load_manifest().source("natural", "open")
    packs = [f for f in source.files if f.role == "pack"]
    registry = photographs.registry_of(source)
    stream = photographs.from_packs((fetch.obtain(f) for f in packs), registry, 1100)
    lightness = np.stack(list(stream))  # each verified by the registry's hash of its pixels
    assert lightness.shape == (1100, 256, 256)
    assert 0.3 < lightness.mean() / 255 < 0.6
    assert LIGHTNESS_SCALE == 100
