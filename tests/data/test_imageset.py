import hashlib

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data.imageset import ImageSet


@pytest.fixture
def images(rng):
    stack = rng.random((4, 3, 5)).astype(np.float32)
    return ImageSet("t1", "test", stack, ("a", "a", "b", "b"), (7, 8, 3, 4), np.array([1.0, 2.0, 3.0, 4.0]))


def test_first_takes_every_part(images):
    two = images.first(2)
    np.testing.assert_array_equal(two.images, images.images[:2])
    assert (two.subjects, two.slices, two.scales.tolist()) == (("a", "a"), (7, 8), [1.0, 2.0])
    assert (two.domain, two.split, len(two)) == ("t1", "test", 2)
    assert images.first(4).sha256 == images.sha256
    assert len(images.first(0)) == 0


@pytest.mark.parametrize("n", [5, -1])
def test_fewer_slices_than_asked(images, n):
    with pytest.raises(ReconError, match=f"{n} slices of t1/test were asked for: it has 4"):
        images.first(n)


def test_images_are_taken_by_their_places(images):
    chosen = images.at(np.array([3, 1]))
    np.testing.assert_array_equal(chosen.images, images.images[[3, 1]])
    assert (chosen.subjects, chosen.slices, chosen.scales.tolist()) == (("b", "a"), (4, 8), [4.0, 2.0])
    assert (chosen.domain, chosen.split) == ("t1", "test")


@pytest.mark.parametrize(("n", "places"), [(0, []), (1, [0]), (2, [0, 3]), (3, [0, 2, 3]), (4, [0, 1, 2, 3])])
def test_places_are_spread_from_the_first_to_the_last(images, n, places):
    assert images.evenly_spread(n).tolist() == places


def test_more_places_than_images_are_refused(images):
    with pytest.raises(ReconError, match="5 slices of t1/test were asked for: it has 4"):
        images.evenly_spread(5)


def test_sha256_is_of_the_bytes_in_c_order(images):
    assert images.sha256 == hashlib.sha256(images.images.tobytes("C")).hexdigest()
    changed = ImageSet("t1", "test", np.asfortranarray(images.images), images.subjects, images.slices, images.scales)
    assert changed.sha256 == images.sha256
    changed = images.images.copy()
    changed[0, 0, 0] += 1e-6
    assert ImageSet("t1", "test", changed, images.subjects, images.slices, images.scales).sha256 != images.sha256


@pytest.mark.parametrize("bad", [np.ones((3, 5), np.float32), np.ones((4, 3, 5)), np.ones((1, 4, 3, 5), np.float32)])
def test_other_arrays_are_refused(images, bad):
    with pytest.raises(ReconError, match="float32 stack"):
        ImageSet("t1", "test", bad, images.subjects, images.slices, images.scales)


def test_parts_of_different_length_are_refused(images):
    with pytest.raises(ReconError, match="differ in number"):
        ImageSet("t1", "test", images.images, images.subjects[:3], images.slices, images.scales)
