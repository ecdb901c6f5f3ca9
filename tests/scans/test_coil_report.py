"""The report on several coils shows what was read, the maps, and magnitude and phase of what was made."""

import numpy as np
import pytest
from laws import direct_ifft2c
from scans.phantoms import coil_kspace, coil_mask, coil_scan

from recon_lib.imaging.acquisition import to_complex
from recon_lib.imaging.masks import MaskSpec
from recon_lib.imaging.metrics import psnr
from recon_lib.scans import coil_report
from recon_lib.scans.coil_sampling import acquire_coil_scan
from recon_lib.scans.geometry import Geometry, unplaced

FULL, _, MAPS = coil_kspace(slices=5)
KSPACE = FULL * coil_mask()


def acquired_of(array, maps=MAPS):
    return acquire_coil_scan(coil_scan(array), MaskSpec(3.0), maps=maps)


def pictures(figure):
    return [(axes.get_title(), axes.images[0].get_array()) for axes in figure.axes]


def test_facts_say_what_was_read():
    array = KSPACE.copy()
    array[2] = 0
    facts = coil_report.coil_facts(coil_scan(array))
    assert facts["read as"] == "k-space of 4 coils, slice by slice"
    assert (facts["slices"], facts["empty slices"]) == ("5 of 48 x 40", "1")
    assert facts["acquired"] == f"{coil_mask().mean():.1%} of the samples"


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        (Geometry(np.diag([2.0, -1.5, 4, 1]), True), "2 x 1.5 x 4 mm, axes to RPS"),
        (unplaced((2, 1, 3)), "2 x 1 x 3 mm,"),
    ],
)
def test_facts_say_where_it_was(geometry, text):
    facts = coil_report.coil_facts(coil_scan(KSPACE, geometry=geometry, repetitions=5))
    assert facts["voxel"].startswith(text)
    assert ("place unknown" in facts["voxel"]) != geometry.is_placed
    assert facts["slices"] == "1 of 48 x 40, 5 repetitions"


def test_the_oversampling_is_cut_from_every_picture_of_what_was_made():
    acquired = acquire_coil_scan(coil_scan(FULL, image=(30, 20)), MaskSpec(3.0), maps=MAPS)
    made = 0.9 * to_complex(acquired.data.target)[:, 9:39, 10:30]
    figures = (coil_report.maps_figure(acquired), coil_report.coil_images_figure(acquired, made))
    assert {picture.shape for figure in figures for _, picture in pictures(figure)} == {(30, 20)}


def test_slices_are_drawn_of_all_coils_and_what_was_not_acquired_is_blank():
    drawn = pictures(coil_report.coil_scan_figure(coil_scan(KSPACE)))
    assert len(drawn) == 10
    image = np.sqrt((np.abs(direct_ifft2c(KSPACE[3])) ** 2).sum(axis=0))
    np.testing.assert_allclose(drawn[3][1], image, rtol=1e-3, atol=1e-3 * image.max())
    assert np.array_equal(np.ma.getmaskarray(drawn[8][1]), ~coil_mask())


@pytest.mark.parametrize("coils", [4, 10])
def test_maps_are_drawn_with_their_phase(coils):
    kspace, _, maps = coil_kspace(slices=3, coils=coils)
    drawn = pictures(coil_report.maps_figure(acquired_of(kspace, maps)))
    count = min(coils, 8)
    assert len(drawn) == 2 * count
    assert drawn[2][0] == "slice 1, coil 3"
    np.testing.assert_allclose(drawn[2][1], np.abs(maps[2]), atol=1e-5)
    np.testing.assert_allclose(drawn[count + 2][1], np.angle(maps[2]), atol=1e-4)


def test_images_are_drawn_as_magnitude_and_phase():
    acquired = acquired_of(KSPACE)
    made = to_complex(acquired.data.zero_filled) * 1.1j
    made[0, :2] = 0
    drawn = pictures(coil_report.coil_images_figure(acquired, made))
    titles = ["zero-filled, combined", "network, magnitude", "network, phase"]
    assert [title for title, _ in drawn] == 3 * titles
    for row, place in enumerate((0, 2, 4)):
        zero_filled, magnitude, phase = (picture for _, picture in drawn[3 * row : 3 * row + 3])
        np.testing.assert_allclose(zero_filled, np.abs(to_complex(acquired.data.zero_filled[place])), rtol=1e-5)
        np.testing.assert_allclose(magnitude, np.abs(made[place]), rtol=1e-5)
        np.testing.assert_allclose(phase.compressed(), np.angle(made[place])[made[place] != 0], rtol=1e-4)
        assert np.ma.getmaskarray(phase).sum() == (made[place] == 0).sum()


def test_a_reference_and_errors_are_drawn_where_k_space_was_full():
    acquired = acquired_of(FULL)
    made = 0.9 * to_complex(acquired.data.target)
    drawn = pictures(coil_report.coil_images_figure(acquired, made))[:6]
    reference = acquired.data.references[0]
    np.testing.assert_array_equal(drawn[0][1], reference)
    quality = psnr(reference, 0.9 * reference, data_range=reference.max())
    assert drawn[2][0].startswith(f"network, magnitude\n{quality:.1f} dB")
    np.testing.assert_allclose(drawn[5][1], 0.1 * reference / reference.max(), atol=1e-5)
    assert drawn[5][0] == "error, network, magnitude"
