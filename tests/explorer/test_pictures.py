"""What the page stores of a picture: differences to half a step, never clipped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import seeds

from recon_lib.explorer import pictures


@given(seeds, st.floats(0.001, 3))
def test_a_stored_difference_is_right_to_half_a_step(seed, size):
    rng = np.random.default_rng(seed)
    reference = rng.random((7, 5))
    image = reference + size * rng.uniform(-1, 1, (7, 5))
    codes, step = pictures.encode_difference(image, reference)
    assert codes.dtype == np.uint8
    assert step >= pictures.STEP
    error = np.abs(pictures.decode_difference(codes, step) - (image - reference))
    assert error.max() <= step / 2 + 1e-12


def test_a_large_difference_is_never_clipped():
    codes, step = pictures.encode_difference(np.array([[2.0, -2.0, 0.0]]), np.zeros((1, 3)))
    assert codes.tolist() == [[255, 1, 128]]
    assert pictures.decode_difference(codes, step) == pytest.approx(np.array([[2.0, -2.0, 0.0]]))
