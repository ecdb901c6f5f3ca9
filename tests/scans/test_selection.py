"""What of a folder is taken: magnitudes of one contrast, the rest named with its reason."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_files import head, save_dicom, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.scans.selection import is_label_map, render_selection, select_scans

IMAGE = head((20, 18, 4))
LABELS = np.digitize(IMAGE, [100, 300, 500]).astype(np.uint8)


def save(folder, *names, volume=IMAGE, dtype=np.int16):
    for name in names:
        save_nifti(folder / name, volume, dtype=dtype)


def reasons(folder, **options):
    chosen = select_scans(folder, **options)
    return {candidate.path.relative_to(folder).as_posix(): candidate.reason for candidate in chosen}


def test_masks_are_known_by_name_and_by_content_and_images_by_neither(tmp_path):
    save(tmp_path, "sub-1_T1w.nii.gz", "masked_T1.nii", "sub-2_mask_T1w.nii")
    save(tmp_path, "sub-1_desc-brain_mask.nii.gz", "sub-1_dseg.nii", "sub-1_roi.nii")
    save(tmp_path, "sub-1_tissue.nii.gz", volume=LABELS, dtype=np.float32)
    save(tmp_path, "sub-1_bright.nii.gz", volume=IMAGE > 300, dtype=np.uint8)
    chosen = reasons(tmp_path)
    assert [name for name, reason in chosen.items() if not reason] == [
        "masked_T1.nii", "sub-1_T1w.nii.gz", "sub-2_mask_T1w.nii",
    ]  # fmt: skip
    assert {reason for reason in chosen.values() if reason} == {"a mask or label map"}


def test_an_image_of_eight_bits_is_no_label_map():
    assert is_label_map(LABELS)
    assert is_label_map(np.zeros((4, 4, 1)) + (np.arange(4) > 1)[:, None, None])
    assert not is_label_map(np.round(IMAGE / IMAGE.max() * 255))
    assert not is_label_map(LABELS + 0.5)
    assert not is_label_map(np.zeros((4, 4, 1)))
    assert not is_label_map(np.full((4, 4, 1), np.nan))


@given(st.integers(3, 200), st.integers(0, 5))
def test_noise_of_whole_numbers_is_never_a_label_map(values, seed):
    noise = np.random.default_rng(seed).integers(1, values + 1, (16, 15, 3))
    assert not is_label_map(noise)


def test_the_contrast_that_most_scans_have_is_taken(tmp_path):
    save(tmp_path, "a_T2w.nii", "b_T2w.nii", "a_T1w.nii", "c.nii", "a_inplaneT1.nii")
    assert reasons(tmp_path) == {
        "a_T1w.nii": "", "a_T2w.nii": "", "a_inplaneT1.nii": "", "b_T2w.nii": "", "c.nii": "",
    } | dict.fromkeys(("a_T2w.nii", "b_T2w.nii"), "another contrast (T2) than most (T1)")  # fmt: skip
    save(tmp_path, "c_T2w.nii")
    assert reasons(tmp_path)["a_T1w.nii"] == "another contrast (T1) than most (T2)"


def test_phases_localizers_derivatives_and_reconstructions_are_left_out(tmp_path):
    save(tmp_path, "sub-1/anat/sub-1_T1w.nii", "sub-1/anat/sub-1_part-phase_GRE.nii", "derivatives/x/sub-1_T1w.nii")
    save(tmp_path, "sub-1/anat/sub-1_localizer.nii", "out.nii")
    (tmp_path / "out.json").write_text('{"reconstructed by": "recon_lib", "output": "out.nii"}')
    save_dicom(tmp_path / "1", IMAGE, t0008_0008="ORIGINAL\\PRIMARY\\LOCALIZER")
    assert reasons(tmp_path) == {
        "1": "a localizer",
        "derivatives/x/sub-1_T1w.nii": "a derivative",
        "out.nii": "a reconstruction of this library",
        "sub-1/anat/sub-1_T1w.nii": "",
        "sub-1/anat/sub-1_localizer.nii": "a localizer",
        "sub-1/anat/sub-1_part-phase_GRE.nii": "a phase",
    }
    assert reasons(tmp_path / "derivatives") == {"x/sub-1_T1w.nii": ""}


def test_patterns_choose_by_place_or_name(tmp_path):
    save(tmp_path, "x/a_T1w.nii", "x/a_T2w.nii", "y/b_T1w.nii", "y/b_T1w_mask.nii")
    assert [name for name, reason in reasons(tmp_path, include=["*T2w*"]).items() if not reason] == ["x/a_T2w.nii"]
    assert [name for name, reason in reasons(tmp_path, include=["y/*", "*T2w*"]).items() if not reason] == [
        "x/a_T2w.nii", "y/b_T1w.nii",
    ]  # fmt: skip
    left_out = reasons(tmp_path, exclude=["x/*"])
    assert left_out["x/a_T1w.nii"] == "excluded"
    assert left_out["y/b_T1w.nii"] == ""
    assert reasons(tmp_path, include=["*b_T1w*"])["y/b_T1w_mask.nii"] == "a mask or label map"


def test_nothing_taken_is_one_sentence_with_the_reasons(tmp_path):
    save(tmp_path, "a_mask.nii", "b_mask.nii", "derivatives/c.nii")
    with pytest.raises(ReconError, match=r"2 a mask or label map; 1 a derivative\): name what you mean with --include"):
        select_scans(tmp_path)


def test_the_list_says_who_is_shown_and_why_the_rest_is_left_out(tmp_path):
    save(tmp_path, "pat1/T1.nii", "pat2/T1.nii", "pat2/T1_mask.nii")
    text = render_selection(select_scans(tmp_path), tmp_path)
    lines = [line.split(maxsplit=2) for line in text.splitlines()]
    assert text.startswith("2 scans of 2 subject(s) are taken, 1 left out:")
    assert lines[1:] == [
        ["+", "pat1/T1.nii", "pat1"], ["+", "pat2/T1.nii", "pat2"], ["-", "pat2/T1_mask.nii", "a mask or label map"],
    ]  # fmt: skip
    same = select_scans(tmp_path, subject_from="(pat)")
    assert {candidate.subject for candidate in same if candidate.is_taken} == {"pat"}
    assert Path(same[0].path).name == "T1.nii"
