"""The commands on a user's scans: there and back with the geometry kept, and one sentence for whatever is wrong."""

import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import h5py
import nibabel
import numpy as np
import pytest
import SimpleITK
from laws import ROOT, direct_fft2c
from scan_files import head, save_dicom, save_meta, save_nifti, tiny_network

from recon_lib.cli import main
from recon_lib.network import precision
from recon_lib.network.files import load_network


def psnr(image, reference):
    scale = reference.max()
    return -10 * np.log10(np.mean((image / scale - reference / scale) ** 2))


def test_a_nifti_goes_through_and_comes_back_in_its_place(tmp_path, run):
    source = save_nifti(tmp_path / "in" / "sub-01_T1w.nii.gz", head())
    status, out, _ = run("reconstruct", source, "--output", tmp_path / "out.nii.gz")
    assert status == 0
    assert "SIMULATION: 4-fold undersampled magnitudes, network tiny" in out
    old, new = nibabel.load(source), nibabel.load(tmp_path / "out.nii.gz")
    np.testing.assert_array_equal(new.affine, old.affine)
    np.testing.assert_array_equal(new.get_sform(), old.get_sform())
    np.testing.assert_array_equal(new.get_qform(), old.get_qform())
    assert 12 < psnr(new.get_fdata(), old.get_fdata()) < 60  # an untrained network, but the acquired samples are there
    assert new.get_fdata().mean() == pytest.approx(old.get_fdata().mean(), rel=0.2)
    assert new.header["descrip"].item().decode().startswith("SIMULATION")
    assert "data crimes" in json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["why"]


def test_a_dicom_series_goes_through_and_comes_back_in_its_place(tmp_path, run):
    source = save_dicom(tmp_path / "series", head())
    assert run("reconstruct", source, "--output", tmp_path / "out")[0] == 0
    images = []
    for folder in (source, tmp_path / "out"):
        reader = SimpleITK.ImageSeriesReader()
        (series,) = reader.GetGDCMSeriesIDs(str(folder))
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
        images.append(reader.Execute())
    for what in ("GetSpacing", "GetOrigin", "GetDirection", "GetSize"):
        np.testing.assert_allclose(getattr(images[1], what)(), getattr(images[0], what)(), atol=1e-6)
    old, new = (SimpleITK.GetArrayFromImage(image).astype(float) for image in images)
    assert psnr(new, old) > 12
    assert run("reconstruct", source, "--output", tmp_path / "out.nii")[0] == 0
    series = nibabel.load(tmp_path / "out.nii").get_fdata()
    np.testing.assert_allclose(np.rint(series), new.transpose(2, 1, 0), atol=1)


def test_a_meta_image_an_array_and_k_space_go_through(tmp_path, run):
    save_meta(tmp_path / "a.mha", head())
    np.save(tmp_path / "a.npy", head()[:, :, 2])
    np.save(tmp_path / "k.npy", direct_fft2c(np.moveaxis(head(), 2, 0)).astype(np.complex64))
    with h5py.File(tmp_path / "k.h5", "w") as file:
        file["kspace"] = direct_fft2c(np.moveaxis(head(), 2, 0)).astype(np.complex64) * (np.arange(28) % 3 > 0)
    for name, said in (
        ("a.mha", "SIMULATION"), ("a.npy", "SIMULATION"), ("k.npy", "raw k-space, 4-fold undersampled"),
        ("k.h5", "k-space as acquired"),
    ):  # fmt: skip
        status, out, _ = run("reconstruct", tmp_path / name, "--output", tmp_path / f"out-{name}" / name)
        assert (status, said in out) == (0, True), out
    assert SimpleITK.ReadImage(str(tmp_path / "out-a.mha" / "a.mha")).GetSpacing() == (0.9, 1.1, 2.5)
    assert np.load(tmp_path / "out-a.npy" / "a.npy").shape == (24, 28)
    assert np.load(tmp_path / "out-k.npy" / "k.npy").shape == (5, 24, 28)
    with h5py.File(tmp_path / "out-k.h5" / "k.h5") as file:
        assert file["reconstruction"].shape == (5, 24, 28)


def test_every_option_of_reconstruct_matters(tmp_path, run, net):
    source = save_nifti(tmp_path / "a.nii", head())
    other = tiny_network(tmp_path / "other.safetensors", seed=9)
    results = []
    for words, weights in (
        ([], net), (["--acceleration", "6"], net), (["--axis", "sagittal"], net), (["--seed", "2"], net), ([], other),
    ):  # fmt: skip
        assert (
            run("reconstruct", source, *words, "--output", tmp_path / "out.nii", "--overwrite", weights=weights)[0] == 0
        )
        results.append(nibabel.load(tmp_path / "out.nii").get_fdata())
    for k, image in enumerate(results):
        assert not any(np.allclose(image, earlier, rtol=1e-3, atol=0.1) for earlier in results[:k])


def test_a_scan_is_undersampled_fourfold_where_nothing_else_is_said(tmp_path, run):
    source = save_nifti(tmp_path / "a.nii", head())
    for words, acceleration in (((), 4.0), (("--acceleration", "4.8"), 4.8)):
        run("reconstruct", source, *words, "--output", tmp_path / "out.nii", "--overwrite")
        record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        assert record["acceleration"] == pytest.approx(acceleration, abs=0.01)
        run("evaluate", source, *words, "--output", tmp_path / "out.csv", "--overwrite")
        with (tmp_path / "out.csv").open(encoding="utf-8") as file:
            (factor,) = {float(row["acceleration"]) for row in csv.DictReader(file)}
        assert factor == pytest.approx(acceleration, abs=0.01)


def scans(folder, count=3):
    for k in range(count):
        save_nifti(folder / f"sub-0{k + 1}_T1w.nii.gz", head(seed=k))
    return folder


TUNE = ("--epochs", "2", "--learning-rate", "0.003", "--images", "4")


def test_finetune_writes_a_network_that_the_others_take(tmp_path, run, net):
    status, out, _ = run("finetune", scans(tmp_path / "in"), *TUNE, "--output", tmp_path / "net.safetensors")
    assert status == 0
    assert "tuning with 4 of 10 slices; 5 slices of 1 subject(s) are held out" in out
    zero_filled, before, after = (float(word) for word in out.split("held-out PSNR:")[1].split() if word[0].isdigit())
    assert 5 < before < after
    assert f"zero-filled {zero_filled:.2f} dB, before {before:.2f} dB, after {after:.2f} dB\n" in out
    assert zero_filled > 5
    _, card = load_network(tmp_path / "net.safetensors")
    assert card.held_out.psnr_after["network"] == pytest.approx(after, abs=0.006)
    assert card.masks["acceleration"] == 4.0  # where nothing else is said
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("net")) == ["net.json", "net.safetensors"]
    source = tmp_path / "in" / "sub-03_T1w.nii.gz"
    assert run("evaluate", source, weights=tmp_path / "net.safetensors")[1].count("network") == 1
    status, out, _ = run("weights", "show", tmp_path / "net.safetensors", weights=None)
    assert "4 own scans" in out
    assert f"{after:.2f} dB after" in out


def test_finetune_takes_a_dicom_series_alone_and_says_that_it_flatters(tmp_path, run):
    save_dicom(tmp_path / "in" / "series", head((24, 28, 8)))
    words = ("finetune", tmp_path / "in", *TUNE, "--output", tmp_path / "net.safetensors")
    assert "sub-07 would tune the network and test it" in run(*words)[2][0]
    status, out, _ = run(*words, "--allow-same-subject")
    assert status == 0
    assert "flatters" in out


@pytest.mark.slow
def test_every_option_of_finetune_matters(tmp_path, run):
    folder = scans(tmp_path / "in")
    other = save_nifti(tmp_path / "test" / "sub-09_T1w.nii.gz", head(seed=9)).parent

    def weights(*words):
        out = tmp_path / "net.safetensors"
        status, _, _ = run("finetune", folder, *TUNE, *words, "--output", out, "--overwrite")
        assert status == 0
        held = load_network(out)[1].held_out.psnr_before["zero_filled"]
        return load_network(out)[0].get_weights()[0], held

    base, held = weights()
    for words in (
        ["--images", "5"],
        ["--epochs", "3"],
        ["--learning-rate", "0.001"],
        ["--batch", "2"],
        ["--seed", "1"],
        ["--acceleration", "6"],
        ["--axis", "coronal"],
    ):
        assert not np.array_equal(weights(*words)[0], base), words
    assert weights("--test", other)[1] != pytest.approx(held, abs=1e-6)


def test_evaluate_a_folder_and_write_a_table(tmp_path, run):
    folder = scans(tmp_path / "in", 2)
    save_dicom(folder / "series", head(seed=7))
    status, out, _ = run("evaluate", folder, "--output", tmp_path / "t.csv")
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines()[:3]] == ["series", "sub-01_T1w.nii.gz", "sub-02_T1w.nii.gz"]
    assert "retrospectively" in out
    lines = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("scan,acceleration,simulation,slice,method,psnr,ssim")
    assert len(lines) == 1 + 3 * 5 * 2
    assert run("evaluate", folder / "series")[0] == 0
    other = run("evaluate", folder, "--acceleration", "8")[1]
    assert other != out


def test_scans_of_one_name_in_several_folders_are_told_apart(tmp_path, run):
    for k in (1, 2):
        save_nifti(tmp_path / "in" / f"sub-0{k}" / "t1.nii", head((24, 28, 3), seed=k))
    status, out, _ = run("evaluate", tmp_path / "in", "--output", tmp_path / "t.csv")
    assert status == 0
    assert [line.split(":")[0] for line in out.splitlines()[:2]] == ["sub-01/t1.nii", "sub-02/t1.nii"]
    assert all(": 3 slices" in line for line in out.splitlines()[:2])
    assert {line.split(",")[0] for line in (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[1:]} == {
        "sub-01/t1.nii",
        "sub-02/t1.nii",
    }


def bad_scan(tmp_path, kind):
    if kind == "nan":
        volume = head()
        volume[2, 2, 2] = np.nan
        return save_nifti(tmp_path / "a.nii", volume, dtype=np.float32)
    if kind == "gap":
        folder = save_dicom(tmp_path / "s", head())
        (folder / "im003.dcm").unlink()
        return folder
    if kind == "nothing":
        (tmp_path / "nothing").mkdir()
        return tmp_path / "nothing"
    return save_nifti(tmp_path / "a.nii", head())


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        ("nan", [], "holds 1 NaN or infinite values"),
        ("gap", [], "misses a slice between"),
        ("nothing", [], "holds no scans: put a NIfTI"),
        ("good", ["--acceleration", "0.5"], "An acceleration of 0.5 is impossible: make it 1 or more, and finite."),
        ("good", ["--acceleration", "0"], "An acceleration of 0.0 is impossible"),
        ("good", ["--acceleration", "nan"], "An acceleration of nan is impossible"),
        ("good", ["--acceleration", "inf"], "make it 1 or more, and finite"),
        ("good", ["--acceleration", "400"], "lower the acceleration"),
        ("good", ["--axis", "axail"], "Unknown axis 'axail': did you mean 'axial'?"),
        ("good", ["--seed", "-1"], "seed -1"),
    ],
)
def test_bad_input_to_reconstruct_is_one_sentence_and_status_2(tmp_path, run, kind, words, said):
    source = bad_scan(tmp_path, kind)
    out = tmp_path / ("out.nii" if source.suffix else "out")
    status, printed, errors = run("reconstruct", source, *words, "--output", out)
    assert (status, printed, len(errors)) == (2, "", 1)
    assert said in errors[0]
    assert not out.exists()


def test_outputs_that_exist_are_kept(tmp_path, run):
    source = scans(tmp_path / "in")
    kept = {"out.nii": None, "net.safetensors": None, "t.csv": None}
    for name in kept:
        (tmp_path / name).write_text("mine")
    commands = (
        ("reconstruct", source / "sub-01_T1w.nii.gz", "--output", tmp_path / "out.nii"),
        ("finetune", source, *TUNE, "--output", tmp_path / "net.safetensors"),
        ("evaluate", source, "--output", tmp_path / "t.csv"),
    )
    for words in commands:
        status, _, errors = run(*words)
        assert status == 2
        assert "exists: name another output, or add --overwrite" in errors[0]
        assert words[-1].read_text(encoding="utf-8") == "mine"
        assert run(*words, "--overwrite")[0] == 0
        assert words[-1].read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images", "11"], "11 images were asked for, but the scans give 10: ask for fewer"),
        (["--images", "0"], "0 images cannot tune a network"),
        (["--epochs", "0"], "epochs is 1 or more, not 0"),
        (["--learning-rate", "-1"], "learning_rate is positive and finite, not -1.0"),
        (["--test", "IN"], "are one image, to tune with and to test on"),
        (["--acceleration", "0.9"], "make it 1 or more, and finite"),
        (["--output", "net.h5"], "let it end with .safetensors"),
    ],
)
def test_bad_input_to_finetune_is_one_sentence_and_status_2(tmp_path, run, words, said):
    folder = scans(tmp_path / "in")
    words = [folder if word == "IN" else word for word in words]
    out = tmp_path / "net.safetensors"
    status, _, errors = run("finetune", folder, "--output", out, *TUNE, *words)
    assert (status, len(errors)) == (2, 1)
    assert said in errors[0]
    assert list(tmp_path.glob("net*")) in ([], [tmp_path / "net.safetensors.checkpoint"])


def test_mixed_folders_cannot_tune(tmp_path, run):
    folder = scans(tmp_path / "in", 2)
    save_nifti(folder / "sub-09_T2w.nii.gz", head())
    words = ("finetune", folder, *TUNE, "--output", tmp_path / "n.safetensors")
    assert "differ in contrast" in run(*words, "--include", "*")[2][0]
    shutil.move(folder / "sub-09_T2w.nii.gz", tmp_path / "elsewhere.nii.gz")
    save_nifti(folder / "sub-09_T1w.nii.gz", head((24, 20, 5)))
    assert "have slices of 24x28 and 24x20" in run(*words)[2][0]


def test_a_wrong_network_is_named(tmp_path, run):
    source = save_nifti(tmp_path / "a.nii", head())
    words = ("reconstruct", source, "--output", tmp_path / "out.nii")
    assert "There is no released network 'natral'" in run(*words, weights="natral")[2][0]
    assert "There is no file" in run(*words, weights=tmp_path / "gone.safetensors")[2][0]
    broken = tiny_network(tmp_path / "broken.safetensors")
    broken.write_bytes(broken.read_bytes()[:-3] + b"abc")
    assert "does not have the sha256" in run(*words, weights=broken)[2][0]


def test_a_full_disk_is_one_sentence(tmp_path, run, monkeypatch):
    source = save_nifti(tmp_path / "a.nii", head())

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "out.nii"))

    monkeypatch.setattr("recon_lib.scans.write.write_bytes", full)
    status, _, errors = run("reconstruct", source, "--output", tmp_path / "out.nii")
    assert status == 2
    assert "No space left on device" in errors[0]
    assert "free some of the disk and repeat the command" in errors[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.nii"]


def test_an_interruption_leaves_nothing_half_written(tmp_path, run, monkeypatch):
    source = save_nifti(tmp_path / "a.nii", head())

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("recon_lib.scans.reconstruct.apply_network", stop)
    status, _, errors = run("reconstruct", source, "--output", tmp_path / "out.nii")
    assert status == 130
    assert errors[0].endswith("out.nii was not written.")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.nii"]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to send")
@pytest.mark.slow
def test_ctrl_c_while_tuning_keeps_the_epochs_done(tmp_path, net, run):
    folder, out = scans(tmp_path / "in"), tmp_path / "net.safetensors"
    words = [
        "finetune",
        folder,
        "--images",
        "4",
        "--epochs",
        "300",
        "--learning-rate",
        "0.003",
        "--output",
        out,
        "--weights",
        net,
    ]
    heard = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job in the background, and its child, ignore it
    process = subprocess.Popen(
        [sys.executable, "-m", "recon_lib", *map(str, words)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    signal.signal(signal.SIGINT, heard)
    checkpoint = tmp_path / "net.safetensors.checkpoint" / "checkpoint.safetensors"
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error[-2000:]
    assert "interrupted; the same command goes on from here" in error
    assert checkpoint.exists()
    assert not out.exists()


def test_help_says_that_it_is_a_simulation_and_why(capsys):
    for command in ("reconstruct", "evaluate", "finetune"):
        with pytest.raises(SystemExit) as stopped:
            main.main([command, "--help"])
        assert stopped.value.code == 0
        text = " ".join(capsys.readouterr().out.split())
        assert "simulation" in text
        assert "data crimes" in text


def test_what_was_done_on_reading_is_a_line_on_stderr_and_a_field_of_the_record(tmp_path, net, capsys, monkeypatch):
    scans(tmp_path / "in", 2)
    from recon_lib.scans import read

    read_scan = read.read_scan

    def with_a_note(path, options):
        return replace(read_scan(path, options), notes={"guess": "its spacing\nwas guessed."})

    for module in ("read", "references"):
        monkeypatch.setattr(f"recon_lib.scans.{module}.read_scan", with_a_note)
    source = tmp_path / "in" / "sub-01_T1w.nii.gz"
    commands = (
        ("reconstruct", source, "--output", tmp_path / "out.nii"),
        ("evaluate", source),
        ("finetune", tmp_path / "in", *TUNE, "--output", tmp_path / "net.safetensors"),
    )
    for words in commands:
        assert main.main([*map(str, words), "--weights", str(net)]) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note")]
        assert lines[0] == "note: sub-01_T1w.nii.gz: its spacing was guessed."
        assert len(lines) == (2 if words[0] == "finetune" else 1)
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert record["notes"] == {"guess": "its spacing\nwas guessed."}


@pytest.mark.slow
def test_standard_error_has_nothing_but_our_own_lines(tmp_path, net):
    scans(tmp_path / "in", 2)
    save_dicom(tmp_path / "series", head((24, 28, 1)))
    commands = [
        ["reconstruct", tmp_path / "series", "--output", tmp_path / "out"],
        ["evaluate", tmp_path / "in"],
        ["finetune", tmp_path / "in", *TUNE, "--output", tmp_path / "net.safetensors"],
    ]
    code = "import sys; from recon_lib.cli import main; sys.exit(sum(map(main.main, eval(sys.argv[1]))))"
    words = [[str(word) for word in (*command, "--weights", net)] for command in commands]
    environment = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    process = subprocess.run(
        [sys.executable, "-c", code, repr(words)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    lines = [line for line in re.split(r"[\r\n]+", process.stderr) if line.strip() and "%|" not in line]
    assert process.returncode == 0, process.stderr
    listed = ["2 scans of 2 subject(s) are taken, 0 left out:", *(f"+  sub-0{k}_T1w.nii.gz  sub-0{k}" for k in (1, 2))]
    others = [line for line in lines if not line.startswith("precision float32: ")]
    assert others == ["note: series: the spacing of a single slice is its thickness, 3 mm.", *listed, *listed]
    assert len(lines) == len(others) + len(commands)


def test_a_series_of_a_study_is_chosen_and_what_is_read_is_said(tmp_path, net, capsys):
    save_dicom(tmp_path / "study" / "a", head(), t0020_000e="1.2.5", t0020_0011="4", t0008_103e="t2")
    save_dicom(tmp_path / "study" / "b", head((24, 28, 3), seed=1))
    for words, slices in (((), 5), (("--series", "t1 oblique"), 3)):
        for command in (("reconstruct", "--output", tmp_path / "out", "--overwrite"), ("evaluate",)):
            line = [command[0], tmp_path / "study", *command[1:], *words, "--weights", net]
            if command[0] == "evaluate" and not words:
                continue  # of a folder, every folder of a series is measured
            assert main.main([str(word) for word in line]) == 0
            out, error = capsys.readouterr()
            assert "one of 3 't1 oblique' (3 images); 4 't2' (5 images); --series chooses another." in error
            assert command[0] == "reconstruct" or f"{slices} slices" in out
        assert len(list((tmp_path / "out").glob("*.dcm"))) == slices


def test_neither_a_sidecar_nor_a_checkpoint_folder_of_the_user_is_lost(tmp_path, run):
    source = scans(tmp_path / "in")
    for name in ("rec.json", "net.json"):
        (tmp_path / name).write_text("mine")
    tuning = ("finetune", source, *TUNE, "--output", tmp_path / "net.safetensors")
    for words in (("reconstruct", source / "sub-01_T1w.nii.gz", "--output", tmp_path / "rec.nii.gz"), tuning):
        status, _, errors = run(*words)
        assert status == 2
        assert re.search(r"(rec|net)\.json exists: name another output, or add --overwrite", errors[0])
    assert {(tmp_path / name).read_text() for name in ("rec.json", "net.json")} == {"mine"}
    (tmp_path / "net.safetensors.checkpoint").mkdir()
    (tmp_path / "net.safetensors.checkpoint" / "notes.txt").write_text("mine")
    status, _, errors = run(*tuning, "--overwrite")
    assert status == 2
    assert "net.safetensors.checkpoint is a folder that no tuning left: name another output" in errors[0]
    assert (tmp_path / "net.safetensors.checkpoint" / "notes.txt").read_text() == "mine"


def test_a_scan_can_be_read_again_beside_the_record_of_its_reconstruction(tmp_path, run):
    source = save_meta(tmp_path / "dir.mha", head())
    for overwrite in ((), ("--overwrite",)):
        status, _, errors = run("reconstruct", source, "--output", tmp_path / "dir.nii.gz", *overwrite)
        assert (status, errors) == (0, [])
    assert "is a reconstruction that this library wrote" in run("evaluate", tmp_path / "dir.nii.gz")[2][0]


def fastmri(path, mask):
    with h5py.File(path, "w") as file:
        file["kspace"] = direct_fft2c(np.moveaxis(head(), 2, 0)).astype(np.complex64)
        file["mask"] = mask
    return path


def test_a_mask_of_the_user_s_or_of_the_file_s_own_is_used_and_said(tmp_path, net, capsys):
    columns = (np.arange(28) % 3 == 0) | (np.abs(np.arange(28) - 14) < 3)
    source = fastmri(tmp_path / "k.h5", columns)
    np.save(tmp_path / "m.npy", columns)
    made = []
    for words in ((), ("--mask", "own"), ("--mask", source), ("--mask", tmp_path / "m.npy")):
        command = ("reconstruct", source, *words, "--output", tmp_path / "out.npy", "--overwrite", "--weights", net)
        assert main.main([str(word) for word in command]) == 0
        record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
        (note,) = record["notes"].values()
        lines = [line for line in capsys.readouterr().err.replace("\r", "\n").splitlines() if line.startswith("note")]
        assert lines == [f"note: k.h5: {note}"]
        assert record["acceleration"] == pytest.approx(1 / columns.mean() if words else 4, abs=0.02)
        made.append(np.load(tmp_path / "out.npy"))
    assert not np.allclose(made[0], made[1], rtol=1e-3)
    np.testing.assert_array_equal(made[1], made[2])
    np.testing.assert_array_equal(made[1], made[3])


def test_masks_that_cannot_be_used_are_one_sentence(tmp_path, run):
    columns = (np.arange(28) % 3 == 0) | (np.abs(np.arange(28) - 14) < 3)
    source = fastmri(tmp_path / "k.h5", columns)
    np.save(tmp_path / "m.npy", columns[:-1])
    other = save_nifti(tmp_path / "a.nii", head())
    for words, sentence in (
        (("evaluate", source, "--mask", "own", "--acceleration", "3"), "has an acceleration of its own: leave out"),
        (("evaluate", other, "--mask", "own"), "holds no mask of its own"),
        (("evaluate", source, "--mask", tmp_path / "m.npy"), "The mask"),
        (("evaluate", source, "--mask", tmp_path / "gone.npy"), "There is no file"),
    ):
        status, _, errors = run(*words)
        assert (status, len(errors)) == (2, 1)
        assert sentence in errors[0]


@pytest.mark.slow
def test_the_order_of_k_space_and_images_are_options_of_every_command(tmp_path, run, net):
    full = direct_fft2c(np.moveaxis(head((24, 28, 8)), 2, 0))
    for folder, array in (
        ("corner", np.fft.ifftshift(full, axes=(1, 2))),
        ("image", np.moveaxis(head((24, 28, 8)), 2, 0)),
    ):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "k.npy", array.astype(np.complex64))
    np.save(tmp_path / "k.npy", full.astype(np.complex64))
    right = run("evaluate", tmp_path / "k.npy")[1]
    assert run("evaluate", tmp_path / "corner" / "k.npy", "--kspace-order", "corner")[1] == right
    assert run("evaluate", tmp_path / "image" / "k.npy")[0] == 2
    assert run("evaluate", tmp_path / "image" / "k.npy", "--image")[1].splitlines()[0] == right.splitlines()[0]
    for folder, words in (("corner", ("--kspace-order", "corner")), ("image", ("--image",))):
        out = tmp_path / f"{folder}.safetensors"
        assert run("finetune", tmp_path / folder, *words, *TUNE, "--allow-same-subject", "--output", out)[0] == 0
    command = ("reconstruct", tmp_path / "image" / "k.npy", "--image", "--output", tmp_path / "out.npy")
    assert "SIMULATION: 4-fold undersampled complex images" in run(*command)[1]
    assert "Unknown k-space order 'center'" in run("evaluate", tmp_path / "k.npy", "--kspace-order", "center")[2][0]


def test_help_states_the_convention_of_k_space(capsys):
    for command in ("reconstruct", "evaluate", "finetune"):
        with pytest.raises(SystemExit):
            main.main([command, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        assert "K-space is centred" in text
        assert "orthonormal, and its last two axes are rows and columns" in text


def test_the_precision_is_said_once_on_stderr_and_written_down(tmp_path, net, capsys, monkeypatch):
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("this processor computes in it", ""))
    source = save_nifti(tmp_path / "a.nii", head())
    choices = {("--precision", "bfloat16"): "bfloat16", ("--precision", "auto"): "float32", (): "float32"}
    for words, name in choices.items():
        out = tmp_path / name / "out.nii"
        command = ["reconstruct", str(source), "--weights", str(net), *words, "--output", str(out), "--overwrite"]
        assert main.main(command) == 0
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("precision")]
        assert len(lines) == 1
        assert lines[0].startswith(f"precision {name}: ")
        assert json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))["precision"] == name
    monkeypatch.setattr(precision, "machine_bfloat16", lambda: ("", "this processor's flags do not promise it"))
    table = tmp_path / "t.csv"
    words = ["--precision", "bfloat16", "--output", str(table)]
    assert main.main(["evaluate", str(source), "--weights", str(net), *words]) == 0
    assert "promise it; float32 is used instead" in capsys.readouterr().err
    with table.open(encoding="utf-8", newline="") as file:
        assert {row["precision"] for row in csv.DictReader(file)} == {"float32"}


@pytest.mark.parametrize("command", ["reconstruct", "evaluate", "finetune"])
def test_an_unknown_precision_is_refused_before_anything_is_read(tmp_path, run, command, monkeypatch):
    words = (command, tmp_path / "nowhere", "--output", tmp_path / "out.safetensors")
    status, _, (error,) = run(*words, "--precision", "half")
    assert (status, "Unknown precision 'half'" in error) == (2, True)
    monkeypatch.setenv("RECON_PRECISION", "half")
    status, _, (error,) = run(*words)
    assert (status, "Unknown precision in RECON_PRECISION 'half'" in error) == (2, True)
    assert not list(tmp_path.glob("out*"))
