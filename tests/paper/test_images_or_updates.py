"""Images apart from updates: equal updates are found among the profile's own runs and the variations, never mixed."""

from types import SimpleNamespace

import pandas as pd
import pytest
from fabricated import cell, line, made, plain

from recon_lib.paper import images_or_updates as page

OWN = {5: 34.0, 20: 35.5, 50: 36.0}
UPDATES = {5: 75, 20: 300, 50: 300}
VARIED = {300: {5: 35.0}, 1500: {5: 36.0, 20: 36.42, 50: 36.5}}


def results(own=OWN, varied=VARIED, updates=UPDATES):
    rows = [r for n, mean in own.items() for r in cell({"t1": mean, "t2": mean + 1}, n_finetune=n)]
    rows += cell({"t1": 99.0, "t2": 99.0}, n_finetune=5, n_train=500)  # another network
    rows += cell({"t1": 98.0, "t2": 98.0}, n_finetune=50, training_domain="t1")
    variations = [
        r
        for target, means in varied.items()
        for n, mean in means.items()
        for r in cell({"t1": mean, "t2": mean + 1}, n_finetune=n, variation=f"updates-{target}")
    ]
    history = pd.DataFrame(
        [
            {"kind": "finetune", "training_domain": "natural", "n_finetune": n, "updates": count * share}
            for n, count in updates.items()
            for share in (0.5, 1)
        ]
    )
    return SimpleNamespace(**vars(made(rows, variations)), history=history)


def test_a_run_of_the_profile_that_makes_as_many_updates_is_the_run():
    assert page.tuned_rows(results(), 50, 300)["psnr"].mean() == pytest.approx(36.5, abs=1)
    assert set(page.tuned_rows(results(), 20, 300)["variation"].fillna("")) == {""}
    assert set(page.tuned_rows(results(), 5, 300)["variation"]) == {"updates-300"}
    assert set(page.tuned_rows(results(), 50, 1500)["variation"]) == {"updates-1500"}
    assert page.tuned_rows(results(varied={}), 5, 300) is None
    assert page.tuned_rows(None, 5, 300) is None
    almost = {**UPDATES, 50: 251}  # within an epoch of 50
    assert page.tuned_rows(results(updates=almost, varied={}), 50, 300) is not None
    assert page.tuned_rows(results(updates={**UPDATES, 50: 250}, varied={}), 50, 300) is None


def test_distances_to_fifty_are_taken_at_the_same_updates():
    values = {t: page.distances(results(), "t1", t) for t in (None, 300, 1500)}
    rounded = {t: {n: round(e.value, 6) for n, e in d.items()} for t, d in values.items()}
    assert rounded == {None: {5: -2.0, 20: -0.5}, 300: {5: -1.0, 20: -0.5}, 1500: {5: -0.5, 20: -0.08}}


def test_the_table_has_a_line_for_each_number_of_images():
    text = plain(page.render_images(results(), "t1"))
    first = line(text, "5").split(" | ")
    assert [cell_text[:5] for cell_text in first[2::2]] == ["33.63", "−1.00", "−0.50"]  # noqa: RUF001
    text = plain(page.render_images(results(varied={}), "t1"))
    assert "| not run yet |" in line(text, "5")
    assert "not run yet" in plain(page.render_images(None, "t1"))


def test_the_column_at_equal_updates_waits_until_it_is_whole():
    text = plain(page.render_equal(results(), "t2"))
    assert "profile desk" in text
    assert "| Tuned with | As the profile, dB | At 300 updates each | At 1500 updates each |" in text
    assert "At 1500" not in plain(page.render_equal(results(varied={300: {5: 35.0}}), "t2"))
    assert page.render_equal(results(varied={}), "t2").markdown == ""
    assert page.render_equal(None, "t2").markdown == ""


def test_the_verdict_says_what_is_left_and_how_many_are_enough():
    text = plain(page.render_verdict(results()))
    assert "On T1 slices, 5 images instead of 50 change PSNR by −2.00" in text  # noqa: RUF001
    assert "by −1.00 (−1.00 to −1.00) dB in 300 and by −0.50 (−0.50 to −0.50) dB in 1500 updates each." in text  # noqa: RUF001
    assert "To come within 0.1 dB of 50, it takes 50 in 300 updates and 20 in 1500 updates." in text
    assert "1500" not in plain(page.render_verdict(results(varied={300: {5: 35.0}})))
    assert "not run yet" in plain(page.render_verdict(None))


def test_the_figure_draws_a_line_for_each_number_of_updates():
    drawn = page.render_figure_of_images(results())
    assert "images_or_updates" in drawn.html
    assert "not run yet" in page.render_figure_of_images(None).markdown
