"""The page "Cost": targets worked out by hand on fabricated measurements, empty cells, and damaged files."""

import json
import math

import pandas
import pytest
from matplotlib.figure import Figure

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.paper.cost import plots, tables, targets
from recon_lib.results import benchmarks, provenance

MACHINE = {"processor": "P", "cores": 2, "system": "Linux", "memory_gib": 23.5, "matmul_gflops": 200.0}
TIME = {"seconds_per_slice": 0.5, "fastest": 0.4, "slowest": 0.6, "rounds": 3}
SUB, END = "sub-network", "cascade, end to end"


def step(what, tool, size=(120, 192), **changes):
    return {"what": what, "tool": tool, "size": list(size), "batch": 1, "best": True, "setting": "s", **TIME, **changes}


ROWS = {
    "training": [
        step(SUB, "recon_lib", gflops=180.0, times_faster=1.8, times_faster_best=1.7),
        step(SUB, "recon_lib", (256, 256), gflops=140.0, times_faster=1.5, times_faster_best=1.65),
        step(SUB, "recon_lib", (256, 256), gflops=20.0, batch=2, best=False, times_faster=0.5),
        step(SUB, "pytorch", gflops=100.0),
        step(END, "recon_lib", gflops=150.0, times_faster=1.2, times_faster_best=1.2, seconds_per_slice=0.5),
        step(END, "recon_lib", (256, 256), gflops=150.0, times_faster=1.9, times_faster_best=1.9, seconds_per_slice=2),
        step(END, "pytorch", gflops=90.0),
    ],
    "inference": [
        step("network", "recon_lib", gflops=160.0, psnr=33.0, best=False, times_faster=1.2, times_faster_bart=3.0),
        step("network", "recon_lib", gflops=180.0, psnr=33.0, batch=4, times_faster_best=1.4, times_faster_bart=4.0),
        step("network", "pytorch", gflops=120.0, psnr=33.0),
        {"what": "cs:l1-wavelet", "tool": "bart", "size": [120, 192], "batch": 1, **TIME, "psnr": 35.0},
    ],
    "sequential": [
        step("outputs kept", "recon_lib", images=4, epochs=2, times_faster=1.55, largest_difference=0.0),
        step("predecessors run again", "recon_lib", images=4, epochs=2),
    ],
    "masks": [
        {"what": "masks", "tool": tool, "size": [8, 8], "drawn": 3, "seconds_per_mask": s, "least_acceleration": low,
         "largest_acceleration": high, "times_faster": faster}
        for tool, s, low, high, faster in (("recon_lib", 0.01, 4.0, 4.004, 60.0), ("sigpy", 0.6, 3.9, 4.1, None))
    ],
    "compressed_sensing": [
        step("zero_filled", "recon_lib", psnr=28.0, seconds_per_slice=None),
        step("cs:literal", "recon_lib", psnr=33.0, times_faster=1.25),
        step("cs:real+tv0.002", "recon_lib", psnr=38.0, times_faster=0.8),
        step("cs:l1-wavelet", "bart", psnr=37.5),
        step("cs:l1-wavelet, real", "bart", psnr=39.0),
        step("cs:l1-wavelet", "sigpy", psnr=34.0),
    ],
    "footprint": [
        {"what": what, "tool": "recon_lib", "seconds": seconds, "memory_gib": memory, **disk}
        for what, seconds, memory, disk in (
            ("import the library", 0.125, 0.0, {}), ("build the book", 61.0, 0.5, {"disk_mb": 21.0}),
            ("quick start", 100.0, 1.5, {"disk_mb": 4.0}), ("train on the images of `desk`", 200.0, 4.5, {}),
            ("explore with live networks", 60.0, 1.9, {}),
        )
    ],
    "metrics": [
        step("ssim", "recon_lib", slices=600, times_faster=3.0, largest_difference=2e-15),
        step("ssim", "scikit-image", slices=600),
    ],
    "feeding": [
        step(what, "recon_lib", size, share=share)
        for size, shares in (((120, 192), (0.01, 0.02, 0.97)), ((256, 176), (0.02, 0.05, 0.93)))
        for what, share in zip(("data feeding", "FFT and data consistency", "convolutions"), shares, strict=True)
    ],
    "growth": [
        {"axis": axis, "value": value, "what": "step", "seconds": 3 * value**power, "memory_mib": 5.0 * value}
        for axis, power in (("pixels", 1.0), ("batch", 0.5))
        for value in (1, 2, 4)
    ],
}  # fmt: skip


@pytest.fixture
def written(folders):
    folder = folders / "results" / "benchmarks"
    for name, rows in ROWS.items():
        content = {
            "machine": MACHINE,
            "versions": {"python": "3.11", "keras": "3"},
            "commit": "ab" * 20 + "+",
            "rows": rows,
        }
        files.write_json(folder / f"{name}.json", content)
    provenance.write_provenance(folder, {})
    return folder


REACHED = {  # value and whether the target is reached, by hand
    "training": [(1.65, True), (70.0, False), (1.2, False), (0.5, True)],
    "inference": [(1.4, True), (90.0, True), (1.25, True), (200 / 180, True), (3.0, True)],
    "sequential": [(1.55, True), (0.0, True)],
    "masks": [(60.0, True), (0.004, True)],
    "compressed_sensing": [(1.25, True), (0.5, True), (-1.0, False)],
    "metrics": [(3.0, True), (2e-15, True)],
    "feeding": [(7.0, True)],
    "growth": [],
    "footprint": [(0.125, True), (61.0, False), (100.0, True), (1.5, True), (1.9, False), (4.5, False)],
}


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
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
    assert "make bench" in targets.render_machine(None).markdown


def test_without_peers_only_comparisons_are_missing(written):
    rows = [{k: v for k, v in row.items() if "faster" not in k} for row in ROWS["training"] if row["tool"] != "pytorch"]
    content = json.loads((written / "training.json").read_text(encoding="utf-8")) | {"rows": rows}
    files.write_json(written / "training.json", content)
    provenance.write_provenance(written, {})
    measured = benchmarks.open_benchmark("training")
    assert [target.reached for target in targets.targets("training", measured)] == [None, False, None, True]
    assert "not measured yet" in targets.render_targets("training", measured).markdown
    assert isinstance(plots.draw("training", measured), Figure)


@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_tables_and_plots_show_what_was_measured(name, written):
    measured = benchmarks.open_benchmark(name)
    lines = tables.render(name, measured).markdown.splitlines()
    assert len(lines) == 2 + len(ROWS[name])
    assert len({line.count("|") for line in lines}) == 1
    assert "nan" not in "".join(lines)
    figure = plots.draw(name, measured)
    assert isinstance(figure, Figure)
    assert figure.axes
    figure.canvas.draw()


def test_bars_have_the_heights_of_the_rows(written):
    figure = plots.draw("inference", benchmarks.open_benchmark("inference"))
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert [h for h in heights if not math.isnan(h)] == [160.0, 180.0, 120.0]
    widths = [bar.get_width() for bar in plots.draw("masks", benchmarks.open_benchmark("masks")).axes[0].patches]
    assert widths == pytest.approx([10.0, 600.0])


def test_slopes_by_hand(written):
    fitted = tables.slopes(benchmarks.open_benchmark("growth").frame())
    assert fitted["axis"].tolist() == ["pixels", "batch"]
    assert fitted["seconds"].tolist() == pytest.approx([1.0, 0.5])
    assert fitted["memory_mib"].tolist() == pytest.approx([1.0, 1.0])
    # A memory of zero has no logarithm: the others are fitted, and a single one has no slope.
    rows = pandas.DataFrame(ROWS["growth"][:2])
    rows.loc[0, "memory_mib"] = 0.0
    assert math.isnan(tables.slopes(rows)["memory_mib"].iloc[0])


def test_the_machine_is_told(written):
    text = targets.render_machine(benchmarks.open_benchmark("masks")).markdown
    assert (
        "2 cores of P, 24 GiB, Linux; float32 matrix product 200 GFLOP/s. keras 3, python 3.11; commit abababab+."
        in text
    )


def test_a_benchmark_that_was_not_run_beside_others_that_were(written):
    (written / "masks.json").unlink()
    provenance.write_provenance(written, {})
    assert benchmarks.open_benchmark("masks") is None
    assert benchmarks.open_benchmark("metrics") is not None


def test_damaged_files_stop_the_page(written):
    content = (written / "masks.json").read_text(encoding="utf-8")
    (written / "masks.json").write_text(content.replace("60.0", "90.0"))
    with pytest.raises(ReconError, match=r"masks\.json is not what was written"):
        benchmarks.open_benchmark("training")
    (written / "masks.json").write_text("{}")
    provenance.write_provenance(written, {})
    with pytest.raises(ReconError, match=r"masks\.json is not a readable benchmark"):
        benchmarks.open_benchmark("masks")
    with pytest.raises(ReconError, match="did you mean 'masks'"):
        benchmarks.open_benchmark("mask")
