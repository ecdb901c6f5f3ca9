"""Random wrong lines: each kind is made, what nobody runs is left alone, and a test that sees one is named."""

import json
import random
from pathlib import Path

import pytest
from laws import ROOT
from torture import random_mutants
from torture.changes import changes, is_other
from torture.choice_of_tests import READERS, stages


def made(source, seed=0):
    """Return what a module may become, by kind."""
    listed = [change for change in changes(source, random.Random(seed)) if is_other(source, change)]
    return {(change.kind, change.apply(source).strip()) for change in listed}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x[a + b]", {("operator", "x[a - b]"), ("statement", "pass")}),
        ("f(é * a)", {("operator", "f(é / a)"), ("statement", "pass")}),
        ("f(a) < b", {("operator", "f(a) <= b"), ("statement", "pass")}),
        ("a == b", {("operator", "a != b"), ("statement", "pass")}),
        ("a not in b", {("operator", "a in b"), ("statement", "pass")}),
        ("a and (b)", {("operator", "a or (b)"), ("statement", "pass")}),
        ("not a", {("operator", "(a)"), ("statement", "pass")}),
        ("f(a, b)", {("arguments", "f(b, a)"), ("statement", "pass")}),
        ("f(*a, b)", {("statement", "pass")}),
        ("sorted(a, key=len)", {("sorted", "list(a)"), ("statement", "pass")}),
        ("x = True", {("constant", "x = False"), ("statement", "pass")}),
        ("x = 'left'", {("constant", 'x = ""'), ("statement", "pass")}),
        ("[a for a in b if a]", {("condition", "[a for a in b if (not (a))]"), ("statement", "pass")}),
        ("if a:\n    import b", {("condition", "if (not (a)):\n    import b")}),
    ],
)
def test_each_kind_of_change(source, expected):
    assert made(source) == expected


def test_a_number_grows_or_shrinks_by_one_or_a_fifth():
    assert {text for seed in range(30) for kind, text in made("x = 50", seed) if kind == "constant"} == {
        "x = (51)",
        "x = (49)",
        "x = (60)",
    }


def test_what_nobody_runs_is_left_alone():
    source = '''
"""The module's 1 text."""
__all__ = ["a"]


@decorated(1, 2)
def f(a: tuple[int, 3]) -> "b":
    """Say 2."""
    print("three", 3)
    logger.info("four", 4)
    raise ReconError(f"There are {a + 1}.", 5)
'''
    assert {kind for kind, _ in made(source)} == {"statement"}
    assert len(made(source)) == 1  # only the refusal itself can be left out


def test_the_seed_decides_and_other_lines_do_not(monkeypatch, tmp_path):
    monkeypatch.setattr(random_mutants.paths, "ROOT", tmp_path)
    folder = tmp_path / "recon_lib" / "imaging"
    folder.mkdir(parents=True)
    module = folder / "a.py"
    lines = [f"x{n} = a{n} + b{n}" for n in range(40)]
    module.write_text("\n".join(lines))
    first = random_mutants.draw(5, 1, ("imaging",))
    assert [m.diff for m in random_mutants.draw(5, 1, ("imaging",))] == [m.diff for m in first]
    assert [m.diff for m in random_mutants.draw(5, 2, ("imaging",))] != [m.diff for m in first]
    module.write_text("\n".join(["import b", *lines]))
    later = random_mutants.draw(5, 1, ("imaging",))
    assert [(m.diff, m.line) for m in later] == [(m.diff, m.line + 1) for m in first]


def test_the_nearest_tests_come_first():
    own, package, others, every = stages(Path("recon_lib/imaging/masks.py"), ROOT)
    assert own == ["tests/imaging/test_masks.py"]
    assert "tests/imaging/test_fourier.py" in package
    assert "tests/scans/test_sampling.py" in others
    assert not {"tests/imaging/test_masks.py", "tests/core/test_strict_yaml.py"} & set(others)
    assert {*own, *package, *others} <= set(every)
    assert not READERS & {Path(name).name for name in every}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A library of one module, whose test looks at one of its two functions."""
    files = {
        "recon_lib/__init__.py": "",
        "recon_lib/imaging/__init__.py": "",
        "recon_lib/imaging/a.py": "def double(x):\n    return x + x\n\n\ndef half(x):\n    return x / 2\n",
        "tests/imaging/test_a.py": "from recon_lib.imaging.a import double\n\n\n"
        "def test_double():\n    assert double(3) == 6\n",
        "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\nmarkers = ['slow: x', 'browser: x']\n",
    }
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    monkeypatch.setattr(random_mutants.paths, "ROOT", tmp_path / "tree")
    return tmp_path / "tree"


def test_what_a_test_sees_is_killed_and_the_rest_survives(tree, tmp_path):
    right = (tree / "recon_lib/imaging/a.py").read_text()
    mutants = [m for m in random_mutants.draw(99, 0, ("imaging",)) if m.kind == "operator"]
    assert [(m.line, m.diff.splitlines()[1]) for m in sorted(mutants, key=lambda m: m.line)] == [
        (2, "+    return x - x"),
        (6, "+    return x * 2"),
    ]
    rows = [random_mutants.attempt(mutant, tree, random_mutants.STAGES[:3]) for mutant in mutants]
    verdicts = {row["line"]: (row["verdict"], row["test"]) for row in rows}
    assert verdicts == {2: ("killed", "tests/imaging/test_a.py::test_double"), 6: ("survived", "passed")}
    assert (tree / "recon_lib/imaging/a.py").read_text() == right
    out = tmp_path / "out.jsonl"
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = random_mutants.report(list(random_mutants.rows_of(out).values()))
    assert "all: 1 of 2 killed, 50.0%" in text
    assert "+    return x * 2" in text
    assert "+    return x - x" not in text
