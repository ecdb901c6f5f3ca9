"""The curve of images ends where two gains are within noise, and says how many are worth having."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scan_files import head, tiny_network

from recon_lib.core.errors import ReconError
from recon_lib.experiment.augmentation import Augmentation
from recon_lib.experiment.recipes import TuningRecipe
from recon_lib.network.cascade import named_weights
from recon_lib.scans import curve
from recon_lib.scans.curve import Curve, Step, measure_curve
from recon_lib.scans.reconstruct import open_network
from recon_lib.scans.references import Slices

RECIPE = TuningRecipe(batch=1, epochs=1, learning_rate=3e-3)


def slices(seed, count=5):
    images = np.moveaxis(head((24, 28, count), seed=seed), 2, 0)
    images = (images / images.max(axis=(1, 2), keepdims=True)).astype(np.float32)
    return Slices(images, (Path("a"),) * count, ("a",) * count, tuple(range(count)))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return open_network(tiny_network(tmp_path_factory.mktemp("net") / "start.safetensors", draw=0))


@pytest.fixture
def measured(monkeypatch, network):
    """Let each number of images give what a test says, on three held-out slices."""
    drawn = []

    def prepare(values):
        def tuned(network, pool, count, *_):
            drawn.append(count)
            return count

        def measure(tuned, _):
            count = tuned if isinstance(tuned, int) else 0
            rows = [{"slice": k, "method": "network", "psnr": value} for k, value in enumerate(values[count])]
            return [*rows, {"slice": 0, "method": "zero_filled", "psnr": 20.0}]

        monkeypatch.setattr(curve, "_tuned", tuned)
        monkeypatch.setattr(curve, "measure", measure)
        return lambda most: (measure_curve(network, slices(0, 60), slices(1), lambda _: RECIPE, most=most), drawn)

    return prepare


def test_it_stops_when_two_gains_are_within_noise(measured):
    run = measured({
        0: [30, 31, 32], 1: [31, 32.2, 33.1], 2: [32, 33, 34.2],
        5: [32.5, 32.9, 34.3], 10: [32.4, 33, 34.1], 20: [99, 99, 99],
    })  # fmt: skip
    result, drawn = run(50)
    assert drawn == [1, 2, 5, 10]
    assert [step.images for step in result.steps] == [0, 1, 2, 5, 10]
    for step, change in ((result.steps[3], [0.5, -0.1, 0.1]), (result.steps[4], [0.4, 0.0, -0.1])):  # both over 2
        assert step.gain == pytest.approx(np.mean(change))
        assert step.noise == pytest.approx(2 * np.std(change, ddof=1) / np.sqrt(3))
    assert result.enough == 2
    assert result.sentence == "Up to 10 images nothing more was gained above noise: 2 images will do."
    assert len(result.rows) == 3 * 5 + 1  # zero-filled once


def test_one_number_that_gains_nothing_does_not_end_it_and_is_no_base(measured):
    """A single image made it worse; what two images make good again is no gain, what five give is."""
    run = measured({0: [30, 31, 32], 1: [28, 29.1, 30], 2: [31, 32.1, 33.2], 5: [32, 33, 34.1]})
    result, drawn = run(5)
    assert drawn == [1, 2, 5]
    assert [step.is_gain for step in result.steps] == [False, False, True, True]
    assert result.steps[2].gain == pytest.approx(1.1)
    assert result.enough == 5


def test_it_ends_with_the_images_there_are_if_all_gain(measured):
    result, drawn = measured({0: [30, 31, 32], 1: [31, 32.1, 33], 2: [33, 34, 35.1], 4: [35, 36, 37.1]})(4)
    assert drawn == [1, 2, 4]
    assert result.enough == 4
    assert result.sentence == "4 images still gained more than noise: get more if you can."


def test_where_no_image_gains_none_is_worth_having(measured):
    result, drawn = measured({0: [30, 31, 32], 1: [29, 31, 32], 2: [29, 31, 32.1]})(10)
    assert drawn == [1, 2]
    assert result.enough == 0
    assert result.sentence == "Up to 2 images nothing was gained above noise: keep the network as it is."


def test_too_many_images_are_refused_before_any_work(measured):
    run = measured({0: [1, 2, 3]})
    with pytest.raises(ReconError, match="61 images were asked for, but the scans give 60"):
        run(61)


def test_each_number_tunes_a_copy_with_a_larger_draw(network, monkeypatch):
    before, seen = named_weights(network.cascade), []
    whole = curve.fine_tune
    monkeypatch.setattr(curve, "fine_tune", lambda *a, **k: seen.append((a[1], a[2], k)) or whole(*a, **k))
    mixed = replace(RECIPE, augmentation=Augmentation(accelerations=(2.0,)))
    pool = slices(0)
    measure_curve(network, pool, slices(1), lambda n: mixed if n == 2 else RECIPE, most=2, acceleration=3.0, seed=4)
    assert all(np.array_equal(value, before[name]) for name, value in named_weights(network.cascade).items())
    sets = [{image.tobytes() for image in images} for images, _, _ in seen]
    assert len(sets[0]) == 1
    if len(sets) == 2:
        assert sets[0] < sets[1] == {image.tobytes() for image in pool.draw(2, 4).images}
        assert len(seen[1][1]) == 2 * len(seen[0][1])  # the masks of the other acceleration too
    assert all(how["seed"] == 4 for *_, how in seen)


def test_the_page_states_the_table_and_shows_the_figure(tmp_path):
    rows = [{"images": n, "slice": k, "method": "network", "psnr": 30 + n + k} for n in (0, 1) for k in (0, 1)]
    result = Curve((Step(0, 30.5), Step(1, 31.5, 1.0, 0.25)), tuple(rows))
    picture = result.write(tmp_path / "c.html", "How many")
    assert picture.read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "c.html").read_text()
    assert "1 image still gained" in page
    assert "<td>31.5</td><td>1</td><td>0.25</td>" in page
    assert result.table().splitlines()[-1].split() == ["1", "31.50", "+1.00", "0.25"]
    (axes,) = result.figure().axes
    assert [list(line.get_xdata()) for line in axes.lines][-1] == [0, 1]
