"""Messages: the nearest name is suggested, values are quoted in short, and counts that are too small are named."""

import numpy as np
import pytest

from recon_lib.core.errors import ReconError, at_least, choose, quote


def test_a_known_name_is_returned_and_the_nearest_one_suggested():
    assert choose("profile", "desk", ["smoke", "desk"]) == "desk"
    with pytest.raises(ReconError) as error:
        choose("profile", "dekt", iter(["smoke", "desk", "deck"]))
    assert str(error.value) == "Unknown profile 'dekt': did you mean 'desk'?"


def test_all_names_are_listed_in_order_if_none_is_near():
    with pytest.raises(ReconError) as error:
        choose("profile", "xyz", ["smoke", "desk"])
    assert str(error.value) == "Unknown profile 'xyz': choose one of desk, smoke."
    with pytest.raises(ReconError, match=r"^Unknown profile 'xyz': choose one of none\.$"):
        choose("profile", "xyz", [])


def test_names_of_any_kind_are_chosen_from_names_of_any_kind():
    with pytest.raises(ReconError, match="Unknown thing 3: choose one of 1, a"):
        choose("thing", 3, ["a", 1])


def test_short_values_are_quoted_as_they_are():
    for value in (None, "it's", 3, 1.5, [1, 2], {"a": 1}, float("nan")):
        assert quote(value) == repr(value)


@pytest.mark.parametrize("value", ["x" * 10**6, list(range(10**6)), np.zeros(10**6), {n: n for n in range(1000)}])
def test_long_values_are_quoted_in_short(value):
    assert 3 < len(quote(value)) < 200


def test_deep_values_and_endless_numbers_are_quoted_in_short():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    assert len(quote(deep)) < 20
    assert quote(16**6000) == "a number of too many digits"


@pytest.mark.parametrize("counts", [{}, {"epochs": 1}, {"epochs": None}, {"matrix": (1, 2)}, {"matrix": ()}])
def test_counts_that_are_large_enough_pass(counts):
    assert at_least(1, **counts) is None


@pytest.mark.parametrize(
    ("lowest", "counts", "sentence"),
    [
        (1, {"epochs": 3, "crop": 0}, "crop is 1 or more, not 0."),
        (0, {"batch": -1}, "batch is 0 or more, not -1."),
        (1, {"matrix": (3, -2, 0)}, "matrix is 1 or more, not -2."),
    ],
)
def test_the_count_that_is_too_small_is_named(lowest, counts, sentence):
    with pytest.raises(ReconError) as error:
        at_least(lowest, **counts)
    assert str(error.value) == sentence


def test_an_error_of_ours_is_a_value_error():
    assert issubclass(ReconError, ValueError)
