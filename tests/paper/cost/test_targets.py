"""The page "Cost": targets worked out by hand on fabricated measurements, empty cells, and damaged files."""

import json

import pytest
from matplotlib.figure import Figure
from measurements import ROWS, write_measurements

from recon_lib.core import files
from recon_lib.paper.cost import plots, tables, targets
from recon_lib.results import benchmarks, provenance


@pytest.fixture
def written(folders):
    return write_measurements(folders / "results")


REACHED = {  # value and whether the target is reached, by hand
    "training": [(1.65, True), (70.0, False), (1.1, True), (1.2, False), (0.5, True), (0.9, False)],
    "training_card": [(20.0, False), (1.2, True), (0.8, False)],
    "inference": [(1.4, True), (90.0, True), (1.25, True), (200 / 180, True), (3.0, True), (0.95, False)],
    "inference_card": [(1.5, True), (1.05, True)],
    "sequential": [(1.55, True), (0.0, True)],
    "masks": [(60.0, True), (0.004, True)],
    "compressed_sensing": [(1.25, True), (0.5, True), (-1.0, False)],
    "metrics": [(3.0, True), (2e-15, True)],
    "feeding": [(7.0, True)],
    "growth": [],
    "coils": [],
    "footprint": [(0.125, True), (61.0, False), (100.0, False), (1.5, True), (1.9, False), (4.5, False)],
}


@pytest.mark.parametrize("name", REACHED)
def test_targets_by_hand(name, written):
    goals = targets.targets(name, benchmarks.open_benchmark(name))
    assert [(pytest.approx(value), reached) for value, reached in REACHED[name]] == [
        (goal.value, goal.reached) for goal in goals
    ]
    text = targets.render_targets(name, benchmarks.open_benchmark(name)).markdown
    assert text.count("**not met**") == [reached for _, reached in REACHED[name]].count(False)
    assert "not measured" not in text
    assert "nan" not in text


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_what_was_not_measured_is_said(name, folders):
    assert benchmarks.open_benchmark(name) is None
    assert all(target.reached is None for target in targets.targets(name, None))
    assert targets.render_targets(name, None).markdown.count("not measured yet") == len(REACHED[name])
    assert "Not measured yet" in tables.render(name, None).markdown
    assert "Not measured yet" in plots.draw(name, None).markdown
    assert "Not measured yet" in tables.render_slopes(None).markdown
    assert "make bench" in targets.render_machines([None]).markdown


def test_without_peers_only_comparisons_are_missing(written):
    rows = [{k: v for k, v in row.items() if "faster" not in k} for row in ROWS["training"] if row["tool"] != "pytorch"]
    content = json.loads((written / "training.json").read_text(encoding="utf-8")) | {"rows": rows}
    files.write_json(written / "training.json", content)
    provenance.write_provenance(written, {})
    measured = benchmarks.open_benchmark("training")
    reached = [target.reached for target in targets.targets("training", measured)]
    assert reached == [None, False, None, None, True, None]
    assert "not measured yet" in targets.render_targets("training", measured).markdown
    assert isinstance(plots.draw("training", measured), Figure)


def test_every_benchmark_has_targets_by_hand():
    assert set(REACHED) == {*benchmarks.BENCHMARKS, *map(benchmarks.on_card, benchmarks.ON_CARD)}


def test_the_machine_of_all_benchmarks_is_told_once(written):
    measured = [benchmarks.open_benchmark(name) for name in ("masks", "training")]
    content = json.loads((written / "masks.json").read_text(encoding="utf-8"))
    content["machine"]["matmul_gflops"] = 190.0
    content["versions"]["sigpy"] = "0.1"
    assert targets.render_machines([*measured, None]).markdown == (
        "Measured on 2 cores of P, 24 GiB, Linux; float32 matrix product 200 GFLOP/s. keras 3, python 3.11; "
        "commit abababab+."
    )
    files.write_json(written / "masks.json", content)
    provenance.write_provenance(written, {})
    other = [benchmarks.open_benchmark("masks"), measured[1]]
    assert targets.render_machines(other).markdown == (
        "Measured on 2 cores of P, 24 GiB, Linux; float32 matrix product 190 to 200 GFLOP/s. "
        "keras 3, python 3.11, sigpy 0.1; commit abababab+."
    )


def test_benchmarks_of_several_machines_are_named(written):
    path = written / "training_card.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["machine"]["accelerator"] = {"kind": "a card"}
    files.write_json(path, content)
    provenance.write_provenance(written, {})
    measured = [benchmarks.open_benchmark(name) for name in ("training", "training_card", "masks")]
    first, second = targets.render_machines(measured).markdown.splitlines()
    assert first.startswith("- *training, masks*: measured on 2 cores of P, 24 GiB, Linux; float32 matrix product")
    # The processor's matrix product says nothing about a card.
    assert second.startswith("- *training card*: measured on 2 cores of P, a card, 24 GiB, Linux. keras")
