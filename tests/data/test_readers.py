import contextlib
import gzip
import itertools
import struct

import nibabel
import numpy as np
import pytest
import SimpleITK
from data.tiny import save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.data.readers import is_volume, read_volume

ORIENTATIONS = ["RAS", "LAS", "LPS", "PIR", "SAL", "ASR"]


@pytest.fixture
def head(rng):
    return rng.integers(0, 1000, (5, 6, 7)).astype(np.int16)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_nifti_comes_out_canonical_however_it_was_stored(tmp_path, head, codes, suffix):
    canonical = nibabel.Nifti1Image(head, np.diag([1.0, 2.0, 3.0, 1.0]))
    turn = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(canonical.affine), nibabel.orientations.axcodes2ornt(tuple(codes))
    )
    volume_of_file = canonical.as_reoriented(turn)
    assert "".join(nibabel.aff2axcodes(volume_of_file.affine)) == codes
    nibabel.save(volume_of_file, tmp_path / f"v{suffix}")
    volume, voxel = read_volume(tmp_path / f"v{suffix}")
    assert volume.dtype == np.float32
    np.testing.assert_array_equal(volume, head)
    assert voxel == (1.0, 2.0, 3.0)


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_an_asked_orientation_is_where_the_axes_point(tmp_path, head, codes):
    save_nifti(tmp_path / "v.nii", head, "RAS", (1, 2, 3))
    volume, voxel = read_volume(tmp_path / "v.nii", codes)
    # By hand: each letter names an axis of RAS, and whether it runs against it.
    axes = [{"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}[c] for c in codes]
    expected = head.transpose(axes)
    for axis, code in enumerate(codes):
        if code in "LPI":
            expected = np.flip(expected, axis)
    np.testing.assert_array_equal(volume, expected)
    assert voxel == tuple(float((1, 2, 3)[a]) for a in axes)


def test_what_is_stored_in_the_asked_orientation_is_not_touched(tmp_path, head):
    save_nifti(tmp_path / "v.nii", head, "LAS")
    np.testing.assert_array_equal(read_volume(tmp_path / "v.nii", "LAS")[0], head)
    np.testing.assert_array_equal(read_volume(tmp_path / "v.nii", "RAS")[0], head[::-1])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, 1, -1)])
def test_meta_image_agrees_with_its_physical_points(tmp_path, order, signs):
    """The oracle is ITK's own map from index to a point in mm: left, back and up are positive."""
    size = (4, 5, 6)
    image = SimpleITK.Image(size, SimpleITK.sitkInt16)
    direction = np.zeros((3, 3))
    for column, (row, sign) in enumerate(zip(order, signs, strict=True)):
        direction[row, column] = sign
    image.SetDirection(direction.ravel().tolist())
    image.SetSpacing((1.0, 2.0, 3.0))
    points = {}
    for value, index in enumerate(itertools.product(*map(range, size)), start=1):
        image[index] = value
        points[value] = image.TransformIndexToPhysicalPoint(index)
    SimpleITK.WriteImage(image, str(tmp_path / "v.mha"))
    volume, voxel = read_volume(tmp_path / "v.mha")
    centre = {value: np.array([-p[0], -p[1], p[2]]) for value, p in points.items()}
    origin = np.min(list(centre.values()), axis=0)
    for value, point in centre.items():
        index = tuple(np.round((point - origin) / voxel).astype(int))
        assert volume[index] == value
    assert sorted(voxel) == [1.0, 2.0, 3.0]


def test_scaled_intensities_are_read_in_their_units(tmp_path):
    volume = np.linspace(0.0, 1.0, 8).reshape(2, 2, 2)
    image = nibabel.Nifti1Image(volume, np.eye(4))
    image.set_data_dtype(np.int16)
    nibabel.save(image, tmp_path / "v.nii")
    np.testing.assert_allclose(read_volume(tmp_path / "v.nii")[0], volume, atol=1e-4)


def test_a_series_is_not_a_volume(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.ones((3, 3, 3, 2), np.float32), np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(ReconError, match=r"shape \(3, 3, 3, 2\): a volume is 3-D"):
        read_volume(tmp_path / "v.nii")


def test_a_flat_meta_image_is_not_a_volume(tmp_path):
    SimpleITK.WriteImage(SimpleITK.Image((4, 4), SimpleITK.sitkInt16), str(tmp_path / "v.mha"))
    with pytest.raises(ReconError, match="not a 3-D volume"):
        read_volume(tmp_path / "v.mha")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_volume_with_nan_is_refused(tmp_path, value):
    volume = np.ones((3, 3, 3), np.float32)
    volume[1, 2, 0] = value
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "v.nii")
    with pytest.raises(ReconError, match="NaN or infinite"):
        read_volume(tmp_path / "v.nii")


@pytest.mark.parametrize("name", ["v.nii.gz", "v.mgz", "v.mha"])
def test_a_damaged_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"not a volume")[:-6])
    with pytest.raises(ReconError, match=f"Cannot read the volume .*{name}"):
        read_volume(tmp_path / name)


def test_other_formats_are_refused(tmp_path):
    assert is_volume(tmp_path / "A.NII.GZ")
    assert not is_volume(tmp_path / "a.dcm")
    with pytest.raises(ReconError, match=r"use \.nii"):
        read_volume(tmp_path / "a.dcm")


def nifti_bytes(volume, **header):
    content = bytearray(nibabel.Nifti1Image(volume, np.eye(4), dtype=volume.dtype).to_bytes())
    for place, packed in header.values():
        content[place : place + len(packed)] = packed
    return bytes(content)


def test_a_header_that_claims_more_than_a_scan_is_refused_before_it_is_read(tmp_path, head):
    claim = struct.pack("<hhh", 2000, 2000, 2000)
    (tmp_path / "v.nii.gz").write_bytes(gzip.compress(nifti_bytes(head, dim=(42, claim))))
    with pytest.raises(ReconError, match=r"claims to be an array of shape \(2000, 2000, 2000\)"):
        read_volume(tmp_path / "v.nii.gz")


def test_a_value_beyond_single_precision_is_infinite_and_no_warning(tmp_path, head):
    volume = head.astype(np.float64)
    volume[0, 0, 0] = 1e300
    (tmp_path / "v.nii").write_bytes(nifti_bytes(volume))
    with pytest.raises(ReconError, match="NaN or infinite values"):
        read_volume(tmp_path / "v.nii")


@pytest.mark.parametrize("kind", ["<c8", [("R", "u1"), ("G", "u1"), ("B", "u1")]], ids=["complex", "colour"])
def test_numbers_that_are_no_magnitudes_are_refused(tmp_path, kind):
    (tmp_path / "v.nii").write_bytes(nifti_bytes(np.zeros((4, 5, 6), kind)))
    with pytest.raises(ReconError, match=r"complex numbers|in colour"):
        read_volume(tmp_path / "v.nii")


@pytest.mark.parametrize("value", [np.inf, np.nan, 0.0])
def test_axes_that_point_nowhere_are_refused(tmp_path, head, value):
    image = nibabel.Nifti1Image(head, np.eye(4))
    content = bytearray(image.to_bytes())
    content[280:328] = struct.pack("<12f", *[value] * 12)
    (tmp_path / "v.nii").write_bytes(content)
    with pytest.raises(ReconError, match="affine is singular"):
        read_volume(tmp_path / "v.nii")


def test_decoders_say_nothing_on_the_error_stream(tmp_path, head, capfd):
    (tmp_path / "v.mha").write_bytes(b"ObjectType = Image\nNDims = 3\nDimSize = 9 9 9\nElementDataFile = none\n")
    offset = struct.pack("<f", -1.0)
    (tmp_path / "v.nii").write_bytes(nifti_bytes(head, offset=(108, offset)))
    for name in ("v.mha", "v.nii"):
        with contextlib.suppress(ReconError):
            read_volume(tmp_path / name)
    assert capfd.readouterr().err == ""
