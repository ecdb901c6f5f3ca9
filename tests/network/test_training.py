"""Training: the loss by hand, frozen predecessors, resuming to the bit, and every knob shown to matter."""

import contextlib
import dataclasses

import keras
import numpy as np
import pytest
from keras import ops

from recon_lib.core.arrays import load_arrays
from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture, Recipe, SequentialRecipe, TuningRecipe
from recon_lib.imaging.acquisition import acquire
from recon_lib.imaging.metrics import psnr
from recon_lib.network import training, tuning
from recon_lib.network.cascade import Cascade, named_weights
from recon_lib.network.inference import reconstruct
from recon_lib.network.training import hybrid_loss, train_sequential
from recon_lib.network.tuning import fine_tune

SIZE = (17, 20)
TINY = Architecture(subnetworks=2, hidden_layers=1, filters=4)
RECIPE = SequentialRecipe(batch=4, epochs=2, learning_rate=1e-2)
TUNING = TuningRecipe(batch=4, epochs=3, learning_rate=1e-2)
UPDATES = 5  # three in one epoch, two in the other


def example(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Return blurry images with maximum 1 and a mask for each."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    centres = rng.uniform(5, 12, (count, 2, 1, 1))
    images = np.exp(-((y - centres[:, 0]) ** 2 + (x - centres[:, 1]) ** 2) / 20).astype(np.float32)
    return images / images.max(axis=(1, 2), keepdims=True), rng.random((count, *SIZE)) < 0.5


def train(folder, recipe=RECIPE, **changes):
    """Train the tiny network on the example."""
    images, masks = example()
    settings = {"architecture": TINY, "recipe": recipe, "updates": UPDATES, "seed": 11, "folder": folder, **changes}
    return train_sequential(images, masks, **settings)


def start(**changes) -> Cascade:
    """Return the network that fine-tuning starts from."""
    return Cascade(TINY, **{"seed": 11, **changes})


def tune(folder, recipe=TUNING, **changes):
    """Fine-tune the tiny network on the example."""
    images, masks = example()
    settings = {"recipe": recipe, "seed": 5, "folder": folder, "masks": masks, **changes}
    return fine_tune(settings.pop("cascade", start()), images, **settings)


def same(a: Cascade, b: Cascade) -> bool:
    """Say whether two networks are equal to the last bit."""
    left, right = named_weights(a), named_weights(b)
    assert left.keys() == right.keys()
    return all(np.array_equal(left[name], right[name]) for name in left)


def squares(cascade: Cascade, subnetworks: slice = np.s_[:]) -> float:
    """Sum the squares of the kernels."""
    return sum(
        float((ops.convert_to_numpy(layer.kernel).astype(float) ** 2).sum())
        for network in cascade.subnetworks[subnetworks]
        for layer in network.layers
    )


@contextlib.contextmanager
def tracing(switch: bool):
    """Compile the updates as in earnest, or not: tracing costs more than a tiny network's updates."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    eager = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(not switch)
    yield
    tf.config.run_functions_eagerly(eager)


@pytest.fixture(scope="module", autouse=True)
def untraced():
    """Run every test without tracing but those that ask for it."""
    with tracing(False):
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train once, undisturbed: network, history and what each epoch's checkpoint held."""
    folder, checkpoints = tmp_path_factory.mktemp("trained"), []
    path = folder / "checkpoint.safetensors"
    cascade, history = train(folder, progress=lambda *_: checkpoints.append(load_arrays(path)[0]))
    return cascade, history, checkpoints


# The loss


def test_loss_by_hand():
    target = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)[None, ..., None]
    image = np.array([[1.0, 0.0], [3.0, 8.0]], np.float32)[None, ..., None]
    # Errors 0, -2, 0, 4: squares 20 / 4 and magnitudes 6 / 4.
    assert float(hybrid_loss(target, image)) == pytest.approx(5 + 1.5)
    # Means over the batch too: a second image without error halves both.
    batch = np.concatenate([target, target]), np.concatenate([image, target])
    assert float(hybrid_loss(*batch)) == pytest.approx(2.5 + 0.75)


def test_the_weight_of_the_absolute_error_by_hand():
    target = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)[None, ..., None]
    image = np.array([[1.0, 0.0], [3.0, 8.0]], np.float32)[None, ..., None]
    assert float(hybrid_loss(target, image, 0.0)) == pytest.approx(5)
    assert float(hybrid_loss(target, image, 0.5)) == pytest.approx(5 + 0.75)


@pytest.mark.parametrize("absolute", [0.0, 0.5])
def test_the_weight_of_the_absolute_error_reaches_both_trainings(absolute, tmp_path):
    images, masks = example()
    single = dataclasses.replace(TINY, subnetworks=1)
    output = Cascade(single, seed=11)((acquire(images, masks).zero_filled, masks.astype(np.float32)))["before_dc"]
    error = ops.convert_to_numpy(output)[..., 0] - images
    expected = np.mean(error**2) + absolute * np.mean(np.abs(error))
    recipe = SequentialRecipe(batch=len(images), epochs=1, absolute=absolute, l2=0.0)
    _, history = train(tmp_path / "a", recipe, updates=1, architecture=single)
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)
    # Every image has the same mask here, so that what is drawn does not matter.
    output = Cascade(single, seed=11)(
        (acquire(images, masks[:1].repeat(6, 0)).zero_filled, masks[:1].repeat(6, 0) * 1.0)
    )
    error = ops.convert_to_numpy(output["before_dc"])[..., 0] - images
    expected = np.mean(error**2) + absolute * np.mean(np.abs(error))
    recipe = TuningRecipe(batch=len(images), epochs=1, absolute=absolute, l2=0.0)
    _, history = tune(tmp_path / "b", recipe, cascade=Cascade(single, seed=11), masks=masks[:1])
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("start_at", ["own", "before"])
def test_a_sub_network_starts_where_it_is_told(start_at, tmp_path):
    # At this rate nothing moves, so the weights that a training ends with are those that it started from.
    cascade, _ = train(tmp_path, SequentialRecipe(batch=3, epochs=1, learning_rate=1e-12, start=start_at), updates=1)
    first, second = (network.get_weights() for network in cascade.subnetworks[:2])
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(first, second, strict=True)) == (start_at == "before")


def test_recorded_loss_and_psnr_are_those_of_numpy(tmp_path):
    images, masks = example()
    recipe = SequentialRecipe(batch=len(images), epochs=1, learning_rate=1e-3, l2=0.1)
    cascade, history = train(tmp_path, recipe, updates=1, architecture=dataclasses.replace(TINY, subnetworks=1))
    initial = Cascade(dataclasses.replace(TINY, subnetworks=1), seed=11)
    data = acquire(images, masks)
    error = ops.convert_to_numpy(initial.subnetworks[0](data.zero_filled)).astype(float) - data.target
    expected = (error**2).mean() + np.abs(error).mean() + 0.1 * squares(initial)
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)
    images_after, _ = reconstruct(cascade, images, masks)
    expected = np.mean(
        [psnr(target, image, data_range=target.max()) for target, image in zip(images, images_after, strict=True)]
    )
    assert history[0]["psnr"] == pytest.approx(expected, abs=1e-4)


# The updates


RECIPES = {train: SequentialRecipe, tune: TuningRecipe}


@pytest.mark.parametrize("run", [train, tune])
def test_optimizer_is_adam_as_the_recipe_states(run, tmp_path, monkeypatch):
    made, make = [], training.make_optimizer
    module = {train: training, tune: tuning}[run]
    monkeypatch.setattr(module, "make_optimizer", lambda *a: made.append((make(*a), *a)) or made[-1][0])
    run(tmp_path, RECIPES[run](batch=4, epochs=3, learning_rate=3e-3, epsilon=1e-6, schedule="cosine"))
    assert len(made) == {train: 2, tune: 1}[run]  # a fresh one for each sub-network
    for optimizer, _, updates in made:
        assert type(optimizer) is type(keras.optimizers.Adam())  # on PyTorch Keras makes one of its own class
        assert (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon) == (0.9, 0.999, 1e-6)
        assert updates == {train: UPDATES, tune: 3 * 2}[run]
        assert int(optimizer.iterations) == updates
        assert float(optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_rate_of_each_update_by_hand():
    cosine = training.make_optimizer(Recipe(learning_rate=1e-3, schedule="cosine"), 4)
    constant = training.make_optimizer(Recipe(learning_rate=1e-3), 4)
    root = 2**-0.5
    for update, expected in enumerate([1e-3, (1 + root) / 2 * 1e-3, 0.5e-3, (1 - root) / 2 * 1e-3, 0]):
        cosine.iterations.assign(update)
        constant.iterations.assign(update)
        assert float(cosine.learning_rate) == pytest.approx(expected, abs=1e-9)
        assert float(constant.learning_rate) == pytest.approx(1e-3)


def test_first_update_is_adams(tmp_path):
    # With bias correction the first step is rate * g / (|g| + epsilon): the sign of the gradient.
    recipe = SequentialRecipe(batch=6, epochs=1, learning_rate=1e-3)
    cascade, _ = train(tmp_path, recipe, updates=1)
    steps = [
        np.abs(new - old).ravel()
        for old, new in zip(named_weights(start()).values(), named_weights(cascade).values(), strict=True)
    ]
    steps = np.concatenate(steps)
    assert steps.max() == pytest.approx(1e-3, rel=1e-3)
    assert np.median(steps) == pytest.approx(1e-3, rel=1e-3)


def test_rows_of_the_history(trained):
    _, history, _ = trained
    assert [(row["subnetwork"], row["epoch"], row["updates"]) for row in history] == [
        (0, 0, 2), (0, 1, 5), (1, 0, 2), (1, 1, 5),
    ]  # fmt: skip
    assert all(np.isfinite([row["loss"], row["psnr"]]).all() for row in history)


def test_predecessors_stay_frozen_and_successors_untouched(trained):
    cascade, _, checkpoints = trained
    initial, final = named_weights(start()), named_weights(cascade)
    for name in final:
        values = [arrays[f"weight/{name}"] for arrays in checkpoints]
        first, second, third, fourth = values
        np.testing.assert_array_equal(fourth, final[name])
        if name.startswith("subnetwork_0"):
            assert not np.array_equal(initial[name], first)
            assert not np.array_equal(first, second)
            np.testing.assert_array_equal(second, third)
            np.testing.assert_array_equal(second, fourth)
        else:
            np.testing.assert_array_equal(initial[name], second)
            assert not np.array_equal(second, third)
            assert not np.array_equal(third, fourth)


def test_outputs_computed_once_train_as_outputs_recomputed(tmp_path):
    images, masks = example()
    cascade, _ = train(tmp_path, SequentialRecipe(batch=6, epochs=2, learning_rate=1e-2), updates=4)
    # The same by the definition: the whole network at every update, the first sub-network frozen.
    twin = start()
    for variable in twin.subnetworks[0].variables:
        variable.assign(named_weights(cascade)[f"subnetwork_0/{variable.path.split('/', 1)[1]}"])
    twin.subnetworks[0].trainable = False
    zero_filled, mask = keras.Input((None, None, 2)), keras.Input((None, None))
    model = keras.Model((zero_filled, mask), twin((zero_filled, mask))["before_dc"])
    model.compile(keras.optimizers.Adam(1e-2, epsilon=1e-8), loss=hybrid_loss)
    data = acquire(images, masks)
    for _ in range(4):
        model.train_on_batch((data.zero_filled, data.mask), data.target)
    for name, value in named_weights(twin).items():
        np.testing.assert_allclose(named_weights(cascade)[name], value, atol=2e-4, err_msg=name)
    assert not same(cascade, start())


# Whole images and crops


def batches(crop, updates=6, batch=4):
    """Return the batches of seven images whose pixels are their own positions."""
    positions = np.arange(7 * SIZE[0] * SIZE[1], dtype=np.int64).reshape(7, *SIZE, 1)
    recipe = SequentialRecipe(batch=batch, crop=crop)
    pairs = training._batches(np.repeat(positions, 2, -1), positions, recipe, updates, np.random.default_rng(0))
    return list(pairs)


@pytest.mark.parametrize("crop", [None, 5, 18])
def test_batches_pair_inputs_with_their_targets_and_use_images_evenly(crop):
    visits = []
    for x, y in batches(crop):
        side = min(crop or 99, SIZE[0]), min(crop or 99, SIZE[1])
        assert x.shape == (4, *side, 2)
        np.testing.assert_array_equal(x[..., 1:], y)
        # A crop is a window of one image: neighbours differ by one, rows by the image's width.
        assert (np.diff(y, axis=2) == 1).all()
        assert (np.diff(y, axis=1) == SIZE[1]).all()
        visits.extend((y[:, 0, 0, 0] // (SIZE[0] * SIZE[1])).tolist())
    counts = np.bincount(visits, minlength=7)
    assert counts.sum() == 24
    assert counts.max() - counts.min() <= 1


def test_crops_are_fresh_and_reach_every_corner():
    corners = np.concatenate([y[:, 0, 0, 0] for _, y in batches(14, updates=100)]) % (SIZE[0] * SIZE[1])
    rows, columns = np.divmod(corners, SIZE[1])
    assert set(rows) == set(range(4))
    assert set(columns) == set(range(7))


def test_every_epoch_and_stage_draws_afresh(tmp_path, monkeypatch):
    drawn_batches, make = [], training._batches
    monkeypatch.setattr(training, "_batches", lambda *a: drawn_batches.append(list(make(*a))) or drawn_batches[-1])
    train(tmp_path, dataclasses.replace(RECIPE, crop=8), updates=2)
    first_targets = {batches[0][1].tobytes() for batches in drawn_batches}
    assert len(drawn_batches) == len(first_targets) == 4


def test_crop_larger_than_the_image_is_the_whole_image(trained, tmp_path):
    cascade, history = train(tmp_path, dataclasses.replace(RECIPE, crop=1000))
    assert same(cascade, trained[0])
    assert history == trained[1]


# Every knob matters


CHANGES = {
    "batch": 3, "epochs": 1, "learning_rate": 2e-2, "schedule": "cosine", "epsilon": 1e-2, "crop": 8, "l2": 1e-2,
    "precision": "mixed_bfloat16",
}  # fmt: skip


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_matters_to_sequential_training(field, tmp_path, trained):
    cascade, _ = train(tmp_path, dataclasses.replace(RECIPE, **{field: CHANGES[field]}))
    assert not same(cascade, trained[0])


@pytest.mark.parametrize("change", [{"seed": 12}, {"updates": 6}])
def test_seed_and_updates_matter_to_sequential_training(change, tmp_path, trained):
    assert not same(train(tmp_path, **change)[0], trained[0])


def test_compiling_changes_the_speed_alone(tmp_path):
    networks = []
    for compiled in (False, True):
        recipe = SequentialRecipe(batch=4, epochs=1, learning_rate=1e-2, jit_compile=compiled)
        single = dataclasses.replace(TINY, subnetworks=1)
        with tracing(True):
            networks.append(train(tmp_path / str(compiled), recipe, architecture=single, updates=3)[0])
        if keras.backend.backend() == "tensorflow":  # JAX is always compiled, PyTorch never
            assert networks[-1].subnetworks[0].jit_compile is compiled
    for name, value in named_weights(networks[0]).items():
        np.testing.assert_allclose(named_weights(networks[1])[name], value, atol=1e-3, err_msg=name)


# Stopping and going on


class Stop(Exception):  # noqa: N818 - a signal, not an error
    """The machine goes down."""


def stop_after(epochs: int):
    """Return a progress function that breaks off."""

    def progress(epoch, total, row):
        if epoch == epochs:
            raise Stop

    return progress


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_interrupted_training_ends_with_the_same_bits(epochs, trained, tmp_path):
    with pytest.raises(Stop):
        train(tmp_path, progress=stop_after(epochs))
    calls = []
    cascade, history = train(tmp_path, progress=lambda epoch, total, row: calls.append((epoch, total)))
    assert calls == [(epoch, 4) for epoch in range(epochs + 1, 5)]
    assert same(cascade, trained[0])
    assert history == trained[1]


@pytest.mark.parametrize(("run", "epochs"), [(train, 3), (tune, 1)])
@pytest.mark.slow
def test_compiled_updates_go_on_with_the_same_bits(run, epochs, tmp_path):
    with tracing(True):
        whole = run(tmp_path / "whole")
        with pytest.raises(Stop):
            run(tmp_path / "broken", progress=stop_after(epochs))
        mended = run(tmp_path / "broken")
    assert same(mended[0], whole[0])
    assert mended[1] == whole[1]


def test_stop_while_a_checkpoint_is_written_keeps_the_one_before(trained, tmp_path, monkeypatch):
    with pytest.raises(Stop):
        train(tmp_path, progress=stop_after(2))
    content = (tmp_path / "checkpoint.safetensors").read_bytes()

    def power_cut(*_):
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", power_cut)
        with pytest.raises(Stop):
            train(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == content
    assert [path.name for path in tmp_path.glob("*")] + [path.name for path in tmp_path.glob(".*")] == [
        "checkpoint.safetensors"
    ]
    assert same(train(tmp_path)[0], trained[0])


def test_folder_of_another_training_is_refused(tmp_path):
    train(tmp_path)
    for change in ({"seed": 12}, {"updates": 6}, {"recipe": dataclasses.replace(RECIPE, l2=0.5)}):
        with pytest.raises(ReconError, match="belongs to another run"):
            train(tmp_path, **change)


# Bad input


def with_value(value: float) -> np.ndarray:
    """Return the example's images, one pixel of the third replaced."""
    images = example()[0].copy()
    images[2, 4, 5] = value
    return images


def with_empty() -> np.ndarray:
    """Return the example's images, the third empty."""
    images = example()[0].copy()
    images[2] = 0
    return images


BAD_IMAGES = {
    "nan": (with_value(float("nan")), "Image 2 has NaN"),
    "infinite": (with_value(float("inf")), "Image 2 has NaN or infinite"),
    "all zero": (with_empty(), "Image 2 is zero everywhere"),
    "2-D": (example()[0][0], "first axis"),
    "4-D": (example()[0][..., None], "first axis"),
    "another size": (example()[0][:, :, :-1], "do not fit"),
}


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_bad_images_are_refused(name, tmp_path):
    images, message = BAD_IMAGES[name]
    masks = example()[1]
    with pytest.raises(ReconError, match=message):
        train_sequential(
            images, masks, architecture=TINY, recipe=RECIPE, updates=UPDATES, seed=0, folder=tmp_path / "a"
        )
    with pytest.raises(ReconError, match=message):
        reconstruct(start(), images, masks)
    assert not any(tmp_path.iterdir())


def test_fewer_masks_than_images_is_refused(tmp_path):
    images, masks = example()
    with pytest.raises(ReconError, match="do not fit"):
        train_sequential(images, masks[:5], architecture=TINY, recipe=RECIPE, updates=UPDATES, seed=0, folder=tmp_path)


def test_folder_of_other_data_is_refused(tmp_path):
    images, masks = example()
    train(tmp_path)
    with pytest.raises(ReconError, match="belongs to another run"):
        train_sequential(
            images[::-1], masks, architecture=TINY, recipe=RECIPE, updates=UPDATES, seed=11, folder=tmp_path
        )
