"""Runs are named by what decides them: the same decides the same name, and anything else another."""

import dataclasses

import pytest

import recon_lib
from recon_lib.core.errors import ReconError
from recon_lib.experiment import plan
from recon_lib.experiment.grid import FineTuning, Training
from recon_lib.experiment.profile import NAMED_BY, CompressedSensing, Masks, Variation, load_profile, parse_profile
from recon_lib.experiment.specs import TUNING_REVISION

HASHES = {"natural": "n", "t1": "a", "t2": "b"}


def profile(**changes):
    base = parse_profile("x", {"domains": {"natural": {}, "t1": {}, "t2": {}}})
    return dataclasses.replace(base, **changes)


def ids(experiment, hashes=HASHES):
    return [run.id for run in plan.plan(experiment, hashes)]


def test_the_papers_comparison_is_planned():
    runs = plan.plan(profile(), HASHES)
    kinds = [run.kind for run in runs]
    assert kinds == sorted(kinds, key=plan.KINDS.index)
    assert kinds.count("train") == 3
    assert kinds.count("finetune") == 6
    # two baselines x 2 domains, raw 3 networks x 2 domains, tuned 6 each on its own domain
    assert kinds.count("evaluate") == 4 + 6 + 6
    assert len({run.id for run in runs}) == len(runs)
    assert all(run.parent in runs for run in runs if run.parent)


def test_a_run_is_hashed_once():
    run = plan.plan(profile(), HASHES)[0]
    assert run.id is run.id
    assert run.content is run.content
    assert dataclasses.replace(run, key=dataclasses.replace(run.key, n_train=7)).id != run.id


def test_an_evaluation_is_named_by_what_a_variation_may_choose():
    profile = load_profile("desk")
    named = {key for run in plan.plan(profile, dict.fromkeys(profile.domains, "")) for key in run.key.to_json()}
    assert named == {*NAMED_BY, "variation"}


def test_a_tuned_network_is_tested_only_where_it_was_tuned():
    for run in plan.plan(profile(), HASHES):
        if run.kind == "evaluate" and run.parent and run.parent.kind == "finetune":
            assert run.key.test_domain == run.parent.key.test_domain
            assert run.key.n_finetune == 20


def test_the_grid_grows_with_the_profile():
    large = profile(training=Training(n_train=(500, 4000)), fine_tuning=FineTuning(n_finetune=(0, 5, 20), draws=3))
    runs = plan.plan(large, HASHES)
    assert sum(run.kind == "train" for run in runs) == 6
    # 5 and 20 images, three draws: photographs and the own domain at both sizes, the other domain at the largest
    assert sum(run.kind == "finetune" for run in runs) == (2 * 2 + 2 * 2 + 2) * 2 * 3
    assert runs[0].key.n_train == 4000
    assert all(run.parent.key.n_train == 4000 for run in runs if foreign(run))


def foreign(run):
    """Tell a network tuned in the MR domain it was not trained in."""
    return run.kind == "finetune" and {run.key.training_domain, run.key.test_domain} == {"t1", "t2"}


def tuned_with(runs, training_domain, n_train, test_domain="t1"):
    return sorted(
        (run.key.n_finetune, run.key.draw)
        for run in runs
        if run.kind == "finetune"
        and (run.key.training_domain, run.key.n_train, run.key.test_domain) == (training_domain, n_train, test_domain)
    )


def test_the_tables_of_the_paper_are_what_is_tuned():
    tuning = FineTuning(n_finetune=(0, 5, 50), n_reference=(50,), n_headline=(20,), n_drawn=(20,), draws=2)
    runs = plan.plan(profile(training=Training(n_train=(500, 4000)), fine_tuning=tuning), HASHES)
    assert tuned_with(runs, "natural", 500) == [(5, 0), (50, 0)]
    assert tuned_with(runs, "natural", 4000) == [(5, 0), (20, 0), (20, 1), (50, 0)]
    assert tuned_with(runs, "t1", 500) == [(50, 0)]
    assert tuned_with(runs, "t1", 4000) == [(20, 0), (20, 1), (50, 0)]
    assert tuned_with(runs, "t2", 500) == []
    assert tuned_with(runs, "t2", 4000) == [(20, 0), (20, 1)]


def test_compressed_sensing_is_planned_with_its_iterations():
    cs = CompressedSensing(variants=("literal", "real"), iterations={"t2": 120})
    runs = [r for r in plan.plan(profile(compressed_sensing=cs), HASHES) if (r.key.method or "")[:3] == "cs:"]
    assert [(r.key.method, r.key.test_domain, r.spec.iterations) for r in runs] == [
        ("cs:literal", "t1", 80), ("cs:literal", "t2", 120), ("cs:real", "t1", 80), ("cs:real", "t2", 120),
    ]  # fmt: skip
    assert all(run.parent is None for run in runs)


class TestVariations:
    def planned(self, **variation):
        runs = plan.plan(profile(variations={"v": Variation(**variation)}), HASHES)
        return [run for run in runs if run.key.variation is not None]

    def test_what_it_does_not_change_is_the_profiles_own_run(self):
        runs = self.planned(
            change={"fine_tuning": {"batch": 5}}, evaluations={"training_domain": "natural", "test_domain": "t1"}
        )
        assert [run.kind for run in runs] == ["finetune", "evaluate"]
        base = {run.id for run in plan.plan(profile(), HASHES)}
        assert runs[0].parent.id in base
        assert runs[1].parent is runs[0]
        assert all(run.id not in base and "-v-" in run.id for run in runs)
        assert runs[0].spec.recipe.batch == 5

    def test_a_change_of_training_trains_its_own_network(self):
        where = {"method": "network", "training_domain": "natural", "n_finetune": [0, 20], "test_domain": "t2"}
        runs = self.planned(change={"training": {"updates_of": 8000}}, evaluations=where)
        assert [run.kind for run in runs] == ["train", "finetune", "evaluate", "evaluate"]
        assert runs[0].spec.updates == 3200
        assert {run.key.n_finetune for run in runs[2:]} == {0, 20}

    @pytest.mark.parametrize(
        "change", [{"contrast": 0.5}, {"accelerations": [8]}, {"second_domain": "t2", "n_second": 9}]
    )
    def test_what_is_trained_on_is_part_of_the_identity_only_where_it_is_not_the_default(self, change):
        where = {"method": "network", "training_domain": "natural", "n_finetune": 0, "test_domain": "t1"}
        training, _ = self.planned(change={"training": change}, evaluations=where)
        usual_key = dataclasses.replace(training.key, variation=None)
        usual = next(run for run in plan.plan(profile(), HASHES) if run.key == usual_key).spec.to_json()
        added = {name: value for name, value in training.spec.to_json().items() if name not in usual}
        assert added == change | ({"second_data": "b"} if "second_domain" in change else {})

    def test_networks_of_the_base_meet_other_masks(self):
        where = {"training_domain": "natural", "n_finetune": 0, "test_domain": "t1"}
        runs = self.planned(change={"masks": {"power": 1.0}}, evaluations=where, networks="base")
        assert [run.key.method for run in runs] == ["zero_filled", "conjugate_symmetry", "network"]
        base = {run.id for run in plan.plan(profile(), HASHES)}
        assert runs[2].parent.id in base
        assert runs[2].spec.masks.power == 1.0
        assert runs[2].parent.spec.masks.power == 2.0

    def test_networks_of_another_variation_are_tested_and_not_trained_again(self):
        where = {"method": "network", "training_domain": "natural", "n_finetune": [0, 20], "test_domain": "t1"}
        mixed = Variation(change={"training": {"accelerations": [2, 8]}}, evaluations=where)
        other = Variation(change={"acceleration": 8}, evaluations=where, networks="mixed")
        runs = plan.plan(profile(variations={"mixed": mixed, "other": other}), HASHES)
        named = [run for run in runs if run.key.variation is not None]
        assert [(run.kind, run.key.variation) for run in named] == [
            ("train", "mixed"), ("finetune", "mixed"),
            ("evaluate", "mixed"), ("evaluate", "mixed"), ("evaluate", "other"), ("evaluate", "other"),
        ]  # fmt: skip
        assert [run.parent for run in named[4:]] == named[:2] == [run.parent for run in named[2:4]]
        assert [run.spec.masks.acceleration for run in named] == [4, 4, 4, 4, 8, 8]
        assert named[0].spec.accelerations == (2, 8)

    def test_another_split_is_another_evaluation_of_the_same_network(self):
        runs = self.planned(evaluations={"method": "zero_filled", "test_domain": "t2"}, split="train")
        assert [run.spec.split for run in runs] == ["train"]

    def test_some_slices_of_a_split_are_another_evaluation_and_all_of_them_are_not_named(self):
        where = {"method": "zero_filled", "test_domain": "t2"}
        (few,) = self.planned(evaluations=where, split="train", slices=5)
        (every,) = self.planned(evaluations=where, split="train")
        assert (few.spec.slices, every.spec.slices) == (5, None)
        assert few.id != every.id
        assert few.spec.to_json()["slices"] == 5
        assert "slices" not in every.spec.to_json()

    def test_without_baselines_and_networks_only_compressed_sensing_is_left(self):
        change = {"baselines": [], "compressed_sensing": {"variants": ["real", "real+w0.001+tv0.0005"]}}
        runs = self.planned(change=change, evaluations={"training_domain": [], "test_domain": "t1"}, split="train")
        assert [run.key.method for run in runs] == ["cs:real", "cs:real+w0.001+tv0.0005"]

    def test_another_window_of_ssim_is_another_evaluation_of_every_method(self):
        runs = self.planned(
            change={"ssim": "uniform"},
            evaluations={"test_domain": "t1", "training_domain": "natural", "n_finetune": 0},
            networks="base",
        )
        assert [run.key.method for run in runs] == ["zero_filled", "conjugate_symmetry", "network"]
        assert all(run.spec.ssim == "uniform" for run in runs)
        assert all("ssim" not in run.spec.to_json() for run in plan.plan(profile(), HASHES))

    def test_another_wavelet_is_another_reading_of_compressed_sensing_alone(self):
        readings = CompressedSensing(("literal",))
        change = {"compressed_sensing": {"wavelet": "db4"}}
        runs = plan.plan(profile(compressed_sensing=readings, variations={"v": Variation(change=change)}), HASHES)
        named = [run for run in runs if run.key.variation is not None]
        assert [(run.key.method, run.spec.wavelet) for run in named] == [("cs:literal", "db4")] * 2
        assert all("wavelet" not in run.spec.to_json() for run in runs if run not in named)

    def test_a_change_of_nothing_adds_nothing(self):
        assert self.planned() == []

    def test_two_variations_of_one_content_share_their_run(self):
        same = Variation(change={"training": {"epochs": 21}}, evaluations={"training_domain": "t1", "n_finetune": 0})
        runs = plan.plan(profile(variations={"a": same, "b": same}), HASHES)
        named = [run.key.variation for run in runs if run.key.variation is not None]
        assert set(named) == {"a"}
        assert len({run.id for run in runs}) == len(runs)

    @pytest.mark.parametrize(
        ("variation", "says"),
        [
            ({"change": {"training": {"epoch": 3}}}, "did you mean 'epochs'"),
            ({"change": {"masks": {"power": "two"}}}, r"v\.change\.masks\.power is of type float"),
            ({"change": {"domains": {}}}, "'domains' cannot be changed"),
            ({"networks": "bas"}, "did you mean 'base'"),
            ({"networks": "w"}, "Unknown networks of variation 'v' 'w'"),
            ({"split": "pool"}, "Unknown split 'pool'"),
            ({"slices": 0}, "slices is 1 or more, not 0"),
        ],
    )
    def test_an_impossible_one_is_refused_when_the_profile_is_read(self, variation, says):
        content = {"domains": {name: {} for name in HASHES}, "variations": {"v": variation}}
        with pytest.raises(ReconError, match=says):
            parse_profile("x", content)


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
        return next(run.id for run in plan.plan(experiment, HASHES) if run.kind == "finetune")

    base = tuned(profile())
    assert tuned(profile(training=Training(epochs=21))) != base
    assert tuned(profile(fine_tuning=FineTuning(epochs=151))) != base
    # the training run itself does not care how it will be tuned
    assert ids(profile(fine_tuning=FineTuning(epochs=151)))[0] == ids(profile())[0]


def test_the_version_of_the_algorithm_is_part_of_the_identity(monkeypatch):
    before = ids(profile())
    monkeypatch.setattr(plan, "ALGORITHM_VERSION", "9.9")
    assert not set(before) & set(ids(profile()))


def test_the_version_of_the_package_may_rise_without_renaming_a_run(monkeypatch):
    before = ids(profile())
    monkeypatch.setattr(recon_lib, "__version__", "9.9")
    assert before == ids(profile())


def test_the_revision_of_fine_tuning_is_part_of_the_identity_of_what_is_tuned(monkeypatch):
    before = ids(profile())
    monkeypatch.setitem(TUNING_REVISION, "penalty", "another one")
    for run, name in zip(plan.plan(profile(), HASHES), before, strict=True):
        tuned = run.kind == "finetune" or (run.parent is not None and run.parent.kind == "finetune")
        assert (run.id != name) == tuned


def test_find_takes_what_a_person_says():
    runs = plan.plan(profile(), HASHES)
    assert plan.find(runs, "train", training_domain="t2").key.training_domain == "t2"
    raw = plan.find(runs, "evaluate", method="network", test_domain="t1", n_finetune=None)
    assert raw.key.n_finetune == 0
    with pytest.raises(ReconError, match=r"No train run fits .*'training_domain': 't3'.*training_domain=natural"):
        plan.find(runs, "train", training_domain="t3")
