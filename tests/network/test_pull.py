"""The pull is the proximal step by hand; an infinite one leaves the weights as they were, to the bit."""

import keras
import numpy as np
import pytest
from keras import ops

from recon_lib.network.pull import Pull

START = np.array([1.0, -0.3, 0.1], np.float32)
MOVED = np.array([1.5, -0.3, 0.7], np.float32)


@pytest.mark.parametrize(
    ("strength", "rate", "share"), [(10.0, 0.1, 0.5), (3.0, 1.0, 0.25), (0.0, 0.1, 1.0), (10.0, 0.0, 1.0)]
)
def test_the_step_by_hand(strength, rate, share):
    variable = keras.Variable(START)
    pull = Pull([variable], strength)
    variable.assign(MOVED)
    pull.apply(rate)
    np.testing.assert_allclose(ops.convert_to_numpy(variable), START + share * (MOVED - START), rtol=1e-6)


def test_the_step_is_the_minimum_of_the_proximal_objective():
    variable = keras.Variable(START)
    pull = Pull([variable], 4.0)
    variable.assign(MOVED)
    pull.apply(0.2)
    grid = START[:, None] + np.linspace(-1, 1, 20001)
    objective = (grid - MOVED[:, None]) ** 2 / (2 * 0.2) + 4.0 / 2 * (grid - START[:, None]) ** 2
    expected = np.take_along_axis(grid, objective.argmin(axis=1)[:, None], 1)[:, 0]
    np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, atol=1e-4)


def test_an_infinite_pull_leaves_every_bit():
    variable = keras.Variable(START)
    pull = Pull([variable], float("inf"))
    variable.assign(MOVED)
    pull.apply(1e-5)
    np.testing.assert_array_equal(ops.convert_to_numpy(variable), START)
