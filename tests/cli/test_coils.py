"""The commands of the experiment with several coils: what remains, what is carried out, and what is collected."""

import importlib
import json

import numpy as np
import pytest

from recon_lib.cli.main import main
from recon_lib.experiment.coil_profile import load_coil_profile
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.imaging.coil_simulation import CoilSimulation, complex_noise, simulate_maps
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.files import save_network
from recon_lib.results.released import NetworkCard


@pytest.fixture
def runs(monkeypatch):
    """Note which runs are carried out, and take them for finished then."""
    module, executed = importlib.import_module("recon_lib.runs.coils"), []
    monkeypatch.setattr(module, "execute", lambda profile, run, progress: executed.append(run.id))
    monkeypatch.setattr(module, "finished", lambda profile, run: run.id in executed)
    return executed


def test_what_remains_is_listed_and_carried_out_in_order(runs, capsys):
    from recon_lib.runs import coils

    planned = [run.id for run in coils.planned(load_coil_profile("smoke"))]
    assert main(["coils", "execute", "smoke", "train-*", "maps-*"]) == 0
    assert runs == [name for name in planned if name.startswith(("train", "maps"))]
    assert main(["coils", "list", "smoke"]) == 0
    listed = capsys.readouterr().out.split("\n")
    assert listed[: len(planned) - len(runs)] == [name for name in planned if name not in runs]
    assert f"{len(planned) - len(runs)} of {len(planned)} runs remain." in listed
    assert main(["coils", "execute", "smoke"]) == 0
    assert sorted(runs) == sorted(planned)


def test_an_unknown_profile_and_nothing_to_collect_are_told(capsys):
    assert main(["coils", "list", "smok"]) == 2
    assert "did you mean 'smoke'" in capsys.readouterr().err
    assert main(["coils", "collect", "smoke"]) == 2
    assert "recon coils execute smoke" in capsys.readouterr().err


def test_a_file_is_reconstructed_and_its_record_written(tmp_path, capsys):
    rng, network = np.random.default_rng(0), tmp_path / "network.safetensors"
    shape = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=2)
    save_network(network, build_coils(CoilCascade(shape)), NetworkCard())
    np.save(tmp_path / "raw.npy", complex_noise((2, 3, 12, 10), rng) * (rng.random((12, 10)) < 0.5))
    np.save(tmp_path / "maps.npy", simulate_maps((12, 10), CoilSimulation(coils=(3, 3)), rng))
    words = ["coils", "reconstruct", str(tmp_path / "raw.npy"), "--network", str(network), "--coils", "1"]
    words += ["--maps", str(tmp_path / "maps.npy"), "--output"]
    assert main([*words, str(tmp_path / "image.npy")]) == 0
    image = np.load(tmp_path / "image.npy")
    assert image.shape == (2, 12, 10)
    assert image.dtype == np.complex64
    assert main([*words, str(tmp_path / "magnitude.npy"), "--magnitude"]) == 0
    np.testing.assert_allclose(np.load(tmp_path / "magnitude.npy"), np.abs(image), rtol=1e-5)
    record = json.loads((tmp_path / "image.json").read_text())
    assert (record["input"], record["coils"], record["maps"]) == ("raw.npy", 3, "given")
    assert main([*words, str(tmp_path / "image.nii")]) == 2
    assert "written as .npy" in capsys.readouterr().err
    assert not (tmp_path / "image.nii").exists()
    assert main([*words, str(tmp_path / "b.npy"), "--compress", "2"]) == 2
    assert "leave out --compress" in capsys.readouterr().err
    assert not (tmp_path / "b.npy").exists()
