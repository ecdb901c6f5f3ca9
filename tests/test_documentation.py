"""The book's list of the library is whole, and docstrings of the physics state shapes and sources."""

import ast
import importlib
import re

import pytest
from laws import ROOT

from recon_lib.core import paths

PACKAGE = ROOT / "recon_lib"
ROOMS = {
    ".".join(("recon_lib", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path not in (PACKAGE / "__init__.py", PACKAGE / "__main__.py")
}
LISTED = {
    name: [member.strip() for member in chosen.split(",") if member.strip()]
    for name, chosen in re.findall(
        r"^\.\. automodule:: (recon_lib[\w.]*)\n(?:   :members:(.*))?$",
        (paths.BOOK / "api.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def public(path):
    """The public functions and classes that a file defines, and its ``__all__`` where it has one."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    defined = [n.name for n in body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    exported = [
        ast.literal_eval(n.value) for n in body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
    ]
    return {name for name in defined if not name.startswith("_")}, (exported or [None])[0]


def left_out(path, chosen):
    """What a reader of the list would miss: Sphinx shows what is chosen, or else ``__all__``, or else everything."""
    defined, exported = public(path)
    return sorted(defined - set(chosen or exported or defined))


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_of_every_room_is_in_the_list(room):
    assert room in LISTED, f"book/api.md lacks {room}: add an automodule of it to the section where it belongs"
    assert left_out(ROOMS[room], LISTED[room]) == [], f"book/api.md leaves out names of {room}"


def test_the_list_names_no_room_that_is_gone():
    assert set(LISTED) - set(ROOMS) == set()


def test_a_name_that_is_left_out_is_found(tmp_path):
    room = tmp_path / "room.py"
    room.write_text("def shown(): ...\nclass Hidden: ...\ndef _own(): ...\n")
    assert left_out(room, []) == []
    assert left_out(room, ["shown"]) == ["Hidden"]
    room.write_text("__all__ = ['shown']\n" + room.read_text(encoding="utf-8"))
    assert left_out(room, []) == ["Hidden"]


PHYSICS = ("imaging", "network", "baselines")
#: Modules of these packages about the computer and its files, which have neither images nor equations.
MACHINERY = {"accelerator", "device", "files", "journal", "sharing"}
#: A shape such as ``(..., height, width)``, ``(n,)`` or ``(2, height, width)``.
SHAPE = re.compile(r"\((?:\d+, )?(?:\.\.\.|\*\w+|n|m|batch|height|planes|side|count)(?:[ +\-/]+\w+)?,[^()]*\)")
#: An equation of the paper or of what is cited, a journal with volume and page, a book, a DOI or a preprint.
SOURCE = re.compile(
    r"\beq\. \d|\bSource: |\bdoi\b|\barXiv\b|\b\d+:\d+(?:-\d+)?, (?:19|20)\d\d|\bet al\.,|, (?:19|20)\d\d\)"
)


def docstrings(text):
    """Docstrings of public functions and classes and of their public methods, by name."""
    kinds = ast.FunctionDef | ast.ClassDef
    named = {}
    for node in ast.parse(text).body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            named[node.name] = ast.get_docstring(node)
            methods = node.body if isinstance(node, ast.ClassDef) else []
            named |= {f"{node.name}.{m.name}": ast.get_docstring(m) for m in methods if isinstance(m, kinds)}
    return {name: text for name, text in named.items() if text and "._" not in name}


@pytest.mark.parametrize(("pattern", "least"), [(SHAPE, 0.6), (SOURCE, 0.4)], ids=["shape", "source"])
def test_docstrings_of_the_physics_state_shapes_and_sources(pattern, least):
    texts = {
        f"{package}.{path.stem}.{name}": text
        for package in PHYSICS
        for path in sorted((PACKAGE / package).glob("*.py"))
        if path.stem not in MACHINERY
        for name, text in docstrings(path.read_text(encoding="utf-8")).items()
    }
    without = [name for name, text in texts.items() if not pattern.search(text)]
    assert len(texts) > 60
    assert 1 - len(without) / len(texts) >= least, f"too few of {len(texts)} have one, these have none: {without}"


@pytest.mark.parametrize(
    ("text", "shape", "source"),
    [
        ("Images ``(..., height, width)``.", True, False),
        ("Masks, ``(n, height, width)``; (eq. 4).", True, True),
        ("float64 ``(n,)``.", True, False),
        ("The objective, ``(iterations + 1, n)``, and rows (n of them).", False, False),
        ("Source: a toolbox.", False, True),
        ("As Wang et al., IEEE Trans. Image Process. 13:600, 2004 (two sides, one pass).", False, True),
        ("Wait until 12:30 (in 2004), then go on.", False, False),
    ],
)
def test_shapes_and_sources_are_seen_and_nothing_else(text, shape, source):
    assert bool(SHAPE.search(text)) == shape
    assert bool(SOURCE.search(text)) == source


def test_docstrings_are_those_of_public_names():
    text = 'class A:\n "a"\n def b(self):\n  "b"\n def _c(self):\n  "c"\ndef _d():\n "d"\ndef e(): ...\n'
    assert docstrings(text) == {"A": "a", "A.b": "b"}


def formulas(text):
    """The formulas of a page or a docstring, a line each, without the numbers of equations."""
    blocks = re.findall(r"```\{math\}\n(.*?)```", text, re.DOTALL)
    lines = [re.sub(r"\\tag\{[^}]*\}", "", line).strip() for block in blocks for line in block.split("\\\\\n")]
    return [*lines, *re.findall(r"(?<![$`])\$([^$`\n]+)\$", text), *re.findall(r":math:`([^`]+)`", text)]


def test_every_formula_can_be_drawn(monkeypatch):
    monkeypatch.syspath_prepend(str(paths.BOOK / "_ext"))
    drawn_math = importlib.import_module("drawn_math")
    pages = {path: path.read_text(encoding="utf-8") for path in paths.BOOK.rglob("*.md") if "_build" not in path.parts}
    docstrings = {
        path: "\n".join(
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        for path in ROOMS.values()
    }
    written = [(path, formula) for path, text in (pages | docstrings).items() for formula in formulas(text)]
    assert len(written) > 100
    for path, formula in written:
        assert drawn_math.draw(formula).startswith("<svg"), path
    with pytest.raises(ValueError, match="lVert"):
        drawn_math.draw(r"\lVert x \rVert")
