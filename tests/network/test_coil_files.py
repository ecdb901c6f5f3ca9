"""A network of several coils comes back from its file as it was, and other files are refused."""

import numpy as np
import pytest

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.core.files import sha256
from recon_lib.experiment.coil_recipes import CoilArchitecture
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.cascade import Cascade, build, named_weights
from recon_lib.network.coil_cascade import CoilCascade, build_coils
from recon_lib.network.coil_files import NORMALISATION, load_coil_network
from recon_lib.network.files import load_network, save_network
from recon_lib.results.keys import RunKey
from recon_lib.results.released import NetworkCard

TINY = CoilArchitecture(subnetworks=1, hidden_layers=1, filters=2, iterations=3, data_consistency=0.5)


@pytest.fixture
def path(tmp_path):
    card = NetworkCard(RunKey(training_domain="natural"), normalisation=NORMALISATION)
    save_network(tmp_path / "coils.safetensors", build_coils(CoilCascade(TINY, seed=3)), card)
    return tmp_path / "coils.safetensors"


def test_it_comes_back_as_it_was(path):
    cascade, card = load_coil_network(path)
    assert cascade.architecture == TINY
    expected = named_weights(build_coils(CoilCascade(TINY, seed=3)))
    assert all(np.array_equal(expected[name], value) for name, value in named_weights(cascade).items())
    assert card.normalisation == NORMALISATION
    assert card.key.training_domain == "natural"
    assert card.sha256 == sha256(path)


def test_networks_of_one_coil_and_of_several_are_told_apart(path, tmp_path):
    single = tmp_path / "single.safetensors"
    save_network(single, build(Cascade(Architecture(subnetworks=1, hidden_layers=1, filters=2))), NetworkCard())
    with pytest.raises(ReconError, match="network of one coil"):
        load_coil_network(single)
    with pytest.raises(ReconError, match="holds a network of several coils"):
        load_network(path)


def test_weights_of_another_shape_are_refused(path):
    arrays, state = load_arrays(path)
    arrays.popitem()
    save_arrays(path, arrays, state)
    with pytest.raises(ReconError, match="does not hold the weights of its architecture"):
        load_coil_network(path)
