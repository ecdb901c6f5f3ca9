"""The rules of the suite: tests where their module is, without the packages above; names and sizes of the library."""

import ast
import os
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from isolated import above, floors
from laws import ROOT

PACKAGE = ROOT / "recon_lib"
TESTS = ROOT / "tests"
PACKAGES = sorted(name for floor in floors() for name in floor if (PACKAGE / name).is_dir())
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.stem not in {"__init__", "__main__"})

UNTESTED: dict[str, str] = {}
"""Modules that have no file of tests of their own, each with its reason."""

REACHES_UP: dict[str, str] = {}
"""Files of tests that import a package above theirs, each with its reason."""

PRONOUNS = frozenset(
    re.findall(
        r"\w+",
        "found one said some about where given there before beside inside other both each here this that them it "
        "done wanted asked kept told shown",
    )
)
SHARE = 0.005  # of all bound names


def test_every_module_has_tests_of_its_name_or_a_reason():
    names = {path.relative_to(PACKAGE).with_suffix("").as_posix() for path in MODULES}
    without = {name for name in names if not (TESTS / name).with_name(f"test_{Path(name).name}.py").is_file()}
    assert without - set(UNTESTED) == set(), "write its tests, or give a reason in UNTESTED"
    assert set(UNTESTED) - without == set(), "UNTESTED names what has tests, or is gone"
    assert all(reason.endswith(".") for reason in UNTESTED.values())


def test_every_file_of_tests_stands_with_a_module():
    for package in PACKAGES:
        for path in (TESTS / package).rglob("test_*.py"):
            place = PACKAGE / path.relative_to(TESTS)
            module = place.with_name(path.name.removeprefix("test_"))
            assert module.is_file() or place.parent.is_dir(), path


def packages_of(path: Path, seen: set[Path]) -> set[str]:
    """Return the packages that a file of tests imports, and those of the helpers that it imports."""
    seen.add(path)
    packages = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, *rest = name.split(".")
            if first == "recon_lib":
                packages.add(rest[0] if rest else "")
            for helper in (TESTS / f"{first}.py", path.with_name(f"{first}.py")):
                if helper.is_file() and helper not in seen:
                    packages |= packages_of(helper, seen)
    return packages


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_import_nothing_from_above_their_package(package):
    upwards = {}
    for path in sorted((TESTS / package).rglob("*.py")):
        reached = packages_of(path, set()) & above(package)
        if reached:
            upwards[path.relative_to(TESTS).as_posix()] = reached
    listed = {name for name in REACHES_UP if name.split("/")[0] == package}
    assert {name: reached for name, reached in upwards.items() if name not in listed} == {}
    assert listed - set(upwards) == set(), "REACHES_UP names what reaches no package above, or is gone"


def bound_names(tree: ast.AST) -> list[str]:
    """Return the names that a module gives to arguments, variables and fields."""
    names = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    names += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return [name.strip("_").lower() for name in names]


def test_names_are_nouns_of_the_field():
    assert bound_names(ast.parse("def f(one, *, b=1):\n    _Found: int = 2\n    for x, where in b: pass")) == [
        "one",
        "b",
        "found",
        "x",
        "where",
    ]
    names = {path: bound_names(ast.parse(path.read_text(encoding="utf-8"))) for path in PACKAGE.rglob("*.py")}
    pronouns = {str(path.relative_to(PACKAGE)): sorted(set(bound) & PRONOUNS) for path, bound in names.items()}
    count = sum(name in PRONOUNS for bound in names.values() for name in bound)
    assert count < SHARE * sum(map(len, names.values())), {path: words for path, words in pronouns.items() if words}


def test_most_modules_are_short():
    lines = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES)
    assert statistics.median(lines) <= 150
    assert statistics.quantiles(lines, n=10)[-1] <= 280


def test_a_test_that_never_ends_fails(tmp_path):
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert config["timeout"] <= 300
    (tmp_path / "test_loop.py").write_text("def test_loop():\n    while True: pass\n\ndef test_next(): pass\n")
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-o", "timeout=1", tmp_path]
    ended = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(TESTS)}, capture_output=True, check=False
    )
    assert b"1 failed, 1 passed" in ended.stdout
