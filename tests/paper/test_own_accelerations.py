"""Claims at an acceleration are judged on the networks of that acceleration, and on no others."""

import re

import pytest
from fabricated import cell, made, plain, untrained

from recon_lib.experiment.profile import load_profile
from recon_lib.paper import own_accelerations as page
from recon_lib.paper.differences.effects import mean_psnr

RAW = {"natural": {"t1": 32.0, "t2": 34.0}, "t1": {"t1": 33.0, "t2": 34.5}, "t2": {"t1": 32.5, "t2": 35.0}}
TUNED = {"natural": {"t1": 34.0, "t2": 36.0}, "t1": {"t1": 34.4, "t2": 36.3}, "t2": {"t1": 34.2, "t2": 36.8}}


def at(group, acceleration, lower=0.0):
    """Rows of a group's variation, `lower` dB below the means above."""
    name = {"variation": page.label(group, acceleration), "n_train": 500, "acceleration": float(acceleration)}
    made_rows = []
    for count, means in ((0, RAW), (20, TUNED)):
        for domain, psnr in means.items():
            shifted = {test: value - lower for test, value in psnr.items()}
            made_rows += cell(shifted, training_domain=domain, n_finetune=count, **name)
    own = {"t1": 34.9 - lower, "t2": 36.2 - lower}
    for domain, value in own.items():
        made_rows += cell({domain: value}, training_domain=domain, n_finetune=50, **name)
    return made_rows + cell({"t1": 26.0, "t2": 27.0}, **name | untrained("zero_filled"))


MIXED = cell({"t1": 33.9, "t2": 35.7}, n_finetune=20, n_train=500, variation="mixed-at-2")
RESULTS = made([], [*at(page.PAPER, 2), *at(page.RECIPE, 2, 3.0), *at(page.PAPER, 8, 5.0), *MIXED])


def lines_of(text):
    cells = [row.strip("| ").split(" | ") for row in text.splitlines()[2:]]
    return {tuple(row[:3]): row[3:] for row in cells}


def test_every_acceleration_of_the_page_is_a_variation_at_that_acceleration():
    desk = load_profile("desk")
    for group in (page.PAPER, page.RECIPE, page.MIXED):
        names = {name for name in desk.variations if name.startswith(f"{group}-")}
        assert names == {page.label(group, acceleration) for acceleration in page.ACCELERATIONS}
        assert {desk.varied(name).acceleration for name in names} == set(page.ACCELERATIONS)
    for acceleration in page.ACCELERATIONS:
        plain_recipe, recipe, mixed = (
            desk.varied(page.label(group, acceleration)) for group in (page.PAPER, page.RECIPE, page.MIXED)
        )
        assert plain_recipe.training == recipe.training
        assert plain_recipe.training.updates(500) == 400
        assert [tuned.fine_tuning.n_finetune for tuned in (plain_recipe, recipe, mixed)] == [(5, 20)] * 3
    several = desk.varied("mixed-at-4")
    trained_at = {several.acceleration, *several.training.accelerations}
    assert trained_at == {several.acceleration, *several.fine_tuning.augmentation.accelerations}
    assert trained_at == set(page.ACCELERATIONS)


def test_claims_are_judged_at_each_acceleration():
    lines = lines_of(plain(page.render_claims(RESULTS)))
    assert len(lines) == 2 * 2 * len(page.ACCELERATIONS)
    first, second, third, mixed = lines["2", "the paper's", "T1"]
    assert first.startswith("**holds** +0.50 dB")  # 33.0 over the better of 32.0 and 32.5
    assert second.startswith("**holds** +0.40 dB")
    assert third.startswith("**differs** +0.90 dB")  # 34.9 less 34.0, where the paper has 0.55
    assert mixed.startswith("−0.10 (")  # noqa: RUF001
    assert lines["2", "the paper's", "T2"][1].startswith("**differs** +0.80 dB")
    assert lines["2", "the paper's", "T2"][2].startswith("**holds** +0.20 dB")
    assert len(lines["2", "few images", "T1"]) == 3  # the last column compares networks of the paper's recipe
    assert lines["8", "the paper's", "T1"][3] == "not run yet"


def test_what_was_not_run_says_so():
    lines = lines_of(plain(page.render_claims(RESULTS)))
    assert lines["6", "the paper's", "T1"] == ["not run yet"] * 4
    assert lines["8", "few images", "T2"][:3] == ["not run yet"] * 3
    assert set(re.findall(r"not run yet|holds", plain(page.render_claims(None)))) == {"not run yet"}
    assert "not run yet" in page.render_figure_of_accelerations(None).markdown


def test_own_is_the_network_of_each_contrast():
    own = page.network_rows(RESULTS, page.PAPER, 2, "own", 20)
    offset = mean_psnr(page.network_rows(RESULTS, page.PAPER, 2, "natural", 20), "t1") - 34.0
    assert mean_psnr(own, "t1") - offset == pytest.approx(34.4)
    assert mean_psnr(own, "t2") - offset == pytest.approx(36.8)
    assert page.network_rows(RESULTS, page.PAPER, 2, "natural", 5) is None
    assert page.network_rows(RESULTS, page.PAPER, 10, "natural", 20) is None


def test_the_figure_draws_gains_over_the_same_samples(monkeypatch):
    drawn = {}
    monkeypatch.setattr(page, "render_figure", lambda figure, name, numbers, *_: drawn.update({name: numbers}))
    page.render_figure_of_accelerations(RESULTS)
    numbers = drawn["own_accelerations"].set_index(["test_domain", "network", "acceleration"])["gain"]
    assert numbers["t1", "photographs, as trained", 2] == pytest.approx(6.0)
    assert numbers["t1", "photographs, as trained", 8] == pytest.approx(1.0)
    assert numbers["t2", "the same with 20 by the recipe for few images", 2] == pytest.approx(6.0)
    assert numbers["t2", "the contrast's own network and 20 images", 2] == pytest.approx(9.8)
    assert numbers["t1", "photographs of all accelerations and 20 images", 2] == pytest.approx(7.9)


def test_the_figure_is_drawn_with_its_files():
    assert "own_accelerations" in page.render_figure_of_accelerations(RESULTS).html
