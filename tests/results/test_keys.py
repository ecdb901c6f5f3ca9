"""What names a run and its picture: round trips, and the pictures' labels taken apart."""

import pytest

from recon_lib.results.keys import RunKey, split_picture

NETWORK = RunKey("network", "natural", 4000, "t1", 20, 0, "masks-power-1")


def test_a_key_keeps_the_names_it_has_in_the_order_of_a_runs_folder():
    key = RunKey(test_domain="t1", training_domain="natural", n_train=500, draw=0, n_finetune=0)
    assert list(key.to_json().items()) == [
        ("training_domain", "natural"), ("n_train", 500), ("test_domain", "t1"), ("n_finetune", 0), ("draw", 0),
    ]  # fmt: skip
    for other in (key, NETWORK, RunKey("zero_filled", test_domain="t2"), RunKey()):
        assert RunKey.from_json(other.to_json()) == other


def test_other_columns_of_a_row_are_passed_over():
    assert RunKey.from_json({**NETWORK.to_json(), "psnr": 30.0, "subject": "a"}) == NETWORK


def test_it_matches_what_a_person_says_and_nothing_else():
    assert NETWORK.matches(training_domain="natural", n_finetune=20, draw=None)
    assert not NETWORK.matches(training_domain="t1")
    assert not RunKey(n_finetune=0).matches(n_finetune=20)
    assert not NETWORK.matches(domain="natural")  # a run bears no such name


@pytest.mark.parametrize(
    ("key", "picture", "parts"),
    [
        (RunKey("zero_filled"), "zero_filled", ("zero_filled", None, None)),
        (RunKey("cs:real+tv0.002", variation="wavelet"), "cs:real+tv0.002", ("cs:real+tv0.002", None, None)),
        (NETWORK, "network-natural-4000-20", ("network-natural", 4000, 20)),
        (RunKey("network", "my-own", 8, "t1", 0), "network-my-own-8-0", ("network-my-own", 8, 0)),
    ],
)
def test_a_picture_is_labelled_by_its_method_and_taken_apart(key, picture, parts):
    assert key.picture == picture
    assert split_picture(picture) == parts
