"""The record of a reconstruction goes with its images, in whatever a format has room for."""

import io
import json

import h5py
import nibabel
import numpy as np
from scans.test_write import RECORD, SAID

from recon_lib.scans.records import describe_nifti, encode_hdf5, summary


def test_the_summary_names_what_was_done():
    assert summary(RECORD) == SAID
    assert len(SAID) < 80  # what a NIfTI's header has room for
    raw = {**RECORD, "simulation": False, "acceleration": 3.812}
    assert summary({**raw, "sampling": "as acquired"}).startswith("k-space as acquired, 3.81-fold, network")
    assert summary(raw).startswith("raw k-space, 3.81-fold undersampled, network")
    assert summary({**RECORD, "network": {"name": "größer"}}).endswith("network gr??er")


def test_a_nifti_holds_the_summary_and_the_whole_record():
    header = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4)).header
    describe_nifti(header, {**RECORD, "network": {"name": "x" * 90}})
    assert header["descrip"].item().decode().startswith("SIMULATION: 4-fold")
    assert len(header["descrip"].item()) == 79
    (extension,) = header.extensions
    assert json.loads(extension.get_content())["network"] == {"name": "x" * 90}


def test_hdf5_holds_complex_images_with_the_largest_magnitude():
    images = np.array([[[3 + 4j, 1]]], np.complex64)
    with h5py.File(io.BytesIO(encode_hdf5(images, RECORD))) as file:
        np.testing.assert_array_equal(file["reconstruction"], images)
        assert file.attrs["max"] == 5
        assert json.loads(file.attrs["record"]) == RECORD
