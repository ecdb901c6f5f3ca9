"""Updates and images are counted by hand; minutes come from runs alike, on this machine only."""

import json
from dataclasses import replace

import pytest
import yaml
from tiny_runs import TINY, named, use, varied

from recon_lib.core import host
from recon_lib.core.files import write_json
from recon_lib.experiment.profile import load_profile, parse_profile
from recon_lib.results.records import RunRecord
from recon_lib.runs import costs, state

HERE = {"processor": "X", "cores": 2, "system": "Linux"}


@pytest.fixture
def profile():
    return parse_profile("tiny", yaml.safe_load(TINY))


@pytest.fixture
def planned(profile):
    return state.plan_profile(profile)


def record(run, seconds, machine=HERE):
    return RunRecord(run.id, run.kind, run.key, run.spec.to_json(), seconds=seconds, machine=machine)


def test_updates_and_images_by_hand(profile, planned):
    counted = costs.count_costs(profile, planned, planned)
    training = named(planned, "train", training_domain="natural")
    # each of 2 sub-networks sees 8 images in batches of 4, 3 times; 3 images, one a time, twice; 8 generated slices
    assert counted[training.id] == costs.Cost(2 * 3 * 8 // 4, 8, None)
    assert counted[named(planned, "finetune", test_domain="t1").id] == costs.Cost(3 * 2, 3, None)
    assert counted[named(planned, "evaluate", method="zero_filled").id] == costs.Cost(0, 8, None)
    batches = replace(training.profile.fine_tuning, batch=0)
    whole = state.plan_profile(replace(profile, fine_tuning=batches))
    tuning = named(whole, "finetune", test_domain="t1")
    assert costs.count_costs(profile, [tuning], [])[tuning.id].updates == 2  # all images are one batch


def test_some_slices_of_a_split_take_their_share_of_the_time(profile, planned):
    (few,), (every,) = varied(planned, "few-training-slices"), varied(planned, "training-slices")
    counted = costs.count_costs(profile, [few, every], planned)
    assert (counted[few.id].images, counted[every.id].images) == (3, 8)
    rates = [costs.rates([run], {run.id: record(run, 6.0)}, HERE, False) for run in (few, every)]
    (of_few,), (of_every,) = (rate.values() for rate in rates)
    assert of_few == pytest.approx(of_every * 8 / 3)


def test_slices_that_are_not_prepared_are_not_counted():
    desk = load_profile("desk")
    run = named(state.plan_profile(desk), "evaluate", test_domain="t1", method="zero_filled")
    assert costs.count_costs(desk, [run], [])[run.id].images is None


def test_a_rate_is_the_median_of_runs_alike(planned):
    tunings = [run for run in planned if run.kind == "finetune" and run.key.test_domain == "t1"]
    records = {run.id: record(run, seconds) for run, seconds in zip(tunings, (6.0, 60.0, 7.0), strict=False)}
    (rate,) = costs.rates(planned, records, HERE, False).values()
    number = 2 * (9 * (2 * 4 + 4) + 4 + 1)  # weights of two sub-networks with 4 filters
    assert rate == pytest.approx(7.0 / (2 * 3 * number))


def test_kinds_domains_methods_and_splits_have_rates_of_their_own(planned):
    records = {run.id: record(run, 5.0) for run in planned}
    kinds = set(costs.rates(planned, records, HERE, False))
    own = {kind[1:] for kind in kinds if kind[0] == "evaluate"}
    assert {("t1", "test", "zero_filled"), ("t1", "train", "zero_filled"), ("t1", "test", "cs:real")} <= own
    assert {kind[1] for kind in kinds if kind[0] == "train"} == {"natural", "t1"}


@pytest.mark.parametrize(
    ("machine", "on_card", "known"),
    [
        (HERE, False, True),
        ({**HERE, "cores": 4}, False, False),
        ({**HERE, "processor": "Y"}, False, False),
        ({}, False, False),
        (HERE, True, False),
        ({**HERE, "accelerator": {"kind": "card"}}, True, True),
        ({**HERE, "accelerator": {"kind": "card"}}, False, False),
    ],
)
def test_times_of_other_machines_say_nothing(planned, machine, on_card, known):
    records = {planned[0].id: record(planned[0], 5.0, machine)}
    assert bool(costs.rates(planned, records, HERE, on_card)) == known


def test_a_record_without_a_time_says_nothing(planned):
    assert costs.rates(planned, {planned[0].id: record(planned[0], None)}, HERE, False) == {}


def test_twice_the_updates_take_twice_the_time(profile, planned, monkeypatch):
    monkeypatch.setattr(costs.shutil, "which", lambda _: None)
    training = named(planned, "train", training_domain="natural")
    write_json(state.folder(training) / "run.json", record(training, 30.0, host.machine()).to_json())
    assert json.loads((state.folder(training) / "run.json").read_text(encoding="utf-8"))["seconds"] == 30.0
    longer = replace(training, spec=replace(training.spec, updates=2 * training.spec.updates))
    assert costs.count_costs(profile, [longer], planned)[longer.id].seconds == pytest.approx(60.0)
    monkeypatch.setattr(costs.shutil, "which", lambda _: "nvidia-smi")
    assert costs.count_costs(profile, [longer], planned)[longer.id].seconds is None


def test_compressed_sensing_goes_as_its_iterations(profile, planned, monkeypatch):
    sensing = named(planned, "evaluate", method="cs:real")
    monkeypatch.setattr(costs, "_records", lambda *_: {sensing.id: record(sensing, 8.0, host.machine())})
    monkeypatch.setattr(costs.shutil, "which", lambda _: None)
    longer = replace(sensing, spec=replace(sensing.spec, iterations=3 * sensing.spec.iterations))
    assert costs.count_costs(profile, [longer], planned)[longer.id].seconds == pytest.approx(24.0)


def test_times_that_were_collected_count_too(tiny, monkeypatch, tmp_path):
    from recon_lib.runs.collect import collect

    profile, planned = tiny
    collect(profile)
    monkeypatch.setattr(costs.shutil, "which", lambda _: None)
    monkeypatch.setenv("RECON_RUNS", str(tmp_path / "empty"))
    (run,) = varied(planned, "corners")
    known = state.folder(run)
    assert not known.exists()
    assert costs.count_costs(profile, [run], planned)[run.id].seconds is not None  # 0.0 where it took no time
    use(monkeypatch, tmp_path)
    assert costs.count_costs(profile, [run], planned)[run.id].seconds is None
