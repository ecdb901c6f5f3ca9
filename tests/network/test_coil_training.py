"""Training with several coils: resuming to the bit, what is drawn anew, and every knob shown to matter."""

import dataclasses

import keras
import numpy as np
import pytest
from network.test_training import same, tracing

from recon_lib.core.errors import ReconError
from recon_lib.experiment.coil_recipes import CoilArchitecture, JointRecipe
from recon_lib.experiment.recipes import SequentialRecipe
from recon_lib.imaging.coil_data import simulate_slices
from recon_lib.imaging.coil_simulation import CoilSimulation
from recon_lib.imaging.metrics import psnr
from recon_lib.network import coil_training
from recon_lib.network.coil_cascade import CoilCascade
from recon_lib.network.coil_inference import reconstruct_coils
from recon_lib.network.coil_training import beginnings, train_coils, tune_coils

SIZE = (12, 15)
TINY = CoilArchitecture(subnetworks=2, hidden_layers=1, filters=4, iterations=2)
RECIPE = SequentialRecipe(batch=4, epochs=2, learning_rate=1e-2, crop=8)
TUNING = JointRecipe(batch=2, epochs=2, learning_rate=1e-3)
COILS = CoilSimulation(coils=(2, 3))


@pytest.fixture(scope="module", autouse=True)
def untraced():
    with tracing(False):
        yield


class StoppedError(Exception):
    pass


def stop_after(epochs):
    """Return a progress that breaks off after so many epochs."""

    def progress(count, *_):
        if count == epochs:
            raise StoppedError

    return progress


def images(count=6):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    centres = rng.uniform(4, 8, (count, 2, 1, 1))
    blurry = np.exp(-((y - centres[:, 0]) ** 2 + (x - centres[:, 1]) ** 2) / 12).astype(np.float32)
    return blurry, rng.random((count, *SIZE)) < 0.5


def data():
    return simulate_slices(*images(), COILS, seed=1)


def train(folder, **changes):
    settings = {"architecture": TINY, "recipe": RECIPE, "updates": 4, "seed": 5, "folder": folder, **changes}
    return train_coils(settings.pop("data", data()), **settings)


def tune(folder, **changes):
    settings = {"simulation": COILS, "recipe": TUNING, "updates": 4, "seed": 5, "folder": folder, **changes}
    return tune_coils(settings.pop("cascade", CoilCascade(TINY, seed=2)), *settings.pop("images", images()), **settings)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    return tune(tmp_path_factory.mktemp("tuned"))


def test_training_lowers_the_loss_of_every_sub_network(tmp_path):
    _, history = train(tmp_path, recipe=dataclasses.replace(RECIPE, epochs=3, crop=None), updates=60)
    for stage in range(2):
        losses = [row["loss"] for row in history if row["subnetwork"] == stage]
        assert losses[-1] < losses[0]


@pytest.mark.parametrize(("run", "epochs"), [(train, 3), (tune, 1)])
def test_stopped_anywhere_it_ends_with_the_same_weights(run, epochs, tmp_path, request):
    whole, history = request.getfixturevalue({train: "trained", tune: "tuned"}[run])
    with pytest.raises(StoppedError):
        run(tmp_path, progress=stop_after(epochs))
    cascade, resumed = run(tmp_path)
    assert same(cascade, whole)
    assert resumed == history


@pytest.mark.parametrize("run", [train, tune])
def test_a_folder_of_another_run_is_refused(run, tmp_path):
    with pytest.raises(StoppedError):
        run(tmp_path, progress=stop_after(1))
    with pytest.raises(ReconError, match="belongs to another run"):
        run(tmp_path, seed=6)
    with pytest.raises(ReconError, match="belongs to another run"):
        run(tmp_path, updates=6)


def test_the_last_row_states_what_the_network_gives(trained):
    cascade, history = trained
    reconstructed = np.abs(reconstruct_coils(cascade, data()))
    references = data().references * data().scales[:, None, None]
    values = [psnr(r, x, data_range=r.max()) for r, x in zip(references, reconstructed, strict=True)]
    assert history[-1]["psnr"] == pytest.approx(np.mean(values), abs=1e-3)


def test_the_first_sub_network_sees_the_beginning(trained):
    begun = beginnings(trained[0], data())
    assert begun.shape == (6, *SIZE, 2)
    begins_with = trained[0].begin(*data().measured(slice(2, 3)))
    np.testing.assert_allclose(begun[2], keras.ops.convert_to_numpy(begins_with)[0], atol=1e-6)
    plain = CoilCascade(dataclasses.replace(TINY, beginning="zero_filled"))
    assert np.array_equal(beginnings(plain, data()), data().zero_filled)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 6},
        {"updates": 6},
        {"recipe": dataclasses.replace(TUNING, batch=3)},
        {"recipe": dataclasses.replace(TUNING, learning_rate=2e-3)},
        {"recipe": dataclasses.replace(TUNING, l2=1.0)},
        {"recipe": dataclasses.replace(TUNING, absolute=0.0)},
        {"simulation": CoilSimulation(coils=(2, 3), noise=(0.1, 0.1))},
        {"images": (images()[0], ~images()[1])},
    ],
    ids=str,
)
def test_everything_that_decides_tuning_matters(change, tmp_path, tuned):
    cascade, _ = tune(tmp_path, **change)
    assert not same(cascade, tuned[0])


def test_tuning_moves_every_weight_and_states_its_quality(tuned):
    cascade, history = tuned
    start = CoilCascade(TINY, seed=2).get_weights()
    assert not any(np.array_equal(a, b) for a, b in zip(start, cascade.get_weights(), strict=True))
    assert [row["updates"] for row in history] == [2, 4]
    assert all(10 < row["psnr"] < 60 for row in history)


def test_every_visit_draws_mask_coils_and_phase_anew(tmp_path, monkeypatch):
    visits = []

    def watched(*arguments, **names):
        visits.append(simulate_slices(*arguments, **names))
        return visits[-1]

    monkeypatch.setattr(coil_training, "simulate_slices", watched)
    tune(tmp_path, recipe=dataclasses.replace(TUNING, batch=1), updates=12)
    assert len({visit.maps.tobytes() for visit in visits}) == 12
    magnitudes = [(visit.references * visit.scales[:, None, None]).round(4).tobytes() for visit in visits]
    assert sorted(map(magnitudes.count, magnitudes)) == [2] * 12  # each of six images twice
    assert len({visit.mask.tobytes() for visit in visits}) > 3


def test_crops_are_acquired_each_as_an_image_of_its_own(tmp_path, monkeypatch):
    seen = []

    def watched(crops, *arguments, **names):
        seen.extend(crops)
        return simulate_slices(crops, *arguments, **names)

    monkeypatch.setattr(coil_training, "simulate_slices", watched)
    whole = images()[0]
    whole[:, :, 8:] = 0  # air, about which no crop is cut
    masks = np.random.default_rng(0).random((3, 5, 5)) < 0.5
    tune(tmp_path, images=(whole, masks), recipe=dataclasses.replace(TUNING, crop=5), updates=12)
    windows = np.lib.stride_tricks.sliding_window_view(whole, (5, 5), axis=(1, 2))
    places = [np.argwhere((windows == crop).all(axis=(-2, -1)))[0] for crop in seen]
    assert len(places) == 24
    assert len({tuple(place) for place in places}) > 12
    assert all(np.ptp([place[axis] for place in places]) >= 4 for axis in (1, 2))
    assert max(place[2] for place in places) <= 5
    assert np.mean([crop.max() for crop in seen]) > 0.5
