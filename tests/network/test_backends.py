"""TensorFlow, JAX and PyTorch go on from one checkpoint: the same weights after the same updates.

The backends sum float32 numbers in different orders, so their gradients differ by about 1e-6 of their size. Adam
divides a gradient by its own size and steps by the rate, 1e-3: each of at most twelve updates adds about 1e-9 to the
difference of a weight, and more where a gradient is small. Differences of 3e-8 were measured. The project promises
1e-5; the tolerance here is a tenth of that, and the weights move two thousand times as far.
"""

import dataclasses
import importlib.util
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from laws import ROOT, run_python
from network.test_training import SIZE, Stop, example, stop_after

from recon_lib.core.arrays import load_arrays, save_arrays
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.recipes import Architecture, SequentialRecipe, TuningRecipe
from recon_lib.network.cascade import Cascade, build, named_weights, set_weights
from recon_lib.network.training import train_sequential
from recon_lib.network.tuning import fine_tune

BACKENDS = ("tensorflow", "jax", "torch")
TOLERANCE = 1e-6
SHAPE = Architecture(subnetworks=2, hidden_layers=2, filters=6)
RECIPE = SequentialRecipe(batch=3, epochs=3, learning_rate=1e-3, schedule="cosine", l2=1e-2, crop=14)
TUNING = TuningRecipe(batch=2, epochs=3, learning_rate=1e-3, schedule="cosine", l2=1e-2)
TUNINGS = {
    "before_dc": TUNING,
    "after_dc": dataclasses.replace(TUNING, loss_on="after_dc"),
    "added": dataclasses.replace(TUNING, augmentation=Augmentation(True, 2, 0.3, 0.01), average=0.4, pull=50.0),
    "scale_shift": dataclasses.replace(TUNING, learning_rate=1e-2, scale_shift=True),
    "held_kspace": dataclasses.replace(TUNING, held_kspace=0.2),
}
RUNS = {"train": 2 * RECIPE.epochs, **dict.fromkeys(TUNINGS, TUNING.epochs)}


def carry_out(run: str, folder: Path, progress=None) -> tuple[Cascade, list[dict]]:
    """Train, or tune the network that lies in the folder: go on from the folder's checkpoint, if there is one."""
    images, masks = example()
    # Where it is sampled, data consistency undoes a sub-network's output bias, whose gradient is then rounding alone.
    masks[:, SIZE[0] // 2, SIZE[1] // 2] = False
    if run == "train":
        how = {"architecture": SHAPE, "recipe": RECIPE, "updates": 7, "seed": 4}
        return train_sequential(images, masks, folder=folder, progress=progress, **how)
    cascade = build(Cascade(SHAPE))
    set_weights(cascade, load_arrays(folder / "start.safetensors")[0])
    return fine_tune(cascade, images, masks, recipe=TUNINGS[run], seed=5, folder=folder, progress=progress)


def finish(folder: str) -> None:
    """Go on with every run that was stopped, on the backend of this process, and write weights and losses."""
    for run in RUNS:
        cascade, history = carry_out(run, Path(folder, run))
        losses = {"losses": np.array([[row["loss"], row["psnr"]] for row in history])}
        save_arrays(Path(folder, f"{run}.safetensors"), {**named_weights(cascade), **losses}, {})


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Path:
    """A folder for each run, stopped after its first epoch on the backend at hand."""
    folder = tmp_path_factory.mktemp("stopped")
    for run in RUNS:
        (folder / run).mkdir()
        save_arrays(folder / run / "start.safetensors", named_weights(build(Cascade(SHAPE, seed=3))), {})
        with pytest.raises(Stop):
            carry_out(run, folder / run, stop_after(1))
    return folder


@pytest.fixture(scope="module")
def finished(stopped, tmp_path_factory) -> Path:
    """The same runs, finished on the backend at hand."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copytree(stopped, folder, dirs_exist_ok=True)
    finish(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("backend", sorted({*BACKENDS} - {keras.backend.backend()}))
def test_a_checkpoint_ends_with_the_same_weights_on_every_backend(backend, stopped, finished, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    code = "import sys; from network import test_backends as t; t.finish(sys.argv[1]); print(t.keras.backend.backend())"
    printed = run_python(code, str(tmp_path), KERAS_BACKEND=backend, JAX_PLATFORMS="cpu", PYTHONPATH=path)
    assert printed == backend
    for run, epochs in RUNS.items():
        first, _ = load_arrays(stopped / run / "checkpoint.safetensors")
        ours, theirs = (load_arrays(folder / f"{run}.safetensors")[0] for folder in (finished, tmp_path))
        losses, expected = theirs.pop("losses"), ours.pop("losses")
        assert losses.shape == (epochs, 2)
        np.testing.assert_allclose(losses, expected, rtol=1e-5, err_msg=run)
        for name, value in ours.items():
            np.testing.assert_allclose(theirs[name], value, rtol=0, atol=TOLERANCE, err_msg=f"{run}: {name}")
            assert np.abs(value - first[f"weight/{name}"]).max() > 1000 * TOLERANCE, f"{run}: {name} does not move"
