"""Masks that a user brings, in every format and order, and those that are drawn within acquired limits."""

import h5py
import numpy as np
import pytest
from scans.phantoms import ellipse
from scans.test_bart import save_cfl

from recon_lib.core.errors import ReconError
from recon_lib.imaging.masks import MaskSpec, calibration_block, mask_stack, poisson_disc_mask
from recon_lib.scans.scan_masks import drawn_masks, make_mask, read_mask

MASK = poisson_disc_mask((48, 40), 0, "test", MaskSpec(calibration=32))
COLUMNS = MASK.any(axis=0) & (np.arange(40) % 3 > 0) | (np.abs(np.arange(40) - 20) < 3)


def save(path, array):
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file["mask"] = array
    elif path.suffix == ".npz":
        np.savez(path, mask=array)
    elif path.suffix == ".cfl":
        save_cfl(path, np.asarray(array, complex))
    else:
        np.save(path, array)
    return path


@pytest.mark.parametrize("name", ["m.npy", "m.npz", "m.h5", "m.cfl"])
@pytest.mark.parametrize("factor", [1, 7.0])
def test_a_mask_is_read_from_every_format(tmp_path, name, factor):
    mask = read_mask(save(tmp_path / name, MASK * factor))
    np.testing.assert_array_equal(mask.array, MASK)
    assert mask.notes == {}


@pytest.mark.parametrize("shape", [(40,), (1, 40), (1, 1, 40, 1)])
def test_columns_serve_all_rows_of_all_slices(tmp_path, shape):
    fitted = read_mask(save(tmp_path / "m.h5", COLUMNS.reshape(shape))).fit((3, 48, 40))
    np.testing.assert_array_equal(fitted, np.broadcast_to(COLUMNS, (3, 48, 40)))


def test_a_mask_of_a_slice_or_of_all_slices():
    stack = mask_stack((48, 40), 3, "test")
    np.testing.assert_array_equal(make_mask(stack, "m").fit((3, 48, 40)), stack)
    np.testing.assert_array_equal(make_mask(MASK, "m").fit((2, 48, 40)), np.stack([MASK, MASK]))


@pytest.mark.parametrize("shape", [(3, 40, 48), (4, 48, 40), (1, 48, 39)])
def test_a_mask_of_another_size_is_refused(shape):
    stack = mask_stack((48, 40), 3, "test")
    with pytest.raises(ReconError, match=f"The mask m is 3x48x40, but the scan has {shape[0]} slices"):
        make_mask(stack, "m").fit(shape)


@pytest.mark.parametrize("size", [(48, 40), (47, 39)])
def test_a_mask_in_the_corner_order_is_turned(size):
    mask = poisson_disc_mask(size, 0, "test", MaskSpec(calibration=32))
    turned = make_mask(np.fft.ifftshift(mask), "m")
    np.testing.assert_array_equal(turned.array, mask)
    assert "so it was turned" in turned.notes["mask turned"]
    np.testing.assert_array_equal(make_mask(np.fft.ifftshift(COLUMNS), "m").array, COLUMNS)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.ones((4, 4)), "has 1 values that are not zero on 100%"),
        (np.zeros((4, 4)), "has 0 values that are not zero on 0%"),
        (np.arange(16).reshape(4, 4), "has 15 values"),
        (np.eye(4) * np.nan, "is no mask"),
        (np.ones((2, 2, 2, 2)), "a mask is"),
        (np.float32(1), "a mask is"),
    ],
)
def test_what_is_no_mask_is_refused(array, sentence):
    with pytest.raises(ReconError, match=sentence):
        make_mask(array, "m")


def test_files_that_hold_no_mask_are_refused(tmp_path):
    with pytest.raises(ReconError, match="There is no file"):
        read_mask(tmp_path / "gone.npy")
    (tmp_path / "m.txt").write_text("1 0 1")
    with pytest.raises(ReconError, match=r"m\.txt is no mask that is read"):
        read_mask(tmp_path / "m.txt")
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["kspace"] = np.ones(3)
    with pytest.raises(ReconError, match="holds no dataset 'mask'"):
        read_mask(tmp_path / "m.h5")
    (tmp_path / "n.h5").write_bytes(b"nothing")
    with pytest.raises(ReconError, match="Cannot read"):
        read_mask(tmp_path / "n.h5")


def test_drawn_masks_are_shared_in_turn():
    masks, facts = drawn_masks((25, 16, 16), MaskSpec(seed=3))
    np.testing.assert_array_equal(masks[:20], mask_stack((16, 16), 20, "test", MaskSpec(seed=3)))
    np.testing.assert_array_equal(masks[20:], masks[:5])
    assert facts == {"masks": {"power": 2.0, "calibration": 24, "seed": 3, "count": 20}}


@pytest.mark.parametrize("acceleration", [3.0, 4.0])
def test_within_limits_masks_have_the_acceleration_that_was_asked_for(acceleration):
    spec, limits = MaskSpec(acceleration), ellipse((96, 80))
    masks, _ = drawn_masks((3, 96, 80), spec, limits)
    whole, _ = drawn_masks((3, 96, 80), spec)
    assert not (masks & ~limits).any()
    assert not (masks & ~whole).any()
    np.testing.assert_allclose(limits.sum() / masks.sum(axis=(1, 2)), acceleration, rtol=0.002)
    assert (masks & calibration_block((96, 80), spec)).sum() == (whole & calibration_block((96, 80), spec)).sum()
    np.testing.assert_array_equal(drawn_masks((3, 96, 80), spec, np.ones((96, 80), bool))[0], whole)
