import numpy as np
import pytest
import SimpleITK
from data.tiny import phantom, save_nifti

from recon_lib.core.errors import ReconError
from recon_lib.data import volumes
from recon_lib.data.manifest import Collection, Geometry, Source


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def names(volumes_of_folder):
    return {subject: path.name for subject, path in volumes_of_folder.items()}


def test_ixi_s_layout(tmp_path):
    touch(tmp_path, "IXI-T1/IXI012-HH-1211-T1.nii.gz", "IXI-T1/IXI002-Guys-0828-T1.nii.gz")
    touch(tmp_path, "IXI-T2/IXI002-Guys-0828-T2.nii.gz", "IXI-T1/notes.txt")
    assert names(volumes.list_volumes(tmp_path, "t1")) == {
        "IXI002-Guys-0828": "IXI002-Guys-0828-T1.nii.gz",
        "IXI012-HH-1211": "IXI012-HH-1211-T1.nii.gz",
    }
    assert list(volumes.list_volumes(tmp_path, "t2")) == ["IXI002-Guys-0828"]


def test_midas_layout_takes_the_first_of_several(tmp_path):
    touch(tmp_path, "Normal-002/T1-MPRAGE/Normal002-T1-MPRAGE.mha", "Normal-002/T1-Flash/Normal002-T1-Flash.mha")
    touch(
        tmp_path, "Normal-002/T2/Normal002-T2.mha", "Normal-002/MRA/Normal002-MRA.mha", "Normal-001/T2/Normal001-T2.mha"
    )
    assert names(volumes.list_volumes(tmp_path, "t1")) == {"Normal002": "Normal002-T1-Flash.mha"}
    assert list(volumes.list_volumes(tmp_path, "t2")) == ["Normal001", "Normal002"]


def test_the_folder_may_name_the_contrast_or_the_subject(tmp_path):
    touch(tmp_path, "T1/anna.nii", "T2/anna.nii", "berta/T1.nii.gz", "berta/t2.mha", "T12/cleo.nii")
    assert list(volumes.list_volumes(tmp_path, "t1")) == ["anna", "berta"]
    assert list(volumes.list_volumes(tmp_path, "t2")) == ["anna", "berta"]


def source(splits, **geometry):
    collection = Collection("midas", "M", "L", "https://example.org", "C", environment="RECON_DATA_MIDAS")
    return Source("t1", "midas", collection, splits, geometry=Geometry(coverage=0.1, **geometry))


def test_splits_are_the_first_subjects_by_name(tmp_path):
    touch(tmp_path, *(f"{name}-T1.nii" for name in "dbeac"))
    ranges = source({"train": range(3), "test": range(3, 5)})
    assert list(volumes.subjects_in(tmp_path, ranges, "train")) == ["a", "b", "c"]
    assert list(volumes.subjects_in(tmp_path, ranges, "test")) == ["d", "e"]
    with pytest.raises(ReconError, match="holds 5 subjects with a T1 volume: split test needs 6"):
        volumes.subjects_in(tmp_path, source({"test": range(3, 6)}), "test")


@pytest.mark.parametrize("suffix", ["mha", "nii.gz"])
def test_both_formats_of_one_volume_give_the_papers_geometry(tmp_path, suffix):
    volume = phantom(3, (10, 14, 8))
    path = tmp_path / f"a-T1.{suffix}"
    if suffix == "mha":
        # From the right to the left and from the front to the back is where ITK counts.
        image = SimpleITK.GetImageFromArray(volume[::-1, ::-1].transpose(2, 1, 0))
        SimpleITK.WriteImage(image, str(path))
    else:
        save_nifti(path, volume, "RAS")
    geometry = source({"train": range(1)}, transpose=True, crop=(14, 12), below_top=4)
    images = volumes.load_volumes(geometry, "train", [("a", path)])
    assert images.images.shape == (4, 14, 12)
    assert images.slices == tuple(range(images.slices[-1] - 3, images.slices[-1] + 1))
    for image, k, scale in zip(images.images, images.slices, images.scales, strict=True):
        assert scale == volume[..., k].max()
        np.testing.assert_allclose(image[:, 1:11] * scale, volume[..., k].T, rtol=1e-5)
        assert not image[:, [0, 11]].any()


def test_a_limit_keeps_every_subjects_share(tmp_path):
    paths = [(s, save_nifti(tmp_path / f"{s}-T1.nii", phantom(n, (10, 10, 9)), "RAS")) for n, s in enumerate("abc")]
    whole = volumes.load_volumes(source({}), "train", paths)
    subset = volumes.load_volumes(source({}), "train", paths, limit=6)
    counts = [subset.subjects.count(s) for s in "abc"]
    assert sum(counts) == 6
    assert max(counts) - min(counts) <= 1
    rows = list(zip(whole.subjects, whole.slices, strict=True))
    for k, row in enumerate(zip(subset.subjects, subset.slices, strict=True)):
        np.testing.assert_array_equal(subset.images[k], whole.images[rows.index(row)])
        assert subset.scales[k] == whole.scales[rows.index(row)]
    assert volumes.load_volumes(source({}), "train", paths, limit=10**6).sha256 == whole.sha256


def test_volumes_of_two_sizes_do_not_mix(tmp_path):
    paths = [(s, save_nifti(tmp_path / f"{s}-T1.nii", phantom(1, (9 + n, 10, 8)), "RAS")) for n, s in enumerate("ab")]
    with pytest.raises(ReconError, match=r"images of 9x10 and 10x10: leave out b-T1\.nii"):
        volumes.load_volumes(source({}), "train", paths)


def test_the_faulty_volume_is_named(tmp_path):
    path = save_nifti(tmp_path / "a-T1.nii", np.zeros((5, 5, 5), np.int16), "RAS")
    with pytest.raises(ReconError, match=r"Volume a-T1\.nii is zero everywhere"):
        volumes.load_volumes(source({}), "train", [("a", path)])
