"""Slices to tune with and to test on: which, how many, whose; and the mixtures that are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scan_files import head, save_dicom, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.imaging.fourier import fft2c
from recon_lib.scans import references
from recon_lib.scans.references import Slices, bright_slices, check_apart, hold_out, join


def slices(scans="aabbb", subjects=None, size=(4, 5)):
    n = len(scans)
    images = np.arange(1, n + 1, dtype=np.float32)[:, None, None] * np.ones((1, *size), np.float32)
    return Slices(images, tuple(map(Path, scans)), tuple(subjects or scans), tuple(range(n)))


def gather(paths, *words):
    return references.gather({path: path.name[:6] for path in paths}, *words)


def test_slices_have_a_maximum_of_one_and_come_scan_by_scan(tmp_path):
    paths = [save_nifti(tmp_path / f"sub-0{k}_T1w.nii", head(seed=k)) for k in (1, 2)]
    gathered = gather(paths)
    np.testing.assert_allclose(gathered.images.max(axis=(1, 2)), 1)
    assert gathered.images.dtype == np.float32
    assert list(gathered.scans) == sorted(gathered.scans)
    assert gathered.subjects == tuple(path.name[:6] for path in gathered.scans)
    assert gathered.images.shape[1:] == (24, 28)
    assert gather(paths, "coronal").images.shape[1:] == (24, 5)


def test_dark_slices_are_left_out(tmp_path):
    volume = head()
    volume[:, :, 1] = 3.0
    volume[:, :, 3] = 0
    gathered = gather([save_nifti(tmp_path / "a.nii", volume)])
    assert set(gathered.numbers) == {0, 2, 4}
    np.testing.assert_array_equal(bright_slices(np.moveaxis(volume, 2, 0)), [0, 2, 4])


def test_full_k_space_gives_magnitudes_and_undersampled_is_refused(tmp_path):
    images = np.moveaxis(head(), 2, 0)
    np.save(tmp_path / "k.npy", fft2c(images).astype(np.complex64))
    gathered = gather([tmp_path / "k.npy"])
    np.testing.assert_allclose(
        gathered.images, (images / images.max(axis=(1, 2), keepdims=True))[list(gathered.numbers)], atol=1e-5
    )
    np.save(tmp_path / "k.npy", fft2c(images) * (np.arange(28) % 2))
    with pytest.raises(ReconError, match=r"k\.npy is undersampled k-space, so it has no reference"):
        gather([tmp_path / "k.npy"])


def test_mixed_sizes_are_refused(tmp_path):
    paths = [save_nifti(tmp_path / "a.nii", head()), save_nifti(tmp_path / "b.nii", head((24, 20, 5)))]
    with pytest.raises(
        ReconError, match=r"a\.nii and .*b\.nii have slices of 24x28 and 24x20: give each size a folder"
    ):
        gather(paths)


def test_mixed_contrasts_are_refused_by_name_and_by_echo_time(tmp_path):
    paths = [save_nifti(tmp_path / "sub-01_T1w.nii", head()), save_nifti(tmp_path / "sub-01_T2w.nii", head())]
    with pytest.raises(ReconError, match=r"differ in contrast \(contrast t1 and t2\): give each contrast a folder"):
        gather(paths)
    series = [save_dicom(tmp_path / f"s{te}", head(), t0018_0081=te) for te in ("4.5", "4.6", "90")]
    gather(series[:2])
    with pytest.raises(ReconError, match=r"differ in contrast \(EchoTime 4\.5 and 90\.0\)"):
        gather(series)


def test_a_scan_without_a_bright_slice_is_named(tmp_path):
    volume = np.zeros((24, 28, 5))
    volume[3, 3, :] = 900
    with pytest.raises(ReconError, match=r"a\.nii has no slice with more than 10% of bright pixels"):
        gather([save_nifti(tmp_path / "a.nii", volume)])


def test_the_last_subject_is_held_out():
    pool, held = hold_out(slices("aabcc", ["x", "x", "y", "y", "y"]))
    assert (pool.numbers, held.numbers) == ((0, 1), (2, 3, 4))


def test_of_one_subject_the_last_scan_and_of_one_scan_the_last_slices_are_held_out():
    pool, held = hold_out(slices("aabbb", ["x"] * 5))
    assert (pool.numbers, held.numbers) == ((0, 1), (2, 3, 4))
    pool, held = hold_out(slices("a" * 10))
    assert (len(pool), held.numbers) == (8, (8, 9))
    assert hold_out(slices("aa"))[1].numbers == (1,)
    with pytest.raises(ReconError, match="gives a single slice, so none can be held out"):
        hold_out(slices("a"))


def test_draws_are_seeded_and_nested():
    all_ = slices("a" * 30)
    assert len(all_.draw(1, 0)) == 1
    ten, twenty = all_.draw(10, 0), all_.draw(20, 0)
    assert set(ten.numbers) < set(twenty.numbers)
    assert ten.numbers == all_.draw(10, 0).numbers != all_.draw(10, 1).numbers
    np.testing.assert_array_equal(ten.images[:, 0, 0], np.array(ten.numbers) + 1)
    with pytest.raises(ReconError, match="31 images were asked for, but the scans give 30: ask for fewer"):
        all_.draw(31, 0)
    with pytest.raises(ReconError, match="0 images cannot tune a network"):
        all_.draw(0, 0)


def test_spread_takes_some_at_even_distances():
    assert slices("a" * 9).spread(3).numbers == (0, 4, 8)
    assert len(slices("a" * 3).spread(40)) == 3


def test_scans_to_test_on_are_of_the_same_size():
    check_apart(slices("aab"), with_images(slices("cc"), 7))
    with pytest.raises(ReconError, match="slices of 4x5 and 6x5: they must be of one size"):
        check_apart(slices("a"), slices("b", size=(6, 5)))


def with_images(part, offset):
    return replace(part, images=part.images + np.float32(offset))


def test_one_image_never_tunes_and_tests_whatever_its_name():
    pool, held = slices("aab"), with_images(slices("cc"), 1)  # of 1, 2, 3 and of 2, 3
    for allowed in (False, True):
        with pytest.raises(ReconError, match=r"a, slice 1, and c, slice 0, are one image"):
            check_apart(pool, held, allowed)


def test_a_subject_tunes_and_tests_only_where_that_is_allowed():
    pool, held = slices("ab", ["x", "y"]), with_images(slices("cd", ["z", "y"]), 7)
    with pytest.raises(ReconError, match=r"y would tune the network and test it: .*--allow-same-subject"):
        check_apart(pool, held)
    check_apart(pool, held, allow_same_subject=True)


def test_join_keeps_the_order():
    gathered = join([slices("ab"), slices("cd")])
    assert [str(s) for s in gathered.scans] == ["a", "b", "c", "d"]
    assert gathered.images[:, 0, 0].tolist() == [1, 2, 1, 2]
