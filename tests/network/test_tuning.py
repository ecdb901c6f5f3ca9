"""Fine-tuning: its loss, its knobs, resuming to the bit; and what a recipe adds: off no bit, on what it says."""

import dataclasses

import numpy as np
import pytest
from keras import ops
from network.test_training import (
    BAD_IMAGES,
    TUNING,
    Stop,
    example,
    named_weights,
    same,
    squares,
    start,
    stop_after,
    tracing,
    train,
    tune,
)

from recon_lib.core.arrays import load_arrays
from recon_lib.core.errors import ReconError
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.imaging.acquisition import acquire
from recon_lib.imaging.masks import assign_masks
from recon_lib.imaging.metrics import psnr
from recon_lib.network import tuning
from recon_lib.network.held_kspace import draw_held, held_quality, without_held
from recon_lib.network.inference import reconstruct
from recon_lib.network.tuning import fine_tune

SHORT = dataclasses.replace(TUNING, batch=0, epochs=2)
ADDED = {
    "mirrors": {"augmentation": Augmentation(mirrors=True)},
    "shift": {"augmentation": Augmentation(shift=2)},
    "intensity": {"augmentation": Augmentation(intensity=0.5)},
    "noise": {"augmentation": Augmentation(noise=0.1)},
    "average": {"average": 1.0},
    "scale-shift": {"scale_shift": True},
    "pull": {"pull": 100.0},
    "held-kspace": {"held_kspace": 0.2},
}


@pytest.fixture(scope="module", autouse=True)
def untraced():
    """Run without tracing: it costs more than a tiny network's updates."""
    with tracing(False):
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The network tuned by two updates with nothing added."""
    return tune(tmp_path_factory.mktemp("plain"), SHORT)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """Fine-tune once, undisturbed."""
    return tune(tmp_path_factory.mktemp("tuned"))


def recipe(name, **changes):
    return dataclasses.replace(TUNING, **ADDED[name], **changes)


# Tuning, whatever is added


def test_loss_of_fine_tuning_is_the_last_output_before_data_consistency(tmp_path):
    images, masks = example()
    _, history = tune(tmp_path, TuningRecipe(batch=0, epochs=1, l2=0.1), masks=masks[:1])
    data = acquire(images, np.broadcast_to(masks[0], images.shape))
    initial = ops.convert_to_numpy(start()((data.zero_filled, data.mask))["before_dc"]).astype(float)
    error = initial - data.target
    expected = (error**2).mean() + np.abs(error).mean() + 0.1 * squares(start())
    assert history[0]["loss"] == pytest.approx(expected, rel=1e-5)
    quality = -10 * np.log10((error**2).mean(axis=(1, 2, 3)))
    assert history[0]["psnr"] == pytest.approx(quality.mean(), abs=1e-4)


def test_loss_of_fine_tuning_can_be_the_magnitude_after_data_consistency(tmp_path):
    images, masks = example()
    _, history = tune(tmp_path, TuningRecipe(batch=0, epochs=1, l2=0, loss_on="after_dc"), masks=masks[:1])
    data = acquire(images, np.broadcast_to(masks[0], images.shape))
    after = ops.convert_to_numpy(start()((data.zero_filled, data.mask))["image"]).astype(float)
    error = np.hypot(after[..., :1], after[..., 1:]) - data.target
    assert history[0]["loss"] == pytest.approx((error**2).mean() + np.abs(error).mean(), rel=1e-5)
    assert np.isfinite(history[0]["loss"])


def test_the_weight_of_the_squares_is_the_recipes_whatever_the_network_was_made_with(tmp_path):
    network, _ = tune(tmp_path / "one", dataclasses.replace(TUNING, l2=0), cascade=start(l2=0.5))
    plain, _ = tune(tmp_path / "other", dataclasses.replace(TUNING, l2=0))
    assert same(network, plain)


def test_rows_of_the_history_of_a_tuning(tuned):
    _, history = tuned
    assert [(row["epoch"], row["updates"]) for row in history] == [(0, 2), (1, 4), (2, 6)]
    assert all(np.isfinite([row["loss"], row["psnr"]]).all() for row in history)
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize(("batch", "updates"), [(1, 6), (5, 2), (0, 1), (100, 1)])
def test_batch_of_fine_tuning(batch, updates, tmp_path):
    cascade, history = tune(tmp_path, TuningRecipe(batch=batch, epochs=2, learning_rate=1e-3))
    assert [row["updates"] for row in history] == [updates, 2 * updates]
    initial, final = named_weights(start()), named_weights(cascade)
    assert not any(np.array_equal(initial[name], final[name]) for name in initial)  # end to end: every array moved


def held_out() -> np.ndarray:
    """Return two images that the example does not have."""
    return example(8)[0][6:]


def test_held_out_images_are_measured_and_change_no_weight(tmp_path, tuned):
    cascade, history = tune(tmp_path, held=held_out())
    assert same(cascade, tuned[0])
    assert [{**row, "psnr_held": None} for row in history] == [{**row, "psnr_held": None} for row in tuned[1]]
    masks = example()[1][assign_masks(2, 6, 5)]
    images, _ = reconstruct(cascade, held_out(), masks)
    expected = [psnr(target, image, data_range=target.max()) for target, image in zip(held_out(), images, strict=True)]
    assert history[-1]["psnr_held"] == pytest.approx(np.mean(expected), abs=1e-4)
    assert len({row["psnr_held"] for row in history}) == 3


def test_of_many_epochs_twenty_measure_the_held_out_images(tmp_path):
    _, history = tune(tmp_path, TuningRecipe(batch=0, epochs=50, learning_rate=1e-3), held=held_out())
    measured = [row["epoch"] + 1 for row in history if "psnr_held" in row]
    assert measured == [-(-50 * k // 20) for k in range(1, 21)]


def test_every_epoch_of_fine_tuning_draws_order_and_masks_afresh(tmp_path, monkeypatch):
    acquired = []
    monkeypatch.setattr(tuning, "acquire", lambda *a: acquired.append(acquire(*a)) or acquired[-1])
    tune(tmp_path, TuningRecipe(batch=0, epochs=3))
    visits = [batch for batch in acquired if len(batch.target) == 6][-3:]
    assert len({batch.target.tobytes() for batch in visits}) == 3
    by_image = [batch.mask[np.argsort(batch.target.sum(axis=(1, 2, 3)))].tobytes() for batch in visits]
    assert len(set(by_image)) == 3


CHANGED = {
    "batch": 3, "epochs": 1, "learning_rate": 2e-2, "schedule": "cosine", "epsilon": 1e-2, "l2": 1e-2,
    "loss_on": "after_dc",
}  # fmt: skip


@pytest.mark.parametrize("field", CHANGED)
def test_every_field_matters_to_fine_tuning(field, tmp_path, tuned):
    cascade, _ = tune(tmp_path, dataclasses.replace(TUNING, **{field: CHANGED[field]}))
    assert not same(cascade, tuned[0])


@pytest.mark.parametrize("change", [{"seed": 6}, {"masks": example()[1][:2]}], ids=["seed", "masks"])
def test_seed_and_masks_matter_to_fine_tuning(change, tmp_path, tuned):
    assert not same(tune(tmp_path, **change)[0], tuned[0])


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_interrupted_fine_tuning_ends_with_the_same_bits(epochs, tuned, tmp_path):
    with pytest.raises(Stop):
        tune(tmp_path, progress=stop_after(epochs))
    calls = []
    cascade, history = tune(tmp_path, progress=lambda epoch, total, row: calls.append((epoch, total)))
    assert calls == [(epoch, 3) for epoch in range(epochs + 1, 4)]
    assert same(cascade, tuned[0])
    assert history == tuned[1]


def test_folder_of_another_fine_tuning_is_refused(tmp_path):
    tune(tmp_path)
    for change in ({"seed": 6}, {"recipe": TuningRecipe(batch=1)}):
        with pytest.raises(ReconError, match="belongs to another run"):
            tune(tmp_path, **change)
    with pytest.raises(ReconError, match="belongs to another run"):
        train(tmp_path)


def test_folder_of_other_masks_or_of_another_start_is_refused(tmp_path):
    tune(tmp_path)
    for change in ({"masks": ~example()[1]}, {"cascade": start(seed=12)}):
        with pytest.raises(ReconError, match="belongs to another run"):
            tune(tmp_path, **change)


@pytest.mark.parametrize("name", BAD_IMAGES)
def test_bad_images_are_refused_by_fine_tuning(name, tmp_path):
    images, message = BAD_IMAGES[name]
    with pytest.raises(ReconError, match=message):
        fine_tune(start(), images, example()[1], recipe=TUNING, seed=0, folder=tmp_path / "b")
    assert not any(tmp_path.iterdir())


# What a recipe adds


@pytest.mark.parametrize("name", ADDED)
def test_each_changes_the_weights_of_an_ordinary_network(name, plain, tmp_path):
    network, _ = tune(tmp_path, dataclasses.replace(SHORT, **ADDED[name]))
    assert not same(network, plain[0])
    assert not same(network, start())
    assert named_weights(network).keys() == named_weights(start()).keys()


TOGETHER = {
    "many": {"augmentation": Augmentation(True, 2, 0.5, 0.1), "average": 0.5, "pull": 100.0},
    "scale-shift": ADDED["scale-shift"],
    "held-kspace": ADDED["held-kspace"],
}


@pytest.mark.parametrize("name", TOGETHER)
def test_a_stop_changes_nothing(name, tmp_path):
    how = dataclasses.replace(TUNING, **TOGETHER[name])
    whole, history = tune(tmp_path / "whole", how)
    with pytest.raises(Stop):
        tune(tmp_path / "broken", how, progress=stop_after(2))
    mended, again = tune(tmp_path / "broken", how)
    assert same(mended, whole)
    assert again == history
    finished, _ = tune(tmp_path / "broken", how)  # called once more it does nothing
    assert same(finished, whole)


def test_every_visit_is_changed_anew(tmp_path, monkeypatch):
    images, make = [], tuning.acquire
    monkeypatch.setattr(tuning, "acquire", lambda *a: images.append(a[0]) or make(*a))
    tune(tmp_path, dataclasses.replace(recipe("mirrors"), epochs=6, batch=0))
    visits = [np.sort(batch.sum(axis=1), axis=0).tobytes() for batch in images if len(batch) == 6]
    assert len(set(visits)) == 6


def test_the_average_is_the_mean_of_the_weights_after_the_last_updates(tmp_path):
    states = []
    how = dataclasses.replace(TUNING, batch=0, epochs=4)
    path = tmp_path / "plain" / "checkpoint.safetensors"
    tune(path.parent, how, progress=lambda *_: states.append(load_arrays(path)[0]))
    averaged, _ = tune(tmp_path / "averaged", dataclasses.replace(how, average=0.5))
    for name, value in named_weights(averaged).items():
        expected = (states[2][f"weight/{name}"].astype(float) + states[3][f"weight/{name}"]) / 2
        np.testing.assert_allclose(value, expected, atol=1e-7)


def test_held_out_images_are_measured_by_the_average(tmp_path):
    held = example(8)[0][6:]
    averaged, history = tune(tmp_path, dataclasses.replace(SHORT, average=1.0), held=held)
    _, fresh = tune(
        tmp_path / "none", dataclasses.replace(TUNING, learning_rate=1e-12, epochs=1), cascade=averaged, held=held
    )
    assert history[-1]["psnr_held"] == pytest.approx(fresh[0]["psnr_held"], abs=1e-3)


@pytest.mark.parametrize("pull", [0.0, 40.0])
def test_the_pull_shortens_the_first_step_as_it_says(pull, tmp_path):
    how = dataclasses.replace(TUNING, batch=0, epochs=1, learning_rate=1e-2)
    plain, pulled = (tune(tmp_path / str(p), dataclasses.replace(how, pull=p))[0] for p in (0.0, pull))
    for name, value in named_weights(pulled).items():
        trained = named_weights(start())[name]
        expected = trained + (named_weights(plain)[name] - trained) / (1 + 1e-2 * pull)
        np.testing.assert_allclose(value, expected, atol=1e-7)


@pytest.mark.parametrize("changes", [{}, {"scale_shift": True}, {"schedule": "cosine"}])
def test_an_infinite_pull_leaves_the_network_as_it_was(changes, tmp_path):
    network, _ = tune(tmp_path, dataclasses.replace(SHORT, pull=float("inf"), **changes))
    assert same(network, start())


def test_scales_and_shifts_alone_keep_the_direction_of_every_kernel(tmp_path):
    network, history = tune(tmp_path, recipe("scale-shift"))
    assert history[-1]["loss"] < history[0]["loss"]
    for name, value in named_weights(network).items():
        if name.endswith("kernel"):
            trained = named_weights(start())[name].reshape(-1, value.shape[-1])
            kernel = value.reshape(-1, value.shape[-1])
            cosines = (kernel * trained).sum(0) / np.linalg.norm(kernel, axis=0) / np.linalg.norm(trained, axis=0)
            np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-5)


def test_no_update_sees_what_is_held_out_of_kspace(tmp_path, monkeypatch):
    images, masks = example()
    held = draw_held(6, masks, 0.2, np.random.default_rng([5, 79]))
    networks = []
    for change in (0.0, 0.3):  # of what is held out, and of nothing else
        noise = np.random.default_rng(1).standard_normal(images.shape)
        other = images + change * (noise - without_held(noise, held)).astype(np.float32)
        monkeypatch.setattr(tuning, "held_quality", lambda *_: float(len(networks)))  # the last weights stay
        monkeypatch.setattr(tuning, "check_images", lambda _, other=other: other)
        network, _ = tune(tmp_path / str(change), dataclasses.replace(SHORT, held_kspace=0.2))
        networks.append(named_weights(network))
    for name, value in networks[0].items():
        np.testing.assert_allclose(networks[1][name], value, atol=1e-4)


def test_the_loss_leaves_out_what_is_held_out_of_kspace(tmp_path):
    images, masks = example()
    how = dataclasses.replace(recipe("held-kspace"), batch=0, epochs=1, l2=0.0)
    _, history = tune(tmp_path, how, masks=masks[:1])
    held = draw_held(6, masks[:1], 0.2, np.random.default_rng([5, 79]))
    data = acquire(without_held(images, held), np.broadcast_to(masks[0], images.shape) & ~held)
    output = ops.convert_to_numpy(start()((data.zero_filled, data.mask))["before_dc"])[..., 0]
    error = without_held(output - images, held).astype(float)
    assert history[0]["loss"] == pytest.approx((error**2).mean() + np.abs(error).mean(), rel=1e-4)


def test_stopping_keeps_the_weights_that_predict_best(tmp_path, monkeypatch):
    qualities = iter([1.0, 2.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 9.0])
    monkeypatch.setattr(tuning, "held_quality", lambda *_: next(qualities))
    states, path = [], tmp_path / "checkpoint.safetensors"
    how = dataclasses.replace(recipe("held-kspace"), epochs=20, batch=0)
    network, history = tune(tmp_path, how, progress=lambda *_: states.append(load_arrays(path)[0]))
    assert [row["kspace_held"] for row in history] == [2.0, 3.0, 2.0, 1.0, 1.0, 1.0, 1.0]
    for name, value in named_weights(network).items():
        np.testing.assert_array_equal(value, states[1][f"weight/{name}"])


def test_a_network_that_only_gets_worse_is_the_one_it_was(tmp_path):
    how = dataclasses.replace(recipe("held-kspace"), epochs=2, learning_rate=50.0)
    network, history = tune(tmp_path, how)
    assert same(network, start())
    images, masks = example()
    assert history[0]["kspace_held"] < held_quality(start(), acquire(images, masks), masks)
