"""Data-parallel training over several devices gives the weights of one device."""

import numpy as np
import pytest
from laws import run_python

CODE = """
import os, sys
from pathlib import Path
import keras
import jax
from recon_lib.data import domains
from recon_lib.data.domains import Domain
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.masks import mask_stack
from recon_lib.experiment.recipes import SequentialRecipe, TuningRecipe
from recon_lib.network.training import train_sequential
from recon_lib.network.tuning import fine_tune
assert keras.backend.backend() == "jax"
devices = jax.devices()[: int(sys.argv[1])]
assert len(devices) == int(sys.argv[1])
if len(devices) > 1:
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=[f"cpu:{d.id}" for d in devices]))
images = domains.load_images("t1", "train", Domain(source="generated", matrix=(24, 20), images=8)).images
masks = mask_stack((24, 20), 8)
tiny = Architecture(subnetworks=2, hidden_layers=1, filters=3)
recipe = SequentialRecipe(batch=4, epochs=2, learning_rate=1e-4, crop=16)
out = Path(sys.argv[2])
net, _ = train_sequential(images, masks, architecture=tiny, recipe=recipe, updates=6, seed=0, folder=out / "a")
tuning = TuningRecipe(batch=4, epochs=2, learning_rate=1e-4)
net, _ = fine_tune(net, images, masks, recipe=tuning, seed=0, folder=out / "b")
import numpy as np
np.savez(out / "weights.npz", *net.get_weights())
"""


@pytest.mark.slow
def test_two_devices_give_the_weights_of_one(tmp_path):
    pytest.importorskip("jax")
    weights = []
    for count in (1, 2):
        folder = tmp_path / str(count)
        folder.mkdir()
        flags = f"--xla_force_host_platform_device_count={count}"
        run_python(CODE, str(count), str(folder), KERAS_BACKEND="jax", XLA_FLAGS=flags, JAX_PLATFORMS="cpu")
        with np.load(folder / "weights.npz") as stored:
            weights.append([stored[name] for name in stored.files])
    assert len(weights[0]) == 8
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-5)
