"""Run times: what a benchmark's file says is what the page shows; damage is one clear sentence."""

import json

import pytest
from fabricated import made, plain, write_benchmark

from recon_lib.core import files
from recon_lib.core.errors import ReconError
from recon_lib.paper.cost import run_time
from recon_lib.results import provenance, store
from recon_lib.results.benchmarks import BenchmarkRow, open_benchmark
from recon_lib.results.keys import RunKey
from recon_lib.results.records import RunRecord

SIZE = [256, 176]
NETWORK = [
    ("network", SIZE, 1, 0.400, None, "recon_lib"),
    ("network", SIZE, 4, 0.350, 37.354, "recon_lib"),
    ("network", SIZE, 1, 0.600, None, "pytorch"),
]
SENSING = [
    ("cs:literal", SIZE, 8, 0.800, 33.04, "recon_lib"),
    ("cs:literal", SIZE, 1, 1.200, 33.04, "recon_lib"),
    ("cs:real", SIZE, 8, 0.900, 35.5, "recon_lib"),
    ("cs:literal", SIZE, 1, 0.480, 35.4, "bart"),
    ("zero_filled", SIZE, 8, None, 29.0, "recon_lib"),  # a quality alone
]


def timing(method, tool, size):
    return BenchmarkRow(method, tool, size=size, batch=1, seconds_per_slice=0.1)


def test_without_a_measurement_the_page_says_so():
    assert open_benchmark("inference") is None
    assert run_time.measured() == ()
    for render in (run_time.render_network_times, run_time.render_cs_times):
        assert "has not been measured yet" in render().markdown
    assert "No machine" in run_time.render_machine().markdown


def test_the_network_alone_and_at_its_best_batch():
    write_benchmark(store.root(), "inference", NETWORK)
    lines = plain(run_time.render_network_times()).splitlines()
    assert lines[2] == "| 256 x 176 | this library | 400 | 350 | 4 | 37.35 |"
    assert lines[3] == "| 256 x 176 | the same network in PyTorch | 600 | 600 | 1 | |"
    assert lines[4] == "| 256 x 176 and 256 x 192 | the paper, two Titan X cards | 23 | | | |"
    text = run_time.render_machine().markdown
    assert "a processor, 2 cores; 8 GiB of memory; a matrix product at 168 GFLOP/s; Linux. numpy 2.4" in text


def test_times_are_those_of_float32():
    write_benchmark(store.root(), "inference", NETWORK)
    path = store.root() / "benchmarks" / "inference.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    whole = plain(run_time.render_network_times())
    content["rows"] += [{**row, "precision": "bfloat16", "seconds_per_slice": 0.1} for row in content["rows"]]
    files.write_json(path, content)
    provenance.write_provenance(path.parent, {})
    assert len(open_benchmark("inference").rows) == 2 * len(NETWORK)
    assert plain(run_time.render_network_times()) == whole


def test_compressed_sensing_beside_the_network_of_this_library():
    write_benchmark(store.root(), "inference", NETWORK)
    write_benchmark(store.root(), "compressed_sensing", SENSING)
    text = plain(run_time.render_cs_times())
    assert "| 256 x 176 | literal | BART | 80 | 480 | 35.40 | 1.2 times |" in text
    assert "| 256 x 176 | literal | this library | 80 | 800 | 33.04 | 2 times |" in text
    assert "| 256 x 176 | real | this library | 80 | 900 | 35.50 | 2.2 times |" in text
    assert text.count("\n") == 4


def test_times_without_a_count_of_iterations_are_not_compared(monkeypatch):
    rows = [timing("cs:l1-wavelet", "bart", (256, 176))]
    monkeypatch.setattr(run_time, "measured", lambda: tuple(rows))
    assert "has not been measured yet" in run_time.render_cs_times().markdown


@pytest.mark.parametrize(
    ("psnr", "sentence"),
    [(36.6, "1.10 dB above that of real, the best of our variants"), (35.3, "0.20 dB below that of real, ")],
)
def test_the_best_of_other_programs_is_named(psnr, sentence):
    assert run_time.render_rival().markdown == ""
    write_benchmark(store.root(), "compressed_sensing", SENSING[:3])
    assert run_time.render_rival().markdown == ""
    others = [("cs:l1-wavelet", SIZE, 1, 0.4, psnr, "bart"), ("cs:l1-wavelet", SIZE, 1, 0.4, 30.0, "sigpy")]
    write_benchmark(store.root(), "compressed_sensing", [*SENSING[:3], *others])
    text = run_time.render_rival().markdown
    assert sentence in text
    assert "another data set: BART, with l1-wavelet." in text
    assert bool(run_time.explain_rival()) == (psnr > 35.5)  # our best
    real = [("cs:l1-wavelet, real", SIZE, 1, 0.4, 39.0, "bart")]
    write_benchmark(store.root(), "compressed_sensing", [*SENSING[:3], *others, *real])
    assert ": BART, told that the image is real, with l1-wavelet." in run_time.render_rival().markdown
    assert run_time.explain_rival() == (
        "this is over the variants of this library; BART, told that the image is real, was 3.50 dB above real on the "
        "slices of the benchmark, and was not run on these"
    )


def test_a_size_measured_for_both_stands_for_a_contrast():
    rows = [timing("network", "recon_lib", size) for size in ((128, 128), (256, 192))]
    assert run_time.nearest_size(tuple(rows), "t2") is None
    rows.append(timing("cs:literal", "bart", (128, 128)))
    assert run_time.nearest_size(tuple(rows), "t2") == (128, 128)
    rows.append(timing("cs:real", "bart", (256, 192)))
    assert run_time.nearest_size(tuple(rows), "t2") == (256, 192)


def broken(change):
    path = write_benchmark(store.root(), "inference", NETWORK)
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content))
    provenance.write_provenance(path.parent, {})


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("machine"),
        lambda c: c.pop("rows"),
        lambda c: c["rows"][0].pop("size"),
        lambda c: c["rows"][0].update(size=[256]),
        lambda c: c["rows"][0].update(size="256"),
        lambda c: c["rows"][0].update(seconds_per_slice=0),
        lambda c: c["rows"][0].update(seconds_per_slice=float("nan")),
        lambda c: c["rows"][0].update(batch=0),
        lambda c: c.update(rows=[3]),
        lambda c: c.update(versions=7),
    ],
)
def test_a_damaged_file_is_named(change):
    broken(change)
    with pytest.raises(ReconError, match=r"inference\.json is not a readable benchmark .*: run python -m"):
        open_benchmark("inference")


def test_half_a_file_and_an_unknown_benchmark():
    path = write_benchmark(store.root(), "inference", NETWORK)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ReconError, match="is not what was written"):
        open_benchmark("inference")
    provenance.write_provenance(path.parent, {})
    with pytest.raises(ReconError, match="not a readable benchmark"):
        run_time.render_network_times()
    with pytest.raises(ReconError, match="did you mean 'inference'"):
        open_benchmark("inferenc")


def test_times_of_another_machine_than_the_runs_are_told():
    results = made([])
    assert run_time.render_other_machines(results).markdown == ""
    write_benchmark(store.root(), "inference", NETWORK)
    assert run_time.render_other_machines(results).markdown == run_time.render_other_machines(None).markdown == ""
    for cores, text in (
        ([2, 16, 16], "Of profile **desk** 1 of 3 trainings ran on such a machine."),
        ([2], "The networks of profile **desk** were trained on such a machine too."),
        (
            [16],
            "The networks of profile **desk** were trained on another machine (16 cores of a processor). The times "
            "here are not of that machine.",
        ),
    ):
        kinds = [("train", number) for number in cores] + [("evaluate", 2)]
        results.records = {
            str(index): RunRecord(str(index), kind, RunKey(), {}, machine={"processor": "a processor", "cores": number})
            for index, (kind, number) in enumerate(kinds)
        }
        assert run_time.render_other_machines(results).markdown == text
