"""The page on hardware shows the records' own seconds, and counts that follow the profile and the manifest."""

import json
import math

import pytest
from fabricated import make_runs, plain

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.experiment.profile import load_profile
from recon_lib.paper.cost import hardware, needs
from recon_lib.paper.cost.needs import Work
from recon_lib.results import merge, provenance, store
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord
from recon_lib.results.store import Results


def record(kind, seconds, processor="A", **choice):
    machine = {"processor": processor, "cores": 2}
    return RunRecord("", kind, RunKey.from_json(choice), {}, seconds=seconds, machine=machine)


CARD = {"accelerator": {"kind": "card"}}


@pytest.fixture
def timed(tmp_path):
    """Results whose records hold times of two machines."""
    records = [
        record("train", 60.0, training_domain="natural"),
        record("train", 7200.0, training_domain="t1"),
        record("train", 100.0, training_domain="t2"),
        record("evaluate", 5.0, method="network"),
        record("evaluate", 0.5, method="zero_filled"),
        record("evaluate", 30.0, "B", method="cs:real"),
        RunRecord("", "train", RunKey(), {}, seconds=7.0),
        RunRecord("", "train", RunKey(), {}, seconds=4.0, machine={**CARD, "processor": "A", "cores": 16}),
        RunRecord("", "train", RunKey(), {}, machine={"processor": "A", "cores": 2}),
    ]
    (tmp_path / "records.json").write_text(json.dumps({str(n): entry.to_json() for n, entry in enumerate(records)}))
    return Results("desk", tmp_path, {"missing": ["one", "two"]})


def test_times_are_those_of_the_records(timed):
    seconds = hardware.measured_seconds(timed)
    assert seconds["2 cores of A", Work.TRAINING] == [60.0, 7200.0, 100.0]
    assert seconds["2 cores of B", Work.COMPRESSED_SENSING] == [30.0]
    assert seconds["one card", Work.TRAINING] == [4.0]
    text = plain(hardware.render_times(timed))
    assert "| 2 cores of A | training | 3 | 2 min | 2.0 h | 2.0 h |" in text
    assert "| 2 cores of A | other reconstructions | 1 | 0.5 s | 0.5 s | 0.5 s |" in text
    assert "| a machine that its record does not name | training | 1 | 7 s | 7 s | 7 s |" in text
    assert text.endswith("2 runs of the profile are still to be done. 1 of its runs have no time on record.")


def test_without_records_nothing_is_claimed(tmp_path):
    for results in (None, Results("desk", tmp_path, {})):
        assert "has recorded its time yet" in hardware.render_times(results).markdown


@pytest.fixture
def results(tmp_path):
    domains = {name: {"source": "open", "matrix": None} for name in ("t1", "t2")}
    details = {"profile": {"domains": domains}}
    merge.collect(make_runs(tmp_path / "runs"), store.root() / "desk", details)
    return store.open_results("desk")


def test_what_is_not_known_is_left_empty(results):
    with pytest.raises(ReconError, match="t2/open is stated nowhere"):
        needs.count_needs(load_profile("open"), None)
    assert "| runs | |" in plain(hardware.render_needs(("open",), None))
    assert "not known" in hardware.render_gpu_times("open", None).markdown
    assert "not known" in hardware.render_room("open", None).markdown
    unlike = {"t1": {"source": "open"}, "t2": {"source": "open", "matrix": [96, 160]}}
    with pytest.raises(ReconError, match="t2/open"):
        needs.count_needs(load_profile("open"), Results("desk", results.folder, {"profile": {"domains": unlike}}))
    with pytest.raises(ReconError, match="/open is stated nowhere"):  # results that do not say of what images
        needs.count_needs(load_profile("open"), Results("desk", results.folder, {}))
    unlike_source = Results("desk", results.folder, {"profile": {"domains": {"t2": {"source": "ixi", "matrix": None}}}})
    with pytest.raises(ReconError, match="t2/open"):
        needs.count_needs(load_profile("open"), unlike_source)


def test_the_longest_chain_bounds_any_number_of_cards(results):
    lines = hardware.render_gpu_times("open", results).markdown.splitlines()[2:]
    assert len(lines) == len(hardware.RATES)
    counts = needs.count_needs(load_profile("open"), results)
    assert lines[0].split("|")[3].strip() == hardware.span(counts.chain / hardware.RATES[0])


def test_the_room_is_the_sum_of_its_parts(results):
    counts = needs.count_needs(load_profile("desk"), results)
    text = hardware.render_room("desk", results).markdown
    # fine-tuning's whole images weigh more than training's crops
    for count in (counts.images, counts.tuning_update, counts.download + counts.prepared + counts.networks):
        assert hardware.size(count) in text


def test_what_was_measured_of_a_command_is_said():
    assert hardware.render_measured("quick start").markdown == "Not measured yet."
    row = {"what": "quick start", "tool": "recon_lib", "seconds": 98.0, "memory_gib": 1.5, "disk_mb": 4.2}
    machine = {"processor": "P", "cores": 2, "system": "Linux", "memory_gib": 8.0, "matmul_gflops": 168.0}
    path = store.root() / "benchmarks" / "footprint.json"
    files.write_json(path, {"machine": machine, "versions": {}, "commit": "", "rows": [row]})
    provenance.write_provenance(path.parent, {})
    text = hardware.render_measured("quick start").markdown
    assert text == "Measured on 2 cores of P: it took 2 min, held 1.6 GB of memory at most, and wrote 4.2 MB."
    assert hardware.render_measured("build the book").markdown == "Not measured yet."


def test_numbers_are_written_for_readers():
    assert [hardware.span(s) for s in (0.53, 40, 720, 12600)] == ["0.53 s", "40 s", "12 min", "3.5 h"]
    assert [hardware.size(b) for b in (0, 47_900_000, 9.44e9)] == ["", "47.9 MB", "9.4 GB"]
    assert hardware.exponent(4.06e16) == "$4.1 \\times 10^{16}$"
    assert hardware.exponent(0) == ""


def test_the_environment_is_counted_from_the_packages_lists():
    assert hardware.environment_bytes() > 1e8


def test_times_in_both_precisions_are_operations_over_the_measured_rate(results):
    assert "not measured yet" in hardware.render_precisions("desk", results).markdown
    assert math.isnan(hardware.expected_seconds(dict.fromkeys(Work, 1)))

    def row(what, gflops, tool="recon_lib", **precision):
        return {"what": what, "tool": tool, "size": [8, 8], "batch": 1, "gflops": gflops, **precision}

    machine = {"processor": "P", "cores": 2, "system": "Linux", "memory_gib": 8.0, "matmul_gflops": 168.0}
    measured = {
        "training": [
            row("sub-network", 100.0), row("sub-network", 250.0, precision="float32"),
            row("sub-network", 500.0, precision="bfloat16"), row("sub-network", 900.0, "pytorch"),
            row("cascade, end to end", 200.0),
        ],
        "inference": [row("network", 160.0), row("network", 320.0, precision="bfloat16")],
    }  # fmt: skip
    for name, rows in measured.items():
        path = store.root() / "benchmarks" / f"{name}.json"
        files.write_json(path, {"machine": machine, "versions": {}, "commit": "", "rows": rows})
    provenance.write_provenance(store.root() / "benchmarks", {})
    operations = needs.count_needs(load_profile("desk"), results).operations
    text = plain(hardware.render_precisions("desk", results))
    for work, rate in ((Work.TRAINING, 250e9), (Work.NETWORKS, 160e9)):
        times = (hardware.span(operations[work] / rate), hardware.span(operations[work] / rate / 2))
        assert f"| {work} | {' | '.join(times)} |" in text
    tuning = hardware.span(operations[Work.FINE_TUNING] / 200e9)
    assert f"| fine-tuning | {tuning} | not measured yet |" in text
    assert text.endswith("At the rates measured on P, 2 cores.")
    seconds = sum(
        operations[work] / rate
        for work, rate in ((Work.TRAINING, 250e9), (Work.FINE_TUNING, 200e9), (Work.NETWORKS, 160e9))
    )
    assert hardware.expected_seconds(operations) == pytest.approx(seconds)
    assert "not known" in hardware.render_precisions("open", None).markdown
