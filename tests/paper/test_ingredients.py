"""Each ingredient is compared with nothing added on the same draws, and the recipe with what it has to equal."""

from dataclasses import replace
from types import SimpleNamespace

from fabricated import SUBJECTS, cell, line, made, plain

from recon_lib.experiment.profile import load_profile
from recon_lib.paper import ingredients as page

TRAIN = ("sub-01", "sub-02", "sub-03")


def few(name, t1, t2, **changes):
    return cell({"t1": t1, "t2": t2}, subjects=TRAIN, n_finetune=5, variation=name, **changes)


VARIATIONS = [
    *few("few-plain", 35.0, 37.0),
    *few("few-plain", 35.2, 37.2, draw=1),
    *few("few-mirrors", 35.1, 37.3),
    *few("few-mirrors", 35.2, 37.4, draw=1),
    *few("few-residual", 36.0, 38.0),
    *cell({"t1": 35.3}, subjects=TRAIN, n_finetune=5, variation="few-with-t2"),
    *cell({"t2": 37.4}, subjects=TRAIN, n_finetune=5, variation="few-with-t1"),
    *cell({"t1": 34.0, "t2": 36.0}, subjects=TRAIN, n_finetune=0, variation="few-residual"),
    *cell({"t1": 36.1, "t2": 38.2}, n_finetune=5, variation="few-images"),
    *cell({"t1": 36.2, "t2": 38.4}, n_finetune=50, variation="few-images"),
    *cell({"t1": 35.0, "t2": 37.0}, n_finetune=0, variation="residual-4000"),
]
OWN = [
    *cell({"t1": 36.0, "t2": 38.0}, n_finetune=50),
    *cell({"t1": 34.5, "t2": 37.5}, n_finetune=20),
    *cell({"t1": 90.0, "t2": 90.0}, n_finetune=50, n_train=500),
    *cell({"t1": 36.3}, n_finetune=50, training_domain="t1"),
    *cell({"t2": 38.5}, n_finetune=50, training_domain="t2"),
    *cell({"t1": 80.0}, n_finetune=50, training_domain="t2"),
]


def test_every_ingredient_is_a_variation_judged_on_training_subjects():
    desk = load_profile("desk").variations
    planned = {name for name in desk if name.startswith("few-")} - {page.PLAIN, page.FEW_IMAGES}
    items = (*page.INGREDIENTS, *page.COMBINATIONS)
    assert sorted(name for item in items for name in item.variations) == sorted(planned)
    assert {desk[name].split for name in (*planned, page.PLAIN)} == {"train"}
    assert all(item.source for item in items)


def test_the_last_combination_is_the_recipe():
    desk = load_profile("desk")
    recipe, *others = (desk.varied(item.variations[0]).fine_tuning for item in reversed(page.COMBINATIONS))
    published = desk.varied(page.FEW_IMAGES).fine_tuning
    assert replace(recipe, n_finetune=published.n_finetune) == published
    assert all(replace(other, n_finetune=published.n_finetune) != published for other in others)


def test_an_ingredient_is_compared_on_the_same_draws():
    text = plain(page.render_ingredients(made(OWN, VARIATIONS)))
    assert line(text, "mirror images").startswith(
        "| mirror images | +0.05 (+0.05 to +0.05) | +0.25 (+0.25 to +0.25) | [Fabian"
    )
    assert "+0.90 (" not in line(text, "sub-networks that put out a correction")
    assert line(text, "sub-networks that put out a correction").split(" | ")[1].startswith("+1.00")
    assert "| not run yet |" in line(text, "noise in k-space")
    both = "photographs and slices of the other contrast together"
    assert line(text, both).startswith(f"| {both} | +0.30 (+0.30 to +0.30) | +0.40 (+0.40 to +0.40) |")
    assert plain(page.render_ingredients(None)).count("not run yet") == 2 * len((*page.INGREDIENTS, *page.COMBINATIONS))


def test_what_they_are_compared_with_is_said():
    text = plain(page.render_plain(made(OWN, VARIATIONS)))
    assert "training subjects" in text
    assert f"slices of {len(TRAIN)}" in text
    assert len(TRAIN) != len(SUBJECTS)
    assert "not run yet" in plain(page.render_plain(made(OWN)))


def test_the_recipe_is_compared_with_fifty_and_with_the_own_contrast():
    lines = plain(page.render_final(made(OWN, VARIATIONS))).splitlines()[2:]
    changes = [[cell_text.split(" ")[0] for cell_text in text.split(" | ")[2::2]] for text in lines]
    assert changes == [["+0.10", "+0.20"], ["−0.10", "−0.20"], ["−0.20", "−0.30"], ["+0.50", "−0.50"]]  # noqa: RUF001
    assert plain(page.render_final(made(OWN))).count("not run yet") == 4
    assert plain(page.render_final(None)).count("not run yet") == 4


def test_the_cost_is_the_sum_of_the_runs_of_each_part():
    names = [
        ("updates-300", 90),
        ("updates-1500", 150),
        ("few-noise", 60),
        ("few-plain", None),
        ("residual", 6000),
        ("mixed-at-8", 120),
        ("recipe-at-2", 180),
        (None, 600),
    ]
    records = {
        str(k): SimpleNamespace(key=SimpleNamespace(variation=name), seconds=seconds)
        for k, (name, seconds) in enumerate(names)
    }
    text = plain(page.render_cost(SimpleNamespace(records=records)))
    assert "| images or updates | 2 | 4 |" in text
    assert "| ingredients | 2 | 1 |" in text
    assert "that it starts from | 0 | not run yet |" in text
    assert "| accelerations | 2 | 5 |" in text
    assert plain(page.render_cost(None)).count("not run yet") == 4
