"""Runs are named by what decides them: the same decides the same name, and anything else another."""

import dataclasses

import pytest

from recon_lib import graph
from recon_lib.errors import ReconError
from recon_lib.experiment import FineTuning, Masks, Training, parse_profile

HASHES = {"natural": "n", "t1": "a", "t2": "b"}


def profile(**changes):
    base = parse_profile("x", {"domains": {"natural": {}, "t1": {}, "t2": {}}})
    return dataclasses.replace(base, **changes)


def ids(experiment, hashes=HASHES):
    return [run.id for run in graph.plan(experiment, hashes)]


def test_the_papers_comparison_is_planned():
    runs = graph.plan(profile(), HASHES)
    kinds = [run.kind for run in runs]
    assert kinds == sorted(kinds, key=graph.KINDS.index)
    assert kinds.count("train") == 3
    assert kinds.count("finetune") == 6
    # zero-filled 2, raw 3 networks x 2 domains, tuned 6 each on its own domain
    assert kinds.count("evaluate") == 2 + 6 + 6
    assert len({run.id for run in runs}) == len(runs)
    assert all(run.parent in runs for run in runs if run.parent)


def test_a_tuned_network_is_tested_only_where_it_was_tuned():
    for run in graph.plan(profile(), HASHES):
        if run.kind == "evaluate" and run.parent and run.parent.kind == "finetune":
            assert run.choice["test_domain"] == run.parent.choice["test_domain"]
            assert run.choice["n_finetune"] == 20


def test_the_grid_grows_with_the_profile():
    large = profile(training=Training(n_train=(500, 4000)), fine_tuning=FineTuning(n_finetune=(0, 5, 20), draws=3))
    runs = graph.plan(large, HASHES)
    assert sum(run.kind == "train" for run in runs) == 6
    assert sum(run.kind == "finetune" for run in runs) == 6 * 2 * 2 * 3
    assert runs[0].choice["n_train"] == 4000


def test_identity_is_stable_and_follows_everything_that_decides():
    same = ids(profile())
    assert same == ids(profile())
    changed = [
        ids(profile(seed=1)),
        ids(profile(acceleration=5.0)),
        ids(profile(masks=Masks(power=1.0))),
        ids(profile(masks=Masks(train=50))),
        ids(profile(training=Training(learning_rate=1e-3))),
        ids(profile(architecture=dataclasses.replace(profile().architecture, filters=32))),
        ids(profile(), {**HASHES, "natural": "other"}),
    ]
    for other in changed:
        assert other[0] != same[0]
        raw = next(i for i, name in enumerate(same) if name.startswith("evaluate-network-natural"))
        assert other[raw] != same[raw]


def test_a_tuned_network_follows_its_parent_and_its_own_recipe():
    def tuned(experiment):
        return next(run.id for run in graph.plan(experiment, HASHES) if run.kind == "finetune")

    base = tuned(profile())
    assert tuned(profile(training=Training(epochs=21))) != base
    assert tuned(profile(fine_tuning=FineTuning(epochs=151))) != base
    # the training run itself does not care how it will be tuned
    assert ids(profile(fine_tuning=FineTuning(epochs=151)))[0] == ids(profile())[0]


def test_the_version_is_part_of_the_identity(monkeypatch):
    before = ids(profile())
    monkeypatch.setattr(graph, "__version__", "9.9")
    assert not set(before) & set(ids(profile()))


def test_find_takes_what_a_person_says():
    runs = graph.plan(profile(), HASHES)
    assert graph.find(runs, "train", training_domain="t2").choice["training_domain"] == "t2"
    raw = graph.find(runs, "evaluate", method="network", test_domain="t1", n_finetune=None)
    assert raw.choice["n_finetune"] == 0
    with pytest.raises(ReconError, match=r"No train run fits .*'training_domain': 't3'.*training_domain=natural"):
        graph.find(runs, "train", training_domain="t3")
