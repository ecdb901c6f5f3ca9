"""The benchmarks: statistics by hand, files that are written whole or not at all, and a run of each at its tiniest."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from laws import run_python

from benchmarks import coils, harness, network, peers, training, workers
from benchmarks.__main__ import NAMES
from recon_lib.core.errors import ReconError
from recon_lib.experiment.recipes import Architecture
from recon_lib.imaging.acquisition import acquire
from recon_lib.imaging.masks import mask_stack
from recon_lib.network.cascade import Cascade, build
from recon_lib.results import benchmarks, provenance

ROW = {"what": "thing", "tool": "recon_lib", "size": [3, 4], "seconds_per_slice": 0.5}


@pytest.fixture
def alone(monkeypatch):
    """No peer is there."""
    monkeypatch.setattr(peers, "there", lambda peer: False)


@pytest.mark.parametrize("warm", [True, False])
def test_work_is_timed_in_turn_after_one_call_that_is_not(warm, monkeypatch):
    calls, clock = [], iter([0.0, 1.0, 10.0, 12.0, 20.0, 24.0, 30.0, 38.0])
    monkeypatch.setattr(harness.time, "perf_counter", lambda: next(clock))
    seconds = harness.interleave({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2, warm)
    assert "".join(calls) == "ab" * warm + "abab"
    assert seconds == {"a": [1.0, 4.0], "b": [2.0, 8.0]}


def test_timing_by_hand():
    assert harness.timing([4.0, 1.0, 3.0, 10.0], slices=2) == {
        "seconds_per_slice": 1.75,
        "fastest": 0.5,
        "slowest": 5.0,
        "rounds": 4,
    }


def test_ratios_are_taken_pair_by_pair():
    # The pairs say 2, 2 and 1; the medians alone, 4 over 2, would too; slow pairs move them, not the ratio.
    assert harness.times_faster([1.0, 2.0, 30.0], [2.0, 4.0, 30.0]) == 2.0
    assert harness.times_faster([1.0, 50.0, 2.0], [3.0, 150.0, 4.0]) == 3.0
    # 4 slices in 2 s against 1 slice in 3 s: six times as fast.
    assert harness.times_faster([2.0], [3.0], (4, 1)) == 6.0
    with pytest.raises(ValueError, match="zip"):
        harness.times_faster([1.0], [1.0, 2.0])


def test_rows_compare_equal_batches_and_the_best_of_both():
    seconds = {
        ("recon_lib", 1): [1.0, 1.0],
        ("pytorch", 1): [2.0, 2.0],
        ("recon_lib", 4): [2.0, 2.0],
        ("pytorch", 4): [12.0, 12.0],
    }
    rows = network.compared("net", (8, 8), seconds, 5e9, {"recon_lib": "a", "pytorch": "b"})
    ours = {row["batch"]: row for row in rows if row["tool"] == "recon_lib"}
    assert (ours[1]["best"], ours[4]["best"]) == (False, True)
    assert (ours[1]["times_faster"], ours[4]["times_faster"]) == (2.0, 6.0)
    assert ours[4]["times_faster_best"] == 4.0  # 0.5 s a slice against 2 s, PyTorch's best, at batch 1
    assert "times_faster_best" not in ours[1]
    assert ours[4]["gflops"] == pytest.approx(10.0)
    assert [row["best"] for row in rows if row["tool"] == "pytorch"] == [True, False]


def test_rows_carry_their_precision():
    seconds = {("recon_lib", 1): [1.0], ("pytorch", 1): [2.0]}
    rows = network.compared("net", (8, 8), seconds, 5e9, {"recon_lib": "a", "pytorch": "b"}, "bfloat16")
    assert [row["precision"] for row in rows] == ["bfloat16", "bfloat16"]
    rows = network.compared("net", (8, 8), {("recon_lib", 1): [1.0]}, 5e9, {"recon_lib": "a"})
    assert [row["precision"] for row in rows] == ["float32"]


@pytest.mark.parametrize(("obstacle", "names"), [("", ("float32", "bfloat16")), ("no flag", ("float32",))])
def test_bfloat16_is_timed_where_the_machine_computes_in_it(obstacle, names, monkeypatch, capsys):
    monkeypatch.setattr(network, "machine_bfloat16", lambda: ("it has", "") if not obstacle else ("", obstacle))
    assert network.precisions() == names
    assert (obstacle or "it has") in capsys.readouterr().out


def test_a_tool_is_timed_in_its_fastest_setting(monkeypatch):
    work = {("a", "slow"): 3.0, ("a", "fast"): 1.0, ("b", "only"): 2.0}
    asked = []

    def prepare(key):
        return lambda *words: asked.append((key, words)) or (lambda: key)

    monkeypatch.setattr(
        harness, "interleave", lambda calls, rounds: {key: [work[call()]] * rounds for key, call in calls.items()}
    )
    case = (training.SUBNETWORK, (8, 6), (2, 4))
    steps, rows = training._try({key: prepare(key) for key in work}, network.TINY, case, "bfloat16", 2)
    assert list(steps) == [("a", "fast"), ("b", "only")]
    assert {row["setting"]: row["best"] for row in rows} == {"slow": False, "fast": True, "only": True}
    assert asked[0] == (("a", "slow"), ("bfloat16", training.SUBNETWORK, 8, 6, 4))
    assert {(row["precision"], row["batch"], row["rounds"]) for row in rows} == {("bfloat16", 4, 2)}


PEER = """
import sys, types
from benchmarks import workers

def peer(tiny):
    def prepare(name, number):
        print("prepared", name)
        if name == "stop":
            raise SystemExit(3)
        calls = iter(range(1, 10))
        return lambda: float(next(calls) * number) if tiny else "no number"

    return prepare

sys.modules["benchmarks.mine"] = types.ModuleType("benchmarks.mine")
sys.modules["benchmarks.mine"].peer = peer
workers.main("mine", sys.argv[1])
"""


@pytest.fixture
def worker_of_mine(monkeypatch):
    """Start the worker of a benchmark that is made up, and needs no peer."""
    started = subprocess.Popen

    def start(command, **options):
        assert command[1:4] == ["-m", "benchmarks.workers", "mine"]
        return started([command[0], "-c", PEER, command[4]], **options)

    monkeypatch.setattr(workers.subprocess, "Popen", start)
    return lambda tiny: workers.Worker("mine", sys.executable, tiny)


def test_work_in_another_process_is_prepared_once_and_done_when_asked(worker_of_mine):
    with worker_of_mine(True) as worker:
        first, second = worker.call("x", 10), worker.call("y", 2)
        assert [first(), second(), first(), first()] == [10.0, 2.0, 20.0, 30.0]
    assert worker._process.returncode == 0


def test_only_numbers_come_back(worker_of_mine):
    with worker_of_mine(False) as worker:
        assert worker.call("x", 10)() is None


def test_a_peer_that_ends_is_named(worker_of_mine):
    with worker_of_mine(True) as worker, pytest.raises(ReconError, match="the peer of mine ended with status 3"):
        worker.call("stop", 1)()


def test_a_benchmark_of_a_card_has_a_file_of_its_own(folders, monkeypatch):
    monkeypatch.setattr(harness, "machine", lambda: {"matmul_gflops": 1.0, "accelerator": {"kind": "a card"}})
    monkeypatch.setattr(sys, "argv", ["training"])
    harness.main("training", rows_of, peers={"torch": "2.13"})
    assert benchmarks.open_benchmark("training") is None
    assert benchmarks.open_benchmark("training_card").versions["torch"] == "2.13"
    with pytest.raises(ReconError, match="benchmark of a card"):
        benchmarks.on_card("masks")


def test_the_machine_is_described(monkeypatch):
    monkeypatch.setattr(harness, "matrix_product_rate", lambda: 123.44)
    described = harness.machine()
    assert described.keys() == {"processor", "cores", "system", "memory_gib", "matmul_gflops"}
    assert described["matmul_gflops"] == 123.4
    assert described["cores"] == os.cpu_count()
    assert harness.versions("scipy").keys() == {"python", "recon-lib", "numpy", "scipy"}


def test_the_rate_of_the_matrix_product_is_its_operations_over_its_time(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delitem(sys.modules, "keras")
    monkeypatch.setattr(harness, "interleave", lambda work, rounds: {name: [0.25] * rounds for name in work})
    assert harness.matrix_product_rate(side=100) == pytest.approx(2 * 100**3 / 0.25 / 1e9)


def test_what_is_published_is_verified_and_whole(folders):
    path = harness.publish("training", {"rows": [ROW]})
    harness.publish("masks", {"rows": []})
    assert path == folders / "results" / "benchmarks" / "training.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {"rows": [ROW]}
    assert sorted(provenance.verify(path.parent)["files"]) == ["masks.json", "training.json"]
    assert sorted(file.name for file in path.parent.iterdir()) == ["masks.json", "provenance.json", "training.json"]


def test_a_stop_while_writing_leaves_the_old_file(folders, monkeypatch):
    path = harness.publish("training", {"rows": [ROW]})
    old = path.read_bytes()

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("recon_lib.core.files.os.replace", stop)
        with pytest.raises(KeyboardInterrupt):
            harness.publish("training", {"rows": []})
    assert path.read_bytes() == old
    assert sorted(provenance.verify(path.parent)["files"]) == ["training.json"]


def test_a_stop_between_file_and_provenance_is_told_and_mended_by_running_again(folders, monkeypatch):
    harness.publish("masks", {"rows": []})
    folder = harness.publish("training", {"rows": []}).parent
    with monkeypatch.context() as patched:
        patched.setattr(provenance, "write_provenance", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            harness.publish("training", {"rows": [ROW]})
    with pytest.raises(ReconError, match=r"training\.json"):
        provenance.verify(folder)
    with pytest.raises(ReconError, match=r"training\.json is not what was written: .*benchmarks\.training"):
        harness.publish("masks", {"rows": [ROW]})
    harness.publish("training", {"rows": [ROW]})
    assert provenance.verify(folder)


def test_an_edited_file_is_not_covered_up(folders):
    path = harness.publish("training", {"rows": [ROW]})
    path.write_text(path.read_text(encoding="utf-8").replace("0.5", "0.1"))
    with pytest.raises(ReconError, match=r"training\.json is not what was written"):
        harness.publish("masks", {"rows": []})
    (path.parent / "provenance.json").write_text("{")
    with pytest.raises(ReconError, match=r"provenance\.json is not readable"):
        harness.publish("masks", {"rows": []})


def rows_of(tiny):
    """A benchmark."""
    if tiny is None:
        raise ReconError("Broken.")
    return [ROW]


def test_the_command_keeps_rows_and_throws_tiny_ones_away(folders, monkeypatch, capsys):
    monkeypatch.setattr(harness, "matrix_product_rate", lambda: 100.0)
    monkeypatch.setattr(sys, "argv", ["training", "--tiny"])
    harness.main("training", rows_of)
    assert "seconds_per_slice 0.5" in capsys.readouterr().out
    assert not (folders / "results").exists()
    monkeypatch.setattr(sys, "argv", ["training"])
    harness.main("training", rows_of, ["scipy"])
    benchmark = benchmarks.open_benchmark("training")
    assert benchmark.machine["matmul_gflops"] == 100.0
    assert "scipy" in benchmark.versions
    assert [row.size for row in benchmark.rows] == [(3, 4)]


def test_the_command_says_what_is_wrong_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["training"])
    with pytest.raises(SystemExit) as stopped:
        harness.main("training", lambda tiny: rows_of(None))
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: Broken.\n"


@pytest.mark.parametrize(("peer", "mend"), [("torch", ".[bench]"), ("sigpy", ".[bench]"), ("bart", "package bart")])
def test_a_missing_peer_is_named_once_with_its_mend(peer, mend, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(peers.shutil, "which", lambda name: None)
    monkeypatch.setattr(peers.paths, "ROOT", tmp_path)
    peers.there.cache_clear()
    peers._python.cache_clear()
    try:
        assert not peers.there(peer)
        assert not peers.there(peer)
    finally:
        peers.there.cache_clear()
        peers._python.cache_clear()
    text = capsys.readouterr().out
    assert text.count("is not installed, so ours is measured alone") == 1
    assert mend in text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.slow
def test_a_benchmark_runs_at_its_tiniest_without_peers(name, alone):
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.__doc__
    rows = module.measure(True)
    assert rows
    assert {row.get("tool", "recon_lib") for row in rows} <= {"recon_lib", "scikit-image"}
    assert len([benchmarks.BenchmarkRow.from_json(row) for row in json.loads(json.dumps(rows, allow_nan=False))]) > 0
    assert all("what" in row for row in rows)
    differences = [row["largest_difference"] for row in rows if "largest_difference" in row]
    assert all(difference <= 1e-6 for difference in differences)


def test_the_time_of_maps_is_added_to_that_of_every_method_of_several_coils(monkeypatch):
    monkeypatch.setattr(peers, "there", lambda peer: peer == "sigpy")
    monkeypatch.setattr(coils, "estimate_maps", lambda *_: None)
    monkeypatch.setattr(coils, "l1_sigpy", lambda *_, iterations: None)
    monkeypatch.setattr(coils, "reconstruct_coils", lambda *_: None)
    rows = {(row["what"], row["tool"]): row for row in coils.measure(True)}
    maps = rows.pop(("maps by ESPIRiT", "sigpy"))
    assert set(rows) == {("network", "recon_lib"), ("CG-SENSE", "recon_lib"), ("L1-ESPIRiT", "sigpy")}
    assert "seconds" not in maps
    for row in rows.values():
        assert row["seconds"] == pytest.approx(row["seconds_per_slice"] + maps["seconds_per_slice"])


def test_every_benchmark_has_a_section_on_the_page():
    assert set(NAMES) == set(benchmarks.BENCHMARKS)


def test_an_unknown_benchmark_is_refused():
    code = "import sys; from benchmarks.__main__ import main; sys.argv = ['x', 'trainin']; print(main())"
    assert run_python(code) == "2"


def test_bart_reads_what_we_write(tmp_path):
    image = np.arange(6).reshape(2, 3) + 1j
    peers._write_cfl(tmp_path / "image", image)
    assert (peers._read_cfl(tmp_path / "image") == image).all()
    # Column-major: the first axis runs fastest.
    assert np.fromfile(tmp_path / "image.cfl", np.complex64)[:2].tolist() == [image[0, 0], image[1, 0]]


@pytest.mark.parametrize("size", [(16, 12), (15, 13)])
def test_the_twin_is_the_same_network(size):
    pytest.importorskip("torch")
    from benchmarks import twin

    cascade = build(Cascade(Architecture(subnetworks=3, filters=4), seed=5))
    images = np.random.default_rng(0).random((2, *size))
    data = acquire(images, mask_stack(size, 2))
    image, twin_before_dc = twin.Twin(cascade)(*twin.tensors(data, channels_last=False)[:3])
    output = cascade((data.zero_filled, data.mask))
    assert np.allclose(image.detach().numpy().transpose(0, 2, 3, 1), output["image"], atol=1e-5)
    assert np.allclose(twin_before_dc.detach().numpy().transpose(0, 2, 3, 1), output["before_dc"], atol=1e-5)
