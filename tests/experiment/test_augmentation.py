"""What is done to tuning images is checked, and known by what is not the default."""

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment.augmentation import Augmentation

CHANGED = {"mirrors": True, "shift": 3, "intensity": 0.5, "noise": 0.02, "accelerations": (3.0, 6.0)}


def test_by_default_nothing_is_done():
    assert Augmentation().as_dict() == {}
    assert Augmentation.from_dict({}) == Augmentation()


@pytest.mark.parametrize("name", CHANGED)
def test_every_change_is_in_the_mapping_and_comes_back(name):
    changed = Augmentation(**{name: CHANGED[name]})
    assert set(changed.as_dict()) == {name}
    assert Augmentation.from_dict(changed.as_dict()) == changed


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shift": -1}, "shift is 0 or more, not -1"),
        ({"intensity": -0.5}, r"intensity .* not -0\.5"),
        ({"noise": float("inf")}, "noise .* not inf"),
        ({"noise": float("nan")}, "noise .* not nan"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    with pytest.raises(ReconError, match=words):
        Augmentation(**change)
