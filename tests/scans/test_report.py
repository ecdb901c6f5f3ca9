"""Reports say what was read and show it; the page needs no other file."""

import base64
import re

import numpy as np
import pytest
from scan_files import head, save_nifti

from recon_lib.imaging.fourier import fft2c
from recon_lib.imaging.masks import MaskSpec
from recon_lib.imaging.metrics import psnr
from recon_lib.scans import report
from recon_lib.scans.read import read_scan
from recon_lib.scans.sampling import acquire_scan


@pytest.fixture
def scan(tmp_path):
    return read_scan(save_nifti(tmp_path / "sub-03_T1w.nii", head((24, 28, 5)), np.diag([1.5, 1.25, 4.0, 1.0])))


@pytest.fixture
def raw(tmp_path):
    kspace = fft2c(np.moveaxis(head((24, 20, 4)), 2, 0)).astype(np.complex64)
    kspace[:, :, ::2] = 0
    np.save(tmp_path / "raw.npy", kspace)
    return read_scan(tmp_path / "raw.npy")


def test_facts_say_geometry_scale_and_what_was_noted(scan):
    facts = report.scan_facts(scan)
    assert facts["array"] == "24 x 28 x 5"
    assert facts["voxel"] == "1.5 x 1.25 x 4 mm, axes to RAS"
    assert facts["slices"] == "5 of 24 x 28, stacked along axis 2"
    assert facts["subject"] == "sub-03"
    assert facts["values"].endswith(f"to 900, median {np.median(scan.array):.6g}")
    assert report.scan_facts(scan, "coronal")["slices"].startswith("28 of 24 x 5")


def test_facts_of_k_space_say_what_was_acquired(raw):
    facts = report.scan_facts(raw)
    assert facts["acquired"].startswith("50.0%")
    assert "voxel" not in facts


def panels(figure):
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


def test_slices_are_drawn_upright_above_their_k_space(scan):
    figure = report.scan_figure(scan)
    shown = panels(figure)
    assert len(shown) == 10
    assert np.array_equal(shown[2], np.rot90(scan.slices()[2]))
    assert shown[7].max() == 0
    assert np.unravel_index(shown[7].argmax(), shown[7].shape) == (28 - 1 - 14, 12)  # the centre, turned


def test_k_space_that_was_not_acquired_is_blank(raw):
    figure = report.scan_figure(raw)
    drawn = figure.axes[-1].images[0].get_array()
    assert np.array_equal(np.ma.getmaskarray(drawn), raw.slices()[-1] == 0)


def test_reconstructions_stand_beside_the_reference_with_numbers_and_errors(scan):
    acquired = acquire_scan(scan, MaskSpec(2.0, calibration=6))
    images = report.reconstructions(acquired, acquired.target[..., 0] * 0.9)
    figure = report.comparison_figure(acquired, images)
    assert len(figure.axes) == 3 * 5
    reference = acquired.target[0, ..., 0]
    titles = [axes.get_title() for axes in figure.axes[:5]]
    expected = psnr(reference, reference * 0.9, data_range=reference.max())
    assert titles[0] == "reference"
    assert titles[2].startswith(f"network\n{expected:.1f} dB")
    assert titles[3:] == ["error, zero-filled", "error, network"]
    assert np.allclose(panels(figure)[4], np.rot90(0.1 * reference), atol=1e-6)
    flat = report.comparison_figure(acquired, images, upright=False)
    assert np.array_equal(panels(flat)[0], reference)


def test_without_a_reference_there_are_no_errors(raw):
    acquired = acquire_scan(raw)
    figure = report.comparison_figure(acquired, report.reconstructions(acquired, np.zeros((4, 24, 20))))
    assert [axes.get_title() for axes in figure.axes[:2]] == ["zero-filled", "network"]
    assert len(figure.axes) == 6


def test_the_page_holds_its_pictures_and_escapes_what_it_is_told(scan, tmp_path):
    rows = [{"slice": 0, "psnr": 31.23456}, {"slice": 1, "psnr": 30.0}]
    path = tmp_path / "out.html"
    picture = report.write_report(path, "a <b>", {"note": "x & y"}, {"Slices <1>": report.scan_figure(scan)}, rows)
    text = path.read_text(encoding="utf-8")
    assert picture == tmp_path / "out.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "a &lt;b&gt;" in text
    assert "x &amp; y" in text
    (code,) = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert base64.b64decode(code) == picture.read_bytes()
    assert "<td>31.23</td>" in text
    assert "http" not in text
