"""The graph of runs as a cluster sees it: planned without being run, with resources for a scheduler."""

import json
import os
import re
import subprocess
import sys

import pytest

from recon_lib.core import paths
from recon_lib.experiment.profile import load_profile
from recon_lib.runs import state


@pytest.mark.parametrize(
    "words",
    [
        ["--cores", "1"],
        ["--jobs", "20", "--cores", "1", "--default-resources", "mem_mb=4000", "runtime=600"],
    ],
    ids=["one machine", "a scheduler's resources"],
)
@pytest.mark.slow
def test_a_dry_run_plans_every_run_once_and_touches_nothing(folders, words):
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nolock", "--config", "profile=smoke", *words]
    done = subprocess.run(
        command, cwd=paths.ROOT, env={**os.environ}, capture_output=True, encoding="utf-8", check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    counts = dict(re.findall(r"^(collect|execute|total)\s+(\d+)$", said, re.M))
    planned = len(state.plan_profile(load_profile("smoke")))
    assert counts == {"collect": "1", "execute": str(planned), "total": str(planned + 1)}
    assert not paths.runs().exists()


@pytest.mark.slow
def test_on_a_shared_card_a_training_takes_all_parts_and_another_run_one(folders):
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--nolock", "--printshellcmds", "--config"]
    command += ["profile=smoke", "--cores", "8", "--resources", "card=4"]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    shown = done.stdout + done.stderr
    planned = state.plan_profile(load_profile("smoke"))
    trainings = sum(run.kind == "train" for run in planned)
    for parts, count in ((4, trainings), (1, len(planned) - trainings)):
        assert len(re.findall(rf"^    resources: .*\bcard={parts}$", shown, re.M)) == count
        assert len(re.findall(rf"RECON_CARD_SHARE={parts}/4 papermill", shown)) == count


@pytest.mark.slow
def test_one_run_is_a_notebook_that_papermill_executes_in_a_kernel_of_its_own(folders):
    run = next(run for run in state.plan_profile(load_profile("smoke")) if run.kind == "evaluate")
    record = state.folder(run) / "run.json"
    command = [sys.executable, "-m", "snakemake", "--nolock", "--cores", "1", "--config", "profile=smoke", "--", record]
    ended = subprocess.run(command, cwd=paths.ROOT, capture_output=True, encoding="utf-8", check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    notebook = json.loads((record.parent / "evaluate.ipynb").read_text(encoding="utf-8"))
    assert notebook["metadata"]["papermill"]["exception"] is None
    content = json.loads(record.read_text(encoding="utf-8"))
    assert (content["id"], content["executor"]) == (run.id, "notebook")
