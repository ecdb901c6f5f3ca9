"""`recon reconstruct` of several coils: one command, every option of it, and one sentence for whatever is wrong."""

import importlib.util
import json

import h5py
import nibabel
import numpy as np
import pytest
from scan_files import head, save_dicom, save_nifti, tiny_coil_network
from scans.phantoms import coil_kspace, coil_mask
from scans.raw_files import FIELD, NOISE, acquisition, save_ismrmrd
from scans.test_bart import save_cfl
from scans.test_ismrmrd_header import SPACE

from recon_lib.cli import main
from recon_lib.imaging.coil_simulation import complex_noise

pytestmark = pytest.mark.skipif(not importlib.util.find_spec("sigpy"), reason="SigPy is not installed")

FULL, _, MAPS = coil_kspace()
KSPACE = FULL * coil_mask()


@pytest.fixture(scope="module")
def coil_net(tmp_path_factory):
    return tiny_coil_network(tmp_path_factory.mktemp("network") / "tiny.safetensors")


@pytest.fixture
def run_coils(run, coil_net):
    """Run a command with a network of several coils."""
    return lambda *words: run(*words, weights=coil_net)


def save(path, array=KSPACE):
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file["kspace"] = array
    return path


def test_raw_data_of_several_coils_go_through_the_one_command(tmp_path, run_coils):
    source = save(tmp_path / "raw.h5")
    words = ("reconstruct", source, "--report", tmp_path / "r.html", "--output")
    status, out, _ = run_coils(*words, tmp_path / "a.npy")
    assert status == 0
    assert "k-space as acquired, " in out
    assert "-fold, network tiny, 4 coils" in out
    magnitudes = np.load(tmp_path / "a.npy")
    assert (magnitudes.shape, magnitudes.dtype) == ((2, 48, 40), np.float32)
    page = (tmp_path / "r.html").read_text()
    assert page.count("<img") == 3
    for text in ("k-space of 4 coils", "the sensitivity maps", "images combined", "estimated from the fully sampled"):
        assert text in page
    assert json.loads((tmp_path / "a.json").read_text())["input"] == "raw.h5"
    assert run_coils("reconstruct", source, "--complex", "--output", tmp_path / "b.npy")[0] == 0
    images = np.load(tmp_path / "b.npy")
    assert images.dtype == np.complex64
    np.testing.assert_allclose(np.abs(images), magnitudes, rtol=1e-4)


def test_every_kind_of_file_gives_the_same_images(tmp_path, run_coils):
    np.save(tmp_path / "raw.npy", KSPACE)
    save_cfl(tmp_path / "raw.cfl", KSPACE.transpose(2, 3, 1, 0), (48, 40, 1, 4, *([1] * 9), 2))
    sources = [(save(tmp_path / "raw.h5"),), (tmp_path / "raw.npy", "--coils", "1"), (tmp_path / "raw.cfl",)]
    images = []
    for words in sources:
        assert run_coils("reconstruct", *words, "--output", tmp_path / "out.npy", "--overwrite")[0] == 0
        images.append(np.load(tmp_path / "out.npy"))
    assert np.array_equal(images[0], images[1])
    assert np.array_equal(images[0], images[2])


def test_every_option_matters(tmp_path, run_coils):
    source = save(tmp_path / "raw.h5", FULL)
    np.save(tmp_path / "maps.npy", MAPS[::-1])
    np.save(tmp_path / "mask.npy", coil_mask())
    results = []
    for words in (
        (), ("--acceleration", "3"), ("--seed", "2"), ("--virtual-coils", "2"), ("--maps", tmp_path / "maps.npy"),
        ("--mask", tmp_path / "mask.npy"),
    ):  # fmt: skip
        out = tmp_path / "out.npy"
        assert run_coils("reconstruct", source, *words, "--output", out, "--overwrite")[0] == 0, words
        results.append(np.load(out))
        assert not any(np.allclose(results[-1], earlier, rtol=1e-2) for earlier in results[:-1]), words


def test_maps_may_be_bart_s(tmp_path, run_coils):
    source = save(tmp_path / "raw.h5")
    np.save(tmp_path / "maps.npy", MAPS)
    save_cfl(tmp_path / "maps.cfl", MAPS.transpose(1, 2, 0)[:, :, None], (48, 40, 1, 4))
    for kind in ("npy", "cfl"):
        words = ("--maps", tmp_path / f"maps.{kind}", "--output", tmp_path / f"{kind}.npy")
        assert run_coils("reconstruct", source, *words)[0] == 0
    assert np.array_equal(np.load(tmp_path / "npy.npy"), np.load(tmp_path / "cfl.npy"))


def test_ismrmrd_comes_back_whitened_without_oversampling_and_in_its_place(tmp_path, run_coils):
    full = coil_kspace((40, 64))[0]
    noise = complex_noise((4, 60), np.random.default_rng(0))

    def place(header, line):
        header["position"] = [0, 0, 7 * header["idx"]["slice"]]
        header["phase_dir"], header["read_dir"], header["slice_dir"] = np.eye(3)
        return header, line

    fields = {"fields": FIELD.format(256, 200, 5), "image": SPACE.format(32, 30, FIELD.format(128, 150, 5))}
    extra = [acquisition(4, noise, flags=NOISE)]
    source = save_ismrmrd(tmp_path / "raw.h5", full, change=place, extra=extra, **fields)
    assert run_coils("reconstruct", source, "--complex", "--output", tmp_path / "a.nii.gz")[0] == 0
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert (image.shape, image.get_data_dtype()) == ((30, 32, 2), np.complex64)
    expected = [[-5, 0, 0, 75], [0, -4, 0, 64], [0, 0, 7, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(image.affine, expected, atol=1e-4)
    record = json.loads((tmp_path / "a.json").read_text())
    assert record["noise"] == "whitened by the file's noise scan"
    assert "40x64 was encoded" in record["notes"]["oversampling cut"]
    assert run_coils("reconstruct", source, "--output", tmp_path / "b.npy")[0] == 0
    np.testing.assert_allclose(np.load(tmp_path / "b.npy").transpose(1, 2, 0), np.abs(image.dataobj), rtol=1e-3)


def test_of_a_folder_a_bad_file_loses_nothing(tmp_path, run_coils):
    save(tmp_path / "in" / "a.h5")
    save(tmp_path / "in" / "b.h5", KSPACE * np.array([1, 1, 0, 1])[:, None, None])
    save(tmp_path / "in" / "c.h5")
    page = tmp_path / "r.html"
    status, out, errors = run_coils("reconstruct", tmp_path / "in", "--output", tmp_path / "out", "--report", page)
    assert status == 2
    assert len(errors) == 1
    assert "1 of 3 scans could not be done: Coil 3 of 4 in" in errors[0]
    assert "b.h5: left out" in out
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["a.h5", "a.json", "c.h5", "c.json"]
    with h5py.File(tmp_path / "out" / "c.h5") as file:
        assert file["reconstruction"].shape == (2, 48, 40)
    assert page.read_text().count("<img") == 6


def test_a_bad_slice_loses_nothing(tmp_path, run_coils):
    array = KSPACE.copy()
    array[1, :, 24, 20] = 0
    source = save(tmp_path / "in" / "raw.h5", array)
    page = tmp_path / "r.html"
    for scan, made in ((source, tmp_path / "a.h5"), (tmp_path / "in", tmp_path / "out")):
        words = (scan, "--report", page, "--overwrite", "--output", made)
        status, out, errors = run_coils("reconstruct", *words)
        assert status == 2
        assert "Slices 1 of" in errors[0]
        assert "the others are right: The fully sampled centre of 0x0 is too small" in errors[0]
        assert "4 coils\n" in out
        assert page.read_text().count("<img") == 3
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["reconstruction"][0].any()
        assert not file["reconstruction"][1].any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--virtual-coils", "5"), "4 coils cannot be compressed to 5: ask for 1 to 4"),
        (("--maps", "{here}/few.npy"), "maps have the shape (1, 3, 48, 40), but the k-space is of 2 slices, 4 coils"),
        (("--maps", "{here}/no.npy"), "There is no file"),
        (("--coils", "1"), "says itself which axis holds the coils: leave out --coils"),
        (("--axis", "0"), "is k-space of several coils: leave out --axis"),
        (("--spread", "0"), "leave out --spread"),
        (("--spread-weights", "natural-4000"), "leave out --spread-weights"),
        (("--image",), "leave out --image"),
        (("--precision", "bfloat16"), "compute in float32"),
        (("--acceleration", "4"), "undersampled already: leave out --acceleration"),
        (("--mask", "own"), "holds no mask of its own"),
        (("--output", "{here}/a.nii"), "the output ends with .npy"),
    ],
)
def test_bad_input_is_one_sentence_and_nothing_is_written(tmp_path, run_coils, words, message):
    np.save(tmp_path / "few.npy", MAPS[:3])
    source = save(tmp_path / "raw.h5")
    before = sorted(tmp_path.iterdir())
    words = [str(word).format(here=tmp_path) for word in words]
    status, _, errors = run_coils("reconstruct", source, "--output", tmp_path / "a.npy", *words)
    assert status == 2
    assert len(errors) == 1
    assert message in errors[0]
    assert sorted(tmp_path.iterdir()) == before


def test_bad_coils_are_one_sentence(tmp_path, run_coils):
    noise = np.random.default_rng(0).standard_normal((2, 48, 40, 2)).astype(np.float32).view(np.complex64)[..., 0]
    spoilt = {
        "noise": np.where(np.arange(4)[:, None, None] == 1, noise[:, None] * coil_mask(), KSPACE),
        "zero": KSPACE * np.array([1, 0, 1, 1])[:, None, None],
        "centre": KSPACE * (np.arange(40) % 2 == 0),
        "mask": KSPACE * np.where(np.arange(4)[:, None, None] == 1, np.arange(40) > 9, 1),
    }
    messages = {
        "noise": "Coil 2 of 4 holds noise alone: leave it out",
        "zero": "Coil 2 of 4 in",
        "centre": "is too small for coil maps: sample at least 12x12, or give maps",
        "mask": "coils share one mask; export it again",
    }
    for name, array in spoilt.items():
        source = save(tmp_path / f"{name}.h5", array)
        status, _, errors = run_coils("reconstruct", source, "--output", tmp_path / "a.npy")
        assert (status, len(errors)) == (2, 1)
        assert messages[name] in errors[0]
        assert not (tmp_path / "a.npy").exists()


def test_more_undersampling_than_coils_is_a_warning(tmp_path, coil_net, capsys):
    source = save(tmp_path / "raw.h5", (FULL * coil_mask(share=0.02, side=14))[:, :3])
    words = ["reconstruct", str(source), "--weights", str(coil_net), "--output", str(tmp_path / "a.npy")]
    assert main.main(words) == 0
    assert "note: raw.h5: 8.1-fold undersampling is more than 3 coils can make up for" in capsys.readouterr().err


def test_coils_and_network_fit_each_other(tmp_path, run, run_coils):
    source = save(tmp_path / "raw.h5")
    status, _, errors = run("reconstruct", source, "--output", tmp_path / "a.npy")
    assert status == 2
    assert "is k-space of 4 coils, and tiny is a network of one coil" in errors[0]
    nifti = save_nifti(tmp_path / "a.nii", head())
    status, _, errors = run_coils("reconstruct", nifti, "--output", tmp_path / "b.nii")
    assert status == 2
    assert "a.nii is not of several coils, and tiny is a network for those" in errors[0]
    series = save_dicom(tmp_path / "series", head())
    for scan, *words in (
        (nifti, "--complex"), (nifti, "--virtual-coils", "3"), (nifti, "--maps", nifti), (series, "--coils", "0"),
    ):  # fmt: skip
        status, _, errors = run("reconstruct", scan, *words, "--output", tmp_path / "b.nii")
        assert status == 2
        assert f"is not of several coils: leave out {words[0]}" in errors[0]


def test_a_network_of_several_coils_shows_its_card_and_runs_nowhere_else(tmp_path, run, run_coils, coil_net):
    status, out, _ = run("weights", "show", coil_net, weights=None)
    assert status == 0
    assert "made for: raw k-space of several coils" in out
    assert "1 sub-networks of 2 filters, data consistency by 2 conjugate gradient iterations" in out
    assert '"calibration": 30' in out[out.index("card:") :]
    nifti = save_nifti(tmp_path / "a.nii", head())
    status, _, errors = run_coils("evaluate", nifti)
    assert status == 2
    assert "holds a network of several coils: recon reconstruct runs it" in errors[0]


def test_bart_s_header_is_not_replaced_unasked(tmp_path, run_coils):
    source = save(tmp_path / "raw.h5")
    (tmp_path / "a.hdr").write_text("mine")
    status, _, errors = run_coils("reconstruct", source, "--output", tmp_path / "a.cfl")
    assert status == 2
    assert "a.hdr exists" in errors[0]
    assert run_coils("reconstruct", source, "--overwrite", "--output", tmp_path / "a.cfl")[0] == 0
    assert (tmp_path / "a.hdr").read_text().startswith("# Dimensions\n48 40 1 1")
