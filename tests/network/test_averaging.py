"""The averaged weights are the mean that is computed by hand, also after a stop."""

import keras
import numpy as np
import pytest
from keras import ops

from recon_lib.network.averaging import Average


def variables():
    return [keras.Variable(np.zeros((2, 3), np.float32)), keras.Variable(np.zeros(4, np.float32))]


def values(weights):
    return [ops.convert_to_numpy(variable) for variable in weights]


def steps(count):
    rng = np.random.default_rng(0)
    return [
        [rng.standard_normal((2, 3)).astype(np.float32), rng.standard_normal(4).astype(np.float32)]
        for _ in range(count)
    ]


def make(average, weights, states):
    for state in states:
        for variable, value in zip(weights, state, strict=True):
            variable.assign(value)
        average.add()


@pytest.mark.parametrize(("share", "count"), [(0.5, 5), (0.25, 2), (1.0, 10), (0.001, 1)])
def test_the_mean_of_the_last_updates_by_hand(share, count):
    weights, states = variables(), steps(10)
    average = Average(weights, 10, share)
    make(average, weights, states)
    assert average.count == count
    average.install()
    for result, *column in zip(values(weights), *states[-count:], strict=True):
        np.testing.assert_allclose(result, np.mean(column, axis=0), atol=1e-6)


def test_before_the_last_updates_the_weights_stay():
    weights, states = variables(), steps(4)
    average = Average(weights, 10, 0.5)
    make(average, weights, states)
    average.install()
    np.testing.assert_array_equal(values(weights)[0], states[-1][0])


def test_an_average_that_was_stopped_ends_alike():
    weights, states = variables(), steps(10)
    average = Average(weights, 10, 0.5)
    make(average, weights, states[:7])
    fresh = Average(weights, 10, 0.5)
    fresh.restore(average.arrays(), 7)
    make(fresh, weights, states[7:])
    fresh.install()
    np.testing.assert_allclose(values(weights)[1], np.mean([state[1] for state in states[5:]], axis=0), atol=1e-6)


def test_the_mean_is_installed_for_a_while():
    weights, states = variables(), steps(2)
    average = Average(weights, 2, 1.0)
    make(average, weights, states)
    with average.installed():
        np.testing.assert_allclose(values(weights)[0], (states[0][0] + states[1][0]) / 2, atol=1e-6)
    np.testing.assert_array_equal(values(weights)[0], states[1][0])
