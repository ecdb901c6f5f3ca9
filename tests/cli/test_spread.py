"""The spread is written beside the reconstruction, over masks and over networks, and shown in the report."""

import json

import nibabel
import numpy as np
import pytest
from scan_files import head, save_nifti

from recon_lib.network.files import load_network, save_network


@pytest.fixture
def other(tmp_path, net):
    """A network of other weights, as another draw of tuning images gives."""
    cascade, card = load_network(net)
    cascade.set_weights([weight * 1.3 for weight in cascade.get_weights()])
    path = tmp_path / "other.safetensors"
    save_network(path, cascade, card)
    return path


def test_the_spread_over_masks_stands_beside_the_output_and_in_the_report(tmp_path, run):
    scan, out, page = save_nifti(tmp_path / "a.nii", head()), tmp_path / "o.nii.gz", tmp_path / "r.html"
    words = ("reconstruct", scan, "--output", out, "--acceleration", "3", "--spread", "2", "--report", page)
    status, printed, _ = run(*words)
    assert status == 0
    spread = tmp_path / "o_spread.nii.gz"
    assert f"{spread}: standard deviation of each pixel over reconstructions from 2 draws" in printed
    assert nibabel.load(spread).shape == nibabel.load(out).shape
    assert nibabel.load(spread).get_fdata().max() > 0
    record = json.loads((tmp_path / "o_spread.json").read_text())
    assert "no bound on the error" in record["shows"]
    assert "standard deviation of each pixel over reconstructions from 2 draws" in page.read_text()
    status, _, errors = run(*words)
    assert status == 2
    assert "exists" in errors[0]
    assert "ask for 2 draws" in run(*words[:-4], "--spread", "1", "--overwrite")[2][0]


def test_the_spread_goes_over_further_networks(tmp_path, run, other):
    scan, out = save_nifti(tmp_path / "a.nii", head()), tmp_path / "o.nii"
    words = ("reconstruct", scan, "--output", out, "--acceleration", "3")
    status, printed, _ = run(*words, "--spread", "1", "--spread-weights", other)
    assert status == 0
    assert "over reconstructions from 2 networks: how far the tuning" in printed
    record = json.loads((tmp_path / "o_spread.json").read_text())
    assert [each["name"] for each in record["networks"]][1] == "other"
    volumes = [nibabel.load(out).get_fdata()]
    own = tmp_path / "own.nii"
    run("reconstruct", scan, "--output", own, "--acceleration", "3", weights=other)
    volumes.append(nibabel.load(own).get_fdata())
    spread = nibabel.load(tmp_path / "o_spread.nii").get_fdata()
    assert spread.max() > 50
    np.testing.assert_allclose(spread, np.std(volumes, axis=0, ddof=1), atol=1)  # both outputs are rounded


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--spread-weights", "{other}"), "give --spread N too"),
        (("--spread", "2", "--spread-weights", "{other}", "--spread-weights", "{other}"), "names a network twice"),
        (("--spread", "2", "--spread-weights", "{folder}/no.safetensors"), "There is no file"),
    ],
)
def test_networks_that_give_no_spread_are_refused(tmp_path, run, other, words, message):
    scan, out = save_nifti(tmp_path / "a.nii", head()), tmp_path / "o.nii"
    words = [word.format(other=other, folder=tmp_path) for word in words]
    status, _, errors = run("reconstruct", scan, "--output", out, *words)
    assert status == 2
    assert message in errors[-1]
    assert not list(tmp_path.glob("o.*"))
