"""Machines are named and counted from records; a card that an old record lacks is that of others on its computer."""

import pytest
from fabricated import made

from recon_lib.paper import machines
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord

VERSIONS = {"keras": "3.15.1", "backend": "jax"}
HOST = {"processor": "a processor", "cores": 16, "system": "Linux"}
CARD = {**HOST, "accelerator": {"kind": "a card", "tf32": True}}


def record(run, kind="train", machine=HOST, versions=VERSIONS, method=None, variation=None):
    return RunRecord(run, kind, RunKey(method, variation=variation), {}, machine=machine, versions=versions)


def results(*records, **provenance):
    source = made([], **provenance)
    source.records = {entry.id: entry for entry in records}
    return source


def test_a_machine_is_its_card_or_its_cores():
    assert machines.name_machine(record("a", machine=CARD)) == "one a card"
    assert machines.name_machine(record("a")) == "16 cores of a processor"
    assert machines.name_machine(record("a", machine={})) == "a machine that its record does not name"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "one a card"),
        ({"machine": {**HOST, "cores": 2}}, "2 cores of a processor"),
        ({"versions": {**VERSIONS, "keras": "3.14"}}, "16 cores of a processor"),
    ],
)
def test_a_card_that_a_record_lacks_is_that_of_the_same_computer_and_programs(changes, name):
    assert machines.name_machine(record("old", **changes), [record("other"), record("new", machine=CARD)]) == name


def test_the_machines_of_one_kind_of_run_are_named_once():
    source = results(
        record("a", machine=CARD), record("b", machine=CARD), record("c", "evaluate"), record("d", machine={})
    )
    assert machines.name_machines(source) == "one a card"
    assert machines.name_machines(results(record("a", machine={}))) == ""
    varied = results(record("a"), record("b", machine=CARD | {"cores": 4}, variation="few-images"))
    assert machines.name_machines(varied) == "16 cores of a processor"
    two = results(record("a"), record("b", machine={**HOST, "cores": 2}))
    assert machines.name_machines(two) == "16 cores of a processor or 2 cores of a processor"
    assert machines.name_machines(two, "evaluate") == ""


def test_runs_are_counted_by_machine_and_kind():
    small = {**HOST, "cores": 2}
    source = results(
        record("a", machine=CARD),
        record("b"),
        record("c", "finetune", CARD),
        record("d", "evaluate", CARD, method="network"),
        record("e", "evaluate", CARD, method="cs:literal"),
        record("f", "evaluate", small, method="network"),
        machine={"processor": "another", "cores": 4},
    )
    text = machines.render_machines(source).markdown
    assert text == (
        "Profile **desk**: 2 trainings, 1 tuning and 2 evaluations on one a card. 1 evaluation on 2 cores of "
        "a processor. The card's convolutions round to TF32. The records of 1 of these runs are older than the "
        "entry that names a card; they name the same computer and programs. 1 evaluation without a network computed "
        "on the CPU beside the card. Keras 3.15.1 on JAX. Several runs shared the card at a time, so their seconds "
        "overlap. They were collected on 4 cores of another."
    )


def test_without_a_card_nothing_is_said_of_one():
    versions = {"keras": "3.15.1", "backend": "tensorflow"}
    text = machines.render_machines(results(record("a", versions=versions))).markdown
    assert text == "Profile **desk**: 1 training on 16 cores of a processor. Keras 3.15.1 on TensorFlow."


def test_what_the_records_of_open_do_not_say_is_said():
    source = results(record("a", machine=CARD))
    source.profile = "open"
    assert "JAX had version 0.11" in machines.render_machines(source).markdown
    assert "0.11" not in machines.render_machines(results(record("a", machine=CARD))).markdown


def test_the_machines_of_variations_are_told_apart_from_those_of_the_profile():
    small = {**HOST, "cores": 2}
    source = results(
        record("a", machine=small),
        record("b", machine=CARD, variation="few-images"),
        record("c", "finetune", small, versions={**VERSIONS, "backend": "tensorflow"}, variation="updates-300"),
        record("d", machine=CARD, variation="other"),
    )
    text = machines.render_machines_of(source, {"few-images", "updates-300"}).markdown
    assert text == (
        "The runs of this page: 1 training on one a card. 1 tuning on 2 cores of a processor. The card's convolutions "
        "round to TF32. Keras 3.15.1 on JAX and Keras 3.15.1 on TensorFlow. Several runs shared the card at a time, "
        "so their seconds overlap. The networks that profile **desk** publishes besides were trained on 2 cores of a "
        "processor."
    )
    assert "card" not in machines.render_machines_of(source, {"updates-300"}).markdown
    assert machines.render_machines_of(source, {"none"}).markdown == ""
    assert machines.render_machines_of(None, {"few-images"}).markdown == ""
