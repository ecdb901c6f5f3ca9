"""Slices of a scan and back: the axes of the body, the numbers of slices, and what no scan may hold."""

import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.scans.scan import Scan

SHAPE = (4, 5, 6)
CODES = [
    "".join(c)
    for p in itertools.permutations("RAS")
    for c in itertools.product(*((x, {"R": "L", "A": "P", "S": "I"}[x]) for x in p))
]


def volume():
    return np.arange(1, 1 + np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)


def make_scan(codes="RAS", array=None, **changes):
    array = volume() if array is None else array
    affine = nibabel.orientations.inv_ornt_aff(
        nibabel.orientations.ornt_transform(
            nibabel.orientations.axcodes2ornt(tuple("RAS")), nibabel.orientations.axcodes2ornt(tuple(codes))
        ),
        array.shape,
    )
    directions = "".join(nibabel.aff2axcodes(affine))
    if directions != codes:  # the transform is its own inverse only for flips
        affine = np.linalg.inv(affine)
    return Scan(Path("scan.nii"), "nifti", array, affine, array.shape, **changes)


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal", "0", "1", "2", None])
def test_slices_go_back_to_where_they_were(codes, plane):
    scan = make_scan(codes)
    np.testing.assert_array_equal(scan.restore(scan.slices(plane), plane), scan.array)


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize(
    ("plane", "normal", "rows", "columns"),
    [("axial", "SI", "LR", "AP"), ("coronal", "AP", "LR", "SI"), ("sagittal", "LR", "AP", "SI")],
)
def test_a_plane_is_the_body_s_whatever_the_file_s_axes(codes, plane, normal, rows, columns):
    """By hand, with the letters alone: which axis of the file runs along which of the body."""
    scan = make_scan(codes)
    names = "".join(nibabel.aff2axcodes(scan.affine))
    place = {letters: next(k for k, c in enumerate(names) if c in letters) for letters in ("LR", "AP", "SI")}
    expected = scan.array.transpose(place[normal], place[rows], place[columns])
    for axis, letters in ((1, rows), (2, columns)):
        if names[place[letters]] != {"LR": "L", "AP": "A", "SI": "S"}[letters]:
            expected = np.flip(expected, axis)
    np.testing.assert_array_equal(scan.slices(plane), expected)
    assert scan.axis(plane) == place[normal]


def test_a_single_slice_is_cut_along_its_short_axis_unless_told_otherwise():
    scan = make_scan("RAS", volume()[:, :1])
    assert scan.axis() == 1
    assert scan.axis("axial") == 2
    assert scan.slices().shape == (1, 4, 6)


def test_without_geometry_the_first_axis_counts_slices():
    scan = Scan(Path("a.npy"), "npy", volume())
    np.testing.assert_array_equal(scan.slices(), volume())
    np.testing.assert_array_equal(scan.slices("2"), np.moveaxis(volume(), 2, 0))
    np.testing.assert_array_equal(scan.restore(scan.slices("2"), "2"), volume())
    with pytest.raises(ReconError, match=r"a\.npy has no geometry, so no coronal slices: give --axis 0, 1 or 2\."):
        scan.slices("coronal")


def test_k_space_has_one_axis_of_slices():
    scan = Scan(Path("k.npy"), "kspace", volume().astype(np.complex64))
    assert scan.axis() == scan.axis("0") == 0
    with pytest.raises(ReconError, match="k-space, slice by slice: leave out --axis axial"):
        scan.axis("axial")


def test_an_unknown_axis_is_named():
    with pytest.raises(ReconError, match="Unknown axis 'axal': did you mean 'axial'"):
        make_scan().slices("axal")


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.full(SHAPE, np.nan, np.float32), r"scan\.nii holds 120 NaN or infinite values"),
        (np.zeros(SHAPE, np.float32), r"scan\.nii is zero everywhere: leave this scan out"),
        (np.zeros((0, 4, 4), np.float32), r"shape \(0, 4, 4\): a scan has three axes, none of them empty"),
        (np.ones((4, 4), np.float32), "a scan has three axes"),
        (volume() - 60, "holds values down to -59, and a magnitude is never negative"),
    ],
)
def test_what_is_no_scan_is_refused(array, sentence):
    with pytest.raises(ReconError, match=sentence):
        Scan(Path("scan.nii"), "nifti", array)


def test_a_little_below_zero_is_what_interpolation_leaves():
    array = volume()
    array[0, 0, 0] = -0.009 * array.max()
    assert make_scan(array=array).array.min() < 0
    array[0, 0, 0] = -0.011 * array.max()
    with pytest.raises(ReconError, match="never negative"):
        make_scan(array=array)


@pytest.mark.parametrize("affine", [np.diag([1.0, 1.0, 0.0, 1.0]), np.full((4, 4), np.nan)])
def test_an_affine_that_leads_nowhere_is_refused(affine):
    with pytest.raises(ReconError, match="does not say where its voxels are"):
        Scan(Path("scan.nii"), "nifti", volume(), affine)
