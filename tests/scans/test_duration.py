"""How long tuning takes is measured on a copy, and passes are cut to the time there is."""

from types import SimpleNamespace

import numpy as np
import pytest
from scan_files import head, tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.network.files import load_network
from recon_lib.scans import duration

RECIPE = TuningRecipe(batch=1, epochs=150)


@pytest.mark.parametrize(
    ("images", "batch", "seconds", "minutes", "epochs"),
    [
        (20, 1, 0.5, 15, 90),  # 10 s a pass
        (20, 1, 0.5, 1000, 150),  # the recipe's own
        (20, 0, 8.0, 2, 15),  # one update a pass
        (7, 3, 1.0, 0.1, 2),  # three updates a pass
        (20, 1, 60.0, 1, 1),  # not even one fits
    ],
)
def test_whole_passes_fit_into_the_time(images, batch, seconds, minutes, epochs):
    recipe = TuningRecipe(batch=batch, epochs=150)
    assert duration.bound_epochs(recipe, images, seconds, minutes).epochs == epochs


@pytest.mark.parametrize("minutes", [0, -1, float("nan")])
def test_no_time_is_refused(minutes):
    with pytest.raises(ReconError, match="leaves no time"):
        duration.bound_epochs(RECIPE, 20, 0.5, minutes)


def test_the_sentence_says_what_the_bound_cut_off():
    bounded = duration.bound_epochs(RECIPE, 20, 0.5, 15)
    text = duration.sentence(RECIPE, bounded, 20, 0.5)
    assert text == (
        "an update takes 0.5 s here: 90 epochs of 20 updates, 15.0 minutes; "
        "all 150 epochs of the recipe would take 25.0 (--minutes gives them more)"
    )
    assert ";" not in duration.sentence(RECIPE, RECIPE, 20, 0.5)


@pytest.mark.parametrize(("batch", "updates"), [(1, 2), (0, 1), (3, 1)])
def test_an_update_is_timed_on_a_copy_without_the_first_pass(batch, updates, tmp_path, monkeypatch):
    cascade, _ = load_network(tiny_network(tmp_path / "tiny.safetensors"))
    weights = [np.array(weight) for weight in cascade.get_weights()]
    clock = iter([100.0, 106.0])
    monkeypatch.setattr(duration, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    images = np.moveaxis(head((24, 20, 5), peak=1.0), 2, 0)
    masks = np.ones((2, 24, 20), bool)
    seconds = duration.measure_update(cascade, images, masks, TuningRecipe(batch=batch, epochs=9))
    assert seconds == 6.0 / updates
    assert all(np.array_equal(a, b) for a, b in zip(weights, cascade.get_weights(), strict=True))


def test_a_tuning_that_was_stopped_keeps_its_passes(tmp_path):
    out = tmp_path / "net.safetensors"
    assert duration.begun_epochs(out) is None
    (tmp_path / "net.safetensors.checkpoint").mkdir()
    write_json(tmp_path / "net.safetensors.checkpoint/run.json", {"recipe": {"epochs": 7}})
    assert duration.begun_epochs(out) == 7
    write_json(tmp_path / "net.safetensors.checkpoint/run.json", {"recipe": []})
    assert duration.begun_epochs(out) is None
