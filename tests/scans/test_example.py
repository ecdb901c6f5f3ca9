import nibabel
import numpy as np

from recon_lib.scans.example import write_examples
from recon_lib.scans.read import find_scans, read_scan


def test_examples_are_scans_of_several_subjects_in_an_oblique_place(tmp_path):
    paths = write_examples(tmp_path / "new", (24, 28), 3)
    assert find_scans(tmp_path / "new") == paths
    read = [read_scan(path) for path in paths]
    assert len({scan.subject for scan in read}) == len(read) == 4
    assert {scan.array.shape for scan in read} == {(24, 28, 3)}
    affine = read[0].affine
    np.testing.assert_allclose(nibabel.affines.voxel_sizes(affine), (1.2, 1.0, 4.0), atol=1e-5)
    assert np.count_nonzero(np.abs(affine[:3, :3]) > 1e-3) == 9  # oblique in every direction
    assert read[0].axis() == 2
    again = [path.read_bytes() for path in write_examples(tmp_path / "again", (24, 28), 3)]
    assert again == [path.read_bytes() for path in paths]
