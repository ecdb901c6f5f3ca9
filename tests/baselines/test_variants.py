"""The readings of the baseline: their weights, and that a name is its own."""

from dataclasses import FrozenInstanceError

import pytest

from recon_lib.baselines.variants import VARIANTS, Variant
from recon_lib.baselines.wavelets import TAPS


def test_variants_are_the_documented_ones():
    weights = {name: (v.wavelet_weight, v.tv_weight, v.real, v.wavelet) for name, v in VARIANTS.items()}
    assert weights == {
        "literal": (1e-3, 0, False, "db2"),
        "tv0.01": (1e-3, 0.01, False, "db2"),
        "tv0.002": (1e-3, 0.002, False, "db2"),
        "real": (1e-3, 0, True, "db2"),
        "real+tv0.002": (1e-3, 0.002, True, "db2"),
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_known_by_its_name_and_says_what_it_is(name):
    variant = VARIANTS[name]
    assert variant.name == name
    assert variant.wavelet in TAPS
    assert name.startswith("real") == variant.real
    assert float(name.partition("tv")[2] or 0) == variant.tv_weight
    with pytest.raises(FrozenInstanceError):
        variant.tv_weight = 1.0


def test_a_variant_of_one_s_own_is_literal_but_for_its_name():
    assert Variant("literal") == VARIANTS["literal"]
    assert Variant("own") != VARIANTS["literal"]
