"""The same seed gives the same numbers in any process; another seed gives others; nobody else's dice are thrown."""

import json
import random

import keras
import numpy as np
import pytest
from laws import run_python

from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.experiment.profile import load_profile
from recon_lib.experiment.recipes import Architecture, SequentialRecipe, TuningRecipe
from recon_lib.imaging.masks import MaskSpec, assign_masks, mask_stack
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.journal import digest
from recon_lib.network.training import train_sequential
from recon_lib.network.tuning import fine_tune
from recon_lib.runs import state
from recon_lib.runs.images import training_subset

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=3)
# What a seed decides, each as a hash; run here and in two other processes.
CODE = """
import json, sys, tempfile
from pathlib import Path
import numpy as np
from test_determinism import decided
print(json.dumps(decided(int(sys.argv[1]))))
"""


def images():
    return domains.load_images("t1", "train", Domain(source="generated", matrix=(24, 20), images=6)).images


def decided(seed: int) -> dict[str, str]:
    """Return a hash of each thing that a seed decides."""
    import tempfile
    from pathlib import Path

    masks = mask_stack((24, 20), 6, "train", MaskSpec(seed=seed))
    recipe = SequentialRecipe(batch=2, epochs=2, learning_rate=1e-2, crop=16)
    with tempfile.TemporaryDirectory() as folder:
        net, history = train_sequential(
            images(), masks, architecture=TINY, recipe=recipe, updates=4, seed=seed, folder=Path(folder) / "a"
        )
        trained = digest(*net.get_weights())
        whole = TuningRecipe(batch=2, epochs=1, learning_rate=1e-3)
        tuned, _ = fine_tune(net, images(), masks, recipe=whole, seed=seed, folder=Path(folder) / "b")
    return {
        "masks": digest(masks),
        "assignment": digest(assign_masks(20, 6, seed)),
        "subset": digest(training_subset(100, 30, 0.5, seed)),
        "initial weights": digest(*build(Cascade(TINY, seed)).get_weights()),
        "trained weights": trained,
        "losses": digest(np.array([row["loss"] for row in history])),
        "tuned weights": digest(*tuned.get_weights()),
    }


@pytest.fixture(scope="module")
def two_processes():
    """What seed 3 decides in two other processes, whose strings have other hashes."""
    return [json.loads(run_python(CODE, "3", PYTHONPATH="tests:.", PYTHONHASHSEED=text)) for text in ("1", "2")]


@pytest.mark.slow
def test_two_processes_agree(two_processes):
    one, other = two_processes
    assert one == other


@pytest.mark.slow
def test_another_seed_changes_everything_it_decides(two_processes):
    other = decided(4)
    assert [name for name, value in two_processes[0].items() if other[name] == value] == []


@pytest.mark.slow
def test_images_and_splits_have_no_seed_at_all(two_processes):
    # They belong to the data: another seed of an experiment is judged on the same subjects.
    again = run_python("from test_determinism import *\nprint(digest(images()))", PYTHONPATH="tests:.")
    assert again == digest(images())
    splits = [
        set(domains.load_images("t1", split, Domain(source="generated")).subjects)
        for split in ("train", "pool", "test")
    ]
    assert set.union(*splits) == {f"generated-{n:02d}" for n in range(1, 9)}
    assert sum(map(len, splits)) == 8


def test_global_random_states_are_untouched():
    random.seed(1)
    np.random.seed(1)
    keras.utils.set_random_seed(1)
    keras.random.uniform((1,))
    before = random.getstate(), np.random.get_state(), _keras_state()
    decided(2)
    state.plan_profile(load_profile("smoke"))
    after = random.getstate(), np.random.get_state(), _keras_state()
    assert before[0] == after[0]
    assert before[1][2:] == after[1][2:]
    np.testing.assert_array_equal(before[1][1], after[1][1])
    np.testing.assert_array_equal(before[2], after[2])


def _keras_state() -> np.ndarray:
    from keras.src.random.seed_generator import global_seed_generator

    return keras.ops.convert_to_numpy(global_seed_generator().state)
