"""What is counted before a run is what the network has, computes and holds."""

import math
import tracemalloc

import keras
import numpy as np
import pytest

from recon_lib.experiment import counting
from recon_lib.experiment.recipes import Architecture, SequentialRecipe
from recon_lib.network import inference
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.training import train_sequential

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=4)


@pytest.mark.parametrize("shape", [TINY, Architecture(), Architecture(3, 0, 5, 5)])
def test_weights_are_those_of_the_network(shape):
    assert counting.weights(shape) == build(Cascade(shape)).count_params()


@pytest.mark.parametrize("shape", [TINY, Architecture(), Architecture(3, 0, 5, 5)])
def test_operations_are_those_of_the_networks_own_convolutions(shape):
    layers = [layer for sub in build(Cascade(shape)).subnetworks for layer in sub.layers]
    kernels = sum(math.prod(layer.kernel.shape) for layer in layers if isinstance(layer, keras.layers.Conv2D))
    assert counting.operations(shape, (5, 7)) == 2 * 35 * kernels
    assert counting.operations(shape, (5, 7), training=True) == 3 * 2 * 35 * kernels


def test_training_images_hold_no_more_than_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(inference, "forward_pixels", lambda _: 50_000)  # a part is little beside all images
    images = np.random.default_rng(0).random((1200, 32, 24), dtype=np.float32)
    masks = np.ones(images.shape, bool)
    how = {
        "architecture": Architecture(3, 1, 2),
        "recipe": SequentialRecipe(batch=2, epochs=1),
        "updates": 1,
        "seed": 0,
    }
    train_sequential(images[:2], masks[:2], folder=tmp_path / "before", **how)  # what is loaded once does not count
    tracemalloc.start()
    train_sequential(images, masks, folder=tmp_path, **how)
    peak = tracemalloc.get_traced_memory()[1] + images.nbytes + masks.nbytes
    tracemalloc.stop()
    said = counting.training_bytes(len(images), images.shape[1:])
    assert 0.8 * said < peak <= said
