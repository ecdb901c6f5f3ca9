"""Where a run stands: written and read back to the bit, refused to another run."""

import keras
import numpy as np
import pytest
from keras import ops

from recon_lib.core.arrays import save_arrays
from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.network.cascade import Cascade, build, named_weights
from recon_lib.network.journal import Journal, digest

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=3)
IDENTITY = {"seed": 1, "recipe": {"batch": 4}}
ROWS = [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}, {"epoch": 0, "loss": 2.0}]


def network(seed=0):
    return build(Cascade(TINY, seed))


def adam(cascade):
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(cascade.subnetworks[1].trainable_variables)
    return optimizer


@pytest.fixture
def written(tmp_path):
    """A run that wrote two epochs of its first sub-network and one of its second, and what it ended with."""
    cascade = network(seed=3)
    journal, optimizer = Journal(tmp_path, IDENTITY, cascade), adam(cascade)
    for index, variable in enumerate(optimizer.variables):
        variable.assign(ops.full(variable.shape, index + 1, dtype=variable.dtype))
    for stage, row in zip((0, 0, 1), ROWS, strict=True):
        journal.write(stage, row, optimizer)
    return cascade, optimizer


def test_a_run_stands_where_it_was_written(written, tmp_path):
    cascade, optimizer = written
    fresh = network(seed=8)
    journal = Journal(tmp_path, IDENTITY, fresh)
    assert (journal.stage, journal.epoch, journal.history) == (1, 1, ROWS)
    for name, value in named_weights(cascade).items():
        np.testing.assert_array_equal(named_weights(fresh)[name], value)
    restored = adam(fresh)
    journal.restore(restored)
    assert len(restored.variables) == len(optimizer.variables) > 2
    for variable, expected in zip(restored.variables, optimizer.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), ops.convert_to_numpy(expected))


def test_a_new_run_stands_at_its_start_and_changes_nothing(tmp_path):
    cascade = network()
    expected, optimizer = named_weights(cascade), adam(cascade)
    journal = Journal(tmp_path, IDENTITY, cascade)
    journal.restore(optimizer)
    assert (journal.stage, journal.epoch, journal.history) == (0, 0, [])
    assert int(optimizer.iterations) == 0
    assert all(np.array_equal(named_weights(cascade)[name], value) for name, value in expected.items())
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("identity", [{}, {"seed": 2, "recipe": {"batch": 4}}, {"seed": 1, "recipe": {"batch": 5}}])
def test_another_run_is_refused_and_its_network_left_alone(written, identity, tmp_path):
    cascade = network(seed=8)
    expected = named_weights(cascade)
    with pytest.raises(ReconError, match="belongs to another run: give this one a folder of its own"):
        Journal(tmp_path, identity, cascade)
    assert all(np.array_equal(named_weights(cascade)[name], value) for name, value in expected.items())


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    save_arrays(tmp_path / "checkpoint.safetensors", {"a": np.zeros(2, np.float32)}, {"other": 1})
    with pytest.raises(ReconError, match="belongs to another run"):
        Journal(tmp_path, IDENTITY, network())
    (tmp_path / "checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(ReconError, match=r"checkpoint\.safetensors"):
        Journal(tmp_path, IDENTITY, network())


def test_a_digest_is_of_values_shape_type_and_order():
    a, b = np.arange(6.0), np.arange(6.0) + 1
    calls = [(a,), (b,), (a.reshape(2, 3),), (a.astype(np.float32),), (a, b), (b, a), ()]
    digests = [digest(*arrays) for arrays in calls]
    assert len(set(digests)) == len(digests)
    assert digest(a[::-1]) == digest(a[::-1].copy())
    assert digest(a, b) == digest(a.copy(), b.copy())
