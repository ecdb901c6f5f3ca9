"""The slice that figures show is the median of all test slices, counted by hand."""

import pytest
from fabricated import frame, row, untrained, untrained_rows

from recon_lib.core.errors import ReconError
from recon_lib.results import places


def rows(psnr):
    """Zero-filled rows of one subject, a slice a value from number 10 on, and a better method that must not count."""
    start = [row("t1", "sub-11", 10 + i, psnr=value, **untrained("zero_filled")) for i, value in enumerate(psnr)]
    return frame([*start, *(row("t1", "sub-11", 10 + i, psnr=99.0 - value) for i, value in enumerate(psnr))])


def test_the_median_is_of_all_slices_and_the_lower_of_an_even_number():
    # By size 25 (slice 12), 26 (10), 27 (13), 29 (11), 31 (14)
    assert places.median_place(rows([26.0, 29.0, 25.0, 27.0, 31.0]), "t1") == ("sub-11", 13)
    assert places.median_place(rows([26.0, 29.0, 25.0, 27.0]), "t1") == ("sub-11", 10)


def test_only_zero_filled_slices_of_the_contrast_count():
    other = untrained_rows("t2", {"zero_filled": 20.0, "cs:literal": 40.0})
    quality = places.zero_filled_psnr(frame([*rows([26.0, 29.0]).to_dict("records"), *other]), "t2")
    assert quality == {("sub-11", 41): 20.0, ("sub-12", 42): 22.0}


def test_a_contrast_that_was_not_tested_is_named():
    with pytest.raises(ReconError, match="no zero-filled slices of 't2'"):
        places.median_place(rows([26.0]), "t2")


def test_a_percentile_is_the_share_below_and_half_of_the_equal():
    quality = {("a", 1): 1.0, ("a", 2): 2.0, ("a", 3): 2.0, ("b", 1): 4.0}
    assert places.percentile(quality, ("a", 1)) == 12.5  # half of one in four
    assert places.percentile(quality, ("a", 2)) == places.percentile(quality, ("a", 3)) == 50.0
    assert places.percentile(quality, ("b", 1)) == 87.5
    with pytest.raises(ReconError, match="Slice 9 of b has no zero-filled row"):
        places.percentile(quality, ("b", 9))
