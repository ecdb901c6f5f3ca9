"""What names, sidecars and headers of volumes say: the part of complex images, and how numbers are stored."""

import json

import nibabel
import numpy as np
import pytest
from scan_files import head, save_meta, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.scans.headers import complex_part, read_storage


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("sub-01_part-phase_GRE.nii.gz", "phase"),
        ("sub-01_part-PHASE_run-1_GRE.nii", "phase"),
        ("sub-01_part-real_GRE.nii.gz", "real part"),
        ("sub-01_part-imag_bold.mgz", "imaginary part"),
        ("sub-01_phasediff.nii.gz", "phase"),
        ("sub-01_phase1.nii.gz", "phase"),
        ("gre_e1_ph.nii.gz", "phase"),
        ("gre_imaginary.mha", "imaginary part"),
        ("sub-01_part-mag_GRE.nii.gz", ""),
        ("sub-01_T1w.nii.gz", ""),
        ("real_patient.nii.gz", ""),
        ("phase.nii", ""),
        ("graph.nii", ""),
    ],
)
def test_a_part_of_complex_images_is_recognised_by_its_name(tmp_path, name, part):
    assert complex_part(tmp_path / name) == part


@pytest.mark.parametrize(
    ("sidecar", "part"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, "phase"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "REAL"]}, "real part"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, ""),
        ({"EchoTime": 1}, ""),
        (["P"], ""),
    ],
)
def test_a_part_of_complex_images_is_recognised_by_its_sidecar(tmp_path, sidecar, part):
    (tmp_path / "a.json").write_text(json.dumps(sidecar))
    assert complex_part(tmp_path / "a.nii.gz") == part
    (tmp_path / "a.json").write_text("no json")
    assert complex_part(tmp_path / "a.nii.gz") == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_type_of_a_nifti_and_of_a_meta_image_is_read(tmp_path, dtype):
    volume = head(peak=200)
    for path in (save_nifti(tmp_path / "a.nii.gz", volume, dtype=dtype), save_meta(tmp_path / "a.mha", volume, dtype)):
        storage = read_storage(path)
        if np.dtype(dtype).kind == "f":
            assert storage is None
        else:
            assert (storage.dtype, storage.slope, storage.intercept) == (np.dtype(dtype), 1.0, 0.0)


def test_slope_and_intercept_of_a_nifti_are_read_in_any_order_of_bytes(tmp_path):
    for order in "<>":
        header = nibabel.Nifti1Header(endianness=order)
        header.set_data_dtype(np.int16)
        image = nibabel.Nifti1Image(head(), np.eye(4), header)
        image.header.set_slope_inter(0.5, -3)
        nibabel.save(image, tmp_path / "a.nii")
        storage = read_storage(tmp_path / "a.nii")
        assert (storage.dtype, storage.slope, storage.intercept) == (np.dtype(np.int16), 0.5, -3.0)


def test_the_type_of_an_mgz_is_read(tmp_path):
    nibabel.save(nibabel.MGHImage(head().astype(np.int16), np.eye(4)), tmp_path / "a.mgz")
    assert read_storage(tmp_path / "a.mgz").dtype == np.int16


def test_a_header_that_is_gone_is_one_sentence(tmp_path):
    with pytest.raises(ReconError, match=r"Cannot read the header of .*a\.nii"):
        read_storage(tmp_path / "a.nii")
