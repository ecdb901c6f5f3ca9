"""Voxels stand where the heads of the lines put them, in mm to the right, front and up."""

import numpy as np
import pytest
from scans.raw_files import ACQUISITION

from recon_lib.scans.geometry import geometry_of, unplaced

VOXEL = (2.0, 1.5, 4.0)  # phase encoding, readout, slice
TURN = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]


def heads(positions, axes=TURN):
    made = np.zeros(len(positions), ACQUISITION)
    made["position"] = positions
    for name, axis in zip(("phase_dir", "read_dir", "slice_dir"), axes, strict=True):
        made[name] = axis
    return made


def place(affine, *index):
    return (affine @ [*index, 1])[:3]


@pytest.mark.parametrize("size", [(6, 8), (7, 9)])
def test_the_centre_and_the_axes_are_those_of_the_header(size):
    positions = np.array([10.0, -20, 30]) + np.arange(3)[:, None] * 5 * TURN[2]
    geometry = geometry_of(heads(positions), VOXEL, size)
    assert geometry.is_placed
    to_ras = np.array([-1, -1, 1])
    centre = [n // 2 for n in size]
    for number, position in enumerate(positions):
        np.testing.assert_allclose(place(geometry.affine, *centre, number), to_ras * position, atol=1e-4)
    origin = place(geometry.affine, 0, 0, 0)
    np.testing.assert_allclose(place(geometry.affine, 1, 0, 0) - origin, to_ras * TURN[0] * 2.0, atol=1e-5)
    np.testing.assert_allclose(place(geometry.affine, 0, 1, 0) - origin, to_ras * TURN[1] * 1.5, atol=1e-5)


def test_a_single_slice_is_as_thick_as_its_field_of_view():
    affine = geometry_of(heads([[0.0, 0, 0]]), VOXEL, (6, 8)).affine
    np.testing.assert_allclose(affine[:3, 2], np.array([-1, -1, 1]) * TURN[2] * 4.0, atol=1e-5)


@pytest.mark.parametrize(
    "spoilt",
    [
        heads([[0.0, 0, 0]], np.zeros((3, 3))),
        heads([[0.0, 0, 0]], np.stack([TURN[0], TURN[0], TURN[2]])),
        heads([[0.0, 0, 0]] * 3),
        heads([[0.0, 0, 0], [0, 0, 4], [0, 0, 12]], np.eye(3)),
    ],
    ids=["no directions", "two alike", "one place", "uneven"],
)
def test_what_does_not_say_where_it_is_keeps_its_voxel_alone(spoilt):
    geometry = geometry_of(spoilt, VOXEL, (6, 8))
    assert not geometry.is_placed
    np.testing.assert_array_equal(geometry.affine, np.diag([2.0, 1.5, 4.0, 1.0]))
    np.testing.assert_array_equal(unplaced(VOXEL).affine, geometry.affine)


def test_slices_that_are_turned_against_each_other_are_not_placed():
    turned = heads([[0.0, 0, 0], [0, 0, 4]], np.eye(3))
    turned["read_dir"][1], turned["phase_dir"][1] = [1.0, 0, 0], [0, 1.0, 0]
    assert not geometry_of(turned, VOXEL, (6, 8)).is_placed
