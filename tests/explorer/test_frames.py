"""Which pictures and numbers the explorer shows, at every acceleration."""

import base64
import io

import numpy as np
import pytest
from fabricated import ACCELERATED, AT_OTHERS, PSNR, SUBJECTS, accelerated_runs, explorer_runs, make_runs
from PIL import Image

from recon_lib.explorer import frames, pictures
from recon_lib.paper import averages, panel_view
from recon_lib.results import merge, store
from recon_lib.results.panels import PanelKey


@pytest.fixture
def shown(folders):
    merge.collect(explorer_runs(folders / "runs"), folders / "results" / "desk", {"commit": "0"})
    return store.open_results("desk")


@pytest.fixture
def accelerated(folders):
    runs = [*explorer_runs(folders / "runs"), *accelerated_runs(folders / "runs")]
    merge.collect(runs, folders / "results" / "desk", {"profile": ACCELERATED})
    return store.open_results("desk")


def picture(address):
    kind, _, text = address.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L"))


def sampled(content, contrast, subject, acceleration=4.0):
    """One slice of a contrast with what is there of it at one acceleration; nothing if nothing is."""
    one = next(c for c in content["contrasts"] if c["key"] == contrast)
    place = next(s for s in one["slices"] if s["place"][0] == subject)
    return place | next((s for s in place["samplings"] if s["acceleration"] == acceleration), {"frames": []})


def frame(content, contrast, subject, acceleration=4.0, **wanted):
    place = sampled(content, contrast, subject, acceleration)
    found = [f for f in place["frames"] if all(f[key] == value for key, value in wanted.items())]
    return place, found


def test_a_picture_is_the_panel_as_figures_show_it(shown):
    content = frames.collect_frames(shown)
    place, (found,) = frame(content, "t1", SUBJECTS[0], method="network-natural", n_train=4000, n_finetune=20)
    panels = panel_view.slice_panels(shown, "t1", (SUBJECTS[0], 41))
    reference, image = (panel_view.orient(panels[k].astype(float)) for k in ("reference", "network-natural-4000-20"))
    box = panel_view.head_box(reference)
    assert place["size"] == list(reference[box].shape)
    kept = picture(place["reference"]) / 255
    assert np.abs(kept - reference[box]).max() <= 0.5 / 255 + 1e-9
    difference = pictures.decode_difference(picture(found["picture"]), found["step"])
    assert np.abs(difference - (image - reference)[box]).max() <= found["step"] / 2 + 1e-6
    mask = picture(place["mask"])
    assert np.array_equal(mask == 255, panel_view.orient(panels["mask"]))
    assert place["sampled"] == panels["mask"].mean()


def test_numbers_are_those_of_the_slice_and_of_the_tables(shown):
    content = frames.collect_frames(shown)
    slices = shown.slices
    rows = slices.query("test_domain == 't2' and training_domain == 't1' and n_finetune == 0")
    _, (found,) = frame(content, "t2", SUBJECTS[0], method="network-t1", n_finetune=0)
    own = rows.query(f"subject == '{SUBJECTS[0]}' and slice == 41").iloc[0]
    assert found["slice"] == [own["psnr"], own["ssim"]]
    assert found["all"] == pytest.approx([rows["psnr"].mean(), rows["ssim"].mean()])
    assert found["all"][0] == pytest.approx(PSNR["t2", "t1", 0], abs=1.5)
    _, (start,) = frame(content, "t2", SUBJECTS[0], method="zero_filled")
    assert (start["n_train"], start["n_finetune"]) == (None, None)


def test_of_several_draws_the_picture_keeps_the_numbers_of_its_own(folders):
    runs = explorer_runs(folders / "runs", draws=2)
    merge.collect(runs, folders / "results" / "desk", {"commit": "0"})
    shown = store.open_results("desk")
    content = frames.collect_frames(shown)
    _, (found,) = frame(content, "t1", SUBJECTS[0], method="network-natural", n_train=500, n_finetune=0)
    assert found["slice"][0] == 31.0  # the other draw has 41
    summary = averages.summarise(shown.slices).query("test_domain == 't1' and n_train == 500 and n_finetune == 0")
    assert found["all"][0] == summary["psnr"].item() == 36.0


def test_what_was_not_run_is_offered_and_not_there(shown):
    content = frames.collect_frames(shown)
    assert content["counts"] == {"n_train": [500, 4000], "n_finetune": [0, 5, 20]}
    for subject in SUBJECTS[:2]:
        assert frame(content, "t1", subject, n_train=500, n_finetune=20)[1] == []
    assert frame(content, "t1", SUBJECTS[1], n_train=4000)[1] == []
    assert [f["method"] for f in frame(content, "t1", SUBJECTS[1], n_train=500)[1]] == 2 * ["network-natural"]


def test_numbers_asked_for_come_from_the_profile_too(folders):
    profile = {"training": {"n_train": [500, 2000]}, "fine_tuning": {"n_finetune": [20, 50]}}
    merge.collect(make_runs(folders / "runs"), folders / "results" / "desk", {"profile": profile})
    counts = frames.collect_frames(store.open_results("desk"))["counts"]
    assert counts == {"n_train": [500, 2000, 4000], "n_finetune": [0, 20, 50]}


def test_a_picture_without_a_row_has_no_number(shown):
    rows = shown.slices
    shown.__dict__["slices"] = rows[(rows["method"] != "network") | (rows["training_domain"] != "t1")]
    _, (found,) = frame(frames.collect_frames(shown), "t1", SUBJECTS[0], method="network-t1", n_finetune=20)
    assert (found["slice"], found["all"]) == (None, None)


def test_every_acceleration_has_its_own_mask_pictures_and_numbers(accelerated):
    content = frames.collect_frames(accelerated)
    assert (content["acceleration"], content["accelerations"]) == (4.0, [2.0, 4.0, 8.0])
    reference = panel_view.upright_panels(accelerated, "t1", (SUBJECTS[0], 41))["reference"]
    box = panel_view.head_box(reference)
    for factor in (2, 8):
        variation = f"acceleration-{factor}"
        place = sampled(content, "t1", SUBJECTS[0], float(factor))
        mask = accelerated.varied_panels[PanelKey("t1", SUBJECTS[0], 41, "mask", variation)]
        assert np.array_equal(picture(place["mask"]) == 255, panel_view.orient(mask))
        assert place["sampled"] == mask.mean() == pytest.approx(1 / factor)
        expected = AT_OTHERS[variation, "t1"]
        assert len(place["frames"]) == len(expected)
        for n_finetune, psnr in expected.items():
            (found,) = (f for f in place["frames"] if f["n_finetune"] == n_finetune)
            assert found["method"] == ("zero_filled" if n_finetune is None else "network-natural")
            assert found["slice"] == [psnr, psnr / 50]
            assert found["all"] == pytest.approx([psnr + 1, psnr / 50])
            stored = accelerated.varied_panels[PanelKey("t1", SUBJECTS[0], 41, _label(n_finetune), variation)]
            difference = pictures.decode_difference(picture(found["picture"]), found["step"])
            wanted = (panel_view.orient(stored.astype(np.float32)) - reference)[box]
            assert np.abs(difference - wanted).max() <= found["step"] / 2 + 1e-6


def _label(n_finetune):
    return "zero_filled" if n_finetune is None else f"network-natural-4000-{n_finetune}"


def test_other_accelerations_leave_the_own_one_as_it_is(shown, accelerated, folders):
    merge.collect(explorer_runs(folders / "plain"), folders / "results" / "smoke", {"commit": "0"})
    plain, more = (frames.collect_frames(store.open_results(name)) for name in ("smoke", "desk"))
    for one, other in zip(plain["contrasts"], more["contrasts"], strict=True):
        assert {**one, "slices": []} == {**other, "slices": []}
        for before, after in zip(one["slices"], other["slices"], strict=True):
            assert before["samplings"] == [s for s in after["samplings"] if s["acceleration"] == 4.0]
    assert panel_view.slice_panels(accelerated, "t1", (SUBJECTS[0], 41)).keys() == {
        key.picture
        for key in store.open_results("smoke").panels
        if (key.test_domain, key.place) == ("t1", (SUBJECTS[0], 41))
    }


def test_an_acceleration_that_was_not_run_is_offered_and_not_there(folders):
    merge.collect(explorer_runs(folders / "runs"), folders / "results" / "desk", {"profile": ACCELERATED})
    content = frames.collect_frames(store.open_results("desk"))
    assert content["accelerations"] == [2.0, 4.0, 8.0]
    factors = {s["acceleration"] for c in content["contrasts"] for one in c["slices"] for s in one["samplings"]}
    assert factors == {4.0}


def test_a_slice_of_which_no_mask_was_kept_is_not_sampled(accelerated):
    del accelerated.varied_panels[PanelKey("t1", SUBJECTS[0], 41, "mask", "acceleration-8")]
    content = frames.collect_frames(accelerated)
    assert sampled(content, "t1", SUBJECTS[0], 8.0)["frames"] == []
    assert sampled(content, "t1", SUBJECTS[0], 2.0)["frames"] != []


def test_methods_stand_in_the_order_of_the_paper(shown):
    content = frames.collect_frames(shown)
    assert [key for key, _ in content["contrasts"][0]["methods"]] == [
        "reference", "zero_filled", "conjugate_symmetry", "cs:literal", "network-natural", "network-t1", "network-t2",
    ]  # fmt: skip
    names = dict(content["contrasts"][0]["methods"])
    assert names["network-natural"] == "network trained on natural images"
    assert len(set(names.values())) == len(names)
