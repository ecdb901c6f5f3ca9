"""Values of files: against pydicom's own rescaling, and by hand for padding and for bright stored as low."""

import numpy as np
import pydicom
import pytest
import SimpleITK
from dicom_files import edit, files, item, save_enhanced, save_slices
from scan_files import head as blob

from recon_lib.core.errors import ReconError
from recon_lib.scans.dicom.files import read_header
from recon_lib.scans.dicom.frames import frames_of
from recon_lib.scans.dicom.pixels import read_values

RNG = np.random.default_rng(5)


def values(path):
    return read_values(path, frames_of(path, read_header(path)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize("scale", [(1, 0), (3.1e-5, 0), (40, -7.5), (-0.25, 900)])
def test_a_value_is_stored_times_slope_plus_intercept_as_pydicom_has_it(tmp_path, dtype, scale):
    limits = np.iinfo(dtype)
    stored = RNG.integers(limits.min, limits.max, (1, 6, 9), dtype, endpoint=True)
    path = files(save_slices(tmp_path / "s", stored, RescaleSlope=scale[0], RescaleIntercept=scale[1]))[0]
    data = pydicom.dcmread(path)
    expected = pydicom.pixels.apply_modality_lut(data.pixel_array, data)
    got = values(path)
    np.testing.assert_array_equal(got.images[0], np.asarray(expected, np.float64).astype(np.float32))
    np.testing.assert_allclose(got.images[0], stored[0].astype(float) * scale[0] + scale[1], rtol=1e-6, atol=1e-3)
    assert got.dtype == dtype


def test_a_table_of_values_is_looked_up(tmp_path):
    stored = np.array([[[0, 1], [2, 3]]], np.uint8)
    path = files(save_slices(tmp_path / "s", stored))[0]
    data = pydicom.dcmread(path)
    table = pydicom.Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [4, 0, 16], "US", [5, 50, 500, 5000]
    table["LUTDescriptor"].VR = table["LUTData"].VR = "US"
    data.ModalityLUTSequence = [table]
    data.save_as(path)
    np.testing.assert_array_equal(values(path).images, [[[5, 50], [500, 5000]]])
    edit(path, PhotometricInterpretation="MONOCHROME1")
    with pytest.raises(ReconError, match="table of values and low numbers that are bright"):
        values(path)


@pytest.mark.parametrize("syntax", ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian"])
def test_the_order_of_bytes_does_not_matter(tmp_path, syntax):
    stored = RNG.integers(0, 60000, (1, 6, 9)).astype(np.uint16)
    path = files(save_slices(tmp_path / "s", stored, syntax=getattr(pydicom.uid, syntax)))[0]
    np.testing.assert_array_equal(values(path).images, stored)


PADDED = np.array([[[0, 1, 5], [6, 7, 60000]]], np.uint16)


@pytest.mark.parametrize(
    ("tags", "expected", "count"),
    [
        ({}, [0, 1, 5, 6, 7, 60000], 0),
        ({"PixelPaddingValue": 60000}, [0, 1, 5, 6, 7, 0], 1),
        ({"PixelPaddingValue": 5, "PixelPaddingRangeLimit": 7}, [0, 1, 0, 0, 0, 60000], 3),
        ({"PixelPaddingValue": 7, "PixelPaddingRangeLimit": 6}, [0, 1, 5, 0, 0, 60000], 2),
        ({"PixelPaddingValue": 0}, [0, 1, 5, 6, 7, 60000], 0),
        ({"PixelPaddingValue": 0, "RescaleSlope": 2, "RescaleIntercept": 100}, [0, 102, 110, 112, 114, 120100], 1),
        ({"PixelPaddingValue": 60000, "RescaleSlope": 2, "RescaleIntercept": 0}, [0, 2, 10, 12, 14, 0], 1),
    ],
)
def test_padding_is_compared_with_stored_numbers_and_becomes_zero(tmp_path, tags, expected, count):
    got = values(files(save_slices(tmp_path / "s", PADDED, **tags))[0])
    assert got.images.ravel().tolist() == expected
    assert got.padding == count


@pytest.mark.parametrize("representation", ["US", "SS"])
def test_padding_of_signed_pixels_may_be_given_as_unsigned_bits(tmp_path, representation):
    stored = np.array([[[-2000, 1], [5, -1]]], np.int16)
    path = files(save_slices(tmp_path / "s", stored))[0]
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", representation, -2000 + 65536 * (representation == "US"))
    data.save_as(path)
    assert values(path).images.ravel().tolist() == [0, 1, 5, -1]


@pytest.mark.parametrize(("dtype", "bits", "ends"), [(np.uint16, 12, 4095), (np.uint8, 8, 255), (np.int16, 16, -1)])
def test_bright_stored_as_low_is_counted_from_the_other_end_and_then_scaled(tmp_path, dtype, bits, ends):
    bright = np.array([[[3, 10], [100, 7]]])  # none is black, so the range of the bits matters
    stored = (ends - bright).astype(dtype)
    tags = {"PhotometricInterpretation": "MONOCHROME1", "RescaleSlope": 0.5, "RescaleIntercept": 3}
    path = files(save_slices(tmp_path / "s", stored, bits=bits, **tags))[0]
    got = values(path)
    assert got.inverted
    np.testing.assert_array_equal(got.images, bright * 0.5 + 3)


def test_bright_stored_as_low_agrees_with_itk(tmp_path):
    stored = (4095 - np.rint(np.moveaxis(blob(), 2, 0))).astype(np.uint16)
    folder = save_slices(tmp_path / "s", stored, bits=12, PhotometricInterpretation="MONOCHROME1")
    image = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(files(folder)[2])))
    np.testing.assert_array_equal(values(files(folder)[2]).images, image)


def test_frames_have_their_own_scale_and_are_taken_in_the_order_asked_for(tmp_path):
    stored = RNG.integers(0, 4000, (3, 6, 9)).astype(np.uint16)
    own = [{"PixelValueTransformationSequence": item(RescaleSlope=k + 0.5, RescaleIntercept=k)} for k in range(3)]
    path = save_enhanced(tmp_path / "e.dcm", stored, own)
    frames = frames_of(path, read_header(path))
    got = read_values(path, [frames[2], frames[0]]).images
    np.testing.assert_allclose(got, [stored[2] * 2.5 + 2, stored[0] * 0.5], rtol=1e-6)


def compress(path, stored, compressor):
    image = SimpleITK.GetImageFromArray(stored)
    writer = SimpleITK.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.SetFileName(str(path))
    image.SetMetaData("0008|0060", "MR")
    writer.Execute(image)
    edit(path, ImagePositionPatient=[0, 0, 0], ImageOrientationPatient=[1, 0, 0, 0, 1, 0], PixelSpacing=[1, 1])
    return path


@pytest.mark.parametrize("compressor", ["JPEG", "JPEG2000"])
def test_compressed_pixels_are_decoded_and_scaled_once(tmp_path, compressor):
    stored = RNG.integers(0, 4000, (1, 16, 20)).astype(np.uint16)
    path = compress(tmp_path / "c.dcm", stored, compressor)
    edit(path, RescaleSlope=2.5, RescaleIntercept=-1, PhotometricInterpretation="MONOCHROME1")
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID.is_compressed
    np.testing.assert_array_equal(values(path).images, (65535 - stored.astype(float)) * 2.5 - 1)


def test_run_lengths_are_decoded(tmp_path):
    stored = np.repeat(RNG.integers(0, 4000, (1, 6, 1)).astype(np.uint16), 9, axis=2)
    path = files(save_slices(tmp_path / "s", stored))[0]
    data = pydicom.dcmread(path)
    data.compress(pydicom.uid.RLELossless)
    data.save_as(path)
    np.testing.assert_array_equal(values(path).images, stored)


def test_what_nothing_decompresses_is_refused_in_one_sentence(tmp_path):
    path = compress(tmp_path / "c.dcm", np.ones((1, 16, 20), np.uint16), "JPEG")
    data = pydicom.dcmread(path)
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8" + bytes(60)])
    data.save_as(path)
    with pytest.raises(ReconError, match=r"Cannot decode the pixels of JPEG Lossless.*c\.dcm") as error:
        values(path)
    assert "\n" not in str(error.value)
    data.file_meta.TransferSyntaxUID = pydicom.uid.MPEG2MPML
    data.save_as(path)
    with pytest.raises(ReconError, match="export it without compression"):
        values(path)
