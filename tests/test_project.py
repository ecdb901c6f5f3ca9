"""The house rules: floors, light imports, small files, clean notebooks, one list of versions."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import lock
import pytest
import yaml
from laws import ROOT, run_python
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import recon_lib

PACKAGE = ROOT / "recon_lib"
# What needs a network; everything else works, and the book builds, without Keras or its backends.
KERAS = (
    "network runs/coil_collect runs/coil_effects runs/coil_tests runs/coils runs/collect runs/evaluate runs/execute "
    "runs/panels runs/queue runs/rounding runs/scanner runs/worker scans/coil_reconstruct "
    "scans/curve scans/duration scans/finetune scans/in_memory scans/reconstruct scans/spread explorer/live quickstart"
)
BACKENDS = {"keras", "tensorflow", "jax", "torch"}
HEAVY = BACKENDS | {
    "matplotlib",
    "pandas",
    "skimage",
    "nibabel",
    "pydicom",
    "SimpleITK",
    "requests",
    "ipywidgets",
    "numpy",
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


SOURCES = sorted(PACKAGE.rglob("*.py"))


def needs_keras(path: Path) -> bool:
    """Tell whether a file of the package may load Keras."""
    name = path.relative_to(PACKAGE).with_suffix("").as_posix()
    return any(name == place or name.startswith(f"{place}/") for place in KERAS.split())


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def tracked() -> Iterator[tuple[str, str]]:
    """Yield path and content of every text file under version control."""
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    for name in filter(None, listed.stdout.split("\0")):
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue


# Packages


def test_imports_keep_their_contracts():
    script = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    shown = subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert "3 kept, 0 broken" in shown.stdout, shown.stdout + shown.stderr


def test_the_contract_of_keras_names_every_module_that_goes_without():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = next(
        contract["source_modules"] for contract in contracts if "keras" in contract.get("forbidden_modules", ())
    )
    places = [name.removeprefix("recon_lib.").replace(".", "/") for name in named]
    for path in SOURCES:
        name = path.relative_to(PACKAGE).with_suffix("").as_posix().removesuffix("/__init__")
        covered = any(name == place or name.startswith(f"{place}/") for place in places)
        commands = name.split("/")[0] in {"cli", "__main__", "__init__"}
        assert covered != needs_keras(path) or commands or name in {"runs", "scans", "explorer"}, name


def test_packages_load_nothing_and_hand_nothing_on():
    for path in SOURCES:
        if path.name == "__init__.py" and path.parent != PACKAGE:
            assert len(ast.parse(path.read_text(encoding="utf-8")).body) == 1, f"{path} holds more than a docstring"


def test_names_are_imported_from_where_they_are_defined():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    imported = {path: set() for path in SOURCES}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("recon_lib"):
                imported[path] |= {(node.module, alias.name) for alias in node.names}
    for path, names in imported.items():
        for module, name in names:
            home = ROOT.joinpath(*module.split(".")).with_suffix(".py")
            if home.is_file():
                defined = {
                    target.id
                    for node in ast.walk(trees[home])
                    if isinstance(node, ast.Assign | ast.AnnAssign)
                    for whole in (node.targets if isinstance(node, ast.Assign) else [node.target])
                    for target in ast.walk(whole)
                    if isinstance(target, ast.Name)
                }
                defined |= {node.name for node in trees[home].body if hasattr(node, "name")}
                assert name in defined, f"{path} takes {name} from {module}, which does not define it"


def test_modules_without_keras_load_without_it():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
        if not needs_keras(path) and path.stem != "__main__"
    ]
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[2:]:\n"
        "    importlib.import_module(name)\n"
        "    loaded = set(sys.argv[1].split()) & set(sys.modules)\n"
        "    assert not loaded, f'{name} loads {loaded}'\n"
    )
    run_python(code, " ".join(BACKENDS), *modules)


def test_the_package_itself_loads_nothing_heavy():
    loaded = run_python("import recon_lib, sys; print(*sys.modules)").split()
    assert HEAVY & set(loaded) == set()


# Size


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_can_be_read_in_a_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = node.body[0] if ast.get_docstring(node) is not None else None
            lines = node.end_lineno - node.lineno + 1
            if documented:
                lines -= documented.end_lineno - documented.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"


# Notebooks


def code_cells(path: Path) -> list[dict]:
    """Return a notebook's code cells, each source one string."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [{**cell, "source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def test_there_are_notebooks():
    assert {path.stem for path in NOTEBOOKS} >= {"train", "finetune", "evaluate"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_short_and_stores_no_output(path):
    cells = code_cells(path)
    assert [cell["outputs"] for cell in cells] == [[] for _ in cells]
    assert [cell["execution_count"] for cell in cells] == [None for _ in cells]
    assert sum(len(cell["source"].splitlines()) for cell in cells) < 100
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_one_cell_of_parameters_all_literals(path):
    tagged = [cell for cell in code_cells(path) if "parameters" in cell["metadata"].get("tags", [])]
    assert len(tagged) == 1
    for statement in ast.parse(tagged[0]["source"]).body:
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        ast.literal_eval(statement.value)


# What no file may hold


UNSAFE = re.compile(r"import\s+pickle|from\s+pickle|cloudpickl[e]|jobli[b]|allow_pickle\s*=\s*True|torch\.load\(")
MACHINE = re.compile(r"(?<![\w./~$})-])/(work|root|home|tmp|Users)(?![\w-])")
HOSTS = re.compile(r"p[y]pi\.org|python[h]osted\.org|n[p]mjs\.org|d[e]b\.debian\.org|c[r]ates\.io", re.IGNORECASE)
UNFINISHED = re.compile(r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b|NotImplementedErro[r]")


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (UNSAFE, "import" + " pickle"),
        (MACHINE, "open('/" + "root/x')"),
        (HOSTS, "https://pypi" + ".org/simple"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
    ids=["pickle", "machine paths", "registry hosts", "unfinished"],
)
def test_no_tracked_file_holds(pattern, example):
    assert pattern.search(example)
    found = [(name, match.group()) for name, text in tracked() if (match := pattern.search(text))]
    assert found == []


def test_arrays_are_loaded_without_pickle():
    for path in SOURCES:
        for call in re.findall(r"np\.load\([^)]*\)", path.read_text(encoding="utf-8")):
            assert "allow_pickle=False" in call, f"{path}: {call}"


# One list of versions


def blocks() -> list[str]:
    """Return the requirements of the lock, each with its hashes; comments between them are left out."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return re.findall(r"^(?!#)\S(?:.|\n )*\n", text, re.MULTILINE)


def locked(python: str) -> dict[str, str]:
    """Return the version of every package that the lock gives to a version of Python on Linux."""
    here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux", "os_name": "posix"}
    entries = [Requirement(re.split(r" ?\\", block.splitlines()[0])[0]) for block in blocks()]
    names = [(canonicalize_name(e.name), e) for e in entries if not e.marker or e.marker.evaluate(here)]
    assert len(names) == len(dict(names)), "two versions of one package"
    return {name: str(entry.specifier).removeprefix("==") for name, entry in names}


STATED = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", c)}
REQUIRED = [
    *PROJECT["dependencies"],
    *(text for e in ("train", "book", "dev") for text in PROJECT["optional-dependencies"][e]),
]


@pytest.mark.parametrize("python", sorted(STATED))
def test_lock_satisfies_the_project(python):
    versions = locked(python)
    for text in REQUIRED:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            continue
        if not requirement.marker or requirement.marker.evaluate({"python_version": python}):
            version = versions[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(version, prereleases=True), text


def test_every_python_has_a_backend():
    for python in STATED:
        assert {"tensorflow", "jax"} & set(locked(python)), python
    assert "tensorflow" not in locked("3.14")  # nobody has built it for that


def test_everything_in_the_lock_is_hashed():
    for block in blocks():
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_head_of_the_lock_is_the_book_without_a_backend():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert text.startswith(f"{lock.HEAD}\n")
    head, rest = text.split(f"{lock.REST}\n")
    names = {lock.name_of(line) for line in head.splitlines() if re.match(r"\w", line)}
    assert {"jupyter-book", "numpy", "matplotlib", "hatchling"} <= names
    assert not names & {*lock.LEFT_OUT, "snakemake", "papermill", "pytest"}
    # What pip is told to install with hashes must be complete: each requirement of the head is in the head.
    for name in names:
        for line in requires(name):
            requirement = Requirement(line)
            if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                assert canonicalize_name(requirement.name) in {canonicalize_name(n) for n in names}, (name, line)
    assert {lock.name_of(line) for line in rest.splitlines() if re.match(r"\w", line)} >= {"tensorflow", "pytest"}
    sed = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"sed '/\^(.*):/,", sed).group(1) == lock.REST.split(":")[0]


def requires(name: str) -> list[str]:
    """Return what an installed package requires; nothing for one that this system does not need."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


def test_arranging_a_lock_keeps_every_requirement():
    text = "a==1 \\\n    --hash=sha256:0\nb[x]==2 ; python_version < '3' \\\n    --hash=sha256:1\n    --hash=sha256:2\n"
    text += "c==3\n"
    arranged = lock.arrange(text, {"b", "c"})
    head, rest = arranged.split(f"{lock.REST}\n")
    assert head == f"{lock.HEAD}\n" + text[text.index("b[x]") :]
    assert rest == text[: text.index("b[x]")]
    assert lock.arrange(arranged, {"b", "c"}) == arranged


def test_conda_takes_its_versions_from_the_lock():
    python, pip, from_lock = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert pip == "pip"
    assert from_lock == {"pip": ["-r requirements.lock"]}
    name, version = python.split("=")
    assert name == "python"
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{version}.0")


def test_supported_pythons_agree():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert set(workflow["jobs"]["test"]["strategy"]["matrix"]["python"]) == STATED
    first, last = re.search(
        r"not \(3, (\d+)\) <= sys\.version_info < \(3, (\d+)\)", (ROOT / "Makefile").read_text(encoding="utf-8")
    ).groups()
    assert {f"3.{minor}" for minor in range(int(first), int(last))} == STATED
    specifier = SpecifierSet(PROJECT["requires-python"])
    assert {f"3.{minor}" for minor in range(8, 20) if specifier.contains(f"3.{minor}.0")} == STATED


def test_version_is_stated_once():
    assert PROJECT["version"] == recon_lib.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == recon_lib.__version__


# Commands


def targets() -> set[str]:
    """Return the targets that are commands."""
    return set(re.findall(r"^([a-z]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_help_is_the_default_and_lists_every_target():
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    shown = [
        subprocess.run(
            ["make", *goal], cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=True
        ).stdout
        for goal in ([], ["help"])
    ]
    assert shown[0] == shown[1]
    lines = [line.split() for line in shown[0].splitlines()]
    assert sorted(line[1] for line in lines) == sorted(targets())
    assert all(line[0] == "make" and len(line) > 3 for line in lines)
    phony = (
        re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE).group(1).split()
    )
    assert set(phony) == targets()


def test_continuous_integration_runs_the_test_command():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "\nmake test\n" in script.read_text(encoding="utf-8")
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "bash .ci/run" in workflow
    assert all(re.fullmatch(r"\S+@[0-9a-f]{40}", used) for used in re.findall(r"uses: (\S+)", workflow))


def test_what_the_readme_names_exists():
    for name in re.findall(
        r"`((?:[\w.-]+/)*[\w-]+(?:\.(?:ipynb|yaml|yml|lock|cff)|/))`", (ROOT / "README.md").read_text(encoding="utf-8")
    ):
        places = ROOT, ROOT / "notebooks", ROOT / "notebooks/params", ROOT / "book"
        assert any((place / name).exists() for place in places), name
