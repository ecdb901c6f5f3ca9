"""Each ingredient is compared with nothing added on the same draws, and the recipe with the other combinations."""

from dataclasses import replace

from fabricated import SUBJECTS, cell, line, made, plain

from recon_lib.experiment.named_recipes import FEW_IMAGES
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
]
OWN = cell({"t1": 36.0, "t2": 38.0}, n_finetune=50)


def test_every_ingredient_is_a_variation_judged_on_training_subjects():
    desk = load_profile("desk").variations
    planned = {name for name in desk if name.startswith("few-")} - {page.PLAIN, FEW_IMAGES}
    items = (*page.INGREDIENTS, *page.COMBINATIONS)
    assert sorted(name for item in items for name in item.variations) == sorted(planned)
    assert {desk[name].split for name in (*planned, page.PLAIN)} == {"train"}
    assert all(item.source for item in items)


def test_the_last_combination_is_the_recipe():
    desk = load_profile("desk")
    recipe, *others = (desk.varied(item.variations[0]).fine_tuning for item in reversed(page.COMBINATIONS))
    published = desk.varied(FEW_IMAGES).fine_tuning
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


def test_the_choice_is_told_by_the_first_draw_and_by_all():
    names = [item.variations[0] for item in page.COMBINATIONS]
    means = {names[0]: (36.0, 38.0), names[1]: (36.1, 38.5), names[2]: (36.2, 38.1), names[3]: (36.3, 38.2)}
    combined = [entry for name, mean in means.items() for entry in few(name, *mean)]
    combined += [entry for name in names for entry in few(name, 36.0, 38.0 + (name == names[3]), draw=1)]
    text = plain(page.render_choice(made(OWN, combined)))
    assert "it then gave +0.10 dB on T1 and −0.30 dB on T2." in text  # noqa: RUF001
    assert text.endswith("Over all draws it gives +0.05 dB on T1 and +0.35 dB on T2.")
    assert page.render_choice(made(OWN, VARIATIONS)).markdown == ""
    assert page.render_choice(None).markdown == ""
