"""The tests of each package without the packages above it: ``python -m tests.isolated [PACKAGE ...]``.

In a copy of the tree the floors are taken away one by one, from the top; what is left must pass its tests, but for the
slow ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELD = ("experiment", "baselines", "data", "imaging", "results", "core")
"""The packages that train nothing, highest first: what is run where no package is named."""


def floors() -> list[set[str]]:
    """Return the packages of each floor, the highest first, as the contract of the imports has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    return [{name.strip() for name in layer.split("|")} for layer in contract["layers"]]


def above(package: str) -> set[str]:
    """Return all packages on higher floors than a package's."""
    levels = floors()
    (own,) = (level for level, names in enumerate(levels) if package in names)
    return set().union(*levels[:own])


def copy_tree(folder: Path) -> None:
    """Copy what is under version control, and what is new."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def remove(packages: set[str], folder: Path) -> None:
    """Take packages and their tests away from a copy."""
    for name in packages:
        (folder / "recon_lib" / f"{name}.py").unlink(missing_ok=True)
        for place in (folder / "recon_lib" / name, folder / "tests" / name):
            shutil.rmtree(place, ignore_errors=True)


def main(packages: list[str]) -> int:
    """Run the tests of packages, each without those above it; return 1 if any fails."""
    order = [name for floor in floors() for name in sorted(floor)]
    failed = []
    with tempfile.TemporaryDirectory(prefix="isolated-") as name:
        folder = Path(name)
        copy_tree(folder)
        for package in sorted(packages, key=order.index):
            remove(above(package), folder)
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
            environment = {**os.environ, "PYTHONPATH": str(folder)}
            print(f"== {package} without {', '.join(sorted(above(package)))}", flush=True)
            if subprocess.run([*command, f"tests/{package}"], cwd=folder, env=environment, check=False).returncode:
                failed.append(package)
    print(f"failed: {', '.join(failed)}" if failed else "each passes without the packages above it")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or list(HELD)))
