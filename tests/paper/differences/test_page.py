"""The page of differences: choices read from the library, effects from results, what is missing said."""

import re
from dataclasses import replace

from fabricated import cell, line, made, plain, untrained

from recon_lib.experiment.plan import plan
from recon_lib.experiment.profile import load_profile
from recon_lib.paper.differences import controls, page
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord

BASE = [
    *cell({"t1": 35.0, "t2": 36.0}, n_finetune=20),
    *cell({"t1": 33.0, "t2": 34.0}, n_finetune=0),
    *cell({"t1": 30.0, "t2": 31.0}, n_finetune=0, n_train=500),
    *cell({"t1": 26.0, "t2": 27.0}, **untrained("zero_filled")),
]


def variation(name, t1, t2, **changes):
    return cell({"t1": t1, "t2": t2}, **{"variation": name, "n_finetune": 20, **changes})


def test_what_was_not_run_says_so():
    for results in (None, made(BASE)):
        text = plain(page.render_choices(results))
        assert "*5*: not run yet<br>*all images at once*: not run yet" in line(text, "Batch of fine-tuning")
        assert line(text, "Initial weights").split(" | ")[3].startswith("*He-normal*: not run yet")
        assert not re.search(r"[+−]\d", text)  # noqa: RUF001
        assert "not run yet" in plain(page.render_crops(results))
        assert "not run yet" in plain(controls.render_equal_updates(results))
        assert "not run yet" in plain(controls.render_symmetry(results))
        assert "not run yet" in plain(controls.render_rates(results))
    assert "No variation has been run yet" in plain(page.render_effects(None))


def test_effects_stand_beside_their_choice():
    rows = variation("finetune-batch-5", 34.5, 36.25) + variation("masks-power-1", 34.0, 35.0)
    rows += cell({"t1": 24.0}, **{**untrained("zero_filled"), "variation": "masks-power-1"})
    results = made(BASE, rows)
    text = plain(page.render_choices(results))
    assert "| *5*: T1 −0.50, T2 +0.25<br>*all images at once*: not run yet<br>" in line(text, "Batch of fine-tuning")  # noqa: RUF001
    full = plain(page.render_effects(results))
    network = "4000 natural images, tuned with 20"
    assert f"| Batch of fine-tuning: *5* | {network} | −0.50 (−0.50 to −0.50) | +0.25 (+0.25 to +0.25) |" in full  # noqa: RUF001
    assert "| | zero-filled | −2.00 (−2.00 to −2.00) | |" in full  # noqa: RUF001


def test_an_effect_on_ssim_names_it():
    rows = [{**row, "ssim": row["ssim"] - 0.012} for row in variation("ssim-uniform", 35.0, 36.0)]
    results = made(BASE, rows)
    assert line(plain(page.render_choices(results)), "SSIM").endswith("covariance*: SSIM T1 −0.012, T2 −0.012 |")  # noqa: RUF001
    assert "| SSIM −0.012 (−0.012 to −0.012) |" in plain(page.render_effects(results))  # noqa: RUF001


def test_crops_are_compared_with_whole_images():
    rows = [
        *variation("one-subnetwork-whole-images", 30.2, 31.0, n_finetune=0),
        *variation("one-subnetwork", 30.0, 31.1, n_finetune=0),
        *variation("one-subnetwork-equal-time", 31.2, 32.0, n_finetune=0),
    ]
    results = made(BASE, rows)
    key = RunKey(training_domain="natural", n_train=500, variation="one-subnetwork")
    smoke = load_profile("smoke")
    spec = replace(plan(smoke, dict.fromkeys(smoke.domains, ""))[0].spec, updates=200)
    results.records["a"] = RunRecord("a", "evaluate", key, {}, seconds=9.0)
    results.records["b"] = RunRecord("b", "train", key, spec.to_json(), seconds=156.0)
    text = plain(page.render_crops(results))
    assert line(text, "crops, as many updates").startswith("| crops, as many updates | 200 | 3 | 29.63 |")
    assert "−0.20 (−0.20 to −0.20)" in line(text, "crops, as many updates")  # noqa: RUF001
    assert "+1.00 (+1.00 to +1.00)" in line(text, "crops, as much time")
    assert line(text, "whole images").endswith("| |")
