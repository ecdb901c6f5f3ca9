"""What decides a run comes back from its record, with the bytes that its name is a hash of."""

import json

import pytest

from recon_lib.core import paths
from recon_lib.experiment.plan import plan
from recon_lib.experiment.profile import load_profile, profile_names
from recon_lib.experiment.specs import read_spec
from recon_lib.results.released import NetworkCard

RECORDS = sorted(paths.RESULTS.glob("*/records.json"))
CARDS = sorted(paths.RESULTS.glob("*/weights/*.json"))


def as_json(content):
    return json.loads(json.dumps(content))


@pytest.mark.parametrize("name", profile_names())
def test_every_planned_run_comes_back(name):
    profile = load_profile(name)
    for run in plan(profile, dict.fromkeys(profile.domains, "hash")):
        content = as_json(run.spec.to_json())
        assert read_spec(run.kind, content) == run.spec
        assert as_json(read_spec(run.kind, content).to_json()) == content


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.parent.name)
def test_every_committed_record_comes_back(path):
    records = json.loads(path.read_text(encoding="utf-8"))
    assert len(records) > 100
    for record in records.values():
        spec = read_spec(record["kind"], record["parameters"])
        assert as_json(spec.to_json()) == record["parameters"]


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_every_released_networks_card_says_what_decided_it(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    card = NetworkCard.from_json(content)
    assert as_json(read_spec(card.kind, card.parameters).to_json()) == content["parameters"]


def test_the_networks_that_are_released_have_cards():
    assert {path.parents[1].name for path in CARDS} == {path.parent.name for path in RECORDS} != set()
