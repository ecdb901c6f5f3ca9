"""Masks proved by their properties: count, distance, calibration, corners, seeds."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import run_python
from scipy.spatial import cKDTree

from recon_lib.core.errors import ReconError
from recon_lib.imaging import masks as library
from recon_lib.imaging.masks import (
    MaskSpec,
    assign_masks,
    calibration_block,
    mask_stack,
    minimum_distance,
    poisson_disc_mask,
)

SMALL = (64, 47)


def digest(mask: np.ndarray) -> str:
    return hashlib.sha256(mask.tobytes()).hexdigest()


@pytest.mark.parametrize("size", [(256, 256), (256, 176), (256, 192), (120, 192), (128, 128)])
def test_achieved_acceleration_is_four(size):
    for mask_set in ("train", "test"):
        mask = poisson_disc_mask(size, 3, mask_set)
        assert mask.dtype == bool
        assert mask.shape == size
        assert mask.size / mask.sum() == pytest.approx(4, abs=0.01)


@settings(max_examples=25)
@given(st.tuples(st.integers(4, 40), st.integers(4, 40)), st.floats(1, 30), st.integers(0, 5))
def test_any_acceleration_is_met_to_a_sample_or_refused(size, acceleration, index):
    try:
        mask = poisson_disc_mask(size, index, spec=MaskSpec(acceleration=acceleration))
    except ReconError as error:
        assert str(acceleration) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert mask.sum() == round(size[0] * size[1] / acceleration)


def test_acceleration_of_one_samples_everything():
    assert poisson_disc_mask(SMALL, 0, spec=MaskSpec(acceleration=1)).all()


def test_another_process_draws_the_same_mask():
    code = (
        "import hashlib; from recon_lib.imaging.masks import poisson_disc_mask as draw;"
        "print(hashlib.sha256(draw((64, 47), 7, 'test').tobytes()).hexdigest())"
    )
    assert run_python(code, PYTHONHASHSEED="1") == digest(poisson_disc_mask(SMALL, 7, "test"))


def test_order_and_company_do_not_matter():
    alone = poisson_disc_mask(SMALL, 2)
    poisson_disc_mask((50, 50), 0)
    np.testing.assert_array_equal(poisson_disc_mask(SMALL, 2), alone)
    np.testing.assert_array_equal(mask_stack(SMALL, 4)[2], alone)
    assert mask_stack(SMALL, 4, "test").shape == (4, *SMALL)


@pytest.mark.parametrize("size", [(128, 128), (120, 192), SMALL])
def test_no_two_of_both_sets_are_equal(size):
    digests = {digest(mask) for name in ("train", "test") for mask in mask_stack(size, 100, name)}
    assert len(digests) == 200


@pytest.mark.parametrize(
    "spec",
    [{"seed": 1}, {"power": 1.0}, {"calibration": 32}, {"acceleration": 5.0}, {"corners": False}, {"dither": False}],
    ids=str,
)
def test_every_field_matters(spec):
    assert digest(poisson_disc_mask(SMALL, 0)) != digest(poisson_disc_mask(SMALL, 0, spec=MaskSpec(**spec)))


def test_masks_of_another_index_set_or_seed_share_samples_by_chance_alone():
    outside = ~calibration_block(SMALL)
    first = poisson_disc_mask(SMALL, 0) & outside
    others = (
        poisson_disc_mask(SMALL, 1),
        poisson_disc_mask(SMALL, 0, "test"),
        poisson_disc_mask(SMALL, 0, spec=MaskSpec(seed=1)),
    )
    for mask in others:
        assert (first & mask).sum() < 0.5 * first.sum()


def test_the_seed_draws_other_darts_at_the_same_strength(monkeypatch):
    # The strength is bisected with the seed too, so two seeds' masks differ a little even if their darts are the same.
    strength = library._strength(SMALL, MaskSpec())
    monkeypatch.setattr(library, "_strength", lambda size, spec: strength)
    outside = ~calibration_block(SMALL)
    mask, another = (poisson_disc_mask(SMALL, 0, spec=MaskSpec(seed=seed)) & outside for seed in (0, 1))
    assert (mask & another).sum() < 0.5 * mask.sum()


def test_power_moves_samples_from_the_middle_to_the_edge():
    y, x = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in (96, 96))
    radius = np.hypot(y[:, None], x[None, :])
    ring = (radius > 0.2) & (radius < 0.5)
    near = [mask_stack((96, 96), 5, spec=MaskSpec(power=power))[:, ring].mean() for power in (1.0, 2.0, 3.0)]
    # The steeper the growth, the more room the corners take and the denser the middle must be.
    assert near[0] < near[1] < near[2]


def test_distance_grows_with_the_radius_as_stated():
    distance = minimum_distance((128, 96), MaskSpec(power=3.0, calibration=32), strength=2.5)
    assert distance[64, 48] == 1
    assert distance[64 + 8, 48] == 1  # rho = 8 / 64 = 32 / 256: the calibration block's edge
    assert distance[64 + 32, 48] == pytest.approx(1 + 2.5 * (0.5 - 0.125) ** 3)
    assert distance[64, 48 - 24] == pytest.approx(1 + 2.5 * (0.5 - 0.125) ** 3)
    assert distance[0, 0] == pytest.approx(1 + 2.5 * (2**0.5 - 0.125) ** 3)


def smallest_excess(mask: np.ndarray, spec: MaskSpec | None = None, weaker: int = 0) -> int:
    """Return the smallest of ``d^2 - floor(min(r1, r2)^2)`` over pairs of samples outside the block.

    ``weaker`` is how often the strength was lowered by a hundredth.
    """
    radius = 1 + (minimum_distance(mask.shape, spec) - 1) * 0.99**weaker
    points = np.argwhere(mask & ~calibration_block(mask.shape, spec))
    pairs = cKDTree(points).query_pairs(radius.max() + 1, output_type="ndarray")
    squared = ((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1)
    r = radius[tuple(points.T)]
    return int((squared - np.floor(np.minimum(r[pairs[:, 0]], r[pairs[:, 1]]) ** 2)).min())


@pytest.mark.parametrize("size", [(128, 128), (120, 192), (256, 176), SMALL])
def test_samples_keep_their_distance(size):
    for index in range(3):
        mask = poisson_disc_mask(size, index, "test")
        assert smallest_excess(mask) >= 0
    # The law means something: in the corner it forbids neighbours, and as many samples at random break it.
    assert minimum_distance(size)[0, 0] > 2
    shuffled = np.random.default_rng(0).permuted(mask, axis=None).reshape(size)
    assert smallest_excess(shuffled | calibration_block(size)) < 0


@pytest.mark.parametrize("size", [(128, 128), (120, 192)])
@pytest.mark.parametrize("acceleration", [2, 6, 8, 10])
def test_masks_of_low_and_high_acceleration_leave_room_around_the_calibration(size, acceleration):
    spec = MaskSpec(acceleration=acceleration)
    mask, block = poisson_disc_mask(size, 1, "test", spec), calibration_block(size, spec)
    assert mask.sum() == round(mask.size / acceleration)
    assert mask[block].all()
    assert block.sum() < 0.1 * mask.sum()
    assert smallest_excess(mask, spec, weaker=3) >= 0
    quarter = mask[: size[0] // 4, : size[1] // 4]  # the corner, the emptiest part, is not left out
    assert 0 < quarter.mean() < mask.mean()


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((256, 256), (116, 140), (116, 140)),
        ((256, 176), (116, 140), (80, 96)),  # 24 * 176 / 256 = 16.5, rounded to even
        ((128, 128), (58, 70), (58, 70)),
        ((120, 192), (55, 66), (87, 105)),  # 11.25 -> 11 and 18
    ],
)
def test_calibration_block_is_scaled_and_fully_sampled(size, rows, columns):
    expected = np.zeros(size, bool)
    expected[slice(*rows), slice(*columns)] = True
    np.testing.assert_array_equal(calibration_block(size), expected)
    assert mask_stack(size, 3)[:, expected].all()


def test_calibration_of_another_size_is_sampled_instead():
    wide, none = MaskSpec(calibration=64), MaskSpec(calibration=0)
    assert calibration_block(SMALL, wide).sum() == 16 * 12
    assert mask_stack(SMALL, 3, spec=wide)[:, calibration_block(SMALL, wide)].all()
    assert not calibration_block(SMALL, none).any()
    without = mask_stack(SMALL, 10, spec=none)
    assert (without.sum(axis=(1, 2)) == round(SMALL[0] * SMALL[1] / 4)).all()
    assert not without[:, calibration_block(SMALL)].all()


def test_corners_and_edges_are_sampled():
    density = mask_stack((128, 128), 60).mean(axis=0)
    corners = [density[rows, columns].mean() for rows in (np.s_[:8], np.s_[-8:]) for columns in (np.s_[:8], np.s_[-8:])]
    assert min(corners) > 0.01
    assert max(corners) < 0.2  # and thinly
    # No side is favoured: all four corners have the same density to within chance.
    assert max(corners) - min(corners) < 0.02


@pytest.mark.parametrize("size", [(128, 128), SMALL])
def test_without_corners_an_ellipse_is_sampled_at_the_same_acceleration(size):
    spec = MaskSpec(corners=False)
    y, x = (np.abs(np.arange(n) - n // 2) / (n / 2) for n in size)
    radius = np.hypot(y[:, None], x[None, :])
    stack = mask_stack(size, 20, spec=spec)
    assert not stack[:, radius > 1].any()
    assert stack[:, (radius > 0.9) & (radius <= 1)].mean() > 0.02  # and up to its edge
    assert (stack.sum(axis=(1, 2)) == round(size[0] * size[1] / 4)).all()
    assert smallest_excess(stack[0], spec) >= 0


def test_more_samples_than_the_ellipse_has_are_refused():
    with pytest.raises(ReconError, match="without the corners: raise the acceleration or sample the corners"):
        poisson_disc_mask(SMALL, 0, spec=MaskSpec(acceleration=1.2, corners=False))
    mask = poisson_disc_mask(SMALL, 0, spec=MaskSpec(acceleration=1.3, corners=False))
    assert mask.sum() == round(SMALL[0] * SMALL[1] / 1.3)


@pytest.mark.parametrize("size", [(128, 128), SMALL])
def test_without_dither_every_distance_holds_exactly(size):
    def closest(dither: bool) -> float:
        spec = MaskSpec(dither=dither)
        mask = poisson_disc_mask(size, 0, spec=spec)
        points = np.argwhere(mask & ~calibration_block(size, spec))
        pairs = cKDTree(points).query_pairs(8, output_type="ndarray")
        apart = np.sqrt(((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1))
        r = minimum_distance(size, spec)[tuple(points.T)]
        return float((apart - np.minimum(r[pairs[:, 0]], r[pairs[:, 1]])).min())

    assert closest(dither=False) >= 0
    assert closest(dither=True) < 0  # else the test would pass whatever dither does
    mask = poisson_disc_mask(size, 0, spec=MaskSpec(dither=False))
    assert mask.sum() == round(size[0] * size[1] / 4)


def test_masks_are_known_by_what_is_not_the_default():
    assert MaskSpec().as_dict() == {"acceleration": 4.0, "power": 2.0, "calibration": 24, "seed": 0}
    assert MaskSpec(corners=False, dither=False).as_dict() == MaskSpec().as_dict() | {"corners": False, "dither": False}


def test_global_random_state_is_untouched():
    np.random.seed(5)
    state = np.random.get_state()[1].copy()
    poisson_disc_mask((33, 21), 0)
    assign_masks(10, 3, seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("acceleration", [0.999, 0, -4, float("nan"), float("inf"), float("-inf")])
def test_impossible_acceleration_is_refused(acceleration):
    with pytest.raises(ReconError, match="acceleration of"):
        poisson_disc_mask(SMALL, 0, spec=MaskSpec(acceleration=acceleration))


def test_acceleration_that_the_calibration_forbids_is_refused():
    # 6 x 4 calibration samples of 3008 allow 125 at most.
    with pytest.raises(ReconError, match=r"calibration block's 24: lower the acceleration or the calibration"):
        poisson_disc_mask(SMALL, 0, spec=MaskSpec(acceleration=150))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3, 64), 0), "at least 4"),
        (((64,), 0), "two sides"),
        (((64, 64, 2), 0), "two sides"),
        ((SMALL, -1), "negative"),
        ((SMALL, 0, "tset"), "did you mean 'test'"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ReconError, match=message):
        poisson_disc_mask(*arguments)


@given(st.integers(0, 300), st.integers(1, 100), st.integers(0, 99))
def test_masks_are_assigned_evenly(images, masks, seed):
    assigned = assign_masks(images, masks, seed)
    assert assigned.shape == (images,)
    counts = np.bincount(assigned, minlength=masks)
    assert len(counts) == masks
    assert counts.max() - counts.min() <= 1
    np.testing.assert_array_equal(assigned, assign_masks(images, masks, seed))


def test_assignment_is_shuffled_by_its_seed():
    assert list(assign_masks(100, 100, 0)) != list(range(100))
    assert list(assign_masks(100, 100, 0)) != list(assign_masks(100, 100, 1))


@pytest.mark.parametrize(
    ("field", "value"), [("power", -1.0), ("power", np.nan), ("power", np.inf), ("calibration", -1), ("seed", -1)]
)
def test_a_specification_that_no_mask_has_is_refused(field, value):
    with pytest.raises(ReconError, match=f"{field} {value}"):
        MaskSpec(**{field: value})


def test_at_least_one_mask_is_asked_for():
    with pytest.raises(ReconError, match="0 masks were asked for"):
        mask_stack((16, 16), 0)
