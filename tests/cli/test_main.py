import errno
import os
import subprocess
import sys

import pytest
from fabricated import make_runs
from scan_files import tiny_network

from recon_lib.cli import main
from recon_lib.core import paths
from recon_lib.core.errors import ReconError
from recon_lib.core.files import write_json
from recon_lib.data import inventory
from recon_lib.paper import headline, networks
from recon_lib.results import defaults, merge, store
from recon_lib.results.panels import PanelKey


@pytest.fixture(autouse=True)
def _no_data(monkeypatch):
    for name in ("MIRROR", "ILSVRC", "MIDAS", "IXI"):
        monkeypatch.delenv(f"RECON_DATA_{name}", raising=False)


def test_status_is_a_table(capsys):
    assert main.main(["data", "status"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0].split() == ["domain", "source", "files", "present", "size", "prepared", "licence"]
    t1 = next(line for line in lines if line.startswith("t1 ") and "open" in line)
    assert t1.split() == ["t1", "open", "14", "0", "47.9", "MB", "-", "PDDL-1.0"]
    assert "t1/midas: set RECON_DATA_MIDAS to the folder that holds it" in out
    midas = next(line for line in lines if line.startswith("t1 ") and "midas" in line)
    assert midas.split()[:6] == ["t1", "midas", "39", "0", "-", "-"]  # neither a size nor a prepared split
    assert {line.index(" 0 ") for line in (t1, midas)} == {lines[0].index("present") - 1}
    assert f"cache (RECON_CACHE): {paths.cache()}" in out
    assert "mirror (RECON_DATA_MIRROR): not set" in out


def test_prepare_a_profile_of_generated_images(capsys):
    assert main.main(["data", "prepare", "--profile", "smoke"]) == 0
    out = capsys.readouterr().out
    assert "natural/train: " in out
    assert ", 2 subjects" in next(line for line in out.splitlines() if line.startswith("t2/test: "))
    assert main.main(["data", "fetch", "t1", "--source", "generated"]) == 0
    assert capsys.readouterr().out.startswith("t1/generated: nothing to fetch")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["data", "fetch", "naturl"], "error: Unknown domain 'naturl': did you mean 'natural'?"),
        (["data", "prepare", "--profile", "desc"], "error: Unknown profile 'desc': did you mean 'desk'?"),
        (["data", "prepare", "t9", "--profile", "smoke"], "error: Unknown domain of profile 'smoke' 't9'"),
        (["data", "prepare", "--source", "mida"], "error: Unknown source 'mida': did you mean 'midas'?"),
        (["data", "prepare", "t1", "--source", "midas"], "error: t1/midas is yours to supply: set RECON_DATA_MIDAS"),
        (["data", "prepare", "--source", "ilsvrc"], "error: natural/ilsvrc is yours to supply"),
        (["data", "fetch", "--source", "ixi", "--profile", "desk"], "error: Give --profile or --source, not both"),
    ],
)
def test_bad_input_is_one_line_and_status_2(capsys, words, sentence):
    assert main.main(words) == 2
    out, error = capsys.readouterr()
    assert error.startswith(sentence)
    assert error.count("\n") == 1
    assert out == ""


def test_an_interruption_is_one_line_and_status_130(capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(inventory, "fetch_domain", interrupted)
    assert main.main(["data", "fetch", "t1"]) == 130
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "goes on" in error


@pytest.mark.parametrize(
    ("number", "mend"), [(errno.ENOSPC, "free some of the disk"), (errno.EROFS, "choose another place")]
)
def test_trouble_with_the_disk_is_one_line_and_status_2(capsys, monkeypatch, number, mend):
    def fails(*_):
        raise OSError(number, os.strerror(number), "somewhere")

    monkeypatch.setattr(inventory, "fetch_domain", fails)
    assert main.main(["data", "fetch", "t1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: somewhere: {os.strerror(number)}: {mend}")
    assert error.count("\n") == 1


def test_a_missing_backend_is_one_line_and_status_2(capsys, monkeypatch):
    def fails(*_):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(inventory, "fetch_domain", fails)
    assert main.main(["data", "fetch", "t1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: PyTorch is not installed, and a network needs it")
    assert error.count("\n") == 1


@pytest.mark.parametrize("error", [ZeroDivisionError(), ModuleNotFoundError("No module named 'x'", name="x")])
def test_other_errors_are_not_hidden(error, monkeypatch):
    def wrong(*_):
        raise error

    monkeypatch.setattr(inventory, "fetch_domain", wrong)
    with pytest.raises(type(error)):
        main.main(["data", "fetch", "t1"])


def test_results_verify(capsys, monkeypatch):
    assert main.main(["results", "verify"]) == 0
    assert "no results yet" in capsys.readouterr().out
    monkeypatch.setattr("recon_lib.results.store.verify_all", lambda: {"desk": {}, "smoke": {}})
    assert main.main(["results", "verify"]) == 0
    assert capsys.readouterr().out == "verified: desk, smoke\n"

    def changed():
        raise ReconError("desk/slices.csv.gz differs.")

    monkeypatch.setattr("recon_lib.results.store.verify_all", changed)
    assert main.main(["results", "verify"]) == 2
    assert capsys.readouterr().err == "error: desk/slices.csv.gz differs.\n"


@pytest.mark.parametrize("words", [[], ["data"], ["nonsense"], ["data", "statsu"]])
def test_unknown_words_show_the_usage(capsys, words):
    with pytest.raises(SystemExit) as stopped:
        main.main(words)
    assert stopped.value.code == 2
    assert "usage: recon" in capsys.readouterr().err


def test_the_module_runs_and_help_loads_nothing_heavy():
    script = (
        "import runpy, sys; sys.argv = ['recon_lib', '--help']\n"
        "try: runpy.run_module('recon_lib', run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "heavy = {'numpy', 'pandas', 'nibabel', 'tensorflow', 'keras', 'requests', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], cwd=paths.ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert process.returncode == 0, process.stderr
    assert "usage: recon" in process.stdout


def test_a_name_with_line_breaks_still_gives_one_line(capsys, monkeypatch):
    def refuse(*_):
        raise ReconError("a\nb is no volume.")

    monkeypatch.setattr(inventory, "fetch_domain", refuse)
    assert main.main(["data", "fetch", "t1"]) == 2
    assert capsys.readouterr().err == "error: a b is no volume.\n"


def test_what_the_operating_system_refuses_is_one_line(capsys, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device", "some/file")

    monkeypatch.setattr(inventory, "fetch_domain", refuse)
    assert main.main(["data", "fetch", "t1"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: some/file: No space left on device: free some of the disk")
    assert error.count("\n") == 1


def test_the_networks_and_the_figure_are_those_of_the_results(tmp_path, capsys):
    folder = tmp_path / "results" / "desk"
    path = tiny_network(folder / "weights" / "natural-4000.safetensors", n_train=4000, n_images=4000)
    sources = {name: {"source": "open"} for name in ("natural", "t1", "t2")}
    merge.collect(make_runs(tmp_path / "runs", slices=2), folder, {"profile": {"domains": sources}})
    results = store.best()
    released = [*defaults.default_networks().values()]
    for words, text in (
        (["weights", "list"], networks.plain_list(released)),
        (["weights", "show", "natural-4000"], networks.plain_card(path, released)),
        (["results", "headline"], f"drawn: {headline.path()}"),
    ):
        assert main.main(words) == 0
        assert capsys.readouterr().out == f"{text}\n"
    assert headline.read(headline.path()) == headline.facts(headline.summary_figure(results))
    write_json(tmp_path / "results" / "coils" / "networks" / "joint.json", {})
    assert main.main(["weights", "list"]) == 0
    assert capsys.readouterr().out.endswith("\n\nfor raw k-space of several coils: coils/joint\n")


def test_without_results_there_is_no_network_to_list(capsys):
    assert main.main(["weights", "list"]) == 2
    assert "There are no released networks" in capsys.readouterr().err


def test_without_two_profiles_there_is_nothing_to_test_on_the_third_scanner(capsys):
    assert main.main(["results", "scanner"]) == 2
    assert "No two profiles have released networks of one name" in capsys.readouterr().err


def test_completing_pictures_says_which_slices_and_what_is_lacking(monkeypatch, capsys):
    from recon_lib.runs import panels

    key = PanelKey("t1", "sub-12", 112, "zero_filled")
    completion = panels.Completion({"t1": ("sub-12", 112)}, [key], ["evaluate-a"], 0.0171)
    asked = []

    def complete(profile, report):
        asked.append(profile.name)
        report("evaluate-b")
        return completion

    monkeypatch.setattr(panels, "complete_panels", complete)
    assert main.main(["results", "panels", "smoke"]) == 0
    assert asked == ["smoke"]
    assert capsys.readouterr().out == (
        "evaluate-b\nadded: 1 pictures of t1 sub-12 slice 112; PSNR within 0.0171 dB of the rows; "
        "networks not released: 1\n"
    )
