"""What fits into a card: by hand, and refused before anything is built."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from recon_lib.core.errors import ReconError
from recon_lib.experiment import counting
from recon_lib.experiment.profile import load_profile
from recon_lib.experiment.recipes import Architecture, SequentialRecipe, TuningRecipe
from recon_lib.network import device, inference
from recon_lib.network.cascade import Cascade, build
from recon_lib.network.training import train_sequential
from recon_lib.network.tuning import fine_tune

TINY = Architecture(subnetworks=2, hidden_layers=1, filters=4)


def card(monkeypatch, size):
    monkeypatch.setattr(device, "device_memory", lambda: size)


def test_a_processor_has_no_card():
    assert device.device_memory() is None
    assert device.forward_pixels(Architecture()) == 2**18
    device.check_update(Architecture(), 10**6, (256, 256), end_to_end=True)


def test_an_update_by_hand():
    # one pixel of TINY: 2 channels in, 4 hidden, 1 out, 4 bytes each, as value and as gradient
    assert counting.update_bytes(TINY, 3, (5, 7), end_to_end=False) == 2 * 4 * (2 + 4 + 1) * 3 * 35
    assert counting.update_bytes(TINY, 3, (5, 7), end_to_end=True) == 2 * 2 * 4 * (2 + 4 + 1) * 3 * 35


def test_the_papers_update_fits_the_papers_card_and_no_small_one(monkeypatch):
    paper = load_profile("open")
    card(monkeypatch, 12 * 2**30)
    device.check_update(paper.architecture, paper.training.batch, (256, 256), end_to_end=False)
    device.check_update(paper.architecture, paper.fine_tuning.batch, (256, 192), end_to_end=True)
    card(monkeypatch, 4 * 2**30)
    with pytest.raises(
        ReconError, match=r"50 images of 256x256 does not fit into 4 GiB: make the batch \d+ at most, or"
    ):
        device.check_update(paper.architecture, paper.training.batch, (256, 256), end_to_end=False)


def test_the_batch_that_is_named_fits(monkeypatch):
    card(monkeypatch, 10**6)
    with pytest.raises(ReconError) as error:
        device.check_update(TINY, 10**4, (16, 16), end_to_end=False)
    named = int(str(error.value).split("batch ")[1].split()[0])
    device.check_update(TINY, named, (16, 16), end_to_end=False)
    with pytest.raises(ReconError):
        device.check_update(TINY, named + 1, (16, 16), end_to_end=False)


def test_where_not_even_one_image_fits_no_batch_is_advised(monkeypatch):
    card(monkeypatch, 10**3)
    with pytest.raises(ReconError, match="make the images or the network smaller, or train on crops"):
        device.check_update(TINY, 1, (16, 16), end_to_end=False)
    with pytest.raises(ReconError, match=r"smaller\.$"):  # a batch of 0 would be all images
        device.check_update(TINY, 1, (16, 16), end_to_end=True)


def test_training_and_fine_tuning_ask_before_they_start(monkeypatch, tmp_path, rng):
    images, masks = rng.random((4, 16, 16)).astype(np.float32), rng.random((4, 16, 16)) < 0.5
    card(monkeypatch, 6 * 10**4)
    settings = {"architecture": TINY, "updates": 1, "seed": 0, "folder": tmp_path}
    with pytest.raises(ReconError, match="4 images of 16x16"):
        train_sequential(images, masks, recipe=SequentialRecipe(batch=4, epochs=1), **settings)
    card(monkeypatch, 3 * 10**4)
    train_sequential(images, masks, recipe=SequentialRecipe(batch=4, epochs=1, crop=8), **settings)
    with pytest.raises(ReconError, match="4 images of 16x16"):
        fine_tune(
            build(Cascade(TINY)), images, masks, recipe=TuningRecipe(batch=0, epochs=1), seed=0, folder=tmp_path / "f"
        )


def test_a_larger_card_takes_larger_parts_and_gives_the_same(monkeypatch, rng):
    images, masks = rng.random((5, 16, 16)).astype(np.float32), rng.random((5, 16, 16)) < 0.5
    cascade = build(Cascade(TINY, seed=1))
    whole = inference.reconstruct(cascade, images, masks)[0]
    monkeypatch.setattr(device, "PIXELS_ON_CPU", 2 * 256)
    assert [p.stop - p.start for p in inference.parts(6, (16, 16), cascade)] == [2, 2, 2]
    assert np.allclose(inference.reconstruct(cascade, images, masks)[0], whole, atol=1e-6)
    card(monkeypatch, 10**9)
    assert device.forward_pixels(TINY) == int(0.8 * 10**9 / (2 * 4 * 2 * 4))


def test_the_room_beside_an_update(monkeypatch):
    update = 56 * 2 * 64  # one pixel of TINY as above: 56 bytes, for each of 2 images of 8 x 8
    card(monkeypatch, 20000)
    assert device.room(TINY, 2, (8, 8)) == 16000 - update
    card(monkeypatch, update)
    assert device.room(TINY, 2, (8, 8)) == 0
    card(monkeypatch, None)
    assert device.room(TINY, 2, (8, 8)) == 0


def backend(monkeypatch, name, **modules):
    """Put fabricated modules in the place of a backend."""
    monkeypatch.setattr(device.keras.backend, "backend", lambda: name)
    for path, module in modules.items():
        monkeypatch.setitem(sys.modules, path.replace("__", "."), module)


def test_memory_is_what_the_backend_may_use(monkeypatch):
    space = SimpleNamespace
    for platform, expected in (("cpu", None), ("gpu", 7 * 2**30)):
        jax_card = space(platform=platform, memory_stats=lambda: {"bytes_limit": 7 * 2**30, "bytes_in_use": 1})
        backend(monkeypatch, "jax", jax=space(devices=lambda jax_card=jax_card: [jax_card]))
        assert device.device_memory() == expected
    for there, expected in ((False, None), (True, 5)):
        cuda = space(
            is_available=lambda there=there: there, get_device_properties=lambda number: space(total_memory=5 + number)
        )
        backend(monkeypatch, "torch", torch=space(cuda=cuda))
        assert device.device_memory() == expected
    devices = [space(device_type="CPU", memory_limit=99), space(device_type="GPU", memory_limit=3)]
    limits = []
    config = space(
        list_physical_devices=lambda kind: [kind] if kind == "GPU" else [],
        get_logical_device_configuration=lambda card: limits if card == "GPU" else None,
    )
    listing = space(device_lib=space(list_local_devices=lambda: devices))
    backend(monkeypatch, "tensorflow", tensorflow=space(config=config), tensorflow__python__client=listing)
    assert device.device_memory() == 3
    limits.append(space(memory_limit=None))
    assert device.device_memory() == 3
    limits[0] = space(memory_limit=7)
    assert device.device_memory() == 7 * 2**20  # as this process was limited


def test_torch_may_use_its_share(monkeypatch):
    cuda = SimpleNamespace(
        is_available=lambda: True, get_device_properties=lambda _: SimpleNamespace(total_memory=1000)
    )
    backend(monkeypatch, "torch", torch=SimpleNamespace(cuda=cuda))
    monkeypatch.setenv(device.SHARE, "1/4")
    assert device.device_memory() == 250
    assert device.usable(250) == 200


@pytest.mark.parametrize("text", ["0", "-1/2", "3/2", "half", "1/0", "", "nan"])
def test_a_share_is_a_part_of_the_card(monkeypatch, text):
    for good, expected in (("0.25", 0.25), ("1/8", 0.125), ("1", 1)):
        monkeypatch.setenv(device.SHARE, good)
        assert device.card_share() == expected
    monkeypatch.setenv(device.SHARE, text)
    with pytest.raises(ReconError, match=f"RECON_CARD_SHARE is a part of the card such as 1/4 or 0.25, not {text!r}"):
        device.card_share()
