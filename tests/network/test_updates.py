"""Updates on JAX: those of Keras' own loop to the last bit, whether images stay on the card or come from the host."""

import dataclasses
import importlib.util
import os
import subprocess
import sys

import keras
import network.test_training as training_tests
import numpy as np
import pytest
from network.test_training import RECIPE, TUNING, Stop, same, stop_after, train, tune

from recon_lib.core.arrays import load_state
from recon_lib.experiment.counting import update_bytes
from recon_lib.experiment.recipes import Architecture, SequentialRecipe
from recon_lib.network import accelerator, device, inference, journal, training, updates
from recon_lib.network.updates import pays_to_compile

on_jax = pytest.mark.skipif(keras.backend.backend() != "jax", reason="of the backend JAX")
BOTH = pytest.mark.parametrize(("run", "recipe"), [(train, RECIPE), (tune, TUNING)])


@pytest.fixture
def card(monkeypatch):
    """Pretend that the processor is a card with memory enough."""
    monkeypatch.setattr(device, "device_memory", lambda: 2**34)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="this is it")
def test_the_same_on_jax(tmp_path):
    if "RECON_OTHER_BACKEND" in os.environ or importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed, or has its turn")
    # Most runs compile the same update, each for itself: what one has compiled serves the others.
    compiled = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", __file__],
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", **compiled},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@on_jax
@BOTH
def test_updates_are_those_of_keras_to_the_last_bit_wherever_the_images_lie(run, recipe, tmp_path, monkeypatch):
    from_host, history = run(tmp_path / "host", recipe)
    monkeypatch.setattr(device, "device_memory", lambda: 2**34)
    on_card, on_card_history = run(tmp_path / "card", recipe)
    assert same(on_card, from_host)
    assert on_card_history == history
    monkeypatch.setattr(device, "device_memory", lambda: None)
    monkeypatch.setattr(updates, "compiled_update", lambda *_: None)
    keras_own, expected = run(tmp_path / "keras", dataclasses.replace(recipe, jit_compile=True))
    assert same(from_host, keras_own)
    assert history == expected


@on_jax
@pytest.mark.parametrize("count", [1, 5])
def test_images_that_fit_in_part_give_the_same_bits(count, tmp_path, monkeypatch):
    from_host, history = train(tmp_path / "host")
    kinds, sizes = set(), []

    def watched(array, chosen, gather=updates.gather):
        kinds.add(type(array))
        sizes.append(len(array.resident))
        return gather(array, chosen)

    monkeypatch.setattr(training, "gather", watched)
    image = 4 * 3 * 17 * 20  # bytes: two channels in and a target, of the images of the training
    monkeypatch.setattr(device, "room", lambda *_: count * image + 1)
    divided, divided_history = train(tmp_path / "divided")
    assert kinds == {updates.Divided}
    assert set(sizes) == {count}
    assert same(divided, from_host)
    assert divided_history == history


@on_jax
def test_no_update_waits_for_the_one_before():
    import jax

    model = training_tests.start().subnetworks[0]
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    updater = updates.Updater(model, optimizer, training_tests.hybrid_loss)
    images = np.ones((2, 8, 8, 2), np.float32)
    first = model.get_weights()
    for _ in range(3):
        updater.update(images, images[..., :1])
    assert all(map(np.array_equal, model.get_weights(), first))  # nothing was read back yet
    assert all(isinstance(row, jax.Array) for row in updater._rows)
    updater.settle()
    assert not any(map(np.array_equal, model.get_weights(), first))


@on_jax
def test_images_that_fit_lie_on_the_card_and_others_stay(card, monkeypatch):
    import jax

    shape, images = Architecture(subnetworks=1, hidden_layers=1, filters=4), (np.ones((3, 8, 8, 2), np.float32),)
    (placed,) = updates.place(images, shape, 2)
    assert isinstance(placed, jax.Array)
    np.testing.assert_array_equal(updates.gather(placed, np.array([2, 0])), images[0][[2, 0]])
    update, image = update_bytes(shape, 2, (8, 8), end_to_end=False), images[0][0].nbytes
    for count in (2, 1):  # a fifth of the memory is left to the backend
        memory = int((update + (count + 0.5) * image) / 0.8)
        monkeypatch.setattr(device, "device_memory", lambda memory=memory: memory)
        (divided,) = updates.place(images, shape, 2)
        assert (len(divided.resident), len(divided.remote)) == (count, 3 - count)
        assert isinstance(divided.resident, jax.Array)
    monkeypatch.setattr(device, "device_memory", lambda: update)
    assert updates.place(images, shape, 2) is images


@on_jax
@pytest.mark.parametrize("chosen", [[0, 1], [4, 3], [4, 0, 2, 2, 3, 1]])
def test_a_batch_comes_from_both_memories_in_its_order(chosen):
    import jax

    images = np.arange(5 * 6, dtype=np.float32).reshape(5, 2, 3, 1)
    divided = updates.Divided(jax.device_put(images[:3]), images[3:])
    np.testing.assert_array_equal(updates.gather(divided, np.array(chosen)), images[chosen])


def test_without_a_card_images_stay_in_the_main_memory():
    images = (np.ones((3, 8, 8, 2), np.float32),)
    assert updates.place(images, Architecture(), 2) is images


@on_jax
@pytest.mark.parametrize(("run", "epochs", "pause"), [(train, 3, 0.0), (tune, 1, 0.0), (tune, 2, 1000.0)])
def test_a_stopped_run_on_the_card_ends_with_the_same_bits(run, epochs, pause, card, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "device_memory", lambda: 2**34)
    monkeypatch.setattr(journal, "_PAUSE", pause)
    whole = run(tmp_path / "whole")
    with pytest.raises(Stop):
        run(tmp_path / "broken", progress=stop_after(epochs))
    mended = run(tmp_path / "broken")
    assert same(mended[0], whole[0])
    assert mended[1] == whole[1]


@on_jax
def test_on_a_card_tuning_writes_a_checkpoint_now_and_then_and_at_the_end(card, tmp_path, monkeypatch):
    monkeypatch.setattr(journal, "device_memory", lambda: 2**34)
    monkeypatch.setattr(journal, "_PAUSE", 1000.0)
    path, seen = tmp_path / "checkpoint.safetensors", []
    tune(tmp_path, progress=lambda *_: seen.append(path.exists()))
    assert seen == [False, False, True]
    assert load_state(path)["epoch"] == TUNING.epochs


@on_jax
def test_crops_are_cut_on_the_host_and_train_alike(tmp_path, monkeypatch):
    recipe = SequentialRecipe(batch=4, epochs=2, learning_rate=1e-2, crop=8)
    from_host, _ = train(tmp_path / "host", recipe)
    monkeypatch.setattr(device, "device_memory", lambda: 2**34)
    assert same(train(tmp_path / "card", recipe)[0], from_host)


@on_jax
@pytest.mark.parametrize(("count", "step"), [(5, 2), (4, 2), (1, 4), (150, 100)])
def test_parts_of_one_size_cover_all_images(count, step):
    slices = (slice(start, start + step) for start in range(0, count, step))
    parts = list(inference._parts_of_one_size(slices, count))
    assert {part.stop - part.start for part in parts} == {min(step, count, 64)}
    assert {i for part in parts for i in range(part.start, part.stop)} == set(range(count))


def test_rows_are_given_once(tmp_path):
    model = training_tests.start().subnetworks[0]
    optimizer = keras.optimizers.Adam(1e-3)
    optimizer.build(model.trainable_variables)
    updater = updates.Updater(model, optimizer, training_tests.hybrid_loss, compiled=False)
    images = np.ones((2, 8, 8, 2), np.float32)
    for _ in range(3):
        updater.update(images, images[..., :1])
    assert updater.rows().shape == (3, 1)
    updater.settle()
    assert int(optimizer.iterations) == 3
    assert updater.rows().size == 0


# The card in a run's record


def test_a_processor_is_no_accelerator():
    assert accelerator.accelerator() is None


def test_a_card_is_described_as_its_driver_tells(monkeypatch):
    monkeypatch.setattr(accelerator, "device_memory", lambda: 2**34)
    shown = subprocess.CompletedProcess([], 0, stdout="NVIDIA H200, 143771, 580.159.03\n")
    monkeypatch.setattr(accelerator.subprocess, "run", lambda *_, **__: shown)
    expected = {"kind": "NVIDIA H200", "memory_mib": 143771, "driver": "580.159.03", "tf32": True}
    assert accelerator.accelerator() == expected
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    assert accelerator.accelerator()["tf32"] is False


def test_a_card_without_its_drivers_tool_is_still_recorded(monkeypatch):
    monkeypatch.setattr(accelerator, "device_memory", lambda: 2**34)
    monkeypatch.setenv("PATH", "")
    assert accelerator.accelerator() == {"kind": None, "memory_mib": None, "driver": None, "tf32": True}


@pytest.mark.parametrize(
    ("backend", "memory", "expected"),
    [("jax", None, True), ("jax", 1, True), ("tensorflow", None, False), ("tensorflow", 1, True), ("torch", 1, False)],
)
def test_xla_pays_on_jax_and_for_tensorflow_on_a_card(monkeypatch, backend, memory, expected):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    monkeypatch.setattr(device, "device_memory", lambda: memory)
    assert pays_to_compile() is expected
