"""A profile is the paper's by default, and bad content gets one sentence."""

import dataclasses
import json
import math

import pytest

from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.strict_yaml import read_yaml
from recon_lib.experiment.profile import Variation, load_profile, parse_profile, profile_names
from recon_lib.experiment.recipes import Architecture

DOMAINS = {"natural": {}, "t1": {}, "t2": {}}


def test_the_paper_is_the_default():
    profile = parse_profile("x", {"domains": DOMAINS})
    assert profile.acceleration == 4
    assert profile.architecture == Architecture(5, 4, 64, 3, math.inf)
    assert (profile.training.batch, profile.training.epochs, profile.training.learning_rate) == (50, 20, 1e-4)
    assert (profile.training.l2, profile.training.epsilon, profile.training.crop) == (1e-6, 1e-8, None)
    assert (profile.fine_tuning.epochs, profile.fine_tuning.learning_rate) == (150, 1e-5)
    assert (profile.masks.train, profile.masks.test) == (100, 100)


def test_every_shipped_profile_is_valid_and_smoke_is_the_only_generated_one():
    names = profile_names()
    assert {"smoke", "desk", "open", "paper"} <= set(names)
    generated = {name for name in names if any(d.source == "generated" for d in load_profile(name).domains.values())}
    assert generated == {"smoke"}


def test_the_desk_profile_keeps_the_papers_network_and_counts():
    desk, paper = load_profile("desk"), load_profile("paper")
    assert desk.architecture == paper.architecture == Architecture()
    assert max(desk.training.n_train) == max(paper.training.n_train) == 4000
    assert desk.training.updates(4000) == paper.training.updates(4000) == 1600
    assert desk.masks == paper.masks


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"acceleratoin": 4}, "did you mean 'acceleration'"),
        ({"training": {"schedul": "cosine"}}, "did you mean 'schedule'"),
        ({"training": {"schedule": "cosin"}}, "did you mean 'cosine'"),
        ({"training": {"batch": "fifty"}}, "x.training.batch is of type int, not 'fifty'"),
        ({"training": {"batch": 2.5}}, "x.training.batch is of type int, not 2.5"),
        ({"training": {"batch": True}}, "x.training.batch is a whole number"),
        ({"training": {"batch": 0}}, "batch is 1 or more, not 0"),
        ({"fine_tuning": {"batch": -1}}, "batch is 0 or more, not -1"),
        ({"training": {"n_train": []}}, "n_train"),
        ({"training": {"epochs": 0}}, "epochs is 1 or more, not 0"),
        ({"training": {"crop": 0}}, "crop is 1 or more, not 0"),
        ({"training": {"n_train": [500, 0]}}, "n_train is 1 or more, not 0"),
        ({"training": {"updates_of": 0}}, "updates_of is 1 or more"),
        ({"training": {"l2": -1.0}}, "weight l2 of a loss's term is 0 or more, and finite: not -1.0"),
        ({"training": {"epsilon": 0.0}}, "epsilon is positive and finite, not 0.0"),
        ({"training": {"learning_rate": math.nan}}, "learning_rate is positive and finite, not nan"),
        ({"fine_tuning": {"n_finetune": [5, -3]}}, "n_finetune is 0 or more, not -3"),
        ({"fine_tuning": {"n_reference": [-1]}}, "n_reference is 0 or more"),
        ({"fine_tuning": {"n_headline": [-1]}}, "n_headline is 0 or more"),
        ({"fine_tuning": {"draws": 0}}, "draws is 1 or more, not 0"),
        ({"fine_tuning": {"max_updates": 0}}, "max_updates is 1 or more, not 0"),
        ({"masks": {"train": 0}}, "train is 1 or more, not 0"),
        ({"masks": {"test": 0}}, "test is 1 or more, not 0"),
        ({"masks": {"power": -1.0}, "domains": DOMAINS}, "power -1.0"),
        ({"acceleration": math.inf, "domains": DOMAINS}, "An acceleration of inf is impossible"),
        ({"domains": {"t1": {"matrix": [0, 32]}}}, "matrix is 1 or more, not 0"),
        ({"domains": {"t1": {"images": 0}}}, "images is 1 or more, not 0"),
        ({"architecture": {"data_consistency": -1.0}}, "data_consistency is 0 or more, or inf: not -1.0"),
        ({"compressed_sensing": {"variants": ["litteral"]}}, "did you mean 'literal'"),
        ({"compressed_sensing": {"iterations": {"t1": 0}}}, "iterations is 1 or more, not 0"),
        ({"compressed_sensing": {"iterations": {"T1": 80}}, "domains": DOMAINS}, "did you mean 't1'"),
        ({"variations": {"v": {"evaluations": {"trainin_domain": "t1"}}}}, "did you mean 'training_domain'"),
        ({"variations": {"v": {"change": {"name": "y"}}}}, "'name' cannot be changed"),
        ({"variations": {"v": {"change": {"domains": {}}}}}, "'domains' cannot be changed"),
        ({"training": {"learning_rate": -1.0}}, "learning_rate is positive and finite, not -1.0"),
        ({"training": {"precision": "float8"}}, "Unknown precision 'float8'"),
        ({"architecture": {"kernel": 4}}, "an odd kernel"),
        ({"architecture": {"initial_weights": "he"}}, "Unknown initial_weights 'he'"),
        ({"training": {"start": "befor"}}, "did you mean 'before'"),
        ({"training": {"loss_on": "after_dc"}}, "Unknown key in x.training 'loss_on'"),
        ({"fine_tuning": {"crop": 32}}, "Unknown key in x.fine_tuning 'crop'"),
        ({"fine_tuning": {"start": "before"}}, "Unknown key in x.fine_tuning 'start'"),
        ({"architecture": {"output": "rellu"}}, "did you mean 'relu'"),
        ({"architecture": {"phase": "keep"}}, "Unknown phase 'keep'"),
        ({"ssim": "gausian", "domains": DOMAINS}, "did you mean 'gaussian'"),
        ({"compressed_sensing": {"wavelet": "db5"}}, "Unknown wavelet 'db5'"),
        ({"masks": {"corners": 1}}, "x.masks.corners is of type bool, not 1"),
        ({"architecture": {"subnetworks": 0}}, "subnetworks 0"),
        ({"training": 3}, "x.training is not a mapping"),
        ({"domains": {"t1": {"matrix": [1, 2, 3]}}}, "a list of 2"),
        ({"domains": {"t1": {"matrix": 7}}}, "a list of 2"),
        ({"domains": {"t1": {"source": "opne"}}}, "did you mean 'open'"),
        ({"test_domains": ["t3"], "domains": DOMAINS}, "Unknown domain of profile 'x' 't3'"),
        ({}, "Unknown domain of profile 'x' 'natural'"),
    ],
)
def test_bad_content_gets_one_sentence(content, says):
    with pytest.raises(ReconError) as caught:
        parse_profile("x", content)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_profile_suggests_the_nearest():
    with pytest.raises(ReconError, match="Unknown profile 'dsek': did you mean 'desk'"):
        load_profile("dsek")


@pytest.mark.parametrize(("text", "says"), [("seed: 1\nseed: 2\n", "stands twice"), ("a: [", "not valid YAML")])
def test_broken_yaml_is_refused(tmp_path, monkeypatch, text, says):
    monkeypatch.setattr(paths, "PROFILES", tmp_path)
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ReconError, match=says):
        load_profile("bad")


@pytest.mark.parametrize(
    ("variation", "acceleration"),
    [
        ({"change": {"acceleration": 8.0}, "networks": "base"}, 8.0),
        ({"change": {"acceleration": 8.0}}, None),  # trained at it too
        ({"change": {"acceleration": 8.0, "masks": {"power": 1.0}}, "networks": "base"}, None),
        ({"change": {"acceleration": 8.0}, "networks": "base", "split": "train"}, None),
        ({"change": {"masks": {"power": 1.0}}, "networks": "base"}, None),
        ({"networks": "base"}, None),
    ],
)
def test_another_acceleration_is_one_where_nothing_else_differs(variation, acceleration):
    profile = parse_profile("x", {"domains": DOMAINS, "variations": {"v": variation}})
    assert profile.variations["v"].acceleration == acceleration


LAUGHS = "[&a0 [lol], " + ", ".join(f"&a{n + 1} [{', '.join([f'*a{n}'] * 10)}]" for n in range(12)) + "]"


@pytest.mark.parametrize("key", ["description", "seed", "training", "domains", "test_domains"])
def test_a_value_of_a_trillion_parts_is_shown_in_short(tmp_path, key):
    (tmp_path / "p.yaml").write_text(f"{key}: {LAUGHS}")
    with pytest.raises(ReconError) as error:
        parse_profile("x", read_yaml(tmp_path / "p.yaml", "The file"))
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("profile", ["desk", "open"])
def test_the_variations_of_committed_results_are_read(profile):
    content = json.loads((paths.RESULTS / profile / "provenance.json").read_text(encoding="utf-8"))["profile"]
    planned = load_profile(profile).variations
    for name, variation in content.get("variations", {}).items():
        read = Variation.from_json(variation)
        assert (read.description, read.evaluations) == (planned[name].description, planned[name].evaluations)
        assert (read.networks, read.split) == (planned[name].networks, planned[name].split)
        assert Variation.from_json(json.loads(json.dumps(dataclasses.asdict(read)))) == read


def test_the_older_names_of_a_variation_are_read_and_no_others():
    read = Variation.from_json({"about": "A sentence.", "where": {"n_train": 500}, "networks": "base"})
    assert read == Variation("A sentence.", {}, {"n_train": 500}, "base")
    with pytest.raises(TypeError, match="other"):
        Variation.from_json({"other": 1})
