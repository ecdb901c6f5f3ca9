"""Raw data that public tools make are reconstructed, and what is written is read by those tools."""

import importlib.util
import shutil
import subprocess

import h5py
import nibabel
import numpy as np
import pytest
from laws import direct_ifft2c
from scan_files import tiny_coil_network
from scans.raw_files import NOISE

from recon_lib.scans.bart import read_cfl_coils
from recon_lib.scans.coil_kspace import read_coils

GENERATOR = "ismrmrd_generate_cartesian_shepp_logan"
ismrmrd = pytest.mark.skipif(not shutil.which(GENERATOR), reason="ismrmrd-tools is not installed")
bart = pytest.mark.skipif(not shutil.which("bart"), reason="BART is not installed")
sigpy = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")


@pytest.fixture(scope="module")
def coil_net(tmp_path_factory):
    return tiny_coil_network(tmp_path_factory.mktemp("network") / "tiny.safetensors")


def execute(folder, *words):
    return subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True).stdout


def phantom(folder, *words):
    """48x48 pixels of four coils, with a readout of 96 samples and a noise scan."""
    execute(folder, GENERATOR, "-m", "48", "-c", "4", "-C", "-n", "0.01", "-o", "raw.h5", *words)
    return folder / "raw.h5"


def stored(path, name):
    with h5py.File(path) as file:
        array = file["dataset"][name][()]
    return np.squeeze(array["real"] + 1j * array["imag"])


@ismrmrd
def test_the_coils_images_of_ismrmrd_s_phantom_are_those_that_its_file_holds(tmp_path):
    path = phantom(tmp_path)
    scan = read_coils(path)
    images = stored(path, "coil_images")[:, :, 24:72]  # which have the oversampled field of view
    read = direct_ifft2c(scan.array[0])
    scale = np.vdot(images, read) / np.vdot(images, images)
    assert scale == pytest.approx(1, abs=0.01)
    noise = np.sqrt((np.abs(read - images) ** 2).mean())
    assert noise == pytest.approx(0.01 * np.sqrt(2), rel=0.05)  # the generator's, in real and in imaginary parts
    assert scan.stored.noise.shape == (4, 96)
    assert not scan.is_undersampled


@ismrmrd
@sigpy
def test_an_accelerated_phantom_of_ismrmrd_comes_back_in_its_voxels(tmp_path, run, coil_net):
    path = phantom(tmp_path, "-a", "2", "-w", "16")
    scan = read_coils(path)
    lines = scan.mask.all(axis=2)
    assert np.array_equal(scan.mask.any(axis=2), lines)
    assert lines[:, 16:32].all()
    assert np.array_equal(lines[:, :16].sum(axis=1), [8, 8])
    assert not (lines[0] & lines[1])[:16].any()
    status, out, _ = run("reconstruct", path, "--complex", "--output", tmp_path / "a.nii.gz", weights=coil_net)
    assert status == 0
    assert "k-space as acquired, 1.5-fold" in out
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert (image.shape, image.get_data_dtype()) == ((48, 48, 1, 2), np.complex64)
    assert image.header.get_zooms()[:3] == (6.25, 6.25, 6.0)
    shape = np.abs(stored(path, "phantom"))
    assert np.corrcoef(shape.ravel(), np.abs(image.dataobj)[:, :, 0, 0].ravel())[0, 1] > 0.8


@ismrmrd
@sigpy
def test_the_phantom_in_fastmri_s_layout_is_read_and_written_as_h5py_has_it(tmp_path, run, coil_net):
    """Slices, coils, readout, phase encoding, beside the header of the raw data (J. Zbontar et al., arXiv:1811.08839).

    No tool of the distribution knows that layout, so h5py puts ismrmrd's lines and header into it.
    """
    path = phantom(tmp_path)
    kspace = np.zeros((1, 4, 96, 48), np.complex64)
    with h5py.File(path) as raw, h5py.File(tmp_path / "fastmri.h5", "w") as file:
        for line in raw["dataset"]["data"][()]:
            if line["head"]["flags"] != NOISE:
                place = line["head"]["idx"]["kspace_encode_step_1"]
                kspace[0, :, :, place] = line["data"].view(np.complex64).reshape(4, 96)
        file["kspace"], file["ismrmrd_header"] = kspace, raw["dataset"]["xml"][0]
    words = ("--acceleration", "1", "--output", tmp_path / "out.h5")
    status, _, errors = run("reconstruct", tmp_path / "fastmri.h5", *words, weights=coil_net)
    assert (status, errors) == (0, [])
    with h5py.File(tmp_path / "out.h5") as file:
        image = file["reconstruction"][()]
    coils = stored(path, "coil_images")[:, :, 24:72]
    expected = np.sqrt((np.abs(coils) ** 2).sum(axis=0)).T[None]
    assert image.shape == expected.shape
    assert np.linalg.norm(image - expected) < 0.05 * np.linalg.norm(expected)


@bart
def test_bart_s_phantom_goes_through_and_bart_compares_what_is_written(tmp_path, run, coil_net):
    execute(tmp_path, "bart", "phantom", "-x48", "-s4", "-k", "raw")
    execute(tmp_path, "bart", "phantom", "-x48", "-S4", "maps")
    words = ("--maps", tmp_path / "maps.cfl", "--acceleration", "1", "--output", tmp_path / "out.cfl")
    status, _, _ = run("reconstruct", tmp_path / "raw.cfl", *words, weights=coil_net)
    assert status == 0
    assert "48\t48\t1\t1\t1" in execute(tmp_path, "bart", "show", "-m", "out")
    execute(tmp_path, "bart", "fft", "-i", "-u", "3", "raw", "coils")
    execute(tmp_path, "bart", "rss", "8", "coils", "reference")
    execute(tmp_path, "bart", "nrmse", "-t", "0.05", "reference", "out")  # which fails above five per cent
    assert read_cfl_coils(tmp_path / "out.cfl").shape == (1, 1, 48, 48)
