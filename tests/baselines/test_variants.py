"""The readings of the baseline: their weights, and that a name is its own."""

from dataclasses import FrozenInstanceError

import pytest

from recon_lib.baselines.variants import SEARCHED, VARIANTS, Variant, find_variant
from recon_lib.baselines.wavelets import TAPS
from recon_lib.core.errors import ReconError


def test_variants_are_the_documented_ones():
    weights = {name: (v.wavelet_weight, v.tv_weight, v.real, v.wavelet) for name, v in VARIANTS.items()}
    assert weights == {
        "literal": (1e-3, 0, False, "db2"),
        "tv0.01": (1e-3, 0.01, False, "db2"),
        "tv0.002": (1e-3, 0.002, False, "db2"),
        "real": (1e-3, 0, True, "db2"),
        "real+tv0.002": (1e-3, 0.002, True, "db2"),
        "real+tuned": (1e-3, 1e-3, True, "db2"),
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_known_by_its_name_and_says_what_it_is(name):
    variant = VARIANTS[name]
    assert variant.name == name
    assert variant.wavelet in TAPS
    assert name.startswith("real") == variant.real
    if not name.endswith("tuned"):
        assert float(name.partition("tv")[2] or 0) == variant.tv_weight
    with pytest.raises(FrozenInstanceError):
        variant.tv_weight = 1.0


def test_a_variant_of_one_s_own_is_literal_but_for_its_name():
    assert Variant("literal") == VARIANTS["literal"]
    assert Variant("own") != VARIANTS["literal"]


def test_the_searched_weights_are_those_of_their_names():
    assert len(SEARCHED) == 9
    for name, variant in SEARCHED.items():
        _, wavelet, tv = name.split("+")
        assert (variant.name, variant.real) == (name, True)
        assert (float(wavelet.removeprefix("w")), float(tv.removeprefix("tv"))) == (
            variant.wavelet_weight,
            variant.tv_weight,
        )


def test_a_variant_is_found_by_its_name_and_an_unknown_one_is_refused():
    assert find_variant("real") is VARIANTS["real"]
    assert find_variant("real+w0.001+tv0.0005").tv_weight == 0.0005
    with pytest.raises(ReconError, match="Unknown variant of compressed sensing 'reel': did you mean 'real'"):
        find_variant("reel")
