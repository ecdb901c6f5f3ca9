"""The experiment with several coils: strict profiles, a plan with parents first, identities that keep their bytes."""

from dataclasses import replace

import pytest

from recon_lib.core.errors import ReconError
from recon_lib.core.strict_yaml import build
from recon_lib.data.domains import Domain
from recon_lib.experiment.coil_profile import (
    REAL,
    CoilProfile,
    Effects,
    coil_profile_names,
    load_coil_profile,
    plan_coils,
)
from recon_lib.experiment.coil_recipes import JointRecipe
from recon_lib.imaging.coil_simulation import CoilSimulation

HASHES = {"natural": "a" * 64, "natural-joint": "a" * 64, "t1_bold5000": "b" * 64, REAL: "c" * 64}


def ids(profile):
    return [run.id for run in plan_coils(profile, HASHES)]


def test_every_profile_is_read():
    assert coil_profile_names() == ["desk", "smoke"]
    desk = load_coil_profile("desk")
    assert desk.accelerations == (4.0, 6.0, 8.0)
    assert set(desk.n_train) == {"natural", "t1_bold5000"}


def test_parents_stand_before_what_starts_from_them():
    runs = plan_coils(load_coil_profile("desk"), HASHES)
    for place, run in enumerate(runs):
        assert all(parent in runs[:place] for parent in run.parents)
    kinds = [run.kind for run in runs]
    networks = ["train", "joint", "joint", "tune", "train", "joint", "tune"]
    assert kinds == networks + ["maps"] * 3 + ["weights"] + ["evaluate"] * 16 + ["effects"] * 4
    assert len(set(ids(load_coil_profile("desk")))) == len(runs)


def test_without_joint_updates_tuning_follows_the_sequential_training():
    runs = plan_coils(replace(load_coil_profile("smoke"), joint_updates=0), HASHES)
    assert [run.kind for run in runs[:2]] == ["train", "tune"]
    assert runs[1].parents == (runs[0],)


def test_a_run_is_hashed_once():
    run = plan_coils(load_coil_profile("smoke"), HASHES)[0]
    assert run.id is run.id
    assert replace(run, label="other").id != run.id


def test_identities_keep_their_bytes():
    assert ids(load_coil_profile("smoke")) == SMOKE_IDS


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"description": "another", "name": "other"}, ""),
        ({"seed": 1}, "train joint tune maps weights evaluate"),
        ({"calibration": 81}, "train joint tune maps weights evaluate"),
        ({"simulation": CoilSimulation(coils=(2, 4))}, "train joint tune maps weights evaluate"),
        ({"masks": 3}, "train joint tune evaluate"),
        ({"arrays": 4}, "train joint tune evaluate"),
        ({"updates": 5}, "train joint tune evaluate"),
        ({"joint": JointRecipe(learning_rate=1e-5)}, "joint tune evaluate"),
        ({"joint_updates": 3}, "joint tune evaluate"),
        ({"joint": JointRecipe(learning_rate=3e-4, crop=8)}, "joint tune evaluate"),
        ({"joint": JointRecipe(learning_rate=3e-4, data_consistency=0.5)}, "joint tune evaluate"),
        ({"joint_simulation": CoilSimulation(support=(0.5, 1.0))}, "joint tune evaluate"),
        ({"joint_domains": {"natural": Domain("generated", (52, 52), 6)}}, "joint tune evaluate"),
        ({"tuning": JointRecipe(learning_rate=1e-5)}, "tune evaluate"),
        ({"n_tune": 3}, "tune evaluate"),
        ({"tuning_updates": 3}, "tune evaluate"),
        ({"test_slices": 3}, "maps evaluate"),
    ],
    ids=str,
)
def test_a_change_renames_the_runs_that_it_decides(change, kinds):
    profile = load_coil_profile("smoke")
    before, after = plan_coils(profile, HASHES), plan_coils(replace(profile, **change), HASHES)
    assert {a.kind for a, b in zip(before, after, strict=True) if a.id != b.id} == set(kinds.split())


def test_other_data_rename_the_runs_that_read_them():
    profile = load_coil_profile("smoke")
    other = plan_coils(profile, {**HASHES, REAL: "d" * 64})
    renamed = [a.label for a, b in zip(plan_coils(profile, HASHES), other, strict=True) if a.id != b.id]
    assert renamed
    assert all(REAL in label for label in renamed)


def test_effects_are_measured_of_the_network_that_tuning_starts_from_on_every_test():
    profile = replace(load_coil_profile("smoke"), effects=Effects(weights=(0.1,), iterations=(3, 4), slices=5))
    runs = plan_coils(profile, HASHES)
    assert ids(profile)[: len(SMOKE_IDS)] == SMOKE_IDS
    effects = runs[len(SMOKE_IDS) :]
    assert [run.label for run in effects] == ["natural-joint-t1_bold5000", "natural-joint-mprage_coils"]
    assert all([parent.kind for parent in run.parents] == ["maps", "joint"] for run in effects)
    assert effects[0].spec == {"weights": (0.1,), "iterations": (3, 4), "slices": 5}
    longer = plan_coils(replace(profile, further_updates={"natural": 2}), HASHES)[-1]
    assert [parent.label for parent in longer.parents] == ["mprage_coils", "natural-further"]


def test_joint_training_goes_on_with_a_simulation_that_tuning_has_too():
    profile = load_coil_profile("smoke")
    own = replace(profile, further_updates={"natural": 5}, further_simulation=CoilSimulation(structure=1.0))
    train, joint, further, tune = plan_coils(own, HASHES)[:4]
    assert (further.kind, further.label, further.parents) == ("joint", "natural-further", (joint,))
    assert tune.parents == (further,)
    for run, strength in ((train, None), (joint, None), (further, 1.0), (tune, 1.0)):
        assert run.spec["simulation"].get("structure") == strength
    changed = {name for name in further.spec if further.spec[name] != joint.spec[name]}
    assert changed == {"simulation", "updates"}
    assert further.spec["updates"] == 5
    larger = replace(own, further=JointRecipe(batch=3))
    assert plan_coils(larger, HASHES)[2].spec["recipe"] == larger.further.as_dict()
    assert [run.label for run in plan_coils(replace(own, further_updates={}), HASHES)[:3]][1:] == [
        "natural-joint",
        "natural-tuned",
    ]


def test_joint_training_has_images_and_a_simulation_of_its_own():
    profile = load_coil_profile("smoke")
    own = replace(
        profile,
        joint_domains={"natural": Domain("generated", (52, 52), 6)},
        joint_simulation=CoilSimulation(contrast=(1.0, 2.0)),
    )
    train, joint, tune = plan_coils(own, {**HASHES, "natural-joint": "e" * 64})[:3]
    assert (joint.spec["data"], joint.spec["source"]["matrix"]) == ("e" * 64, (52, 52))
    assert joint.spec["simulation"]["contrast"] == [1.0, 2.0]
    for run in (train, tune):
        assert "contrast" not in run.spec["simulation"]
    assert train.spec["source"]["matrix"] == (48, 48)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"acceleration": [4.0]}, "did you mean 'accelerations'"),
        ({"accelerations": []}, "needs an acceleration"),
        ({"n_train": {}}, "and a domain to train on"),
        ({"n_train": {"t3": 4}}, "Unknown domain"),
        ({"masks": 0}, "masks is 1 or more"),
        ({"joint_updates": -1}, "joint_updates is 0 or more"),
        ({"further_updates": {"natural": 0}}, "further_updates is 1 or more"),
        ({"further_updates": {"other": 5}}, "domain of profile"),
        ({"effects": {"weights": [-0.1]}}, "not \\(-0.1,\\)"),
        ({"effects": {"iterations": [0]}}, "iterations is 1 or more"),
        ({"effects": {"slices": 0}}, "slices is 1 or more"),
        ({"joint_domains": {"t3": {}}}, "Unknown domain"),
        ({"simulation": {"coils": [3]}}, "a list of 2"),
    ],
)
def test_what_is_no_profile_is_refused(content, message):
    sound = {"name": "x", "domains": {"natural": {}, "t1_bold5000": {}}, "n_train": {"natural": 3}}
    build(CoilProfile, sound, "x")
    with pytest.raises(ReconError, match=message):
        build(CoilProfile, {**sound, **content}, "x")


SMOKE_IDS = [
    "train-natural-bb27c05f56",
    "joint-natural-joint-6aff82895b",
    "tune-natural-tuned-6554c4d1af",
    "maps-t1_bold5000-pool-1a363e4fc2",
    "maps-t1_bold5000-9c6fe11835",
    "maps-mprage_coils-a2084e3e80",
    "weights-baselines-60b6ae6bed",
    "evaluate-baselines-t1_bold5000-0c4de83c00",
    "evaluate-natural-t1_bold5000-880a489cbf",
    "evaluate-natural-joint-t1_bold5000-c9fd462724",
    "evaluate-natural-tuned-t1_bold5000-9eac180c51",
    "evaluate-baselines-mprage_coils-f0aa50cb3d",
    "evaluate-natural-mprage_coils-c77556593a",
    "evaluate-natural-joint-mprage_coils-64889aef95",
    "evaluate-natural-tuned-mprage_coils-69d323b2d6",
]
