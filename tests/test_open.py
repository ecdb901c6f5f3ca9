"""The profile for one GPU: dry-run on a processor with fewer, generated images of full size, on another backend."""

import os
import subprocess
import sys

import pytest
from laws import ROOT

DRY = """
from recon_lib.core.strict_yaml import override
from recon_lib.experiment.profile import load_profile
from recon_lib.results import provenance, store
from recon_lib.runs import execute, state
from recon_lib.runs.collect import collect

few = {name: {"source": "generated", "matrix": list(size), "images": 2}
       for name, size in (("natural", (256, 256)), ("t1", (256, 176)), ("t2", (256, 192)))}
profile = override(load_profile("open"), {
    "test_domains": ["t1"], "masks": {"train": 2, "test": 2}, "domains": few,
    "training": {"domains": ["natural"], "n_train": [2], "batch": 2, "epochs": 1},
    "fine_tuning": {"n_finetune": [2], "n_reference": [], "n_headline": [], "draws": 1, "epochs": 1},
    "compressed_sensing": {"variants": ["literal"], "iterations": {"t1": 2}}}, "open")
done = [execute.execute(run) for run in state.plan_profile(profile)]
rows = store.Results("open", *(lambda folder: (folder, provenance.verify(folder)))(collect(profile)))
print(len(done), sorted(set(rows.slices["method"])), rows.provenance["backend"], rows.provenance["missing"])
"""


@pytest.mark.slow
def test_the_open_profile_runs_unattended_on_another_backend(tmp_path):
    folders = {f"RECON_{name}": str(tmp_path / name) for name in ("RUNS", "RESULTS", "CACHE")}
    environment = {**os.environ, **folders, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", DRY], env=environment, capture_output=True, encoding="utf-8", check=False, timeout=600
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.split("\n")[-2] == ("7 ['conjugate_symmetry', 'cs:literal', 'network', 'zero_filled'] jax []")
