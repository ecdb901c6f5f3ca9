"""Rounding to the integers of a file: never by more than half a step, and only where the steps are fine enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recon_lib.scans.storage import STEPS, Storage, Stored, store

VOLUME = np.linspace(0, 900, 4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)
TYPES = [np.dtype(name) for name in ("uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64")]


@given(
    dtype=st.sampled_from(TYPES),
    slope=st.sampled_from([None, 1.0, -1.0, 0.031, 3e-7, 40.0]),
    intercept=st.sampled_from([0.0, -1024.0, 12.5]),
    scale=st.sampled_from([1e-6, 1e-3, 1.0, 1e3, 1e6]),
)
def test_no_value_changes_by_more_than_half_a_step_and_a_step_is_fine(dtype, slope, intercept, scale):
    volume = VOLUME * np.float32(scale)
    stored = store(volume, Storage(dtype, slope, intercept), float)
    assert stored.array.dtype == dtype
    values = stored.array.astype(np.float64) * stored.slope + stored.intercept
    error = np.abs(values - volume).max()
    facts = stored.facts()
    assert error <= facts["largest rounding error"] * (1 + 1e-6)
    coarsest = max(1 / STEPS, 1 / np.iinfo(dtype).max)
    assert facts["largest rounding error"] <= volume.max() * coarsest / 2 * 1.001
    assert (facts["type"], facts["slope"], facts["intercept"]) == (str(dtype), stored.slope, stored.intercept)


@pytest.mark.parametrize(
    ("storage", "slope", "intercept"),
    [
        (Storage(np.dtype(np.int16)), 1.0, 0.0),
        (Storage(np.dtype(np.int16), 0.5, 3.0), 0.5, 3.0),
        (Storage(np.dtype(np.int16), -0.5, 3.0), -0.5, 3.0),
        (Storage(np.dtype(np.uint16), 0.5, 3.0), 900 / 65535, 0.0),  # a stored zero would be worth 3
        (Storage(np.dtype(np.int16), 0.01), 900 / 32767, 0.0),  # too fine to reach the maximum
        (Storage(np.dtype(np.int16), 2.0), 900 / 32767, 0.0),  # 450 steps are too coarse
        (Storage(np.dtype(np.uint8)), 900 / 255, 0.0),
        (Storage(np.dtype(np.int16), None), 900 / 32767, 0.0),
    ],
)
def test_the_scale_of_the_file_is_kept_where_it_fits(storage, slope, intercept):
    stored = store(VOLUME, storage, float)
    assert stored.slope == pytest.approx(slope, rel=1e-5)
    assert stored.intercept == intercept


def test_a_header_s_precision_is_respected():
    stored = store(VOLUME, Storage(np.dtype(np.int16), None), lambda slope: round(slope + 0.05, 1))
    assert stored.slope == 0.1
    np.testing.assert_array_equal(stored.array, np.rint(VOLUME.astype(np.float64) / 0.1))


@pytest.mark.parametrize(
    ("storage", "dtype"),
    [
        (Storage(np.dtype(np.int16)), np.int16),
        (Storage(np.dtype(np.uint8)), np.float32),  # 900 does not fit
        (Storage(np.dtype(np.int16), 0.5), np.float32),
        (Storage(np.dtype(np.int16), None), np.float32),
        (None, np.float32),
    ],
)
def test_without_room_for_a_slope_whole_numbers_stay_only_if_they_are_fine(storage, dtype):
    stored = store(VOLUME, storage, None)
    assert stored.array.dtype == dtype
    assert np.abs(stored.array - VOLUME).max() <= 0.5
    coarse = store(VOLUME / 10, storage, None)
    np.testing.assert_array_equal(coarse.array, VOLUME / 10)


def test_floats_stay_as_they_are_and_nothing_is_nothing():
    assert store(VOLUME, None, float).facts() == {"type": "float32"}
    assert Stored(VOLUME).array is VOLUME
    assert not store(VOLUME * 0, Storage(np.dtype(np.int16)), float).array.any()
