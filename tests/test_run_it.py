"""The commands that the page "Run it" documents are commands that work."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from recon_lib.cli.main import build_parser
from recon_lib.core import paths
from recon_lib.experiment import plan
from recon_lib.experiment.profile import load_profile

PAGE = (paths.BOOK / "run_it.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
]


def dry(command, folder):
    """Run a documented snakemake command as a dry run and return how many jobs it counts."""
    words = [sys.executable, "-m", *shlex.split(command)]
    words += [w for w in ("--dry-run", "--nolock", "--quiet", "rules") if w not in words]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(paths.ROOT), os.environ.get("PYTHONPATH", "")])}
    environment |= {f"RECON_{name}": str(folder / name.lower()) for name in ("RUNS", "RESULTS", "CACHE")}
    done = subprocess.run(words, cwd=paths.ROOT, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "runs").exists()
    return int(re.search(r"^total\s+(\d+)$", done.stdout + done.stderr, re.MULTILINE).group(1))


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("snakemake")])
@pytest.mark.slow
def test_every_snakemake_command_plans_all_runs(command, tmp_path):
    # Executors are installed by who has a cluster: a command is tried where its executor is.
    for name in re.findall(r"--executor ([\w-]+)", command):
        pytest.importorskip(f"snakemake_executor_plugin_{name.replace('-', '_')}")
    profile = load_profile(re.search(r"profile=(\w+)", command).group(1))
    assert dry(command, tmp_path) == len(plan.plan(profile, dict.fromkeys(profile.domains, ""))) + 1


def test_a_cluster_must_be_told_the_cores_of_a_job():
    # Snakemake sets them by itself in a dry run, so that alone would not show a command that fails.
    assert all("--cores" in command for command in COMMANDS if command.startswith("snakemake"))


def test_every_other_command_is_one_of_ours():
    targets = set(re.findall(r"^([a-z]+):(?!=)", (paths.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for command in COMMANDS:
        first, *rest = shlex.split(command)
        if first == "make":
            assert rest[0] in targets | {"quickstart"}
        elif rest[:2] == ["-m", "recon_lib"]:
            build_parser().parse_args(rest[2:])
        else:
            assert first == "snakemake" or command == 'pip install -e ".[gpu]"'


def test_every_path_is_linked_from_the_top():
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^## (.*)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= anchors


def test_the_page_is_in_the_book():
    assert Path(paths.BOOK / "_toc.yml").read_text(encoding="utf-8").count("file: run_it") == 1
