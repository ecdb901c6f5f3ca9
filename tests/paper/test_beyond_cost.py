"""The cost of the page is summed part by part, cards apart from processors, and expected on two cores."""

from types import SimpleNamespace

from fabricated import plain

from recon_lib.paper import beyond_cost as page
from recon_lib.paper.cost import hardware

CARD = {"cores": 16, "accelerator": {"kind": "a card"}}
RUNS = (
    ("updates-300", 90, CARD),
    ("updates-1500", 150, CARD),
    ("updates-1500", 600, {"cores": 2}),
    ("few-noise", 60, CARD),
    ("few-together", 120, CARD),
    ("few-plain", None, CARD),
    ("residual", 6000, CARD),
    ("mixed-at-8", 120, CARD),
    ("recipe-at-2", 180, {}),
    (None, 600, CARD),
)


def results(runs):
    records = {
        str(k): SimpleNamespace(key=SimpleNamespace(variation=name), seconds=seconds, machine=machine)
        for k, (name, seconds, machine) in enumerate(runs)
    }
    return SimpleNamespace(profile="desk", records=records)


def test_the_cost_is_the_sum_of_the_runs_of_each_part(monkeypatch):
    monkeypatch.setattr(page, "count_operations", lambda profile, _, names: (profile.name, names))
    monkeypatch.setattr(hardware, "expected_seconds", lambda counted: 60.0 * len(counted[1]) * (counted[0] == "desk"))
    text = plain(page.render_cost(results(RUNS)))
    assert "| images or updates | 3 | 4 | 10 | 2 |" in text
    few = len(page.PARTS["ingredients"])
    assert f"| ingredients | 3 | 3 | | {few} |" in text.replace("|  |", "| |")
    assert "that it starts from | 0 | not run yet |" in text
    assert "| accelerations | 2 | 2 | 3 | 15 |" in text
    assert plain(page.render_cost(None)).count("not run yet") == 4


def test_what_cannot_be_expected_is_left_out(monkeypatch):
    monkeypatch.setattr(page, "count_operations", lambda *_: {})
    monkeypatch.setattr(hardware, "expected_seconds", lambda _: float("nan"))
    assert "nan" not in plain(page.render_cost(results(RUNS)))


def test_all_variations_of_the_page_are_in_a_part():
    assert {
        "few-plain",
        "few-images",
        "residual-4000",
        "updates-1500",
        "few-together-all",
        "mixed-at-10",
    } < page.VARIATIONS
    assert sum(map(len, page.PARTS.values())) == len(page.VARIATIONS)
