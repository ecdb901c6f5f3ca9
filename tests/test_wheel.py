"""A wheel works away from the clone: in an environment of what it requires, and of nothing else."""

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.parser import Parser
from importlib import metadata
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from laws import ROOT
from packaging.requirements import Requirement

LARGEST = 15e6  # bytes
EXTRA = ("papermill", "snakemake", "jupyter-book", "ipywidgets", "pytest")
OUTSIDE = {"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, ROOT], check=True, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """Make a virtual environment with the wheel and links to what it requires, without extras."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env/bin/python"
    options = ["--python", python, "install", "--quiet", "--no-deps", wheel]
    subprocess.run([sys.executable, "-m", "pip", *options], check=True, cwd=folder)
    place = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout.strip()  # fmt: skip
    for name in required(wheel):
        link(name, Path(place))
    return folder


def required(wheel):
    """List the distributions that a wheel requires, directly or not, by their markers on this Python."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = Parser().parsestr(archive.read(name).decode()).get_all("Requires-Dist")
    names, left = {}, [(line, "") for line in lines]
    while left:
        requirement, extra = Requirement(left[0][0]), left.pop(0)[1]
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in names:
                names[name, wanted] = None
                left += [(line, wanted) for line in metadata.requires(name) or []]
    return sorted({name for name, _ in names})


def link(name, place):
    """Link every file of an installed distribution; packages that several distributions share become one folder."""
    installed = Path(sysconfig.get_path("purelib"))
    for file in metadata.files(name):
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = place / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.symlink_to(installed / file)


def recon(environment, *words):
    """Run the installed command outside the clone, in an empty home."""
    command = [environment / "env/bin/recon", *words]
    variables = {**OUTSIDE, "HOME": str(environment), "RECON_CACHE": str(environment / "cache")}
    return subprocess.run(
        command, cwd=environment, env=variables, capture_output=True, encoding="utf-8", check=False, timeout=240
    )


def test_a_wheel_is_small_and_holds_each_module_once(wheel):
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "recon_lib").rglob("*.py")}
    assert sources <= set(names)
    cards = [path.relative_to(ROOT).as_posix() for path in (ROOT / "book/results/coils/networks").glob("*.json")]
    assert cards
    assert {f"recon_lib/shipped/{card}" for card in cards} <= set(names)
    assert not [name for name in names if name.startswith("tests/") or name.endswith((".ipynb", ".npz"))]


def test_what_a_wheel_requires_leaves_out_what_only_training_and_the_book_need(wheel):
    names = required(wheel)
    assert {"numpy", "keras", "nibabel"} <= set(names)
    assert not set(EXTRA) & set(names)


@pytest.mark.slow
def test_an_installed_wheel_reconstructs_a_scan_and_lists_its_networks(environment, tmp_path):
    inside = subprocess.run(
        [environment / "env/bin/python", "-c", "import recon_lib; print(recon_lib.__file__)"],
        cwd=environment, env=OUTSIDE, check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip
    assert inside.startswith(str(environment)), inside

    rows, columns = np.mgrid[-1:1:48j, -1:1:40j]
    image = np.exp(-4 * (rows**2 + columns**2)) * (1 + 0.3 * np.cos(9 * rows))
    volume = (1000 * np.stack([image, image[::-1], image], axis=-1)).astype(np.float32)
    nib.save(nib.Nifti1Image(volume, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "scan.nii.gz")
    out = tmp_path / "out.nii.gz"
    words = ["reconstruct", tmp_path / "scan.nii.gz", "--weights", "natural-4000", "--output", out]
    done = recon(environment, *words)
    assert done.returncode == 0, done.stderr
    restored = nib.load(out)
    assert restored.shape == volume.shape
    assert np.allclose(restored.affine, np.diag([1.0, 1.0, 3.0, 1.0]))
    error = np.linalg.norm(restored.get_fdata() - volume) / np.linalg.norm(volume)
    assert error < 0.1

    listed = recon(environment, "weights", "list")
    assert listed.returncode == 0, listed.stderr
    assert "natural-4000-t1-20" in listed.stdout


@pytest.mark.slow
def test_a_network_that_the_wheel_lacks_is_named_with_the_mend(environment):
    assert (ROOT / "book/results/open/weights/natural-500.safetensors").is_file()  # the clone has it
    shown = recon(environment, "weights", "show", "natural-500")
    assert shown.returncode == 2
    assert shown.stderr.count("\n") == 1
    assert "natural-500" in shown.stderr
    assert "RECON_DATA_MIRROR" in shown.stderr
