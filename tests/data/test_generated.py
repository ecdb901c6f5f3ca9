import time

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.data import domains, generated
from recon_lib.data.domains import Domain

SMALL = Domain(source="generated", matrix=(21, 32), images=7)


@pytest.mark.parametrize(("name", "split"), [("natural", "train"), ("t1", "train"), ("t2", "pool"), ("t2", "test")])
def test_images_are_as_real_ones_are(name, split):
    images = domains.load_images(name, split, SMALL)
    assert images.images.shape == (7, 21, 32)
    assert images.images.dtype == np.float32
    assert images.images.min() >= 0
    assert images.images.max() <= 1
    if name == "natural":
        assert set(images.scales) == {100.0}
    else:
        np.testing.assert_array_equal(images.images.max((1, 2)), 1)
        assert len(set(images.subjects)) > 1
        assert len(set(zip(images.subjects, images.slices, strict=True))) == 7
        assert all(scale > 100 for scale in images.scales)
    assert len({image.tobytes() for image in images.images}) == 7


def test_defaults_need_no_data_and_no_cache(tmp_path):
    images = domains.load_images("t1", "train", Domain(source="generated"))
    assert images.images.shape == (12, 40, 48)
    assert not (tmp_path / "cache").exists()


def test_the_same_bits_every_time_and_no_others():
    reference = domains.load_images("t1", "test", SMALL)
    np.random.seed(1)
    state = np.random.get_state()[1].tolist()
    assert domains.load_images("t1", "test", SMALL).sha256 == reference.sha256
    assert np.random.get_state()[1].tolist() == state
    others = [domains.load_images(*name, SMALL).sha256 for name in (("t1", "train"), ("t1", "pool"), ("t2", "test"))]
    assert len({reference.sha256, *others}) == 4


def test_more_images_begin_with_the_same_photographs():
    few, many = (domains.load_images("natural", "train", Domain("generated", (16, 16), n)) for n in (3, 9))
    np.testing.assert_array_equal(many.images[:3], few.images)


def test_no_subject_is_in_two_splits():
    people = [set(domains.load_images("t1", s, SMALL).subjects) for s in ("train", "pool", "test")]
    assert sum(map(len, people)) == len(set.union(*people))


def test_domains_differ_in_their_statistics():
    """Background is dark in MR only; the ventricles, in the middle, are dark in T1 and bright in T2."""
    natural, t1, t2 = (
        domains.load_images(n, "train", Domain("generated", (40, 48), 12)).images for n in ("natural", "t1", "t2")
    )
    assert (natural < 0.02).mean() < 0.1 < (t1 < 0.02).mean()
    assert t1[:, 20:23, 23:26].mean() < 0.5 * t2[:, 20:23, 23:26].mean()


def test_it_takes_milliseconds():
    start = time.process_time()
    domains.load_images("t1", "train", Domain("generated", (48, 48), 24))
    assert time.process_time() - start < 1


def test_none_and_too_many_are_refused():
    with pytest.raises(ReconError, match="images is 1 or more, not 0"):
        domains.load_images("t1", "train", Domain("generated", None, 0))
    with pytest.raises(ReconError, match="13 slices of t1/train were asked for: it has 12"):
        domains.load_images("t1", "train", Domain("generated")).first(13)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("natural", (0.455578, 0.095734, 0.301592, 0.627168)),
        ("t1", (0.268587, 0.329746, 0.219220, 0.617939)),
        ("t2", (0.201517, 0.231812, 0.950579, 0.467351)),
    ],
)
def test_generated_images_stay_what_they_were(name, expected):
    # The names of runs say only that images were generated, so other images would be other results under old names.
    first, second = generated.generate(name, "test", (21, 32), 2).images.astype(np.float64)
    np.testing.assert_allclose((first.mean(), second.std(), first[10, 16], second[7, 20]), expected, atol=2e-6)
