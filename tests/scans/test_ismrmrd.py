"""Lines of several channels find their places, and noise and calibration lines their use; one coil: test_kspace."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from laws import complex_normal
from scans.raw_files import CALIBRATION, NOISE, REVERSED, acquisition, save_ismrmrd

from recon_lib.core.errors import ReconError
from recon_lib.scans.ismrmrd import count_channels, read_acquisitions

KSPACE = complex_normal(0, (2, 3, 8, 6)).astype(np.complex64)


def read(path):
    with h5py.File(path) as file:
        return read_acquisitions(Path("raw.h5"), file["dataset"], several=True)


def test_every_channel_of_every_line_is_in_its_place(tmp_path):
    path = save_ismrmrd(tmp_path / "i.h5", KSPACE)
    lines = read(path)
    np.testing.assert_array_equal(lines.array, KSPACE)
    assert (lines.noise, lines.notes, len(lines.heads)) == (None, {}, 2)
    with h5py.File(path) as file:
        assert count_channels(file["dataset"]) == 3
    with pytest.raises(ReconError, match="k-space of 3 coils: combine them into one first, or use recon reconstruct"):
        read_acquisitions(path, h5py.File(path)["dataset"])


def test_partial_lines_and_asymmetric_echoes_land_by_the_header_s_centre(tmp_path):
    """The encoding counts from the first acquired line, whose centre the header states; each echo states its own."""

    def change(header, line):
        y = int(header["idx"]["kspace_encode_step_1"])
        if y < 2:
            return None
        header["idx"]["kspace_encode_step_1"] = y - 2
        if y == 3:
            header["number_of_samples"], header["center_sample"], line = 4, 1, line[:, 2:]
        if y == 4:
            header["flags"], header["center_sample"], line = REVERSED, 2, line[:, ::-1]
        return header, line

    lines = read(save_ismrmrd(tmp_path / "i.h5", KSPACE, change=change, centre=2))
    expected = KSPACE.copy()
    expected[:, :, :2], expected[:, :, 3, :2] = 0, 0
    np.testing.assert_array_equal(lines.array, expected)


def test_calibration_lines_of_the_scan_fill_its_gaps(tmp_path):
    def undersample(header, line):
        return None if header["idx"]["kspace_encode_step_1"] % 2 else (header, line)

    calibration = []
    for y in (3, 4, 5):
        header, samples = acquisition(3, KSPACE[1, :, y] * (9 if y == 4 else 1), center_sample=3, flags=CALIBRATION)
        header["idx"]["slice"], header["idx"]["kspace_encode_step_1"] = 1, y
        calibration.append((header, samples))
    path = tmp_path / "i.h5"
    expected = KSPACE * (np.arange(8) % 2 == 0)[:, None]
    expected[1, :, 3], expected[1, :, 5] = KSPACE[1, :, 3], KSPACE[1, :, 5]
    lines = read(save_ismrmrd(path, KSPACE, change=undersample, extra=calibration))
    np.testing.assert_array_equal(lines.array, expected)  # and line 4 is the image's, not nine times as strong
    apart = "<parallelImaging><calibrationMode>separate</calibrationMode></parallelImaging>"
    lines = read(save_ismrmrd(path, KSPACE, change=undersample, extra=calibration, more=apart))
    assert not lines.array[1, :, 3].any()
    assert "3 calibration lines of a scan of their own were left out" in lines.notes["calibration lines"]


def test_repetitions_are_images_of_their_own(tmp_path):
    again = []
    for s in range(2):
        for y in range(8):
            header, samples = acquisition(3, 2 * KSPACE[s, :, y], center_sample=3)
            header["idx"]["slice"], header["idx"]["kspace_encode_step_1"], header["idx"]["repetition"] = s, y, 5
            again.append((header, samples))
    lines = read(save_ismrmrd(tmp_path / "i.h5", KSPACE, extra=again))
    np.testing.assert_array_equal(lines.array, np.concatenate([KSPACE, 2 * KSPACE]))
    assert len(lines.heads) == 2


def noise_line(count, coils=3, **fields):
    return acquisition(coils, complex_normal(count, (coils, count)).astype(np.complex64), flags=NOISE, **fields)


def test_the_noise_scan_is_read_as_strong_as_it_is_in_the_lines(tmp_path):
    def timed(header, line):
        header["sample_time_us"] = 8
        return header, line

    extra = [noise_line(20, sample_time_us=2), noise_line(10, sample_time_us=8), noise_line(30, coils=2)]
    noise = read(save_ismrmrd(tmp_path / "i.h5", KSPACE, change=timed, extra=extra)).noise
    assert noise.shape == (3, 30)
    np.testing.assert_allclose(noise[:, :20], extra[0][1] / 2)  # four times the bandwidth, twice the noise
    np.testing.assert_allclose(noise[:, 20:], extra[1][1])
    np.testing.assert_allclose(read(save_ismrmrd(tmp_path / "j.h5", KSPACE, extra=extra)).noise[:, :20], extra[0][1])
    few = read(save_ismrmrd(tmp_path / "k.h5", KSPACE, extra=[noise_line(5)]))
    assert few.noise is None
    assert "5 samples of 3 coils, too few" in few.notes["noise not used"]


def lose_a_channel(header, line):
    if header["idx"]["kspace_encode_step_1"] != 1:
        return header, line
    header["active_channels"] = 2
    return header, line[:2]


def cut_samples(header, line):
    return header, line[:, :-1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(lose_a_channel, "has lines of 2 and of 3 coils"), (cut_samples, "a line outside its encoded matrix 8x6")],
)
def test_lines_that_do_not_fit_are_named(tmp_path, change, sentence):
    with pytest.raises(ReconError, match=sentence):
        read(save_ismrmrd(tmp_path / "i.h5", KSPACE, change=change))
