"""A few voxels that outshine the rest do not decide the scale; whatever is bright in many does."""

import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_files import head

from recon_lib.core import paths
from recon_lib.scans.scaling import DOMINANT, brightest_of_the_rest, limit, peaks

SLICES = np.moveaxis(head((64, 50, 3)), 2, 0)


@given(seed=st.integers(0, 99), size=st.tuples(st.integers(20, 60), st.integers(20, 60)))
def test_a_slice_is_scaled_by_its_maximum(seed, size):
    slices = np.moveaxis(head((*size, 3), seed=seed), 2, 0)
    scales, dominated = peaks(slices)
    np.testing.assert_array_equal(scales, slices.max(axis=(1, 2)))
    assert not dominated.any()
    assert limit(slices)[0] is slices


@given(factor=st.floats(5, 1000), count=st.integers(1, 4), place=st.integers(0, 2))
def test_a_few_voxels_do_not_decide(factor, count, place):
    spoilt = SLICES.copy()
    spoilt[place].flat[[100, 900, 1700, 2500][:count]] = factor * SLICES.max()
    scales, dominated = peaks(spoilt)
    np.testing.assert_array_equal(np.flatnonzero(dominated), [place])
    np.testing.assert_allclose(scales, SLICES.max(axis=(1, 2)), rtol=0.1)
    limited, _ = limit(spoilt)
    assert limited.max() == pytest.approx(scales.max())
    untouched = spoilt < scales[place]
    np.testing.assert_array_equal(limited[untouched], spoilt[untouched])


def test_many_bright_voxels_are_the_object():
    bright = SLICES.copy()
    bright[1, 20:40, 20:40] *= 20
    assert not peaks(bright)[1].any()


def test_a_slice_that_is_dim_beside_the_others_is_not_dominated():
    thin = SLICES.copy()
    thin[0] *= 0.001
    thin[0, 5, 5] = 0.5 * SLICES.max()
    assert not peaks(thin)[1].any()


def test_the_rest_leaves_out_a_thousandth_and_four_at_least():
    small, large = np.arange(100.0).reshape(1, 10, 10), np.arange(10000.0).reshape(1, 100, 100)
    assert brightest_of_the_rest(small) == [95]
    assert brightest_of_the_rest(large) == [9989]


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["sub-01_T1w", "sub-03_T1w", "sub-01_inplaneT2"])
def test_no_real_slice_is_dominated(name):
    (path,) = (paths.mirror() / "openfmri_ds000011").rglob(f"{name}.nii.gz")
    volume = np.asarray(nibabel.as_closest_canonical(nibabel.load(path)).dataobj, np.float32)
    for plane in range(3):
        slices = np.moveaxis(volume, plane, 0)
        slices = slices[slices.any(axis=(1, 2))]
        assert not peaks(slices)[1].any()
        ratio = slices.max(axis=(1, 2)) / np.maximum(
            brightest_of_the_rest(slices), brightest_of_the_rest(volume[None].reshape(1, -1, 1))
        )
        assert ratio.max() < DOMINANT
