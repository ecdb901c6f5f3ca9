"""Work done ahead: in order, lazily, with errors in their place."""

import functools
import threading

import pytest

from recon_lib.core.ahead import ahead


def test_results_come_in_the_order_of_what_makes_them():
    def wait(number):
        threading.Event().wait(0.02 / (1 + number))  # the first take longest
        return number

    assert list(ahead(functools.partial(wait, number) for number in range(40))) == list(range(40))


def test_only_a_few_are_made_before_they_are_asked_for():
    made = []
    results = ahead(functools.partial(made.append, number) for number in range(1000))
    next(results)
    results.close()
    assert 1 <= len(made) <= 20


def test_an_error_is_raised_where_its_result_would_be():
    def fail():
        raise ValueError("no second")

    results = ahead([lambda: 1, fail, lambda: 3])
    assert next(results) == 1
    with pytest.raises(ValueError, match="no second"):
        next(results)


def test_nothing_gives_nothing():
    assert list(ahead([])) == []
